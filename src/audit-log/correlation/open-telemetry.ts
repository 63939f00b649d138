import { follow } from "../../core/calls/follow.js";
import { isThenable } from "../../core/calls/user-function.js";
import type { OptionsReader } from "../../core/options/options-reader.js";
import type { NewIds, TraceContext } from "./trace-context.js";

/** What is used of `@opentelemetry/api`, from version 1.2 on. */
export interface OpenTelemetryTraceApi {
  readonly trace: {
    /** The span that is active in the current context. */
    getActiveSpan(): OpenTelemetrySpan | undefined;
  };
}

/** What is used of a span. */
export interface OpenTelemetrySpan {
  spanContext(): {
    readonly traceId: string;
    readonly spanId: string;
    readonly traceFlags: number;
  };
}

/** Where the active span stands in its trace. */
type ActiveSpan = TraceContext & NewIds;

/** Looks for the active span. Never throws: whatever the tracing does, the request goes on. */
export type FindActiveSpan = () => ActiveSpan | undefined;

const TRACE_ID = /^(?!0{32})[0-9a-f]{32}$/;
const SPAN_ID = /^(?!0{16})[0-9a-f]{16}$/;

/** Whether the package itself is given in place of options: each of its exports would be a problem. */
export function isOpenTelemetryApi(value: unknown): boolean {
  return typeof (value as { createContextKey?: unknown } | null)?.createContextKey === "function";
}

/** Reads `trace.openTelemetry`. Without it, no span is looked for. */
export function readOpenTelemetry(
  reader: OptionsReader<"openTelemetry">,
): FindActiveSpan | undefined {
  const api = reader.raw("openTelemetry");
  if (api === undefined) return undefined;
  let trace: OpenTelemetryTraceApi["trace"] | undefined;
  try {
    const given = (api as Partial<OpenTelemetryTraceApi> | null)?.trace;
    if (typeof given?.getActiveSpan === "function") trace = given;
  } catch {
    // An object that does not let itself be read.
  }
  if (trace === undefined) {
    const fix = "write openTelemetry: api, what the app itself imports, version 1.2 or later";
    reader.problem("openTelemetry", "the module @opentelemetry/api", fix);
    return undefined;
  }
  return createFindActiveSpan(trace);
}

/** Makes the function that looks for the active span. What is no valid context of a span counts as none. */
function createFindActiveSpan(trace: OpenTelemetryTraceApi["trace"]): FindActiveSpan {
  return function findActiveSpan() {
    try {
      const span = trace.getActiveSpan();
      if (span === undefined || span === null || isPromised(span)) return undefined;
      const context = span.spanContext();
      if (isPromised(context)) return undefined;
      const { traceId, spanId, traceFlags } = context;
      if (typeof traceId !== "string" || !TRACE_ID.test(traceId)) return undefined;
      if (typeof spanId !== "string" || !SPAN_ID.test(spanId)) return undefined;
      // Sampled, and random as a whole: the flags that the specification knows.
      const flags = Number.isInteger(traceFlags) ? traceFlags & 3 : 0;
      return { traceId, spanId, flags: `0${flags}` };
    } catch {
      return undefined;
    }
  };
}

/** A promise comes too late for a request. Nobody else handles its rejection, which would end the process. */
function isPromised(value: unknown): boolean {
  if (!isThenable(value)) return false;
  follow(value, ignore, ignore);
  return true;
}

function ignore(): void {}
