import type { GuardOptions, Mode } from "../core/guard/guard-options.js";
import { GUARD_OPTIONS, readGuardOptions } from "../core/guard/guard-options.js";
import { isToken } from "../core/http/header-values.js";
import type { PathPattern } from "../core/http/path-pattern.js";
import { readPathPatterns } from "../core/http/read-path-patterns.js";
import { readTrustedPeers } from "../core/http/trusted-peers.js";
import type { Hints, OptionKeys } from "../core/options/option-types.js";
import { type OptionsReader, readOptions } from "../core/options/options-reader.js";
import type { OnDenied } from "../core/refusal/deny.js";
import type { AlertOptions } from "./alerts/rules/alert-options.js";
import type { AlertSettings } from "./alerts/rules/alert-settings.js";
import { readAlerts } from "./alerts/rules/read-alerts.js";
import type { AuditIntegrityOptions } from "./chain/integrity-options.js";
import { type IntegritySettings, readIntegrity } from "./chain/read-integrity.js";
import { type OpenTelemetryTraceApi, readOpenTelemetry } from "./correlation/open-telemetry.js";
import type { FailureSettings } from "./delivery/failure-policy.js";
import type { AuditFailure } from "./delivery/failure-report.js";
import { readFailureSettings } from "./delivery/read-failure-settings.js";
import type { CorrelationOptions } from "./facts/request-entry.js";
import { type AuditFieldOptions, type FieldSettings, readFields } from "./fields/read-fields.js";
import type { AuditMetrics } from "./metrics/audit-metrics.js";
import type { LogMetrics } from "./metrics/log-metrics.js";
import { readMetrics } from "./metrics/read-metrics.js";
import {
  type AuditPrivacyOptions,
  type PrivacySettings,
  readPrivacy,
} from "./privacy/read-privacy.js";
import type { RecordTable } from "./record/record-table.js";
import type { ServiceIdentity } from "./record/source-columns.js";
import { readSample, type SampleSettings } from "./sampling/read-sample.js";
import type { SampleOptions } from "./sampling/sample-options.js";
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
  /** How records name the people who call: plainly, by pseudonyms, or not at all. */
  readonly privacy?: AuditPrivacyOptions | undefined;
  /**
   * Whether `getRequestContext()` and `childLogger()` know the request, anywhere in the app. It costs some time with every
   * asynchronous step of the app (before Node 24, with every promise). @default false
   */
  readonly context?: boolean | undefined;
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
   * - `"shutdown"`: `onShutdown` is called, once, and new requests are refused from then on, whatever the sink does later
   * @default "continue"
   */
  readonly onFailure?: "continue" | "fail-operation" | "shutdown" | undefined;
  /**
   * Shuts the app down, as `() => shutdown.shutdown()` of `gracefulShutdown` does; required with
   * `onFailure: "shutdown"`. Called once, in no request, when every sink that works has its records. What it throws, or
   * its promise rejects with, is ignored. Not called in report mode, nor while the log is closing.
   */
  readonly onShutdown?: ((failure: AuditFailure) => unknown) | undefined;
  /**
   * Requests that `"fail-operation"` and `"shutdown"` never refuse: patterns like `GET /livez`, held against the path in
   * exactly this spelling. A liveness probe that is refused has the process restarted, which mends no disk. A pattern
   * that covers every route is an error. @default none
   */
  readonly healthPaths?: string | readonly string[] | undefined;
  /**
   * How long a winston transport may hold records without an answer until it counts as stalled, which is reported. Its
   * records go on waiting, up to their bound. From `"1s"` to `"1h"`. @default "30s"
   */
  readonly stallAfter?: string | undefined;
  /** Where the log publishes its numbers, and those of its requests and decisions. @default none */
  readonly metrics?: AuditMetrics | undefined;
  /**
   * What makes later changes of the log visible to `verify-log`.
   *
   * - `"chain"`: every record holds the hash of the one before it. Shows mistakes and careless edits; whoever can write
   *   the whole log anew can make a new chain
   * - an object: checkpoints as well, which are signed by keys that the process forgets after each
   * - `false`: nothing
   * @default "chain"
   */
  readonly integrity?: false | "chain" | AuditIntegrityOptions | undefined;
  /**
   * The names of the members of the records: `"v1"`, our own with the names of OpenTelemetry; `"ecs"`, Elastic Common
   * Schema 8.17; or `"ocsf"`, Open Cybersecurity Schema Framework 1.5. They say the same. @default "v1"
   */
  readonly schema?: AuditSchema | undefined;
  /**
   * What is told when something deserves attention, as a record and on the `node:diagnostics_channel`
   * `express-secure-api:alert`. Nothing is refused because of it. `false` turns it off. @default true
   */
  readonly alerts?: boolean | AlertOptions | undefined;
  /** Which ordinary successes have a record. Everything else is always recorded. @default all of them */
  readonly sample?: SampleOptions | undefined;
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
  /**
   * The module `@opentelemetry/api`, for apps that it traces: the record has the ids of the span that is active when the
   * request arrives, whoever sent the trace. Without an active span, the record has ids as without this option.
   */
  readonly openTelemetry?: OpenTelemetryTraceApi | undefined;
}

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
  const trace = reader.object<TraceOptions>(
    "trace",
    { trustedPeers: true, openTelemetry: true },
    TRUST_HINTS,
    "{ trustedPeers: […] }",
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

function readIdHeader(reader: OptionsReader<"header">): string {
  const name = reader.string("header", { default: "X-Request-Id" }) ?? "";
  if (reader.has("header") && (!isToken(name) || namesSecret(name)))
    reader.problem("header", "a field name such as X-Request-Id");
  return name;
}
