import type { KeyObject } from "node:crypto";
import type { Hints, OptionKeys } from "../../core/options/option-types.js";
import type { OptionsReader } from "../../core/options/options-reader.js";
import type { PseudonymKey } from "./pseudonym.js";
import { type AuditPseudonymKey, readPseudonymKey } from "./read-pseudonym-keys.js";

/** How the addresses of clients are recorded. */
type AddressTreatment = "truncate" | "plain" | "pseudonym" | "omit";

/** How records name the people who call. */
export interface AuditPrivacyOptions {
  /**
   * Callers but services: `audit.actor.id`, and of all tokens `audit.token.id`, by which the issuer knows whose they are.
   *
   * - `"plain"`: as the token has them
   * - `"pseudonym"`: a keyed hash, the same for the same user as long as `key` is the same
   * - `"omit"`: left out
   * @default "plain"
   */
  readonly subject?: "plain" | "pseudonym" | "omit" | undefined;
  /**
   * `client.address` of requests that succeeded. `"truncate"`: IPv4 to /24, IPv6 to /48; `"plain"`: complete; `"pseudonym"`
   * and `"omit"` as for `subject`. @default "truncate"
   */
  readonly address?: AddressTreatment | undefined;
  /**
   * `client.address` of all other requests. @default "plain", or what `address` says if that is given
   */
  readonly addressOnRefusal?: AddressTreatment | undefined;
  /**
   * What makes the pseudonyms: a secret of at least 32 random bytes, or a list of such with their names, the newest
   * first. Only the newest one is used. Required with `"pseudonym"`, an error without it.
   */
  readonly key?: string | Uint8Array | KeyObject | readonly AuditPseudonymKey[] | undefined;
}

/** The options of {@link AuditPrivacyOptions}, read and found right. */
export interface PrivacySettings {
  readonly subject: "plain" | "pseudonym" | "omit";
  readonly address: AddressTreatment;
  readonly addressOnRefusal: AddressTreatment;
  /** There if anything is a pseudonym. */
  readonly key: PseudonymKey | undefined;
}

const SUBJECTS = ["plain", "pseudonym", "omit"] as const;
const ADDRESSES = ["truncate", "plain", "pseudonym", "omit"] as const;
const KEYS: OptionKeys<AuditPrivacyOptions> = {
  // Quietly, persons would be recorded in plain.
  subject: "neverUndefined",
  address: "neverUndefined",
  addressOnRefusal: "neverUndefined",
  key: "neverUndefined",
};
/** What other packages call things. */
export const PRIVACY_HINTS: Hints<AuditPrivacyOptions> = {
  secret: "key",
  salt: "write key: a salt that is known hides nobody, a key does",
  ip: "address",
  ipOnDenial: "addressOnRefusal",
  user: "subject",
  keyId: 'write key: [{ id: "2026-11", key }]',
  rotate: "write key: [{ id, key }, …], the newest first",
};

/** Reads `privacy`. */
export function readPrivacy(reader: OptionsReader<"privacy">): PrivacySettings {
  const privacy = reader.object<AuditPrivacyOptions>(
    "privacy",
    KEYS,
    PRIVACY_HINTS,
    '{ subject: "pseudonym", key }',
  );
  if (privacy === undefined) {
    return { subject: "plain", address: "truncate", addressOnRefusal: "plain", key: undefined };
  }
  const subject = privacy.oneOf("subject", SUBJECTS, {
    default: "plain",
    aliases: { hmac: "pseudonym" },
  });
  const address = readAddress(privacy, "address", "truncate");
  const others = privacy.has("address") ? address : "plain";
  const addressOnRefusal = readAddress(privacy, "addressOnRefusal", others);
  const key = readPseudonymKey(privacy);
  const isNeeded = [subject, address, addressOnRefusal].includes("pseudonym");
  if (isNeeded && !privacy.has("key"))
    privacy.note("key", 'must be given: without it, nothing can be a "pseudonym"');
  if (!isNeeded && privacy.has("key"))
    privacy.note("key", 'must be left out, or something be a "pseudonym": subject, address');
  return { subject, address, addressOnRefusal, key };
}

function readAddress(
  privacy: OptionsReader<"address" | "addressOnRefusal">,
  key: "address" | "addressOnRefusal",
  fallback: AddressTreatment,
): AddressTreatment {
  return privacy.oneOf(key, ADDRESSES, { default: fallback, aliases: { hmac: "pseudonym" } });
}
