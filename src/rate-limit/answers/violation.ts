import { HttpError } from "../../core/refusal/http-error.js";
import type { Charge } from "../policies/policy.js";
import type { RateLimitResult } from "../stores/rate-limit-store.js";

/** What of a quota refused. */
export type ViolationReason = "limit_exceeded" | "cost_exceeds_burst";

/** Why a request is refused, and by which policies. */
interface Violation {
  readonly error: HttpError;
  readonly reason: ViolationReason;
  readonly policy: string;
}

/** The refusal of a request, if a policy does not admit it. */
export function violationOf(
  charges: readonly Charge[],
  results: readonly RateLimitResult[],
): Violation | undefined {
  let violated: string[] | undefined;
  let retryAfterMs = 0;
  let possible = true;
  for (let index = 0; index < charges.length; index += 1) {
    const { policy, cost } = charges[index] as Charge;
    const result = results[index];
    const fits = cost <= policy.burst;
    if (fits && result?.allowed === true) continue;
    violated ??= [];
    violated.push(policy.name);
    if (!fits) possible = false;
    retryAfterMs = Math.max(retryAfterMs, result?.retryAfterMs ?? 0);
  }
  if (violated === undefined) return undefined;
  const retryAfter = String(Math.max(1, Math.ceil(retryAfterMs / 1000)));
  return {
    error: new HttpError("rate_limit_exceeded", {
      // What can never pass gets no time to come back (RFC 9110 §10.2.3 has no value for "never").
      headers: possible ? { "Retry-After": retryAfter } : {},
      members: { "violated-policies": violated },
    }),
    reason: possible ? "limit_exceeded" : "cost_exceeds_burst",
    policy: violated.join(", "),
  };
}
