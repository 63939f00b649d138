import { compact } from "../../../core/quota/key-table.js";

/** A record as it was parsed, with the names of schema v1. Nothing of it can be relied on: anybody may have written it. */
export type LoggedMembers = Readonly<Record<string, unknown>>;

/** Longer than any text that the log writes into a member that is counted. */
const MAX_LENGTH = 300;
/** More than the log writes. */
const MAX_ITEMS = 100;

/** A member that is a text, and not empty; cut when it is very long. */
export function textOf(members: LoggedMembers, name: string): string | undefined {
  return toText(Object.hasOwn(members, name) ? members[name] : undefined);
}

/** A member that is a whole number, not negative. */
export function wholeOf(members: LoggedMembers, name: string): number | undefined {
  const value = Object.hasOwn(members, name) ? members[name] : undefined;
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/** The texts of a member that is a list; cut when it is very long. */
export function textsOf(members: LoggedMembers, name: string): readonly string[] {
  const value = Object.hasOwn(members, name) ? members[name] : undefined;
  if (!Array.isArray(value)) return [];
  return value.slice(0, MAX_ITEMS).flatMap((one: unknown) => toText(one) ?? []);
}

/** A member that is a time (RFC 3339 in UTC), in milliseconds since the epoch. */
export function timeOf(members: LoggedMembers, name: string): number | undefined {
  const text = textOf(members, name);
  return text === undefined ? undefined : parseTime(text);
}

/** A time as the log writes it, in milliseconds since the epoch. */
function parseTime(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z$/.test(text)) return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}

function toText(value: unknown): string | undefined {
  if (typeof value !== "string" || value === "") return undefined;
  // A text that was cut out of a long one would keep all of it alive.
  return value.length > MAX_LENGTH ? `${compact(value.slice(0, MAX_LENGTH))}…` : value;
}
