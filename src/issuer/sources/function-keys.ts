import { createCall } from "../../core/calls/create-call.js";
import { FunctionFailure } from "../../core/calls/function-failure.js";
import { isThenable, wrongReturn } from "../../core/calls/user-function.js";
import { isRefused } from "../../core/refusal/refused.js";
import { KeyOutage, type KeyOutageReason } from "../fetch/key-outage.js";
import { isJwkSet, parseJwkSet } from "../keys/jwk-set.js";
import type { KeyRing } from "../keys/key-ring.js";
import type { KeyLookup, KeyStore } from "./key-store.js";

type Keys = KeyRing | KeyOutage;

/** Keys that were promised, and when they came. */
interface PromisedKeys {
  readonly keys: KeyRing;
  readonly since: number;
}

/** How long the answer of an async function counts: so long a key may be good that was withdrawn. */
const KEEP_MS = 10_000;
/** For a key that is not among them, the function is asked again, but not more often than that. */
const ASK_AGAIN_MS = 1000;

const REASONS: Readonly<Record<FunctionFailure["reason"], KeyOutageReason>> = {
  function_failed: "key_function_failed",
  function_timeout: "function_timeout",
  wrong_return: "wrong_return",
};

/**
 * Keys that a function of the app supplies. A synchronous one is asked each time; what an async one promised counts for
 * ten seconds, and requests at the same time share one call. The set is read again only when it is another object. A
 * function that fails is an outage: nothing that it returned earlier serves then.
 *
 * @param option - How users write the option: `oauthGuard.jwks`.
 */
export function functionKeys(
  supply: () => unknown,
  option: string,
  allowed: readonly string[],
): KeyStore {
  const call = createCall(supply, {
    option,
    parse(value) {
      if (isJwkSet(value)) return value;
      throw wrongReturn(option, "a JWK Set ({ keys: [...] })", value);
    },
  });
  let set: unknown;
  let ring: KeyRing | undefined;
  let promised: PromisedKeys | undefined;
  let pending: Promise<Keys> | undefined;

  function read(supplied: Parameters<typeof parseJwkSet>[0]): Keys {
    if (ring === undefined || supplied !== set) {
      ring = parseJwkSet(supplied, allowed, ring);
      set = supplied;
    }
    if (ring.keys.length > 0) return ring;
    return new KeyOutage("no_usable_keys", `${option} returned no usable key`);
  }

  function ask(): Keys | Promise<Keys> {
    if (pending !== undefined) return pending;
    try {
      const supplied = call();
      if (!isThenable(supplied)) return read(supplied);
      pending = supplied.then(read).catch(toOutage).then(keep);
      return pending;
    } catch (error) {
      return toOutage(error);
    }
  }

  function keep(keys: Keys): Keys {
    pending = undefined;
    promised = keys instanceof KeyOutage ? undefined : { keys, since: performance.now() };
    return keys;
  }

  function current(): Keys | Promise<Keys> {
    return promised !== undefined && ageOf(promised) < KEEP_MS ? promised.keys : ask();
  }

  return {
    find(kid, algorithm) {
      const now = current();
      if (isThenable(now)) return now.then((later) => findIn(later, kid, algorithm));
      const found = findIn(now, kid, algorithm);
      const mayBeNew = promised !== undefined && ageOf(promised) >= ASK_AGAIN_MS;
      if (!mayBeNew || found instanceof KeyOutage || !isRefused(found)) return found;
      const again = ask();
      return isThenable(again)
        ? again.then((later) => findIn(later, kid, algorithm))
        : findIn(again, kid, algorithm);
    },
    isCurrent(key) {
      const now = current();
      // Who waits for the answer is whoever verifies the token again.
      return !isThenable(now) && !(now instanceof KeyOutage) && now.has(key);
    },
    isStale: () => false,
    async ready() {
      const now = await current();
      return now instanceof KeyOutage ? now : undefined;
    },
    close: () => undefined,
  };

  function toOutage(error: unknown): KeyOutage {
    const reason =
      error instanceof FunctionFailure ? REASONS[error.reason] : ("key_function_failed" as const);
    return new KeyOutage(reason, `${option} supplied no keys`, error);
  }
}

function findIn(keys: Keys, kid: string | undefined, algorithm: string): KeyLookup {
  return keys instanceof KeyOutage ? keys : keys.find(kid, algorithm);
}

function ageOf({ since }: PromisedKeys): number {
  return performance.now() - since;
}
