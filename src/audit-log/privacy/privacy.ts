import { truncateAddress } from "../../core/http/client-address.js";
import type { Principal } from "../../core/principal/principal.js";
import { scrubText } from "../text/scrub-text.js";
import { createPseudonym, type Pseudonym } from "./pseudonym.js";
import type { PrivacySettings } from "./read-privacy.js";

/** How a log names people, wherever it names any. What it returns has not been made safe for a record. */
export interface Privacy {
  /** Who called, somebody or an anonymous one; `undefined`: not recorded. Services keep their names. */
  readonly subject: (principal: Principal) => string | undefined;
  /** The token, by what a decision calls it. */
  readonly token: (id: string) => string | undefined;
  /** An address as `clientAddress()` gives it. */
  readonly address: (address: string, succeeded: boolean) => string | undefined;
  /**
   * What an alert counts by, when that is a person, a token or an address; anything else stays as it is, and so do
   * services, as in the records of their requests.
   */
  readonly key: (kind: string, key: string, isService: boolean) => string;
}

/** In the place of a key that must be there. */
export const OMITTED = "(omitted)";

/** Makes the one place that decides how people are named. */
export function createPrivacy(settings: PrivacySettings): Privacy {
  const { subject, address, addressOnRefusal, key } = settings;
  const pseudonym: Pseudonym = key === undefined ? refuse : createPseudonym(key);
  const privacy: Privacy = {
    subject({ id, kind }) {
      if (id === "") return kind;
      // Whoever has not logged in may still be known by something, such as a device.
      if (subject === "plain" || kind === "service") return id;
      return subject === "omit" ? undefined : pseudonym("subject", id);
    },
    token(id) {
      if (subject === "plain") return id;
      return subject === "omit" ? undefined : pseudonym("token", id);
    },
    address(text, succeeded) {
      switch (succeeded ? address : addressOnRefusal) {
        case "plain":
          return text;
        case "truncate":
          return truncateAddress(text);
        case "pseudonym":
          return pseudonym("address", text);
        case "omit":
          return undefined;
      }
    },
    key(kind, text, isService) {
      if (kind === "address") return privacy.address(text, false) ?? OMITTED;
      if (kind === "token") return privacy.token(text) ?? OMITTED;
      // From a function of the app, which may have taken it from a header field.
      if (kind === "own") return scrubText(text);
      if (kind !== "subject" || subject === "plain" || isService) return text;
      return subject === "omit" ? OMITTED : pseudonym("subject", text);
    },
  };
  return privacy;
}

/** Never called: start-up refuses pseudonyms without a key. */
function refuse(): never {
  throw new Error("pseudonyms need a key");
}
