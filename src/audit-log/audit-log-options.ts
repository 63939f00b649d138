import type { GuardOptions, Mode } from "../core/guard/guard-options.js";
import { GUARD_OPTIONS, readGuardOptions } from "../core/guard/guard-options.js";
import { isToken } from "../core/http/header-values.js";
import type { PathPattern } from "../core/http/path-pattern.js";
import { readPathPatterns } from "../core/http/read-path-patterns.js";
import { readTrustedPeers } from "../core/http/trusted-peers.js";
import type { Hints, OptionKeys } from "../core/options/option-types.js";
import { type OptionsReader, readOptions } from "../core/options/options-reader.js";
import type { OnDenied } from "../core/refusal/deny.js";
import type { CorrelationOptions } from "./facts/request-entry.js";
import type { RecordTable } from "./record/record-table.js";
import type { ServiceIdentity } from "./record/source-columns.js";
import { type AuditSchema, readSchema } from "./schema/read-schema.js";
import type { AuditSink } from "./sinks/audit-sink.js";
import { readSinks } from "./sinks/read-sinks.js";
import { namesSecret } from "./text/secret-name.js";

/** Options of {@link auditLog}. */
export interface AuditLogOptions extends GuardOptions {
  /**
   * Where every record goes. A sink that fails or falls behind never holds up the others. @default [stdoutSink()]
   */
  readonly sinks?: readonly AuditSink[] | undefined;
  /** The service that the records name. */
  readonly service?: AuditServiceOptions | undefined;
  /** The id of each request: in the record, in problem documents, and on the response. */
  readonly requestId?: RequestIdOptions | undefined;
  /** The trace that a request belongs to (W3C Trace Context). */
  readonly trace?: TraceOptions | undefined;
  /** What of a request reaches the record beyond the fixed fields. */
  readonly fields?: AuditFieldOptions | undefined;
  /**
   * Requests that get no record when they succeed, such as health probes: patterns like `GET /health`, held against the
   * path and the method as they arrive at `auditLog`, in exactly this spelling. What is refused, also in report mode,
   * what is answered with 400 or more, and what is cut off is always recorded. A pattern that covers every route is an
   * error. @default none
   */
  readonly except?: string | readonly string[] | undefined;
  /**
   * What happens while a `stdoutSink` or `fileSink`, any of them, cannot write.
   *
   * - `"continue"`: requests are served; lost records are counted, reported, and named in the log once it works again
   * - `"fail-operation"`: new requests are refused, 503 `audit_unavailable`, until a record can be written. The request
   *   whose record was lost has been served by then; with `fileSink({ write: "turn" })` so have the others of its turn
   * @default "continue"
   */
  readonly onFailure?: "continue" | "fail-operation" | undefined;
  /**
   * The names of the members of the records: `"v1"`, our own with the names of OpenTelemetry; `"ecs"`, Elastic Common
   * Schema 8.17; or `"ocsf"`, Open Cybersecurity Schema Framework 1.5. They say the same. @default "v1"
   */
  readonly schema?: AuditSchema | undefined;
}

/** The service that records name. */
export interface AuditServiceOptions {
  /** @default "unknown_service" */
  readonly name?: string | undefined;
  /** Left out of the records by default. */
  readonly version?: string | undefined;
}

/** Options of request ids. */
export interface RequestIdOptions {
  /** The header field that carries the id, inbound and on the response. @default "X-Request-Id" */
  readonly header?: string | undefined;
  /**
   * Addresses and CIDR ranges of proxies whose id is taken over, when it has 8 to 64 letters, digits or `._-`. What
   * counts is the address of the connection, whatever `trust proxy` says. By default every request gets a new UUID.
   */
  readonly trustedPeers?: readonly string[] | undefined;
}

/** Options of trace ids. */
export interface TraceOptions {
  /** Addresses and CIDR ranges of peers whose `traceparent` is continued. By default every request starts a trace. */
  readonly trustedPeers?: readonly string[] | undefined;
}

/** What of a request may reach the record. */
export interface AuditFieldOptions {
  /**
   * Request header fields to record, at most eight; an empty list for none. Fields whose names say that they carry
   * credentials, keys, certificates, signatures or sessions are refused. @default ["user-agent"]
   */
  readonly headers?: readonly string[] | undefined;
}

/** The options of an audit log, read and found right. */
export interface AuditLogSettings {
  readonly guard: { readonly mode: Mode; readonly onDenied: OnDenied };
  readonly sinks: readonly AuditSink[];
  readonly service: ServiceIdentity;
  readonly correlation: CorrelationOptions;
  /** The request id's header field as it is sent. */
  readonly idHeader: string;
  /** In lower case. */
  readonly headers: readonly string[];
  readonly except: readonly PathPattern[];
  readonly failOperation: boolean;
  /** Writes records in the schema of the log. */
  readonly table: RecordTable;
}

