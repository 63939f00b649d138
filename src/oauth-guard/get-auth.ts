import type { Request } from "express";
import { type AccessTokenClaims, type Auth, verifiedAuth } from "./token/auth.js";

/**
 * What `oauthGuard` verified about the request. Unlike `req.auth`, nothing else can have put it
 * there.
 *
 * @returns `null` when the guard ran and let the request pass without a token: it is optional, or
 * in report mode.
 * @throws Error when no `oauthGuard` ran for this request, which is a mistake in the app.
 */
export function getAuth<Claims = AccessTokenClaims>(req: Request): Auth<Claims> | null {
  const auth = verifiedAuth.get(req) as Auth<Claims> | null | undefined;
  if (auth !== undefined) return auth;
  throw new Error("getAuth: no oauthGuard ran for this request; mount it before the handler");
}
