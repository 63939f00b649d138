import type { Request, Response } from "express";
import { isThenable } from "../../core/calls/user-function.js";
import { addressNetwork, clientAddress } from "../../core/http/client-address.js";
import { isRefused } from "../../core/refusal/refused.js";
import type { UnseenToken, Verification, Verifier } from "../token/verifier.js";
import { FailureBucket } from "./failure-bucket.js";
import { VerificationQueue } from "./verification-queue.js";

/** How many verifications of new tokens may fail for one address before further ones from there queue. */
export interface FirstSightSettings {
  readonly limit: number;
  readonly windowMs: number;
  /** Verifications at the same time for one address, among those that queue. */
  readonly concurrency: number;
  /** For one address. */
  readonly maxWaiting: number;
}

/** There is no room in the queue. */
export const QUEUE_FULL = Symbol("queue full");

/** Verifies a token at once. */
type Verify = () => Verification | Promise<Verification>;

/** One customer usually holds a whole network of this size. */
const IPV6_PREFIX = 56;

/**
 * Decides when tokens are verified that were not seen before: at once, or, for an address behind which too many of them
 * were bad, one after the other. Nobody is locked out: behind the address of an office, good and bad tokens wait alike.
 */
export class FirstSight {
  readonly #failures: FailureBucket;
  readonly #queue: VerificationQueue;

  readonly #verifier: Verifier;

  constructor(
    { limit, windowMs, concurrency, maxWaiting }: FirstSightSettings,
    verifier: Verifier,
  ) {
    this.#verifier = verifier;
    this.#failures = new FailureBucket(limit, windowMs);
    this.#queue = new VerificationQueue(concurrency, maxWaiting);
  }

  /**
   * Verifies, at once or in turn. Throws and rejects as the verifier does.
   *
   * @param res - Where the client may leave the queue; `undefined` when the verdict is wanted all the same.
   */
  verify(
    req: Request,
    res: Response | undefined,
    token: UnseenToken,
  ): Verification | Promise<Verification | typeof QUEUE_FULL> | typeof QUEUE_FULL {
    const address = networkOf(req);
    if (this.#failures.charge(address, performance.now()))
      return this.#judge(address, true, () => this.#verifier.verifyUnseen(token));
    const turn = this.#queue.wait(address, res);
    if (turn === undefined) return QUEUE_FULL;
    return turn.then<Verification | typeof QUEUE_FULL>((isTurn) =>
      isTurn ? this.#inTurn(address, token) : QUEUE_FULL,
    );
  }

  async #inTurn(address: string, { token }: UnseenToken): Promise<Verification> {
    try {
      const charged = this.#failures.charge(address, performance.now());
      // It may have been verified in the meantime.
      return await this.#judge(address, charged, () => this.#verifier.verify(token));
    } finally {
      this.#queue.end(address);
    }
  }

  /** Only what is wrong with a token costs anything: no success, no outage, and no fault of the app. */
  #judge(address: string, charged: boolean, verify: Verify): Verification | Promise<Verification> {
    if (!charged) return verify();
    const giveBack = (): void => this.#failures.giveBack(address, performance.now());
    let verification: Verification | Promise<Verification>;
    try {
      verification = verify();
    } catch (error) {
      giveBack();
      throw error;
    }
    if (isThenable(verification)) {
      verification.then((later) => {
        if (!isRefused(later)) giveBack();
      }, giveBack);
    } else if (!isRefused(verification)) {
      giveBack();
    }
    return verification;
  }
}

/** Without an address, as over a Unix socket, all requests share one line. */
function networkOf(req: Request): string {
  const address = clientAddress(req);
  return address === undefined ? "unknown" : addressNetwork(address, IPV6_PREFIX);
}
