import type { Request } from "express";
import { type Mode, readMode } from "../core/guard/guard-options.js";
import type { Middleware } from "../core/guard/middleware.js";
import type { Hints } from "../core/options/option-types.js";
import { readOptions } from "../core/options/options-reader.js";
import { assertCalled } from "../core/options/uncalled-factory.js";
import type { PrincipalInit } from "../core/principal/principal.js";
import { derivedPrincipal } from "./derived-principal.js";
import { headerPrincipal } from "./header-principal.js";
import { noteFunction } from "./note-function.js";

/** Options of {@link principalFrom}. */
export interface PrincipalFromOptions {
  /** `"report"`: if the function fails, this is recorded, and the request goes on without a principal. @default "enforce" */
  readonly mode?: Mode | undefined;
}

/** What the options of the guards beside it make people expect. */
export const PRINCIPAL_FROM_HINTS: Hints<PrincipalFromOptions> = {
  onDenied: "it refuses nobody: requireRole and authorize behind it do, and they have onDenied",
};

/**
 * Tells the guards who calls, for apps that authenticate by other means than `oauthGuard`, such as a passport session:
 * `principalFrom((req) => (req.user ? { subject: req.user.id, roles: req.user.roles } : null))`.
 *
 * The function returns what the server itself has verified, or `null` for nobody; it may return a promise, which has 5
 * seconds. It is called once per request; the result is checked and copied. When it throws, rejects, takes longer or
 * gives anything else, the answer is 503 `check_unavailable`. Callers that are nobody pass: `requireRole` or `authorize`
 * behind it refuse them. Of two on one request the later one counts. Beside `oauthGuard({ optional: true })`, in either
 * order, the one that finds a caller counts; if both do, the answer is 400 `invalid_request`.
 *
 * @throws {@link OptionsError} when the function is missing or an option is wrong.
 */
export function principalFrom(
  derive: (req: Request) => PrincipalInit | null | Promise<PrincipalInit | null>,
  options: PrincipalFromOptions = {},
): Middleware {
  assertCalled("principalFrom", derive, "principalFrom((req) => …)");
  const reader = readOptions<PrincipalFromOptions>(
    "principalFrom",
    options,
    { mode: true },
    PRINCIPAL_FROM_HINTS,
  );
  const mode = readMode(reader);
  noteFunction(reader.problems, "principalFrom.derive", derive);
  reader.finish();

  return derivedPrincipal("principalFrom", itself, derive, {
    mode: reader.has("mode") ? mode : undefined,
  });
}

principalFrom.header = headerPrincipal;

function itself(req: Request): Request {
  return req;
}
