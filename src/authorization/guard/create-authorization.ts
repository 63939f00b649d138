import type { NextFunction, Request, Response } from "express";
import { type Decision, recordFrozenDecision } from "../../core/decision/decision.js";
import { createGuard } from "../../core/guard/guard.js";
import type { Middleware } from "../../core/guard/middleware.js";
import { challenge } from "../../core/http/header-values.js";
import { reportedPrincipal } from "../../core/principal/enrichment.js";
import { getPrincipal, type Principal } from "../../core/principal/principal.js";
import { type HeaderFields, HttpError, outageError } from "../../core/refusal/http-error.js";
import { holds } from "../rule/held-names.js";
import { logicOf, type Rule } from "../rule/rule.js";
import { type DenialReason, isVerdict, type StepUp, type Verdict } from "../rule/verdict.js";
import type { CheckedRequireOptions } from "./require-options.js";

interface Refusal {
  readonly error: HttpError;
  readonly reason: DenialReason | "no_principal" | "anonymous" | "undecided";
}

/** Makes the guard that lets pass whom the rule allows. */
export function createAuthorization(
  name: string,
  rule: Rule,
  options: CheckedRequireOptions,
): Middleware {
  const guard = createGuard(name, "authorization", options);
  const { description } = rule;
  const { judge, isPure } = logicOf(rule);
  const { realm } = options;
  // One frozen decision for all requests: nothing is allocated where the answer is yes.
  const allowed: Decision = Object.freeze({
    guard: name,
    outcome: "allow",
    enforced: guard.enforced,
    code: "ok",
    rule: description,
  });

  function conclude(
    { verdict, principal }: { readonly verdict: Verdict; readonly principal: Principal },
    req: Request,
    res: Response,
    next: NextFunction,
  ): void {
    if (verdict.effect === "allow") {
      recordFrozenDecision(req, allowed);
      guard.pass(next);
    } else if (verdict.error !== undefined) {
      guard.fault(verdict.error, req, res, next, { rule: description });
    } else if (isInVain(verdict, principal, req)) {
      refuse({ error: new HttpError("access_denied"), reason: "rule_denied" }, req, res, next);
    } else refuse(refusalFor(verdict, principal, realm), req, res, next);
  }

  /** Whether the scopes that would be named fail another part of the rule, as in `all(scope("a"), not(scope("a")))`. */
  function isInVain({ effect, scopes }: Verdict, principal: Principal, req: Request): boolean {
    if (!isPure || effect !== "deny" || scopes === undefined || scopes.length === 0) return false;
    const later = judge({ ...principal, scopes }, req, undefined);
    return isVerdict(later) && later.effect === "deny" && later.scopes === undefined;
  }

  function refuse(
    { error, reason }: Refusal,
    req: Request,
    res: Response,
    next: NextFunction,
  ): void {
    guard.refuse(error, req, res, next, { reason, rule: description });
  }

  return guard.middleware(
    (req, res, next) => {
      let principal: Principal | null;
      try {
        principal = guard.enforced ? getPrincipal(req) : reportedPrincipal(req);
      } catch (error) {
        // The app's own claim mapping failed.
        guard.fault(error, req, res, next, { rule: description });
        return;
      }
      if (principal === null || principal.kind === "anonymous") {
        refuse(refusalOfNobody(principal, realm), req, res, next);
        return;
      }
      const caller = principal;
      const verdict = judge(caller, req, undefined);
      if (!isVerdict(verdict)) {
        const answer = verdict.then((later) => ({ verdict: later, principal: caller }));
        guard.whenSettled(answer, req, res, next, conclude);
      } else if (verdict.effect === "allow") {
        recordFrozenDecision(req, allowed);
        guard.pass(next);
      } else conclude({ verdict, principal: caller }, req, res, next);
    },
    { rule: description },
  );
}

function refusalOfNobody(principal: Principal | null, realm: string): Refusal {
  // Who sent no credentials gets no error code (RFC 6750 §3.1).
  const headers: HeaderFields = { "WWW-Authenticate": challenge("Bearer", { realm }) };
  const error = new HttpError("authentication_required", { headers });
  return { error, reason: principal === null ? "no_principal" : "anonymous" };
}

function refusalFor(verdict: Verdict, principal: Principal, realm: string): Refusal {
  if (verdict.effect !== "deny")
    return { error: outageError("service_unavailable", undefined), reason: "undecided" };
  const { scopes, stepUp, reason = "rule_denied" } = verdict;
  if (scopes === undefined) return { error: new HttpError("access_denied"), reason };
  // A token that lacks a scope as well is not worth another login.
  if (scopes.some((name) => !holds(principal.scopes, name)))
    return { error: insufficientScope(realm, scopes), reason: "missing_scope" };
  return stepUp === undefined
    ? { error: new HttpError("access_denied"), reason }
    : { error: insufficientAuthentication(realm, stepUp), reason: "step_up_required" };
}

function insufficientScope(realm: string, scopes: readonly string[]): HttpError {
  const code = "insufficient_scope";
  const value = challenge("Bearer", { realm, error: code, scope: scopes.join(" ") });
  return new HttpError(code, { headers: { "WWW-Authenticate": value } });
}

/** RFC 9470 §3. */
function insufficientAuthentication(realm: string, { acrValues, maxAge }: StepUp): HttpError {
  const code = "insufficient_user_authentication";
  const value = challenge("Bearer", {
    realm,
    error: code,
    acr_values: acrValues?.join(" "),
    max_age: maxAge === undefined ? undefined : String(maxAge),
  });
  return new HttpError(code, { headers: { "WWW-Authenticate": value } });
}
