import { type Column, constantColumn, createRecordTable } from "../record/record-table.js";
import { ColumnValues } from "./column-values.js";
import { type NestedColumn, nestColumns } from "./nest-columns.js";
import { ocsfBase } from "./ocsf-base.js";
import { ocsfExchange } from "./ocsf-exchange.js";
import { ocsfPeers } from "./ocsf-peers.js";

const PRODUCT = "express-secure-api";
/** The version of the framework whose attributes are used. */
const OCSF_VERSION = "1.5.0";

/** Columns that attributes of the framework say. All others stand in `unmapped`, under the names of schema v1. */
const MAPPED: ReadonlySet<string> = new Set([
  "@timestamp",
  "audit.actor.client_id",
  "audit.actor.tenant",
  "audit.actor.type",
  "audit.outcome",
  "audit.repeat.count",
  "audit.repeat.first",
  "audit.repeat.last",
  "audit.severity",
  "client.address",
  "http.request.body.size",
  "http.request.id",
  "http.response.status_code",
  "observed_timestamp",
  "service.instance.id",
  "service.name",
  "url.path",
  "user_agent.original",
]);

/**
 * Makes the function that writes records of one kind as events of the Open Cybersecurity Schema Framework: class 6003, API
 * Activity; 3002, Authentication; 4001, Network Activity, for connections without a request; 1008, Event Log Activity, for
 * the log itself.
 *
 * @see https://schema.ocsf.io/1.5.0
 */
export function createOcsfTable<Facts>(
  columns: readonly Column<Facts>[],
): (facts: Facts) => string {
  const values = new ColumnValues(columns);
  const nested: readonly NestedColumn<Facts>[] = [
    ...ocsfBase(values),
    ...ocsfPeers(values),
    ...ocsfExchange(values),
    { within: ["metadata"], column: constantColumn("version", OCSF_VERSION) },
    { within: ["metadata", "product"], column: constantColumn("name", PRODUCT) },
    { within: ["metadata", "product"], column: constantColumn("vendor_name", PRODUCT) },
    ...columns
      .filter(({ name }) => !MAPPED.has(name))
      .map((column) => ({ within: ["unmapped"], column })),
  ];
  return createRecordTable(nestColumns(nested));
}
