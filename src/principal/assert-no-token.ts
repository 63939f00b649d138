import type { Request } from "express";
import { requestState } from "../core/request/request-state.js";

/**
 * Throws when `oauthGuard` verified a token on this request: two answers to "who calls?" on one request would let a
 * caller pick the better one.
 */
export function assertNoToken(factory: string, req: Request): void {
  if (requestState(req).auth !== undefined) {
    throw new Error(
      `${factory} must not be mounted behind oauthGuard: only one of them may say who calls`,
    );
  }
}
