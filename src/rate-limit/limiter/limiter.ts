import type { NextFunction, Request, Response } from "express";
import { watchStatus } from "../../core/answer/sent-status.js";
import { isThenable } from "../../core/calls/user-function.js";
import { createGuard, type Guard } from "../../core/guard/guard.js";
import { giveDetails } from "../../core/guard/guard-details.js";
import type { ErrorCode } from "../../core/refusal/error-code.js";
import { HttpError } from "../../core/refusal/http-error.js";
import { isRefused } from "../../core/refusal/refused.js";
import { oweHeaders } from "../../core/request/owed-headers.js";
import { HeldRequests } from "../answers/held-requests.js";
import { quotasOf, setQuotaHeaders } from "../answers/quota-headers.js";
import { delayOf, isNearLimit } from "../answers/stages.js";
import {
  fullQueue,
  storeRefusal,
  type Violation,
  type ViolationReason,
  violationOf,
} from "../answers/violation.js";
import type { Count, CountNotice } from "../counting/count.js";
import { Counting } from "../counting/counting.js";
import type { BodyFault } from "../policies/body-key.js";
import { type Charges, chargesOf } from "../policies/charges.js";
import { type Charge, delays, ruleOf } from "../policies/policy.js";
import { createProxyCheck } from "../proxies/proxy-check.js";
import { closeStore } from "../stores/close-store.js";
import { createControl } from "./control.js";
import { describeLimits } from "./describe-limits.js";
import type { LimiterSettings } from "./limiter-settings.js";
import type { LimiterHandle, Place, PreflightCounts } from "./place.js";
import { QuotaBook } from "./quota-book.js";

/** Why a decision was made, beyond its code. */
type Reason =
  | "skipped"
  | "no_policy_applies"
  | ViolationReason
  | BodyFault
  | CountNotice
  | "queue_full"
  | "near_limit"
  | "store_unavailable";

/** How a request is refused that a policy by a member of the body cannot count. */
const BODY_REFUSALS = {
  missing_body: "bad_request",
  unread_body: "unsupported_media_type",
  unusable_key: "bad_request",
} as const satisfies Record<BodyFault, ErrorCode>;

const NO_HEADERS = { ietf: false, legacy: false, retryJitter: 0 } as const;
const NEAR = "near_limit" satisfies Reason;

/** One limiter, from settings that were checked. */
export function createLimiter(
  settings: LimiterSettings,
  place: Place,
  name = "rateLimit",
): LimiterHandle {
  const guard = createGuard(name, "limit", settings);
  const counting = new Counting(settings, guard.enforced);
  const limiter = new Limiter(guard, settings, counting, place);
  const { checkMount } = place;
  const handler = guard.middleware(
    (req, res, next) => {
      checkMount?.(req);
      limiter.handle(req, res, next);
    },
    { rule: settings.policies.map(ruleOf).join(", ") },
  );
  giveDetails(handler, () => describeLimits(settings.policies, settings.headers));
  const middleware = Object.assign(
    handler,
    createControl(settings, () => counting),
    {
      close: () => closeStore(settings.store),
    },
  );
  return { middleware, counting, refund: (req) => limiter.refund(req) };
}

class Limiter {
  readonly #guard: Guard;
  readonly #settings: LimiterSettings;
  readonly #counting: Counting;
  readonly #held: HeldRequests;
  readonly #book: QuotaBook;
  readonly #earlier: LimiterHandle | undefined;
  readonly #isFollowed: boolean;
  readonly #preflight: PreflightCounts | undefined;
  readonly #watchesStatus: boolean;
  readonly #warns: boolean;
  #placeSeen = false;
  readonly #checkProxy = createProxyCheck();
  /** Requests that wait for a function of the app or a store: in report mode they go on, and may come by a second time. */
  #waiting: WeakSet<Request> | undefined;

  constructor(
    guard: Guard,
    settings: LimiterSettings,
    counting: Counting,
    { preflight, earlier, isFollowed = false }: Place,
  ) {
    const { policies } = settings;
    const headers = guard.enforced ? settings.headers : NO_HEADERS;
    this.#guard = guard;
    this.#settings = settings;
    this.#earlier = earlier;
    this.#isFollowed = isFollowed;
    this.#preflight = preflight;
    this.#watchesStatus = policies.some(
      ({ count }) => count === "failures" || count === "successes",
    );
    this.#warns = policies.some(({ warnAt }) => warnAt !== undefined);
    this.#counting = counting;
    this.#held = new HeldRequests(settings.maxWaiting);
    this.#book = new QuotaBook(policies, headers, this.#counting, this, guard.tell);
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
    if (this.#book.hasCounted(req)) return true;
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
    else this.#count(charges, req, res, next);
  };

