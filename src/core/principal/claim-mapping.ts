import { type LoginForm, loginIn } from "./login-claims.js";
import {
  type ClaimPath,
  type ClaimSource,
  type Claims,
  claimAt,
  readNames,
} from "./names/claim-source.js";
import {
  assemblePrincipal,
  DETERMINED,
  PRINCIPAL_LISTS,
  type Principal,
  type PrincipalList,
} from "./principal.js";

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
  /** A path, or a list of lists, each a path: the first that holds a string wins. */
  readonly tenant?: ClaimPath | readonly (readonly string[])[] | undefined;
  /** The first path that holds a string wins. */
  readonly clientId?: readonly ClaimPath[] | undefined;
  /**
   * In which form the token says how its user has logged in, for `stepUp`:
   *
   * - `clerk`: `fva`, the age of the first factor, and `mfa` among the methods if there was a second one
   * - `firebase`: `auth_time`, and the methods `mfa` and the second factor (`firebase.sign_in_second_factor`) if there was one
   * - `supabase`: `aal` as the class, and a list of methods, each in an object
   *
   * @default the claims `acr`, `amr` and `auth_time`
   */
  readonly login?: LoginForm | undefined;
  /**
   * Tells services and anonymous callers from users. It may return a promise, which has 5 seconds; what it says counts for as long as the token
   * is remembered. @default a service when `sub` is absent or equals the client id
   */
  readonly kind?: ((claims: Claims) => CallerKind | PromiseLike<CallerKind>) | undefined;
}

/** Who a token can be for. `anonymous`: it has a subject, but nobody has logged in. Rules refuse it with 401. */
export type CallerKind = "user" | "service" | "anonymous";

/** The claim that names the subject has another form than the mapping says. */
export class WrongSubject extends TypeError {
  override readonly name = "WrongSubject";
}

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
 * Applies a mapping to verified claims. Values of the wrong type are never coerced: where names are due, they make the
 * list undetermined, and elsewhere they are ignored.
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
  const clientId = firstString(claims, mapping.clientId ?? []);
  const kind =
    known.kind ??
    (mapping.kind?.(claims) as CallerKind | undefined) ??
    (subject === undefined || subject === clientId ? "service" : "user");
  const { acr, amr, authTime } = loginIn(claims, mapping.login);
  const roles = readNames(claims, mapping.roles);
  const scopes = readNames(claims, mapping.scopes);
  const permissions = readNames(claims, mapping.permissions);
  const groups = readNames(claims, mapping.groups);
  return assemblePrincipal({
    kind,
    subject,
    issuer: known.issuer ?? ownString(claims, "iss"),
    clientId,
    tenant: tenantIn(claims, mapping.tenant),
    roles: roles.names,
    scopes: scopes.names,
    permissions: permissions.names,
    groups: groups.names,
    undetermined: partialLists({ roles, scopes, permissions, groups }),
    acr,
    amr,
    authTime,
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

function partialLists(
  lists: Readonly<Record<PrincipalList, { readonly isPartial: boolean }>>,
): readonly PrincipalList[] {
  const partial = PRINCIPAL_LISTS.filter((name) => lists[name].isPartial);
  return partial.length === 0 ? DETERMINED : Object.freeze(partial);
}

function tenantIn(claims: Claims, tenant: ClaimMapping["tenant"]): string | undefined {
  if (tenant === undefined) return undefined;
  const isOnePath = typeof tenant === "string" || typeof tenant[0] === "string";
  return isOnePath
    ? ownString(claims, tenant as ClaimPath)
    : firstString(claims, tenant as readonly ClaimPath[]);
}

function firstString(claims: Claims, paths: readonly ClaimPath[]): string | undefined {
  for (const path of paths) {
    const found = ownString(claims, path);
    if (found !== undefined) return found;
  }
  return undefined;
}

function ownString(claims: Claims, path: ClaimPath): string | undefined {
  const value = claimAt(claims, path);
  return typeof value === "string" && value !== "" ? value : undefined;
}
