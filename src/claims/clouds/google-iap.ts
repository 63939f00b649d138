import type { Hints, OptionKeys } from "../../core/options/option-types.js";
import { readOptions } from "../../core/options/options-reader.js";
import { assertNotMounted } from "../../core/options/uncalled-factory.js";
import { type ClaimMapping, freezeMapping } from "../../core/principal/claim-mapping.js";
import { type Claims, claimAt } from "../../core/principal/names/claim-source.js";
import { readNameTable } from "../../core/principal/names/read-name-table.js";

/** Options of {@link googleIap}. */
export interface GoogleIapOptions {
  /**
   * Which roles an access level gives for the request, by its full name:
   * `{ "accessPolicies/123/accessLevels/managed_device": "managed-device" }`, or a list of roles. Other levels give none. By
   * default none does.
   */
  readonly accessLevels?: Readonly<Record<string, string | readonly string[]>> | undefined;
}

const KEYS: OptionKeys<GoogleIapOptions> = { accessLevels: "neverUndefined" };

/** What others call the options. */
export const GOOGLE_IAP_HINTS: Hints<GoogleIapOptions> = {
  levels: "accessLevels",
  groups: "accessLevels",
};

const TABLE =
  'an object such as { "accessPolicies/123/accessLevels/managed_device": "managed-device" }';
const SERVICE_ACCOUNT = /\.gserviceaccount\.com$/;

/**
 * The mapping for the assertions of Google's Identity-Aware Proxy, in the field `X-Goog-IAP-JWT-Assertion`. They come in no
 * `Authorization` field: use it with `createTokenVerifier`.
 *
 * - groups: the access levels that the request meets (`google.access_levels`): they are about the device and the network
 * - roles: those that `accessLevels` gives
 * - tenant: `hd`, the Google Workspace domain
 * - kind: a service when the email is that of a service account
 *
 * IAP names no groups and roles of users. It does not read the fields `X-Goog-Authenticated-User-*`, which are not signed.
 *
 * @throws {@link OptionsError} when an option is wrong.
 * @see https://cloud.google.com/iap/docs/signed-headers-howto
 */
export function googleIap(options?: GoogleIapOptions): ClaimMapping {
  const call = "googleIap()";
  const mounted = `oauthGuard({ issuer, audience, principal: ${call} })`;
  assertNotMounted("googleIap", options, mounted);
  const reader = readOptions<GoogleIapOptions>("googleIap", options, KEYS, GOOGLE_IAP_HINTS, call);
  const names = readNameTable(reader, "accessLevels", TABLE);
  reader.finish();

  const path = ["google", "access_levels"];
  return freezeMapping({
    ...(names !== undefined && { roles: [{ path, names }] }),
    groups: [{ path }],
    tenant: "hd",
    kind: kindOf,
  });
}

function kindOf(claims: Claims): "user" | "service" {
  const email = claimAt(claims, "email");
  return typeof email === "string" && SERVICE_ACCOUNT.test(email) ? "service" : "user";
}
