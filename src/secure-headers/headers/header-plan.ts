import { HEADER_NOTES } from "./header-notes.js";

/**
 * When a header is sent.
 *
 * - `"always"`: on every answer.
 * - `"overTls"`: if the request came over TLS, to a name other than `localhost` that is no IP address.
 * - `"notOverTls"`: otherwise.
 * - `"publicName"`: over plain HTTP as well, but not to `localhost` or an IP address.
 * - `"authenticated"`: if the request carries a cookie or `Authorization`, or the answer sets a cookie.
 * - `"unlessSet"`: if nobody has set it when the answer is sent.
 */
export type HeaderCondition =
  | "always"
  | "overTls"
  | "notOverTls"
  | "publicName"
  | "authenticated"
  | "unlessSet";

/** A header that is sent, and why. */
export interface PlannedHeader {
  readonly name: string;
  /** What is sent; where `nonce` is true, the nonce of the answer takes the place of `{nonce}` in each `NONCE_SOURCE` (`csp/nonce.ts`). */
  readonly value: string;
  readonly nonce: boolean;
  readonly when: HeaderCondition;
  /** `"preset"`, or the option that decided: `"helmet.xFrameOptions"`, `"hsts"`. */
  readonly from: string;
  /** What it is good for. */
  readonly why: string;
  /** What may stop working because of it; `undefined` if nothing that works should. */
  readonly mayBreak: string | undefined;
}

/** What is done to the headers of every answer: computed once, in the factory. */
export interface HeaderPlan {
  /** In the order in which they are set. In report mode those that are sent then. */
  readonly headers: readonly PlannedHeader[];
  /** Names that are taken away. */
  readonly removed: readonly string[];
  /** Whether what a middleware in front has set is replaced. */
  readonly overwrites: boolean;
  /** Whether it would be worth a warning that a proxy seems to end TLS and is not trusted. */
  readonly needsTls: boolean;
  /** Whether enforced headers keep browsers from guessing the type of an answer, also in report mode. */
  readonly nosniff: boolean;
}

/** A header of the plan, with what is known of it by its name. */
export function plannedHeader(
  header: Pick<PlannedHeader, "name" | "value" | "when" | "from"> & { readonly nonce?: boolean },
): PlannedHeader {
  const { why, mayBreak } = HEADER_NOTES.get(header.name) ?? { why: "", mayBreak: undefined };
  return Object.freeze({ nonce: false, ...header, why, mayBreak });
}
