import { isPlainObject } from "../../../core/options/value.js";
import type { LoggedMembers } from "./logged-members.js";

/** Where members stand in the Open Cybersecurity Schema Framework that are not among its `unmapped` ones. */
const PATHS: readonly (readonly [path: readonly string[], v1: string])[] = [
  [["actor", "app_uid"], "audit.actor.client_id"],
  [["actor", "user", "uid"], "audit.actor.id"],
  [["count"], "audit.repeat.count"],
  [["dst_endpoint", "svc_name"], "service.name"],
  [["http_response", "code"], "http.response.status_code"],
  [["metadata", "event_code"], "event.name"],
  [["metadata", "uid"], "audit.record.id"],
  [["src_endpoint", "ip"], "client.address"],
  [["src_endpoint", "uid"], "client.address"],
  [["status_detail"], "audit.reason"],
];
const SEVERITIES: ReadonlyMap<unknown, string> = new Map([
  [1, "INFO"],
  [3, "WARN"],
  [4, "ERROR"],
  [5, "CRITICAL"],
]);
const OUTCOMES: ReadonlyMap<unknown, string> = new Map([
  [0, "unknown"],
  [1, "success"],
  [2, "failure"],
]);
const ACTORS: ReadonlyMap<unknown, string> = new Map([
  [1, "user"],
  [3, "system"],
  [4, "service"],
]);
const LAST_TIME = 8.64e15;

/** The members of an event of the Open Cybersecurity Schema Framework, with the names of schema v1. */
export function ocsfMembers(event: LoggedMembers): LoggedMembers {
  const unmapped = event["unmapped"];
  const members: Record<string, unknown> = isPlainObject(unmapped) ? { ...unmapped } : {};
  for (const [path, v1] of PATHS) {
    const value = at(event, path);
    if (value !== undefined) members[v1] = value;
  }
  const time = event["time"];
  if (typeof time === "number" && Math.abs(time) <= LAST_TIME)
    members["@timestamp"] = new Date(time).toISOString();
  members["audit.severity"] = SEVERITIES.get(event["severity_id"]);
  members["audit.outcome"] = OUTCOMES.get(event["status_id"]);
  members["audit.actor.type"] =
    ACTORS.get(at(event, ["actor", "user", "type_id"])) ?? namelessType(members["audit.actor.id"]);
  // Classes of events that are no calls say the status as a text only.
  const status = event["status_code"];
  if (typeof status === "string" && /^\d{3}$/.test(status))
    members["http.response.status_code"] ??= Number(status);
  return members;
}

/** Who nobody knows has no type there, and an id that says so. */
function namelessType(id: unknown): string {
  return id === "unknown" ? "unknown" : "anonymous";
}

function at(event: LoggedMembers, path: readonly string[]): unknown {
  let value: unknown = event;
  for (const name of path) {
    if (!isPlainObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}
