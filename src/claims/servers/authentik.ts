import type { Hints, OptionKeys } from "../../core/options/option-types.js";
import { readOptions } from "../../core/options/options-reader.js";
import { assertNotMounted } from "../../core/options/uncalled-factory.js";
import { type ClaimMapping, freezeMapping } from "../../core/principal/claim-mapping.js";
import { readNameTable } from "../../core/principal/names/read-name-table.js";

/** Options of {@link authentik}. */
export interface AuthentikOptions {
  /**
   * Which roles the members of a group have: `{ "orders editors": "editor" }`, or a list of roles. Other groups give none. By
   * default no group does.
   */
  readonly groups?: Readonly<Record<string, string | readonly string[]>> | undefined;
}

const KEYS: OptionKeys<AuthentikOptions> = { groups: "neverUndefined" };

/** What others call the options. */
export const AUTHENTIK_HINTS: Hints<AuthentikOptions> = {
  roles: 'write groups: { "orders editors": "editor" }, which says what role a group has',
};

/**
 * The mapping for access tokens of authentik.
 *
 * - groups: the claim `groups`, which its scope `profile` adds
 * - roles: those that `groups` gives
 * - scopes: the claim `scope`, if a mapping adds it
 * - client: `azp`
 *
 * Service accounts look like users.
 *
 * @throws {@link OptionsError} when an option is wrong.
 * @see https://docs.goauthentik.io/add-secure-apps/providers/oauth2/
 */
export function authentik(options?: AuthentikOptions): ClaimMapping {
  const call = 'authentik({ groups: { "orders editors": "editor" } })';
  assertNotMounted("authentik", options, `oauthGuard({ issuer, audience, principal: ${call} })`);
  const reader = readOptions<AuthentikOptions>("authentik", options, KEYS, AUTHENTIK_HINTS, call);
  const names = readNameTable(reader, "groups", 'an object such as { "orders editors": "editor" }');
  reader.finish();

  const path = "groups";
  return freezeMapping({
    ...(names !== undefined && { roles: [{ path, names }] }),
    scopes: [{ path: "scope", format: "space" }],
    groups: [{ path }],
    clientId: ["azp"],
  });
}
