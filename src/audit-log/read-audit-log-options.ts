import type { Mode } from "../core/guard/guard-options.js";
import { GUARD_OPTIONS, readGuardOptions } from "../core/guard/guard-options.js";
import { isToken } from "../core/http/header-values.js";
import type { PathPattern } from "../core/http/path-pattern.js";
import { readPathPatterns } from "../core/http/read-path-patterns.js";
import { readTrustedPeers } from "../core/http/trusted-peers.js";
import type { Hints, OptionKeys } from "../core/options/option-types.js";
import { type OptionsReader, readOptions } from "../core/options/options-reader.js";
import type { OnDenied } from "../core/refusal/deny.js";
import type { AlertSettings } from "./alerts/rules/alert-settings.js";
import { readAlerts } from "./alerts/rules/read-alerts.js";
import type {
  AuditLogOptions,
  AuditServiceOptions,
  RequestIdOptions,
  TraceOptions,
} from "./audit-log-options.js";
import { type IntegritySettings, readIntegrity } from "./chain/read-integrity.js";
import { isOpenTelemetryApi, readOpenTelemetry } from "./correlation/open-telemetry.js";
import type { FailureSettings } from "./delivery/failure-policy.js";
import { readFailureSettings } from "./delivery/read-failure-settings.js";
import type { CorrelationOptions } from "./facts/request-entry.js";
import { type FieldSettings, readFields } from "./fields/read-fields.js";
import type { LogMetrics } from "./metrics/log-metrics.js";
import { readMetrics } from "./metrics/read-metrics.js";
import { type PrivacySettings, readPrivacy } from "./privacy/read-privacy.js";
import type { RecordTable } from "./record/record-table.js";
import type { ServiceIdentity } from "./record/source-columns.js";
import { readSample, type SampleSettings } from "./sampling/read-sample.js";
import { readSchema } from "./schema/read-schema.js";
import type { AuditSink } from "./sinks/audit-sink.js";
import { readSinks } from "./sinks/read-sinks.js";
import { namesSecret } from "./text/secret-name.js";

/** The options of an audit log, read and found right. */
export interface AuditLogSettings {
  readonly guard: { readonly mode: Mode; readonly onDenied: OnDenied };
  readonly sinks: readonly AuditSink[];
  readonly service: ServiceIdentity;
  readonly correlation: CorrelationOptions;
  /** The request id's header field as it is sent. */
  readonly idHeader: string;
  readonly fields: FieldSettings;
  readonly privacy: PrivacySettings;
  /** Whether the rest of each request runs in a context of its own. */
  readonly context: boolean;
  readonly except: readonly PathPattern[];
  readonly failure: FailureSettings;
  /** In milliseconds. */
  readonly stallAfter: number;
  readonly metrics: LogMetrics | undefined;
  readonly integrity: IntegritySettings;
  /** Writes records in the schema of the log. */
  readonly table: RecordTable;
  readonly alerts: AlertSettings | undefined;
  readonly sample: SampleSettings | undefined;
}

const KEYS: OptionKeys<AuditLogOptions> = {
  sinks: "neverUndefined",
  service: true,
  requestId: true,
  trace: true,
  fields: true,
  privacy: "neverUndefined",
  context: true,
  except: true,
  onFailure: "neverUndefined",
  onShutdown: "neverUndefined",
  healthPaths: true,
  stallAfter: true,
  metrics: "neverUndefined",
  integrity: "neverUndefined",
  schema: true,
  alerts: true,
  sample: true,
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
  exclude: "except",
  ignore: "except",
  skip: PROBES,
  ignoreRoute: PROBES,
  autoLogging: PROBES,
  defaultMeta: SERVICE,
  serviceName: SERVICE,
  onError: "onFailure",
  onFail: "onFailure",
  headers: "write fields: { headers }",
  query: "write fields: { query }",
  rotate: "write sinks: [fileSink({ path, rotate })]",
  retention: "write sinks: [fileSink({ path, rotate, retention })]",
  signingKey: "write integrity: { signingKey }",
  pseudonym: 'write privacy: { subject: "pseudonym", key }',
  anonymize: 'write privacy: { subject: "omit", address: "omit" }',
  honeytokens: "write alerts: { honeytokens }",
  prometheus: "write metrics: prometheusMetrics({ client })",
  openTelemetry: "write trace: { openTelemetry: api }",
  file: "write sinks: [fileSink({ path })]",
  path: "write sinks: [fileSink({ path })]",
  level: "leave it out, a record of every request is written, whatever its severity",
  format: 'leave it out, a record is one line of JSON; schema: "ecs" or "ocsf" gives other names',
};
/** For request ids and traces. */
export const TRUST_HINTS: Hints<Pick<TraceOptions, "trustedPeers">> = {
  trustInbound: "name the peers whose ids are taken over in trustedPeers, by address or network",
};

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
  const failure = readFailureSettings(reader);
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
  const trace = readTrace(reader);
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
      findActiveSpan: trace === undefined ? undefined : readOpenTelemetry(trace),
    },
    idHeader,
    except: readPathPatterns(reader, "except", REQUESTS_THAT_PASS) ?? [],
    failure,
    stallAfter: reader.duration("stallAfter", { min: "1s", max: "1h", default: "30s" }),
    metrics: readMetrics(reader),
    integrity: readIntegrity(reader),
    table: readSchema(reader),
    fields: readFields(reader),
    privacy: readPrivacy(reader),
    context: reader.boolean("context"),
    alerts: readAlerts(reader),
    sample: readSample(reader),
  };
  const sinks = readSinks(reader, failure.onFailure);
  reader.finish();
  return Object.freeze({ ...settings, sinks: sinks() });
}

function nobody(): boolean {
  return false;
}

function readTrace(reader: OptionsReader<"trace">): OptionsReader<keyof TraceOptions> | undefined {
  if (isOpenTelemetryApi(reader.raw("trace"))) {
    reader.note("trace", "must be options, not the package: write trace: { openTelemetry: api }");
    return undefined;
  }
  return reader.object<TraceOptions>(
    "trace",
    { trustedPeers: true, openTelemetry: true },
    TRUST_HINTS,
    "{ trustedPeers: […] }",
  );
}

function readIdHeader(reader: OptionsReader<"header">): string {
  const name = reader.string("header", { default: "X-Request-Id" }) ?? "";
  if (!reader.has("header")) return name;
  if (!isToken(name)) reader.problem("header", "a field name such as X-Request-Id");
  else if (namesSecret(name))
    reader.note("header", 'must not name a field that carries credentials: write "X-Request-Id"');
  return name;
}
