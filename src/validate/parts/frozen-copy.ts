import { types } from "node:util";
import { isPlainObject } from "../../core/options/value.js";

/** A container, and the copy of it that is being made. */
type Seen = Map<object, unknown>;

/**
 * A copy that shares no list, object, Map, Set or Date with the value; its lists and objects are frozen. So what
 * somebody writes into `req.body` later does not reach what was validated. Linear in the size of the value.
 *
 * Instances of other classes, which only a schema of the app can make, stay the same objects.
 */
export function frozenCopy<T>(value: T): T {
  return copyValue(value, undefined) as T;
}

/** As {@link frozenCopy}, for values that a schema of the app made, which can be cyclic or share members. */
export function frozenGraphCopy<T>(value: T): T {
  return copyValue(value, new Map()) as T;
}

function copyValue(value: unknown, seen: Seen | undefined): unknown {
  if (typeof value !== "object" || value === null) return value;
  const known = seen?.get(value);
  if (known !== undefined) return known;
  if (Array.isArray(value)) return copyList(value, seen);
  if (isPlainObject(value)) return copyObject(value, seen);
  // Not by instanceof: under Jest, the app's classes are not those of this module.
  if (types.isDate(value)) return new Date(value.getTime());
  if (types.isMap(value)) return copyMap(value, seen);
  return types.isSet(value) ? copySet(value, seen) : value;
}

function copyList(list: readonly unknown[], seen: Seen | undefined): readonly unknown[] {
  const copy: unknown[] = [];
  seen?.set(list, copy);
  for (let index = 0; index < list.length; index += 1) copy.push(copyValue(list[index], seen));
  return Object.freeze(copy);
}

function copyObject(source: Readonly<Record<string, unknown>>, seen: Seen | undefined): object {
  const copy: Record<string, unknown> =
    Object.getPrototypeOf(source) === null ? Object.create(null) : {};
  seen?.set(source, copy);
  for (const name of Object.keys(source)) {
    const member = copyValue(source[name], seen);
    if (name === "__proto__")
      Object.defineProperty(copy, name, { value: member, enumerable: true });
    else copy[name] = member;
  }
  return Object.freeze(copy);
}

function copyMap(map: ReadonlyMap<unknown, unknown>, seen: Seen | undefined): object {
  const copy = new Map<unknown, unknown>();
  seen?.set(map, copy);
  for (const [key, member] of map) copy.set(copyValue(key, seen), copyValue(member, seen));
  return copy;
}

function copySet(set: ReadonlySet<unknown>, seen: Seen | undefined): object {
  const copy = new Set<unknown>();
  seen?.set(set, copy);
  for (const member of set) copy.add(copyValue(member, seen));
  return copy;
}
