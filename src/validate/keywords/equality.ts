import { charactersWork, sizeOf } from "./size.js";

/** A text longer than the longest constant: no constant is equal to such a value. */
const TOO_LONG = "";

/** In linear time; ajv compares each object with each other. */
export function areDistinct(items: readonly unknown[]): boolean {
  const scalars = new Set<unknown>();
  const containers = new Set<string>();
  for (const item of items) {
    // A Set tells 1 from "1", and not 0 from -0, as JSON Schema does.
    if (isScalar(item)) scalars.add(item);
    else containers.add(canonical(item));
  }
  return scalars.size + containers.size === items.length;
}

/** The work of {@link areDistinct}: making a text of a container takes longer than looking at one. */
export function distinctWork(items: readonly unknown[]): number {
  return items.some((item) => !isScalar(item))
    ? items.length + charactersWork(sizeOf(items) * 8)
    : items.length;
}

/** What `const` and `enum` allow. */
export interface Constants {
  readonly has: (value: unknown) => boolean;
  /** The most work that looking at a list or an object takes. */
  readonly containerWork: number;
}

/** Prepares a test for equality with one of the values. It looks at no more of a value than the longest of them has. */
export function compileConstants(values: readonly unknown[]): Constants {
  const scalars = new Set(values.filter(isScalar));
  const texts = new Set(
    values.filter((value) => !isScalar(value)).map((value) => canonical(value)),
  );
  const longest = Math.max(0, ...[...texts].map((text) => text.length));
  return {
    has: (value) =>
      isScalar(value) ? scalars.has(value) : texts.size > 0 && texts.has(canonical(value, longest)),
    containerWork: charactersWork(longest * 8),
  };
}

/**
 * A text that equal JSON values share (JSON Schema 2020-12 §4.2.2), and no others.
 *
 * @param longest - Makes no text that is longer than this.
 */
function canonical(value: unknown, longest = Number.POSITIVE_INFINITY): string {
  return textOf(value, longest) ?? TOO_LONG;
}

function textOf(value: unknown, longest: number): string | undefined {
  if (typeof value === "string" && value.length > longest) return undefined;
  if (isScalar(value)) return JSON.stringify(value) ?? "undefined";
  const isList = Array.isArray(value);
  const names = isList ? undefined : Object.keys(value as object);
  const count = (names ?? (value as readonly unknown[])).length;
  // Two brackets, and for each item a character and a comma, for each member five.
  let length = 2 + count * (isList ? 2 : 5) - 1;
  if (length > longest + 2) return undefined;
  const parts: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const name = names?.[index];
    const member = (value as Readonly<Record<string | number, unknown>>)[name ?? index];
    const text = textOf(member, longest);
    if (text === undefined) return undefined;
    const part = name === undefined ? text : `${JSON.stringify(name)}:${text}`;
    parts.push(part);
    length += part.length - (isList ? 1 : 4);
    if (length > longest + 2) return undefined;
  }
  return isList ? `[${parts.join()}]` : `{${parts.sort().join()}}`;
}

function isScalar(value: unknown): boolean {
  return typeof value !== "object" || value === null;
}
