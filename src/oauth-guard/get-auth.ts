import type { Request } from "express";
import { refuseMounting } from "../core/calls/refuse-mounting.js";
import { type AccessTokenClaims, type Auth, verifiedAuth } from "./token/auth.js";

/**
 * What `oauthGuard` verified about the request. Unlike `req.auth`, nothing else can have put it
 * there.
 *
 * @returns `null` when the guard let the request pass without looking at a token or without finding
 * one: it is optional, in report mode, or the route is a public one of the preset.
 * @throws Error when no `oauthGuard` ran for this request, which is a mistake in the app.
 */
export function getAuth<Claims = AccessTokenClaims>(req: Request): Auth<Claims> | null;
export function getAuth<Claims = AccessTokenClaims>(
  req: Request,
  _res?: unknown,
  next?: unknown,
): Auth<Claims> | null {
  if (next !== undefined) refuseMounting("getAuth", next);
  const auth = verifiedAuth.get(req) as Auth<Claims> | null | undefined;
  if (auth !== undefined) return auth;
  throw new Error("getAuth: no oauthGuard ran for this request; mount it before the handler");
}

/**
 * Says that no guard looks at the token of this request on purpose: `getAuth` answers `null`, so that
 * handlers can be shared by public and guarded routes.
 */
export function declareUnverified(req: Request): void {
  if (verifiedAuth.get(req) === undefined) verifiedAuth.set(req, null);
}
