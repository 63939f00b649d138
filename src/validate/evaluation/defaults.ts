import { isSchemaObject } from "../keywords/references.js";
import { sizeOf } from "../keywords/size.js";
import type { Default, Defaults } from "./program.js";
import type { Work } from "./work.js";

/** Prepares the `default`s of `properties` or `prefixItems`; `undefined` where there are none. */
export function prepareDefaults(below: unknown): Defaults | undefined {
  const list = Object.entries(typeof below === "object" && below !== null ? below : {}).flatMap(
    ([at, schema]): Default[] => {
      const value = isSchemaObject(schema) ? schema["default"] : undefined;
      return value === undefined ? [] : [{ at, value, work: 3 + Math.ceil(sizeOf(value) / 4) }];
    },
  );
  return list.length === 0 ? undefined : { list, work: Math.ceil(list.length / 8) };
}

/** As ajv does: what is `undefined` is absent, and each default is a copy of its own. */
export function fillDefaults({ list, work }: Defaults, container: object, counted: Work): void {
  counted.spend(work);
  const members = container as Record<string, unknown>;
  for (const { at, value, work: own } of list) {
    if (members[at] !== undefined) continue;
    counted.spend(own);
    members[at] = copyOf(value);
  }
}

/** A copy of a value of JSON, in a fraction of the time of `structuredClone`. */
function copyOf(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(copyOf);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, copyOf(member)]));
}
