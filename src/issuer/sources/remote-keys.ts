import { isInstance } from "../../core/calls/is-instance.js";
import { OutsideScope } from "../../core/calls/outside-scope.js";
import { isRefused } from "../../core/refusal/refused.js";
import { discoverJwksUri } from "../fetch/discovery.js";
import { type FetchLimits, fetchJson } from "../fetch/fetch-json.js";
import { KeyOutage } from "../fetch/key-outage.js";
import { isJwkSet } from "../keys/jwk-set.js";
import { parseJwks } from "../keys/jwks-parser.js";
import { createKeyRing, type KeyRing, type VerificationKey } from "../keys/key-ring.js";
import type { KeyLookup, KeyStore } from "./key-store.js";

/** When and how keys are fetched, and how long they serve. All times in milliseconds. */
export interface KeySchedule extends Pick<FetchLimits, "fetch" | "httpHosts"> {
  readonly maxAge: number;
  readonly maxStale: number;
  readonly cooldown: number;
  readonly timeout: number;
  /** Bytes. */
  readonly maxSize: number;
}

/** Where the keys of an issuer are. Without `jwksUri` its metadata says so. */
export interface KeyLocation {
  readonly issuer: string;
  readonly jwksUri: string | undefined;
  readonly metadataUrl: string | undefined;
}

const FIRST_RETRY = 1000;
/** The part of `maxAge` after which keys are fetched again before anybody has to wait for them. */
const EARLY = 0.8;
/** With no keys at all every request fails, so the next attempt is never far. */
const MAX_RETRY_WHEN_EMPTY = 5000;

/**
 * The key set of one issuer, fetched over HTTP.
 *
 * The whole set is fetched at once and only one fetch runs at a time. It starts in the background
 * shortly before the keys are older than `maxAge`, so that a busy server never waits. A request
 * waits for it when there are no keys, when they are older than `maxAge`, or when its `kid` is
 * unknown and the last attempt, failed ones included, began more than `cooldown` ago: made-up kids
 * cannot make us flood the issuer. Only after a failure the last good keys serve on, until they are
 * older than `maxStale`.
 */
export class RemoteKeys implements KeyStore {
  readonly #location: KeyLocation;
  readonly #schedule: KeySchedule;
  readonly #algorithms: readonly string[];
  /** Fetches belong to no request: its async context (tracing, logging) must not follow them. */
  readonly #context = new OutsideScope("ExpressSecureApiRemoteKeys");
  #ring: KeyRing | undefined;
  #running: Promise<void> | undefined;
  #abort: AbortController | undefined;
  #fetchedAt = Number.NEGATIVE_INFINITY;
  #attemptedAt = Number.NEGATIVE_INFINITY;
  #retryAt = Number.NEGATIVE_INFINITY;
  #failures = 0;
  /** Why the last attempt failed. */
  #outage: KeyOutage | undefined;
  #closed = false;

  constructor(location: KeyLocation, schedule: KeySchedule, algorithms: readonly string[]) {
    this.#location = location;
    this.#schedule = schedule;
    this.#algorithms = algorithms;
  }

