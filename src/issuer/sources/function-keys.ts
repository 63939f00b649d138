import { wrongReturn } from "../../core/options/user-function.js";
import { KeyOutage } from "../fetch/key-outage.js";
import { isJwkSet, parseJwkSet } from "../keys/jwk-set.js";
import type { KeyRing } from "../keys/key-ring.js";
import type { KeyStore } from "./key-store.js";

/**
 * Keys that a function of the app supplies. It is asked each time; the set is read again only when
 * it is another object. A function that throws is an outage.
 *
 * @param option - How users write the option: `oauthGuard.jwks`.
 */
export function functionKeys(
  supply: () => unknown,
  option: string,
  allowed: readonly string[],
): KeyStore {
  let set: unknown;
  let ring: KeyRing | undefined;

  function current(): KeyRing | KeyOutage {
    let supplied: unknown;
    try {
      supplied = supply();
    } catch (error) {
      return new KeyOutage("key_function_failed", `${option} threw`, error);
    }
    if (ring === undefined || supplied !== set) {
      if (!isJwkSet(supplied)) throw wrongReturn(option, "a JWK Set ({ keys: [...] })", supplied);
      ring = parseJwkSet(supplied, allowed, ring);
      set = supplied;
    }
    if (ring.keys.length > 0) return ring;
    return new KeyOutage("no_usable_keys", `${option} returned no usable key`);
  }

  return {
    find(kid, algorithm) {
      const now = current();
      return now instanceof KeyOutage ? now : now.find(kid, algorithm);
    },
    isCurrent(key) {
      const now = current();
      return !(now instanceof KeyOutage) && now.has(key);
    },
    isStale: () => false,
    async ready() {
      const now = current();
      return now instanceof KeyOutage ? now : undefined;
    },
    close: () => undefined,
  };
}
