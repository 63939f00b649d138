import type { Request } from "express";
import { recordDecision } from "../core/decision/decision.js";
import type { GuardDescription } from "../core/guard/guard-mark.js";
import type { Middleware } from "../core/guard/middleware.js";
import { opens, type PathPattern } from "../core/http/path-pattern.js";
import { admitAnonymous } from "../oauth-guard/admit-anonymous.js";
import { declareUnverified } from "../oauth-guard/get-auth.js";
import type { Row } from "./routes/read-rows.js";

/** The routes for which nobody needs credentials. */
export interface OpenRoutes {
  /** Where no token is looked at. */
  readonly publicRoutes: readonly PathPattern[];
  /** Where a token that is sent must be valid. */
  readonly optional: readonly Row[];
}

/** A route that is open, and which way. */
interface Opening {
  readonly route: PathPattern;
  readonly isPublic: boolean;
}

/** What opens the route of the request; `undefined` where credentials are needed. */
export function findOpening(
  { publicRoutes, optional }: OpenRoutes,
  req: Request,
): Opening | undefined {
  for (const route of publicRoutes) if (opens(route, req)) return { route, isPublic: true };
  for (const { pattern, except } of optional) {
    if (!opens(pattern, req) || except.some((exemption) => opens(exemption, req))) continue;
    return { route: pattern, isPublic: false };
  }
  return undefined;
}

/** Records that the route is open, and says so to the guard, which looks at the token of an optional one. */
export function recordOpening(
  { route, isPublic }: Opening,
  req: Request,
  guard: Middleware | undefined,
): void {
  if (isPublic) declareUnverified(req);
  else if (guard !== undefined) admitAnonymous(req, guard);
  recordDecision(req, {
    guard: "secureApi",
    outcome: "allow",
    enforced: true,
    code: "ok",
    reason: isPublic ? "public_route" : "optional_route",
    rule: route.text,
  });
}

/** The mark of what does not run on public routes. */
export function describeSkipped(
  mark: GuardDescription,
  { publicRoutes }: OpenRoutes,
): readonly GuardDescription[] {
  return publicRoutes.length === 0 ? [mark] : [{ ...mark, except: textsOf(publicRoutes) }];
}

/** The marks of the guard that looks at tokens: where rows make it optional, it is another one. */
export function describeGuarding(
  mark: GuardDescription,
  { publicRoutes, optional }: OpenRoutes,
): readonly GuardDescription[] {
  if (mark.optional === true || optional.length === 0) {
    return describeSkipped(mark, { publicRoutes, optional });
  }
  const places = optional.map(({ pattern, except }): GuardDescription => {
    const asked = { ...mark, optional: true, at: [pattern.text] } as const;
    return except.length === 0 ? asked : { ...asked, except: textsOf(except) };
  });
  const patterns = [...publicRoutes, ...optional.map(({ pattern }) => pattern)];
  return [{ ...mark, except: textsOf(patterns) }, ...places];
}

function textsOf(patterns: readonly PathPattern[]): readonly string[] {
  return patterns.map(({ text }) => text);
}
