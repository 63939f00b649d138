import type { Request, Response } from "express";
import { dropHeadFields, type HeadFields, headValue } from "../../core/answer/head-fields.js";
import type { AnswerWatcher } from "../../core/answer/watch-answer.js";
import { cspNonce } from "./nonce.js";

const POLICIES = ["content-security-policy", "content-security-policy-report-only"];
const NOT_MODIFIED = 304;

/**
 * Keeps a nonce together with the page that it stands in.
 *
 * A 304 has no page: browsers keep the one they have and would take the new policy over to it (RFC 9111 §4.3.4), so that
 * none of its scripts ran.
 *
 * @param isPrivate - Whether answers that say nothing about caches get `Cache-Control: private`.
 */
export function createNonceWatcher(isPrivate: boolean): AnswerWatcher {
  return {
    onHead(req, res, status, fields) {
      if (status === NOT_MODIFIED) return withoutPolicies(req, res, fields);
      if (isPrivate && headValue(res, fields, "cache-control") === undefined)
        res.setHeader("Cache-Control", "private");
      return fields;
    },
  };
}

function withoutPolicies(req: Request, res: Response, fields: HeadFields): HeadFields {
  const nonce = cspNonce.get(req);
  if (nonce === undefined) return fields;
  const found = POLICIES.filter((name) => String(headValue(res, fields, name)).includes(nonce));
  for (const name of found) res.removeHeader(name);
  return dropHeadFields(fields, new Set(found));
}
