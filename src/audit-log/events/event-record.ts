import type { RequestFacts } from "../facts/request-facts.js";
import { fieldMembers } from "../fields/app-fields.js";
import {
  type Column,
  constantColumn,
  createBoundedTable,
  type RecordTable,
} from "../record/record-table.js";
import type { Numbered } from "../record/source-columns.js";
import { createIsoTime } from "../text/iso-time.js";
import type { AppEvent } from "./read-event.js";

/** What the record of an event of the app can say: nothing about a request where it belongs to none. */
interface EventFacts {
  readonly recordId: string;
  readonly appEvent: AppEvent;
  /** The request, judged by the event. */
  readonly request: RequestFacts | undefined;
}

/** Writes the record of one event of the app, as a line of JSON. @throws What a property of the app throws. */
export type EventRecord = (facts: EventFacts) => string;

/** What of the record of a request also stands in those of its events. */
const OF_REQUEST: ReadonlySet<string> = new Set([
  "audit.action",
  "audit.actor.client_id",
  "audit.actor.id",
  "audit.actor.tenant",
  "audit.actor.type",
  "audit.token.id",
  "client.address",
  "http.request.id",
  "http.request.method",
  "http.route",
  "span_id",
  "trace_flags",
  "trace_id",
  "url.path",
  "user.roles",
  "user_agent.original",
]);

/**
 * Makes the records of events of the app.
 *
 * @param source - The columns of every record of the log.
 * @param ofRequests - The columns of the records of requests.
 * @param maxBytes - How long a record may be, without its line end.
 */
export function createEventRecord(
  source: readonly Column<Numbered>[],
  ofRequests: readonly Column<RequestFacts>[],
  maxBytes: number,
  table: RecordTable,
): EventRecord {
  const isoTime = createIsoTime();
  const own: readonly Column<EventFacts>[] = [
    ...source,
    { name: "@timestamp", read: () => isoTime(Date.now()), quoted: true },
    constantColumn("audit.event.source", "app"),
    { name: "audit.outcome", read: ({ appEvent }) => appEvent.outcome, quoted: true },
    { name: "audit.severity", read: ({ appEvent }) => appEvent.event.severity, quoted: true },
    { name: "event.name", read: ({ appEvent }) => appEvent.event.name, quoted: true },
    { name: "app.", read: ({ appEvent }) => fieldMembers(appEvent.data), members: true },
  ];
  const ofRequest = createBoundedTable(
    [...own, ...ofRequests.filter(({ name }) => OF_REQUEST.has(name)).map(toEventColumn)],
    maxBytes,
    table,
  );
  const ofNone = createBoundedTable<EventFacts>(
    [
      ...own,
      constantColumn("audit.action", "EXECUTE"),
      constantColumn("audit.actor.id", "application"),
      constantColumn("audit.actor.type", "system"),
    ],
    maxBytes,
    table,
  );
  return (facts) => (facts.request === undefined ? ofNone(facts) : ofRequest(facts));
}

function toEventColumn(column: Column<RequestFacts>): Column<EventFacts> {
  const { read } = column;
  return {
    ...column,
    read: ({ request }: EventFacts) => (request === undefined ? undefined : read(request)),
  } as Column<EventFacts>;
}
