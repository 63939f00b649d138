import { Server } from "node:http";

/**
 * Whether the HTTP instrumentation of OpenTelemetry is active, which measures requests itself: it replaces `emit` of
 * Node's HTTP servers by a function that is marked as wrapped.
 *
 * @see https://github.com/open-telemetry/opentelemetry-js/tree/main/experimental/packages/opentelemetry-instrumentation-http
 */
export function isHttpInstrumented(): boolean {
  const emit = Server.prototype.emit as { readonly __wrapped?: unknown };
  return emit.__wrapped === true;
}
