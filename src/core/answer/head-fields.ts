import type { Response } from "express";

/**
 * The header fields that `writeHead` was given: an object, a list of names and values in turn, or a list of pairs. They
 * replace those that were set before.
 */
export type HeadFields = Readonly<Record<string, unknown>> | readonly unknown[] | undefined;

/** Gets a value of a field, which may be a list, and returns what to send; the same one where nothing changes. */
type Change = (value: unknown) => unknown;

/** The first value that the field will have in the answer. */
export function headValue(res: Response, fields: HeadFields, name: string): unknown {
  let found: unknown;
  changeHeadFields(fields, name, (value) => {
    found ??= value;
    return value;
  });
  return found ?? res.getHeader(name);
}

/**
 * The same fields with the values of one field changed: a copy, or the very same where nothing changes.
 *
 * @param name - In lower case.
 */
export function changeHeadFields(fields: HeadFields, name: string, change: Change): HeadFields {
  if (fields === undefined) return undefined;
  if (!isList(fields)) return changeMembers(fields, name, change);
  return Array.isArray(fields[0])
    ? changePairs(fields as readonly (readonly unknown[])[], name, change)
    : changeFlat(fields, name, change);
}

/**
 * The same fields without those of these names: a copy, or the very same where there are none.
 *
 * @param names - In lower case.
 */
export function dropHeadFields(fields: HeadFields, names: ReadonlySet<string>): HeadFields {
  const isDropped = (key: unknown): boolean =>
    typeof key === "string" && names.has(key.toLowerCase());
  if (fields === undefined) return undefined;
  if (!isList(fields)) {
    if (!Object.keys(fields).some(isDropped)) return fields;
    return Object.fromEntries(Object.entries(fields).filter(([key]) => !isDropped(key)));
  }
  const kept = Array.isArray(fields[0])
    ? fields.filter((pair) => !isDropped((pair as readonly unknown[])[0]))
    : fields.filter((_, index) => !isDropped(fields[index - (index % 2)]));
  return kept.length === fields.length ? fields : kept;
}

function changeMembers(
  fields: Readonly<Record<string, unknown>>,
  name: string,
  change: Change,
): HeadFields {
  let copy: Record<string, unknown> | undefined;
  for (const key of Object.keys(fields)) {
    if (!isName(key, name)) continue;
    const value = change(fields[key]);
    if (value === fields[key]) continue;
    copy ??= { ...fields };
    copy[key] = value;
  }
  return copy ?? fields;
}

function changeFlat(fields: readonly unknown[], name: string, change: Change): HeadFields {
  const copy = fields.map((value, index) =>
    index % 2 === 1 && isName(fields[index - 1], name) ? change(value) : value,
  );
  return copy.some((value, index) => value !== fields[index]) ? copy : fields;
}

function changePairs(
  fields: readonly (readonly unknown[])[],
  name: string,
  change: Change,
): HeadFields {
  let isChanged = false;
  const copy = fields.map((pair) => {
    if (!isName(pair[0], name)) return pair;
    const value = change(pair[1]);
    if (value === pair[1]) return pair;
    isChanged = true;
    return [pair[0], value];
  });
  return isChanged ? copy : fields;
}

function isName(key: unknown, name: string): boolean {
  return typeof key === "string" && key.length === name.length && key.toLowerCase() === name;
}

function isList(fields: object): fields is readonly unknown[] {
  return Array.isArray(fields);
}
