import type { Request, Response } from "express";
import { type AnswerWatcher, watchAnswer } from "../../core/answer/watch-answer.js";

const FIELD = "X-Powered-By";

const WATCHER: AnswerWatcher = {
  onHead(_req, res, _status, fields) {
    if (res.getHeader(FIELD) === "Express") res.removeHeader(FIELD);
    return fields;
  },
};

/**
 * Keeps `X-Powered-By: Express` away from the answer. Each app that is mounted in another one sets it again when the
 * request enters it, before any middleware of its own could be asked.
 */
export function keepPoweredByAway(req: Request, res: Response): void {
  watchAnswer(req, res, WATCHER);
}
