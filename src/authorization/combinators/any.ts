import type { Request } from "express";
import { ProblemList } from "../../core/options/problem-list.js";
import { assertNotMounted } from "../../core/options/uncalled-factory.js";
import type { Principal } from "../../core/principal/principal.js";
import { readRules } from "../rule/read-rules.js";
import { either } from "../rule/remedy.js";
import {
  createRule,
  foreseen,
  logicOf,
  type Rule,
  type RuleLogic,
  requirementOf,
} from "../rule/rule.js";
import {
  denying,
  isVerdict,
  UNDECIDED,
  undecided,
  type Verdict,
  withPolicy,
} from "../rule/verdict.js";

/**
 * The rule that at least one of the rules holds. They are asked one after the other, until one holds: put what is quick
 * in front of what asks a database.
 *
 * A refusal names missing scopes, or a login, only when every one of the rules would hold with further scopes or another
 * login; then those of the first one. Else its reason is that of the last one: put who is excepted in front.
 *
 * @throws {@link OptionsError} when there is no rule, or something else stands in its place.
 */
export function any(...rules: [Rule, ...Rule[]]): Rule {
  assertNotMounted("any", rules[0], 'authorize(any(role("admin"), scope("orders:write")))');
  const problems = new ProblemList();
  const parts = readRules(problems, "any", rules).map(logicOf);
  problems.finish();
  function judgeFrom(
    start: number,
    before: Verdict | undefined,
    asked: string | undefined,
    principal: Principal,
    req: Request,
    object: unknown,
  ): Verdict | Promise<Verdict> {
    let found = before;
    let policy = asked;
    for (let index = start; index < parts.length; index += 1) {
      const verdict = (parts[index] as RuleLogic).judge(principal, req, object);
      if (!isVerdict(verdict)) {
        const earlier = found;
        const engines = policy;
        return verdict.then((later) => {
          const all = withPolicy(later, engines);
          return later.effect === "allow"
            ? all
            : judgeFrom(index + 1, or(earlier, later), all.policy, principal, req, object);
        });
      }
      const all = withPolicy(verdict, policy);
      if (verdict.effect === "allow") return all;
      found = or(found, verdict);
      policy = all.policy;
    }
    return named(found as Verdict, policy);
  }

  return createRule(`any(${rules.map((rule) => rule.description).join(", ")})`, {
    requirement: { type: "any", of: rules.map(requirementOf) },
    isPure: parts.every((part) => part.isPure),
    needsObject: parts.some((part) => part.needsObject),
    allowed: parts.length === 1 ? parts[0]?.allowed : undefined,
    judge: (principal, req, object) => judgeFrom(0, undefined, undefined, principal, req, object),
    foresee(principal, req) {
      let found: Verdict | undefined;
      for (const part of parts) {
        const verdict = foreseen(part, principal, req);
        if (verdict.effect === "allow") return verdict;
        found = or(found, verdict);
      }
      return found?.effect === "deny" ? found : UNDECIDED;
    },
  });
}

/** The same, with all engines that were asked; it names one of them itself. */
function named(found: Verdict, policy: string | undefined): Verdict {
  if (found.policy === policy) return found;
  const { effect, reason = "rule_denied", remedies, error } = found;
  return withPolicy(effect === "deny" ? denying(reason, remedies) : undecided(error), policy);
}

/**
 * What rules of which none says yes say together: the first that could not be found out; else the reason of the last, and what
 * would satisfy one, when every one can be satisfied. Nobody is asked twice: in rules within rules that would be twice at each level.
 */
function or(found: Verdict | undefined, next: Verdict): Verdict {
  if (found === undefined) return next;
  if (found.effect !== "deny") return found;
  if (next.effect !== "deny") return next;
  return denying(next.reason ?? "rule_denied", either(found.remedies, next.remedies));
}
