import type { NextFunction, Request, Response } from "express";
import { createGuard, type Guard } from "../core/guard/guard.js";
import type { Middleware } from "../core/guard/middleware.js";
import { formatDuration } from "../core/options/quantity.js";
import { HttpError, outageError } from "../core/refusal/http-error.js";
import { MemoryEngine } from "./algorithms/memory-engine.js";
import { createMountCheck } from "./mount-check.js";
import { chargesOf } from "./policies/charges.js";
import type { Charge, Policy } from "./policies/policy.js";
import { createProxyCheck } from "./proxy-check.js";
import {
  type QuotaReport,
  type QuotaReporter,
  quotaReporter,
  quotasOf,
  setQuotaHeaders,
} from "./quota-headers.js";
import type { LimiterSettings } from "./read-settings.js";
import type { RateLimitRequest, RateLimitResult } from "./stores/rate-limit-store.js";
import { type StoreAnswer, StoreClient } from "./stores/store-client.js";

/** What {@link rateLimit} returns. */
export interface RateLimitMiddleware extends Middleware {
  /** Closes the store, if one is given and can be closed. */
  close(): Promise<void>;
}

/** Why a decision was made, beyond its code. */
type Reason =
  | "skipped"
  | "no_policy_applies"
  | "limit_exceeded"
  | "cost_exceeds_burst"
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

/** A limiter with what another one may do to it. */
export interface LimiterHandle {
  readonly middleware: RateLimitMiddleware;
  /** Gives back what this limiter charged the request. @returns Whether it charged anything that can be given back. */
  refund(req: Request): boolean;
}

/**
 * One limiter, from settings that were checked.
 *
 * @param earlier - The limiter in front of this one whose charge is given back when this one refuses the request.
 */
