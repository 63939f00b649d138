import type { GuardOptions } from "../core/guard/guard-options.js";
import type { AlertOptions } from "./alerts/rules/alert-options.js";
import type { AuditIntegrityOptions } from "./chain/integrity-options.js";
import type { OpenTelemetryTraceApi } from "./correlation/open-telemetry.js";
import type { AuditFailure } from "./delivery/failure-report.js";
import type { AuditFieldOptions } from "./fields/read-fields.js";
import type { AuditMetrics } from "./metrics/audit-metrics.js";
import type { AuditPrivacyOptions } from "./privacy/read-privacy.js";
import type { SampleOptions } from "./sampling/sample-options.js";
import type { AuditSchema } from "./schema/read-schema.js";
import type { AuditSink } from "./sinks/audit-sink.js";

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
