import type { CallerKind, ClaimMapping } from "../../core/principal/claim-mapping.js";
import { type Claims, claimAt } from "../../core/principal/names/claim-source.js";
import type { Principal } from "../../core/principal/principal.js";
import { requestSlot } from "../../core/request/request-slot.js";
import type { ParsedToken, TokenHeader } from "../../issuer/parse-token.js";

/**
 * The claims of an access token (RFC 7519 §4.1, RFC 9068 §2.2). An interface, so that an app can
 * add its own by module augmentation; `getAuth<Claims>(req)` takes another type for one call.
 */
export interface AccessTokenClaims {
  readonly iss?: string;
  readonly exp: number;
  readonly aud?: string | readonly string[];
  readonly sub?: string;
  readonly client_id?: string;
  readonly iat?: number;
  readonly nbf?: number;
  readonly jti?: string;
  readonly scope?: string;
  readonly [claim: string]: unknown;
}

/**
 * What `oauthGuard` verified. Frozen all the way down, and shared by all requests with the same
 * token.
 *
 * It has the members that express-oauth2-jwt-bearer (`header`, `payload`, `token`) and the MCP SDK
 * (`token`, `clientId`, `scopes`, `expiresAt`) put on `req.auth`.
 */
export interface Auth<C = AccessTokenClaims> {
  /** The token itself. Not enumerable, so that it gets into no log and no JSON by accident. */
  readonly token: string;
  /** The kind of token, also where it was sent under another one of `schemes`. */
  readonly scheme: "Bearer";
  readonly header: TokenHeader;
  /** The verified claims. */
  readonly payload: C;
  /** The issuer whose key signed it; `undefined` only with `issuer: null`. */
  readonly issuer: string | undefined;
  /** The claim `sub`, or what `subject` of the claim mapping finds: unique within its issuer only. */
  readonly subject: string | undefined;
  readonly clientId: string | undefined;
  readonly scopes: readonly string[];
  /** The claim `aud` as a list. */
  readonly audience: readonly string[];
  /** Seconds since 1970. */
  readonly expiresAt: number;
}

/** What `oauthGuard` verified: `undefined` until it ran, `null` when it let the request pass without a token. */
export const verifiedAuth = requestSlot<Auth | null>("auth");

/** Describes a verified token, whose header and claims are frozen already. */
export function createAuth({ token, header, payload }: ParsedToken, principal: Principal): Auth {
  const auth: Omit<Auth, "token"> = {
    scheme: "Bearer",
    header,
    payload: payload as AccessTokenClaims,
    issuer: principal.issuer,
    subject: principal.subject,
    clientId: principal.clientId,
    scopes: principal.scopes,
    audience: audienceOf(payload),
    expiresAt: (payload as AccessTokenClaims).exp,
  };
  Object.defineProperty(auth, "token", { value: token });
  return Object.freeze(auth) as Auth;
}

/** All callers without a name would be one and the same, and all users of a client would be that client. */
export function lacksSubject(
  { subject, clientId, kind, claims }: Principal,
  mapping: ClaimMapping,
  said: CallerKind | undefined,
): boolean {
  if (subject !== undefined) return false;
  const sub = claimAt(claims, "sub");
  if (clientId === undefined || kind !== "service" || sub === "") return true;
  // RFC 9068 §2.2: a client that acts for itself is its own subject.
  return mapping.subject !== undefined && said === undefined && sub !== clientId;
}

function audienceOf(claims: Claims): readonly string[] {
  const audience = claimAt(claims, "aud");
  if (Array.isArray(audience)) return audience;
  return Object.freeze(typeof audience === "string" ? [audience] : []);
}
