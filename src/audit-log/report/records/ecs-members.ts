import type { LoggedMembers } from "./logged-members.js";

/** Members that have another name in Elastic Common Schema, of those that the report looks at. */
const NAMES: readonly (readonly [ecs: string, v1: string])[] = [
  ["event.outcome", "audit.outcome"],
  ["event.reason", "audit.reason"],
  ["rule.category", "security_rule.category"],
  ["rule.name", "security_rule.name"],
  ["source.ip", "client.address"],
  ["source.address", "client.address"],
  ["user.id", "audit.actor.id"],
];
/** Who nobody knows is no user there. Their types are also what they are called in schema v1. */
const NAMELESS: readonly unknown[] = ["anonymous", "unknown"];
const NANOSECONDS = 1000;

/** The members of a record in Elastic Common Schema, with the names of schema v1. What is not listed has its name already. */
export function ecsMembers(record: LoggedMembers): LoggedMembers {
  const members: Record<string, unknown> = { ...record };
  for (const [ecs, v1] of NAMES) if (Object.hasOwn(record, ecs)) members[v1] = record[ecs];
  const level = record["log.level"];
  if (typeof level === "string") members["audit.severity"] = level.slice(0, 20).toUpperCase();
  const duration = record["event.duration"];
  if (typeof duration === "number") members["duration_us"] = Math.round(duration / NANOSECONDS);
  const type = record["audit.actor.type"];
  if (NAMELESS.includes(type)) members["audit.actor.id"] = type;
  return members;
}
