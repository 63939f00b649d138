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
export { type AuditEventDetails, type AuditEventName, auditEvent } from "./audit-event.js";
export { type AuditFields, auditFields } from "./audit-fields.js";
export { type AuditLog, auditLog } from "./audit-log.js";
export type {
  AuditLogOptions,
  AuditServiceOptions,
  RequestIdOptions,
  TraceOptions,
} from "./audit-log-options.js";
export type { AuditAnchor, AuditIntegrityOptions } from "./chain/integrity-options.js";
export { childLogger, type ParentLogger } from "./child-logger.js";
export type { OpenTelemetrySpan, OpenTelemetryTraceApi } from "./correlation/open-telemetry.js";
export type { RequestContext } from "./correlation/request-context.js";
export type { AuditHealth, AuditSinkHealth, AuditSinkStats } from "./delivery/audit-health.js";
export type { AuditStats } from "./delivery/audit-writer.js";
export { type AuditFailure, FAILURE_CHANNEL } from "./delivery/failure-report.js";
export type { OpenTelemetryApi, OpenTelemetryMeter } from "./exporters/open-telemetry-meter.js";
export type { PrometheusClient, PrometheusRegistry } from "./exporters/prometheus-client.js";
export type { AuditFieldOptions } from "./fields/read-fields.js";
export type { FileRetentionOptions, FileRotationOptions } from "./files/read-file-keeping.js";
export { getRequestContext } from "./get-request-context.js";
export { getRequestId } from "./get-request-id.js";
export type { AuditMetrics } from "./metrics/audit-metrics.js";
export {
  type OpenTelemetryMetricsOptions,
  openTelemetryMetrics,
} from "./open-telemetry-metrics.js";
export type { AuditPrivacyOptions } from "./privacy/read-privacy.js";
export type { AuditPseudonymKey } from "./privacy/read-pseudonym-keys.js";
export { type PrometheusMetricsOptions, prometheusMetrics } from "./prometheus-metrics.js";
export type { SampleOptions } from "./sampling/sample-options.js";
export type { AuditSchema } from "./schema/read-schema.js";
export type { AuditSink } from "./sinks/audit-sink.js";
export { type FileSinkOptions, fileSink } from "./sinks/file-sink.js";
export { stdoutSink } from "./sinks/stdout-sink.js";
