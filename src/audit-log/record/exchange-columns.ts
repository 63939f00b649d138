import type { Request } from "express";
import { clientAddress } from "../../core/http/client-address.js";
import { bytesWritten, type RequestEntry } from "../facts/request-entry.js";
import type { RequestFacts } from "../facts/request-facts.js";
import type { Verdict } from "../facts/verdict.js";
import type { Privacy } from "../privacy/privacy.js";
import { createIsoTime } from "../text/iso-time.js";
import { optionalText } from "../text/json-text.js";
import { scrubPath } from "../text/scrub-path.js";
import type { Column } from "./record-table.js";

const ACTIONS: ReadonlyMap<string, string> = new Map([
  ["GET", "READ"],
  ["HEAD", "READ"],
  ["OPTIONS", "READ"],
  ["TRACE", "READ"],
  ["QUERY", "READ"],
  ["POST", "CREATE"],
  ["PUT", "UPDATE"],
  ["PATCH", "UPDATE"],
  ["DELETE", "DELETE"],
  ["CONNECT", "EXECUTE"],
]);

/** What was asked, when, from where, in which trace, and how it ended. */
export function createExchangeColumns(privacy: Privacy): readonly Column<RequestFacts>[] {
  const isoTime = createIsoTime();
  return [
    { name: "@timestamp", read: ({ entry }) => isoTime(entry.startedAt), quoted: true },
    { name: "audit.aborted", read: ({ verdict }) => (verdict.aborted ? "true" : undefined) },
    { name: "audit.ending", read: ({ verdict }) => verdict.ending, quoted: true },
    {
      name: "audit.action",
      read: ({ entry }) => actionOf(entry.method),
      quoted: true,
    },
    { name: "audit.severity", read: ({ verdict }) => verdict.event.severity, quoted: true },
    { name: "client.address", read: (facts) => addressOf(facts, privacy), quoted: true },
    { name: "duration_us", read: ({ entry }) => duration(entry), whole: true },
    { name: "error.type", read: ({ verdict }) => optionalText(typeOfError(verdict)), quoted: true },
    { name: "event.name", read: ({ verdict }) => verdict.event.name, quoted: true },
    { name: "http.request.body.size", read: ({ req }) => bodySize(req), whole: true },
    { name: "http.request.id", read: ({ entry }) => entry.requestId, quoted: true },
    {
      name: "http.request.method",
      read: ({ entry }) => methodOf(entry.method),
      quoted: true,
    },
    {
      name: "http.response.size",
      read: ({ entry }) => (entry.ended?.bytes ?? bytesWritten(entry.socket)) - entry.bytesBefore,
      whole: true,
    },
    { name: "http.response.status_code", read: ({ verdict }) => verdict.status, whole: true },
    { name: "http.route", read: ({ route }) => optionalText(route), quoted: true },
    { name: "span_id", read: ({ entry }) => entry.spanId, quoted: true },
    { name: "trace_flags", read: ({ entry }) => entry.traceFlags, quoted: true },
    { name: "trace_id", read: ({ entry }) => entry.traceId, quoted: true },
    { name: "url.path", read: pathOf, quoted: true },
  ];
}

/** What a request with this method does; `undefined` without one. */
export function actionOf(method: string): string;
export function actionOf(method: string | undefined): string | undefined;
export function actionOf(method: string | undefined): string | undefined {
  return method === undefined ? undefined : (ACTIONS.get(method) ?? "EXECUTE");
}

/** The method as a record names it; `undefined` without one. */
export function methodOf(method: string): string;
export function methodOf(method: string | undefined): string | undefined;
export function methodOf(method: string | undefined): string | undefined {
  return method === undefined || ACTIONS.has(method) ? method : "_OTHER";
}

/** The path as requested can name persons and things: only where it is needed to understand what went or would go wrong. */
function pathOf({ req, route, verdict }: RequestFacts): string | undefined {
  if (route !== undefined) return undefined;
  if (verdict.outcome === "success" && verdict.reported === undefined) return undefined;
  // Handlers replace everything.
  const target: unknown = req.originalUrl;
  return typeof target === "string" ? optionalText(scrubPath(target)) : undefined;
}

function addressOf({ req, verdict }: RequestFacts, privacy: Privacy): string | undefined {
  const address = clientAddress(req);
  if (address === undefined) return undefined;
  return optionalText(privacy.address(address, verdict.outcome === "success"));
}

/** In microseconds. */
function duration({ startedTick, ended }: RequestEntry): number {
  const end = ended === undefined ? performance.now() : ended.tick;
  return Math.max(0, Math.round((end - startedTick) * 1000));
}

/** `error.type`: what went wrong, in one word. */
export function typeOfError(verdict: Verdict): string | undefined {
  const { refusal, errorType, status, aborted } = verdict;
  if (refusal !== undefined) return refusal.code;
  if (errorType !== undefined) return errorType;
  if (status !== undefined && status >= 400) return String(status);
  return aborted ? "connection_closed" : undefined;
}

function bodySize(req: Request): number | undefined {
  const length = req.headers["content-length"];
  return length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : undefined;
}
