import type { NextFunction, Request, RequestHandler, Response } from "express";
import { keepRefusal, type OnDenied, refusalOf } from "../refusal/deny.js";
import { ERROR_CODES } from "../refusal/error-code.js";
import { HttpError } from "../refusal/http-error.js";
import { beginRequest } from "../request/begin-request.js";
import { isGone } from "../request/is-gone.js";
import { createCreationCheck } from "./creation-check.js";
import { type Decision, recordDecision, recordFrozenDecision } from "./decision.js";
import { refuseForGood } from "./final-refusal.js";
import { type GuardDescription, markGuard } from "./guard-mark.js";
import type { Mode } from "./guard-options.js";
import type { Middleware } from "./middleware.js";
import { concludeLater, isVerdictPending } from "./pending-verdict.js";
import { recordReported } from "./report-mode.js";

/** What a decision says beyond guard, outcome and code. */
export type DecisionFields = Pick<Decision, "reason" | "systemCode" | "rule" | "policy" | "token">;

/** The part all guards share: one place that refuses, reports, records and brands. */
export interface Guard {
  readonly name: string;
  readonly mode: Mode;
  /** Whether refusals take effect: `mode` is `"enforce"`. */
  readonly enforced: boolean;
  readonly onDenied: OnDenied;
  /** Records that the request may pass. Does not call `next`. */
  allow(req: Request, fields?: DecisionFields): void;
  /** Refuses with `error`; in report mode records the refusal and calls `next()`. 5xx counts as an outage. */
  refuse(
    error: HttpError,
    req: Request,
    res: Response,
    next: NextFunction,
    fields?: DecisionFields,
  ): void;
  /** A function of the app threw or returned the wrong type: a bug, never a pass. In report mode: `next()`. */
  fault(error: unknown, req: Request, next: NextFunction, fields?: DecisionFields): void;
  /**
   * Names the handler `<guard>Middleware`, brands it, and makes it refuse what was refused before. For a client that is
   * gone it does nothing: the request ends here, or in report mode goes on.
   *
   * @param rule - What it demands, in words.
   * @param parts - What it is made of, when it is a preset.
   */
  middleware(
    handler: (req: Request, res: Response, next: NextFunction) => void,
    rule?: string,
    parts?: readonly GuardDescription[],
  ): Middleware;
}

/** Makes the shared part of a guard. Call it after all options were read and found right. */
export function createGuard(
  name: string,
  kind: GuardDescription["kind"],
  options: { readonly mode: Mode; readonly onDenied: OnDenied },
): Guard {
  const { mode, onDenied } = options;
  const enforced = mode === "enforce";
  // Limits that enforce do not wait: without a principal they count by address.
  const needsPrincipal = kind === "authorization" || (kind === "limit" && !enforced);
  // The usual decision says nothing about the request: all requests share it.
  const allowed = Object.freeze({ guard: name, outcome: "allow", enforced, code: "ok" } as const);

  function allow(req: Request, fields?: DecisionFields): void {
    if (fields === undefined) recordFrozenDecision(req, allowed);
    else recordDecision(req, { ...allowed, ...fields });
  }

  function refuse(
    error: HttpError,
    req: Request,
    res: Response,
    next: NextFunction,
    fields?: DecisionFields,
  ): void {
    const outcome = error.status >= 500 ? "error" : "deny";
    const decision = {
      guard: name,
      outcome,
      enforced,
      code: error.code,
      status: error.status,
      ...fields,
    } as const;
    if (enforced) {
      recordDecision(req, decision);
      refuseForGood(name, error, req, res, next, onDenied);
    } else {
      recordReported(req, decision);
      next();
    }
  }

  function fault(error: unknown, req: Request, next: NextFunction, fields?: DecisionFields): void {
    const decision = {
      guard: name,
      outcome: "error",
      enforced,
      code: "internal_error",
      status: ERROR_CODES.internal_error.status,
    } as const;
    if (enforced) {
      recordDecision(req, { ...decision, reason: "application_error", ...fields });
      keepRefusal(req, new HttpError("internal_error", { cause: error }));
      // `undefined`, "route" and "router" would all let the request go on.
      next(
        error instanceof Error ? error : new Error(`${name}: a function of the app threw no Error`),
      );
    } else {
      recordReported(req, { ...decision, reason: "application_error", ...fields });
      next();
    }
  }

  /**
   * Who calls is not known yet, because a guard in report mode waits for keys. A reporting guard goes
   * on and concludes when that is known; one that enforces cannot: it waits.
   */
  function continueLater(
    handler: RequestHandler,
    req: Request,
    res: Response,
    next: NextFunction,
  ): void {
    if (!enforced) {
      concludeLater(req, () => handler(req, res, goneOn));
      next();
      return;
    }
    concludeLater(req, () => {
      try {
        handler(req, res, next);
      } catch (error) {
        next(error);
      }
    });
  }

  function middleware(
    handler: RequestHandler,
    rule?: string,
    parts?: readonly GuardDescription[],
  ): Middleware {
    // The record of a request that is gone says so, and a preset keeps that record.
    const decides = kind !== "audit" && kind !== "preset";
    const checkCreation = createCreationCheck(name);
    const guarded: RequestHandler = (req, res, next) => {
      checkCreation();
      beginRequest(req);
      const refusal = refusalOf(req);
      if (refusal !== undefined) refuseForGood(name, refusal, req, res, next, onDenied);
      else if (decides && isGone(req, res)) {
        if (!enforced) next();
      } else if (needsPrincipal && isVerdictPending(req)) continueLater(handler, req, res, next);
      else handler(req, res, next);
    };
    Object.defineProperty(guarded, "name", { value: `${name}Middleware` });
    const mark = {
      guard: name,
      kind,
      mode,
      ...(rule === undefined ? {} : { rule }),
      ...(parts === undefined ? {} : { parts }),
    };
    return markGuard(guarded, mark) as Middleware;
  }

  return Object.freeze({ name, mode, enforced, onDenied, allow, refuse, fault, middleware });
}

/** Stands in for `next` where the request has gone on already. */
function goneOn(): void {}
