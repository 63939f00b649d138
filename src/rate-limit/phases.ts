import type { Middleware } from "../core/guard/middleware.js";
import type { PathPattern } from "../core/http/path-pattern.js";
import { getPrincipal } from "../core/principal/principal.js";
import type { Counting } from "./counting/counting.js";
import { createControl, type RateLimitControl } from "./limiter/control.js";
import { createLimiter } from "./limiter/limiter.js";
import type { LimiterHandle, Place } from "./limiter/place.js";
import { createPreflightLimit, type PreflightLimit } from "./limiter/preflight-limit.js";
import { isByCaller, type Phase, type Policy } from "./policies/policy.js";
import type { RateLimitOptions } from "./rate-limit-options.js";
import { readSettings } from "./read-settings.js";
import type { RowPolicy } from "./row-policy.js";

/** The parts of a limiter around authentication. */
export interface RateLimitPhases {
  /** Policies keyed by address, and by functions with `phase: "before-auth"`. */
  readonly before: Middleware | undefined;
  /** Policies keyed by principal, and by functions with `phase: "after-auth"`. */
  readonly after: Middleware | undefined;
  /** Policies keyed by functions with `phase: "after-body"`. */
  readonly body: Middleware | undefined;
  /** These policies. */
  readonly afterBody: readonly Policy[];
  /** Where the first policy with `phase: "after-auth"` stands in the options, `rateLimit.policies[0]`. */
  readonly afterAuthPath: string | undefined;
  /** The policy of what is answered in front of all parts; `undefined` when it is turned off. */
  readonly preflight: PreflightLimit | undefined;
  /** Whether the options name that policy. */
  readonly asksForPreflight: boolean;
  /** The patterns of the policies that do not count everything. */
  readonly matched: readonly PathPattern[];
  /** Whether a policy counts by principal. */
  readonly byPrincipal: boolean;
  /** Whether the limits take effect. */
  readonly enforced: boolean;
  /** What an app does by hand to the quotas of all parts. */
  readonly control: RateLimitControl;
  /** Closes the store, if one is given and can be closed. Rejects when that fails or takes over 5 seconds. */
  close(): Promise<void>;
}

/** The control of no limits: it rejects whatever is asked of it. */
export const NO_CONTROL: RateLimitControl = createControl(
  { policies: [], ipv6Prefix: 128, mode: "enforce" },
  () => {
    throw new Error("no policy is counted");
  },
);

/**
 * Splits the policies into those that run before authentication, after it, and after the body was parsed. Within each part
 * they are counted all or nothing; when a later part refuses a request, what the earlier ones charged for it is given back.
 * What anything else refuses, such as a 401 between them, keeps its charge, and so does what a limit by a member of the body
 * refuses to a stranger.
 *
 * @param rows - Further policies, from a table of routes. With some, the options need none of their own.
 * @throws {@link OptionsError} with every problem, also when a key function has no `phase`.
 */
export function rateLimitPhases(
  options: RateLimitOptions,
  rows: readonly RowPolicy[] = [],
): RateLimitPhases {
  const settings = readSettings(options, true, rows);
  const preflight =
    settings.preflightGiven === "off" ? undefined : createPreflightLimit(settings, true);
  const countings = new Map<Policy, Counting>();
  const limiterOf = (phase: Phase, place: Place): LimiterHandle | undefined => {
    const policies = settings.policies.filter((policy) => policy.phase === phase);
    if (policies.length === 0) return undefined;
    const handle = createLimiter({ ...settings, policies }, place);
    for (const policy of policies) countings.set(policy, handle.counting);
    return handle;
  };
  const phases = new Set(settings.policies.map(({ phase }) => phase));
  const afterBody = settings.policies.filter(({ phase }) => phase === "after-body");
  const isFollowed = phases.has("after-auth") || afterBody.length > 0;
  const first = limiterOf("before-auth", { preflight, isFollowed });
  const second = limiterOf("after-auth", {
    preflight,
    earlier: first,
    isFollowed: afterBody.length > 0,
  });
  const earlier = second ?? first;
  const third = limiterOf("after-body", {
    preflight,
    earlier: earlier && refundingCallers(earlier),
  });
  return {
    before: first?.middleware,
    after: second?.middleware,
    body: third?.middleware,
    afterBody,
    afterAuthPath: settings.policies.find(isAfterAuth)?.path,
    preflight,
    asksForPreflight: settings.preflightGiven === true,
    matched: settings.policies.flatMap(({ match }) => match ?? []),
    byPrincipal: settings.policies.some(isByCaller),
    enforced: settings.mode === "enforce",
    control: createControl(settings, (policy) => countings.get(policy) as Counting),
    close: async (): Promise<void> => {
      // All parts share the store.
      await (first ?? second ?? third)?.middleware.close();
    },
  };
}

/**
 * Strangers choose what a limit by a member of the body counts: with one spent name, they would have every request given
 * back, and their bodies parsed without a limit.
 */
function refundingCallers(handle: LimiterHandle): LimiterHandle {
  return {
    ...handle,
    refund(req) {
      if (getPrincipal(req) !== null) handle.refund(req);
    },
  };
}

/** Whether the policy says itself that it runs after authentication. */
function isAfterAuth({ key, phase }: Policy): boolean {
  return phase === "after-auth" && typeof key === "function";
}
