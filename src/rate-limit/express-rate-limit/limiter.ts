import type { NextFunction, Request, Response } from "express";
import { watchStatus } from "../../core/answer/sent-status.js";
import { FunctionFailure } from "../../core/calls/function-failure.js";
import { isInstance } from "../../core/calls/is-instance.js";
import { isThenable } from "../../core/calls/user-function.js";
import type { DecisionFields, Guard } from "../../core/guard/guard.js";
import { clientAddress } from "../../core/http/client-address.js";
import { isPlainObject } from "../../core/options/value.js";
import { outageError } from "../../core/refusal/http-error.js";
import { addressKey as keyWithoutAddress } from "../policies/charges.js";
import { createProxyCheck } from "../proxies/proxy-check.js";
import { setDraftFields, setLegacyFields } from "./answers/quota-fields.js";
import { settleAfterAnswer } from "./answers/settlement.js";
import { nameOf } from "./default-options.js";
import { addressKey } from "./ip-key-generator.js";
import type { Store } from "./options/options.js";
import type { OverLimit } from "./over-limit.js";
import type { Settings } from "./read-settings.js";
import { goOn, infoOf, orElse, Run, runsOf, storeKey } from "./run.js";
import { MemoryStore } from "./stores/memory-store.js";
import { type Hit, StoreClient, type StoreFailure } from "./stores/store-client.js";
import { warnAboutAddressKey, warnAboutDoubleCount } from "./warnings.js";

/** Why a request passes, or cannot be counted, beyond its code. */
type Reason = "skipped" | "keys_exhausted" | "store_bypassed" | "store_unavailable";

/** What a limiter is made of, besides its settings. */
interface Parts {
  readonly guard: Guard;
  readonly store: Store;
  readonly overLimit: OverLimit;
  /** What decisions call its limit. */
  readonly policy: string;
  /** Told of a store that fails. */
  readonly tell: (error: unknown, message: string) => void;
}

/** Until the store is asked again. */
const RETRY_STORE_AFTER_SECONDS = 1;

/** Counts requests as express-rate-limit does it, and lets pass what is not over the limit. */
export class Limiter {
  readonly #settings: Settings;
  readonly #parts: Parts;
  readonly #guard: Guard;
  readonly #memory: MemoryStore | undefined;
  readonly #client: StoreClient;
  readonly #checkProxy: (req: Request) => void;
  /** Whose counts they are: those of one instance, or of a database that all instances of a class share. */
  readonly #owner: unknown;

