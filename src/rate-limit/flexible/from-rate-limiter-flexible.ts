import { ignoreOutcome } from "../../core/calls/follow.js";
import { OptionsError } from "../../core/options/options-error.js";
import { assertNotMounted } from "../../core/options/uncalled-factory.js";
import type { Policy } from "../policies/policy.js";
import type {
  RateLimitRefund,
  RateLimitRequest,
  RateLimitResult,
  RateLimitStore,
} from "../stores/rate-limit-store.js";
import { CHECK_POLICIES } from "../stores/read-store.js";
import { areClientsReady } from "./client-readiness.js";
import type { FlexibleLimiter } from "./flexible-limiter.js";
import { type Attempt, LimiterCounter } from "./limiter-counter.js";
import { misfitsOf, problemsOfLimiter } from "./limiter-problems.js";

/** One limiter for each policy, by its name. */
type LimitersByPolicy = Readonly<Record<string, FlexibleLimiter>>;

interface Entry {
  readonly limiter: FlexibleLimiter;
  readonly counter: LimiterCounter;
}

/** What is counted without effect has a name of its own, and the same limiter. */
const REPORTED = /^report:/;

/**
 * Counts in limiters of the package rate-limiter-flexible, and so in any of the databases it knows.
 *
 * They count in fixed windows: the policy must say `algorithm: "fixed-window"`, and up to twice the limit can pass around the
 * end of a window. `points` and `duration` (in seconds) of each limiter must equal `limit` and `window` of its policy.
 *
 * What a policy refuses costs nothing: it is given back with `reward()`, until when another request can be refused for it. A
 * limiter with `blockDuration` blocks a key that it refuses.
 *
 * @param limiters - A limiter with `points` and `duration` for the one policy there is, or an object with one for each policy,
 * by its name.
 * @throws {@link OptionsError} when a limiter cannot be used; `rateLimit` throws one when it does not fit its policy.
 */
export function fromRateLimiterFlexible(
  limiters: FlexibleLimiter | LimitersByPolicy,
): RateLimitStore {
  assertNotMounted(
    "fromRateLimiterFlexible",
    limiters,
    'rateLimit({ limit, window, algorithm: "fixed-window", name, store: fromRateLimiterFlexible(limiter) })',
  );
  const byPolicy = isByPolicy(limiters) ? new Map(Object.entries(limiters)) : undefined;
  const problems = [...(byPolicy ?? [[undefined, limiters] as const])].flatMap(
    ([name, limiter]) => {
      const which = name === undefined ? "the limiter" : "each limiter";
      return problemsOfLimiter(limiter).map(
        (problem) => `fromRateLimiterFlexible: ${which} ${problem}`,
      );
    },
  );
  if (problems.length > 0) throw new OptionsError([...new Set(problems)]);
  const entries = byPolicy ?? new Map([[undefined, limiters as FlexibleLimiter]]);
  return Object.freeze(storeOf(entries));
}

/** Whether these are limiters by policy, not one limiter, nor what somebody takes for one. */
function isByPolicy(value: unknown): value is LimitersByPolicy {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  const values = Object.values(value);
  return values.length > 0 && values.every((one) => typeof one === "object" && one !== null);
}

function storeOf(limiters: ReadonlyMap<string | undefined, FlexibleLimiter>): RateLimitStore {
  const entries = new Map<string | undefined, Entry>(
    [...limiters].map(([name, limiter]) => [
      name,
      { limiter, counter: new LimiterCounter(limiter) },
    ]),
  );
  const single = entries.get(undefined);
  const entryOf = (policy: string): Entry | undefined => single ?? entries.get(policy);
  const counterOf = ({ policy }: RateLimitRequest): LimiterCounter => {
    const entry = entryOf(policy.replace(REPORTED, ""));
    if (entry === undefined) throw new Error("the store has no limiter for the policy");
    return entry.counter;
  };
  const each = async <T extends RateLimitRequest>(
    requests: readonly T[],
    act: (counter: LimiterCounter, request: T) => Promise<void>,
  ): Promise<void> => {
    await Promise.all(requests.map((request) => act(counterOf(request), request)));
  };
  return {
    algorithms: Object.freeze(["fixed-window" as const]),
    blocks: true,
    consume: (requests) => consumeAll(requests, counterOf),
    refund: (refunds: readonly RateLimitRefund[]) =>
      each(refunds, (counter, refund) => counter.refund(refund, refund.receipt)),
    reset: (requests) => each(requests, (counter, request) => counter.reset(request)),
    block: (requests, durationMs) =>
      each(requests, (counter, request) => counter.block(request, durationMs)),
    charge: (requests) => each(requests, (counter, request) => counter.charge(request)),
    isReady: () => areClientsReady(limiters.values()),
    [CHECK_POLICIES]: (policies: readonly Policy[]) =>
      misfits(policies, single !== undefined, entryOf),
  } as RateLimitStore;
}

function misfits(
  policies: readonly Policy[],
  isSingle: boolean,
  entryOf: (policy: string) => Entry | undefined,
): readonly string[] {
  if (isSingle && policies.length > 1) {
    return [
      "must have a limiter for each policy: write fromRateLimiterFlexible({ … }) with one limiter by the name of each",
    ];
  }
  return policies.flatMap((policy) => {
    const entry = entryOf(policy.name);
    if (entry !== undefined) return misfitsOf(entry.limiter, policy);
    return [`must have a limiter for ${policy.path}, by the name of that policy`];
  });
}

/** Charges all or nothing: what one limiter has charged is given back when another one refuses. */
async function consumeAll(
  requests: readonly RateLimitRequest[],
  counterOf: (request: RateLimitRequest) => LimiterCounter,
): Promise<readonly RateLimitResult[]> {
  const counters = requests.map(counterOf);
  // What can never pass is charged nowhere.
  const isPossible = requests.every(({ cost, limit }) => cost <= limit);
  const outcomes = await Promise.allSettled(
    requests.map((request, index) => {
      const counter = counters[index] as LimiterCounter;
      return isPossible ? counter.take(request) : counter.look(request);
    }),
  );
  const attempts = outcomes.map((outcome) =>
    outcome.status === "fulfilled" ? outcome.value : undefined,
  );
  const admitted = attempts.every((attempt) => attempt?.allowed === true);
  if (!admitted) {
    // Sent before the answer, which does not wait for it: a database that stops here has refused all the same.
    attempts.forEach((attempt, index) => {
      if (attempt === undefined) return;
      const request = requests[index] as RateLimitRequest;
      ignoreOutcome((counters[index] as LimiterCounter).giveBack(request, attempt));
    });
  }
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  return requests.map((request, index) =>
    (counters[index] as LimiterCounter).resultOf(attempts[index] as Attempt, request, admitted),
  );
}
