import type { Request } from "express";
import { ProblemList } from "../../core/options/problem-list.js";
import { assertNotMounted } from "../../core/options/uncalled-factory.js";
import type { Principal } from "../../core/principal/principal.js";
import { readRules } from "../rule/read-rules.js";
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

/** Nothing would turn it into a yes for certain. */
const DENIED = denying("rule_denied");

/**
 * The rule that at least one of the rules holds. They are asked one after the other, until one holds: put what is quick
 * in front of what asks a database.
 *
 * A refusal names missing scopes only when every one of the rules asks for scopes; then those of the first one.
 *
 * @throws {@link OptionsError} when there is no rule, or something else stands in its place.
 */
export function any(...rules: [Rule, ...Rule[]]): Rule {
  assertNotMounted("any", rules[0], 'authorize(any(role("admin"), scope("orders:write")))');
  const problems = new ProblemList();
  const parts = readRules(problems, "any", rules).map(logicOf);
  problems.finish();
  const isPure = parts.every((part) => part.isPure);

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
    if (found !== undefined && found.effect !== "deny") return named(found, policy);
    const remedy = isPure && found?.scopes !== undefined;
    const refused = remedy ? denying("rule_denied", found?.scopes, found?.stepUp) : DENIED;
    return withPolicy(refused, policy);
  }

  return createRule(`any(${rules.map((rule) => rule.description).join(", ")})`, {
    requirement: { type: "any", of: rules.map(requirementOf) },
    isPure,
    needsObject: parts.some((part) => part.needsObject),
    allowed: parts.length === 1 ? parts[0]?.allowed : undefined,
    judge: (principal, req, object) => judgeFrom(0, undefined, undefined, principal, req, object),
    foresee(principal, req) {
      let isOpen = false;
      for (const part of parts) {
        const verdict = foreseen(part, principal, req);
        if (verdict.effect === "allow") return verdict;
        if (verdict.effect === "indeterminate") isOpen = true;
      }
      return isOpen ? UNDECIDED : DENIED;
    },
  });
}

/** What was not found out, with all engines that were asked; it names one of them itself. */
function named(unknown: Verdict, policy: string | undefined): Verdict {
  return unknown.policy === policy ? unknown : withPolicy(undecided(unknown.error), policy);
}

/**
 * What rules of which none says yes say together: the first that could not be found out; else what the first asks for, when
 * every one can be satisfied. Nobody is asked twice: in rules within rules that would be twice at each level.
 */
function or(found: Verdict | undefined, next: Verdict): Verdict {
  if (found === undefined) return next;
  if (found.effect !== "deny") return found;
  if (next.effect !== "deny" || next.scopes === undefined) return next;
  return found;
}
