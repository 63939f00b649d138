import { wrongReturn } from "../core/calls/user-function.js";
import { describeValue, isPlainObject } from "../core/options/value.js";
import { copyClaims } from "../core/principal/copy-claims.js";
import { MAX_NAMES } from "../core/principal/names/found-names.js";
import {
  createPrincipal,
  PRINCIPAL_LISTS,
  type Principal,
  type PrincipalInit,
} from "../core/principal/principal.js";

type Member = keyof PrincipalInit;
type Check = (value: unknown) => boolean;

export const NAMES_MUST = "a list of at most 2,000 non-empty strings";
const KINDS: readonly unknown[] = ["user", "service", "anonymous"];

const MEMBERS: Readonly<Record<Member, readonly [must: string, check: Check]>> = {
  kind: ['"user", "service" or "anonymous"', (value) => KINDS.includes(value)],
  subject: ["a non-empty string", isName],
  issuer: ["a non-empty string without white space", (value) => isName(value) && !/\s/.test(value)],
  clientId: ["a non-empty string", isName],
  tenant: ["a non-empty string", isName],
  roles: [NAMES_MUST, isNames],
  scopes: [NAMES_MUST, isNames],
  permissions: [NAMES_MUST, isNames],
  groups: [NAMES_MUST, isNames],
  undetermined: [`a list with some of ${PRINCIPAL_LISTS.join(", ")}`, areLists],
  acr: ["a non-empty string", isName],
  amr: [NAMES_MUST, isNames],
  authTime: [
    "a number of seconds",
    (value) => typeof value === "number" && Number.isFinite(value) && value >= 0,
  ],
  claims: ["a plain object", isPlainObject],
};

const NAMES = Object.keys(MEMBERS).join(", ");

/**
 * Checks and copies what a function of the app returned for a principal.
 *
 * @throws TypeError when it is anything but a well-formed principal or `null`. The text names the member, never the
 * value.
 */
export function parsePrincipal(what: string, value: unknown): Principal | null {
  if (value === null) return null;
  if (!isPlainObject(value)) {
    throw wrongReturn(what, "a plain object or null", value);
  }
  const init: Record<string, unknown> = Object.create(null);
  for (const name of Object.keys(value)) {
    const given = value[name];
    const member = copyOfList(given);
    // A principal that was made before has one; whether it is its own is seen at the end.
    if (member === undefined || name === "id") continue;
    // A misspelt member would silently be no role at all, or no tenant.
    if (!isMember(name)) throw wrongMember(what);
    const [must, check] = MEMBERS[name];
    if (!check(member)) {
      // Ids of databases are numbers.
      const fix =
        check === isName && typeof member === "number" ? ": write String(…) around it" : "";
      throw new TypeError(
        `${what} must return ${must} as ${name}, got ${describeValue(member)}${fix}`,
      );
    }
    init[name] = name === "claims" ? claimsOf(what, member) : member;
  }
  // Without a name all callers would share limits and look the same in the audit log.
  const named = init["subject"] !== undefined || init["clientId"] !== undefined;
  if (!named && init["kind"] !== "anonymous") {
    throw new TypeError(`${what} must return a subject or a clientId`);
  }
  const principal = createPrincipal(init);
  const { id } = value;
  if (id !== undefined && id !== principal.id) throw wrongMember(what);
  return principal;
}

function wrongMember(what: string): TypeError {
  return new TypeError(`${what} must return members of a principal only: ${NAMES}`);
}

function claimsOf(what: string, given: unknown): Principal["claims"] {
  const claims = copyClaims(given as Principal["claims"]);
  if (claims !== undefined) return claims;
  throw new TypeError(`${what} must return at most 10,000 values as claims, at most 32 deep`);
}

/** A copy: what is checked is what is handed on. Of a list that is refused for its length, none is made. */
export function copyOfList(given: unknown): unknown {
  return Array.isArray(given) && given.length <= MAX_NAMES ? Object.freeze([...given]) : given;
}

function isMember(name: string): name is Member {
  return Object.hasOwn(MEMBERS, name);
}

function areLists(value: unknown): boolean {
  const lists: readonly unknown[] = PRINCIPAL_LISTS;
  return (
    Array.isArray(value) &&
    value.length <= lists.length &&
    value.every((one) => lists.includes(one))
  );
}

export function isName(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

export function isNames(value: unknown): boolean {
  // The copy has no holes, which `every` would skip.
  return Array.isArray(value) && value.length <= MAX_NAMES && [...value].every(isName);
}
