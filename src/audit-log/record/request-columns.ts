import type { RequestFacts } from "../facts/request-facts.js";
import { fieldMembers } from "../fields/app-fields.js";
import type { FieldSettings } from "../fields/read-fields.js";
import { eventNames, requestEvents } from "../fields/request-events.js";
import type { Privacy } from "../privacy/privacy.js";
import { createActorColumns } from "./actor-columns.js";
import { createDecisionColumns } from "./decision-columns.js";
import { createExchangeColumns } from "./exchange-columns.js";
import { createHeaderColumns, createQueryColumns } from "./header-columns.js";
import { type Column, createBoundedTable, type RecordTable } from "./record-table.js";
import type { Numbered } from "./source-columns.js";

/** Writes the record of one request, as a line of JSON. @throws What a property of the app throws. */
export type RequestRecord = (facts: RequestFacts) => string;

/**
 * Makes the columns of the records of requests.
 *
 * @param source - The columns of every record of the log.
 * @param fields - Which header fields and queries to record, and how long a record may be.
 */
export function createRequestColumns(
  source: readonly Column<Numbered>[],
  fields: FieldSettings,
  privacy: Privacy,
): readonly Column<RequestFacts>[] {
  return [
    ...source,
    ...createExchangeColumns(privacy),
    ...createActorColumns(privacy),
    ...createDecisionColumns(privacy, fields.maxRecordBytes),
    ...createHeaderColumns(fields.headers),
    ...createQueryColumns(fields.query),
    { name: "app.", read: ({ req }) => fieldMembers(req), members: true },
    { name: "audit.events.names", read: ({ req }) => eventNames(req) },
    {
      name: "audit.events.omitted",
      read: ({ req }) => requestEvents(req)?.omitted || undefined,
      whole: true,
    },
  ];
}

/**
 * Makes the records of requests.
 *
 * @param maxBytes - How long a record may be, without its line end.
 * @param table - Writes records in the schema of the log.
 */
export function createRequestRecord(
  columns: readonly Column<RequestFacts>[],
  maxBytes: number,
  table: RecordTable,
): RequestRecord {
  return createBoundedTable(columns, maxBytes, table);
}
