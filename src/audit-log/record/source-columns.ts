import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { createIsoTime } from "../text/iso-time.js";
import { unquotedText } from "../text/json-text.js";
import { type Column, constantColumn } from "./record-table.js";

/** The service that records name. */
export interface ServiceIdentity {
  readonly name: string;
  readonly version: string | undefined;
}

/** Version of the record's format: it changes when a field changes its meaning or goes away. */
const SCHEMA_VERSION = "1";

/**
 * The columns that all records of one audit log share: the service, this process, and the numbering of the records,
 * one random part per audit log and a number without gaps, so that a missing record shows.
 */
export function createSourceColumns({
  name,
  version,
}: ServiceIdentity): readonly Column<unknown>[] {
  const isoTime = createIsoTime();
  const stream = `${randomUUID()}-`;
  let number = 0;

  function nextId(): string {
    number += 1;
    return stream + number;
  }

  const columns: Column<unknown>[] = [
    { name: "audit.record.id", read: nextId, quoted: true },
    constantColumn("audit.schema.version", SCHEMA_VERSION),
    { name: "observed_timestamp", read: () => isoTime(Date.now()), quoted: true },
    constantColumn("service.instance.id", unquotedText(`${hostname()}:${process.pid}`)),
    constantColumn("service.name", unquotedText(name)),
  ];
  if (version !== undefined) columns.push(constantColumn("service.version", unquotedText(version)));
  return columns;
}
