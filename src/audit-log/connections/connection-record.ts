import type { Privacy } from "../privacy/privacy.js";
import { methodOf } from "../record/exchange-columns.js";
import { type Column, constantColumn, type RecordTable } from "../record/record-table.js";
import type { Numbered } from "../record/source-columns.js";
import type { Repeats } from "../repeats/repeat-counter.js";
import { createIsoTime } from "../text/iso-time.js";
import { optionalText } from "../text/json-text.js";
import type { ConnectionEvent } from "./connection-event.js";

/** One event of a connection, or several that were alike. */
interface ConnectionFacts extends Numbered {
  readonly what: ConnectionEvent;
  readonly repeats: Repeats<ConnectionEvent> | undefined;
}

/** Writes the record of what happened on a connection, as a line of JSON. */
export type ConnectionRecord = (facts: ConnectionFacts) => string;

/**
 * Makes the records of what happens on connections outside of requests.
 *
 * @param source - The columns of every record of the log.
 */
export function createConnectionRecord(
  source: readonly Column<Numbered>[],
  privacy: Privacy,
  table: RecordTable,
): ConnectionRecord {
  const isoTime = createIsoTime();
  return table<ConnectionFacts>([
    ...source,
    quoted("@timestamp", ({ repeats }) => isoTime(repeats?.first ?? Date.now())),
    constantColumn("audit.action", "EXECUTE"),
    constantColumn("audit.actor.id", "anonymous"),
    constantColumn("audit.actor.type", "anonymous"),
    quoted("audit.outcome", ({ what }) => what.outcome),
    quoted("audit.reason", ({ what }) => what.reason),
    { name: "audit.repeat.count", read: ({ repeats }) => repeats?.count, whole: true },
    quoted("audit.repeat.first", ({ repeats }) => repeats && isoTime(repeats.first)),
    quoted("audit.repeat.last", ({ repeats }) => repeats && isoTime(repeats.last)),
    quoted("audit.severity", ({ what }) => what.event.severity),
    quoted("audit.system_code", ({ what }) => what.systemCode),
    quoted("audit.upgrade.protocol", ({ what }) => what.upgrade?.protocol),
    quoted("client.address", ({ what: { address } }) =>
      address === undefined ? undefined : optionalText(privacy.address(address, false)),
    ),
    quoted("event.name", ({ what }) => what.event.name),
    quoted("http.request.method", ({ what }) => methodOf(what.upgrade?.method)),
    quoted("url.path", ({ what }) => optionalText(what.upgrade?.path)),
  ]);
}

function quoted(
  name: string,
  read: (facts: ConnectionFacts) => string | undefined,
): Column<ConnectionFacts> {
  return { name, read, quoted: true };
}
