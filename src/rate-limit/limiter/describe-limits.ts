import type { GuardDetails, LimitDetails } from "../../core/guard/guard-details.js";
import { ietfFieldNames } from "../answers/ietf-fields.js";
import type { HeaderSettings } from "../answers/quota-headers.js";
import type { Policy, Rate } from "../policies/policy.js";

const KEYS = { ip: "address", principal: "principal", tenant: "key" } as const;

/** One for each tier; none of a policy whose rate only a request says. */
function limitsOf(policy: Policy): readonly LimitDetails[] {
  const { name, algorithm, rateFor, tiers, key, match } = policy;
  const detailsOf = (shown: string, { limit, windowMs }: Rate): LimitDetails => ({
    name: shown,
    limit,
    windowSeconds: algorithm === "concurrency" || limit === 0 ? 0 : windowMs / 1000,
    by: typeof key === "string" ? KEYS[key] : "key",
    on: match?.map(({ text }) => text),
  });
  if (tiers !== undefined) {
    return [...tiers].map(([tier, rate]) => detailsOf(`${name}, ${tier}`, rate));
  }
  return rateFor === undefined ? [detailsOf(name, policy)] : [];
}

/** The limits as the documents about routes show them, with the fields that counted answers carry. */
export function describeLimits(policies: readonly Policy[], headers: HeaderSettings): GuardDetails {
  return {
    limits: policies.flatMap(limitsOf),
    headers: [
      ...(headers.ietf === false ? [] : ietfFieldNames(headers.ietf)),
      ...(headers.legacy === false
        ? []
        : ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"]),
    ],
  };
}
