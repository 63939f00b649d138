import type { Request, Response } from "express";
import { ignoreOutcome } from "../../core/calls/follow.js";
import { whenOver } from "../../core/request/request-end.js";
import {
  type HeaderSettings,
  type QuotaReport,
  type QuotaReporter,
  quotaReporter,
  quotasOf,
} from "../answers/quota-headers.js";
import { measureAfterAnswer, settleAfterAnswer } from "../answers/settlement.js";
import type { Count } from "../counting/count.js";
import type { Counting } from "../counting/counting.js";
import type { Charge, Policy } from "../policies/policy.js";
import type { RateLimitResult } from "../stores/rate-limit-store.js";

/** What a limiter has charged each request, and when it gives that back. */
export class QuotaBook {
  readonly #counting: Counting;
  readonly #limiter: object;
  readonly #reporters: ReadonlyMap<Policy, QuotaReporter>;
  readonly #settles: boolean;
  readonly #tell: (error: unknown) => void;

  /**
   * @param limiter - Tells the limiters of a request apart.
   * @param tell - Tells the developer of a function that failed.
   */
  constructor(
    policies: readonly Policy[],
    headers: HeaderSettings,
    counting: Counting,
    limiter: object,
    tell: (error: unknown) => void,
  ) {
    const counted = [...policies, ...counting.fallbacks];
    this.#counting = counting;
    this.#limiter = limiter;
    this.#reporters = new Map(
      counted.map((policy) => [policy, quotaReporter(policy, headers, limiter)]),
    );
    this.#settles = policies.some(
      ({ algorithm, count, costAfter }) =>
        algorithm === "leaky-bucket" || count !== "all" || costAfter !== undefined,
    );
    this.#tell = tell;
  }

  /** Whether the limiter has counted the request already. */
  hasCounted(req: Request): boolean {
    for (const quota of quotasOf(req)) if (quota.limiter === this.#limiter) return true;
    return false;
  }

  /** Enters what was counted, for the header fields and for what is given back. */
  enter({ charges, results }: Count, req: Request): void {
    const quotas = quotasOf(req);
    for (let index = 0; index < charges.length; index += 1) {
      const result = results[index];
      const charge = charges[index] as Charge;
      const report = this.#reporters.get(charge.policy);
      if (result !== undefined && report !== undefined) quotas.push(report(result, charge));
    }
  }

  /**
   * Gives back what the request was charged, as far as that can be given back.
   *
   * @param only - The policy; all of them when it is left out.
   */
  giveBack(req: Request, only?: Policy): void {
    const quotas = quotasOf(req);
    const stored: (readonly [Charge, RateLimitResult])[] = [];
    for (let index = 0; index < quotas.length; index += 1) {
      const quota = quotas[index] as QuotaReport;
      const { limiter, charge, result } = quota;
      const report = this.#reporters.get(charge.policy);
      if (limiter !== this.#limiter || report === undefined) continue;
      if (only !== undefined && charge.policy !== only) continue;
      if (this.#counting.hasCounted(result)) {
        const given = this.#counting.refund(result);
        quotas[index] = { ...(given ? report(result, charge) : quota), refunded: true };
      } else if (quota.refunded !== true) {
        // All or nothing: where one policy did not admit the request, the store charged none.
        if (!result.allowed) return;
        stored.push([charge, result]);
        quotas[index] = { ...quota, refunded: true };
      }
    }
    if (stored.length > 0) this.#counting.refundStored(stored);
  }

  /** What runs counts until it is over: when the answer was sent, or the client has left. */
  releaseWhenOver({ charges }: Count, req: Request, res: Response): void {
    for (const { policy } of charges) {
      if (policy.algorithm !== "concurrency") continue;
      whenOver(req, res, () => this.giveBack(req, policy));
    }
  }

  /** The client has left before its request could go on: what runs is over, and other charges stay. */
  leave(count: Count, req: Request): void {
    const { charges, results } = count;
    this.enter(count, req);
    for (let index = 0; index < charges.length; index += 1) {
      const { policy } = charges[index] as Charge;
      if (policy.algorithm === "concurrency") this.giveBack(req, policy);
      else this.#counting.keep(results[index] as RateLimitResult);
    }
  }

  /** The charge stands while the request runs: parallel requests cannot pass the limit. */
  settle({ charges, results }: Count, req: Request, res: Response): void {
    if (!this.#settles) return;
    for (let index = 0; index < charges.length; index += 1) {
      const charge = charges[index] as Charge;
      const result = results[index] as RateLimitResult;
      const { algorithm, count, costAfter } = charge.policy;
      if (costAfter !== undefined) {
        const conclude = (units = charge.cost): void => this.#correct(charge, result, units, req);
        measureAfterAnswer(costAfter, req, res, conclude, this.#tell);
      } else if (count !== "all") {
        const conclude = (stays: boolean): void => this.#conclude(stays, charge, result, req);
        settleAfterAnswer(count, req, res, conclude, this.#tell);
      } else if (algorithm === "leaky-bucket") {
        whenOver(req, res, () => this.#counting.keep(result));
      }
    }
  }

  #conclude(stays: boolean, charge: Charge, result: RateLimitResult, req: Request): void {
    const { policy } = charge;
    if (stays) this.#counting.keep(result);
    else if (policy.resets) ignoreOutcome(this.#counting.reset(charge));
    else this.giveBack(req, policy);
  }

  /**
   * Charges the difference to what was charged, or gives it back, of this charge and no other. What was given back because
   * another limit has refused the request costs nothing. Nobody waits for that.
   */
  #correct(charge: Charge, result: RateLimitResult, units: number, req: Request): void {
    if (quotasOf(req).some((quota) => quota.charge === charge && quota.refunded === true)) return;
    const difference = units - (this.#counting.chargedBy(result) ?? charge.cost);
    if (difference < 0) {
      if (this.#counting.hasCounted(result)) this.#counting.refund(result, -difference);
      else this.#counting.refundStored([[{ ...charge, cost: -difference }, result]]);
      return;
    }
    this.#counting.keep(result);
    if (difference > 0) {
      ignoreOutcome(this.#counting.charge({ ...charge, cost: difference }, result));
    }
  }
}
