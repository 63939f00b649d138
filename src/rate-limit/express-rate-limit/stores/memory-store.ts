import { hash } from "node:crypto";
import { readOptions } from "../../../core/options/options-reader.js";
import { compact } from "../../../core/quota/key-table.js";
import type { ClientRateLimitInfo, Options, Store } from "../options/options.js";

/** Options of {@link MemoryStore}. */
export interface MemoryStoreOptions {
  /** Keys that are kept at most, from 1 to 10,000,000. Beyond that, new keys are counted together. @default 100000 */
  readonly maxKeys?: number | undefined;
}

/** One key in its window. */
interface Client {
  hits: number;
  readonly resetTime: Date;
  /** When the window ends, on a clock that nobody sets. */
  readonly end: number;
}

/** One hit, and what was out of the ordinary. */
export interface MemoryHit {
  readonly totalHits: number;
  readonly resetTime: Date;
  /** Whether there was no room for the key, and it was counted with others. */
  readonly exhausted: boolean;
}

const DEFAULT_WINDOW_MS = 60_000;
/** A digest of this length replaces what is longer, so that no key fills the memory. */
const LONGEST_KEY = 44;
/** More than one: what expired is removed faster than new keys come. */
const STEPS_PER_INSERT = 4;
const STEPS_WHEN_FULL = 64;

/**
 * Counts in the memory of this process, in windows that begin with the first hit of a key. Bounded: 100,000 keys take
 * about 22 MB. A key whose window is not over is never removed, or clients could flush their own counts. There are no
 * timers, so a window may be longer than 24.8 days.
 */
export class MemoryStore implements Store {
  readonly localKeys: boolean = true;
  windowMs: number = DEFAULT_WINDOW_MS;
  readonly #maxKeys: number;
  readonly #clients = new Map<string, Client>();
  #sweep = this.#clients.entries();
  /** Counts the keys that found no room. */
  #overflow: Client | undefined;

  /** @throws {@link OptionsError} with every problem of the options. */
  constructor(options?: MemoryStoreOptions) {
    const reader = readOptions<MemoryStoreOptions>("MemoryStore", options, { maxKeys: true });
    this.#maxKeys = reader.integer("maxKeys", { min: 1, max: 10_000_000, default: 100_000 });
    reader.finish();
  }

  init({ windowMs }: Pick<Options, "windowMs">): void {
    this.windowMs = windowMs;
  }

  /**
   * Whether a store is one of these as it is, not changed by a class of the app.
   *
   * @internal
   */
  static isPlain(store: object): store is MemoryStore {
    return store instanceof MemoryStore && Object.getPrototypeOf(store) === MemoryStore.prototype;
  }

  async get(key: string): Promise<ClientRateLimitInfo | undefined> {
    const client = this.#clients.get(named(key));
    if (client === undefined || client.end <= performance.now()) return undefined;
    return { totalHits: client.hits, resetTime: new Date(client.resetTime) };
  }

  async increment(key: string): Promise<ClientRateLimitInfo> {
    const { totalHits, resetTime } = this.hit(key);
    return { totalHits, resetTime };
  }

  /**
   * What `increment` does, without a promise.
   *
   * @internal
   */
  hit(key: string): MemoryHit {
    const name = named(key);
    const now = performance.now();
    let client = this.#clients.get(name);
    if (client === undefined || client.end <= now) client = this.#begin(name, client, now);
    client.hits += 1;
    const { hits: totalHits, resetTime } = client;
    return { totalHits, resetTime, exhausted: client === this.#overflow };
  }

  async decrement(key: string): Promise<void> {
    const client = this.#clients.get(named(key)) ?? this.#overflow;
    if (client !== undefined && client.hits > 0) client.hits -= 1;
  }

  async resetKey(key: string): Promise<void> {
    this.#clients.delete(named(key));
  }

  async resetAll(): Promise<void> {
    this.#clients.clear();
    this.#overflow = undefined;
  }

  shutdown(): void {
    void this.resetAll();
  }

  #begin(name: string, expired: Client | undefined, now: number): Client {
    const end = now + this.windowMs;
    const client = { hits: 0, resetTime: new Date(Date.now() + this.windowMs), end };
    if (expired === undefined) {
      this.#removeExpired(now, STEPS_PER_INSERT);
      if (this.#isFull(now)) {
        if (this.#overflow === undefined || this.#overflow.end <= now) this.#overflow = client;
        return this.#overflow;
      }
    }
    this.#clients.set(expired === undefined ? compact(name) : name, client);
    return client;
  }

  #isFull(now: number): boolean {
    if (this.#clients.size < this.#maxKeys) return false;
    this.#removeExpired(now, STEPS_WHEN_FULL);
    return this.#clients.size >= this.#maxKeys;
  }

  #removeExpired(now: number, steps: number): void {
    for (let step = 0; step < steps; step += 1) {
      const { value: entry } = this.#sweep.next();
      if (entry === undefined) this.#sweep = this.#clients.entries();
      else if (entry[1].end <= now) this.#clients.delete(entry[0]);
    }
  }
}

function named(key: string): string {
  // What begins like a digest is digested as well: nobody can spend the quota of a long key by naming its digest.
  return key.length > LONGEST_KEY || key.startsWith("#")
    ? `#${hash("sha256", key, "base64url")}`
    : key;
}