  constructor(settings: Settings, parts: Parts) {
    const { guard, store } = parts;
    this.#settings = settings;
    this.#parts = parts;
    this.#guard = guard;
    this.#memory = MemoryStore.isPlain(store) ? store : undefined;
    this.#client = new StoreClient(store);
    this.#checkProxy = createProxyCheck({
      permissive: settings.warns("trustProxy"),
      untrusted: settings.warns("xForwardedForHeader"),
      unread: settings.warns("forwardedHeader"),
    });
    this.#owner = store.localKeys === true || isPlainObject(store) ? store : store.constructor;
  }

  handle(req: Request, res: Response, next: NextFunction): void {
    const known = runsOf(req);
    if (known.some(({ limiter }) => limiter === this)) {
      this.#guard.pass(next);
      return;
    }
    const { skip, settlement } = this.#settings;
    const run = new Run(this, req, res, next);
    if (settlement !== undefined && settlement.wasSuccessful === undefined) watchStatus(req, res);
    // In report mode the request goes on meanwhile, and may come by a second time.
    if (!this.#guard.enforced) known.push(run);
    if (skip === undefined) this.#afterSkip(false, run);
    else goOn(this.#guard, skip(req, res), run, this.#afterSkip);
  }

  readonly #afterSkip = (skips: boolean, run: Run): void => {
    const { req, res } = run;
    if (skips) {
      this.#pass(run, { reason: "skipped" satisfies Reason });
      return;
    }
    if (this.#guard.enforced) runsOf(req).push(run);
    const key = this.#settings.key?.(req, res) ?? this.#addressKey(req, res);
    goOn(this.#guard, key, run, this.#afterKey);
  };

  #addressKey(req: Request, res: Response): string | Promise<string> {
    this.#checkProxy(req);
    const { subnet } = this.#settings;
    const address = clientAddress(req);
    if (address === undefined) return keyWithoutAddress(req, 128);
    if (typeof subnet !== "function") return addressKey(address, subnet);
    const chosen = address.includes(":") ? subnet(req, res) : false;
    return isThenable(chosen)
      ? chosen.then((prefix) => addressKey(address, prefix))
      : addressKey(address, chosen);
  }

  readonly #afterKey = (key: string, run: Run): void => {
    run.key = key;
    this.#warn(run);
    const name = storeKey(this.#guard, key);
    const hit = this.#memory === undefined ? this.#client.increment(name) : this.#memory.hit(name);
    goOn<Hit | StoreFailure>(this.#guard, hit, run, this.#afterHit);
  };

  #warn({ req, key }: Run): void {
    const { warns, key: chosen } = this.#settings;
    if (chosen !== undefined && warns("keyGeneratorIpFallback")) warnAboutAddressKey(req, key);
    if (!warns("singleCount")) return;
    for (const { limiter, key: other } of runsOf(req)) {
      // Not those of another copy of this library, which share the slot.
      if (limiter !== this && limiter instanceof Limiter && this.#sharesCount(key, limiter, other))
        warnAboutDoubleCount(req);
    }
  }

  #sharesCount(key: string, limiter: Limiter, other: string): boolean {
    if (this.#owner !== limiter.#owner) return false;
    const [{ prefix: mine = "" }, { prefix: theirs = "" }] = [
      this.#parts.store,
      limiter.#parts.store,
    ];
    return mine + key === theirs + other;
  }

  readonly #afterHit = (hit: Hit | StoreFailure, run: Run): void => {
    if ("failure" in hit) {
      this.#fail(causeOf(hit.failure), run);
      return;
    }
    const { limit } = this.#settings;
    run.hit = hit;
    const allowed = typeof limit === "number" ? limit : limit(run.req, run.res);
    goOn(this.#guard, allowed, run, this.#afterLimit);
  };

  #fail(cause: unknown, run: Run): void {
    const { policy, tell } = this.#parts;
    if (this.#settings.passOnStoreError) {
      tell(cause, "error from store, allowing request without rate-limiting.");
      this.#pass(run, { reason: "store_bypassed" satisfies Reason, policy });
      return;
    }
    const error = outageError("rate_limit_unavailable", cause, RETRY_STORE_AFTER_SECONDS);
    const reason = "store_unavailable" satisfies Reason;
    this.#guard.refuse(error, run.req, run.res, run.next, { reason, policy });
  }

  readonly #afterLimit = (limit: number, run: Run): void => {
    const { name, draft, property, windowMs } = this.#settings;
    run.limit = limit;
    if (!this.#guard.enforced) {
      this.#conclude(run);
      return;
    }
    (run.req as unknown as Record<string, unknown>)[property] = infoOf(run);
    if (draft !== "draft-8") this.#send("", run);
    else {
      const usual = nameOf(run, windowMs);
      const chosen =
        typeof name === "function"
          ? orElse(() => name(run.req, run.res), usual, this.#guard.tell)
          : (name ?? usual);
      goOn(this.#guard, chosen, run, this.#send);
    }
  };

  readonly #send = (name: string, run: Run): void => {
    const { draft, legacy, windowMs } = this.#settings;
    // While something was asked, something else may have answered.
    if (!run.res.headersSent) {
      if (legacy) setLegacyFields(run.res, infoOf(run));
      if (draft !== false) setDraftFields(run.res, draft, infoOf(run), windowMs, name);
    }
    this.#conclude(run);
  };

  #conclude(run: Run): void {
    const { settlement } = this.#settings;
    const { req, res, hit, limit } = run;
    if (settlement !== undefined)
      settleAfterAnswer(settlement, req, res, () => this.#takeBack(run), this.#guard.tell);
    if (hit.totalHits > limit) this.#parts.overLimit.refuse(run);
    else this.#pass(run, hit.exhausted === true ? EXHAUSTED : undefined);
  }

  #takeBack({ key, hit: { resetTime } }: Run): void {
    // Into a newer window nothing is given back.
    if (resetTime !== undefined && Date.now() >= resetTime.getTime()) return;
    this.#client.decrement(storeKey(this.#guard, key), (error) =>
      this.#parts.tell(error, "error from store during decrement."),
    );
  }

  #pass({ req, next }: Run, fields: DecisionFields | undefined): void {
    this.#guard.allow(req, fields);
    next();
  }
}

const EXHAUSTED: DecisionFields = Object.freeze({ reason: "keys_exhausted" satisfies Reason });

/** What the store threw itself, for the error handlers of the app. */
function causeOf(failure: unknown): unknown {
  return isInstance(failure, FunctionFailure) && failure.reason === "function_failed"
    ? failure.cause
    : failure;
}
