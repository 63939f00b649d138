import type { Hints, OptionKeys } from "../../core/options/option-types.js";
import { readOptions } from "../../core/options/options-reader.js";
import { assertNotMounted } from "../../core/options/uncalled-factory.js";
import { type ClaimMapping, freezeMapping } from "../../core/principal/claim-mapping.js";
import { type Claims, claimAt } from "../../core/principal/names/claim-source.js";
import { readNameTable } from "../../core/principal/names/read-name-table.js";

/** Options of {@link entra}. */
export interface EntraOptions {
  /**
   * Which roles the members of a group have, by its object id: `{ "5f0c2a1e-…": "admin" }`, or a list of roles. Other groups
   * give none. By default no group does.
   */
  readonly groups?: Readonly<Record<string, string | readonly string[]>> | undefined;
  /**
   * Which roles those with a directory role have, by the id of its template (the claim `wids`): `{ "62e90394-…": "admin" }` is
   * the Global Administrator. By default no directory role counts.
   */
  readonly directoryRoles?: Readonly<Record<string, string | readonly string[]>> | undefined;
}

const KEYS: OptionKeys<EntraOptions> = {
  groups: "neverUndefined",
  directoryRoles: "neverUndefined",
};

/** What others call the options. */
export const ENTRA_HINTS: Hints<EntraOptions> = {
  wids: "directoryRoles",
  groupRoles: "groups",
  groupMapping: "groups",
};

const TABLE = 'an object such as { "5f0c2a1e-7d31-4b57-8a52-0d4b6a1c7e90": "admin" }';

/**
 * The mapping for access tokens of Microsoft Entra ID, v1 and v2.
 *
 * - subject: `oid`, which is the same in all APIs; `sub` is another one in each
 * - roles: the claim `roles` (app roles of users, application permissions of apps), and what `groups` and `directoryRoles` give
 * - scopes: the claim `scp`, which only tokens of users have
 * - groups: the claim `groups`. Of users in more than 200 groups it is missing, and `_claim_names` or `hasgroups` says so: then
 *   the groups, and the roles that come from groups, are undetermined
 * - client: `azp` (v2), else `appid` (v1); tenant: `tid`
 * - kind: a service with `idtyp: "app"`, and without `idtyp` and `scp`
 *
 * @throws {@link OptionsError} when an option is wrong.
 * @see https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
 */
export function entra(options?: EntraOptions): ClaimMapping {
  const call = "entra()";
  assertNotMounted("entra", options, `oauthGuard({ issuer, audience, principal: ${call} })`);
  const reader = readOptions<EntraOptions>("entra", options, KEYS, ENTRA_HINTS, call);
  const groups = readNameTable(reader, "groups", TABLE);
  const directoryRoles = readNameTable(reader, "directoryRoles", TABLE);
  reader.finish();

  const inToken = { path: "groups", elsewhere: "hasgroups" };
  return freezeMapping({
    subject: ["oid"],
    roles: [
      { path: "roles" },
      ...(groups === undefined ? [] : [{ ...inToken, names: groups }]),
      ...(directoryRoles === undefined ? [] : [{ path: "wids", names: directoryRoles }]),
    ],
    scopes: [{ path: "scp", format: "space" }],
    groups: [inToken],
    clientId: ["azp", "appid"],
    tenant: "tid",
    kind: kindOf,
  });
}

/** `idtyp` is an optional claim. Delegated tokens always have `scp`, and those of apps never do. */
function kindOf(claims: Claims): "user" | "service" {
  const type = claimAt(claims, "idtyp");
  if (type === "user") return "user";
  return type === "app" || claimAt(claims, "scp") === undefined ? "service" : "user";
}
