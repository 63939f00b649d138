import type { Hints, OptionKeys } from "../../core/options/option-types.js";
import { readOptions } from "../../core/options/options-reader.js";
import { assertNotMounted } from "../../core/options/uncalled-factory.js";
import { type ClaimMapping, freezeMapping } from "../../core/principal/claim-mapping.js";
import { readTokenName } from "../../core/principal/names/read-claim-path.js";
import { readNameTable } from "../../core/principal/names/read-name-table.js";

/** Options of {@link okta}. */
export interface OktaOptions {
  /** The claim that the authorization server puts groups into. @default "groups" */
  readonly groupsClaim?: string | undefined;
  /**
   * Which roles the members of a group have: `{ "orders-editors": "editor" }`, or a list of roles. Other groups give none.
   * By default no group does.
   */
  readonly groups?: Readonly<Record<string, string | readonly string[]>> | undefined;
}

const KEYS: OptionKeys<OktaOptions> = { groupsClaim: "neverUndefined", groups: "neverUndefined" };

/** What others call the options. */
export const OKTA_HINTS: Hints<OktaOptions> = {
  claim: "groupsClaim",
  roles: 'write groups: { "orders-editors": "editor" }, which says what role a group has',
};

/**
 * The mapping for access tokens of a custom authorization server of Okta. The tokens of its org server are not for your
 * API: nobody else can verify them.
 *
 * - scopes: the claim `scp`, a list
 * - groups: the claim `groups`, or the one that `groupsClaim` names, if the server has such a claim
 * - roles: those that `groups` gives
 * - client: `cid`
 *
 * @throws {@link OptionsError} when an option is wrong.
 * @see https://developer.okta.com/docs/guides/customize-tokens-groups-claim/main/
 */
export function okta(options?: OktaOptions): ClaimMapping {
  const call = 'okta({ groups: { "orders-editors": "editor" } })';
  assertNotMounted("okta", options, `oauthGuard({ issuer, audience, principal: ${call} })`);
  const reader = readOptions<OktaOptions>("okta", options, KEYS, OKTA_HINTS, call);
  const path = readTokenName(reader, "groupsClaim", { default: "groups" }) ?? "groups";
  const names = readNameTable(reader, "groups", 'an object such as { "orders-editors": "editor" }');
  reader.finish();

  return freezeMapping({
    ...(names !== undefined && { roles: [{ path, names }] }),
    scopes: [{ path: "scp", format: "space" }],
    groups: [{ path }],
    clientId: ["cid"],
  });
}
