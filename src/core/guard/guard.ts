import type { NextFunction, Request, RequestHandler, Response } from "express";
import { createAllowances } from "../decision/allowances.js";
import { type Decision, recordDecision, recordFrozenDecision } from "../decision/decision.js";
import {
  concludeCaller,
  concludeLater,
  isCallerPending,
  whenCallerKnown,
} from "../decision/pending-verdict.js";
import { recordReported } from "../decision/report-mode.js";
import { rowInScope } from "../decision/row-scope.js";
import { type OnDenied, refusalOf } from "../refusal/deny.js";
import { type HttpError, outageError } from "../refusal/http-error.js";
import { beginRequest } from "../request/begin-request.js";
import { cutOff } from "../request/cut-off.js";
import { isGone } from "../request/is-gone.js";
import { createCreationCheck } from "./creation-check.js";
import { createFaultReport, refusalOfFault } from "./fault.js";
import { handOn, refuseForGood } from "./final-refusal.js";
import { declareMadeHere, type GuardDescription, markGuard } from "./guard-mark.js";
import type { Mode } from "./guard-options.js";
import type { Middleware } from "./middleware.js";

/** What a decision says beyond guard, outcome and code. */
export type DecisionFields = Pick<
  Decision,
  "reason" | "systemCode" | "status" | "rule" | "policy" | "cors" | "reports" | "token"
>;

/** What {@link Guard.middleware} is told for the route audit. */
type GuardDetails = Pick<GuardDescription, "rule" | "parts" | "optional">;

/** What a guard does with an answer that it waited for. */
type Conclude<T> = (answer: T, req: Request, res: Response, next: NextFunction) => void;

