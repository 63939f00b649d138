import type { Request } from "express";
import { refuseMounting } from "../core/calls/refuse-mounting.js";
import { cspNonce } from "./csp/nonce.js";

/**
 * The nonce of this answer, for `nonce="…"` of inline scripts and `<style>` elements. In templates it is `cspNonce`
 * (`res.locals.cspNonce`).
 *
 * @throws Error when no `secureHeaders({ csp: { nonce } })` ran for this request, which is a mistake in the app.
 */
export function getCspNonce(req: Request): string;
export function getCspNonce(req: Request, _res?: unknown, next?: unknown): string {
  if (next !== undefined) refuseMounting("getCspNonce", next);
  const nonce = cspNonce.get(req);
  if (nonce !== undefined) return nonce;
  throw new Error(
    "getCspNonce: no secureHeaders({ csp: { nonce: true } }) ran for this request; mount it before the handler",
  );
}
