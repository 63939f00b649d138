import type { Request, Response } from "express";
import { headValue } from "../../core/answer/head-fields.js";
import type { AnswerWatcher } from "../../core/answer/watch-answer.js";
import { cspNonce } from "./nonce.js";

const POLICIES = ["Content-Security-Policy", "Content-Security-Policy-Report-Only"];
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
      if (status === NOT_MODIFIED) removePolicies(req, res);
      else if (isPrivate && headValue(res, fields, "cache-control") === undefined)
        res.setHeader("Cache-Control", "private");
      return fields;
    },
  };
}

function removePolicies(req: Request, res: Response): void {
  const nonce = cspNonce.get(req);
  if (nonce === undefined) return;
  for (const name of POLICIES)
    if (String(res.getHeader(name)).includes(nonce)) res.removeHeader(name);
}
