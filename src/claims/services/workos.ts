import { assertNoArguments, assertNotMounted } from "../../core/options/uncalled-factory.js";
import { type ClaimMapping, freezeMapping } from "../../core/principal/claim-mapping.js";

const WORKOS_MAPPING: ClaimMapping = freezeMapping({
  roles: [{ path: "roles" }, { path: "role" }],
  permissions: [{ path: "permissions" }],
  scopes: [{ path: "scope", format: "space" }],
  clientId: ["client_id"],
  tenant: "org_id",
});

/**
 * The mapping for session tokens of WorkOS AuthKit, and for access tokens of WorkOS Connect.
 *
 * - roles: the claims `roles` and `role`, the roles in the organization of the session
 * - permissions: the claim `permissions`
 * - scopes: the claim `scope`, of Connect
 * - client: `client_id`; tenant: `org_id`
 *
 * It does not read `entitlements` and `feature_flags`, which say what the organization has paid for, nor `act`, which says that
 * somebody acts in the user's place.
 *
 * @throws {@link OptionsError} when it is given options, or mounted.
 * @see https://workos.com/docs/reference/authkit/session-tokens
 * @see https://workos.com/docs/authkit/connect/token-claims
 */
export function workos(): ClaimMapping;
export function workos(...args: readonly unknown[]): ClaimMapping {
  assertNotMounted("workos", args[0], "oauthGuard({ issuer, audience, principal: workos() })");
  assertNoArguments("workos", args);
  return WORKOS_MAPPING;
}
