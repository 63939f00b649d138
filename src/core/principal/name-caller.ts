import type { Request } from "express";
import { requestSlot } from "../request/request-slot.js";
import {
  getPrincipal,
  hasPrincipalSource,
  type Principal,
  setPrincipalSource,
} from "./principal.js";

/** A way to learn who calls. */
export type CallerSource = "oauthGuard" | "principalFrom";

/** Which way gave the principal of the request, and whether it was only tried out. */
interface Origin {
  readonly source: CallerSource;
  readonly enforced: boolean;
}

/** Made once: requests share them. */
const ENFORCED = originsOf(true);
const TRIED = originsOf(false);

const origin = requestSlot<Origin | undefined>("principalOrigin");

/**
 * Says who calls, `null` for nobody. Of the two ways, the one that names a caller counts, in whatever order they come;
 * the silence of one does not take away the caller of the other. If one way is asked twice, its later answer counts.
 *
 * A way in report mode (`enforced: false`) fills an empty place and changes nothing else, and what an enforced way says
 * replaces it: trying a way out decides nothing.
 *
 * @returns `false`, with nothing changed, when the other way has named a caller as well: of two answers a client could
 * pick the better one, so an enforced way must refuse the request.
 */
export function nameCaller(
  req: Request,
  source: CallerSource,
  enforced: boolean,
  principal: Principal | null,
): boolean {
  const earlier = origin.get(req);
  const stays = earlier !== undefined && (earlier.enforced || !enforced);
  if (stays && earlier.source !== source) {
    const named = isNamed(principal);
    if (named && isNamed(getPrincipal(req))) return false;
    if (!named) return true;
  }
  if (enforced) {
    setPrincipalSource(req, principal);
    // Silence is no answer that the other way could contradict.
    origin.set(req, principal === null ? undefined : ENFORCED[source]);
  } else if (principal !== null && !hasPrincipalSource(req)) {
    setPrincipalSource(req, principal);
    origin.set(req, TRIED[source]);
  }
  return true;
}

/** Whether the caller was named by a way in report mode alone: trying it out decides nothing. */
export function isCallerTried(req: Request): boolean {
  return origin.get(req)?.enforced === false;
}

/** An anonymous principal names nobody. */
function isNamed(principal: Principal | null): boolean {
  return principal !== null && principal.kind !== "anonymous";
}

function originsOf(enforced: boolean): Readonly<Record<CallerSource, Origin>> {
  const originOf = (source: CallerSource): Origin => Object.freeze({ source, enforced });
  return Object.freeze({
    oauthGuard: originOf("oauthGuard"),
    principalFrom: originOf("principalFrom"),
  });
}
