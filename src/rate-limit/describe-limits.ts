import type { GuardDetails } from "../core/guard/guard-details.js";
import { ietfFieldNames } from "./answers/ietf-fields.js";
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
      ...(headers.ietf === false ? [] : ietfFieldNames(headers.ietf)),
      ...(headers.legacy === false
        ? []
        : ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"]),
    ],
  };
}
