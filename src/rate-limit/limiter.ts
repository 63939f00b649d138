import type { NextFunction, Request, Response } from "express";
import { watchStatus } from "../core/answer/sent-status.js";
import { isThenable } from "../core/calls/user-function.js";
import { createGuard, type Guard } from "../core/guard/guard.js";
import { giveDetails } from "../core/guard/guard-details.js";
import type { ErrorCode } from "../core/refusal/error-code.js";
import { HttpError, outageError } from "../core/refusal/http-error.js";
import { isRefused } from "../core/refusal/refused.js";
import { oweHeaders } from "../core/request/owed-headers.js";
import { MemoryEngine } from "./algorithms/memory-engine.js";
import {
  type QuotaReport,
  type QuotaReporter,
  quotaReporter,
  quotasOf,
  setQuotaHeaders,
} from "./answers/quota-headers.js";
import { settleAfterAnswer } from "./answers/settlement.js";
import { type ViolationReason, violationOf } from "./answers/violation.js";
import { describeLimits } from "./describe-limits.js";
import type { LimiterHandle, Place, PreflightCounts } from "./place.js";
import type { BodyFault } from "./policies/body-key.js";
import { type Charges, chargesOf } from "./policies/charges.js";
import { type Charge, type Policy, ruleOf } from "./policies/policy.js";
import { createProxyCheck } from "./policies/proxy-check.js";
import type { LimiterSettings } from "./read-settings.js";
import { closeStore } from "./stores/close-store.js";
import type { RateLimitResult } from "./stores/rate-limit-store.js";
import { type StoreAnswer, StoreClient, storeRequestsOf } from "./stores/store-client.js";

/** Why a decision was made, beyond its code. */
type Reason =
  | "skipped"
  | "no_policy_applies"
  | ViolationReason
  | BodyFault
  | "keys_exhausted"
  | "store_fallback"
  | "store_unavailable";

/** The results of one request, and what was out of the ordinary when they were counted. */
interface Count {
  readonly charges: readonly Charge[];
  readonly results: readonly RateLimitResult[];
  readonly notice: Reason | undefined;
}

/** How a request is refused that a policy by a member of the body cannot count. */
const BODY_REFUSALS = {
  missing_body: "bad_request",
  unread_body: "unsupported_media_type",
  unusable_key: "bad_request",
} as const satisfies Record<BodyFault, ErrorCode>;

/** Until the store is asked again. */
const RETRY_STORE_AFTER_SECONDS = 1;

/** One limiter, from settings that were checked. */
export function createLimiter(settings: LimiterSettings, place: Place): LimiterHandle {
  const guard = createGuard("rateLimit", "limit", settings);
  const limiter = new Limiter(guard, settings, place);
  const { checkMount } = place;
  const handler = guard.middleware(
    (req, res, next) => {
      checkMount?.(req);
      limiter.handle(req, res, next);
    },
    { rule: settings.policies.map(ruleOf).join(", ") },
  );
  giveDetails(handler, () => describeLimits(settings.policies, settings.headers));
  const middleware = Object.assign(handler, {
    close: () => closeStore(settings.store),
  });
  return { middleware, refund: (req) => limiter.refund(req) };
}

class Limiter {
  readonly #guard: Guard;
  readonly #settings: LimiterSettings;
  readonly #memory: MemoryEngine;
  readonly #store: StoreClient | undefined;
  readonly #reporters: ReadonlyMap<Policy, QuotaReporter>;
  readonly #earlier: LimiterHandle | undefined;
  readonly #isFollowed: boolean;
  readonly #preflight: PreflightCounts | undefined;
  readonly #settles: boolean;
  readonly #watchesStatus: boolean;
  #placeSeen = false;
  readonly #checkProxy = createProxyCheck();
  /** Requests that wait for a function of the app or a store: in report mode they go on, and may come by a second time. */
  #waiting: WeakSet<Request> | undefined;

