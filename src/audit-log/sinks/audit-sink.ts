/**
 * Where records go: {@link stdoutSink}, {@link fileSink}, or any winston transport of your own. `auditLog` closes it.
 *
 * A transport must not have `level` or `silent` set, which would leave records out, and must not belong to a logger.
 */
export interface AuditSink extends NodeJS.EventEmitter {
  readonly level?: string | undefined;
  readonly silent?: boolean | undefined;
  log?(info: unknown, next: () => void): unknown;
  close?(): void;
}
