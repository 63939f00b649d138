export { OptionsError } from "../core/options/options-error.js";
export { type AuditLog, auditLog } from "./audit-log.js";
export type {
  AuditFieldOptions,
  AuditLogOptions,
  AuditServiceOptions,
  RequestIdOptions,
  TraceOptions,
} from "./audit-log-options.js";
export type { AuditSink } from "./audit-sink.js";
export type { AuditStats } from "./audit-writer.js";
export { type AuditFailure, FAILURE_CHANNEL } from "./failure-report.js";
export { type FileSinkOptions, fileSink } from "./file-sink.js";
export { stdoutSink } from "./stdout-sink.js";