export function createLimiter(settings: LimiterSettings, earlier?: LimiterHandle): LimiterHandle {
  const guard = createGuard("rateLimit", "limit", settings);
  const limiter = new Limiter(guard, settings, earlier);
  const handler = guard.middleware(
    (req, res, next) => limiter.handle(req, res, next),
    settings.policies.map(ruleOf).join(", "),
  );
  const middleware = Object.assign(handler, {
    close: async (): Promise<void> => {
      await settings.store?.close?.();
    },
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
  readonly #checkProxy = createProxyCheck();
  readonly #checkMount: (req: Request) => void;
  /** Requests that wait for a function of the app or a store: in report mode they go on, and may come by a second time. */
  #waiting: WeakSet<Request> | undefined;

  constructor(guard: Guard, settings: LimiterSettings, earlier: LimiterHandle | undefined) {
    const { policies, store } = settings;
    const headers = guard.enforced ? settings.headers : { ietf: false, legacy: false as const };
    this.#guard = guard;
    this.#checkMount = createMountCheck(policies);
    this.#settings = settings;
    this.#earlier = earlier;
    this.#memory = new MemoryEngine(policies, settings.maxKeys);
    this.#store = store === undefined ? undefined : new StoreClient(store, settings.storeTimeoutMs);
    this.#reporters = new Map(
      policies.map((policy) => [policy, quotaReporter(policy, headers, this)]),
    );
  }

  handle(req: Request, res: Response, next: NextFunction): void {
    this.#checkProxy(req);
    this.#checkMount(req);
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
    return this.#waiting?.has(req) === true;
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
      this.#pass("skipped", req, next);
      return;
    }
    const { policies, ipv6Prefix } = this.#settings;
    const charges = chargesOf(policies, req, ipv6Prefix);
    if (Array.isArray(charges)) this.#charge(charges, req, res, next);
    else this.#wait(charges as Promise<readonly Charge[]>, req, res, next, this.#charge);
  };

  readonly #charge = (
    charges: readonly Charge[],
    req: Request,
    res: Response,
    next: NextFunction,
  ): void => {
    if (charges.length === 0) this.#pass("no_policy_applies", req, next);
    else if (this.#store === undefined) this.#countInMemory(charges, undefined, req, res, next);
    else this.#countInStore(this.#store, charges, req, res, next);
  };

  #pass(reason: Reason, req: Request, next: NextFunction): void {
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
    const requests = this.#requestsOf(charges);
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
    const refusal = refusalOf(count);
    // What a limit refuses costs nothing under any policy: others behind the caller's address keep their quota.
    const refunded = refusal !== undefined && this.#earlier?.refund(req) === true;
    this.#report(count, refunded, req, res);
    if (refusal !== undefined) {
      const { error, reason, policy } = refusal;
      this.#guard.refuse(error, req, res, next, { reason: notice ?? reason, policy });
      return;
    }
    this.#guard.allow(req, notice === undefined ? undefined : { reason: notice });
    next();
  }

  refund(req: Request): boolean {
    const quotas = quotasOf(req);
    const stored: Charge[] = [];
    let changed = false;
    for (let index = 0; index < quotas.length; index += 1) {
      const { limiter, charge, result } = quotas[index] as QuotaReport;
      const report = this.#reporters.get(charge.policy);
      if (limiter !== this || report === undefined) continue;
      if (this.#memory.refund(result)) {
        quotas[index] = report(result, charge);
        changed = true;
      } else if (!this.#memory.hasCounted(result)) {
        // All or nothing: where one policy did not admit the request, the store charged none.
        if (!result.allowed) return false;
        stored.push(charge);
      }
    }
    if (stored.length > 0) this.#store?.refund(this.#requestsOf(stored));
    return changed;
  }

  #requestsOf(charges: readonly Charge[]): readonly RateLimitRequest[] {
    const prefix = this.#guard.enforced ? "" : "report:";
    return charges.map((charge) => requestOf(charge, prefix));
  }

  #report({ charges, results }: Count, refunded: boolean, req: Request, res: Response): void {
    const quotas = quotasOf(req);
    const earlier = refunded ? 0 : quotas.length;
    for (let index = 0; index < charges.length; index += 1) {
      const result = results[index];
      const charge = charges[index] as Charge;
      const report = this.#reporters.get(charge.policy);
      if (result !== undefined && report !== undefined) quotas.push(report(result, charge));
    }
    // While a store was asked, something else may have answered.
    if (this.#guard.enforced && !res.headersSent) setQuotaHeaders(res, quotas, earlier);
  }
}

function refusalOf({
  charges,
  results,
}: Count): { error: HttpError; reason: Reason; policy: string } | undefined {
  let violated: string[] | undefined;
  let retryAfterMs = 0;
  let possible = true;
  for (let index = 0; index < charges.length; index += 1) {
    const { policy, cost } = charges[index] as Charge;
    const result = results[index];
    const fits = cost <= policy.burst;
    if (fits && result?.allowed === true) continue;
    violated ??= [];
    violated.push(policy.name);
    if (!fits) possible = false;
    retryAfterMs = Math.max(retryAfterMs, result?.retryAfterMs ?? 0);
  }
  if (violated === undefined) return undefined;
  const retryAfter = String(Math.max(1, Math.ceil(retryAfterMs / 1000)));
  return {
    error: new HttpError("rate_limit_exceeded", {
      // What can never pass gets no time to come back (RFC 9110 §10.2.3 has no value for "never").
      headers: possible ? { "Retry-After": retryAfter } : {},
      members: { "violated-policies": violated },
    }),
    reason: possible ? "limit_exceeded" : "cost_exceeds_burst",
    policy: violated.join(", "),
  };
}

function requestOf({ policy, key, cost }: Charge, prefix: string): RateLimitRequest {
  const { name, limit, windowMs, burst } = policy;
  return { policy: prefix + name, key, limit, windowMs, burst, cost };
}

function ruleOf({ name, limit, windowMs, key }: Policy): string {
  const whom = typeof key === "function" ? "key" : key;
  return `${name}(${limit} per ${formatDuration(windowMs)} and ${whom})`;
}