  constructor(
    guard: Guard,
    settings: LimiterSettings,
    { preflight, earlier, isFollowed = false }: Place,
  ) {
    const { policies, store } = settings;
    const headers = guard.enforced ? settings.headers : { ietf: false, legacy: false as const };
    this.#guard = guard;
    this.#settings = settings;
    this.#earlier = earlier;
    this.#isFollowed = isFollowed;
    this.#preflight = preflight;
    this.#settles = policies.some(({ count }) => count !== "all");
    this.#watchesStatus = policies.some(({ count }) => count === "failures");
    this.#memory = new MemoryEngine(policies, settings.maxKeys);
    this.#store = store === undefined ? undefined : new StoreClient(store, settings.storeTimeoutMs);
    this.#reporters = new Map(
      policies.map((policy) => [policy, quotaReporter(policy, headers, this)]),
    );
  }

  handle(req: Request, res: Response, next: NextFunction): void {
    this.#checkProxy(req);
    if (!this.#placeSeen) {
      this.#placeSeen = true;
      this.#preflight?.checkPlace(req);
    }
    if (this.#hasCounted(req)) {
      this.#guard.pass(next);
      return;
    }
    if (this.#watchesStatus) watchStatus(req, res);
    const skips = this.#settings.skip?.(req) ?? false;
    if (typeof skips === "boolean") this.#afterSkip(skips, req, res, next);
    else this.#wait(skips, req, res, next, this.#afterSkip);
  }

  /** Mounted twice, a limiter counts a request once. */
  #hasCounted(req: Request): boolean {
    for (const quota of quotasOf(req)) if (quota.limiter === this) return true;
    return this.#waiting?.has(req) === true || this.#preflight?.hasCounted(req) === true;
  }

  #wait<T>(
    answer: Promise<T>,
    req: Request,
    res: Response,
    next: NextFunction,
    conclude: (answer: T, req: Request, res: Response, next: NextFunction) => void,
  ): void {
    this.#waiting ??= new WeakSet();
    this.#waiting.add(req);
    this.#guard.whenSettled(answer, req, res, next, conclude);
  }

  readonly #afterSkip = (skips: boolean, req: Request, res: Response, next: NextFunction): void => {
    if (skips) {
      this.#pass("skipped", req, res, next);
      return;
    }
    const { policies, ipv6Prefix } = this.#settings;
    const charges = chargesOf(policies, req, ipv6Prefix, this.#guard.enforced);
    if (isThenable(charges)) this.#wait(charges, req, res, next, this.#charge);
    else this.#charge(charges, req, res, next);
  };

  readonly #charge = (charges: Charges, req: Request, res: Response, next: NextFunction): void => {
    if (isRefused(charges)) {
      const { refused: reason, policy } = charges;
      const error = new HttpError(BODY_REFUSALS[reason]);
      this.#guard.refuse(error, req, res, next, { reason, policy });
    } else if (charges.length === 0) this.#pass("no_policy_applies", req, res, next);
    else if (this.#store === undefined) this.#countInMemory(charges, undefined, req, res, next);
    else this.#countInStore(this.#store, charges, req, res, next);
  };

  #pass(reason: Reason, req: Request, res: Response, next: NextFunction): void {
    if (this.#earlier !== undefined) this.#sendHeaders(req, res);
    this.#guard.allow(req, { reason });
    next();
  }

  #countInMemory(
    charges: readonly Charge[],
    notice: Reason | undefined,
    req: Request,
    res: Response,
    next: NextFunction,
  ): void {
    const { results, exhausted } = this.#memory.consume(charges);
    const count = { charges, results, notice: exhausted ? "keys_exhausted" : notice } as const;
    this.#decide(count, req, res, next);
  }

  #countInStore(
    store: StoreClient,
    charges: readonly Charge[],
    req: Request,
    res: Response,
    next: NextFunction,
  ): void {
    const requests = storeRequestsOf(charges, this.#guard.enforced);
    const conclude = (answer: StoreAnswer, go: NextFunction): void =>
      this.#concludeStore(charges, answer, req, res, go);
    if (this.#guard.enforced) {
      store.ask(requests, (answer) => {
        this.#guard.resume(req, res, next, () => conclude(answer, next));
      });
    } else {
      const asked = new Promise<StoreAnswer>((resolve) => store.ask(requests, resolve));
      this.#wait(asked, req, res, next, (answer, _req, _res, go) => conclude(answer, go));
    }
  }

  #concludeStore(
    charges: readonly Charge[],
    answer: StoreAnswer,
    req: Request,
    res: Response,
    next: NextFunction,
  ): void {
    if (!(answer instanceof Error)) {
      this.#decide({ charges, results: answer, notice: undefined }, req, res, next);
    } else if (this.#settings.onStoreError === "fallback") {
      this.#countInMemory(charges, "store_fallback", req, res, next);
    } else {
      const error = outageError("rate_limit_unavailable", answer, RETRY_STORE_AFTER_SECONDS);
      this.#guard.refuse(error, req, res, next, { reason: "store_unavailable" satisfies Reason });
    }
  }

  #decide(count: Count, req: Request, res: Response, next: NextFunction): void {
    const { notice } = count;
    const refusal = violationOf(count.charges, count.results);
    // What a limit refuses costs nothing under any policy: others behind the caller's address keep their quota.
    if (refusal !== undefined) this.#earlier?.refund(req);
    this.#report(count, req);
    if (refusal !== undefined || !this.#isFollowed) this.#sendHeaders(req, res);
    else if (this.#guard.enforced) oweHeaders(req, writeQuotas);
    if (refusal !== undefined) {
      const { error, reason, policy } = refusal;
      this.#guard.refuse(error, req, res, next, { reason: notice ?? reason, policy });
      return;
    }
    if (this.#settles) this.#settle(count, req, res);
    this.#guard.allow(req, notice === undefined ? undefined : { reason: notice });
    next();
  }

  /** The charge stands while the request runs: parallel requests cannot pass the limit. */
  #settle({ charges, results }: Count, req: Request, res: Response): void {
    for (let index = 0; index < charges.length; index += 1) {
      const { policy } = charges[index] as Charge;
      if (policy.count === "all") continue;
      const conclude = (stays: boolean): void => {
        if (stays) this.#memory.keep(results[index] as RateLimitResult);
        else this.#giveBack(req, policy);
      };
      settleAfterAnswer(policy.count, req, res, conclude, this.#guard.tell);
    }
  }

  refund(req: Request): void {
    this.#earlier?.refund(req);
    this.#giveBack(req);
  }

  /** @param only - The policy; all of them when it is left out. */
  #giveBack(req: Request, only?: Policy): void {
    const quotas = quotasOf(req);
    const stored: Charge[] = [];
    for (let index = 0; index < quotas.length; index += 1) {
      const quota = quotas[index] as QuotaReport;
      const { limiter, charge, result } = quota;
      const report = this.#reporters.get(charge.policy);
      if (limiter !== this || report === undefined) continue;
      if (only !== undefined && charge.policy !== only) continue;
      if (this.#memory.refund(result)) {
        quotas[index] = report(result, charge);
      } else if (!this.#memory.hasCounted(result) && quota.refunded !== true) {
        // All or nothing: where one policy did not admit the request, the store charged none.
        if (!result.allowed) return;
        stored.push(charge);
        quotas[index] = { ...quota, refunded: true };
      }
    }
    if (stored.length > 0) this.#store?.refund(storeRequestsOf(stored, this.#guard.enforced));
  }

  #report({ charges, results }: Count, req: Request): void {
    const quotas = quotasOf(req);
    for (let index = 0; index < charges.length; index += 1) {
      const result = results[index];
      const charge = charges[index] as Charge;
      const report = this.#reporters.get(charge.policy);
      if (result !== undefined && report !== undefined) quotas.push(report(result, charge));
    }
  }

  #sendHeaders(req: Request, res: Response): void {
    // While a store was asked, something else may have answered.
    if (this.#guard.enforced && !res.headersSent) setQuotaHeaders(res, quotasOf(req));
  }
}

function writeQuotas(req: Request, res: Response): void {
  setQuotaHeaders(res, quotasOf(req));
}
