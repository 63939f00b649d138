import { isPlainObject } from "../../../core/options/value.js";
import { ecsMembers } from "./ecs-members.js";
import type { LoggedMembers } from "./logged-members.js";
import { ocsfMembers } from "./ocsf-members.js";

/** Every record has it, in every schema. */
const MARK = "audit.schema.version";

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
  if (!isPlainObject(value)) return "foreign";
  if (Object.hasOwn(value, MARK)) {
    return Object.hasOwn(value, "ecs.version")
      ? { schema: "ecs", members: ecsMembers(value) }
      : { schema: "v1", members: value };
  }
  const unmapped = Object.hasOwn(value, "unmapped") ? value["unmapped"] : undefined;
  return isPlainObject(unmapped) && Object.hasOwn(unmapped, MARK)
    ? { schema: "ocsf", members: ocsfMembers(value) }
    : "foreign";
}
