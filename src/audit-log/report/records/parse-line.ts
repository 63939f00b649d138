import type { LoggedMembers } from "./logged-members.js";

/** The form of a record, as `auditLog({ schema })` names it. */
export type LogSchema = "v1" | "ecs" | "ocsf";

/** A record with the names of schema v1, whatever it was written in. */
export interface ParsedLine {
  readonly schema: LogSchema;
  readonly members: LoggedMembers;
}

/** Parses a line: a record, something else that is JSON (`"foreign"`), or `undefined` when it is none. */
export function parseLine(text: string): ParsedLine | "foreign" | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "foreign";
  const members = value as LoggedMembers;
  if (Object.hasOwn(members, "audit.schema.version")) return { schema: "v1", members };
  return "foreign";
}
