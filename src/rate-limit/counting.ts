import { MemoryEngine } from "./algorithms/memory-engine.js";
import type { Charge, Policy, Rate } from "./policies/policy.js";
import type { LimiterSettings } from "./read-settings.js";
import type { RateLimitResult } from "./stores/rate-limit-store.js";
import { StoreClient, storeRequestOf, storeRequestsOf } from "./stores/store-client.js";

/** What was out of the ordinary when a request was counted. */
export type CountNotice = "keys_exhausted" | "store_fallback" | "store_open";

/** The results of one request. */
export interface Count {
  readonly charges: readonly Charge[];
  /** One for each charge. */
  readonly results: readonly RateLimitResult[];
  readonly notice: CountNotice | undefined;
}

/** Counts the charges of a limiter: in a store, if there is one, and in memory while that fails. */
export class Counting {
  readonly #memory: MemoryEngine;
  readonly #store: StoreClient | undefined;
  readonly #enforced: boolean;
  /** What the memory counts in place of a policy while the store fails, where it admits less. */
  readonly #fallbacks: ReadonlyMap<Policy, Policy>;
  readonly #share: number;

  constructor(settings: LimiterSettings, enforced: boolean) {
    const { policies, store, maxKeys, storeTimeoutMs, fallbackShare } = settings;
    this.#enforced = enforced;
    this.#share = fallbackShare;
    this.#fallbacks = new Map(
      fallbackShare === 1
        ? []
        : policies.map((policy) => [policy, { ...policy, ...shareOf(policy, fallbackShare) }]),
    );
    this.#memory = new MemoryEngine([...policies, ...this.#fallbacks.values()], maxKeys);
    this.#store = store === undefined ? undefined : new StoreClient(store, storeTimeoutMs);
  }

  /** The policies that stand for others while the store fails. */
  get fallbacks(): readonly Policy[] {
    return [...this.#fallbacks.values()];
  }

  /**
   * Charges all or nothing.
   *
   * @param done - Called once: at once without a store. With an error when a policy refuses what the store cannot count.
   */
  count(charges: readonly Charge[], done: (count: Count | Error) => void): void {
    const store = this.#store;
    if (store === undefined) {
      done(this.#inMemory(charges, undefined));
      return;
    }
    store.ask(storeRequestsOf(charges, this.#enforced), (answer) => {
      if (!(answer instanceof Error)) done({ charges, results: answer, notice: undefined });
      else done(this.#withoutStore(charges, answer));
    });
  }

  /** Whether `count` calls back at once. */
  get isImmediate(): boolean {
    return this.#store === undefined;
  }

  /** Says that a charge stays, of a policy that waits for the answer. */
  keep(result: RateLimitResult): void {
    this.#memory.keep(result);
  }

  /** Whether the result comes from memory. */
  hasCounted(result: RateLimitResult): boolean {
    return this.#memory.hasCounted(result);
  }

  /** Gives back what was counted in memory. @returns Whether there was anything to give back. */
  refund(result: RateLimitResult): boolean {
    return this.#memory.refund(result);
  }

  /** Gives back what the store has charged. */
  refundStored(charged: readonly (readonly [charge: Charge, result: RateLimitResult])[]): void {
    this.#store?.refund(
      charged.map(([charge, { receipt }]) => ({
        ...storeRequestOf(charge, this.#enforced),
        receipt,
      })),
    );
  }

  #withoutStore(charges: readonly Charge[], failure: Error): Count | Error {
    if (charges.some(({ policy }) => policy.onStoreError === "reject")) return failure;
    const counted = charges.filter(({ policy }) => policy.onStoreError === "fallback");
    if (counted.length === 0) return { charges: [], results: [], notice: "store_open" };
    return this.#inMemory(
      counted.map((charge) => this.#fallbackOf(charge)),
      "store_fallback",
    );
  }

  #fallbackOf(charge: Charge): Charge {
    const policy = this.#fallbacks.get(charge.policy);
    if (policy === undefined) return charge;
    const { key, cost, rate } = charge;
    return { policy, key, cost, rate: rate && shareOf(rate, this.#share, cost) };
  }

  #inMemory(charges: readonly Charge[], notice: CountNotice | undefined): Count {
    const { results, exhausted } = this.#memory.consume(charges);
    return { charges, results, notice: exhausted ? "keys_exhausted" : notice };
  }
}

/** A part of the rate, which still admits one request of its cost. */
function shareOf(rate: Rate | Policy, share: number, cost = costOf(rate)): Rate {
  const { limit, windowMs, burst } = rate;
  const least = Math.min(limit, cost);
  const shared = Math.max(least, Math.floor(limit * share));
  return {
    limit: shared,
    windowMs,
    burst: Math.max(least, Math.min(shared, Math.floor(burst * share))),
  };
}

function costOf(rate: Rate | Policy): number {
  return "cost" in rate && typeof rate.cost === "number" ? rate.cost : 1;
}
