import type { Hints, OptionKeys } from "../../core/options/option-types.js";
import { readOptions } from "../../core/options/options-reader.js";
import { assertNotMounted } from "../../core/options/uncalled-factory.js";
import { type ClaimMapping, freezeMapping } from "../../core/principal/claim-mapping.js";
import { type Claims, claimAt } from "../../core/principal/names/claim-source.js";
import { readTokenName } from "../../core/principal/names/read-claim-path.js";

/** Options of {@link keycloak}. */
export interface KeycloakOptions {
  /**
   * The client id under which this API is registered in the realm. Only the roles of this client count: a role of
   * another client, such as its `admin`, is not yours. Required.
   */
  readonly clientId: string;
  /** Whether realm roles count as well, under the prefix `realm:`, as in `requireRole("realm:admin")`. @default true */
  readonly realmRoles?: boolean | undefined;
}

const KEYS: OptionKeys<KeycloakOptions> = { clientId: true, realmRoles: "neverUndefined" };

/** What keycloak-connect and others call the options. */
export const KEYCLOAK_HINTS: Hints<KeycloakOptions> = { resource: "clientId", client: "clientId" };

/**
 * The mapping for access tokens of Keycloak.
 *
 * - roles: those of the client, under their own names; those of the realm, as `realm:<name>`
 * - scopes: the claim `scope`
 * - client: the claim `azp`, the application that the token was issued to
 *
 * Lightweight access tokens hold no roles unless a mapper adds them: their principals have none. Groups are not read.
 *
 * @throws {@link OptionsError} when `clientId` is missing or an option is wrong.
 */
export function keycloak(options: KeycloakOptions): ClaimMapping {
  const call = 'keycloak({ clientId: "my-api" })';
  assertNotMounted("keycloak", options, `oauthGuard({ issuer, audience, principal: ${call} })`);
  const reader = readOptions<KeycloakOptions>("keycloak", options, KEYS, KEYCLOAK_HINTS, call);
  const clientId = readTokenName(reader, "clientId", { required: true }) ?? "";
  const realmRoles = reader.boolean("realmRoles", { default: true });
  reader.finish();

  // A list of names, not "resource_access.<id>.roles": client ids contain dots.
  const ofClient = { path: ["resource_access", clientId, "roles"] };
  const ofRealm = { path: ["realm_access", "roles"], prefix: "realm:" };
  return freezeMapping({
    roles: realmRoles ? [ofClient, ofRealm] : [ofClient],
    scopes: [{ path: "scope", format: "space" }],
    clientId: ["azp"],
    kind: kindOf,
  });
}

/**
 * The subject of a service account is a user id of its own, so it never equals the client id. Keycloak's scope
 * `service_account` adds `client_id` (`clientId` in older releases) to these tokens only.
 */
function kindOf(claims: Claims): "user" | "service" {
  const named = claimAt(claims, "client_id") ?? claimAt(claims, "clientId");
  return typeof named === "string" && named === claimAt(claims, "azp") ? "service" : "user";
}
