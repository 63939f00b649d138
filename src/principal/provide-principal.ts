import type { Request } from "express";
import type { Guard } from "../core/guard/guard.js";
import {
  hasPrincipalSource,
  type Principal,
  setPrincipalSource,
} from "../core/principal/principal.js";

/**
 * Sets who calls. The later of two enforcing sources counts, also when it says "nobody"; a source in report mode only
 * fills an empty place, so that trying it out changes no decision.
 */
export function providePrincipal(guard: Guard, req: Request, principal: Principal | null): void {
  if (guard.enforced || !hasPrincipalSource(req)) setPrincipalSource(req, principal);
}
