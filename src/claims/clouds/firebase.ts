import type { Hints, OptionKeys } from "../../core/options/option-types.js";
import { readOptions } from "../../core/options/options-reader.js";
import { assertNotMounted } from "../../core/options/uncalled-factory.js";
import { type ClaimMapping, freezeMapping } from "../../core/principal/claim-mapping.js";
import { type ClaimPath, type Claims, claimAt } from "../../core/principal/names/claim-source.js";
import { readClaimPath } from "../../core/principal/names/read-claim-path.js";

/** Options of {@link firebase}. */
export interface FirebaseOptions {
  /**
   * The custom claims that are a role when they are `true`: with `["admin"]`, `{ admin: true }` gives the role `admin`. Other
   * claims give none.
   */
  readonly roles?: string | readonly string[] | undefined;
  /** A custom claim with roles: a list, or a string, which is one role. */
  readonly rolesClaim?: ClaimPath | undefined;
}

const KEYS: OptionKeys<FirebaseOptions> = { roles: "neverUndefined", rolesClaim: "neverUndefined" };

/** What others call the options. */
export const FIREBASE_HINTS: Hints<FirebaseOptions> = { claim: "rolesClaim", flags: "roles" };

/** Claims of the profile, which users write themselves, and flags that say nothing about rights. */
const OF_USERS: readonly string[] = ["name", "picture", "email", "email_verified", "phone_number"];
const OF_USERS_FAULT = "must be a custom claim: users write their profile themselves";

/**
 * The mapping for ID tokens of Firebase Authentication and Identity Platform, which have no access tokens for your API.
 *
 * - roles: the flags that `roles` lists, and what is at `rolesClaim`. By default there are none
 * - tenant: `firebase.tenant`
 * - kind: `anonymous` for anonymous sign-ins: rules refuse them with 401
 *
 * - login: its time is `auth_time`; with a second factor the methods are `mfa` and `firebase.sign_in_second_factor`
 *
 * Changes of custom claims are in the next token, after up to an hour.
 *
 * @throws {@link OptionsError} when an option is wrong.
 * @see https://firebase.google.com/docs/auth/admin/custom-claims
 */
export function firebase(options?: FirebaseOptions): ClaimMapping {
  const call = 'firebase({ roles: ["admin", "editor"] })';
  assertNotMounted("firebase", options, `oauthGuard({ issuer, audience, principal: ${call} })`);
  const reader = readOptions<FirebaseOptions>("firebase", options, KEYS, FIREBASE_HINTS, call);
  const flags =
    reader.strings("roles", {
      check: (name) => (OF_USERS.includes(name) ? OF_USERS_FAULT : undefined),
    }) ?? [];
  const path = readClaimPath(reader, "rolesClaim");
  const first = typeof path === "string" ? path : path?.[0];
  if (first !== undefined && OF_USERS.includes(first)) reader.note("rolesClaim", OF_USERS_FAULT);
  reader.finish();

  const roles = [
    ...flags.map((flag) => ({ path: flag, format: "flag" as const })),
    ...(path === undefined ? [] : [{ path }]),
  ];
  return freezeMapping({
    ...(roles.length > 0 && { roles }),
    tenant: ["firebase", "tenant"],
    login: "firebase",
    kind: kindOf,
  });
}

function kindOf(claims: Claims): "user" | "anonymous" {
  return claimAt(claims, ["firebase", "sign_in_provider"]) === "anonymous" ? "anonymous" : "user";
}
