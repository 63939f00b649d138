import { addMember } from "../../core/refusal/json-copy.js";
import { type FieldTree, permitted } from "./field-tree.js";

/** What is left of a value. */
export interface Projected {
  readonly value: unknown;
  /** Whether members were left out. */
  readonly isLess: boolean;
}

interface Walk {
  /** Whether `toJSON` is called, as `JSON.stringify` does. */
  readonly isAnswer: boolean;
  isLess: boolean;
}

/** A list that holds itself would never end. */
const MAX_LISTS = 32;
const NOTHING = Symbol("nothing");

/**
 * A copy of a parsed body with the permitted members alone. A list, or something else where an object has to be, is left
 * out, with `null`: it would replace what is not permitted along with what is.
 */
export function projectBody(body: object, trees: readonly FieldTree[]): Projected {
  const walk: Walk = { isAnswer: false, isLess: false };
  return { value: project(body, trees, "", 0, walk), isLess: walk.isLess };
}

/**
 * What `JSON.stringify` would make an object or a list of objects of, with the permitted members alone: `toJSON` is
 * called where it would be, and what is permitted as a whole stays the very value, for it to write. Other values have no
 * members, and stay what they are. It looks at each permitted member once.
 *
 * @throws TypeError when lists stand in lists more than 32 times, and whatever the functions of the value throw.
 */
export function projectAnswer(answer: unknown, trees: readonly FieldTree[]): Projected {
  if (typeof answer !== "object" || answer === null) return { value: answer, isLess: false };
  const json = toJson(answer, "");
  // A date, say. It is handed on as it was: the writer asks it again.
  if (typeof json !== "object" || json === null) return { value: answer, isLess: false };
  const walk: Walk = { isAnswer: true, isLess: false };
  return { value: projectObject(json, trees, 0, walk), isLess: walk.isLess };
}

function project(
  given: unknown,
  trees: readonly FieldTree[],
  key: string,
  lists: number,
  walk: Walk,
): unknown {
  const value = walk.isAnswer ? toJson(given, key) : given;
  if (typeof value === "object" && value !== null) return projectObject(value, trees, lists, walk);
  if (value === null && walk.isAnswer) return null;
  // JSON has none of these anyway.
  if (value !== undefined && typeof value !== "function" && typeof value !== "symbol")
    walk.isLess = true;
  return NOTHING;
}

function projectObject(
  value: object,
  trees: readonly FieldTree[],
  lists: number,
  walk: Walk,
): unknown {
  if (!Array.isArray(value)) return projectMembers(value, trees, walk);
  if (lists >= MAX_LISTS) {
    if (walk.isAnswer) throw new TypeError("allowFields: lists in lists without end");
    walk.isLess = true;
    return NOTHING;
  }
  const items: unknown[] = [];
  for (const [index, item] of value.entries()) {
    const kept = project(item, trees, String(index), lists + 1, walk);
    if (kept !== NOTHING) items.push(kept);
  }
  return items;
}

function projectMembers(object: object, trees: readonly FieldTree[], walk: Walk): object {
  const copy: Record<string, unknown> = {};
  for (const name of Object.keys(object)) {
    const inner = permitted(trees, name);
    if (inner === undefined) {
      walk.isLess = true;
      continue;
    }
    const value = (object as Readonly<Record<string, unknown>>)[name];
    // A copied method would be one of the copy: its `toJSON` would bring everything back.
    if (typeof value === "function") continue;
    const kept = inner === null ? value : project(value, inner, name, 0, walk);
    if (kept !== NOTHING) addMember(copy, name, kept);
  }
  return copy;
}

function toJson(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null) return value;
  const { toJSON } = value as { toJSON?: unknown };
  return typeof toJSON === "function" ? (toJSON.call(value, key) as unknown) : value;
}
