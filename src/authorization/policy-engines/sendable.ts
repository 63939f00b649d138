import { FunctionFailure } from "../../core/calls/function-failure.js";
import { isPlainObject } from "../../core/options/value.js";
import { isWellFormed } from "../../core/structure/check-structure.js";
import type { PolicyInput } from "./policy-engine.js";

/** Deeper than any question is, and far from what fills the stack. */
const MAX_DEPTH = 100;

/**
 * A copy of a question as JSON has it. What JSON cannot say is refused: it would become something else, of which policies
 * say something else. `NaN` becomes `null`, which is less than every number in Rego, and a `Map` becomes `{}`.
 *
 * Each member is read once. Those that are undefined stay, and are left out where the copy is written as JSON.
 *
 * @param engine - The name of the engine.
 * @throws {@link FunctionFailure} `wrong_return`, which names the place, and no value.
 */
export function sendable(engine: string, question: PolicyInput): PolicyInput {
  try {
    return jsonCopy(question, "the question");
  } catch (error) {
    throw new FunctionFailure(`policy(${engine})`, "wrong_return", error);
  }
}

/**
 * A copy of what is to be JSON, which refuses what {@link sendable} refuses.
 *
 * @throws TypeError that names the place, and no value.
 */
export function jsonCopy<T>(value: T, place: string): T {
  return copyOf(value, place, 0) as T;
}

function copyOf(value: unknown, place: string, depth: number): unknown {
  switch (typeof value) {
    case "string":
      // Engines put the same sign in place of every lone surrogate: two names would be one.
      return isWellFormed(value) ? value : refuse(place, "a text with a lone surrogate");
    case "number":
      return Number.isFinite(value) ? value : refuse(place, "a number that is not finite");
    case "boolean":
      return value;
    case "object":
      return value === null ? null : copyOfObject(value, place, depth);
    default:
      return refuse(place, value === undefined ? "undefined" : `a ${typeof value}`);
  }
}

function copyOfObject(value: object, place: string, depth: number): unknown {
  if (depth > MAX_DEPTH) return refuse(place, `more than ${MAX_DEPTH} levels`);
  // Holes in a list are looked at as well.
  if (Array.isArray(value)) return Array.from(value, (item) => copyOf(item, place, depth + 1));
  const { toJSON } = value as { readonly toJSON?: unknown };
  if (typeof toJSON === "function") {
    const written: unknown = toJSON.call(value, "");
    // As a date does that is none.
    if (written === null) return refuse(place, "what is null in JSON");
    return copyOf(written, place, depth + 1);
  }
  const members = Object.entries(value);
  if (members.length === 0 && !isPlainObject(value)) return refuse(place, "what is empty in JSON");
  const copies = members.map(([name, member]) => {
    // The names of the question are known; those further in may be a client's.
    const inside = depth === 0 ? name : depth === 1 ? `${place}.${name}` : place;
    return [name, member === undefined ? member : copyOf(member, inside, depth + 1)] as const;
  });
  return Object.fromEntries(copies);
}

function refuse(place: string, what: string): never {
  throw new TypeError(`${place} must hold nothing but JSON, got ${what}`);
}
