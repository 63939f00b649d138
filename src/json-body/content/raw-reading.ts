import type { AnswerWatcher } from "../../core/answer/watch-answer.js";
import { isExpress4 } from "../../core/app/app-layers.js";
import { recordReportedChange } from "../../core/decision/report-mode.js";
import type { ParsedRequest } from "../../core/http/request-body.js";

/**
 * For report mode: says when something reads the bytes of a body that `jsonBody` would have read. Asked just before the
 * answer is sent, because by then the body has been read by those who want it.
 */
export function createRawReadingWatcher(guard: string): AnswerWatcher {
  return {
    onHead(req, _res, status, fields) {
      // A parser that refuses a body leaves as little as one that reads bytes, and any client can bring that about.
      if (status < 400 && isReadRaw(req))
        recordReportedChange(req, { guard, reason: "raw_body_read" });
      return fields;
    },
  };
}

/**
 * Whether the app has the bytes of the body, or reads them: from `express.raw()` or `express.text()`, from a `verify`
 * function that kept them in `rawBody`, which is the usual name, or by itself.
 */
function isReadRaw(req: ParsedRequest & { readonly rawBody?: unknown }): boolean {
  if (isRaw(req.rawBody) || isRaw(req.body)) return true;
  // Those of Express 4 put this mark before they read. Those of Express 5 put nothing but what they have parsed.
  if (req._body === true || isParsed(req)) return false;
  return req.readableEnded || req.readableFlowing === true;
}

/** Whether a parser left something. On Express 4 one that reads other media types leaves an empty object. */
function isParsed(req: ParsedRequest): boolean {
  const body: unknown = req.body;
  if (!isExpress4(req.app)) return body !== undefined;
  return typeof body === "object" && body !== null && Object.keys(body).length > 0;
}

function isRaw(value: unknown): boolean {
  return typeof value === "string" || value instanceof Uint8Array;
}
