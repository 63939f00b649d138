import type { NextFunction, Request, Response } from "express";
import { createCall } from "../core/calls/create-call.js";
import { isThenable } from "../core/calls/user-function.js";
import { adoptable } from "../core/guard/adoptable.js";
import { createGuard } from "../core/guard/guard.js";
import type { GuardOptions } from "../core/guard/guard-options.js";
import type { Middleware } from "../core/guard/middleware.js";
import { createCallerWay, currentWay } from "../core/principal/name-caller.js";
import type { Principal } from "../core/principal/principal.js";
import { parsePrincipal } from "./parse-principal.js";
import { providePrincipal } from "./provide-principal.js";

/**
 * Makes the middleware that asks a function of the app who calls.
 *
 * @param read - What the function is asked about; `null` when there can be nobody, and it is not asked.
 * @param given - What the options say, checked.
 */
export function derivedPrincipal<Subject>(
  name: "principalFrom" | "session",
  read: (req: Request) => Subject | null,
  derive: (subject: Subject, req: Request) => unknown,
  given: GuardOptions,
): Middleware {
  const own = createCallerWay(name);
  const call = createCall(derive, {
    option: name,
    parse: (value) => parsePrincipal(name, value),
  });

  return adoptable((settings) => {
    const guard = createGuard(name, "authentication", settings);
    return guard.middleware(
      (req, res, next) => {
        const subject = read(req);
        const principal = subject === null ? null : call(subject, req);
        const way = currentWay(req, own);
        if (isThenable(principal)) {
          const provide = (found: Principal | null, ...rest: [Request, Response, NextFunction]) =>
            providePrincipal(guard, way, found, ...rest);
          guard.whenSettled(principal, req, res, next, provide);
        } else providePrincipal(guard, way, principal, req, res, next);
      },
      { optional: true },
    );
  }, given);
}
