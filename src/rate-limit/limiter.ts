import type { NextFunction, Request, Response } from "express";
import { createGuard, type Guard } from "../core/guard/guard.js";
import type { Middleware } from "../core/guard/middleware.js";
import { outageError } from "../core/refusal/http-error.js";
import { oweHeaders } from "../core/request/owed-headers.js";
import { MemoryEngine } from "./algorithms/memory-engine.js";
import {
  type QuotaReport,
  type QuotaReporter,
  quotaReporter,
  quotasOf,
  setQuotaHeaders,
} from "./answers/quota-headers.js";
import { type ViolationReason, violationOf } from "./answers/violation.js";
import { chargesOf } from "./policies/charges.js";
import { type Charge, type Policy, ruleOf } from "./policies/policy.js";
import { createProxyCheck } from "./proxy-check.js";
import type { LimiterSettings } from "./read-settings.js";
import { closeStore } from "./stores/close-store.js";
import type { RateLimitResult } from "./stores/rate-limit-store.js";
import { type StoreAnswer, StoreClient, storeRequestsOf } from "./stores/store-client.js";

/** A limiter, or one of the two that a preset makes of its policies. */
interface LimiterMiddleware extends Middleware {
  /** Closes the store, if one is given and can be closed. Rejects when that fails or takes over 5 seconds. */
  close(): Promise<void>;
}

/** What {@link rateLimit} returns. */
export interface RateLimitMiddleware extends LimiterMiddleware {
  /**
   * Mounted in front of `secureHeaders`, it counts what that answers before a request reaches the limiter: CORS
   * preflights and refused cross-site requests. It counts nothing else. The preset does this by itself.
   */
  readonly preflight: Middleware;
}

/** What a limiter needs to know of the limit on preflights beside it. */
export interface PreflightCounts {
  /** Whether it has counted a request that goes on all the same, as in report mode. */
  hasCounted(req: Request): boolean;
  /** Looks whether it stands where it is asked for, when the first request reaches the limiter. */
  checkPlace(req: Request): void;
}

/** Why a decision was made, beyond its code. */
type Reason =
  | "skipped"
  | "no_policy_applies"
  | ViolationReason
  | "keys_exhausted"
  | "store_fallback"
  | "store_unavailable";

/** The results of one request, and what was out of the ordinary when they were counted. */
interface Count {
  readonly charges: readonly Charge[];
  readonly results: readonly RateLimitResult[];
  readonly notice: Reason | undefined;
}

/** Until the store is asked again. */
const RETRY_STORE_AFTER_SECONDS = 1;

/** Where a limiter stands among others that count the same requests. */
export interface Place {
  /** The limit on what is answered in front of this one, if there is one. */
  readonly preflight?: PreflightCounts | undefined;
  /** The limiter in front of this one: its charge is given back when this one refuses the request. */
  readonly earlier?: LimiterHandle | undefined;
  /** Whether another limiter follows on every request, unless it is refused: that one sends the header fields of both. */
  readonly isFollowed?: boolean;
  /** Looks at where the limiter is mounted. The preset does that for both of its limiters. */
  readonly checkMount?: (req: Request) => void;
}

/** A limiter with what another one may do to it. */
export interface LimiterHandle {
  readonly middleware: LimiterMiddleware;
  /** Gives back what this limiter charged the request, as far as that can be given back. */
  refund(req: Request): void;
}

/** One limiter, from settings that were checked. */
export function createLimiter(settings: LimiterSettings, place: Place): LimiterHandle {
  const guard = createGuard("rateLimit", "limit", settings);
  const limiter = new Limiter(guard, settings, place);
  const { checkMount } = place;
  const handler = guard.middleware((req, res, next) => {
    checkMount?.(req);
    limiter.handle(req, res, next);
  }, settings.policies.map(ruleOf).join(", "));
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
    if (Array.isArray(charges)) this.#charge(charges, req, res, next);
    else this.#wait(charges as Promise<readonly Charge[]>, req, res, next, this.#charge);
  };

  readonly #charge = (
    charges: readonly Charge[],
    req: Request,
    res: Response,
    next: NextFunction,
  ): void => {
    if (charges.length === 0) this.#pass("no_policy_applies", req, res, next);
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
    this.#guard.allow(req, notice === undefined ? undefined : { reason: notice });
    next();
  }

  refund(req: Request): void {
    const quotas = quotasOf(req);
    const stored: Charge[] = [];
    for (let index = 0; index < quotas.length; index += 1) {
      const { limiter, charge, result } = quotas[index] as QuotaReport;
      const report = this.#reporters.get(charge.policy);
      if (limiter !== this || report === undefined) continue;
      if (this.#memory.refund(result)) {
        quotas[index] = report(result, charge);
      } else if (!this.#memory.hasCounted(result)) {
        // All or nothing: where one policy did not admit the request, the store charged none.
        if (!result.allowed) return;
        stored.push(charge);
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
