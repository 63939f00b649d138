import type { KeyOutage } from "../fetch/key-outage.js";
import type { UnknownKey, VerificationKey } from "../keys/key-ring.js";

/** A key, why there is none for this token, or why there are none at all. */
export type KeyLookup = VerificationKey | UnknownKey | KeyOutage;

/** The keys of one issuer, wherever they come from. */
export interface KeyStore {
  /**
   * Synchronous whenever the keys are in memory. Neither throws nor rejects but for bugs of the
   * app.
   */
  find(kid: string | undefined, algorithm: string): KeyLookup | Promise<KeyLookup>;
  /**
   * Whether the key may still be used. Starts a refresh when one is due; a promise when the keys
   * are too old to tell before it ends. Neither throws nor rejects.
   */
  isCurrent(key: VerificationKey): boolean | Promise<boolean>;
  /** Whether the keys are older than they should be, because refreshing them fails. */
  isStale(): boolean;
  /** Whether one of the keys is a secret that is too short, which only a guard in report mode has. */
  readonly hasShortSecret?: boolean;
  /** Waits for the keys. */
  ready(): Promise<KeyOutage | undefined>;
  /** Ends what is under way. */
  close(): void;
}
