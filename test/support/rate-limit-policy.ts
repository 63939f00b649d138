import type { Policy } from "../../src/rate-limit/policies/policy.js";

/** A policy as the reader makes it, of which a test says what it is about. */
export function ratePolicy(own: Partial<Policy> & Pick<Policy, "limit" | "windowMs">): Policy {
  return {
    path: "test",
    name: "test",
    algorithm: "token-bucket",
    burst: own.limit,
    rateFor: undefined,
    tiers: undefined,
    warnAt: undefined,
    slowDown: undefined,
    soft: false,
    blocking: undefined,
    onStoreError: "fallback",
    key: "ip",
    cost: 1,
    match: undefined,
    phase: undefined,
    count: "all",
    costAfter: undefined,
    resets: false,
    sharesRest: true,
    ...own,
  };
}
