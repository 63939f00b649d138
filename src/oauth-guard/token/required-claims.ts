import { type Claims, claimAt } from "../../core/principal/names/claim-source.js";

/** A value that a claim may be held against. */
export type ClaimValue = string | number | boolean;

/** A claim that tokens must have, and its values; `true`: any but `null`. */
export interface RequiredClaim {
  readonly name: string;
  readonly accepted: readonly ClaimValue[] | true;
}

/**
 * Whether the token has each of these claims with one of its values. A list or an object equals no
 * value: what one member of a list means beside the others only the app knows.
 */
export function hasRequiredClaims(claims: Claims, required: readonly RequiredClaim[]): boolean {
  for (const { name, accepted } of required) {
    const value = claimAt(claims, name);
    if (accepted === true) {
      if (value === undefined || value === null) return false;
    } else if (!accepted.includes(value as ClaimValue)) return false;
  }
  return true;
}
