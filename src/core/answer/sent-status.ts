import type { Request, Response } from "express";
import { requestSlot } from "../request/request-slot.js";
import { type AnswerWatcher, watchAnswer } from "./watch-answer.js";

const sent = requestSlot<number>("sentStatus");

const WATCHER: AnswerWatcher = {
  onHead(req, _res, status, fields) {
    // As Node takes it; what it refuses is not sent, and the next try is kept in its place.
    sent.set(req, status | 0);
    return fields;
  },
};

/**
 * Keeps the status that is sent: `res.statusCode` may be changed afterwards, to anything, and Node only has to send the
 * first one.
 */
export function watchStatus(req: Request, res: Response): void {
  watchAnswer(req, res, WATCHER);
}

/** The status that was sent; `undefined` when no answer was begun: the status of an unsent answer is a mere default. */
export function sentStatus(res: Response): number | undefined {
  if (!res.headersSent) return undefined;
  const status: unknown = sent.get(res.req) ?? res.statusCode;
  return isStatus(status) ? status : undefined;
}

/** RFC 9110 §15: three digits. Node sends no other. */
function isStatus(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 100 && (value as number) <= 999;
}
