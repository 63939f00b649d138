import type { Hints, OptionKeys } from "../../core/options/option-types.js";
import { readOptions } from "../../core/options/options-reader.js";
import { assertNotMounted } from "../../core/options/uncalled-factory.js";
import { type ClaimMapping, freezeMapping } from "../../core/principal/claim-mapping.js";
import { readTokenName } from "../../core/principal/names/read-claim-path.js";

/** Options of {@link zitadel}. */
export interface ZitadelOptions {
  /** The id of the organization in which roles count. A role in another one is not yours. Required. */
  readonly orgId: string;
  /** The id of the project whose roles count. @default the project of the client */
  readonly projectId?: string | undefined;
}

const KEYS: OptionKeys<ZitadelOptions> = { orgId: true, projectId: "neverUndefined" };

/** What others call the options. */
export const ZITADEL_HINTS: Hints<ZitadelOptions> = {
  org: "orgId",
  organizationId: "orgId",
  project: "projectId",
};

/**
 * The mapping for access tokens of Zitadel that are JWTs ("Auth Token Type" of the application; opaque tokens are the default).
 *
 * - roles: those that the claim `urn:zitadel:iam:org:project:roles` has for the organization `orgId`. With `projectId`, those of
 *   that project: `urn:zitadel:iam:org:project:<projectId>:roles`
 * - client: `client_id`, else `azp`; tenant: `urn:zitadel:iam:user:resourceowner:id`, if the client asked for it
 *
 * Roles are in the token when the project asserts them, or the client asks for them. There are no `acr`, `amr` and `auth_time`:
 * these are in the ID token alone.
 *
 * @throws {@link OptionsError} when `orgId` is missing or an option is wrong.
 * @see https://zitadel.com/docs/apis/openidoauth/claims
 */
export function zitadel(options: ZitadelOptions): ClaimMapping {
  const call = 'zitadel({ orgId: "69234237810729019" })';
  assertNotMounted("zitadel", options, `oauthGuard({ issuer, audience, principal: ${call} })`);
  const reader = readOptions<ZitadelOptions>("zitadel", options, KEYS, ZITADEL_HINTS, call);
  const having = readTokenName(reader, "orgId", { required: true }) ?? "";
  const project = readTokenName(reader, "projectId");
  reader.finish();

  const of = project === undefined ? "" : `${project}:`;
  return freezeMapping({
    roles: [{ path: `urn:zitadel:iam:org:project:${of}roles`, format: "keys", having }],
    scopes: [{ path: "scope", format: "space" }],
    clientId: ["client_id", "azp"],
    tenant: "urn:zitadel:iam:user:resourceowner:id",
  });
}
