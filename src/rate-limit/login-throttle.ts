import { GUARD_OPTIONS, readGuardOptions } from "../core/guard/guard-options.js";
import type { Middleware } from "../core/guard/middleware.js";
import type { Hints, OptionKeys } from "../core/options/option-types.js";
import { readOptions } from "../core/options/options-reader.js";
import type { RateLimitControl } from "./limiter/control.js";
import { createLimiter } from "./limiter/limiter.js";
import type { LimiterSettings } from "./limiter/limiter-settings.js";
import { readLoginPolicies } from "./login-throttle/login-policies.js";
import type { LoginThrottleOptions } from "./login-throttle/login-throttle-options.js";
import type { Policy } from "./policies/policy.js";
import { abilitiesOf, readStore } from "./stores/read-store.js";

/** What `loginThrottle` returns. */
export interface LoginThrottleMiddleware extends Middleware, RateLimitControl {
  /** Closes the store, if one is given and can be closed. Rejects when that fails or takes over 5 seconds. */
  close(): Promise<void>;
}

const KEYS: OptionKeys<LoginThrottleOptions> = {
  user: "neverUndefined",
  failed: "neverUndefined",
  pair: "neverUndefined",
  address: "neverUndefined",
  account: "neverUndefined",
  store: "neverUndefined",
  onStoreError: "neverUndefined",
  storeTimeout: true,
  fallbackShare: "neverUndefined",
  keySecret: "neverUndefined",
  ipv6Prefix: true,
  maxKeys: true,
  maxWaiting: true,
  ...GUARD_OPTIONS,
};

/** As others, and the guides of rate-limiter-flexible, call them. */
export const LOGIN_HINTS: Hints<LoginThrottleOptions> = {
  username: "user",
  key: 'did you mean "user"? it gives the name of the account, and the address is counted by itself',
  maxFailures: 'did you mean "pair"? write pair: { limit: 5, window: "15m" }',
  perIp: "address",
  ip: "address",
  count: 'did you mean "failed"? it returns true for a login that has failed',
};

const EXAMPLE = "loginThrottle({ user: (req) => req.body?.email })";

/**
 * Slows down and refuses logins that keep failing: 429 `rate_limit_exceeded` with `Retry-After`. Mount it behind the parser of the
 * form and in front of the handler that looks at the password.
 *
 * Three limits count together: failures of an account from one address (`pair`), of an address, and of an account from all
 * addresses, which only delays. Every login is charged before the password is looked at, so that parallel guesses cannot
 * pass a limit. A success forgets the failures of its pair, and takes back its own charge alone from the other two: the
 * logins of an attacker into an account of his own do not clear his address. Accounts that do not exist are counted in
 * the same way, so that the answers do not tell them apart.
 *
 * It does not see whether a password is right: the answer says it, or `failed`.
 *
 * @throws {@link OptionsError} with every problem of the options.
 * @see https://github.com/OWASP/ASVS (V6.3.1, anti-automation of authentication)
 */
export function loginThrottle(options: LoginThrottleOptions): LoginThrottleMiddleware {
  const { middleware } = createLimiter(readLoginSettings(options), {}, "loginThrottle");
  return middleware;
}

function readLoginSettings(options: LoginThrottleOptions): LimiterSettings {
  const reader = readOptions<LoginThrottleOptions>(
    "loginThrottle",
    options,
    KEYS,
    LOGIN_HINTS,
    EXAMPLE,
  );
  const ipv6Prefix = reader.integer("ipv6Prefix", { min: 32, max: 128, default: 56 });
  const policies = readLoginPolicies(reader, ipv6Prefix, reader.has("store"));
  for (const sentence of missingAbilities(reader.raw("store"), policies)) {
    reader.note("store", sentence);
  }
  const account = policies.some(({ soft }) => soft);
  if (reader.has("maxWaiting") && !account) {
    reader.note("maxWaiting", "must be left out with account: false: nothing waits");
  }
  const settings: LimiterSettings = {
    ...readGuardOptions(reader),
    ...readStore(reader, policies),
    policies,
    preflight: policies[0] as Policy,
    preflightGiven: "off",
    // What is left of a login would tell an attacker when to change the address.
    headers: { ietf: false, legacy: false, retryJitter: 0.1 },
    ipv6Prefix,
    maxKeys: reader.integer("maxKeys", { min: 1, max: 10_000_000, default: 100_000 }),
    maxWaiting: reader.integer("maxWaiting", { min: 1, max: 100_000, default: 1000 }),
    skip: undefined,
  };
  reader.finish();
  return Object.freeze(settings);
}

/** What a store cannot do that the limits of a login need. */
function missingAbilities(store: unknown, policies: readonly Policy[]): readonly string[] {
  const abilities = abilitiesOf(store);
  if (
    abilities === undefined ||
    typeof (store as { consume?: unknown } | null)?.consume !== "function"
  ) {
    return [];
  }
  const missing = policies
    .filter(({ algorithm }) => !abilities.algorithms.includes(algorithm))
    .map(({ algorithm }) => `must know "${algorithm}"`);
  if (!abilities.refunds) missing.push("must have refund(), for logins that succeed");
  if (typeof (store as { reset?: unknown } | null)?.reset !== "function") {
    missing.push("must have reset(), for logins that succeed");
  }
  if (!abilities.soft && policies.some(({ soft }) => soft)) {
    missing.push("must know limits that only slow down, or write account: false");
  }
  return [...new Set(missing)];
}
