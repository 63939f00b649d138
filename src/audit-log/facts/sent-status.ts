import type { Response } from "express";

const SENT = Symbol("express-secure-api.audit-sent");

/** What stands on a response whose status is watched. */
interface Sent {
  status: number | undefined;
  /** The response's own, if it had one: that of its prototype may be replaced later, within this very request. */
  readonly writeHead: Response["writeHead"] | undefined;
}

type WatchedResponse = Response & { [SENT]?: Sent };

/**
 * Keeps the status that is sent: `res.statusCode` may be changed afterwards, to anything, and Node only has to send the
 * first one.
 */
export function watchStatus(res: Response): void {
  const watched = res as WatchedResponse;
  const own = Object.hasOwn(res, "writeHead") ? res.writeHead : undefined;
  watched[SENT] = { status: undefined, writeHead: own };
  watched.writeHead = writeHead as Response["writeHead"];
}

/** The status that was sent; `undefined` when no answer was begun: the status of an unsent answer is a mere default. */
export function sentStatus(res: Response): number | undefined {
  if (!res.headersSent) return undefined;
  const status: unknown = (res as WatchedResponse)[SENT]?.status ?? res.statusCode;
  return isStatus(status) ? status : undefined;
}

// One function for all responses: it finds what it needs on its own.
function writeHead(this: WatchedResponse, ...args: Parameters<Response["writeHead"]>): unknown {
  const sent = this[SENT] as Sent;
  const send = sent.writeHead ?? (Object.getPrototypeOf(this) as Response).writeHead;
  const result: unknown = send.apply(this, args);
  // Node has put the status there that it was called with.
  if (isStatus(this.statusCode)) sent.status ??= this.statusCode;
  return result;
}

/** RFC 9110 §15: three digits. Node sends no other. */
function isStatus(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 100 && (value as number) <= 999;
}
