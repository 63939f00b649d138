import type { KeyRing } from "../keys/key-ring.js";
import type { KeyStore } from "./key-store.js";

/**
 * Keys that were given with the options and never change: a JWK Set, one public key, or the keys of a list.
 */
export function staticKeys(ring: KeyRing, options: { readonly anyKid: boolean }): KeyStore {
  return {
    // A single key given as such has no kid: whatever kid the issuer calls it by, it is the only
    // one there is.
    find: (kid, algorithm) => ring.find(options.anyKid ? undefined : kid, algorithm),
    isCurrent: (key) => ring.has(key),
    isStale: () => false,
    hasShortSecret: ring.keys.some(({ isShort }) => isShort === true),
    ready: () => Promise.resolve(undefined),
    close: () => undefined,
  };
}
