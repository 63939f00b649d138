import type { AuditSink } from "../sinks/audit-sink.js";
import { DirectTransport } from "../sinks/direct-transport.js";

/** Warns of transports that write lines of their own in place of those that were hashed and signed. */
export function warnOfFormats(sinks: readonly AuditSink[]): void {
  sinks.forEach((sink, position) => {
    const { format } = sink as { readonly format?: unknown };
    if (sink instanceof DirectTransport || format === undefined || format === null) return;
    process.emitWarning(
      `auditLog.sinks[${position}] has a format: verify-log cannot check the lines that it writes.`,
      { code: "EXPRESS_SECURE_API_AUDIT_FORMAT" },
    );
  });
}
