import type { RequestFacts } from "../facts/request-facts.js";
import { fieldMembers } from "../fields/app-fields.js";
import type { FieldSettings } from "../fields/read-fields.js";
import { createBoundedRecord } from "../privacy/bounded-record.js";
import type { Privacy } from "../privacy/privacy.js";
import { createActorColumns } from "./actor-columns.js";
import { createDecisionColumns } from "./decision-columns.js";
import { createExchangeColumns } from "./exchange-columns.js";
import { createHeaderColumns, createQueryColumns } from "./header-columns.js";
import { type Column, createRecordTable } from "./record-table.js";
import type { Numbered } from "./source-columns.js";

/** Writes the record of one request, as a line of JSON. @throws What a property of the app throws. */
export type RequestRecord = (facts: RequestFacts) => string;

/**
 * Makes the records of requests.
 *
 * @param source - The columns of every record of the log.
 * @param fields - Which header fields and queries to record, and how long a record may be.
 */
export function createRequestRecord(
  source: readonly Column<Numbered>[],
  fields: FieldSettings,
  privacy: Privacy,
): RequestRecord {
  const columns: readonly Column<RequestFacts>[] = [
    ...source,
    ...createExchangeColumns(privacy),
    ...createActorColumns(privacy),
    ...createDecisionColumns(privacy, fields.maxRecordBytes),
    ...createHeaderColumns(fields.headers),
    ...createQueryColumns(fields.query),
    { name: "app.", read: ({ req }) => fieldMembers(req), members: true },
  ];
  const truncated: Column<unknown> = { name: "audit.truncated", read: () => "true" };
  return createBoundedRecord(
    columns,
    truncated,
    fields.maxRecordBytes,
    createRecordTable<RequestFacts>,
  );
}