  find(kid: string | undefined, algorithm: string): KeyLookup | Promise<KeyLookup> {
    const now = performance.now();
    const found = this.#usable(now)?.find(kid, algorithm);
    if (found !== undefined && !isRefused(found)) {
      const fetch = this.#refreshWhenDue(now);
      return fetch === undefined ? found : fetch.then(() => this.#findAgain(kid, algorithm));
    }
    if (this.#running === undefined && !this.#mayAsk(now, found !== undefined)) {
      return this.#outageAt(now) ?? found ?? closedOutage();
    }
    return this.#refresh(now).then(() => this.#findAgain(kid, algorithm));
  }

  isCurrent(key: VerificationKey): boolean | Promise<boolean> {
    const now = performance.now();
    if (this.#usable(now)?.has(key) !== true) return false;
    const fetch = this.#refreshWhenDue(now);
    if (fetch === undefined) return true;
    return fetch.then(() => this.#usable(performance.now())?.has(key) === true);
  }

  isStale(): boolean {
    return this.#failures > 0 && performance.now() - this.#fetchedAt > this.#schedule.maxAge;
  }

  async ready(): Promise<KeyOutage | undefined> {
    const now = performance.now();
    if (this.#usable(now) !== undefined) return undefined;
    if (this.#running !== undefined || this.#mayAsk(now, false)) await this.#refresh(now);
    const later = performance.now();
    return this.#usable(later) === undefined
      ? (this.#outageAt(later) ?? closedOutage())
      : undefined;
  }

  close(): void {
    this.#closed = true;
    this.#abort?.abort(closedOutage());
  }

  #usable(now: number): KeyRing | undefined {
    return now - this.#fetchedAt <= this.#schedule.maxStale ? this.#ring : undefined;
  }

  #mayAsk(now: number, haveKeys: boolean): boolean {
    if (this.#closed || now < this.#retryAt) return false;
    return !haveKeys || now - this.#attemptedAt >= this.#schedule.cooldown;
  }

  #outageAt(now: number): KeyOutage | undefined {
    if (this.#outage === undefined) return undefined;
    this.#outage.retryAfter = Math.max(1, Math.ceil((this.#retryAt - now) / 1000));
    return this.#outage;
  }

  #findAgain(kid: string | undefined, algorithm: string): KeyLookup {
    const now = performance.now();
    const found = this.#usable(now)?.find(kid, algorithm);
    if (found !== undefined && !isRefused(found)) return found;
    // Whether the key is unknown cannot be told while the issuer is out of reach.
    return this.#outageAt(now) ?? found ?? closedOutage();
  }

  /** Fetches keys that are getting old. Returns the fetch if they are too old to serve before it ends. */
  #refreshWhenDue(now: number): Promise<void> | undefined {
    const age = now - this.#fetchedAt;
    const { maxAge } = this.#schedule;
    if (age <= maxAge * EARLY) return undefined;
    if (this.#running === undefined) {
      if (!this.#mayAsk(now, false)) return undefined;
      void this.#refresh(now);
    }
    return age <= maxAge || this.#failedLately(now) ? undefined : this.#running;
  }

  /**
   * Whether the last attempt failed so recently that the next one is still under way on a busy
   * server: while an issuer hangs, its outage need not be found out by making requests wait again.
   */
  #failedLately(now: number): boolean {
    return this.#failures > 0 && now <= this.#retryAt + this.#schedule.timeout + FIRST_RETRY;
  }

  /** Never rejects. */
  #refresh(now: number): Promise<void> {
    this.#running ??= this.#context.runInAsyncScope(() => this.#attempt(now));
    return this.#running;
  }

  async #attempt(startedAt: number): Promise<void> {
    this.#attemptedAt = startedAt;
    const abort = new AbortController();
    this.#abort = abort;
    const { timeout } = this.#schedule;
    const timer = setTimeout(() => abort.abort(timeoutOutage(timeout)), timeout);
    timer.unref();
    try {
      this.#ring = await this.#load(abort.signal);
      this.#fetchedAt = startedAt;
      this.#failures = 0;
      this.#outage = undefined;
    } catch (error) {
      // Frees the connection of an answer that was not read to its end.
      abort.abort();
      this.#noteFailure(error);
    } finally {
      clearTimeout(timer);
      this.#abort = undefined;
      this.#running = undefined;
    }
  }

  async #load(signal: AbortSignal): Promise<KeyRing> {
    const { fetch, httpHosts, maxSize } = this.#schedule;
    const limits: FetchLimits = { fetch, httpHosts, maxSize, signal };
    const { issuer, jwksUri, metadataUrl } = this.#location;
    // Metadata is read each time, so that a moved key set is found.
    const url = jwksUri ?? (await discoverJwksUri(issuer, metadataUrl, limits));
    const set = await fetchJson(url, limits);
    if (!isJwkSet(set)) throw new KeyOutage("keys_bad_answer", `${url} is no JWK Set`);
    const ring = createKeyRing(await parseJwks(set.keys), this.#algorithms, this.#ring);
    if (ring.keys.length > 0) return ring;
    throw new KeyOutage("no_usable_keys", `the key set of ${issuer} holds no usable key`);
  }

  #noteFailure(error: unknown): void {
    const now = performance.now();
    this.#failures += 1;
    this.#outage = isInstance(error, KeyOutage)
      ? error
      : new KeyOutage("keys_unreachable", "the keys cannot be loaded", error);
    const { cooldown } = this.#schedule;
    const most = this.#usable(now) ? cooldown : Math.min(cooldown, MAX_RETRY_WHEN_EMPTY);
    const delay = Math.min(most, FIRST_RETRY * 2 ** Math.min(this.#failures - 1, 10));
    // Jitter: instances that failed together must not come back together.
    this.#retryAt = now + delay * (0.75 + Math.random() / 4);
  }
}

function timeoutOutage(timeout: number): KeyOutage {
  return new KeyOutage("keys_timeout", `the keys did not arrive within ${timeout} ms`);
}

function closedOutage(): KeyOutage {
  return new KeyOutage("guard_closed", "the guard was closed");
}
