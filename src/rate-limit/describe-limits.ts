import type { GuardDetails } from "../core/guard/guard-details.js";
import type { HeaderSettings } from "./answers/quota-headers.js";
import type { Policy } from "./policies/policy.js";

const KEYS = { ip: "address", principal: "principal" } as const;

/** The limits as the documents about routes show them, with the fields that counted answers carry. */
export function describeLimits(policies: readonly Policy[], headers: HeaderSettings): GuardDetails {
  return {
    limits: policies.map(({ name, limit, windowMs, key, match }) => ({
      name,
      limit,
      windowSeconds: windowMs / 1000,
      by: typeof key === "string" ? KEYS[key] : "key",
      on: match?.map(({ text }) => text),
    })),
    headers: [
      ...(headers.ietf ? ["RateLimit", "RateLimit-Policy"] : []),
      ...(headers.legacy === false
        ? []
        : ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"]),
    ],
  };
}
