import { isToken } from "../../core/http/header-values.js";
import type { Hints, OptionKeys } from "../../core/options/option-types.js";
import type { OptionsReader } from "../../core/options/options-reader.js";
import { namesSecret } from "../text/secret-name.js";
import { isSecretParameter, type QuerySetting } from "./query-text.js";

/** What of a request may reach the record. */
export interface AuditFieldOptions {
  /**
   * Request header fields to record, at most eight; an empty list for none. Fields whose names say that they carry
   * credentials, keys, certificates, signatures or sessions are refused. @default ["user-agent"]
   */
  readonly headers?: readonly string[] | undefined;
  /**
   * What of query strings is recorded, as `url.query`.
   *
   * - `"none"`: nothing
   * - `"names"`: the names of the parameters, `REDACTED` for each value
   * - a list of up to 32 names: also the values of these, without what looks like a secret. Names that say that they carry
   *   one are refused
   * @default "none"
   */
  readonly query?: "none" | "names" | readonly string[] | undefined;
  /**
   * The longest record of a request or an event, from `"2kb"` to `"64kb"`, without its line end. One that is longer is
   * written without the fields of the app, then without header fields and queries, then without more, and has
   * `audit.truncated`.
   * @default "8kb"
   */
  readonly maxRecordSize?: string | undefined;
}

/** The options of {@link AuditFieldOptions}, read and found right. */
export interface FieldSettings {
  /** In lower case. */
  readonly headers: readonly string[];
  readonly query: QuerySetting;
  readonly maxRecordBytes: number;
}

const KEYS: OptionKeys<AuditFieldOptions> = { headers: true, query: true, maxRecordSize: true };
const FUNCTION = "call auditFields(req, { orderId }) in a handler, for fields of your own";
/** What other packages call things. */
export const FIELD_HINTS: Hints<AuditFieldOptions> = {
  maxRecordBytes: 'write maxRecordSize: "8kb"',
  header: "headers",
  requestWhitelist: "name the header fields in headers; bodies are never recorded",
  extra: FUNCTION,
  custom: FUNCTION,
};
const DEFAULT_SIZE = 8192;
const MAX_HEADERS = 8;
const MAX_PARAMETERS = 32;

/** Reads `fields`. */
export function readFields(reader: OptionsReader<"fields">): FieldSettings {
  const fields = reader.object<AuditFieldOptions>(
    "fields",
    KEYS,
    FIELD_HINTS,
    '{ headers: ["user-agent"] }',
  );
  return {
    headers: fields?.has("headers") ? readHeaders(fields) : ["user-agent"],
    query: fields === undefined ? "none" : readQuery(fields),
    maxRecordBytes:
      fields?.size("maxRecordSize", { min: "2kb", max: "64kb", default: "8kb" }) ?? DEFAULT_SIZE,
  };
}

function readQuery(reader: OptionsReader<"query">): QuerySetting {
  const given = reader.raw("query");
  if (!Array.isArray(given)) return reader.oneOf("query", ["none", "names"], { default: "none" });
  const names = reader.strings("query", {
    check: (name) =>
      isSecretParameter(name) ? "must not name a parameter that carries a secret" : undefined,
  });
  if (given.length > MAX_PARAMETERS)
    reader.problem("query", `a list of at most ${MAX_PARAMETERS} names`);
  return new Set(names);
}

function readHeaders(reader: OptionsReader<"headers">): readonly string[] {
  if (reader.items("headers")?.length === 0) return [];
  const names: string[] = [];
  reader.strings("headers", {
    check(text) {
      const name = text.toLowerCase();
      const repeated = names.includes(name);
      names.push(name);
      if (!isToken(name)) return "must be a header field name";
      if (namesSecret(text)) return "must not name a field that carries credentials";
      return repeated ? "must not repeat an earlier entry" : undefined;
    },
  });
  if (names.length > MAX_HEADERS)
    reader.problem("headers", `a list of at most ${MAX_HEADERS} field names`);
  return Object.freeze(names);
}
