import { isPlainObject } from "../options/value.js";

/** As deep as the claims of a token may be. */
const MAX_DEPTH = 32;
/** More than anybody writes down about one caller, and copied in less than a millisecond. */
const MAX_VALUES = 10_000;

/**
 * A frozen copy of what an app says about a caller. Lists and plain objects in it are copied and frozen all the way down:
 * they often belong to a session or a cache, where somebody may change them after they were judged. Instances of classes
 * stay the app's own objects: only the class knows how to copy them.
 *
 * @returns `undefined` for more than 10,000 values, and for what is nested more than 32 deep, such as what holds itself.
 */
export function copyClaims(
  claims: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> | undefined {
  try {
    return copyObject(claims, 1, { values: 0 });
  } catch (error) {
    if (error === TOO_MUCH) return undefined;
    throw error;
  }
}

const TOO_MUCH = new RangeError("too many claims, or too deep");

interface Count {
  values: number;
}

function copyValue(value: unknown, depth: number, count: Count): unknown {
  count.values += 1;
  if (count.values > MAX_VALUES) throw TOO_MUCH;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return copyList(value, depth + 1, count);
  return isPlainObject(value) ? copyObject(value, depth + 1, count) : value;
}

function copyList(list: readonly unknown[], depth: number, count: Count): readonly unknown[] {
  if (depth > MAX_DEPTH) throw TOO_MUCH;
  const copy: unknown[] = [];
  for (let index = 0; index < list.length; index += 1) {
    copy.push(copyValue(list[index], depth, count));
  }
  return Object.freeze(copy);
}

function copyObject(
  source: Readonly<Record<string, unknown>>,
  depth: number,
  count: Count,
): Readonly<Record<string, unknown>> {
  if (depth > MAX_DEPTH) throw TOO_MUCH;
  const copy: Record<string, unknown> = {};
  for (const name of Object.keys(source)) {
    const value = copyValue(source[name], depth, count);
    if (name === "__proto__") Object.defineProperty(copy, name, { value, enumerable: true });
    else copy[name] = value;
  }
  return Object.freeze(copy);
}
