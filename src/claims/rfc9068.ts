import { assertNoArguments, assertNotMounted } from "../core/options/uncalled-factory.js";
import type { ClaimMapping } from "../core/principal/claim-mapping.js";
import { RFC9068_MAPPING } from "../core/principal/rfc9068-mapping.js";

/**
 * The mapping for access tokens of RFC 9068, and the default of `oauthGuard`.
 *
 * - roles: the claim `roles`, a list of strings or of SCIM objects with a `value`; one string is one role, never split
 * - scopes: the claims `scope` and `scp`, names separated by spaces or a list of names
 * - client: `client_id`, else `azp`, else `cid`
 *
 * It never reads `groups`, `entitlements` or anything that users can edit about themselves, and no role below another
 * claim: an issuer that puts roles elsewhere needs its own mapping.
 *
 * @throws {@link OptionsError} when it is given options, or mounted.
 * @see https://www.rfc-editor.org/rfc/rfc9068#section-2.2.3.1
 */
export function rfc9068(): ClaimMapping;
export function rfc9068(...args: readonly unknown[]): ClaimMapping {
  assertNotMounted("rfc9068", args[0], "oauthGuard({ issuer, audience, principal: rfc9068() })");
  assertNoArguments("rfc9068", args);
  return RFC9068_MAPPING;
}
