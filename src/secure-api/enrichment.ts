import type { Request } from "express";
import { guardMark } from "../core/guard/guard-mark.js";
import type { Mode } from "../core/guard/guard-options.js";
import type { Middleware } from "../core/guard/middleware.js";
import { OptionsError } from "../core/options/options-error.js";
import type { OptionsReader } from "../core/options/options-reader.js";
import { describeValue, isPlainObject } from "../core/options/value.js";
import type { OnDenied } from "../core/refusal/deny.js";
import {
  type EnrichPrincipalOptions,
  enrichPrincipal,
  type Principal,
  type PrincipalEnrichment,
} from "../principal/index.js";

/** What the app's own database knows of the caller, as the function of `enrichPrincipal`. */
export type LookUpCaller = (
  principal: Principal,
  req: Request,
) => PrincipalEnrichment | null | Promise<PrincipalEnrichment | null>;

/** The function together with the options of `enrichPrincipal`. */
export interface EnrichOptions extends EnrichPrincipalOptions {
  /** Returns what to add to the caller: roles, permissions, groups and tenant; `null` when the account is gone. */
  readonly lookUp: LookUpCaller;
}

type Reader = OptionsReader<"enrich" | "oauthGuard">;

/** What of the preset the step depends on. */
interface Surroundings {
  /** Whether nothing in the preset says who calls. */
  readonly namesNobody: boolean;
  /** Whether all that says who calls only reports. */
  readonly isReported: boolean;
  /** Whether anything of the table of routes refuses. */
  readonly tableEnforces: boolean;
}

const EXAMPLE = "async (principal) => ({ roles: await rolesOf(principal.subject) })";
const NO_CALLER =
  "must be left out with oauthGuard: false and nothing in authenticate that says who calls: there is nobody to add something to. Write authenticate: principalFrom((req) => …), also where the app itself has verified the caller";
const BEHIND_REPORT =
  'must not enforce beside an oauthGuard or authenticate that only reports, which does not say who calls: leave out enrich.mode, and write mode: "report" for the preset';
const TOO_WEAK =
  'must not be "report" beside a table of routes that enforces: a role that it adds would count for nothing there, and nobody be refused whose account is gone. Write mode: "enforce" here, or mode: "report" for the preset and its rows';
/** How many parameters a middleware has, and the function has not. */
const MIDDLEWARE_LENGTH = 3;

/** Reads `enrich`, and makes the step: an `enrichPrincipal` between who calls and all that asks for it. */
export function readEnrichment(
  reader: Reader,
  shared: { readonly mode: Mode; readonly onDenied: OnDenied },
): Middleware | undefined {
  const given = reader.raw("enrich");
  if (given === undefined || given === false) return undefined;
  const isFunction = typeof given === "function";
  if (isFunction ? isMiddleware(given) : !isPlainObject(given)) {
    const got = isFunction ? "a middleware" : describeValue(given);
    reader.note(
      "enrich",
      `must be the function of enrichPrincipal, or an object with it, got ${got}: write enrich: ${EXAMPLE}, or enrich: { lookUp, replace: "roles" }`,
    );
    return undefined;
  }
  const { lookUp, ...own }: { readonly lookUp?: unknown } = isFunction
    ? { lookUp: given }
    : (given as object);
  const options: Record<string, unknown> = { ...own };
  for (const name of ["mode", "onDenied"] as const) {
    if (options[name] === undefined) options[name] = shared[name];
  }
  try {
    return enrichPrincipal(lookUp as LookUpCaller, options);
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error;
    const place = isFunction ? /^enrichPrincipal(?:\.lookUp)?/ : /^enrichPrincipal/;
    for (const problem of error.problems) {
      const [path = "", ...sentence] = problem.split(" ");
      reader.problems.note(path.replace(place, `${reader.path}.enrich`), sentence.join(" "));
    }
    return undefined;
  }
}

/** Notes what keeps the step from having an effect, or lets it have more than the rest of the preset. */
export function checkEnrichment(
  reader: Reader,
  step: Middleware | undefined,
  { namesNobody, isReported, tableEnforces }: Surroundings,
): void {
  if (step === undefined) return;
  const enforces = guardMark(step)?.mode === "enforce";
  if (namesNobody) reader.note("enrich", NO_CALLER);
  else if (isReported && enforces) reader.note("enrich", BEHIND_REPORT);
  if (tableEnforces && !enforces) reader.problems.note(`${reader.path}.enrich.mode`, TOO_WEAK);
}

/** A function of the app's own with three parameters is one as well: it would get nothing as its third. */
function isMiddleware(given: object): boolean {
  return guardMark(given) !== undefined || (given as Middleware).length >= MIDDLEWARE_LENGTH;
}