/** The part all guards share: one place that refuses, reports, records and brands. */
export interface Guard {
  readonly name: string;
  readonly mode: Mode;
  /** Whether refusals take effect: `mode` is `"enforce"`. */
  readonly enforced: boolean;
  readonly onDenied: OnDenied;
  /**
   * Records that the request may pass. Does not call `next`.
   *
   * @param about - A reason alone, one of the few that the guard has, costs less: all its requests share the decision.
   */
  allow(req: Request, about?: DecisionFields | string): void;
  /** Refuses with `error`; in report mode records the refusal and calls `next()`. 5xx counts as an outage. */
  refuse(
    error: HttpError,
    req: Request,
    res: Response,
    next: NextFunction,
    fields?: DecisionFields,
  ): void;
  /**
   * Whether the request goes no further although it may pass, because a function of the app has answered it, or the client
   * has left meanwhile; records that. Ask it behind functions that answer at once. Never so in report mode.
   */
  isOver(req: Request, res: Response): boolean;
  /** Hands on a request about which the guard has nothing to say, and records nothing. */
  pass(next: NextFunction): void;
  /**
   * The guard could not decide, because a function of the app failed or a property of a foreign object could not be read:
   * refuses with 503 `check_unavailable`, or with 500 `internal_error` for a `MountingError`. In report mode: records it
   * and calls `next()`. The handler of `middleware` may throw instead.
   */
  fault(
    error: unknown,
    req: Request,
    res: Response,
    next: NextFunction,
    fields?: DecisionFields,
  ): void;
  /** Tells the developer of a fault, where a request goes on without what a function of the app would have granted. */
  tell(error: unknown): void;
  /**
   * Goes on with `conclude` when the promise is fulfilled. A rejection, and whatever `conclude` throws before it lets the
   * request pass, is a fault. Who has left in the meantime, or got an answer from somebody else, goes no further.
   *
   * Report mode waits for nothing: the request goes on at once, and the `next` that `conclude` gets does nothing.
   */
  whenSettled<T>(
    answer: Promise<T>,
    req: Request,
    res: Response,
    next: NextFunction,
    conclude: Conclude<T>,
  ): void;
  /** Runs a continuation, such as the callback of a timer, under the same protection as the handler itself. */
  resume(req: Request, res: Response, next: NextFunction, act: () => void): void;
  /**
   * Names the handler `<guard>Middleware`, brands it, and makes it refuse what was refused before. What the handler throws
   * before it lets the request pass is a fault. For a client that is gone it does nothing: the request ends here, or in
   * report mode goes on.
   *
   * @param about - What the route audit reads of it besides its name.
   */
  middleware(
    handler: (req: Request, res: Response, next: NextFunction) => void,
    about?: GuardDetails,
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
  // What is added to the caller in report mode waits by itself. Limits that enforce do not wait: behind a guard that only reports they count by address.
  const needsPrincipal = kind === "authorization" || kind === (enforced ? "enrichment" : "limit");
  const allowances = createAllowances(name, enforced);

  const row = rowInScope();
  const self = Object.freeze({ name });
  const tell = createFaultReport(name);
  /**
   * Goes up with each request that passes: whoever finds it unchanged knows that nothing was let through since. Requests
   * that come within a request, because a function of the app sends them, leave it as they found it.
   */
  let passed = 0;

  function allow(req: Request, about?: DecisionFields | string): void {
    passed = (passed + 1) | 0;
    if (about === undefined) recordFrozenDecision(req, allowances.plain);
    else if (typeof about === "string") recordFrozenDecision(req, allowances.because(about));
    else recordDecision(req, { ...allowances.plain, ...about });
  }

  function refuse(
    error: HttpError,
    req: Request,
    res: Response,
    next: NextFunction,
    fields?: DecisionFields,
  ): void {
    const decision = { ...decisionOf(error), ...fields };
    if (enforced) {
      recordDecision(req, decision);
      refuseForGood(self, error, req, res, next, onDenied);
    } else {
      recordReported(req, decision);
      pass(next);
    }
  }

  function pass(next: NextFunction): void {
    passed = (passed + 1) | 0;
    next();
  }

  function fault(
    error: unknown,
    req: Request,
    res: Response,
    next: NextFunction,
    fields?: DecisionFields,
  ): void {
    tell(error);
    const { refusal, reason } = refusalOfFault(error);
    refuse(refusal, req, res, next, { ...fields, reason });
  }

  /** Whatever happens while the refusal is written, the request does not go on. */
  function rescue(error: unknown, req: Request, res: Response, next: NextFunction): void {
    if (!enforced) {
      fault(error, req, res, next);
      return;
    }
    try {
      fault(error, req, res, next);
    } catch {
      cutOff(req, res);
    }
  }

  function whenSettled<T>(
    answer: Promise<T>,
    req: Request,
    res: Response,
    next: NextFunction,
    conclude: Conclude<T>,
  ): void {
    if (enforced) {
      void answer.then(
        (value) => resume(req, res, next, () => conclude(value, req, res, next)),
        (error: unknown) => resume(req, res, next, () => fault(error, req, res, next)),
      );
      return;
    }
    const verdict = answer.then(
      (value) => () => resume(req, res, ignore, () => conclude(value, req, res, ignore)),
      (error: unknown) => () => resume(req, res, ignore, () => fault(error, req, res, ignore)),
    );
    // Later guards that report wait for it in the background, and so does the record.
    if (kind === "authentication") concludeCaller(req, verdict, "caller");
    else if (kind === "enrichment") concludeCaller(req, verdict, "roles");
    else concludeLater(req, verdict);
    pass(next);
  }

  function isOver(req: Request, res: Response): boolean {
    if (!(enforced && (res.writableEnded || isGone(req, res)))) return false;
    const error = outageError("check_unavailable", undefined);
    recordDecision(req, { ...decisionOf(error), reason: "client_left" });
    return true;
  }

  function resume(req: Request, res: Response, next: NextFunction, act: () => void): void {
    if (isOver(req, res)) return;
    const before = passed;
    try {
      act();
    } catch (error) {
      if (passed === before) rescue(error, req, res, next);
      else handOn(error, req, res, next);
    } finally {
      passed = before;
    }
  }

  function decisionOf(error: HttpError): Decision {
    const outcome: Decision["outcome"] = error.status >= 500 ? "error" : "deny";
    const decision = { guard: name, outcome, enforced, code: error.code, status: error.status };
    return row === undefined ? decision : { ...decision, row };
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
      concludeCaller(req, () => handler(req, res, ignore), "roles");
      pass(next);
      return;
    }
    whenCallerKnown(req, () => resume(req, res, next, () => handler(req, res, next)));
  }

  function middleware(handler: RequestHandler, about: GuardDetails = {}): Middleware {
    // The record of a request that is gone says so, and a preset keeps that record.
    const decides = kind !== "audit" && kind !== "preset";
    const checkCreation = createCreationCheck(name);
    const guarded: RequestHandler = (req, res, next) => {
      checkCreation();
      const before = passed;
      try {
        beginRequest(req);
        const refusal = refusalOf(req);
        if (refusal !== undefined) refuseForGood(self, refusal, req, res, next, onDenied);
        else if (decides && isGone(req, res)) {
          if (!enforced) pass(next);
        } else if (needsPrincipal && isCallerPending(req, enforced))
          continueLater(handler, req, res, next);
        else handler(req, res, next);
      } catch (error) {
        // What comes behind a guard that let the request pass has error handlers of its own.
        if (passed !== before) throw error;
        rescue(error, req, res, next);
      } finally {
        passed = before;
      }
    };
    Object.defineProperty(guarded, "name", { value: `${name}Middleware` });
    markGuard(guarded, { guard: name, kind, mode, ...about });
    return declareMadeHere(guarded) as Middleware;
  }

  return Object.freeze({
    name,
    mode,
    enforced,
    onDenied,
    allow,
    refuse,
    isOver,
    pass,
    fault,
    tell,
    whenSettled,
    resume,
    middleware,
  });
}

function ignore(): void {}
