import { randomFillSync } from "node:crypto";

/** Where a request stands in a trace. */
export interface TraceContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** `01` when the caller samples the trace, else `00`. */
  readonly flags: string;
}

const pool = Buffer.alloc(4096);
let used = pool.length;

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/**
 * Reads a `traceparent` field.
 *
 * @returns `undefined` when it is not exactly what the specification allows: the trace starts anew then.
 * @see https://www.w3.org/TR/trace-context/#traceparent-header-field-values
 */
export function parseTraceparent(value: unknown): TraceContext | undefined {
  if (typeof value !== "string" || value.length > 512) return undefined;
  const [, version = "", traceId = "", parentId = "", flags = "", rest] =
    TRACEPARENT.exec(value) ?? [];
  // Version 00 ends after the flags; a later one may go on; ff is forbidden.
  if (version === "" || version === "ff" || (version === "00" && rest !== undefined))
    return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(parentId)) return undefined;
  return { traceId, flags: (Number.parseInt(flags, 16) & 1) === 1 ? "01" : "00" };
}

/** A trace of our own, random as a whole, as level 2 of the specification asks. */
export function newTrace(): TraceContext {
  return { traceId: randomHex(16), flags: "00" };
}

/** A new span id: 16 hexadecimal digits. */
export function newSpanId(): string {
  return randomHex(8);
}

/** Random bytes as hexadecimal digits, never all zero. They are drawn in bulk: each draw is a system call. */
function randomHex(bytes: number): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const text = pool.toString("hex", used, used + bytes);
  used += bytes;
  return /[^0]/.test(text) ? text : randomHex(bytes);
}
