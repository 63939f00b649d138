import { randomUUID } from "node:crypto";

/** Where a request stands in a trace. */
export interface TraceContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** `01` when the caller samples the trace, else `00`. */
  readonly flags: string;
}

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

/** A trace of our own. Its last 56 bits are random, as level 2 of the specification asks. */
export function newTrace(): TraceContext {
  return { traceId: randomUUID().replaceAll("-", ""), flags: "00" };
}

/** A new span id: 16 hexadecimal digits, never all zero. */
export function newSpanId(): string {
  const id = randomUUID();
  return id.slice(19, 23) + id.slice(24);
}
