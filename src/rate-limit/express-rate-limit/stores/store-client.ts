import { isDate } from "node:util/types";
import { createCall } from "../../../core/calls/create-call.js";
import { follow } from "../../../core/calls/follow.js";
import { FunctionFailure } from "../../../core/calls/function-failure.js";
import { isInstance } from "../../../core/calls/is-instance.js";
import { isThenable } from "../../../core/calls/user-function.js";
import { StorePause, type StoreVisit } from "../../stores/store-pause.js";
import type { LegacyStore, Store } from "../options/options.js";

/** One hit in a store. */
export interface Hit {
  readonly totalHits: number;
  readonly resetTime: Date | undefined;
  /** Whether there was no room for the key, and it was counted with others. */
  readonly exhausted?: boolean;
}

/** Why a hit could not be counted. */
export interface StoreFailure {
  /** What the store threw, or that it did not answer. */
  readonly failure: unknown;
}

/** Asks a store of somebody else to count: with a deadline, and never with an impossible answer. */
export class StoreClient {
  readonly #increment: (key: string) => Hit | Promise<Hit>;
  readonly #decrement: (key: string) => unknown;
  readonly #pause = new StorePause();

  constructor(store: Store) {
    this.#increment = createCall((key: string) => store.increment(key), {
      option: "rateLimit.store.increment",
      parse: parseHit,
    });
    this.#decrement = (key) => store.decrement(key);
  }

  /** Counts one hit. Never throws or rejects. */
  increment(key: string): Hit | StoreFailure | Promise<Hit | StoreFailure> {
    const visit = this.#pause.enter();
    if (visit === undefined) return { failure: new Error("the store is not asked for a second") };
    try {
      const hit = this.#increment(key);
      if (!isThenable(hit)) return answered(hit, visit);
      return hit.then(
        (answer) => answered(answer, visit),
        (error: unknown) => failed(error, visit),
      );
    } catch (error) {
      return failed(error, visit);
    }
  }

  /** Takes a hit back. `tell` gets to know when that fails: the hit stays then. */
  decrement(key: string, tell: (error: unknown) => void): void {
    try {
      const result = this.#decrement(key);
      if (isThenable(result)) follow(result, ignore, tell);
    } catch (error) {
      tell(error);
    }
  }
}

function answered(hit: Hit, visit: StoreVisit): Hit {
  visit.end(true);
  return hit;
}

function failed(error: unknown, visit: StoreVisit): StoreFailure {
  // A store that says at once that it failed keeps nobody waiting, and may work for the next key.
  visit.end(!(isInstance(error, FunctionFailure) && error.reason === "function_timeout"));
  return { failure: error };
}

/** A store with the interface of today, for one that calls back. What it does not have has no effect. */
export function modernStore(store: Store | LegacyStore): Store {
  if (!isLegacy(store)) return store;
  return {
    increment: (key) =>
      new Promise((resolve, reject) => {
        const result: unknown = store.incr(key, (error, totalHits, resetTime) => {
          if (error) reject(error);
          else resolve({ totalHits, resetTime });
        });
        if (isThenable(result)) follow(result, ignore, reject);
      }),
    decrement: (key) => store.decrement(key),
    resetKey: (key) => store.resetKey(key),
    resetAll: () => store.resetAll?.(),
  };
}

function isLegacy(store: Store | LegacyStore): store is LegacyStore {
  const { incr, increment } = store as { readonly incr?: unknown; readonly increment?: unknown };
  return typeof incr === "function" && typeof increment !== "function";
}

/** Databases may give counts as texts. @throws TypeError when there is no count: nothing could exceed a limit then. */
function parseHit(reply: unknown): Hit {
  const { totalHits, resetTime } = (reply ?? {}) as Record<string, unknown>;
  const hits =
    typeof totalHits === "string" && /^\d{1,15}$/.test(totalHits) ? Number(totalHits) : totalHits;
  if (typeof hits !== "number" || !(hits >= 0))
    throw new TypeError("rateLimit.store.increment must return a number of totalHits");
  // Not `instanceof`: in Jest, a Date of the store is another class.
  const isKnown = isDate(resetTime) && !Number.isNaN(resetTime.getTime());
  return { totalHits: hits, resetTime: isKnown ? resetTime : undefined };
}

function ignore(): void {}
