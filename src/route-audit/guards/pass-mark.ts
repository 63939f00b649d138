import type { Request } from "express";
import { brandOf } from "../discovery/handler.js";
import { type EffectiveGuard, effectiveGuards, effectOn, isProtection } from "./effective-guard.js";

/** What the handler stands for, for each that was asked about. */
const known = new WeakMap<object, readonly EffectiveGuard[]>();

/**
 * Whether a request that this handler hands on may go to the handler of a route: it, or a part of it, is a guard that
 * protects and runs for the request, or that a pattern keeps from running, or it declares the route public.
 */
export function letsPass(handle: unknown, req: Request): boolean {
  if (typeof handle !== "function") return false;
  let guards = known.get(handle);
  if (guards === undefined) {
    const mark = brandOf(handle);
    guards = mark === undefined ? [] : effectiveGuards(mark).filter(matters);
    known.set(handle, guards);
  }
  return guards.some((guard) => {
    const effect = effectOn(guard, req);
    return effect === "runs" || (effect !== "elsewhere" && isProtection(guard.description));
  });
}

function matters({ description }: EffectiveGuard): boolean {
  return isProtection(description) || description.kind === "public";
}
