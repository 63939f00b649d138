import { type FieldTree, permitted } from "./field-tree.js";

/** One entry of `errors` in the problem document. Nothing of it is a value of the request. */
export interface FieldViolation {
  readonly in: "body";
  /** JSON Pointer as a URI fragment (RFC 6901 §6) of the object that has the member. */
  readonly pointer: string;
  /** The member, when it is not permitted at all. Cut after 64 characters. */
  readonly name?: string;
  readonly code: "not_permitted";
  readonly detail: string;
}

const MAX_VIOLATIONS = 20;
const MAX_NAME = 64;
/** Lists of lists, of which paths say nothing: deeper than any real body. */
const MAX_LISTS = 32;

/** The members that the trees do not permit, the first 20. It looks at each permitted object once, and at nothing else. */
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
    found.push(violation(pointer, undefined));
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
  for (const name of Object.keys(object)) {
    const inner = permitted(trees, name);
    if (inner === null) continue;
    if (found.length >= MAX_VIOLATIONS) return;
    if (inner === undefined) found.push(violation(pointer, name));
    else
      visit(
        (object as Readonly<Record<string, unknown>>)[name],
        inner,
        `${pointer}/${encodeURIComponent(name.replaceAll("~", "~0").replaceAll("/", "~1"))}`,
        0,
        found,
      );
  }
}

function violation(pointer: string, name: string | undefined): FieldViolation {
  const common = { in: "body", pointer, code: "not_permitted" } as const;
  return name === undefined
    ? { ...common, detail: "must be an object, or a list of objects" }
    : { ...common, name: cut(name), detail: "has a member that is not permitted" };
}

/** Well-formed too: the cut may leave half a surrogate pair. */
function cut(name: string): string {
  return (name.slice(0, MAX_NAME) as string & { toWellFormed(): string }).toWellFormed();
}
