import type { NextFunction, Request, Response } from "express";
import { createGuard } from "../../core/guard/guard.js";
import { giveDetails } from "../../core/guard/guard-details.js";
import type { Middleware } from "../../core/guard/middleware.js";
import { reportedPrincipal } from "../../core/principal/enrichment.js";
import { getPrincipal, type Principal } from "../../core/principal/principal.js";
import { logicOf, type Rule, requirementOf } from "../rule/rule.js";
import { isVerdict, type Verdict } from "../rule/verdict.js";
import { createConclusion } from "./conclusion.js";
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
  const conclusion = createConclusion(guard, rule, options.realm);

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
      conclusion.refuse(verdict, principal, [req, res, next]);
    }
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
