import type { Request, Response } from "express";
import { changeHeadFields, type HeadFields, headValue } from "../../core/answer/head-fields.js";
import { type AnswerWatcher, watchAnswer } from "../../core/answer/watch-answer.js";
import { warnAboutApp } from "../../core/app/app-warning.js";
import { requestSlot } from "../../core/request/request-slot.js";
import type { CorsGrant } from "./cors-policy.js";

const NAMES = ["access-control-allow-origin", "access-control-allow-credentials"] as const;

/** Of two `secureHeaders`, the inner one decides. */
const decided = requestSlot<CorsGrant>("corsDecided");

/** The field cannot be taken out of what `writeHead` is given. This one lets nobody in (RFC 6761 §6.4). */
const NOBODY = { [NAMES[0]]: "https://origin.invalid", [NAMES[1]]: "false" } as const;

const OVERRIDDEN =
  "secureHeaders: something behind it, such as the package cors, lets pages of other origins read answers that cors.origins does not. Its Access-Control-Allow-Origin and Access-Control-Allow-Credentials were taken away. Remove it; name the origin in cors.origins; or mount secureHeaders({ cors }) on the paths where more origins may read.";

const watcher: AnswerWatcher = Object.freeze({
  onHead(req, res, _status, fields) {
    const grant = decided.get(req);
    if (grant === undefined) return fields;
    const kept = keep(res, fields, NAMES[0], grant.origin);
    return keep(res, kept, NAMES[1], grant.credentials);
  },
} satisfies AnswerWatcher);

/**
 * Makes what was decided about the origin of this request final: whatever the app sets behind it, the answer lets no other
 * page read it. Less than was decided stays less.
 */
export function keepCors(req: Request, res: Response, grant: CorsGrant): void {
  decided.set(req, grant);
  watchAnswer(req, res, watcher);
}

function keep(
  res: Response,
  fields: HeadFields,
  name: (typeof NAMES)[number],
  value: string | undefined,
): HeadFields {
  const sent = headValue(res, fields, name);
  if (sent === undefined || sent === value || isHarmless(name, sent)) return fields;
  warnAboutApp(res.req, "EXPRESS_SECURE_API_CORS_OVERRIDDEN", OVERRIDDEN);
  if (value === undefined) res.removeHeader(name);
  else res.setHeader(name, value);
  return changeHeadFields(fields, name, () => value ?? NOBODY[name]);
}

/** Anything but `true` allows no credentials (https://fetch.spec.whatwg.org/#http-access-control-allow-credentials). */
function isHarmless(name: string, sent: unknown): boolean {
  return name === NAMES[1] && String(sent) !== "true";
}
