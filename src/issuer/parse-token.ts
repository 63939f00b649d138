import { isUtf8 } from "node:buffer";
import { isPrintableAscii } from "../core/http/header-values.js";
import type { Claims } from "../core/principal/names/claim-source.js";
import type { Refused } from "../core/refusal/refused.js";

/** The JOSE header of a token (RFC 7515 §4.1): `alg` always, the rest as the issuer set it. */
export interface TokenHeader {
  readonly alg: string;
  readonly kid?: string;
  readonly typ?: string;
  readonly [parameter: string]: unknown;
}

/** A token taken apart and found well-formed. Nothing of it is verified yet. */
export interface ParsedToken {
  readonly token: string;
  readonly header: TokenHeader;
  readonly payload: Claims;
  /** What is signed: header and payload as they were sent (RFC 7515 §5.1). */
  readonly signingInput: string;
  /** The signature, still in base64url. */
  readonly signature: string;
}

/** Why a text is no token that anything could verify. */
export type TokenDefect = "malformed_token" | "critical_header";

const MALFORMED: Refused<TokenDefect> = Object.freeze({ refused: "malformed_token" });
const CRITICAL: Refused<TokenDefect> = Object.freeze({ refused: "critical_header" });
const MAX_KID_LENGTH = 256;
/** The value of each base64url character; 64 for every other character. */
const SEXTETS = sextets();

/**
 * Takes a JWS in compact serialisation apart (RFC 7515 §7.1): exactly three parts, each in the one
 * base64url spelling its bytes have (RFC 4648 §3.5), header and payload JSON objects in valid
 * UTF-8, no `crit` (§4.1.11: we understand none). Anything else never reaches a parser of somebody
 * else.
 */
export function parseToken(token: string): ParsedToken | Refused<TokenDefect> {
  const first = token.indexOf(".");
  const second = token.indexOf(".", first + 1);
  if (first === -1 || second === -1) return MALFORMED;
  const signature = token.slice(second + 1);
  if (!isCanonicalBase64url(signature)) return MALFORMED;
  const header = jsonObjectIn(token.slice(0, first));
  if (header === undefined) return MALFORMED;
  if (Object.hasOwn(header, "crit")) return CRITICAL;
  if (!isTokenHeader(header)) return MALFORMED;
  const payload = jsonObjectIn(token.slice(first + 1, second));
  if (payload === undefined) return MALFORMED;
  return { token, header, payload, signingInput: token.slice(0, second), signature };
}

/**
 * Whether the text is base64url without padding, at least one byte, and with zero bits at the end.
 */
function isCanonicalBase64url(text: string): boolean {
  const { length } = text;
  const rest = length % 4;
  if (length === 0 || rest === 1) return false;
  let last = 0;
  for (let index = 0; index < length; index += 1) {
    last = SEXTETS[text.charCodeAt(index)] ?? 64;
    if (last === 64) return false;
  }
  return rest === 0 || (last & (rest === 2 ? 0b1111 : 0b11)) === 0;
}

function jsonObjectIn(part: string): Record<string, unknown> | undefined {
  if (!isCanonicalBase64url(part)) return undefined;
  const bytes = Buffer.from(part, "base64url");
  if (!isUtf8(bytes)) return undefined;
  try {
    const value: unknown = JSON.parse(bytes.toString("utf8"));
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    return value as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function isTokenHeader(header: Record<string, unknown>): header is TokenHeader {
  const { alg, kid, typ } = header;
  if (typeof alg !== "string" || (typ !== undefined && typeof typ !== "string")) return false;
  if (kid === undefined) return true;
  return (
    typeof kid === "string" && kid !== "" && kid.length <= MAX_KID_LENGTH && isPrintableAscii(kid)
  );
}

function sextets(): Uint8Array {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const table = new Uint8Array(256).fill(64);
  for (let index = 0; index < 64; index += 1) table[alphabet.charCodeAt(index)] = index;
  return table;
}
