import { isInstance } from "../../core/calls/is-instance.js";
import { isThenable, wrongReturn } from "../../core/calls/user-function.js";
import { beforeAbort } from "../fetch/before-abort.js";
import { KeyOutage } from "../fetch/key-outage.js";
import { isJwkSet, parseJwkSet } from "../keys/jwk-set.js";
import type { KeyRing } from "../keys/key-ring.js";
import type { KeyStore } from "./key-store.js";

type Supplied = KeyRing | KeyOutage;

/**
 * Keys that a function of the app supplies, at once or as a promise. It is asked each time, but not
 * while it is still at work; the set is read again only when it is another object. A function that
 * throws, rejects, returns no key set or misses the deadline is an outage.
 *
 * @param option - How users write the option: `oauthGuard.jwks`.
 * @param timeout - Milliseconds that a promise may take.
 */
export function functionKeys(
  supply: () => unknown,
  option: string,
  allowed: readonly string[],
  timeout: number,
): KeyStore {
  let set: unknown;
  let ring: KeyRing | undefined;
  let running: Promise<Supplied> | undefined;
  // Made with the first promise: old versions of Jest hide AbortController from synchronous ones.
  let deadline: AbortController | undefined;
  let isClosed = false;

  function current(): Supplied | Promise<Supplied> {
    if (running !== undefined) return running;
    try {
      const supplied = supply();
      if (!isThenable(supplied)) return ringOf(supplied);
      running = settle(supplied);
      return running;
    } catch (error) {
      return failure(`${option} threw`, error);
    }
  }

  async function settle(supplied: PromiseLike<unknown>): Promise<Supplied> {
    const abort = new AbortController();
    deadline = abort;
    if (isClosed) abort.abort(closedOutage());
    const timer = setTimeout(() => abort.abort(timeoutOutage(option, timeout)), timeout);
    timer.unref();
    try {
      return ringOf(await beforeAbort(supplied, abort.signal));
    } catch (error) {
      return isInstance(error, KeyOutage) ? error : failure(`${option} rejected`, error);
    } finally {
      clearTimeout(timer);
      running = undefined;
    }
  }

  function ringOf(supplied: unknown): Supplied {
    if (ring === undefined || supplied !== set) {
      if (!isJwkSet(supplied)) {
        const error = wrongReturn(option, "a JWK Set ({ keys: [...] })", supplied);
        return failure(error.message, error);
      }
      ring = parseJwkSet(supplied, allowed, ring);
      set = supplied;
    }
    if (ring.keys.length > 0) return ring;
    return new KeyOutage("no_usable_keys", `${option} returned no usable key`);
  }

  return {
    find(kid, algorithm) {
      const now = current();
      if (!isThenable(now)) return isOutage(now) ? now : now.find(kid, algorithm);
      return now.then((later) => (isOutage(later) ? later : later.find(kid, algorithm)));
    },
    isCurrent(key) {
      const now = current();
      if (!isThenable(now)) return !isOutage(now) && now.has(key);
      return now.then((later) => !isOutage(later) && later.has(key));
    },
    isStale: () => false,
    async ready() {
      const now = await current();
      return isOutage(now) ? now : undefined;
    },
    close() {
      isClosed = true;
      deadline?.abort(closedOutage());
    },
  };
}

function isOutage(supplied: Supplied): supplied is KeyOutage {
  return supplied instanceof KeyOutage;
}

function failure(message: string, cause: unknown): KeyOutage {
  return new KeyOutage("key_function_failed", message, cause);
}

function timeoutOutage(option: string, timeout: number): KeyOutage {
  return new KeyOutage("keys_timeout", `${option} took over ${timeout} ms`);
}

function closedOutage(): KeyOutage {
  return new KeyOutage("guard_closed", "the guard was closed");
}
