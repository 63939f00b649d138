import { createHmac } from "node:crypto";
import { Draft } from "../algorithms/draft.js";
import { MemoryEngine } from "../algorithms/memory-engine.js";
import { type Charge, type Policy, type Rate, rateOf } from "../policies/policy.js";
import type {
  RateLimitRequest,
  RateLimitResult,
  RateLimitStore,
} from "../stores/rate-limit-store.js";
import { StoreClient, storeRequestOf } from "../stores/store-client.js";
import { BlockCache } from "./block-cache.js";
import type { Count, CountNotice } from "./count.js";

/** What counts, and how much of it. */
export interface CountingSettings {
  readonly policies: readonly Policy[];
  readonly store: RateLimitStore | undefined;
  readonly storeTimeoutMs: number;
  /** The part of every limit that the memory of this process admits in place of a store. */
  readonly fallbackShare: number;
  /** What makes pseudonyms of the keys that a store sees. */
  readonly keySecret: string | undefined;
  readonly maxKeys: number;
}

/** Counts the charges of a limiter: in a store, if there is one, and in memory while that fails. */
export class Counting {
  readonly #memory: MemoryEngine;
  readonly #store: StoreClient | undefined;
  readonly #enforced: boolean;
  /** What the memory counts in place of a policy while the store fails, where it admits less. */
  readonly #fallbacks: ReadonlyMap<Policy, Policy>;
  readonly #share: number;
  readonly #keySecret: string | undefined;
  /** What the store said about keys that it blocks, so that those cost it nothing. */
  readonly #blocks: BlockCache | undefined;

