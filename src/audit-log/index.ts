export { alertTo } from "./alert-to.js";
export type {
  AlertBlockStats,
  AlertBlocks,
  AlertToOptions,
  BlockingLimiter,
} from "./alert-to-options.js";
export { ALERT_CHANNEL, type Alert } from "./alerts/rules/alert.js";
export type {
  AlertOptions,
  AlertRequest,
  AlertRule,
  AlertThresholds,
  HoneytokenOptions,
} from "./alerts/rules/alert-options.js";
export { type AuditFields, auditFields } from "./audit-fields.js";
export { type AuditLog, auditLog } from "./audit-log.js";
export type {
  AuditFieldOptions,
  AuditLogOptions,
  AuditServiceOptions,
  RequestIdOptions,
  TraceOptions,
} from "./audit-log-options.js";
export type { AuditStats } from "./delivery/audit-writer.js";
export { type AuditFailure, FAILURE_CHANNEL } from "./delivery/failure-report.js";
export { getRequestId } from "./get-request-id.js";
export type { SampleOptions } from "./sampling/sample-options.js";
export type { AuditSink } from "./sinks/audit-sink.js";
export { type FileSinkOptions, fileSink } from "./sinks/file-sink.js";
export { stdoutSink } from "./sinks/stdout-sink.js";
