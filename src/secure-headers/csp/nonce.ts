import { randomBytes } from "node:crypto";
import type { Request, Response } from "express";
import { requestSlot } from "../../core/request/request-slot.js";

/**
 * Stands for the nonce of an answer in a text that was computed at start-up: a whole source, because no directive of the app
 * can have it. `{nonce}` alone may stand in a URL.
 */
export const NONCE_SOURCE = "'nonce-{nonce}'";

/** A multiple of 3, so that each nonce is the same number of characters of the pool. */
const BYTES = 18;
const LENGTH = (BYTES / 3) * 4;
const NONCES_PER_POOL = 256;
/** A nonce of the app itself, from a middleware in front. */
const USUAL = /^[\w+/-]{16,128}={0,2}$/;

/** The nonce of each answer. A second `secureHeaders` takes that of the first: the page has one. */
export const cspNonce = requestSlot<string>("cspNonce");

/**
 * Drawn at the first request, never at start-up: a process that begins from a snapshot must not have the pool of another one.
 * Of the process, because what is left of it need not be drawn for each factory.
 */
let pool = "";
let used = 0;

/**
 * The nonce of the answer: drawn once, also put into `res.locals.cspNonce` for templates.
 *
 * @param keepsLocals - Whether what stands there already is taken, because nothing that handlers see may change.
 */
export function nonceOf(req: Request, res: Response, keepsLocals: boolean): string {
  const known = cspNonce.get(req);
  if (known !== undefined) return known;
  // A router of Express that serves without an app has none.
  const { locals } = res as { locals?: Record<string, unknown> };
  const given = keepsLocals ? locals?.["cspNonce"] : undefined;
  const nonce = typeof given === "string" && USUAL.test(given) ? given : drawNonce();
  cspNonce.set(req, nonce);
  if (locals === undefined) res.locals = { cspNonce: nonce };
  else if (given === undefined) locals["cspNonce"] = nonce;
  return nonce;
}

/** 144 random bits as base64url: nothing in it that a template engine would escape. */
function drawNonce(): string {
  if (used === pool.length) {
    pool = randomBytes(BYTES * NONCES_PER_POOL).toString("base64url");
    used = 0;
  }
  const nonce = pool.slice(used, used + LENGTH);
  used += LENGTH;
  return nonce;
}
