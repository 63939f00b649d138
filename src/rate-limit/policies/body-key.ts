import type { Request } from "express";
import { wrongReturn } from "../../core/calls/user-function.js";
import { isUnsafe } from "../../core/http/first-party.js";
import {
  hasContent,
  isStopgap,
  judgedBodyOf,
  type ParsedRequest,
  wasRead,
} from "../../core/http/request-body.js";

import { foldName } from "./fold-name.js";

/** Why a policy that counts by a member of the body cannot count a request. The client can do something about each. */
export type BodyFault = "missing_body" | "unread_body" | "unusable_key";

/** Longer names of accounts are none, and folding one takes time. */
const LONGEST_NAME = 1024;
/**
 * The request with its body for the functions of a policy; `undefined` when there is no body, nor need be one; else what
 * is wrong. A request without its body is never counted by something else: the client chooses the media type.
 *
 * @param enforced - In report mode parsers give the body back, and tell what they would have parsed.
 */
export function withParsedBody(
  req: ParsedRequest,
  enforced: boolean,
): Request | BodyFault | undefined {
  const body: unknown = req.body;
  if (isFilled(body)) return req;
  if (!hasContent(req)) {
    return isUnsafe(req) ? "missing_body" : undefined;
  }
  if (!wasRead(req)) {
    const judged = enforced ? undefined : judgedBodyOf(req);
    if (judged === undefined) return "unread_body";
    if (judged.value === undefined) return "missing_body";
    // Nobody may see the body on the request itself.
    return Object.create(req, { body: { value: judged.value } }) as Request;
  }
  if (body === undefined || isStopgap(req)) return "missing_body";
  return isParsed(body) ? req : "unread_body";
}

/** Types that no body has: a key function that returns one is wrong. */
const FOREIGN_TYPES: ReadonlySet<string> = new Set(["symbol", "function", "bigint"]);

/**
 * A key of the body, folded so that other spellings of one name have no quota of their own; `undefined` for none, `null`
 * for what cannot be a name. The client chose it, so it is no fault of the app.
 *
 * @throws TypeError when no client can have sent it.
 */
export function foldBodyKey(option: string, value: unknown): string | undefined | null {
  if (value === undefined) return undefined;
  if (FOREIGN_TYPES.has(typeof value)) throw wrongReturn(option, "a string or undefined", value);
  if (typeof value !== "string" || value.length > LONGEST_NAME) return null;
  return foldName(value);
}

function isFilled(body: unknown): boolean {
  return isParsed(body) && Object.keys(body).length > 0;
}

function isParsed(body: unknown): body is object {
  return typeof body === "object" && body !== null && !ArrayBuffer.isView(body);
}
