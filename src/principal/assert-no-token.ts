import type { Request } from "express";
import { MountingError } from "../core/calls/mounting-error.js";
import { authenticator } from "../core/principal/principal.js";

/**
 * Throws when `oauthGuard` verified a token on this request: two answers to "who calls?" on one request would let a
 * caller pick the better one.
 */
export function assertNoToken(factory: string, req: Request): void {
  if (authenticator.get(req) === "oauthGuard") {
    throw new MountingError(
      `${factory} must not be mounted behind oauthGuard: only one of them may say who calls`,
    );
  }
}