const KEYS: OptionKeys<AuditLogOptions> = {
  sinks: "neverUndefined",
  service: true,
  requestId: true,
  trace: true,
  fields: true,
  except: true,
  onFailure: "neverUndefined",
  schema: true,
  ...GUARD_OPTIONS,
};
const LOGGER =
  "give its transports to sinks, in a list: a logger may drop records by level or filter";
/** The other way round: following a list of what to hide, `fields` would record just that. */
const NOTHING_TO_HIDE =
  "leave it out: nothing of a request is recorded but fixed fields and what fields.headers names";
/** A function could leave out failures, and an expression more than it seems. */
const PROBES =
  'nothing is left out but successful requests to the paths named in except: ["GET /health"]';
const REQUESTS_THAT_PASS =
  'requests that pass are what the log is for, name the paths of probes, such as "GET /health"';
const SERVICE = "the records name the service by service: { name, version }";
/** What pino-http, morgan, winston and express-winston call things. */
export const AUDIT_LOG_HINTS: Hints<AuditLogOptions> = {
  transports: "sinks",
  stream: "sinks",
  destination: "sinks",
  logger: LOGGER,
  winstonInstance: LOGGER,
  genReqId:
    "every request gets a new UUID: requestId names the header field, and the peers whose id is taken over",
  redact: NOTHING_TO_HIDE,
  headerBlacklist: NOTHING_TO_HIDE,
  requestWhitelist:
    "name the request header fields to record in fields.headers; bodies are never recorded",
  skip: PROBES,
  ignoreRoute: PROBES,
  autoLogging: PROBES,
  defaultMeta: SERVICE,
  serviceName: SERVICE,
  file: "write sinks: [fileSink({ path })]",
  path: "write sinks: [fileSink({ path })]",
  level: "leave it out, a record of every request is written, whatever its severity",
  format: 'leave it out, a record is one line of JSON; schema: "ecs" or "ocsf" gives other names',
};
/** For request ids and traces. */
export const TRUST_HINTS: Hints<TraceOptions> = {
  trustInbound: "name the peers whose ids are taken over in trustedPeers, by address or network",
};
const MAX_HEADERS = 8;

/** @throws OptionsError with every problem. */
export function readAuditLogOptions(options: AuditLogOptions): AuditLogSettings {
  const reader = readOptions<AuditLogOptions>(
    "auditLog",
    options,
    KEYS,
    AUDIT_LOG_HINTS,
    "auditLog()",
  );
  const guard = readGuardOptions(reader);
  const onFailure = reader.oneOf("onFailure", ["continue", "fail-operation"], {
    default: "continue",
  });
  const service = reader.object<AuditServiceOptions>(
    "service",
    { name: true, version: true },
    {},
    '{ name: "orders", version: "1.0.0" }',
  );
  const requestId = reader.object<RequestIdOptions>(
    "requestId",
    { header: true, trustedPeers: true },
    TRUST_HINTS,
    '{ header: "X-Request-Id" }',
  );
  const trace = reader.object<TraceOptions>(
    "trace",
    { trustedPeers: true },
    TRUST_HINTS,
    "{ trustedPeers: […] }",
  );
  const fields = reader.object<AuditFieldOptions>(
    "fields",
    { headers: true },
    {},
    '{ headers: ["user-agent"] }',
  );
  const idHeader = requestId === undefined ? "X-Request-Id" : readIdHeader(requestId);
  const settings = {
    guard,
    service: {
      name: service?.string("name") ?? "unknown_service",
      version: service?.string("version"),
    },
    correlation: {
      idHeader: idHeader.toLowerCase(),
      trustsId: requestId === undefined ? nobody : readTrustedPeers(requestId, "trustedPeers"),
      trustsTrace: trace === undefined ? nobody : readTrustedPeers(trace, "trustedPeers"),
    },
    idHeader,
    except: readPathPatterns(reader, "except", REQUESTS_THAT_PASS) ?? [],
    headers: fields?.has("headers") ? readHeaders(fields) : ["user-agent"],
    failOperation: onFailure === "fail-operation",
    table: readSchema(reader),
  };
  const sinks = readSinks(reader, settings.failOperation);
  reader.finish();
  return Object.freeze({ ...settings, sinks: sinks() });
}

function nobody(): boolean {
  return false;
}

function readIdHeader(reader: OptionsReader<"header">): string {
  const name = reader.string("header", { default: "X-Request-Id" }) ?? "";
  if (reader.has("header") && (!isToken(name) || namesSecret(name)))
    reader.problem("header", "a field name such as X-Request-Id");
  return name;
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
