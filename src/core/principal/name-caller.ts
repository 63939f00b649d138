import type { Request } from "express";
import { requestSlot } from "../request/request-slot.js";
import { identifiedCaller, isSomebody, staysEnriched } from "./enrichment.js";
import {
  getPrincipal,
  hasPrincipalSource,
  type Principal,
  setPrincipalSource,
} from "./principal.js";

/** Which way gave the principal of the request, and whether it was only tried out. */
interface Origin {
  readonly way: string;
  readonly enforced: boolean;
}

/** A way to learn who calls. Two of one name are one way: what it is asked later counts. */
export interface CallerWay {
  readonly name: string;
  /** Made once: requests share them. */
  readonly enforced: Origin;
  readonly tried: Origin;
}

const origin = requestSlot<Origin | undefined>("principalOrigin");

/** The place in a list of ways that is being asked at the moment. */
const place = requestSlot<CallerWay | undefined>("callerWay");

/** Makes a way to learn who calls. By name, because copies of this library share the requests. */
export function createCallerWay(name: string): CallerWay {
  return Object.freeze({
    name,
    enforced: Object.freeze({ way: name, enforced: true }),
    tried: Object.freeze({ way: name, enforced: false }),
  });
}

/**
 * Says that what is asked next stands in a list of ways: there each entry is a way of its own, also two of one kind.
 * `undefined` ends the list.
 */
export function enterWay(req: object, way: CallerWay | undefined): void {
  place.set(req, way);
}

/** The way by which `own` is asked now. Ask before anything is waited for. */
export function currentWay(req: Request, own: CallerWay): CallerWay {
  return place.get(req) ?? own;
}

/**
 * Says who calls, `null` for nobody. Of several ways, the one that names a caller counts, in whatever order they come;
 * the silence of one does not take away the caller of another. If one way is asked twice, its later answer counts.
 *
 * A way in report mode (`enforced: false`) fills an empty place and changes nothing else, and what an enforced way says
 * replaces it: trying a way out decides nothing. Behind an enforcing `enrichPrincipal` that has found nobody, no place is empty.
 *
 * The request of who is named passes through `passEnriched`.
 *
 * @throws MountingError when `enrichPrincipal` has added something to another caller.
 * @returns `false`, with nothing changed, when another way has named a caller as well: of two answers a client could
 * pick the better one, so an enforced way must refuse the request.
 */
export function nameCaller(
  req: Request,
  way: CallerWay,
  enforced: boolean,
  principal: Principal | null,
): boolean {
  const earlier = origin.get(req);
  const stays = earlier !== undefined && (earlier.enforced || !enforced);
  if (stays && earlier.way !== way.name) {
    if (!isSomebody(principal)) return true;
    // While what belongs to the caller is looked up, it is withdrawn: for a report it is named all the same.
    if (isSomebody(enforced ? getPrincipal(req) : identifiedCaller(req))) return false;
  }
  // What an enforced way says replaces what was there, and what was added to that.
  if (enforced && isSomebody(principal) && staysEnriched(req, principal)) return true;
  if (enforced) {
    setPrincipalSource(req, principal);
    // Silence is no answer that another way could contradict.
    origin.set(req, principal === null ? undefined : way.enforced);
  } else if (principal !== null && !hasPrincipalSource(req)) {
    setPrincipalSource(req, principal);
    origin.set(req, way.tried);
  }
  return true;
}

/** Whether the caller was named by a way in report mode alone: trying it out decides nothing. */
export function isCallerTried(req: Request): boolean {
  return origin.get(req)?.enforced === false;
}
