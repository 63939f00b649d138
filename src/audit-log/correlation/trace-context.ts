import { randomFillSync } from "node:crypto";

/** Where a request stands in a trace. */
export interface TraceContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** `01`: the caller samples the trace. `02`: its id is random as a whole, as of level 2. `03`: both. */
  readonly flags: string;
}

/** Ids of our own. */
export interface NewIds {
  /** Of a trace that begins here, random as a whole, as level 2 of the specification asks: 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
}

// Of the process, not of a log: random bytes are drawn in bulk, because each draw is a system call, and what was given
// out is never given out again, whoever asks.
const pool = Buffer.alloc(4096);
let used = pool.length;

/** Of a trace that begins here: nobody samples it, and its id is random as a whole. */
export const NEW_TRACE_FLAGS = "02";

const SAMPLED = 1;
const RANDOM = 2;
const TRACE_BYTES = 16;
const SPAN_BYTES = 8;
const NO_TRACE = "0".repeat(2 * TRACE_BYTES);
const NO_SPAN = "0".repeat(2 * SPAN_BYTES);

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/**
 * Reads a `traceparent` field.
 *
 * @returns `undefined` when it is not exactly what the specification allows: the trace starts anew then.
 * @see https://www.w3.org/TR/trace-context/#traceparent-header-field-values
 * @see https://www.w3.org/TR/trace-context-2/#trace-flags
 */
export function parseTraceparent(value: unknown): TraceContext | undefined {
  if (typeof value !== "string" || value.length > 512) return undefined;
  const [, version = "", traceId = "", parentId = "", flags = "", rest] =
    TRACEPARENT.exec(value) ?? [];
  // Version 00 ends after the flags; a later one may go on; ff is forbidden.
  if (version === "" || version === "ff" || (version === "00" && rest !== undefined))
    return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(parentId)) return undefined;
  // Of a later version no flag is known but the first, which all have in common.
  const known = version === "00" ? SAMPLED | RANDOM : SAMPLED;
  return { traceId, flags: `0${Number.parseInt(flags, 16) & known}` };
}

/** Draws a trace id and a span id. Neither is all zero, which the specification forbids. */
export function newIds(): NewIds {
  if (used + TRACE_BYTES + SPAN_BYTES > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const digits = pool.toString("hex", used, used + TRACE_BYTES + SPAN_BYTES);
  used += TRACE_BYTES + SPAN_BYTES;
  const traceId = digits.slice(0, 2 * TRACE_BYTES);
  const spanId = digits.slice(2 * TRACE_BYTES);
  return traceId === NO_TRACE || spanId === NO_SPAN ? newIds() : { traceId, spanId };
}
