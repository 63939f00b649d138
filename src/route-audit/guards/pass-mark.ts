import type { Request } from "express";
import { brandOf } from "../discovery/handler.js";
import { type EffectiveGuard, effectiveGuards, isProtection } from "./effective-guard.js";
import { GuardIndex } from "./guard-index.js";

/** What the handler stands for, for each that was asked about. */
const known = new WeakMap<object, GuardIndex>();

/**
 * Whether a request that this handler hands on may go to the handler of a route: it, or a part of it, is a guard that
 * protects and runs for the request, or that a pattern keeps from running, or it declares the route public.
 */
export function letsPass(handle: unknown, req: Request): boolean {
  if (typeof handle !== "function") return false;
  let index = known.get(handle);
  if (index === undefined) {
    const mark = brandOf(handle);
    index = new GuardIndex(mark === undefined ? [] : effectiveGuards(mark).filter(matters));
    known.set(handle, index);
  }
  if (index.guards.length === 0) return false;
  return index
    .effectsOn(req)
    .some(({ guard, effect }) => effect === "runs" || isProtection(guard.description));
}

function matters({ description }: EffectiveGuard): boolean {
  return isProtection(description) || description.kind === "public";
}
