import { createCall } from "../../core/calls/create-call.js";
import { FunctionFailure } from "../../core/calls/function-failure.js";
import type { ProblemList } from "../../core/options/problem-list.js";
import { describeValue, nameFault } from "../../core/options/value.js";
import { type Ids, isIds } from "./ids.js";

/** Where an object says to whom it belongs: the name of a member, or a function that gets the object. */
export type IdPick<T> = (keyof T & string) | ((object: T) => Ids | PromiseLike<Ids>);

/** An {@link IdPick}, checked. */
export interface CheckedPick {
  /** The member, as the rule names it. */
  readonly label: string;
  /** To whom the object belongs. Throws, or rejects with, what failed. */
  idsOf(object: object): Ids | Promise<Ids>;
}

/**
 * Checks what says to whom an object belongs.
 *
 * @param path - Where it stands: `owner` or `requireOwnership.owner`.
 */
export function readPick(problems: ProblemList, path: string, pick: unknown): CheckedPick {
  if (typeof pick === "function") {
    const find = pick as (object: object) => unknown;
    const settings = { option: path, parse: (ids: unknown) => checked(ids, `what ${path} gives`) };
    return { label: "…", idsOf: createCall<Ids, object>((object) => find(object), settings) };
  }
  const fault = pickFault(pick);
  if (fault !== undefined) problems.note(path, fault);
  const name = typeof pick === "string" ? pick : "";
  const option = `${path}(${JSON.stringify(name)})`;
  return {
    label: name,
    idsOf(object) {
      let ids: unknown;
      try {
        ids = memberOf(object, name);
      } catch (error) {
        throw new FunctionFailure(option, "function_failed", error);
      }
      try {
        return checked(ids, `the member ${name}`);
      } catch (error) {
        throw new FunctionFailure(option, "wrong_return", error);
      }
    },
  };
}

function pickFault(pick: unknown): string | undefined {
  const must = "must be the name of a member or a function that gets the object";
  if (typeof pick !== "string" || pick === "") {
    const fix = Array.isArray(pick) ? ": write (object) => … for a member of a member" : "";
    return `${must}, got ${describeValue(pick)}${fix}`;
  }
  if (/[.[\]/]/.test(pick)) return `${must}: write (object) => … for a member of a member`;
  return nameFault(pick);
}

/**
 * A member of a document or a row, also one that its class has. What stands in `Object.prototype` belongs to no object: a
 * polluted one would make everything somebody's.
 */
function memberOf(object: object, name: string): unknown {
  let holder: object | null = object;
  while (holder !== null) {
    const above: object | null = Object.getPrototypeOf(holder);
    if (above === null && holder !== object) return undefined;
    if (Object.hasOwn(holder, name)) return (object as Record<string, unknown>)[name];
    holder = above;
  }
  return undefined;
}

function checked(ids: unknown, what: string): Ids {
  if (isIds(ids)) return ids;
  throw new TypeError(
    `${what} must be a text, a whole number, a list of them, null or undefined, got ${describeValue(ids)}: convert ids of other types, as in owner((object) => String(object.userId))`,
  );
}
