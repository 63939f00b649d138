import type { OptionsReader } from "../../core/options/options-reader.js";
import { createRecordTable, type RecordTable } from "../record/record-table.js";
import { createEcsTable } from "./ecs-table.js";
import { createOcsfTable } from "./ocsf-table.js";

/** The names of the members of records: our own, Elastic Common Schema, or Open Cybersecurity Schema Framework. */
export type AuditSchema = "v1" | "ecs" | "ocsf";

const TABLES: Readonly<Record<AuditSchema, RecordTable>> = {
  v1: createRecordTable,
  ecs: createEcsTable,
  ocsf: createOcsfTable,
};

/** Reads the option `schema`. */
export function readSchema(reader: OptionsReader<"schema">): RecordTable {
  return TABLES[reader.oneOf("schema", ["v1", "ecs", "ocsf"], { default: "v1" })];
}
