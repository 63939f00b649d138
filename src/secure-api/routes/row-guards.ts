import {
  authorize,
  ownParam,
  type RequireOptions,
  type RequireStepUpOptions,
  type Rule,
  requirePermission,
  requireRole,
  requireScope,
  requireStepUp,
} from "../../authorization/index.js";
import { makeForRow } from "../../core/decision/row-scope.js";
import { adopt } from "../../core/guard/adoptable.js";
import { createGuard, type Guard } from "../../core/guard/guard.js";
import { type GuardDescription, guardMark } from "../../core/guard/guard-mark.js";
import type { Middleware } from "../../core/guard/middleware.js";
import { OptionsError } from "../../core/options/options-error.js";
import type { OptionsReader } from "../../core/options/options-reader.js";
import type { OptionItem } from "../../core/options/problem-list.js";
import { describeValue, isPlainObject } from "../../core/options/value.js";
import { HttpError } from "../../core/refusal/http-error.js";
import { type Validator, validate } from "../../validate/index.js";
import type { RouteRow } from "./row-options.js";
import { parametersOf, withParams } from "./row-params.js";

/** What guards of a row take over from the preset. */
export type RowSettings = Required<{
  [Name in keyof RequireOptions]-?: NonNullable<RequireOptions[Name]>;
}>;

type RowReader = OptionsReader<keyof RouteRow>;

/** The members of a row that are named after a guard of `authorization`, with how it is made of their value. */
const AUTHORIZATION: Readonly<
  Partial<Record<keyof RouteRow, (value: unknown, options: RequireOptions) => Middleware>>
> = {
  requireRole: (roles, options) => requireRole(...namesOf(roles), options),
  requireScope: (scopes, options) => requireScope(...namesOf(scopes), options),
  requirePermission: (names, options) => requirePermission(...namesOf(names), options),
  requireStepUp: (asked, options) => requireStepUp(stepUpOf(asked, options)),
  ownParam: (name, options) => ownParam(name as string, options),
  authorize: (rule, options) => authorize(rule as Rule, options),
};

/** The names of {@link AUTHORIZATION}: whoever gives one restricts who may call. */
export const AUTHORIZATION_NAMES = Object.keys(AUTHORIZATION) as (keyof RouteRow)[];

/** Makes the guards that decide who may call; what is wrong is noted with the reader. */
export function readAuthorization(
  reader: RowReader,
  pattern: string,
  settings: RowSettings,
): readonly Middleware[] {
  const parameters = parametersOf(pattern);
  const named = AUTHORIZATION_NAMES.flatMap((name) => {
    const make = AUTHORIZATION[name];
    if (make === undefined || !reader.has(name)) return [];
    return noting(reader, () => makeForRow(pattern, () => make(reader.raw(name), settings)));
  });
  return [...named, ...readUse(reader, pattern, settings)].map((guard) =>
    withParams(parameters, guard),
  );
}

/** Makes the validator of a row. */
export function readValidate(
  reader: RowReader,
  pattern: string,
  { mode, onDenied }: RowSettings,
): Validator<unknown> | undefined {
  const given = reader.raw("validate");
  if (given === undefined) return undefined;
  // `undefined` leaves a default in force.
  const options = isPlainObject(given)
    ? { ...given, mode: given["mode"] ?? mode, onDenied: given["onDenied"] ?? onDenied }
    : given;
  const [made] = noting(reader, () => makeForRow(pattern, () => validate(options as never)));
  return made as Validator<unknown> | undefined;
}

/** Makes the guard that lets nobody pass. */
export function createDenial(pattern: string, settings: RowSettings): Middleware {
  return makeForRow(pattern, () => {
    const guard = createGuard("secureApi", "authorization", settings);
    return guard.middleware(
      (req, res, next) =>
        guard.refuse(new HttpError("access_denied"), req, res, next, { reason: "denied_row" }),
      { rule: "deny" },
    );
  });
}

/** Makes what refuses a method that a row has disabled. */
export function createMethodRefusal(pattern: string, settings: RowSettings): Guard {
  return makeForRow(pattern, () => createGuard("secureApi", "validation", settings));
}

/** How many parameters a middleware has, and a factory of ours has not. */
const MIDDLEWARE_LENGTH = 3;
/** Where guards belong that no row runs. */
const PLACES: Readonly<Partial<Record<GuardDescription["kind"], string>>> = {
  enrichment:
    "write enrich: async (principal) => … beside routes, so that all rows see what it adds",
  authentication: "write oauthGuard: { issuer, audience } or authenticate beside routes",
};

function readUse(reader: RowReader, pattern: string, settings: RowSettings): readonly Middleware[] {
  const items = reader.items("use") ?? [];
  if (reader.has("use") && items.length === 0) {
    reader.note("use", "must be a guard or a list of them, got an empty list");
  }
  return items.flatMap((item) => {
    const problem = problemOf(item);
    if (problem !== undefined) item.note(problem);
    return problem === undefined
      ? [makeForRow(pattern, () => adopt(item.value as Middleware, settings))]
      : [];
  });
}

function problemOf({ value }: OptionItem): string | undefined {
  const mark = typeof value === "function" ? guardMark(value) : undefined;
  if (mark === undefined) {
    const must = `must be a guard such as requireRole("admin"), got ${describeValue(value)}`;
    if (typeof value !== "function") return must;
    return value.length < MIDDLEWARE_LENGTH
      ? `${must}: call what makes it, as in requireRole("admin")`
      : `${must}: markGuard() brands one of the app that authorizes or validates; mount others behind secureApi`;
  }
  if (mark.kind === "authorization" || mark.kind === "validation") return undefined;
  const fix = PLACES[mark.kind] ?? "mount it in front of secureApi or behind it";
  return `must be a guard that authorizes or validates, got one whose kind is "${mark.kind}": ${fix}`;
}

/** As for `validate`, what the member says by itself counts. */
function stepUpOf(asked: unknown, options: RequireOptions): RequireStepUpOptions {
  return (isPlainObject(asked) ? { ...options, ...asked } : asked) as RequireStepUpOptions;
}

function namesOf(value: unknown): [string, ...string[]] {
  return (Array.isArray(value) ? Array.from(value) : [value]) as [string, ...string[]];
}

/** What the arguments of a factory are called, where the value of a member stands for them. */
const ARGUMENTS =
  /^(requireRole|requireScope|requirePermission|authorize|ownParam)\.(?:roles|scopes|permissions|rule|param)/;

/** The problems of the factory stand in the row, each at the member that the user has written. */
function noting<T>(reader: RowReader, make: () => T): readonly T[] {
  try {
    return [make()];
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error;
    for (const problem of error.problems) {
      const [path = "", ...sentence] = problem.replace(ARGUMENTS, "$1").split(" ");
      const isAlone = !Array.isArray(reader.raw(path.replace(/\[0\]$/, "") as keyof RouteRow));
      const place = isAlone ? path.replace(/\[0\]$/, "") : path;
      reader.problems.note(`${reader.path}.${place}`, sentence.join(" "));
    }
    return [];
  }
}
