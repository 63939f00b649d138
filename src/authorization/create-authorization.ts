import { type Decision, recordFrozenDecision } from "../core/decision/decision.js";
import { createGuard } from "../core/guard/guard.js";
import type { Middleware } from "../core/guard/middleware.js";
import { challenge } from "../core/http/header-values.js";
import { reportedPrincipal } from "../core/principal/enrichment.js";
import { getPrincipal, type Principal } from "../core/principal/principal.js";
import { type HeaderFields, HttpError, outageError } from "../core/refusal/http-error.js";
import type { CheckedRequireOptions } from "./require-options.js";
import { type DenialReason, logicOf, type Rule } from "./rules/rule.js";

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
  const refusalFor = createRefusals(rule, options.realm);
  // One frozen decision for all requests: nothing is allocated where the answer is yes.
  const allowed: Decision = Object.freeze({
    guard: name,
    outcome: "allow",
    enforced: guard.enforced,
    code: "ok",
    rule: description,
  });

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
      const refusal = refusalFor(principal);
      if (refusal === undefined) {
        recordFrozenDecision(req, allowed);
        guard.pass(next);
      } else {
        guard.refuse(refusal.error, req, res, next, { reason: refusal.reason, rule: description });
      }
    },
    { rule: description },
  );
}

function createRefusals(
  rule: Rule,
  realm: string,
): (principal: Principal | null) => Refusal | undefined {
  const logic = logicOf(rule);
  // Who sent no credentials gets no error code (RFC 6750 §3.1).
  const unauthenticated: HeaderFields = { "WWW-Authenticate": challenge("Bearer", { realm }) };

  return (principal) => {
    if (principal === null || principal.kind === "anonymous") {
      const error = new HttpError("authentication_required", { headers: unauthenticated });
      return { error, reason: principal === null ? "no_principal" : "anonymous" };
    }
    const effect = logic.evaluate(principal);
    if (effect === "allow") return undefined;
    if (effect === "indeterminate") {
      return { error: outageError("service_unavailable", undefined), reason: "undecided" };
    }
    const scopes = logic.neededScopes(principal);
    return scopes === undefined
      ? { error: new HttpError("access_denied"), reason: logic.denial }
      : { error: insufficientScope(realm, scopes), reason: "missing_scope" };
  };
}

function insufficientScope(realm: string, scopes: readonly string[]): HttpError {
  const code = "insufficient_scope";
  const value = challenge("Bearer", { realm, error: code, scope: scopes.join(" ") });
  return new HttpError(code, { headers: { "WWW-Authenticate": value } });
}
