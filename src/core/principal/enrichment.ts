import type { Request } from "express";
import { MountingError } from "../calls/mounting-error.js";
import { requestSlot } from "../request/request-slot.js";
import {
  getPrincipal,
  hasPrincipalSource,
  type Principal,
  setPrincipalSource,
} from "./principal.js";

/** What has been added to the caller of one request, by middlewares that enforce. */
interface Enrichment {
  /** The caller as it was named; `null` when there was nobody to add something to. */
  readonly base: Principal | null;
  /** With what was added; `null` while that is being looked up, and for good when it failed. */
  readonly principal: Principal | null;
  /** Which middlewares have added something. */
  readonly by: readonly object[];
}

/** What middlewares in report mode would have made of the caller. */
type TriedEnrichment = Enrichment;

const enrichment = requestSlot<Enrichment>("enrichment");
const tried = requestSlot<TriedEnrichment>("triedEnrichment");

const TOO_LATE =
  "enrichPrincipal stands in front of what names the caller, and so has added nothing to it: mount it behind the last oauthGuard, session or principalFrom";

/** Whether this middleware has seen to the caller already, as when it is mounted twice. */
export function isEnriched(req: Request, principal: Principal, by: object): boolean {
  const isIts = (state: Enrichment | undefined): boolean =>
    state !== undefined && state.principal === principal && state.by.includes(by);
  return isIts(enrichment.get(req)) || isIts(tried.get(req));
}

/**
 * Says that there was nobody to add something to. Who is named later has come too late: for a way that enforces that is a
 * fault, and who is named by one in report mode stays nobody, because nothing was added.
 */
export function noteNobody(req: Request): void {
  if (!hasPrincipalSource(req)) setPrincipalSource(req, null);
  if (enrichment.get(req) === undefined) {
    enrichment.set(req, { base: null, principal: null, by: [] });
  }
}

/**
 * Takes the caller away until what belongs to it is there: nobody gets to see it without, whatever fails in between.
 * The audit log still knows whose request it is: see {@link identifiedCaller}.
 */
export function withdrawCaller(req: Request, base: Principal): void {
  const earlier = enrichment.get(req);
  const named = earlier?.principal === base ? earlier : undefined;
  enrichment.set(req, { base: named?.base ?? base, principal: null, by: named?.by ?? [] });
  setPrincipalSource(req, null);
}

/** Gives the caller back, with what was added to it. */
export function enrichCaller(
  req: Request,
  base: Principal,
  principal: Principal,
  by: object,
): void {
  // Between the two, the caller was withdrawn or is still there.
  const earlier = enrichment.get(req);
  const named = earlier?.principal === base || earlier?.principal === null ? earlier : undefined;
  enrichment.set(req, {
    base: named?.base ?? base,
    principal,
    by: [...(named?.by ?? []), by],
  });
  setPrincipalSource(req, principal);
}

/**
 * Whether the caller that is named now is the one to whom something was added before: it stays as it is.
 *
 * @throws {@link MountingError} when it is another one: nothing was added to it, and a role such as "suspended" would be
 * missing.
 */
export function staysEnriched(req: Request, principal: Principal): boolean {
  const state = enrichment.get(req);
  if (state === undefined) return false;
  if (state.base === principal && state.principal !== null) return true;
  throw new MountingError(TOO_LATE);
}

/**
 * Keeps what a middleware in report mode would have made of the caller: only guards in that mode see it.
 *
 * @param seen - The caller that it was asked about. What it found is of no other, who may have been named meanwhile.
 */
export function tryEnrichment(
  req: Request,
  seen: Principal,
  principal: Principal | null,
  by: object,
): void {
  if (reportedPrincipal(req) !== seen) return;
  const base = getPrincipal(req);
  const earlier = tried.get(req);
  const others = earlier?.base === base ? earlier.by : [];
  tried.set(req, { base, principal, by: [...others, by] });
}

/** The caller as guards in report mode see it: with what is only tried out. */
export function reportedPrincipal(req: Request): Principal | null {
  const principal = getPrincipal(req);
  const state = tried.get(req);
  return state !== undefined && state.base === principal ? state.principal : principal;
}

/** Whose request it is, for records: also while the caller is withdrawn, or when it is so for good. */
export function identifiedCaller(req: Request): Principal | null {
  return getPrincipal(req) ?? enrichment.get(req)?.base ?? null;
}
