import type { RequestFacts } from "../facts/request-facts.js";
import { fieldMembers } from "../fields/app-fields.js";
import { eventNames, requestEvents } from "../fields/request-events.js";
import { ACTOR_COLUMNS } from "./actor-columns.js";
import { createDecisionColumns } from "./decision-columns.js";
import { createExchangeColumns } from "./exchange-columns.js";
import { createHeaderColumns } from "./header-columns.js";
import type { Column } from "./record-table.js";
import type { Numbered } from "./source-columns.js";

/** Writes the record of one request, as a line of JSON. @throws What a property of the app throws. */
export type RequestRecord = (facts: RequestFacts) => string;

/**
 * Makes the columns of the records of requests.
 *
 * @param source - The columns of every record of the log.
 * @param headers - The header fields to record, in lower case.
 */
export function createRequestColumns(
  source: readonly Column<Numbered>[],
  headers: readonly string[],
): readonly Column<RequestFacts>[] {
  return [
    ...source,
    ...createExchangeColumns(),
    ...ACTOR_COLUMNS,
    ...createDecisionColumns(),
    ...createHeaderColumns(headers),
    { name: "app.", read: ({ req }) => fieldMembers(req), members: true },
    { name: "audit.events", read: ({ req }) => eventNames(req) },
    {
      name: "audit.events.omitted",
      read: ({ req }) => requestEvents(req)?.omitted || undefined,
      whole: true,
    },
  ];
}
