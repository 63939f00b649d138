import { type FieldTree, permitted } from "./field-tree.js";

/** One entry of `errors` in the problem document. Nothing of it is a value or a name that the client chose. */
export interface FieldViolation {
  readonly in: "body";
  /** JSON Pointer as a URI fragment (RFC 6901 §6) of the object. */
  readonly pointer: string;
  readonly code: "not_permitted";
  readonly detail: string;
}

const MAX_VIOLATIONS = 20;
/** Lists of lists, of which paths say nothing: deeper than any real body. */
const MAX_LISTS = 32;

/**
 * The objects that have members which the trees do not permit, the first 20. It looks at each permitted object once, and
 * at nothing else.
 */
export function findViolations(
  body: unknown,
  trees: readonly FieldTree[],
): readonly FieldViolation[] {
  const found: FieldViolation[] = [];
  visit(body, trees, "#", 0, found);
  return found;
}

function visit(
  value: unknown,
  trees: readonly FieldTree[],
  pointer: string,
  lists: number,
  found: FieldViolation[],
): void {
  if (found.length >= MAX_VIOLATIONS) return;
  if (Array.isArray(value) && lists < MAX_LISTS) {
    for (const [index, item] of value.entries()) {
      if (found.length >= MAX_VIOLATIONS) return;
      visit(item, trees, `${pointer}/${index}`, lists + 1, found);
    }
  } else if (isObject(value)) {
    visitMembers(value, trees, pointer, found);
  } else {
    // It would replace what is not permitted along with what is.
    found.push(violation(pointer, "must be an object, or a list of objects"));
  }
}

/** Bytes have a member for each of them. */
function isObject(value: unknown): value is object {
  const isBytesOrList = Array.isArray(value) || ArrayBuffer.isView(value);
  return typeof value === "object" && value !== null && !isBytesOrList;
}

function visitMembers(
  object: object,
  trees: readonly FieldTree[],
  pointer: string,
  found: FieldViolation[],
): void {
  let isFirst = true;
  for (const name of Object.keys(object)) {
    const inner = permitted(trees, name);
    if (inner === null) continue;
    if (found.length >= MAX_VIOLATIONS) return;
    if (inner === undefined) {
      if (isFirst) found.push(violation(pointer, "has a member that is not permitted"));
      isFirst = false;
    } else {
      const value = (object as Readonly<Record<string, unknown>>)[name];
      const token = encodeURIComponent(name.replaceAll("~", "~0").replaceAll("/", "~1"));
      visit(value, inner, `${pointer}/${token}`, 0, found);
    }
  }
}

function violation(pointer: string, detail: string): FieldViolation {
  return { in: "body", pointer, code: "not_permitted", detail };
}
