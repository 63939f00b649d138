import { addClerkPermissions } from "./clerk-permissions.js";
import { FoundNames, type NameTable } from "./found-names.js";

/** The verified claims of a token. */
export type Claims = Readonly<Record<string, unknown>>;

/** A string is one literal claim name, dots and colons included; a list walks into nested objects. */
export type ClaimPath = string | readonly string[];

/** Where a list of names stands in the claims, and in which form. */
export interface ClaimSource {
  readonly path: ClaimPath;
  /**
   * - `list`: a list of strings; one string is one name, never split: some issuers send a list of one that way
   * - `space`, `comma`: names in one string; in a list, each string is one name
   * - `scim`: a list of strings or of objects with a `value` (RFC 7643 §4.1.2, RFC 9068 §2.2.3.1); one string is one name
   * - `keys`: the member names of an object, or of each object in a list, whatever their values are
   * - `booleans`: the names of those members of an object that are `true`; the others must be `false`
   * - `flag`: `true` gives the name of the claim itself, `false` gives none
   * - `clerk`: the permissions in the claim `o` of Clerk's session tokens, as `org:<feature>:<permission>`
   * @default "list"
   */
  readonly format?:
    | "list"
    | "space"
    | "comma"
    | "scim"
    | "keys"
    | "booleans"
    | "flag"
    | "clerk"
    | undefined;
  /**
   * Only these names count. In an object, each counts as what stands beside it: `{ "5f0c-…": "admin" }`, or a list of
   * names. By default every name counts, as it is.
   */
  readonly names?:
    | readonly string[]
    | Readonly<Record<string, string | readonly string[]>>
    | undefined;
  /** With `keys`, only members count whose value is an object that has this member: a role in that organization. */
  readonly having?: string | undefined;
  /**
   * A claim that says that the names are not in the token, unless it is `false`. The claim `_claim_names` of OpenID
   * Connect says so without it.
   */
  readonly elsewhere?: ClaimPath | undefined;
  /** Put before each name. @default "" */
  readonly prefix?: string | undefined;
}

/** The names that a list has in the claims. */
export interface NamesRead {
  /** Frozen, and without repetition. */
  readonly names: readonly string[];
  /** Whether there may be more: a claim is malformed, or says that the names are not in the token. */
  readonly isPartial: boolean;
}

type Format = NonNullable<ClaimSource["format"]>;

const NO_NAMES: NamesRead = Object.freeze({ names: Object.freeze([]), isPartial: false });
/** What stands at a path that leads through something that is no object. */
const MALFORMED = Symbol("malformed");
/** What {@link readClaim} gives for a claim that nobody can read. */
export const UNREADABLE: unique symbol = Symbol("unreadable");

/**
 * The names that all sources find. A claim that is absent, or `null`, has none. What a malformed claim has is unknown:
 * those of its names that can be read count, and the list is partial.
 *
 * @throws {@link TooManyNames} when there are more than 2,000.
 */
export function readNames(claims: Claims, sources: readonly ClaimSource[] | undefined): NamesRead {
  if (sources === undefined) return NO_NAMES;
  const found = new FoundNames();
  for (const source of sources) {
    found.from(source.prefix ?? "", source.names as NameTable | undefined);
    if (isElsewhere(claims, source)) found.miss();
    const value = valueAt(claims, source.path);
    if (value === MALFORMED) found.miss();
    else if (value !== undefined && value !== null) addNames(found, value, source, claims);
  }
  return found.isEmpty && !found.isPartial ? NO_NAMES : found.read();
}

/**
 * Whether the names are said to be in another place: by the distributed claims of OpenID Connect Core 1.0 §5.6.2, as
 * Entra ID does for users in many groups, or by the claim that the source names.
 */
function isElsewhere(claims: Claims, { path, elsewhere }: ClaimSource): boolean {
  if (isDistributed(claims, path)) return true;
  if (elsewhere === undefined) return false;
  const value = claimAt(claims, elsewhere);
  return value !== undefined && value !== null && value !== false;
}

