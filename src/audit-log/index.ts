export { type AuditFields, auditFields } from "./audit-fields.js";
export { type AuditLog, auditLog } from "./audit-log.js";
export type {
  AuditLogOptions,
  AuditServiceOptions,
  RequestIdOptions,
  TraceOptions,
} from "./audit-log-options.js";
export { childLogger, type ParentLogger } from "./child-logger.js";
export type { OpenTelemetryApi, OpenTelemetrySpan } from "./correlation/open-telemetry.js";
export type { RequestContext } from "./correlation/request-context.js";
export type { AuditStats } from "./delivery/audit-writer.js";
export { type AuditFailure, FAILURE_CHANNEL } from "./delivery/failure-report.js";
export type { AuditFieldOptions } from "./fields/read-fields.js";
export { getRequestContext } from "./get-request-context.js";
export { getRequestId } from "./get-request-id.js";
export type { AuditPrivacyOptions } from "./privacy/read-privacy.js";
export type { AuditPseudonymKey } from "./privacy/read-pseudonym-keys.js";
export type { AuditSink } from "./sinks/audit-sink.js";
export { type FileSinkOptions, fileSink } from "./sinks/file-sink.js";
export { stdoutSink } from "./sinks/stdout-sink.js";
