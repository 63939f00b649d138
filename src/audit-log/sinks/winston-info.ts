import { LEVEL, MESSAGE } from "triple-beam";

/** What winston hands to a transport. */
export type WinstonInfo = Record<string | symbol, unknown>;

/**
 * The record as winston's transports expect it: serialised under `MESSAGE`, and as fields for those that send fields.
 * The level is `info`, which every transport knows; how grave a record is stands in `audit.severity`.
 */
export function toInfo(line: string): WinstonInfo {
  const record = JSON.parse(line) as Record<string, unknown>;
  // An event of OCSF has the names of our own schema in there.
  const names = (record["unmapped"] ?? record) as Record<string, unknown>;
  return {
    ...record,
    level: "info",
    message: names["event.name"],
    [LEVEL]: "info",
    [MESSAGE]: line,
  };
}

/** The serialised form that winston's formats left in an info object. */
export function lineOf(info: unknown): string {
  const line =
    typeof info === "object" && info !== null ? (info as WinstonInfo)[MESSAGE] : undefined;
  // `log()` of a transport may be called without a logger and its formats in front.
  return typeof line === "string" ? line : JSON.stringify(info);
}
