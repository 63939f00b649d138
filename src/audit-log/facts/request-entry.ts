import { randomUUID } from "node:crypto";
import type { Request } from "express";
import { opens, type PathPattern } from "../../core/http/path-pattern.js";
import type { PeerCheck } from "../../core/http/trusted-peers.js";
import type { FindActiveSpan } from "../correlation/open-telemetry.js";
import {
  NEW_TRACE_FLAGS,
  newIds,
  parseTraceparent,
  type TraceContext,
} from "../correlation/trace-context.js";
import { scrubText } from "../text/scrub-text.js";

/** What has to be known from the beginning of a request. */
export interface RequestEntry {
  readonly requestId: string;
  readonly traceId: string;
  readonly traceFlags: string;
  /** Whether the client may have chosen it: the app's tracing takes over what anybody sends. */
  readonly traceChosen: boolean;
  readonly spanId: string;
  /** As received: later handlers may change `req.method`. */
  readonly method: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** Milliseconds of a clock that never jumps. */
  readonly startedTick: number;
  /** Kept, because a closed response has no connection any more. */
  readonly socket: Request["socket"];
  readonly bytesBefore: number;
  /** Whether there is no record of it when it succeeds. */
  readonly excepted: boolean;
  /** Among the requests that are open. */
  place: number;
  /** Clock and bytes when the answer was over, if the record is made later than that. */
  readonly ended?: { readonly tick: number; readonly bytes: number };
}

/** Whose ids are taken over, and from which header field. */
export interface CorrelationOptions {
  /** In lower case. */
  readonly idHeader: string;
  readonly trustsId: PeerCheck;
  readonly trustsTrace: PeerCheck;
  /** Absent: there is no tracing of the app. */
  readonly findActiveSpan?: FindActiveSpan | undefined;
}

const REQUEST_ID = /^[A-Za-z0-9._-]{8,64}$/;

/** Opens the entry of a request: ids, clocks, and the connection's address while it is there. */
export function openEntry(
  req: Request,
  correlation: CorrelationOptions,
  except: readonly PathPattern[],
): RequestEntry {
  const { socket } = req;
  // Node remembers the address once it was asked for: a closed connection could not tell it any more.
  void socket.remoteAddress;
  // The span of the app's tracing wins: it is there already, under the ids that its back end shows.
  const active = correlation.findActiveSpan?.();
  const { traceId, spanId } = active ?? newIds();
  const continued = active ?? inboundTrace(req, correlation);
  return {
    requestId: inboundId(req, correlation) ?? randomUUID(),
    traceId: continued?.traceId ?? traceId,
    traceChosen: active !== undefined && !correlation.trustsTrace(socket.remoteAddress),
    traceFlags: continued?.flags ?? NEW_TRACE_FLAGS,
    spanId,
    method: req.method,
    startedAt: Date.now(),
    startedTick: performance.now(),
    socket,
    bytesBefore: bytesWritten(socket),
    place: -1,
    excepted: except.length > 0 && except.some((pattern) => opens(pattern, req)),
  };
}

/** What the connection has sent so far; 0 where there is no real one, as in some serverless adapters. */
export function bytesWritten(socket: Request["socket"]): number {
  const bytes: number | undefined = socket.bytesWritten;
  return bytes ?? 0;
}

function inboundTrace(req: Request, { trustsTrace }: CorrelationOptions): TraceContext | undefined {
  const field = req.headers["traceparent"];
  if (field === undefined || !trustsTrace(req.socket.remoteAddress)) return undefined;
  return parseTraceparent(field);
}

function inboundId(req: Request, correlation: CorrelationOptions): string | undefined {
  const id = req.headers[correlation.idHeader];
  return typeof id === "string" &&
    correlation.trustsId(req.socket.remoteAddress) &&
    REQUEST_ID.test(id) &&
    // A credential in the wrong field: the record and the response would repeat it.
    scrubText(id) === id
    ? id
    : undefined;
}
