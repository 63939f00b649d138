import { CALL_DEADLINE_MS } from "../../core/calls/create-call.js";
import { callObserver, ignoreOutcome, promiseOf } from "../../core/calls/follow.js";
import { type Charge, rateOf } from "../policies/policy.js";
import { OwedPlaces } from "./owed-places.js";
import type {
  RateLimitRefund,
  RateLimitRequest,
  RateLimitResult,
  RateLimitStore,
} from "./rate-limit-store.js";
import { StoreHealth } from "./store-health.js";

/** What the store said, or why it said nothing usable. */
export type StoreAnswer = readonly RateLimitResult[] | Error;

/**
 * One charge, as a store is asked for it.
 *
 * @param enforced - What limits count that only report is kept apart.
 */
export function storeRequestOf(charge: Charge, enforced: boolean): RateLimitRequest {
  const { policy, key, cost } = charge;
  const { limit, windowMs, burst } = rateOf(charge);
  const { algorithm, blocking } = policy;
  const soft = policy.soft || undefined;
  const name = enforced ? policy.name : `report:${policy.name}`;
  return { policy: name, key, algorithm, limit, windowMs, burst, cost, soft, blocking };
}

/** Asks a store within a deadline, while it is worth asking. Whatever the store does, `done` is called exactly once. */
export class StoreClient {
  readonly #store: RateLimitStore;
  readonly #timeoutMs: number;
  readonly #health: StoreHealth;
  readonly #owed = new OwedPlaces();

  /** @param policies - Their names. */
  constructor(store: RateLimitStore, timeoutMs: number, policies: readonly string[]) {
    this.#store = store;
    this.#timeoutMs = timeoutMs;
    this.#health = new StoreHealth(policies);
  }

  ask(requests: readonly RateLimitRequest[], done: (answer: StoreAnswer) => void): void {
    const visit = this.#health.enter(isReady(this.#store));
    if (visit === undefined) {
      done(new Error("the rate-limit store is not ready, or failed and is not asked for a second"));
      return;
    }
    let open = true;
    const finish = (answer: StoreAnswer): void => {
      // Late answers are dropped: the request went on without them. What runs would never be given back.
      if (!open) {
        this.#refundLate(requests, answer);
        return;
      }
      open = false;
      clearTimeout(deadline);
      visit.end(!(answer instanceof Error));
      if (!(answer instanceof Error)) this.#payOwed();
      done(answer);
    };
    // It lives no longer than the request waits, so it keeps no request context alive.
    // When the process was busy, the answer may be there and unread: what has arrived is read before it is too late.
    const deadline = setTimeout(() => {
      setImmediate(finish, new Error("the rate-limit store did not answer in time"));
    }, this.#timeoutMs).unref();
    this.#consume(requests).then(finish, (error: unknown) => finish(failure(error)));
  }

  /**
   * Gives back what was charged, if the store can. Nobody waits for that; if it fails, the charge stays, but for places of
   * what runs.
   */
  refund(refunds: readonly RateLimitRefund[]): void {
    callObserver(
      () => this.#store.refund?.(refunds),
      () => this.#owed.add(refunds),
    );
  }

  #payOwed(): void {
    const owed = this.#owed.take();
    if (owed.length === 0) return;
    callObserver(
      () => this.#store.refund?.(owed.map(({ refund }) => refund)),
      () => this.#owed.putBack(owed),
    );
  }

  #refundLate(requests: readonly RateLimitRequest[], answer: StoreAnswer): void {
    if (answer instanceof Error || answer.some(({ allowed }) => !allowed)) return;
    const running = requests.flatMap((request, index) =>
      request.algorithm === "concurrency" && request.cost > 0
        ? [{ ...request, receipt: answer[index]?.receipt }]
        : [],
    );
    if (running.length > 0) this.refund(running);
  }

  /**
   * Does something by hand, with the deadline of a request.
   *
   * @throws (as the rejection of the promise) TypeError when the store cannot do it, Error when it fails.
   */
  async act(
    name: "refund" | "reset" | "block" | "charge",
    requests: readonly RateLimitRequest[],
    durationMs?: number,
  ): Promise<void> {
    const method = this.#store[name] as
      | ((given: readonly RateLimitRequest[], duration?: number) => Promise<void>)
      | undefined;
    if (method === undefined) throw new TypeError(`the rate-limit store has no ${name}()`);
    const done = promiseOf(method.call(this.#store, requests, durationMs));
    let deadline: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      deadline = setTimeout(reject, CALL_DEADLINE_MS, new Error(`${name}() took too long`)).unref();
    });
    await Promise.race([done, late]).finally(() => clearTimeout(deadline));
  }

  async #consume(requests: readonly RateLimitRequest[]): Promise<readonly RateLimitResult[]> {
    return checkedResults(await promiseOf(this.#store.consume(requests)), requests);
  }
}

/** A store that cannot even say whether it is ready is not. */
function isReady(store: RateLimitStore): boolean {
  if (store.isReady === undefined) return true;
  try {
    const ready: unknown = store.isReady();
    if (ready === true) return true;
    ignoreOutcome(ready);
    return false;
  } catch {
    return false;
  }
}

function failure(error: unknown): Error {
  return new Error("the rate-limit store failed", { cause: error });
}

/** Copies of the results: what was checked cannot change afterwards. @throws TypeError when one is impossible. */
function checkedResults(
  reply: unknown,
  requests: readonly RateLimitRequest[],
): readonly RateLimitResult[] {
  if (!Array.isArray(reply) || reply.length !== requests.length) {
    throw new TypeError("the rate-limit store must answer with one result for each request");
  }
  return requests.map((request, index) => checkedResult(reply[index], request));
}

function checkedResult(reply: unknown, request: RateLimitRequest): RateLimitResult {
  const { allowed, remaining, retryAfterMs, resetMs, delayMs, blocked, receipt } = (reply ??
    {}) as Record<string, unknown>;
  if (
    typeof allowed !== "boolean" ||
    !isWithin(remaining, request.burst) ||
    !Number.isInteger(remaining) ||
    !isWithin(retryAfterMs, Number.MAX_SAFE_INTEGER) ||
    !isWithin(resetMs, Number.MAX_SAFE_INTEGER) ||
    !(delayMs === undefined || isWithin(delayMs, request.windowMs)) ||
    !(blocked === undefined || typeof blocked === "boolean") ||
    (blocked === true && allowed) ||
    !(receipt === undefined || typeof receipt === "string")
  ) {
    throw new TypeError("the rate-limit store answered with an impossible result");
  }
  return { allowed, remaining, retryAfterMs, resetMs, delayMs, blocked, receipt };
}

function isWithin(value: unknown, max: number): value is number {
  return typeof value === "number" && value >= 0 && value <= max;
}