function isDistributed(claims: Claims, path: ClaimPath): boolean {
  const distributed = claimAt(claims, "_claim_names");
  if (distributed === undefined || distributed === null) return false;
  // In another form it may name any claim.
  if (!isObject(distributed)) return true;
  const claim = typeof path === "string" ? path : path[0];
  return claim !== undefined && Object.hasOwn(distributed, claim);
}

function addNames(found: FoundNames, value: unknown, source: ClaimSource, claims: Claims): void {
  const format = source.format ?? "list";
  switch (format) {
    case "keys":
      addKeys(found, value, source.having);
      return;
    case "booleans":
      addTrueMembers(found, value);
      return;
    case "flag":
      if (value === true) found.add(lastOf(source.path));
      else if (value !== false) found.miss();
      return;
    case "clerk":
      addClerkPermissions(found, value, claimAt(claims, "fea"));
      return;
    default:
      addList(found, value, format);
  }
}

function addList(found: FoundNames, value: unknown, format: Format): void {
  if (typeof value === "string") addText(found, value, format);
  else if (Array.isArray(value)) for (const item of value) addItem(found, item, format);
  else found.miss();
}

function addText(found: FoundNames, text: string, format: Format): void {
  if (format === "space") for (const name of text.split(" ")) found.add(name);
  else if (format === "comma") for (const name of text.split(",")) found.add(name.trim());
  else found.add(text);
}

function addItem(found: FoundNames, item: unknown, format: Format): void {
  const value = format === "scim" && isObject(item) ? claimAt(item, "value") : item;
  if (typeof value === "string") found.add(value);
  else found.miss();
}

function addKeys(found: FoundNames, value: unknown, having: string | undefined): void {
  if (Array.isArray(value)) for (const item of value) addKeysOf(found, item, having);
  else addKeysOf(found, value, having);
}

function addKeysOf(found: FoundNames, value: unknown, having: string | undefined): void {
  if (!isObject(value)) {
    found.miss();
    return;
  }
  for (const name of Object.keys(value)) {
    if (having === undefined) found.add(name);
    else if (!isObject(value[name])) found.miss();
    else if (Object.hasOwn(value[name], having)) found.add(name);
  }
}

function addTrueMembers(found: FoundNames, value: unknown): void {
  if (!isObject(value)) {
    found.miss();
    return;
  }
  for (const name of Object.keys(value)) {
    if (value[name] === true) found.add(name);
    else if (value[name] !== false && value[name] !== null) found.miss();
  }
}

/** The value at the path; `undefined` when a member is absent on the way there. */
function valueAt(claims: Claims, path: ClaimPath): unknown {
  if (typeof path === "string") return claimAt(claims, path);
  let value: unknown = claims;
  for (const name of path) {
    if (value === undefined || value === null) return undefined;
    if (!isObject(value)) return MALFORMED;
    if (!Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

/**
 * The claim at the path, through own properties only: `undefined` when it is absent, and {@link UNREADABLE} when the path
 * leads through something that is no object, or the claims say that the value is in another place.
 */
export function readClaim(claims: Claims, path: ClaimPath): unknown {
  const value = valueAt(claims, path);
  const isMissing = value === MALFORMED || (value === undefined && isDistributed(claims, path));
  return isMissing ? UNREADABLE : value;
}

/** The claim at the path, through own properties only. */
export function claimAt(claims: Claims, path: ClaimPath): unknown {
  if (typeof path === "string") return Object.hasOwn(claims, path) ? claims[path] : undefined;
  let value: unknown = claims;
  for (const name of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name))
      return undefined;
    value = (value as Claims)[name];
  }
  return value;
}

function lastOf(path: ClaimPath): string {
  return typeof path === "string" ? path : (path.at(-1) ?? "");
}

function isObject(value: unknown): value is Claims {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
