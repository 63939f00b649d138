import type { FoundNames } from "./found-names.js";

/** As many bits as a list can have names: 2 to the power of 2,000 has 603 digits. */
const MASK = /^\d{1,603}$/;
/** A feature that the user has (`u`), the organization (`o`) or both, and its name. */
const FEATURE = /^(u|o|uo|ou):([^:]+)$/;

/**
 * Adds the permissions in session tokens of Clerk, version 2. `per` of the claim `o` has their names, `fpm` a bit mask of
 * these for each feature of the organization, and the claim `fea` the features: with `per: "read,manage"`, `fpm: "3,2"` and
 * `fea: "o:dashboard,u:themes,o:teams"` they are `org:dashboard:read`, `org:dashboard:manage` and `org:teams:manage`.
 *
 * @see https://clerk.com/docs/guides/sessions/session-tokens
 */
export function addClerkPermissions(
  found: FoundNames,
  organization: unknown,
  features: unknown,
): void {
  if (typeof organization !== "object" || organization === null || Array.isArray(organization)) {
    found.miss();
    return;
  }
  const texts = [textIn(organization, "per"), textIn(organization, "fpm"), textOf(features)];
  const [permissions, masks, all] = texts;
  if (permissions === undefined || masks === undefined || all === undefined) {
    found.miss();
    return;
  }
  // Without one of them, there are no permissions of features.
  if (permissions === "" || masks === "" || all === "") return;
  const names = permissions.split(",").map((name) => name.trim());
  const entries = all.split(",").map((entry) => FEATURE.exec(entry.trim()));
  // Masks belong to features by their place: one that nobody understands moves all that come behind it.
  if (entries.includes(null)) {
    found.miss();
    return;
  }
  const ofOrganization = entries.flatMap((entry) =>
    entry?.[1]?.includes("o") ? (entry[2] ?? "") : [],
  );
  for (const [index, mask] of masks.split(",").entries()) {
    const feature = ofOrganization[index];
    if (feature === undefined || !MASK.test(mask.trim())) found.miss();
    else addPermissions(found, feature, names, BigInt(mask.trim()));
  }
}

function addPermissions(
  found: FoundNames,
  feature: string,
  names: readonly string[],
  mask: bigint,
): void {
  for (let index = 0, rest = mask; rest !== 0n; index += 1, rest >>= 1n) {
    if ((rest & 1n) === 0n) continue;
    const name = names[index];
    if (name === undefined || name === "") found.miss();
    else found.add(`org:${feature}:${name}`);
  }
}

function textIn(object: object, name: string): string | undefined {
  return textOf(
    Object.hasOwn(object, name) ? (object as Record<string, unknown>)[name] : undefined,
  );
}

/** `undefined` for what is no text. What is absent is an empty one. */
function textOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : undefined;
}
