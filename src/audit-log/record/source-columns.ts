import { hostname } from "node:os";
import { createIsoTime } from "../text/iso-time.js";
import { unquotedText } from "../text/json-text.js";
import { type Column, constantColumn } from "./record-table.js";

/** The service that records name. */
export interface ServiceIdentity {
  readonly name: string;
  readonly version: string | undefined;
}

/** What every record has. */
export interface Numbered {
  /** From `RecordNumbers`. */
  readonly recordId: string;
}

/** Version of the record's format: it changes when a field changes its meaning or goes away. */
const SCHEMA_VERSION = "1";

/** The columns that all records of one audit log share: the id of the record, the service, and this process. */
export function createSourceColumns({
  name,
  version,
}: ServiceIdentity): readonly Column<Numbered>[] {
  const isoTime = createIsoTime();
  const columns: Column<Numbered>[] = [
    { name: "audit.record.id", read: ({ recordId }) => recordId, quoted: true },
    constantColumn("audit.schema.version", SCHEMA_VERSION),
    { name: "observed_timestamp", read: () => isoTime(Date.now()), quoted: true },
    constantColumn("service.instance.id", unquotedText(`${hostname()}:${process.pid}`)),
    constantColumn("service.name", unquotedText(name)),
  ];
  if (version !== undefined) columns.push(constantColumn("service.version", unquotedText(version)));
  return columns;
}
