import { isPromise } from "node:util/types";
import type { NextFunction, Request, Response } from "express";
import { createGuard } from "../../core/guard/guard.js";
import { giveDetails } from "../../core/guard/guard-details.js";
import { reportedPrincipal } from "../../core/principal/enrichment.js";
import { getPrincipal, type Principal } from "../../core/principal/principal.js";
import { HttpError } from "../../core/refusal/http-error.js";
import { requestSlot } from "../../core/request/request-slot.js";
import { foreseen, logicOf, type Rule, type RuleLogic, requirementOf } from "../rule/rule.js";
import { denying, isVerdict, undecided, type Verdict } from "../rule/verdict.js";
import { createConclusion, type Refusal, undecidedRefusal } from "./conclusion.js";
import type { CheckedLoad, Loaded, ObjectGuard } from "./load-options.js";
import type { CheckedRequireOptions } from "./require-options.js";

/** What the guard found out. */
interface Finding {
  readonly verdict: Verdict;
  readonly principal: Principal;
  readonly object: Loaded;
}

/** What one guard loaded for a request, and what others did before it. */
interface Kept {
  readonly guard: object;
  readonly object: object;
  readonly earlier: Kept | undefined;
}

const kept = requestSlot<Kept>("objects");

const NO_OBJECT = denying("no_object");

/** Makes the guard that loads the object of the request, and lets pass for whom the rule holds about it. */
export function createObjectAuthorization(
  name: string,
  rule: Rule,
  options: CheckedRequireOptions,
  { load, onDeny, attach }: CheckedLoad,
): ObjectGuard<unknown> {
  const guard = createGuard(name, "authorization", options);
  const { description } = rule;
  const logic = logicOf(rule);
  const conclusion = createConclusion(guard, rule, options.realm);

  function conclude(
    { verdict, principal, object }: Finding,
    req: Request,
    res: Response,
    next: NextFunction,
  ): void {
    if (verdict.effect === "allow" && object !== undefined) {
      if (guard.isOver(req, res)) return;
      // What was judged is what the handlers get: another look into the database could find another state.
      if (guard.enforced) {
        kept.set(req, { guard: handler, object, earlier: kept.get(req) });
        if (attach !== undefined) res.locals[attach] = object;
      }
      conclusion.allow(verdict, req);
      guard.pass(next);
    } else {
      const refusal = refusalAbout(verdict, principal, req);
      conclusion.refuse(verdict, principal, [req, res, next], refusal);
    }
  }

  /** An object that is not there is refused as one of somebody else: the answer does not say which it is. */
  function refusalAbout(verdict: Verdict, principal: Principal, req: Request): Refusal {
    if (verdict.effect === "indeterminate") return undecidedRefusal();
    const { reason = "rule_denied" } = verdict;
    const isOpen = onDeny === "forbid" && !mayAnyway(verdict, principal, req);
    return { error: new HttpError(isOpen ? "access_denied" : "not_found"), reason };
  }

  /** Whether the object is just not there, for a caller who might see each that is. */
  function mayAnyway(verdict: Verdict, principal: Principal, req: Request): boolean {
    return verdict === NO_OBJECT && foreseen(logic, principal, req).effect === "allow";
  }

  function find(req: Request, principal: Principal): Finding | Promise<Finding> {
    const failed = (error: unknown): Finding => ({
      verdict: undecided(error),
      principal,
      object: undefined,
    });
    try {
      const object = load(req, principal);
      return isPromise(object)
        ? object.then((later) => judged(req, principal, later as Loaded), failed)
        : judged(req, principal, object);
    } catch (error) {
      return failed(error);
    }
  }

  function judged(req: Request, principal: Principal, object: Loaded): Finding | Promise<Finding> {
    if (object === undefined) return { verdict: NO_OBJECT, principal, object };
    const verdict = Array.isArray(object)
      ? judgeEach(logic, object, 0, principal, req)
      : logic.judge(principal, req, object);
    return isVerdict(verdict)
      ? { verdict, principal, object }
      : verdict.then((later) => ({ verdict: later, principal, object }));
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
      // Nothing is loaded for whom the rule refuses every object, and the answer may say what is missing.
      const early = foreseen(logic, principal, req);
      if (early.effect === "deny") {
        conclusion.refuse(early, principal, [req, res, next]);
        return;
      }
      const finding = find(req, principal);
      if (isPromise(finding)) guard.whenSettled(finding, req, res, next, conclude);
      else conclude(finding, req, res, next);
    },
    { rule: description },
  );
  giveDetails(handler, () => ({ requirement: requirementOf(rule) }));

  function object(req: object): object {
    for (let found = kept.get(req); found !== undefined; found = found.earlier)
      if (found.guard === handler) return found.object;
    throw new Error(
      guard.enforced
        ? `${name}: object(req) needs its guard in front of the handler`
        : `${name}: object(req) has nothing in report mode: load the object in the handler`,
    );
  }

  return Object.assign(handler, { object }) as ObjectGuard<unknown>;
}

/** The rule has to hold for each object, one after the other; the first for which it does not decides. */
function judgeEach(
  logic: RuleLogic,
  objects: readonly object[],
  start: number,
  principal: Principal,
  req: Request,
): Verdict | Promise<Verdict> {
  let verdict: Verdict | undefined;
  for (let index = start; index < objects.length; index += 1) {
    const found = logic.judge(principal, req, objects[index]);
    if (!isVerdict(found)) {
      return found.then((later) =>
        later.effect === "allow" && index + 1 < objects.length
          ? judgeEach(logic, objects, index + 1, principal, req)
          : later,
      );
    }
    verdict = found;
    if (found.effect !== "allow") break;
  }
  return verdict ?? NO_OBJECT;
}
