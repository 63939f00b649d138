import type { NextFunction, Request, Response } from "express";
import { isInstance } from "../../core/calls/is-instance.js";
import {
  type Decision,
  recordDecision,
  recordFrozenDecision,
} from "../../core/decision/decision.js";
import type { DecisionFields, Guard } from "../../core/guard/guard.js";
import { challenge } from "../../core/http/header-values.js";
import type { Principal } from "../../core/principal/principal.js";
import { type HeaderFields, HttpError, outageError } from "../../core/refusal/http-error.js";
import { PolicyOutage } from "../policy-engines/policy-outage.js";
import { holds } from "../rule/held-names.js";
import type { StepUp } from "../rule/remedy.js";
import { logicOf, type Rule, type RuleLogic } from "../rule/rule.js";
import type { DenialReason, Verdict } from "../rule/verdict.js";
import { findRemedy } from "./find-remedy.js";

/** How a request is refused. */
export interface Refusal {
  readonly error: HttpError;
  readonly reason: DenialReason | "no_principal" | "anonymous" | "undecided";
}

type Handled = readonly [req: Request, res: Response, next: NextFunction];

/** What becomes of a request when the verdict about it is there. */
export interface Conclusion {
  /** Records the yes. Does not call `next`. */
  allow(verdict: Verdict, req: Request): void;
  /** Refuses what got no yes. @param refusal - Of a no, when it is not the usual one. */
  refuse(verdict: Verdict, principal: Principal, handled: Handled, refusal?: Refusal): void;
  /** Refuses the request of nobody. */
  refuseNobody(principal: Principal | null, ...handled: Handled): void;
  /** The app's own claim mapping failed. */
  fault(error: unknown, ...handled: Handled): void;
}

/** Makes what both kinds of guards end with. */
export function createConclusion(guard: Guard, asked: Rule, realm: string): Conclusion {
  const { description: rule } = asked;
  const logic = logicOf(asked);
  // One frozen decision for all requests: nothing is allocated where the answer is yes.
  const allowed: Decision = Object.freeze({
    guard: guard.name,
    outcome: "allow",
    enforced: guard.enforced,
    code: "ok",
    rule,
  });
  return {
    allow({ policy }, req) {
      if (policy === undefined) recordFrozenDecision(req, allowed);
      else recordDecision(req, { ...allowed, policy });
    },
    refuse(verdict, principal, handled, given) {
      const { error, policy } = verdict;
      const refusal = given ?? refusalFor(verdict, logic, realm, principal, handled[0]);
      const fields: DecisionFields = policy === undefined ? { rule } : { rule, policy };
      if (isInstance(error, PolicyOutage)) {
        if (error.isFault) guard.tell(error);
        guard.refuse(error.toHttpError(), ...handled, { ...fields, ...outageFields(error) });
      } else if (error !== undefined) guard.fault(error, ...handled, fields);
      else guard.refuse(refusal.error, ...handled, { ...fields, reason: refusal.reason });
    },
    refuseNobody(principal, ...handled) {
      // Who sent no credentials gets no error code (RFC 6750 §3.1).
      const headers: HeaderFields = { "WWW-Authenticate": challenge("Bearer", { realm }) };
      const reason = principal === null ? "no_principal" : "anonymous";
      const error = new HttpError("authentication_required", { headers });
      guard.refuse(error, ...handled, { reason, rule });
    },
    fault: (error, ...handled) => guard.fault(error, ...handled, { rule }),
  };
}

function outageFields({ reason, systemCode }: PolicyOutage): DecisionFields {
  return systemCode === undefined ? { reason } : { reason, systemCode };
}

/** The refusal where nobody knows. */
export function undecidedRefusal(): Refusal {
  return { error: outageError("service_unavailable", undefined), reason: "undecided" };
}

/** The refusal of a caller for whom the rule does not hold. */
function refusalFor(
  { effect, reason = "rule_denied", remedies }: Verdict,
  logic: RuleLogic,
  realm: string,
  principal: Principal,
  req: Request,
): Refusal {
  if (effect !== "deny") return undecidedRefusal();
  const remedy = findRemedy(remedies, logic, principal, req);
  if (remedy === undefined) {
    // What the reason names would be in vain.
    const isInVain = remedies !== undefined && remedies.length > 0;
    const named = isInVain ? "rule_denied" : reason;
    return { error: new HttpError("access_denied"), reason: named };
  }
  const { scopes, stepUp } = remedy;
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
