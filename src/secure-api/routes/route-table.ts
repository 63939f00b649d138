import type { NextFunction, Request, Response } from "express";
import { authenticated, authorize } from "../../authorization/index.js";
import { PatternIndex } from "../../core/app/pattern-index.js";
import { createGuard } from "../../core/guard/guard.js";
import { type GuardDetails, guardDetails } from "../../core/guard/guard-details.js";
import { type GuardDescription, guardMark } from "../../core/guard/guard-mark.js";
import type { Middleware } from "../../core/guard/middleware.js";
import { overridesMethod } from "../../core/http/first-party.js";
import { opens, type PathPattern } from "../../core/http/path-pattern.js";
import { HttpError } from "../../core/refusal/http-error.js";
import type { Otherwise } from "./check-rows.js";
import type { Row } from "./read-rows.js";
import type { RowSettings } from "./row-guards.js";
import { runSteps } from "./run-steps.js";

/** A part of a preset as the route audit reads it. */
export interface DescribedPart {
  readonly mark: GuardDescription;
  /** What it says about itself, asked when somebody wants to know. */
  readonly details: () => GuardDetails | undefined;
}

/** The table, as the preset runs it. */
export interface RouteTableSteps {
  /** For requests that have passed authentication. */
  readonly guarded: Middleware;
  /** For requests to routes that are open: `otherwise` says nothing about them. */
  readonly open: Middleware;
  /** What the route audit reads of the table. */
  readonly parts: readonly DescribedPart[];
}

/**
 * Makes the middlewares that ask of each request what every row asks that covers it.
 *
 * Within a request: who may call (in the order of the table), then `otherwise` where no row has said who, then the
 * methods that rows disable, then the validators. All of them have to let it pass, so the order only decides which
 * refusal the client sees.
 *
 * @param opened - Patterns of the routes that are open.
 */
export function createRouteTable(
  rows: readonly Row[],
  otherwise: Otherwise,
  opened: readonly PathPattern[],
  settings: RowSettings,
): RouteTableSteps {
  const guard = createGuard("secureApi", "preset", settings);
  const rest = createOtherwise(otherwise, settings);
  const asking = rows.filter(
    ({ guards, methods, validation }) =>
      guards.length + validation.length > 0 || methods !== undefined,
  );
  const index = new PatternIndex(asking);
  // What only reports decides about nothing that is enforced.
  const deciding = new Set(
    rows.filter((row) => row.decides === "enforce" || (row.decides && settings.mode === "report")),
  );

  function handle(isOpen: boolean, req: Request, res: Response, next: NextFunction): void {
    const found = index.find(req);
    if (found === undefined) {
      if (isOpen) guard.pass(next);
      else rest(req, res, next);
      return;
    }
    const applying = found.filter((row) => !isExcepted(row, req));
    const steps = applying.flatMap(({ guards }) => guards);
    const overrides = overridesMethod(req);
    // Which method a request means that names two is not known: a row for one of them decides about that one.
    const isDecided = applying.some(
      (row) => deciding.has(row) && !(overrides && row.pattern.method !== undefined),
    );
    if (!isOpen && !isDecided) steps.push(rest);
    // Only who may call is told which methods there are.
    const refusal = refusalOfMethod(applying, req.method, overrides);
    if (refusal !== undefined) steps.push(refusal);
    for (const { validation } of applying) steps.push(...validation);
    runSteps(steps, req, res, next, () => guard.pass(next));
  }

  const rule = `otherwise(${otherwise})`;
  const described = [...rows.flatMap(partsOf), partOf(rest, [...deciding], opened, rule)];
  const parts = described.map(({ mark }) => mark);
  return {
    guarded: guard.middleware((req, res, next) => handle(false, req, res, next), { parts }),
    open: guard.middleware((req, res, next) => handle(true, req, res, next), { parts }),
    parts: described,
  };
}

/** The guard for requests about which no row has said who may call. */
function createOtherwise(otherwise: Otherwise, settings: RowSettings): Middleware {
  if (otherwise === "authenticated") return authorize(authenticated(), settings);
  const guard = createGuard("secureApi", "authorization", settings);
  return guard.middleware((req, res, next) => {
    guard.refuse(new HttpError("access_denied"), req, res, next, { reason: "no_row" });
  });
}

function isExcepted({ except }: Row, req: Request): boolean {
  for (const pattern of except) if (opens(pattern, req)) return true;
  return false;
}

/** What refuses a method that a row disables; `Allow` names those that all rows together enable. */
function refusalOfMethod(
  rows: readonly Row[],
  method: string,
  overrides: boolean,
): Middleware | undefined {
  const row = rows.find(
    ({ methods }) => methods !== undefined && (overrides || !methods.includes(method)),
  );
  if (row?.methods === undefined) return undefined;
  const lists = rows.flatMap(({ methods }) => (methods === undefined ? [] : [methods]));
  const allowed = row.methods.filter((name) => lists.every((list) => list.includes(name)));
  return (req, res, next) => {
    const fields = { reason: "method_disabled" };
    row.refuseMethod.refuse(
      methodNotAllowed(allowed),
      req as Request,
      res as Response,
      next,
      fields,
    );
  };
}

/** RFC 9110 §15.5.6: `Allow` names what is left, if only by being empty. */
function methodNotAllowed(allowed: readonly string[]): HttpError {
  return new HttpError("method_not_allowed", { headers: { Allow: allowed.join(", ") } });
}

function partsOf(row: Row): readonly DescribedPart[] {
  const at = [row.pattern.text];
  const except = row.except.map(({ text }) => text);
  const where = except.length > 0 ? { at, except } : { at };
  const parts = [...row.guards, ...row.validation].flatMap((step) => {
    const mark = guardMark(step);
    return mark === undefined ? [] : [partOfStep({ ...mark, ...where }, step)];
  });
  if (row.methods !== undefined) {
    const rule = `methods(${row.methods.join(", ")})`;
    // It has no schema: what it checks is the method.
    const mark = { guard: "secureApi", kind: "validation", mode: row.mode, rule, at } as const;
    parts.push({ mark, details: () => ({ schemas: {} }) });
  }
  if (row.openBecause !== undefined) {
    const place = row.access === "optional" ? where : { at };
    const rule = row.openBecause;
    const mark = { guard: "secureApi", kind: "public", mode: "enforce", rule, ...place } as const;
    parts.push({ mark, details: () => undefined });
  }
  return parts;
}

function partOf(
  rest: Middleware,
  deciding: readonly Row[],
  opened: readonly PathPattern[],
  rule: string,
): DescribedPart {
  const mark = guardMark(rest) as GuardDescription;
  const except = opened.map(({ text }) => text);
  // What a row excepts falls to `otherwise`: such rows are no other place.
  const others = deciding.filter((row) => row.except.length === 0);
  const part: GuardDescription = {
    ...mark,
    guard: "secureApi",
    rule,
    ...(others.length > 0 ? { elsewhere: others.map(({ pattern }) => pattern.text) } : {}),
    ...(except.length > 0 ? { except } : {}),
  };
  return partOfStep(part, rest);
}

function partOfStep(mark: GuardDescription, step: Middleware): DescribedPart {
  return { mark, details: () => guardDetails(step) };
}
