import { type ClaimMapping, freezeMapping } from "./claim-mapping.js";

/**
 * What RFC 9068 says about an access token, and nothing beyond it: `roles` at the top level (§2.2.3.1, strings or SCIM
 * objects), `scope` (§2.2.3) or `scp` as some issuers call it, and `client_id` (§2.2) with the names it has elsewhere.
 * `groups` and `entitlements` give no rights: that somebody belongs to a group does not say what the group may do.
 */
export const RFC9068_MAPPING: ClaimMapping = freezeMapping({
  roles: [{ path: "roles", format: "scim" }],
  scopes: [
    { path: "scope", format: "space" },
    { path: "scp", format: "space" },
  ],
  clientId: ["client_id", "azp", "cid"],
});
