import type { Request } from "express";
import type { CorsRequest } from "../../core/decision/decision.js";
import { isToken } from "../../core/http/header-values.js";

/** An origin as browsers write it, those of extensions and local files included: no path, no user, no capitals. */
const LIKE_ORIGIN = /^(?:null|[a-z][a-z\d+.-]*:\/\/(?:\[[\da-f:.]+\]|[a-z\d._-]*)(?::\d{1,5})?)$/;
const LONGEST_ORIGIN = 200;
const LONGEST_NAME = 64;
const MOST_NAMES = 8;
/** For what no browser sends. */
const MALFORMED = "malformed";

/**
 * What the page asked for, as decisions may tell it: the names of input, bounded and of harmless characters.
 *
 * @param refused - The header names that are not allowed, if it is a preflight.
 */
export function corsRequestOf(req: Request, refused?: readonly string[]): CorsRequest {
  const { origin } = req.headers;
  const known = origin === undefined ? {} : { origin: originOf(origin) };
  if (refused === undefined) return Object.freeze(known);
  const method = nameOf(req.headers["access-control-request-method"] ?? "");
  if (refused.length === 0) return Object.freeze({ ...known, method });
  const headers = Object.freeze(refused.slice(0, MOST_NAMES).map(nameOf));
  return Object.freeze({ ...known, method, headers });
}

function originOf(text: string): string {
  return text.length <= LONGEST_ORIGIN && LIKE_ORIGIN.test(text) ? text : MALFORMED;
}

function nameOf(text: string): string {
  return isToken(text) && text.length <= LONGEST_NAME ? text : MALFORMED;
}
