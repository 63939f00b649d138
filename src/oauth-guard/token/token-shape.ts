import { type Claims, claimAt } from "../../core/principal/names/claim-source.js";
import type { TokenHeader } from "../../issuer/parse-token.js";
import type { RefusalReason } from "../refusals/refusals.js";

/**
 * What counts as an access token.
 *
 * - `compatible`: what common issuers send, but no ID, refresh, logout, introspection or
 *   security-event token and no DPoP proof
 * - `rfc9068`: `typ` is `at+jwt` and all claims of RFC 9068 §2.2 are there
 */
export type TokenProfile = "compatible" | "rfc9068";

const ACCESS_TOKEN_TYPE = "at+jwt";
/**
 * Claims of ID tokens, logout and security-event tokens, DPoP proofs and signed introspection
 * answers.
 */
const FOREIGN_CLAIMS = [
  "at_hash",
  "c_hash",
  "s_hash",
  "events",
  "htm",
  "htu",
  "token_introspection",
] as const;
/** Where apps and identity providers say in the claims what a token is for. */
const KIND_CLAIMS = ["type", "token_type", "tokenType", "typ", "token_use"] as const;
/** Also where it is the end of a registered URI (RFC 8693 §3), or a media type. */
const ID_TOKEN = /\bid ?(?:tokens?|jwt)/;
const OTHER_KIND_START = /^(?:refresh|offline|reset|verify|verification|logout|logoff|signout)/;
/** For words that were written together. A preset is none. */
const OTHER_KIND_END =
  /(?:refresh|offline|(?:^|[^p])reset|verify|verification|logout|logoff|signout)(?:token|jwt)?$/;
const RFC9068_STRINGS = ["sub", "client_id", "jti"] as const;

/** Whether the verified token is an access token at all (RFC 8725 §3.11, §3.12). */
export function checkShape(
  header: TokenHeader,
  claims: Claims,
  profile: TokenProfile,
): RefusalReason | undefined {
  // Whatever stands on `Object.prototype`, it is not what the issuer has signed.
  const type = mediaType(Object.hasOwn(header, "typ") ? header.typ : undefined);
  // A shared function of an app that signs all its tokens as `at+jwt` says nothing by that.
  if (profile === "rfc9068") {
    return checkRfc9068(type, claims) ?? (namesOtherKind(claims) ? "other_token_kind" : undefined);
  }
  if (type !== undefined && type !== "jwt" && type !== ACCESS_TOKEN_TYPE) return "wrong_token_type";
  if (namesOtherKind(claims)) return "other_token_kind";
  const use = lowerCase(claimAt(claims, "token_use"));
  const payloadType = lowerCase(claimAt(claims, "typ"));
  if (FOREIGN_CLAIMS.some((name) => Object.hasOwn(claims, name))) return "wrong_token_type";
  // Some issuers copy the nonce of the authorization request into access tokens too: only a token
  // that does not say what it is may be an ID token.
  const saysAccess = type === ACCESS_TOKEN_TYPE || use === "access" || payloadType === "bearer";
  return !saysAccess && Object.hasOwn(claims, "nonce") ? "wrong_token_type" : undefined;
}

function checkRfc9068(type: string | undefined, claims: Claims): RefusalReason | undefined {
  if (type !== ACCESS_TOKEN_TYPE) return "wrong_token_type";
  for (const name of RFC9068_STRINGS) {
    const value = claimAt(claims, name);
    if (typeof value !== "string" || value === "") return "missing_claim";
  }
  if (claimAt(claims, "iat") === undefined) return "missing_claim";
  const scope = claimAt(claims, "scope");
  return scope === undefined || typeof scope === "string" ? undefined : "malformed_claim";
}

/** Media types are case-insensitive, and `application/` may be left out (RFC 7515 §4.1.9). */
function mediaType(typ: string | undefined): string | undefined {
  const type = typ?.toLowerCase();
  return type?.startsWith("application/") === true ? type.slice("application/".length) : type;
}

function lowerCase(value: unknown): unknown {
  return typeof value === "string" ? value.toLowerCase() : value;
}

/**
 * Whether a claim says that the token is an ID, refresh, offline, logout, verification or reset
 * token, in whatever letter case and with whatever separators: `refresh_token`, `password-reset`,
 * `emailVerification` (RFC 8725 §3.12). `access`, `access_token`, `at+jwt` and `Bearer` pass. Other
 * values say nothing: `type: "employee"` may be about the user.
 */
function namesOtherKind(claims: Claims): boolean {
  for (const name of KIND_CLAIMS) {
    const value = claimAt(claims, name);
    if (Array.isArray(value) ? value.some(isOtherKind) : isOtherKind(value)) return true;
  }
  return false;
}

/** Whether a claim of this name and value would have every token refused as one of another kind. */
export function isOtherKindIn(name: string, value: unknown): boolean {
  return KIND_CLAIMS.some((claim) => claim === name) && isOtherKind(value);
}

function isOtherKind(value: unknown): boolean {
  // What is in it may say everything: nobody looks for it there.
  if (typeof value === "object" && value !== null) return true;
  if (typeof value !== "string") return false;
  const words = value
    .replace(/^application\//i, "")
    .replaceAll(/([a-z\d])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z\d]+/);
  const whole = words.join("");
  if (whole === "id" || ID_TOKEN.test(words.join(" "))) return true;
  for (const word of words) if (isOtherKindWord(word)) return true;
  return isOtherKindWord(whole);
}

function isOtherKindWord(word: string): boolean {
  return OTHER_KIND_START.test(word) || OTHER_KIND_END.test(word);
}
