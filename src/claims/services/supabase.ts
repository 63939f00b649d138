import type { Hints, OptionKeys } from "../../core/options/option-types.js";
import { readOptions } from "../../core/options/options-reader.js";
import { assertNotMounted } from "../../core/options/uncalled-factory.js";
import { type ClaimMapping, freezeMapping } from "../../core/principal/claim-mapping.js";
import { type ClaimPath, type Claims, claimAt } from "../../core/principal/names/claim-source.js";
import { readClaimPath } from "../../core/principal/names/read-claim-path.js";

/** Options of {@link supabase}. */
export interface SupabaseOptions {
  /**
   * Where the roles of your app are: `["app_metadata", "role"]`, or the name of a claim that a custom access token hook adds.
   * A string there is one role, a list is several. Nothing in `user_metadata`, which users write themselves. By default there
   * are no roles.
   */
  readonly rolesClaim?: ClaimPath | undefined;
}

const KEYS: OptionKeys<SupabaseOptions> = { rolesClaim: "neverUndefined" };

const WHERE = 'write rolesClaim: ["app_metadata", "role"], where the roles are';

/** What others call the options. */
export const SUPABASE_HINTS: Hints<SupabaseOptions> = {
  claim: "rolesClaim",
  path: "rolesClaim",
  roles: WHERE,
};

/**
 * The mapping for access tokens of Supabase Auth.
 *
 * - roles: what is at `rolesClaim`
 * - kind: `anonymous` for anonymous sign-ins (`is_anonymous`) and the role `anon`: rules refuse them with 401. `service` for
 *   the role `service_role`
 *
 * - login: the class is `aal`, such as `aal2`; the methods are those in `amr`. Their timestamps are not
 *   read: `maxAge` never holds
 *
 * It never reads `user_metadata`. Nor does it read `role`, the role in Postgres: it is `authenticated` for all who sign in,
 * anonymous ones included.
 *
 * @throws {@link OptionsError} when an option is wrong.
 * @see https://supabase.com/docs/guides/auth/jwt-fields
 */
export function supabase(options?: SupabaseOptions): ClaimMapping {
  const call = 'supabase({ rolesClaim: ["app_metadata", "role"] })';
  assertNotMounted("supabase", options, `oauthGuard({ issuer, audience, principal: ${call} })`);
  const reader = readOptions<SupabaseOptions>("supabase", options, KEYS, SUPABASE_HINTS, call);
  const path = readClaimPath(reader, "rolesClaim");
  const first = typeof path === "string" ? path : path?.[0];
  if (first === "user_metadata")
    reader.note(
      "rolesClaim",
      "must not be in user_metadata: every user could become an administrator",
    );
  reader.finish();

  return freezeMapping({
    ...(path !== undefined && { roles: [{ path }] }),
    login: "supabase",
    kind: kindOf,
  });
}

/** Whatever is not clearly a login is none. */
function kindOf(claims: Claims): "user" | "service" | "anonymous" {
  const anonymous = claimAt(claims, "is_anonymous");
  const isUser = anonymous === undefined || anonymous === null || anonymous === false;
  const role = claimAt(claims, "role");
  if (!isUser || role === "anon") return "anonymous";
  return role === "service_role" ? "service" : "user";
}
