import type { NextFunction, Request, RequestHandler, Response } from "express";
import type { OptionKeys } from "../options/option-types.js";
import type { OptionsReader } from "../options/options-reader.js";
import { deny, keepRefusal, type OnDenied, refusalOf } from "../refusal/deny.js";
import { ERROR_CODES } from "../refusal/error-code.js";
import { HttpError } from "../refusal/http-error.js";
import { beginRequest } from "../request/begin-request.js";
import { requestSlot } from "../request/request-slot.js";
import { type Decision, recordDecision, recordFrozenDecision } from "./decision.js";
import { type GuardDescription, markGuard } from "./guard-mark.js";
import type { Middleware } from "./middleware.js";

/** `"report"` does all the work, refuses nothing, and records what would have been refused. */
export type Mode = "enforce" | "report";

/** Options of every guard. */
export interface GuardOptions {
  /**
   * `"report"` lets every request pass, changes nothing that the client or the handlers can see, and records each
   * refusal with `enforced: false`. @default "enforce"
   */
  readonly mode?: Mode | undefined;
  /** How refusals are answered. @default "respond" */
  readonly onDenied?: OnDenied | undefined;
}

/** The guard whose refusal was the first one that report mode let through. */
const firstReported = requestSlot<string>("firstReported");

/** Names of {@link GuardOptions}, for the factories' tables of known options. */
export const GUARD_OPTIONS: OptionKeys<GuardOptions> = { mode: true, onDenied: true };

/** What a decision says beyond guard, outcome and code. */
export type DecisionFields = Pick<Decision, "reason" | "rule" | "policy" | "token">;

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
   * Names the handler `<guard>Middleware`, brands it, and makes it refuse what was refused before.
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

/** Reads {@link GuardOptions}. */
export function readGuardOptions(reader: OptionsReader<keyof GuardOptions>): {
  readonly mode: Mode;
  readonly onDenied: OnDenied;
} {
  const mode = reader.oneOf("mode", ["enforce", "report"], { default: "enforce" });
  const onDenied = reader.raw("onDenied");
  if (typeof onDenied === "function") return { mode, onDenied: onDenied as OnDenied };
  if (onDenied !== undefined && onDenied !== "respond" && onDenied !== "next") {
    reader.problem("onDenied", '"respond", "next" or a function');
  }
  return { mode, onDenied: onDenied === "next" ? "next" : "respond" };
}

/** Makes the shared part of a guard. Call it after all options were read and found right. */
export function createGuard(
  name: string,
  kind: GuardDescription["kind"],
  options: { readonly mode: Mode; readonly onDenied: OnDenied },
): Guard {
  const { mode, onDenied } = options;
  const enforced = mode === "enforce";
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
      deny(error, req, res, next, onDenied);
    } else {
      report(req, decision);
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
      report(req, { ...decision, reason: "application_error", ...fields });
      next();
    }
  }

  function middleware(
    handler: RequestHandler,
    rule?: string,
    parts?: readonly GuardDescription[],
  ): Middleware {
    const guarded: RequestHandler = (req, res, next) => {
      beginRequest(req);
      const refusal = refusalOf(req);
      if (refusal === undefined) handler(req, res, next);
      else deny(refusal, req, res, next, onDenied);
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

function report(req: Request, decision: Decision): void {
  const first = firstReported.get(req);
  if (first === undefined) {
    firstReported.set(req, decision.guard);
    recordDecision(req, { ...decision, first: true });
  } else {
    recordDecision(req, { ...decision, follows: first });
  }
}
