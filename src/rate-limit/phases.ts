import type { Middleware } from "../core/guard/middleware.js";
import type { PathPattern } from "../core/http/path-pattern.js";
import { createLimiter, type LimiterHandle, type Place } from "./limiter.js";
import { createPreflightLimit, type PreflightLimit } from "./preflight-limit.js";
import type { RateLimitOptions } from "./rate-limit-options.js";
import { type LimiterSettings, readSettings } from "./read-settings.js";

/** The two halves of a limiter around authentication. */
export interface RateLimitPhases {
  /** Policies keyed by address, and by functions with `phase: "before-auth"`. */
  readonly before: Middleware | undefined;
  /** Policies keyed by principal, and by functions with `phase: "after-auth"`. */
  readonly after: Middleware | undefined;
  /** The policy of what is answered in front of both halves; `undefined` when it is turned off. */
  readonly preflight: PreflightLimit | undefined;
  /** Whether the options name that policy. */
  readonly asksForPreflight: boolean;
  /** The patterns of the policies that do not count everything. */
  readonly matched: readonly PathPattern[];
  /** Whether a policy counts by principal. */
  readonly byPrincipal: boolean;
  /** Whether the limits take effect. */
  readonly enforced: boolean;
  /** Closes the store, if one is given and can be closed. */
  close(): Promise<void>;
}

/**
 * Splits the policies into those that run before authentication and those after it. Within each half they are counted
 * all or nothing; when the second half refuses a request, what the first one charged for it is given back. What anything
 * else refuses, such as a 401 between them, keeps its charge.
 *
 * @throws {@link OptionsError} with every problem, also when a key function has no `phase`.
 */
export function rateLimitPhases(options: RateLimitOptions): RateLimitPhases {
  const settings = readSettings(options, true);
  const preflight =
    settings.preflightGiven === "off" ? undefined : createPreflightLimit(settings, true);
  const isFollowed = settings.policies.some(({ phase }) => phase === "after-auth");
  const first = limiterOf(settings, "before-auth", { preflight, isFollowed });
  const second = limiterOf(settings, "after-auth", { preflight, earlier: first });
  const [before, after] = [first?.middleware, second?.middleware];
  return {
    before,
    after,
    preflight,
    asksForPreflight: settings.preflightGiven === true,
    matched: settings.policies.flatMap(({ match }) => match ?? []),
    byPrincipal: settings.policies.some(({ key }) => key === "principal"),
    enforced: settings.mode === "enforce",
    close: async (): Promise<void> => {
      // Both halves share the store.
      await (first ?? second)?.middleware.close();
    },
  };
}

function limiterOf(
  settings: LimiterSettings,
  phase: "before-auth" | "after-auth",
  place: Place,
): LimiterHandle | undefined {
  const policies = settings.policies.filter((policy) => policy.phase === phase);
  if (policies.length === 0) return undefined;
  return createLimiter({ ...settings, policies }, place);
}
