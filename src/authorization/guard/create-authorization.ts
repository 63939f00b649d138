import type { NextFunction, Request, Response } from "express";
import { createGuard } from "../../core/guard/guard.js";
import { giveDetails } from "../../core/guard/guard-details.js";
import type { Middleware } from "../../core/guard/middleware.js";
import { reportedPrincipal } from "../../core/principal/enrichment.js";
import { getPrincipal, type Principal } from "../../core/principal/principal.js";
import { HttpError } from "../../core/refusal/http-error.js";
import { logicOf, type Rule, requirementOf } from "../rule/rule.js";
import { isVerdict, type Verdict } from "../rule/verdict.js";
import { createConclusion, type Refusal } from "./conclusion.js";
import type { CheckedRequireOptions } from "./require-options.js";

/** Makes the guard that lets pass whom the rule allows. */
export function createAuthorization(
  name: string,
  rule: Rule,
  options: CheckedRequireOptions,
): Middleware {
  const guard = createGuard(name, "authorization", options);
  const { description } = rule;
  const { judge, isPure } = logicOf(rule);
  const conclusion = createConclusion(guard, description, options.realm);

  function conclude(
    verdict: Verdict,
    principal: Principal,
    req: Request,
    res: Response,
    next: NextFunction,
  ): void {
    if (verdict.effect === "allow") {
      if (!isPure && guard.isOver(req, res)) return;
      conclusion.allow(verdict, req);
      guard.pass(next);
    } else {
      const refusal: Refusal | undefined = isInVain(verdict, principal, req)
        ? { error: new HttpError("access_denied"), reason: "rule_denied" }
        : undefined;
      conclusion.refuse(verdict, principal, [req, res, next], refusal);
    }
  }

  /** Whether the scopes that would be named fail another part of the rule, as in `all(scope("a"), not(scope("a")))`. */
  function isInVain({ effect, scopes }: Verdict, principal: Principal, req: Request): boolean {
    if (!isPure || effect !== "deny" || scopes === undefined || scopes.length === 0) return false;
    const later = judge({ ...principal, scopes }, req, undefined);
    return isVerdict(later) && later.effect === "deny" && later.scopes === undefined;
  }

  const handler = guard.middleware(
    (req, res, next) => {
      let principal: Principal | null;
      try {
        principal = guard.enforced ? getPrincipal(req) : reportedPrincipal(req);
      } catch (error) {
        conclusion.fault(error, req, res, next);
        return;
      }
      if (principal === null || principal.kind === "anonymous") {
        conclusion.refuseNobody(principal, req, res, next);
        return;
      }
      const caller = principal;
      const verdict = judge(caller, req, undefined);
      if (isVerdict(verdict)) conclude(verdict, caller, req, res, next);
      else {
        guard.whenSettled(verdict, req, res, next, (later, ...handled) =>
          conclude(later, caller, ...handled),
        );
      }
    },
    { rule: description },
  );
  return giveDetails(handler, () => ({ requirement: requirementOf(rule) }));
}
