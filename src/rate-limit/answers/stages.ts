import { type Charge, rateOf } from "../policies/policy.js";
import type { RateLimitResult } from "../stores/rate-limit-store.js";

/** Milliseconds for which an admitted request waits: for its turn in a bucket, and where little is left. */
export function delayOf(charges: readonly Charge[], results: readonly RateLimitResult[]): number {
  let delayMs = 0;
  for (let index = 0; index < charges.length; index += 1) {
    const result = results[index];
    if (result === undefined) continue;
    const own = Math.max(result.delayMs ?? 0, slowDownOf(charges[index] as Charge, result));
    if (own > delayMs) delayMs = own;
  }
  return delayMs;
}

/** Whether so much of a quota is spent that it asks for a warning. */
export function isNearLimit(
  charges: readonly Charge[],
  results: readonly RateLimitResult[],
): boolean {
  for (let index = 0; index < charges.length; index += 1) {
    const charge = charges[index] as Charge;
    const result = results[index];
    const { warnAt } = charge.policy;
    if (warnAt === undefined || result === undefined) continue;
    if (spentOf(charge, result) >= partOf(warnAt, charge)) return true;
  }
  return false;
}

function slowDownOf(charge: Charge, result: RateLimitResult): number {
  const { slowDown, soft } = charge.policy;
  if (slowDown === undefined || charge.cost === 0) return 0;
  const { from, stepMs, maxMs } = slowDown;
  if (soft && result.remaining === 0) return maxMs;
  const beyond = spentOf(charge, result) - Math.floor(partOf(from, charge));
  return beyond <= 0 ? 0 : Math.min(maxMs, beyond * stepMs);
}

/** Units of a part of the quota: of 0.07, 100 has 7, which floating-point numbers make a little more or less. */
function partOf(part: number, charge: Charge): number {
  return Number((part * rateOf(charge).burst).toFixed(6));
}

function spentOf(charge: Charge, { remaining }: RateLimitResult): number {
  return rateOf(charge).burst - remaining;
}
