import { type LoggedMembers, textOf, textsOf, timeOf, wholeOf } from "./logged-members.js";

/**
 * What a record tells of: one request, several that were refused alike, the log itself, an alert, or something else that
 * happened (an event of the app, a connection).
 */
type RecordKind = "request" | "repeat" | "system" | "alert" | "event";

/** How a request ended. */
export type RequestEnding =
  | "succeeded"
  /** By a guard, or by the app with 401, 403 or 429. */
  | "refused"
  /** Every other answer from 400 to 499. */
  | "clientErrors"
  /** An outage, or an answer of 500 or more. */
  | "serverErrors"
  /** The connection ended before the answer did. */
  | "unfinished";

/** What the report looks at in every record. */
export interface LoggedRecord {
  readonly kind: RecordKind;
  /** In milliseconds since the epoch. */
  readonly time: number;
  readonly event: string;
  /** How many requests it tells of; 0 when it tells of none. */
  readonly requests: number;
  /** How often it happened, whatever it is: a record may stand for several connections that failed alike. */
  readonly times: number;
  /** Of the requests; of other records it says nothing. */
  readonly ending: RequestEnding;
  readonly severity: string | undefined;
  readonly status: number | undefined;
  /** Method and template of the route; of a request without one only that there was none. */
  readonly route: string;
  readonly reason: string | undefined;
  /** The same in one word for people: where no reason is told, the event, or of ordinary requests the error. */
  readonly cause: string;
  readonly address: string | undefined;
  readonly decisions: readonly string[];
  /** With the names of schema v1. */
  readonly members: LoggedMembers;
}

/** The event of requests that have no name of their own. */
const ORDINARY = "api_request";
const NO_ROUTE = "(no route)";
const NAMES_OF_LOG = /^(?:sys_monitor_|log_)/;
const NAMES_OF_CONNECTIONS = /^connection_/;

/** Reads what the report looks at; `undefined` when it is no record of the log: it has no time or no event. */
export function readLoggedRecord(members: LoggedMembers): LoggedRecord | undefined {
  const time = timeOf(members, "@timestamp");
  const event = textOf(members, "event.name");
  if (time === undefined || event === undefined) return undefined;
  const kind = kindOf(members, event);
  const times = (kind === "request" ? undefined : wholeOf(members, "audit.repeat.count")) ?? 1;
  const status = wholeOf(members, "http.response.status_code");
  const severity = textOf(members, "audit.severity");
  const decisions = textsOf(members, "audit.decisions");
  const ending = endingOf(textOf(members, "audit.outcome"), event, status, severity, decisions);
  const reason = reasonOf(members, ending);
  return {
    kind,
    time,
    event,
    requests: kind === "request" || kind === "repeat" ? times : 0,
    times,
    ending,
    severity,
    status,
    route: routeOf(members),
    reason,
    cause: reason ?? causeOf(members, event),
    address: textOf(members, "client.address"),
    decisions,
    members,
  };
}

function kindOf(members: LoggedMembers, event: string): RecordKind {
  // An app may call its events as it likes.
  if (textOf(members, "audit.event.source") === "app") return "event";
  if (textOf(members, "security_rule.name") !== undefined) return "alert";
  if (NAMES_OF_LOG.test(event)) return "system";
  // They never were requests, and many that are alike share a record as requests do.
  if (NAMES_OF_CONNECTIONS.test(event)) return "event";
  if (wholeOf(members, "audit.repeat.count") !== undefined) return "repeat";
  // Only the record of a request says how long something took.
  return wholeOf(members, "duration_us") === undefined ? "event" : "request";
}

function endingOf(
  outcome: string | undefined,
  event: string,
  status: number | undefined,
  severity: string | undefined,
  decisions: readonly string[],
): RequestEnding {
  if (status !== undefined && status >= 500) return "serverErrors";
  // An outage may refuse nothing: the counter falls back, and the request is answered.
  if (outcome === "success") return "succeeded";
  if (outcome !== "failure") return "unfinished";
  if (severity === "ERROR") return "serverErrors";
  const denied = decisions.some((one) => /^[^:]*:(?:deny|error)(?::|$)/.test(one));
  // A login that failed may be answered with a redirect: then only an event of the app says that it failed.
  const isToldByApp = status !== undefined && status < 400;
  return denied || isToldByApp || event !== ORDINARY ? "refused" : "clientErrors";
}

/** What the log says, or an event that the app recorded for a request that failed. */
function reasonOf(members: LoggedMembers, ending: RequestEnding): string | undefined {
  const reason = textOf(members, "audit.reason");
  if (reason !== undefined || ending === "succeeded") return reason;
  return textsOf(members, "audit.events.names")[0];
}

function causeOf(members: LoggedMembers, event: string): string {
  return event === ORDINARY ? (textOf(members, "error.type") ?? event) : event;
}

function routeOf(members: LoggedMembers): string {
  const route = textOf(members, "http.route");
  return route === undefined
    ? NO_ROUTE
    : `${textOf(members, "http.request.method") ?? "_OTHER"} ${route}`;
}
