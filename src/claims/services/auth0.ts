import type { Hints, OptionKeys } from "../../core/options/option-types.js";
import { readOptions } from "../../core/options/options-reader.js";
import { assertNotMounted } from "../../core/options/uncalled-factory.js";
import { type ClaimMapping, freezeMapping } from "../../core/principal/claim-mapping.js";
import { type Claims, claimAt } from "../../core/principal/names/claim-source.js";
import { readTokenName } from "../../core/principal/names/read-claim-path.js";

/** Options of {@link auth0}. */
export interface Auth0Options {
  /**
   * The whole name of the claim that an Action of yours puts the roles into, such as `"https://api.example.com/roles"`. By
   * default there are no roles: Auth0 puts them into no token.
   */
  readonly rolesClaim?: string | undefined;
}

const KEYS: OptionKeys<Auth0Options> = { rolesClaim: "neverUndefined" };

const WHOLE_NAME = 'write rolesClaim, the whole name of the claim: "https://api.example.com/roles"';

/** What others call the options. */
export const AUTH0_HINTS: Hints<Auth0Options> = {
  namespace: WHOLE_NAME,
  roles: WHOLE_NAME,
  claim: "rolesClaim",
};

/**
 * The mapping for access tokens of Auth0, of both token profiles.
 *
 * - roles: the claim that `rolesClaim` names, a list of strings
 * - permissions: the claim `permissions`, if RBAC and "Add Permissions in the Access Token" are on
 * - scopes: the claim `scope`
 * - client: `azp`, else `client_id`; tenant: `org_id`
 * - kind: a service when `sub` is the client with `@clients` behind it
 *
 * Without RBAC, users have every scope that their client asks for. So scopes are no permissions.
 *
 * @throws {@link OptionsError} when an option is wrong.
 * @see https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles
 */
export function auth0(options?: Auth0Options): ClaimMapping {
  const call = 'auth0({ rolesClaim: "https://api.example.com/roles" })';
  assertNotMounted("auth0", options, `oauthGuard({ issuer, audience, principal: ${call} })`);
  const reader = readOptions<Auth0Options>("auth0", options, KEYS, AUTH0_HINTS, call);
  const rolesClaim = readTokenName(reader, "rolesClaim");
  reader.finish();

  return freezeMapping({
    ...(rolesClaim !== undefined && { roles: [{ path: rolesClaim }] }),
    scopes: [{ path: "scope", format: "space" }],
    permissions: [{ path: "permissions" }],
    clientId: ["azp", "client_id"],
    tenant: "org_id",
    kind: kindOf,
  });
}

function kindOf(claims: Claims): "user" | "service" {
  const client = claimAt(claims, "azp") ?? claimAt(claims, "client_id");
  const isClient = typeof client === "string" && claimAt(claims, "sub") === `${client}@clients`;
  return isClient ? "service" : "user";
}