  #pass(reason: Reason, req: Request, res: Response, next: NextFunction): void {
    if (this.#earlier !== undefined) this.#sendHeaders(req, res);
    this.#guard.allow(req, reason);
    next();
  }

  #count(charges: readonly Charge[], req: Request, res: Response, next: NextFunction): void {
    if (this.#counting.isImmediate) {
      this.#decide(this.#counting.countNow(charges), req, res, next);
    } else if (this.#guard.enforced) {
      this.#counting.count(charges, (count) => {
        let isHere = false;
        this.#guard.resume(req, res, next, () => {
          isHere = true;
          this.#conclude(count, req, res, next);
        });
        if (!isHere && !(count instanceof Error)) this.#book.leave(count, req);
      });
    } else {
      const counted = new Promise<Count | Error>((resolve) => {
        this.#counting.count(charges, resolve);
      });
      this.#wait(counted, req, res, next, this.#conclude);
    }
  }

  readonly #conclude = (
    count: Count | Error,
    req: Request,
    res: Response,
    next: NextFunction,
  ): void => {
    if (!(count instanceof Error)) {
      this.#decide(count, req, res, next);
      return;
    }
    this.#guard.refuse(storeRefusal(count), req, res, next, {
      reason: "store_unavailable" satisfies Reason,
    });
  };

  #decide(count: Count, req: Request, res: Response, next: NextFunction): void {
    const { charges, results, notice } = count;
    const refusal = violationOf(charges, results, this.#settings.headers.retryJitter);
    this.#book.enter(count, req);
    if (refusal !== undefined) {
      this.#refuse(refusal, notice ?? refusal.reason, req, res, next);
      return;
    }
    this.#book.releaseWhenOver(count, req, res);
    if (this.#guard.enforced && delayOf(charges, results) > 0) this.#hold(count, req, res, next);
    else {
      this.#book.settle(count, req, res);
      this.#admit(count, req, res, next);
    }
  }

  #refuse(
    { error, policy }: Violation,
    reason: Reason,
    req: Request,
    res: Response,
    next: NextFunction,
  ): void {
    // What a limit refuses costs nothing under any policy: others behind the caller's address keep their quota.
    this.#earlier?.refund(req);
    this.#sendHeaders(req, res);
    this.#guard.refuse(error, req, res, next, { reason, policy });
  }

  #admit(count: Count, req: Request, res: Response, next: NextFunction): void {
    const { charges, results, notice } = count;
    if (!this.#isFollowed) this.#sendHeaders(req, res);
    else if (this.#guard.enforced) oweHeaders(req, writeQuotas);
    const reason = notice ?? (this.#warns && isNearLimit(charges, results) ? NEAR : undefined);
    this.#guard.allow(req, reason);
    next();
  }

  /** A request of a leaky bucket waits until those in front of it have gone on; others where little is left. */
  #hold(count: Count, req: Request, res: Response, next: NextFunction): void {
    const { charges, results } = count;
    const delayMs = (): number => delayOf(charges, results);
    const turn = this.#held.hold(req, res, {
      delayMs,
      watch: (moved) => this.#counting.watch(results, moved),
      leave: () => {
        for (const { policy } of charges) {
          if (policy.algorithm === "leaky-bucket") this.#book.giveBack(req, policy);
        }
      },
    });
    if (turn === undefined) {
      this.#book.giveBack(req);
      const waiting = charges.filter(({ policy }) => delays(policy));
      this.#refuse(
        fullQueue(waiting, delayMs(), this.#settings.headers.retryJitter),
        "queue_full",
        req,
        res,
        next,
      );
    } else {
      // Behind the queue, which gives back first when the client leaves.
      this.#book.settle(count, req, res);
      this.#wait(turn, req, res, next, () => this.#admit(count, req, res, next));
    }
  }

  refund(req: Request): void {
    this.#earlier?.refund(req);
    this.#book.giveBack(req);
  }

  #sendHeaders(req: Request, res: Response): void {
    // While a store was asked, something else may have answered.
    if (this.#guard.enforced && !res.headersSent) setQuotaHeaders(res, quotasOf(req));
  }
}

function writeQuotas(req: Request, res: Response): void {
  setQuotaHeaders(res, quotasOf(req));
}
