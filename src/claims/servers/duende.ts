import { assertNoArguments, assertNotMounted } from "../../core/options/uncalled-factory.js";
import { type ClaimMapping, freezeMapping } from "../../core/principal/claim-mapping.js";

const DUENDE_MAPPING: ClaimMapping = freezeMapping({
  roles: [{ path: "role" }],
  scopes: [{ path: "scope", format: "space" }],
  clientId: ["client_id"],
});

/**
 * The mapping for access tokens of Duende IdentityServer, and of IdentityServer4.
 *
 * - roles: the claim `role`, a string or a list, if the API resource or scope asks for it
 * - scopes: the claim `scope`, a list, or with `EmitScopesAsSpaceDelimitedStringInJwt` names separated by spaces
 * - client: `client_id`; a token without `sub` is one of a service
 *
 * It does not read claims with the prefix `client_`, which say what the client is, and not its user.
 *
 * @throws {@link OptionsError} when it is given options, or mounted.
 * @see https://docs.duendesoftware.com/identityserver/apis/aspnetcore/authorization
 */
export function duende(): ClaimMapping;
export function duende(...args: readonly unknown[]): ClaimMapping {
  assertNotMounted("duende", args[0], "oauthGuard({ issuer, audience, principal: duende() })");
  assertNoArguments("duende", args);
  return DUENDE_MAPPING;
}
