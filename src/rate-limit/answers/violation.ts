import { HttpError } from "../../core/refusal/http-error.js";
import { type Charge, rateOf } from "../policies/policy.js";
import type { RateLimitResult } from "../stores/rate-limit-store.js";

const TYPES = "https://iana.org/assignments/http-problem-types";
/** @see https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-11#section-5 */
const QUOTA_EXCEEDED = `${TYPES}#quota-exceeded`;
const ABNORMAL_USAGE = `${TYPES}#abnormal-usage-detected`;
const REDUCED_CAPACITY = `${TYPES}#temporary-reduced-capacity`;

/** Until the store is asked again. */
const RETRY_STORE_AFTER_SECONDS = "1";

/** What of a quota refused. */
export type ViolationReason = "limit_exceeded" | "cost_exceeds_burst" | "key_blocked";

/** Why a request is refused, and by which policies. */
export interface Violation {
  readonly error: HttpError;
  readonly reason: ViolationReason | "queue_full";
  readonly policy: string;
}

/** The refusal of a request, if a policy does not admit it. */
export function violationOf(
  charges: readonly Charge[],
  results: readonly RateLimitResult[],
  retryJitter: number,
): Violation | undefined {
  let violated: string[] | undefined;
  let retryAfterMs = 0;
  let possible = true;
  let blocked = false;
  for (let index = 0; index < charges.length; index += 1) {
    const charge = charges[index] as Charge;
    const { policy, cost } = charge;
    const result = results[index];
    const fits = policy.soft || cost <= rateOf(charge).burst;
    if (fits && result?.allowed === true) continue;
    violated ??= [];
    violated.push(policy.name);
    if (!fits) possible = false;
    if (result?.blocked === true) blocked = true;
    retryAfterMs = Math.max(retryAfterMs, result?.retryAfterMs ?? 0);
  }
  if (violated === undefined) return undefined;
  return {
    // What can never pass gets no time to come back (RFC 9110 §10.2.3 has no value for "never").
    error: refusalOf(violated, possible ? retryAfterMs : undefined, retryJitter, blocked),
    reason: possible ? (blocked ? "key_blocked" : "limit_exceeded") : "cost_exceeds_burst",
    policy: violated.join(", "),
  };
}

/** The refusal of a request that would have to wait where too many do. */
export function fullQueue(
  charges: readonly Charge[],
  delayMs: number,
  retryJitter: number,
): Violation {
  const violated = charges.map(({ policy }) => policy.name);
  return {
    error: refusalOf(violated, delayMs, retryJitter),
    reason: "queue_full",
    policy: violated.join(", "),
  };
}

/** The refusal of a request that cannot be counted, where a policy says so. */
export function storeRefusal(cause: Error): HttpError {
  return new HttpError("rate_limit_unavailable", {
    type: REDUCED_CAPACITY,
    cause,
    headers: { "Retry-After": RETRY_STORE_AFTER_SECONDS },
  });
}

function refusalOf(
  violated: readonly string[],
  retryAfterMs: number | undefined,
  retryJitter: number,
  blocked = false,
): HttpError {
  return new HttpError("rate_limit_exceeded", {
    type: blocked ? ABNORMAL_USAGE : QUOTA_EXCEEDED,
    headers:
      retryAfterMs === undefined ? {} : { "Retry-After": retryAfter(retryAfterMs, retryJitter) },
    members: { "violated-policies": violated },
  });
}

/** Never earlier than there is something left (§6 of the draft); later by chance, so that not all come back at once (§8.5). */
function retryAfter(milliseconds: number, jitter: number): string {
  const seconds = Math.max(1, Math.ceil(milliseconds / 1000));
  return String(seconds + Math.floor(Math.random() * jitter * seconds));
}
