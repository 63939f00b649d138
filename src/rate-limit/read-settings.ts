import type { Request } from "express";
import { GUARD_OPTIONS, type Mode, readGuardOptions } from "../core/guard/guard.js";
import { type OptionsReader, type PeerNames, readOptions } from "../core/options/options-reader.js";
import type { OnDenied } from "../core/refusal/deny.js";
import type { Policy } from "./policies/policy.js";
import { POLICY_OPTIONS, type PolicyDemands, readPolicy } from "./policies/read-policy.js";
import type { HeaderSettings } from "./quota-headers.js";
import type { RateLimitStore } from "./stores/rate-limit-store.js";
import { readStore } from "./stores/read-store.js";

/** The options of a limiter, checked, with every default filled in. */
export interface LimiterSettings {
  readonly mode: Mode;
  readonly onDenied: OnDenied;
  readonly policies: readonly Policy[];
  readonly store: RateLimitStore | undefined;
  readonly onStoreError: "fallback" | "reject";
  readonly storeTimeoutMs: number;
  readonly headers: HeaderSettings;
  readonly ipv6Prefix: number;
  readonly maxKeys: number;
  readonly skip: ((req: Request) => unknown) | undefined;
}

const LIMITER_OPTIONS = [
  "policies",
  "store",
  "onStoreError",
  "storeTimeout",
  "headers",
  "ipv6Prefix",
  "maxKeys",
  "skip",
  ...GUARD_OPTIONS,
] as const;

/** As express-rate-limit, rate-limiter-flexible, @nestjs/throttler and fastify-rate-limit call them. */
const PEER_NAMES: PeerNames = {
  max: "limit",
  points: "limit",
  tokensPerInterval: "limit",
  windowMs: "window",
  duration: "window",
  timeWindow: "window",
  interval: "window",
  ttl: "window",
  keyGenerator: "key",
  getTracker: "key",
  identifier: "name",
  keyPrefix: "name",
  weight: "cost",
  limits: "policies",
  throttlers: "policies",
  standardHeaders: "headers",
  legacyHeaders: "headers",
  ipv6Subnet: "ipv6Prefix",
  allowList: "skip",
  whitelist: "skip",
  skipIf: "skip",
  handler: "onDenied",
  message: "onDenied",
  passOnStoreError: "onStoreError",
  skipOnError: "onStoreError",
  insuranceLimiter: "onStoreError",
  redis: "store",
  storage: "store",
};

/**
 * Reads the options of `rateLimit`.
 *
 * @param phased - Whether policies say in which phase they run, as in the preset.
 * @throws {@link OptionsError} with every problem.
 */
export function readSettings(options: unknown, phased: boolean): LimiterSettings {
  const known = [...POLICY_OPTIONS, ...LIMITER_OPTIONS];
  const reader = readOptions("rateLimit", options, known, PEER_NAMES);
  const policies = readPolicies(reader, { phased, named: reader.has("store") });
  const settings = {
    ...readGuardOptions(reader),
    ...readStore(reader, policies),
    policies,
    headers: readHeaders(reader),
    ipv6Prefix: reader.integer("ipv6Prefix", { min: 32, max: 128, default: 56 }),
    maxKeys: reader.integer("maxKeys", { min: 1, max: 10_000_000, default: 100_000 }),
    skip: reader.function<(req: Request) => unknown>("skip"),
  };
  reader.finish();
  return Object.freeze(settings);
}

function readPolicies(reader: OptionsReader, demands: PolicyDemands): readonly Policy[] {
  if (!reader.has("policies")) return [readPolicy(reader, demands)];
  for (const name of POLICY_OPTIONS) {
    if (reader.has(name)) reader.note(name, "must stand in each of the policies, not beside them");
  }
  const list = reader.objects("policies", POLICY_OPTIONS, PEER_NAMES) ?? [];
  const policies = list.map((item) => readPolicy(item, demands));
  policies.forEach(({ name }, index) => {
    const first = policies.findIndex((policy) => policy.name === name);
    if (first === index) return;
    reader.note(
      `policies[${index}].name`,
      `must differ from that of policies[${first}]: give each policy a name`,
    );
  });
  return policies;
}

function readHeaders(reader: OptionsReader): HeaderSettings {
  const headers = reader.object("headers", ["ietf", "legacy"]);
  if (headers === undefined) return { ietf: true, legacy: "epoch" };
  const ietf = headers.raw("ietf") === false ? false : headers.oneOf("ietf", ["draft-11"]);
  const legacy =
    headers.raw("legacy") === false ? false : headers.oneOf("legacy", ["epoch", "delta"]);
  return { ietf: ietf !== false, legacy };
}
