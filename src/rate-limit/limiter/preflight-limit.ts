import type { Request } from "express";
import { warnAboutApp } from "../../core/app/app-warning.js";
import { decisionsOf } from "../../core/decision/decision.js";
import { createGuard } from "../../core/guard/guard.js";
import { giveDetails } from "../../core/guard/guard-details.js";
import type { Middleware } from "../../core/guard/middleware.js";
import { type EarlyLimit, offerEarlyLimit } from "../../core/request/early-limit.js";
import { MemoryEngine } from "../algorithms/memory-engine.js";
import { quotasOf } from "../answers/quota-headers.js";
import { violationOf } from "../answers/violation.js";
import { addressKey } from "../policies/charges.js";
import { ruleOf } from "../policies/policy.js";
import type { LimiterSettings } from "./limiter-settings.js";
import type { PreflightCounts } from "./place.js";

/** The policy of what `secureHeaders` answers in front of a limiter. */
export interface PreflightLimit extends PreflightCounts {
  /** What stands in front of `secureHeaders`, if no preset offers the limit itself. */
  readonly middleware: Middleware;
  /** As the slot on the request takes it. */
  readonly offer: readonly [EarlyLimit];
}

const NO_EFFECT = "EXPRESS_SECURE_API_PREFLIGHT_NOT_MOUNTED";
const NOT_MOUNTED =
  "rateLimit: the option preflight has no effect, because no request has passed limiter.preflight: mount it in front of secureHeaders, as in app.use(limiter.preflight, secureHeaders({ … }), limiter), or leave the option out.";

const MOUNTED_BEHIND =
  "rateLimit: limiter.preflight has no effect, because secureHeaders has seen the request first: mount limiter.preflight in front of it, as in app.use(limiter.preflight, secureHeaders({ … }), limiter).";

/**
 * The limit by address on preflights and on refused cross-site requests.
 *
 * It counts in the memory of this process, also for a limiter with a store: an answer that costs next to nothing does not
 * wait for a store, and a flood does not reach it. What an earlier policy of the limiter has counted is not counted again.
 *
 * @param isOffered - Whether a preset offers it. If not, options for it have no effect before its middleware is mounted.
 */
export function createPreflightLimit(
  settings: LimiterSettings,
  isOffered: boolean,
): PreflightLimit {
  const { preflight: policy, policies, ipv6Prefix, maxKeys } = settings;
  const guard = createGuard("rateLimit", "limit", settings);
  const memory = new MemoryEngine([policy], maxKeys);
  const counted = guard.enforced ? undefined : new WeakSet<Request>();
  let mounted = false;
  let late = false;

  function hasCounted(req: Request): boolean {
    return counted?.has(req) === true;
  }

  const limit: EarlyLimit = {
    enforced: guard.enforced,
    count(req, res) {
      const isCounted = quotasOf(req).some(({ charge }) => policies.includes(charge.policy));
      if (isCounted || hasCounted(req)) return undefined;
      counted?.add(req);
      const charges = [{ policy, key: addressKey(req, ipv6Prefix), cost: 1 }];
      const { results, exhausted } = memory.consume(charges);
      const violation = violationOf(charges, results, settings.headers.retryJitter);
      if (violation === undefined) {
        guard.allow(req, { policy: policy.name });
        return undefined;
      }
      const { error, policy: name } = violation;
      const reason = exhausted ? "keys_exhausted" : violation.reason;
      if (guard.enforced) {
        return (next) => guard.refuse(error, req, res, next, { reason, policy: name });
      }
      guard.refuse(error, req, res, ignore, { reason, policy: name });
      return undefined;
    },
  };
  const offer = [limit] as const;
  const middleware = guard.middleware(
    (req, _res, next) => {
      mounted = true;
      if (!late && isBehind(req)) {
        late = true;
        warnAboutApp(req, NO_EFFECT, MOUNTED_BEHIND);
      }
      offerEarlyLimit(req, offer);
      guard.pass(next);
    },
    { rule: ruleOf(policy) },
  );
  // It counts no request to a route: documents of routes say nothing of it.
  giveDetails(middleware, () => ({ limits: [], headers: [] }));
  return {
    middleware,
    offer,
    hasCounted,
    checkPlace(req) {
      if (mounted || isOffered || settings.preflightGiven !== true) return;
      warnAboutApp(req, NO_EFFECT, NOT_MOUNTED);
    },
  };
}

/** Whether `secureHeaders` has had its chance to answer: of what concerns it, it leaves a decision. */
function isBehind(req: Request): boolean {
  return decisionsOf(req).some(({ guard, enforced }) => enforced && guard === "secureHeaders");
}

/** The request goes on with what is about to answer it. */
function ignore(): void {}
