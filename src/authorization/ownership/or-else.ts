import type { OptionsReader } from "../../core/options/options-reader.js";
import { any } from "../combinators/any.js";
import { checkRule } from "../rule/read-rules.js";
import { createRule, foreseen, isRule, logicOf, type Rule, requirementOf } from "../rule/rule.js";
import { isVerdict, type Verdict } from "../rule/verdict.js";

/** The rule that one of both holds. Its refusals are those of the second one: the first says who is excepted. */
export function orElseRule(orElse: Rule | undefined, rule: Rule, denied: Verdict): Rule {
  if (orElse === undefined) return rule;
  const either = any(orElse, rule);
  const logic = logicOf(either);
  const named = (verdict: Verdict): Verdict => (verdict.effect === "deny" ? denied : verdict);

  return createRule(either.description, {
    requirement: requirementOf(either),
    isPure: logic.isPure,
    needsObject: logic.needsObject,
    allowed: logic.allowed,
    judge(principal, req, object) {
      const verdict = logic.judge(principal, req, object);
      return isVerdict(verdict) ? named(verdict) : verdict.then(named);
    },
    foresee: (principal, req) => named(foreseen(logic, principal, req)),
  });
}

/** Reads `orElse`. */
export function readOrElse(reader: OptionsReader<"orElse">): Rule | undefined {
  if (!reader.has("orElse")) return undefined;
  const value = reader.raw("orElse");
  checkRule(reader.problems.item(`${reader.path}.orElse`, value));
  return isRule(value) ? value : undefined;
}
