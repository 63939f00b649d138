import type { NextFunction, Request, Response } from "express";
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

/** Adds to the caller of now what could be added to nobody before. Calls `next`, or refuses the request. */
export type OwedEnrichment = (req: Request, res: Response, next: NextFunction) => void;

/** What middlewares in report mode would have made of the caller. */
type TriedEnrichment = Enrichment;

const enrichment = requestSlot<Enrichment>("enrichment");
const tried = requestSlot<TriedEnrichment>("triedEnrichment");

/** What there was nobody to do for: it is done for who is named next. */
const owedOf = requestSlot<OwedEnrichment[] | undefined>("owedEnrichment");

const TOO_LATE =
  "enrichPrincipal has added something to one caller, and then another one was named, to whom it has added nothing: mount it behind the last oauthGuard, session or principalFrom";

/** Whether this middleware has seen to the caller already, as when it is mounted twice. */
export function isEnriched(req: Request, principal: Principal, by: object): boolean {
  const isIts = (state: Enrichment | undefined): boolean =>
    state !== undefined && state.principal === principal && state.by.includes(by);
  return isIts(enrichment.get(req)) || isIts(tried.get(req));
}

/**
 * Says that there was nobody to add something to. For who is named later, `owed` is done then: see {@link passEnriched}.
 *
 * @param enforced - Then who is named by a way in report mode stays nobody, because nothing was added.
 */
export function noteNobody(req: Request, enforced: boolean, owed: OwedEnrichment): void {
  const all = owedOf.get(req);
  if (all === undefined) owedOf.set(req, [owed]);
  else all.push(owed);
  if (!enforced) return;
  if (!hasPrincipalSource(req)) setPrincipalSource(req, null);
  if (enrichment.get(req) === undefined) {
    enrichment.set(req, { base: null, principal: null, by: [] });
  }
}

/**
 * Lets a request pass whose caller was just named: not before it has what earlier middlewares could add to nobody. What
 * names a caller must not call `next` by itself.
 */
export function passEnriched(req: Request, res: Response, next: NextFunction): void {
  const owed = owedOf.get(req);
  if (owed === undefined || !isSomebody(getPrincipal(req))) {
    next();
    return;
  }
  owedOf.set(req, undefined);
  let index = 0;
  const advance: NextFunction = (error?: unknown) => {
    const add = owed[index];
    index += 1;
    if (error !== undefined) next(error);
    else if (add === undefined) next();
    else add(req, res, advance);
  };
  advance();
}

/**
 * Takes the caller away until what belongs to it is there: nobody gets to see it without, whatever fails in between.
 * The audit log still knows whose request it is: see {@link identifiedCaller}.
 */
export function withdrawCaller(req: Request, base: Principal): void {
  if (getPrincipal(req) !== base) return;
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
 * Whether the caller that is named now is the one to whom something was added before: it stays as it is. `false` as well
 * when there was nobody before, and what could not be added then is still to come.
 *
 * @throws {@link MountingError} when it is another one: nothing was added to it, and a role such as "suspended" would be
 * missing.
 */
export function staysEnriched(req: Request, principal: Principal): boolean {
  const state = enrichment.get(req);
  if (state === undefined) return false;
  if (state.base === null && owedOf.get(req) !== undefined) return false;
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

/** An anonymous principal names nobody. */
export function isSomebody(principal: Principal | null): principal is Principal {
  return principal !== null && principal.kind !== "anonymous";
}
