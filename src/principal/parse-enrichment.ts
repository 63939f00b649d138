import { wrongReturn } from "../core/calls/user-function.js";
import { describeValue, isPlainObject } from "../core/options/value.js";
import {
  assemblePrincipal,
  DETERMINED,
  type Principal,
  type PrincipalList,
} from "../core/principal/principal.js";
import { copyOfList, isName, isNames, NAMES_MUST } from "./parse-principal.js";

/** What the app knows of a caller beyond what the token or the session says. */
export interface PrincipalEnrichment {
  readonly roles?: readonly string[];
  readonly permissions?: readonly string[];
  readonly groups?: readonly string[];
  /** `null`: the caller belongs to none. */
  readonly tenant?: string | null;
}

export type EnrichedMember = keyof PrincipalEnrichment;

export const ENRICHED_MEMBERS: readonly EnrichedMember[] = [
  "roles",
  "permissions",
  "groups",
  "tenant",
];

const NAMES = ENRICHED_MEMBERS.join(", ");

/**
 * Checks and copies what a function of the app returned: members of its own only, and those that replace others all there.
 *
 * @returns `null` when the function says that the account is gone.
 * @throws TypeError when it is anything else. The text names the member, never the value.
 */
export function parseEnrichment(
  what: string,
  replace: readonly EnrichedMember[],
  value: unknown,
): PrincipalEnrichment | null {
  if (value === null) return null;
  if (!isPlainObject(value)) throw wrongReturn(what, "a plain object or null", value);
  const copy: Record<string, unknown> = Object.create(null);
  for (const name of Object.keys(value)) {
    if (!isEnrichedMember(name)) throw new TypeError(`${what} must return ${NAMES} only`);
    const given = value[name];
    const member = copyOfList(given);
    const right = name === "tenant" ? member === null || isName(member) : isNames(member);
    // `undefined` is a column that was not read: the caller would lack what stands in it.
    if (!right) {
      const must = name === "tenant" ? "a non-empty string or null" : NAMES_MUST;
      throw new TypeError(`${what} must return ${must} as ${name}, got ${describeValue(member)}`);
    }
    copy[name] = member;
  }
  const missing = replace.find((name) => copy[name] === undefined);
  if (missing !== undefined) {
    throw new TypeError(`${what} must return ${missing}, which it replaces`);
  }
  if (Object.keys(copy).length === 0) {
    throw new TypeError(`${what} must return at least one of ${NAMES}, got none`);
  }
  return Object.freeze(copy) as PrincipalEnrichment;
}

/**
 * The principal with what was found added to it, or in the place of what it had. Frozen.
 *
 * @throws TypeError when it has another tenant already, and that is not to be replaced.
 */
export function enrich(
  what: string,
  principal: Principal,
  found: PrincipalEnrichment,
  replace: readonly EnrichedMember[],
): Principal {
  const listOf = (name: "roles" | "permissions" | "groups"): readonly string[] => {
    const names = found[name];
    if (names === undefined) return principal[name];
    const all = replace.includes(name) ? names : [...principal[name], ...names];
    return Object.freeze([...new Set(all)]);
  };
  return assemblePrincipal({
    ...principal,
    roles: listOf("roles"),
    permissions: listOf("permissions"),
    groups: listOf("groups"),
    undetermined: undeterminedAfter(principal, replace),
    tenant: tenantOf(what, principal, found.tenant, replace.includes("tenant")),
  });
}

/** What the app replaced is known; what it added to may still lack names. */
function undeterminedAfter(
  { undetermined }: Principal,
  replace: readonly EnrichedMember[],
): readonly PrincipalList[] {
  const left = undetermined.filter((list) => !(replace as readonly string[]).includes(list));
  return left.length === 0 ? DETERMINED : Object.freeze(left);
}

function tenantOf(
  what: string,
  { tenant }: Principal,
  found: string | null | undefined,
  replaces: boolean,
): string | undefined {
  if (replaces) return found ?? undefined;
  if (found === undefined || found === null) return tenant;
  if (tenant !== undefined && tenant !== found) {
    throw new TypeError(
      `${what} must not return a second tenant for a caller that has one: name "tenant" in replace`,
    );
  }
  return found;
}

export function isEnrichedMember(name: string): name is EnrichedMember {
  return (ENRICHED_MEMBERS as readonly string[]).includes(name);
}
