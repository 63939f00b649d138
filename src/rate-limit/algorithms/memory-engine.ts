import { type Charge, type Policy, rateOf } from "../policies/policy.js";
import type { RateLimitResult } from "../stores/rate-limit-store.js";
import { BucketCounter } from "./bucket-counter.js";
import { ConcurrencyCounter } from "./concurrency-counter.js";
import { type Counter, Draft } from "./draft.js";
import { KeyBlocks } from "./key-blocks.js";
import { LogCounter } from "./log-counter.js";
import { WindowCounter } from "./window-counter.js";

/** What the policies of a limiter say to one request. */
export interface Consumption {
  /** One result for each charge, in the same order. */
  readonly results: readonly RateLimitResult[];
  /** Whether a charge was counted under the shared key because its policy holds `maxKeys` others. */
  readonly exhausted: boolean;
}

/** One policy in memory. */
interface Tenant {
  readonly counter: Counter;
  readonly blocks: KeyBlocks | undefined;
}

/** Counts in the memory of this process: synchronously, each policy with its algorithm. */
export class MemoryEngine {
  readonly #tenants: ReadonlyMap<Policy, Tenant>;
  readonly #now: () => number;

  /** @param now - Whole milliseconds of a clock that never runs backwards. */
  constructor(policies: readonly Policy[], maxKeys: number, now: () => number = monotonicNow) {
    this.#now = now;
    this.#tenants = new Map(policies.map((policy) => [policy, tenantOf(policy, maxKeys)]));
  }

  /** Charges all or nothing. */
  consume(charges: readonly Charge[]): Consumption {
    const now = this.#now();
    const drafts: Draft[] = [];
    let fits = true;
    let exhausted = false;
    for (const charge of charges) {
      const draft = this.#draft(charge, now);
      drafts.push(draft);
      if (!draft.allowed) fits = false;
      if (draft.slot !== charge.key) exhausted = true;
    }
    for (const draft of drafts) {
      if (fits) draft.commit();
      else draft.complete();
    }
    if (!fits) this.#punish(charges, drafts, now);
    return { results: drafts, exhausted };
  }

  /**
   * Gives back what a charge took, and brings its result up to date. What has come back with time already is not given a
   * second time: at the moment of the charge, everything is given back; later, never more than is still missing. That is
   * exact for a policy that waits for the answers, which a client can keep open for as long as it likes.
   *
   * @param units - At most so many; the others stay. All when it is left out.
   * @returns Whether the charge had taken anything: `false` for the result of a store, and for what is given back already.
   */
  refund(result: RateLimitResult, units?: number): boolean {
    if (!(result instanceof Draft) || !result.charged) return false;
    result.giveBack(this.#now(), Math.min(units ?? result.cost, result.cost));
    return true;
  }

  /** Says that a charge stays, of a policy that waits for the answer. Once, unless it was given back. */
  keep(result: RateLimitResult): void {
    if (result instanceof Draft && result.charged) result.keep();
  }

  /** Whether the result comes from the memory of this process, not from a store. */
  hasCounted(result: RateLimitResult): boolean {
    return result instanceof Draft;
  }

  /** Forgets what was counted for the key, blocks included. */
  reset(policy: Policy, key: string): void {
    const { counter, blocks } = this.#tenantOf(policy);
    counter.reset(key);
    blocks?.reset(key);
  }

  /** Blocks the key, of a policy that blocks; 0 ends a block. @returns Whether there was room for it. */
  block(policy: Policy, key: string, durationMs: number): boolean {
    return this.#tenantOf(policy).blocks?.block(key, durationMs, this.#now()) === true;
  }

  /** Charges without asking whether it fits, at most what is left. */
  charge(charge: Charge): void {
    const draft = affordable(this.#tenantOf(charge.policy).counter, charge, this.#now());
    draft.commit();
    // No request will say that it stays.
    this.keep(draft);
  }

  /** Gives back units of whichever charge, at most what is missing. */
  reward(charge: Charge): void {
    this.#tenantOf(charge.policy).counter.reward(charge, this.#now());
  }

  #draft(charge: Charge, now: number): Draft {
    const { counter, blocks } = this.#tenantOf(charge.policy);
    const blockedMs = blocks?.blockedFor(charge.key, now) ?? 0;
    if (blockedMs > 0) return new BlockedDraft(charge.key, blockedMs);
    const { policy } = charge;
    const draft = policy.soft ? affordable(counter, charge, now) : counter.draft(charge, now);
    const isCounted = policy.sharesRest || draft.slot === charge.key;
    return isCounted ? draft : new FreeDraft(draft.slot, rateOf(charge).burst);
  }

  #tenantOf(policy: Policy): Tenant {
    const tenant = this.#tenants.get(policy);
    if (tenant === undefined) throw new Error("a charge of another limiter");
    return tenant;
  }

  /** Notes which keys were refused by their own policy, and blocks those that were too often. */
  #punish(charges: readonly Charge[], drafts: readonly Draft[], now: number): void {
    for (let index = 0; index < charges.length; index += 1) {
      const { policy, key, cost } = charges[index] as Charge;
      const draft = drafts[index] as Draft;
      const { blocks } = this.#tenantOf(policy);
      if (blocks === undefined) continue;
      // What can never pass is a fault of the app, or of its settings.
      if (draft.allowed || draft.blocked || cost > rateOf(charges[index] as Charge).burst) continue;
      // Others have spent what this key shares with them.
      if (draft.slot !== key) continue;
      const blockedMs = blocks.refused(key, now);
      if (blockedMs === 0) continue;
      draft.blocked = true;
      draft.retryAfterMs = Math.max(draft.retryAfterMs, blockedMs);
    }
  }
}

/** The result for a key that is blocked: whatever is left, nothing passes. */
class BlockedDraft extends Draft {
  readonly slot: string;
  readonly allowed = false;

  constructor(slot: string, blockedMs: number) {
    super(0);
    this.slot = slot;
    this.blocked = true;
    this.retryAfterMs = blockedMs;
    this.resetMs = blockedMs;
  }

  commit(): void {}
  complete(): void {}
  giveBack(): void {}
}

/** The result for a key that is not counted for want of room. */
class FreeDraft extends Draft {
  readonly slot: string;
  readonly allowed = true;

  constructor(slot: string, remaining: number) {
    super(0);
    this.slot = slot;
    this.remaining = remaining;
  }

  commit(): void {}
  complete(): void {}
  giveBack(): void {}
}

/** The charge if it fits, else one for what is left. */
function affordable(counter: Counter, charge: Charge, now: number): Draft {
  const draft = counter.draft(charge, now);
  if (draft.allowed) return draft;
  draft.complete();
  return counter.draft({ ...charge, cost: draft.remaining }, now);
}

function tenantOf(policy: Policy, maxKeys: number): Tenant {
  const blocks = policy.blocking && new KeyBlocks(policy.blocking, maxKeys);
  return { counter: counterOf(policy, maxKeys), blocks };
}

function counterOf(policy: Policy, maxKeys: number): Counter {
  switch (policy.algorithm) {
    case "sliding-log":
      return new LogCounter(policy, maxKeys);
    case "fixed-window":
      return new WindowCounter(maxKeys);
    case "concurrency":
      return new ConcurrencyCounter(maxKeys);
    default:
      return new BucketCounter(policy, maxKeys);
  }
}

function monotonicNow(): number {
  return Math.floor(performance.now());
}