  constructor(settings: CountingSettings, enforced: boolean) {
    const { policies, store, maxKeys, storeTimeoutMs, fallbackShare } = settings;
    const blocks = policies.some(({ blocking }) => blocking !== undefined);
    this.#enforced = enforced;
    this.#blocks = store !== undefined && blocks ? new BlockCache() : undefined;
    this.#share = fallbackShare;
    this.#keySecret = settings.keySecret;
    this.#fallbacks = new Map(
      fallbackShare === 1
        ? []
        : policies.map((policy) => [policy, fallbackFor(policy, fallbackShare)]),
    );
    this.#memory = new MemoryEngine([...policies, ...this.#fallbacks.values()], maxKeys);
    this.#store =
      store === undefined ? undefined : new StoreClient(store, storeTimeoutMs, namesOf(policies));
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
      done(this.countNow(charges));
      return;
    }
    const blocked = this.#blocks?.blockedOf(charges);
    if (blocked !== undefined) {
      done(blocked);
      return;
    }
    store.ask(
      charges.map((charge) => this.#requestOf(charge)),
      (answer) => {
        if (answer instanceof Error) {
          done(this.#withoutStore(charges, answer));
          return;
        }
        this.#blocks?.remember(charges, answer);
        done({ charges, results: answer, notice: undefined });
      },
    );
  }

  /** Does the same where {@link isImmediate}. */
  countNow(charges: readonly Charge[]): Count {
    return this.#inMemory(charges, undefined);
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

  /** Asks to be told when a request has to wait no longer than its results say now; with `undefined`, no more. */
  watch(results: readonly RateLimitResult[], moved: (() => void) | undefined): void {
    for (const result of results) if (result instanceof Draft) result.whenMoved = moved;
  }

  /** Units that were charged in memory: fewer than the request costs where a policy only slows down. */
  chargedBy(result: RateLimitResult): number | undefined {
    return result instanceof Draft ? result.cost : undefined;
  }

  /**
   * Gives back what was counted in memory.
   *
   * @param units - At most so many; all when it is left out.
   * @returns Whether there was anything to give back.
   */
  refund(result: RateLimitResult, units?: number): boolean {
    return this.#memory.refund(result, units);
  }

  /** Gives back what the store has charged: of each charge so many units as its cost says here. */
  refundStored(charged: readonly (readonly [charge: Charge, result: RateLimitResult])[]): void {
    this.#store?.refund(
      charged.map(([charge, { receipt }]) => ({
        ...this.#requestOf(charge),
        receipt,
      })),
    );
  }

  /** What is left under one policy; nothing is charged. */
  peek(charge: Charge): Promise<Count | Error> {
    return new Promise((resolve) => this.count([{ ...charge, cost: 0 }], resolve));
  }

  /**
   * Charges without asking whether it fits, at most what is left.
   *
   * @param beside - A result of the same request: what memory has counted in place of a store goes on there.
   */
  async charge(charge: Charge, beside?: RateLimitResult): Promise<void> {
    const inMemory = this.#store === undefined || (beside !== undefined && this.hasCounted(beside));
    if (inMemory) this.#memory.charge(charge);
    else await this.#store.act("charge", [this.#requestOf(charge)]);
  }

  /** Gives back units of whichever charge, at most what is missing. */
  async reward(charge: Charge): Promise<void> {
    if (this.#store === undefined) {
      this.#memory.reward(charge);
    } else {
      const refund = { ...this.#requestOf(charge), receipt: undefined };
      await this.#store.act("refund", [refund]);
    }
  }

  /** Forgets what was counted, blocks included. */
  async reset(charge: Charge): Promise<void> {
    const { policy, key } = charge;
    this.#blocks?.forget(charge);
    this.#memory.reset(policy, key);
    const fallback = this.#fallbacks.get(policy);
    if (fallback !== undefined) this.#memory.reset(fallback, key);
    await this.#store?.act("reset", [this.#requestOf(charge)]);
    // Once more: it may have said in the meantime that it blocks the key.
    this.#blocks?.forget(charge);
  }

  /** Blocks a key, of a policy that blocks; 0 ends the block. @throws Error when there is no room for it. */
  async block(charge: Charge, durationMs: number): Promise<void> {
    this.#blocks?.forget(charge);
    const { policy, key } = charge;
    // In memory too: while the store fails, the block holds in this process.
    const held = this.#memory.block(this.#fallbacks.get(policy) ?? policy, key, durationMs);
    if (!held && this.#store === undefined) throw new Error("maxKeys keys are blocked already");
    await this.#store?.act("block", [this.#requestOf(charge)], durationMs);
    this.#blocks?.forget(charge);
  }

  /** The charge as the store is asked for it; whom it concerns stays here, if there is a secret. */
  #requestOf(charge: Charge): RateLimitRequest {
    const request = storeRequestOf(charge, this.#enforced);
    return this.#keySecret === undefined
      ? request
      : { ...request, key: pseudonymOf(request.key, this.#keySecret) };
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
    const { key, cost } = charge;
    const rate = policy.rateFor && shareOf(rateOf(charge), this.#share, cost);
    return { policy, key, cost, rate };
  }

  #inMemory(charges: readonly Charge[], notice: CountNotice | undefined): Count {
    const { results, exhausted } = this.#memory.consume(charges);
    return { charges, results, notice: exhausted ? "keys_exhausted" : notice };
  }
}

function namesOf(policies: readonly Policy[]): readonly string[] {
  return policies.map(({ name }) => name);
}

/** 256 bits of a keyed digest, as long as a key may be. The same secret gives the same pseudonym in every process. */
function pseudonymOf(key: string, secret: string): string {
  return `~${createHmac("sha256", secret).update(key).digest("base64url")}`;
}

/** What counts in place of a policy. Where the cost depends on the request, the share does, too. */
function fallbackFor(policy: Policy, share: number): Policy {
  const { cost } = policy;
  return typeof cost === "number"
    ? { ...policy, ...shareOf(policy, share, cost) }
    : { ...policy, ...shareOf(policy, share, 1), rateFor: policy.rateFor ?? (() => policy) };
}

/** A part of the rate, which still admits one request of its cost, if the rate does. */
function shareOf({ limit, windowMs, burst }: Rate, share: number, cost: number): Rate {
  const least = Math.min(burst, cost);
  const shared = Math.max(least, Math.floor(limit * share));
  return {
    limit: shared,
    windowMs,
    burst: Math.max(least, Math.min(shared, Math.floor(burst * share))),
  };
}
