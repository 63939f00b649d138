import type { NextFunction, Request } from "express";
import { failedWith } from "../../core/calls/function-failure.js";
import { recordDecision } from "../../core/decision/decision.js";
import type { DecisionFields, Guard } from "../../core/guard/guard.js";
import { HttpError } from "../../core/refusal/http-error.js";
import { resetSeconds } from "./answers/quota-fields.js";
import { callHandler, respondInstead } from "./answers/refusal.js";
import type { Options } from "./options/options.js";
import type { Settings } from "./read-settings.js";
import { goOn, orElse, type Run } from "./run.js";

/** Why a request over the limit was refused, or passes all the same. */
type OverLimitReason = "limit_exceeded" | "keys_exhausted" | "passed_by_handler" | "handler_failed";

/** Has requests over the limit answered, by the handler of the app or with its message. */
export class OverLimit {
  readonly #guard: Guard;
  readonly #settings: Settings;
  readonly #options: Options;
  readonly #policy: string;

  constructor(guard: Guard, settings: Settings, options: Options, policy: string) {
    this.#guard = guard;
    this.#settings = settings;
    this.#options = options;
    this.#policy = policy;
  }

  refuse(run: Run): void {
    if (this.#guard.enforced) {
      goOn(this.#guard, this.#retryAfter(run), run, this.#answer);
      return;
    }
    const error = new HttpError("rate_limit_exceeded");
    this.#guard.refuse(error, run.req, run.res, run.next, this.#fields(run));
  }

  /** Seconds for `Retry-After`; `undefined` where it is not sent. What the app's function does not say is computed. */
  #retryAfter({ req, res, hit }: Run): number | undefined | Promise<number | undefined> {
    const { draft, legacy, retryAfter, windowMs } = this.#settings;
    if (!legacy && draft === false) return undefined;
    const usual = resetSeconds(hit.resetTime, windowMs);
    if (typeof retryAfter !== "function") return retryAfter ?? usual;
    return orElse(() => retryAfter(req, res), usual, this.#guard.tell);
  }

  readonly #answer = (retryAfter: number | undefined, run: Run): void => {
    const { req, res, next } = run;
    if (retryAfter !== undefined && !res.headersSent)
      res.setHeader("Retry-After", String(retryAfter));
    const fields = this.#fields(run);
    let isOpen = true;
    let isLater = false;
    const conclude = (act: () => void): void => {
      isOpen = false;
      // What a handler does later happens outside of the guard.
      if (isLater) this.#guard.resume(req, res, next, act);
      else act();
    };
    callHandler((...args) => this.#options.handler(...args, this.#options), req, res, {
      pass: (target) => conclude(() => this.#letPass(target, run)),
      handOn: (error) =>
        conclude(() => {
          const refusal = new HttpError("rate_limit_exceeded", { cause: error });
          const onward: NextFunction = (given) => next(given === refusal ? error : given);
          this.#guard.refuse(refusal, req, res, onward, fields);
        }),
      fail: (error, isLate) => {
        this.#guard.tell(failedWith("rateLimit.handler", error));
        if (!res.writableEnded) conclude(() => this.#failed(error, isLate, run));
      },
    });
    isLater = true;
    if (isOpen) this.#record(req, fields);
  };

  #letPass(target: unknown, { req, next }: Run): void {
    const reason = "passed_by_handler" satisfies OverLimitReason;
    this.#guard.allow(req, { reason, policy: this.#policy });
    next(target);
  }

  #failed(error: unknown, isLate: boolean, { req, res, next }: Run): void {
    const refusal = new HttpError("rate_limit_exceeded", { cause: error });
    const reason = "handler_failed" satisfies OverLimitReason;
    if (isLate) respondInstead(refusal, req, res, next);
    else this.#guard.refuse(refusal, req, res, next, { reason, policy: this.#policy });
  }

  /** What the handler answers is the refusal. */
  #record(req: Request, fields: DecisionFields): void {
    recordDecision(req, {
      guard: this.#guard.name,
      outcome: "deny",
      enforced: true,
      code: "rate_limit_exceeded",
      status: this.#options.statusCode,
      ...fields,
    });
  }

  #fields({ hit }: Run): DecisionFields {
    const reason: OverLimitReason = hit.exhausted === true ? "keys_exhausted" : "limit_exceeded";
    return { reason, policy: this.#policy };
  }
}
