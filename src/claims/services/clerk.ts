import { assertNoArguments, assertNotMounted } from "../../core/options/uncalled-factory.js";
import { type ClaimMapping, freezeMapping } from "../../core/principal/claim-mapping.js";
import { type Claims, claimAt } from "../../core/principal/names/claim-source.js";

const CLERK_MAPPING: ClaimMapping = freezeMapping({
  roles: [{ path: ["o", "rol"], prefix: "org:" }, { path: "org_role" }],
  permissions: [{ path: "o", format: "clerk" }, { path: "org_permissions" }],
  scopes: [{ path: "scope", format: "space" }],
  // Of a session, the origin that it was begun at: `clientIds` can name those of your app.
  clientId: ["client_id", "azp"],
  tenant: [["o", "id"], ["org_id"]],
  login: "clerk",
  kind: kindOf,
});

/**
 * The mapping for session tokens of Clerk, versions 1 and 2, and for its OAuth access tokens.
 *
 * - roles: that of the active organization, as Clerk writes it: `org:admin` (`o.rol`, or `org_role` in version 1)
 * - permissions: those in the active organization, as `org:<feature>:<permission>` (`o.per`, `o.fpm` and `fea`, or
 *   `org_permissions`)
 * - scopes: the claim `scope`
 * - client: `client_id`, else `azp`, the origin of the app; tenant: the id of the organization
 * - kind: `anonymous` while the session is pending (`sts`): the login is not finished
 *
 * - login: by `fva`, the minutes since the user has proved the first factor and the second one: its time is that of the first,
 *   and with a second one `mfa` is among the methods, however long ago that was
 *
 * It does not read `act`, which says that somebody acts in the user's place.
 *
 * @throws {@link OptionsError} when it is given options, or mounted.
 * @see https://clerk.com/docs/guides/sessions/session-tokens
 */
export function clerk(): ClaimMapping;
export function clerk(...args: readonly unknown[]): ClaimMapping {
  assertNotMounted("clerk", args[0], "oauthGuard({ issuer, audience, principal: clerk() })");
  assertNoArguments("clerk", args);
  return CLERK_MAPPING;
}

/** Only absence means an active session: what a new status means, nobody knows. */
function kindOf(claims: Claims): "user" | "anonymous" {
  const status = claimAt(claims, "sts");
  return status === undefined || status === null || status === "active" ? "user" : "anonymous";
}
