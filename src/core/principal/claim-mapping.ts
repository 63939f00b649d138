import { assemblePrincipal, NONE_UNDETERMINED, type Principal } from "./principal.js";

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
   * - `keys`: the member names of an object, whatever their values are
   * @default "list"
   */
  readonly format?: "list" | "space" | "comma" | "scim" | "keys" | undefined;
  /** Put before each name. @default "" */
  readonly prefix?: string | undefined;
}

/** Where the subject of a token stands, and in which form. */
export interface SubjectSource {
  readonly path: ClaimPath;
  /** `text`: a string. `number`: a safe integer, taken over in decimal digits. @default "text" */
  readonly format?: "text" | "number" | undefined;
}

/** How the claims of one issuer become a {@link Principal}. What is not mapped stays empty. */
export interface ClaimMapping {
  /**
   * Who the token is about: the first of these that is there, and neither `null` nor empty. In another form than it
   * should have, it is not passed over: the token is refused. All of them must name the same users in the same way.
   * @default ["sub"]
   */
  readonly subject?: readonly (ClaimPath | SubjectSource)[] | undefined;
  readonly roles?: readonly ClaimSource[] | undefined;
  readonly scopes?: readonly ClaimSource[] | undefined;
  readonly permissions?: readonly ClaimSource[] | undefined;
  readonly groups?: readonly ClaimSource[] | undefined;
  readonly tenant?: ClaimPath | undefined;
  /** The first path that holds a string wins. */
  readonly clientId?: readonly ClaimPath[] | undefined;
  /**
   * Tells services from users. It may return a promise, which has 5 seconds; what it says counts for as long as the token
   * is remembered. @default a service when `sub` is absent or equals the client id
   */
  readonly kind?: ((claims: Claims) => CallerKind | PromiseLike<CallerKind>) | undefined;
}

/** Who a token can be for. */
export type CallerKind = "user" | "service";

/**
 * No list has more names, repeated ones included: a token of 8 kb cannot hold more in good faith. A longer list is not
 * cut, because rules such as `not(role("suspended"))` would pass without the names that are missing.
 */
export const MAX_NAMES = 2000;

/** A list of names in the claims is too long to be taken over. */
export class TooManyNames extends RangeError {
  override readonly name = "TooManyNames";
}

/** The claim that names the subject has another form than the mapping says. */
export class WrongSubject extends TypeError {
  override readonly name = "WrongSubject";
}

const NO_NAMES: readonly string[] = Object.freeze([]);
const AMR: readonly ClaimSource[] = [{ path: "amr" }];

/** A frozen copy without a prototype: a polluted `Object.prototype` gives nobody a role. */
export function freezeMapping(mapping: ClaimMapping): ClaimMapping {
  const copy: Record<string, unknown> = Object.create(null);
  for (const [name, value] of Object.entries(mapping)) {
    copy[name] = Array.isArray(value) ? Object.freeze(value.map(freezeItem)) : value;
  }
  return Object.freeze(copy);
}

function freezeItem(item: ClaimSource | ClaimPath): unknown {
  if (typeof item === "string") return item;
  return Object.freeze(Array.isArray(item) ? [...item] : Object.assign(Object.create(null), item));
}

/**
 * Applies a mapping to verified claims. Values of the wrong type are ignored, never coerced.
 *
 * @param known - What `kind` of the mapping has answered, when it was asked before: it may answer with a promise. And the
 * issuer whose key signed the claims, which some tokens do not name.
 * @throws {@link TooManyNames} when one of the lists has more than 2,000 names.
 * @throws {@link WrongSubject} when the subject has another form than the mapping says.
 */
export function toPrincipal(
  mapping: ClaimMapping,
  claims: Claims,
  known: { readonly kind?: CallerKind | undefined; readonly issuer?: string | undefined } = {},
): Principal {
  const subject = subjectIn(claims, mapping.subject);
  const clientId = mapping.clientId
    ?.map((path) => ownString(claims, path))
    .find((id) => id !== undefined);
  const kind =
    known.kind ??
    (mapping.kind?.(claims) as CallerKind | undefined) ??
    (subject === undefined || subject === clientId ? "service" : "user");
  const authTime = claimAt(claims, "auth_time");
  return assemblePrincipal({
    kind,
    subject,
    issuer: known.issuer ?? ownString(claims, "iss"),
    clientId,
    tenant: mapping.tenant === undefined ? undefined : ownString(claims, mapping.tenant),
    roles: namesAt(claims, mapping.roles),
    scopes: namesAt(claims, mapping.scopes),
    permissions: namesAt(claims, mapping.permissions),
    groups: namesAt(claims, mapping.groups),
    undetermined: NONE_UNDETERMINED,
    acr: ownString(claims, "acr"),
    amr: namesAt(claims, AMR),
    authTime: typeof authTime === "number" && Number.isFinite(authTime) ? authTime : undefined,
    claims,
  });
}

function subjectIn(claims: Claims, sources: ClaimMapping["subject"]): string | undefined {
  if (sources === undefined) return ownString(claims, "sub");
  for (const source of sources) {
    const isPath = typeof source === "string" || Array.isArray(source);
    const { path, format } = isPath ? { path: source as ClaimPath } : (source as SubjectSource);
    const value = claimAt(claims, path);
    if (value === undefined || value === null || value === "") continue;
    if (typeof value === "string" && format !== "number") return value;
    if (format === "number" && Number.isSafeInteger(value)) return String(value);
    throw new WrongSubject("the subject has another form than the mapping says");
  }
  return undefined;
}

function namesAt(claims: Claims, sources: readonly ClaimSource[] | undefined): readonly string[] {
  if (sources === undefined) return NO_NAMES;
  const names: string[] = [];
  for (const source of sources) {
    const value = claimAt(claims, source.path);
    if (value === undefined) continue;
    const prefix = source.prefix ?? "";
    for (const name of namesIn(value, source.format ?? "list")) {
      if (name === "") continue;
      if (names.length === MAX_NAMES) throw new TooManyNames("more than 2,000 names in one list");
      names.push(prefix + name);
    }
  }
  if (names.length === 0) return NO_NAMES;
  return Object.freeze(names.length === 1 ? names : [...new Set(names)]);
}

function namesIn(value: unknown, format: NonNullable<ClaimSource["format"]>): readonly string[] {
  if (typeof value === "string") {
    if (format === "space") return value.split(" ");
    return format === "comma"
      ? value.split(",").map((name) => name.trim())
      : format === "keys"
        ? []
        : [value];
  }
  if (Array.isArray(value))
    return format === "keys" ? [] : value.flatMap((item) => nameOf(item, format));
  if (format === "keys" && typeof value === "object" && value !== null) return Object.keys(value);
  return [];
}

function nameOf(item: unknown, format: ClaimSource["format"]): readonly string[] {
  if (typeof item === "string") return [item];
  if (format !== "scim" || typeof item !== "object" || item === null) return [];
  const value = claimAt(item as Claims, "value");
  return typeof value === "string" ? [value] : [];
}

function ownString(claims: Claims, path: ClaimPath): string | undefined {
  const value = claimAt(claims, path);
  return typeof value === "string" && value !== "" ? value : undefined;
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
