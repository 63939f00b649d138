import type { IncomingMessage } from "node:http";
import type { Refused } from "../../core/refusal/refused.js";
import type { RefusalReason } from "../refusals/refusals.js";

/** Why there is no token to verify. */
type NoBearerToken = Refused<RefusalReason>;

/** A token, or why there is none. */
type ExtractedToken = { readonly token: string; readonly refused?: undefined } | NoBearerToken;

/** The request has no Authorization field at all: the only case that `optional` admits. */
export const NO_AUTHORIZATION: NoBearerToken = Object.freeze({ refused: "no_credentials" });

const OTHER_SCHEME: NoBearerToken = Object.freeze({ refused: "other_scheme" });
const DUPLICATE: NoBearerToken = Object.freeze({ refused: "duplicate_authorization" });
const MALFORMED: NoBearerToken = Object.freeze({ refused: "malformed_credentials" });

const SPACE = 0x20;
const EQUALS = 0x3d;
/** 1 for `ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/"` (RFC 6750 §2.1). */
const B64TOKEN = characterTable("-._~+/");
/** 1 for the characters of a token, which an auth-scheme is (RFC 9110 §5.6.2, §11.1). */
const TCHAR = characterTable("!#$%&'*+-.^_`|~");

/**
 * The bearer token of the request (RFC 6750 §2.1, RFC 9110 §11.6.2), not yet checked character by
 * character: what is in the cache or can be taken apart as a token has the right ones, the rest is
 * told apart by {@link isB64Token}.
 */
function extractBearerToken(
  req: IncomingMessage,
  lengthOfScheme: (field: string) => number = lengthOfBearer,
): ExtractedToken {
  const field = req.headers.authorization;
  if (field === undefined) return NO_AUTHORIZATION;
  // Node keeps the first field silently; a proxy in front may have judged by another one.
  if (isRepeated(req.rawHeaders)) return DUPLICATE;
  const end = lengthOfScheme(field);
  if (end === 0) return OTHER_SCHEME;
  let start = end;
  while (field.charCodeAt(start) === SPACE) start += 1;
  return start === end || start === field.length ? MALFORMED : { token: field.slice(start) };
}

/** {@link extractBearerToken} for tokens that come under one of these schemes. */
export function createTokenExtractor(
  schemes: readonly string[],
): (req: IncomingMessage) => ExtractedToken {
  const names = new Set(schemes.map((scheme) => scheme.toLowerCase()));
  if (names.size === 1 && names.has("bearer")) return (req) => extractBearerToken(req);
  const longest = Math.max(...schemes.map(({ length }) => length));
  const lengthOfScheme = (field: string): number => {
    let end = 0;
    while (end <= longest && TCHAR[field.charCodeAt(end)] === 1) end += 1;
    return names.has(field.slice(0, end).toLowerCase()) ? end : 0;
  };
  return (req) => extractBearerToken(req, lengthOfScheme);
}

/**
 * Whether the text is a `b64token`: at least one character, `=` only at the end. No regular
 * expression.
 */
export function isB64Token(text: string): boolean {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === EQUALS) end -= 1;
  for (let index = 0; index < end; index += 1) {
    if (B64TOKEN[text.charCodeAt(index)] !== 1) return false;
  }
  return end > 0;
}

/** Request objects of test tools may have no raw fields. */
function isRepeated(rawHeaders: readonly string[] = []): boolean {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === 13 && name.toLowerCase() === "authorization") count += 1;
  }
  return count > 1;
}

/**
 * Schemes are case-insensitive (RFC 9110 §11.1); a longer scheme that starts with the same letters
 * is another one.
 */
function lengthOfBearer(field: string): number {
  const scheme = field.slice(0, 6);
  if (scheme !== "Bearer" && scheme.toLowerCase() !== "bearer") return 0;
  return field.length === 6 || TCHAR[field.charCodeAt(6)] !== 1 ? 6 : 0;
}

function characterTable(marks: string): Uint8Array {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  const table = new Uint8Array(256);
  for (const character of letters + marks) table[character.charCodeAt(0)] = 1;
  return table;
}
