import type { Hints, OptionKeys } from "../../core/options/option-types.js";
import { readOptions } from "../../core/options/options-reader.js";
import { assertNotMounted } from "../../core/options/uncalled-factory.js";
import { type ClaimMapping, freezeMapping } from "../../core/principal/claim-mapping.js";
import { readNameTable } from "../../core/principal/names/read-name-table.js";

/** Options of {@link cognito}. */
export interface CognitoOptions {
  /**
   * Which roles the members of a group have: `{ editors: "editor" }`, or a list of roles. Other groups give none. By default no
   * group does.
   */
  readonly groups?: Readonly<Record<string, string | readonly string[]>> | undefined;
}

const KEYS: OptionKeys<CognitoOptions> = { groups: "neverUndefined" };

/** What others call the options. */
export const COGNITO_HINTS: Hints<CognitoOptions> = {
  roles: 'write groups: { editors: "editor" }, which says what role a group has',
};

/**
 * The mapping for access tokens of user pools of Amazon Cognito. ID tokens are no access tokens: they say `token_use: "id"`, and
 * `oauthGuard` refuses them.
 *
 * - groups: the claim `cognito:groups`
 * - roles: those that `groups` gives
 * - scopes: the claim `scope`, of the form `resource-server/scope`
 * - client: `client_id`. There is no `aud`: give `oauthGuard` `audience: null` and `clientIds`
 *
 * @throws {@link OptionsError} when an option is wrong.
 * @see https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html
 */
export function cognito(options?: CognitoOptions): ClaimMapping {
  const call = 'cognito({ groups: { editors: "editor" } })';
  const mounted = `oauthGuard({ issuer, audience: null, clientIds, principal: ${call} })`;
  assertNotMounted("cognito", options, mounted);
  const reader = readOptions<CognitoOptions>("cognito", options, KEYS, COGNITO_HINTS, call);
  const names = readNameTable(reader, "groups", 'an object such as { editors: "editor" }');
  reader.finish();

  const path = "cognito:groups";
  return freezeMapping({
    ...(names !== undefined && { roles: [{ path, names }] }),
    scopes: [{ path: "scope", format: "space" }],
    groups: [{ path }],
    clientId: ["client_id"],
  });
}
