import type { LimitDetails, Requirement } from "../../core/guard/guard-details.js";
import type { GuardDescription } from "../../core/guard/guard-mark.js";
import { ERROR_CODES, type ErrorCode } from "../../core/refusal/error-code.js";
import type { AuditedRoute, OpaqueHandler } from "../report/route-report.js";
import { limitsOn } from "./limits-on.js";
import { concernsObject } from "./requirement.js";

/** What a route asks of its callers. Guards that only report ask for nothing. */
export interface RouteFacts {
  /** Guards that learn who calls; where all are optional, any of them will do. */
  readonly authentication: readonly { readonly guard: string; readonly optional: boolean }[];
  readonly requirements: readonly Requirement[];
  readonly limits: readonly LimitDetails[];
  /** Header fields of counted answers. */
  readonly limitHeaders: readonly string[];
  readonly validations: readonly Validation[];
  /** Refusals by status, the lowest first. */
  readonly answers: readonly { readonly status: number; readonly codes: readonly ErrorCode[] }[];
  /** Guards of which nothing but the brand is known, because something wraps them. */
  readonly unknown: readonly GuardDescription[];
  /** Guards in report mode: they refuse nobody today. */
  readonly reporting: readonly GuardDescription[];
}

/** What a validator takes. */
export interface Validation {
  /** A JSON Schema, or `true`, for each part of the request. */
  readonly schemas: Readonly<Record<string, unknown>>;
  readonly contentTypes: readonly string[];
  readonly status: number;
}

const CODES: Readonly<Partial<Record<GuardDescription["kind"], readonly ErrorCode[]>>> = {
  authentication: ["authentication_required", "invalid_token", "invalid_request"],
  authorization: ["authentication_required", "access_denied"],
  validation: ["validation_failed"],
  limit: ["rate_limit_exceeded", "rate_limit_unavailable"],
};

/** The guards of a route one by one, those of presets in the place of the preset. */
export function guardsOf({ guards }: AuditedRoute | OpaqueHandler): readonly GuardDescription[] {
  return guards.flatMap(partsOf);
}

function partsOf(guard: GuardDescription): readonly GuardDescription[] {
  return guard.parts === undefined ? [guard] : guard.parts.flatMap(partsOf);
}

/** Gathers what the guards of a route say. */
export function factsOf(route: AuditedRoute): RouteFacts {
  const all = guardsOf(route).map((guard) => onRoute(guard, route));
  const enforcing = all.filter(({ mode }) => mode === "enforce");
  const ofKind = (kind: GuardDescription["kind"]): readonly GuardDescription[] =>
    enforcing.filter((guard) => guard.kind === kind);
  const requirements = ofKind("authorization").flatMap(requirementOf);
  const limiters = ofKind("limit");
  const validations = ofKind("validation").flatMap(({ details }) =>
    details?.schemas === undefined || isEmpty(details.schemas)
      ? []
      : [
          {
            schemas: details.schemas,
            contentTypes: details.contentTypes ?? [],
            status: details.status ?? ERROR_CODES.validation_failed.status,
          },
        ],
  );
  return {
    authentication: ofKind("authentication").map(({ guard, optional }) => ({
      guard,
      optional: optional === true,
    })),
    requirements,
    limits: limiters.flatMap(({ details }) => details?.limits ?? []),
    limitHeaders: [...new Set(limiters.flatMap(({ details }) => details?.headers ?? []))],
    validations,
    answers: answersOf(enforcing.filter(mayRefuse), requirements, validations),
    unknown: [
      ...limiters.filter(({ details }) => details?.limits === undefined),
      ...ofKind("validation").filter(({ details }) => details?.schemas === undefined),
    ],
    reporting: all.filter(({ mode }) => mode === "report"),
  };
}

/** Whether a guard of the route demands something of the object that a request is for, in either mode. */
export function hasObjectRule(route: AuditedRoute): boolean {
  return guardsOf(route)
    .filter(({ kind }) => kind === "authorization")
    .flatMap(requirementOf)
    .some(concernsObject);
}

function requirementOf({ details, rule }: GuardDescription): readonly Requirement[] {
  if (details?.requirement !== undefined) return [details.requirement];
  return rule === undefined ? [] : [{ type: "other", rule }];
}

/** A limiter without its limits on other routes. */
function onRoute(guard: GuardDescription, route: AuditedRoute): GuardDescription {
  const { details } = guard;
  if (details?.limits === undefined) return guard;
  const limits = limitsOn(route, details.limits);
  // Answers that are not counted do not have the fields either.
  const headers = limits.length === 0 ? [] : details.headers;
  return { ...guard, details: { ...details, limits, headers } };
}

/**
 * What limits nothing on a route, such as the limit on preflights, refuses nothing there. Nor does what has no schema give the
 * answers of a validator.
 */
function mayRefuse({ kind, details }: GuardDescription): boolean {
  if (kind === "limit") return details?.limits === undefined || details.limits.length > 0;
  return kind !== "validation" || details?.schemas === undefined || !isEmpty(details.schemas);
}

function isEmpty(schemas: Readonly<Record<string, unknown>>): boolean {
  return Object.keys(schemas).length === 0;
}

function answersOf(
  guards: readonly GuardDescription[],
  requirements: readonly Requirement[],
  validations: readonly Validation[],
): RouteFacts["answers"] {
  const found = new Map<number, Set<ErrorCode>>();
  const add = (code: ErrorCode, status: number = ERROR_CODES[code].status): void => {
    found.set(status, (found.get(status) ?? new Set()).add(code));
  };
  for (const { kind, guard, details } of guards) {
    for (const code of CODES[kind] ?? []) {
      add(code, kind === "validation" ? details?.status : undefined);
    }
    if (guard === "oauthGuard") add("keys_unavailable");
  }
  if (requirements.some(asksForScopes)) add("insufficient_scope");
  if (requirements.some(concernsObject)) add("not_found");
  if (validations.some(({ contentTypes }) => contentTypes.length > 0)) {
    add("bad_request");
    add("unsupported_media_type");
  }
  if (guards.some(({ kind }) => CODES[kind] !== undefined)) add("check_unavailable");
  return [...found]
    .sort(([one], [other]) => one - other)
    .map(([status, codes]) => ({ status, codes: [...codes].sort() }));
}

function asksForScopes(requirement: Requirement): boolean {
  if (requirement.type === "all" || requirement.type === "any") {
    return requirement.of.some(asksForScopes);
  }
  return requirement.type === "scope";
}
