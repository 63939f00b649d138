import { assertNoArguments, assertNotMounted } from "../../core/options/uncalled-factory.js";
import type { AuditSink } from "./audit-sink.js";
import { StdoutTransport } from "./stdout-transport.js";

/**
 * A sink that writes each record to the standard output as one line of JSON, synchronously: what containers want.
 *
 * A reader of the pipe that is behind never stalls the API: up to 8 MiB of records wait for it, more are lost and
 * counted. An exit of the process waits up to one second for it.
 *
 * @throws {@link OptionsError} when it is given options, or mounted.
 */
export function stdoutSink(): AuditSink;
export function stdoutSink(...args: readonly unknown[]): AuditSink {
  assertNotMounted("stdoutSink", args[0], "auditLog({ sinks: [stdoutSink()] })");
  assertNoArguments("stdoutSink", args);
  return new StdoutTransport();
}
