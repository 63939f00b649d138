import type { Request } from "express";
import { refuseMounting } from "../calls/refuse-mounting.js";
import { requestSlot } from "../request/request-slot.js";
import { principalId } from "./principal-id.js";

/** The lists of names that rules look into. */
export const PRINCIPAL_LISTS = Object.freeze(["roles", "scopes", "permissions", "groups"] as const);

/** A list of names that rules look into. */
export type PrincipalList = (typeof PRINCIPAL_LISTS)[number];

/** What is undetermined of most principals: nothing. */
export const DETERMINED: readonly PrincipalList[] = Object.freeze([]);

/** Who calls, as authorization, limits and the audit log see it. Frozen. */
export interface Principal {
  /**
   * Kind, issuer and name together, at most 256 characters: `"https://idp.example alice"` for a user, `"alice"` for one
   * without an issuer, `"https://idp.example service:billing"` for a service. Empty for somebody without a name.
   */
  readonly id: string;
  /**
   * `service`: the token was issued to a client on its own behalf. `anonymous`: nobody has logged in; rules refuse such a
   * caller with 401, whatever its roles are.
   */
  readonly kind: "user" | "service" | "anonymous";
  readonly subject: string | undefined;
  readonly issuer: string | undefined;
  readonly clientId: string | undefined;
  readonly tenant: string | undefined;
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
  readonly permissions: readonly string[];
  readonly groups: readonly string[];
  /**
   * Which of these lists may lack names: the token has the claim in a wrong form, or says that the names are not in it,
   * as Entra ID does for users in more than 200 groups. The names that are there count. That another one is missing
   * proves nothing.
   */
  readonly undetermined: readonly PrincipalList[];
  /** Authentication context class (RFC 9068 §2.2.1). */
  readonly acr: string | undefined;
  /** Authentication methods (RFC 8176). */
  readonly amr: readonly string[];
  /** When the user authenticated, in seconds since 1970. */
  readonly authTime: number | undefined;
  /**
   * The verified claims, frozen all the way down. Of what the app gave, lists and plain objects are copies, frozen in the
   * same way; instances of classes, such as dates, stay the app's own.
   */
  readonly claims: Readonly<Record<string, unknown>>;
}

/** The parts of a principal that an app may give; the rest is filled in. */
export type PrincipalInit = {
  readonly [K in Exclude<keyof Principal, "id">]?: Principal[K] | undefined;
};

/** Who calls, `null` when nobody is authenticated, or what derives that when something asks. */
const source = requestSlot<Principal | null | (() => Principal | null)>("principal");

/**
 * The principal of the request, derived at the first call.
 *
 * @returns `null` when nobody is authenticated: no guard ran, or an optional one found no token.
 */
export function getPrincipal(req: Request): Principal | null;
export function getPrincipal(req: Request, _res?: unknown, next?: unknown): Principal | null {
  if (next !== undefined) refuseMounting("getPrincipal", next);
  const found = source.get(req);
  if (typeof found !== "function") return found ?? null;
  const principal = found();
  source.set(req, principal);
  return principal;
}

/** Whether something said who calls, or that nobody does. */
export function hasPrincipalSource(req: Request): boolean {
  return source.get(req) !== undefined;
}

/** Sets the principal of the request, or what derives it, once, when something asks. An earlier one is forgotten. */
export function setPrincipalSource(
  req: Request,
  principal: Principal | null | (() => Principal | null),
): void {
  source.set(req, principal);
}

/** Builds a frozen principal: lists are copied, what is missing is empty. */
export function createPrincipal(given: PrincipalInit): Principal {
  // Own members only: a polluted `Object.prototype` must not give anybody a role.
  const init: PrincipalInit = Object.assign(Object.create(null), given);
  return assemblePrincipal({
    kind: init.kind ?? "user",
    subject: init.subject,
    issuer: init.issuer,
    clientId: init.clientId,
    tenant: init.tenant,
    roles: frozenList(init.roles),
    scopes: frozenList(init.scopes),
    permissions: frozenList(init.permissions),
    groups: frozenList(init.groups),
    undetermined: init.undetermined === undefined ? DETERMINED : frozenList(init.undetermined),
    acr: init.acr,
    amr: frozenList(init.amr),
    authTime: init.authTime,
    claims: init.claims ?? Object.freeze({}),
  });
}

/** Gives the parts, whose lists are frozen and belong to nobody else, their id. */
export function assemblePrincipal(parts: Omit<Principal, "id">): Principal {
  const { kind, subject, issuer, clientId } = parts;
  return Object.freeze({
    id: principalId(parts),
    kind,
    subject,
    issuer,
    clientId,
    tenant: parts.tenant,
    roles: parts.roles,
    scopes: parts.scopes,
    permissions: parts.permissions,
    groups: parts.groups,
    undetermined: parts.undetermined,
    acr: parts.acr,
    amr: parts.amr,
    authTime: parts.authTime,
    claims: parts.claims,
  });
}

function frozenList<Name extends string>(list: readonly Name[] | undefined): readonly Name[] {
  return Object.freeze(list === undefined ? [] : [...list]);
}
