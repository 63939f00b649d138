import type { Request } from "express";
import { ProblemList } from "../../core/options/problem-list.js";
import { assertNotMounted } from "../../core/options/uncalled-factory.js";
import type { Principal } from "../../core/principal/principal.js";
import { readRules } from "../rule/read-rules.js";
import { createRule, foreseen, logicOf, type Rule, type RuleLogic } from "../rule/rule.js";
import {
  allowing,
  denying,
  isVerdict,
  type StepUp,
  type Verdict,
  withPolicy,
} from "../rule/verdict.js";

type Judged = Verdict | Promise<Verdict>;

/**
 * The rule that all of the rules hold. They are asked one after the other, until one does not hold: put what is quick in
 * front of what asks a database.
 *
 * @throws {@link OptionsError} when there is no rule, or something else stands in its place.
 */
export function all(...rules: [Rule, ...Rule[]]): Rule {
  assertNotMounted("all", rules[0], 'authorize(all(role("admin"), scope("orders:write")))');
  const problems = new ProblemList();
  const parts = readRules(problems, "all", rules).map(logicOf);
  problems.finish();

  const allowed = allowing(Object.freeze([...new Set(parts.flatMap(ownScopes))]));
  const isUsual = parts.every((part) => part.allowed !== undefined);

  function judgeFrom(
    start: number,
    before: Verdict,
    principal: Principal,
    req: Request,
    object: unknown,
  ): Judged {
    let found = before;
    for (let index = start; index < parts.length; index += 1) {
      const part = parts[index] as RuleLogic;
      const verdict = part.judge(principal, req, object);
      if (!isVerdict(verdict)) {
        const earlier = found;
        return verdict.then((later) => {
          const both = and(earlier, later, part);
          return both.effect === "deny"
            ? refusal(parts, part, both, principal, req)
            : judgeFrom(index + 1, both, principal, req, object);
        });
      }
      found = and(found, verdict, part);
      if (found.effect === "deny") return refusal(parts, part, found, principal, req);
    }
    return found;
  }

  return createRule(`all(${rules.map((rule) => rule.description).join(", ")})`, {
    isPure: parts.every((part) => part.isPure),
    needsObject: parts.some((part) => part.needsObject),
    allowed: isUsual ? allowed : undefined,
    judge: (principal, req, object) => judgeFrom(0, allowed, principal, req, object),
    foresee(principal, req) {
      let found = allowed;
      for (const part of parts) {
        found = and(found, foreseen(part, principal, req), part);
        if (found.effect === "deny") return refusal(parts, part, found, principal, req);
      }
      return found;
    },
  });
}

function ownScopes({ allowed }: RuleLogic): readonly string[] {
  return allowed?.scopes ?? [];
}

/** What the rules so far and the next one say together. The first that could not be found out keeps what failed. */
function and(found: Verdict, next: Verdict, part: RuleLogic): Verdict {
  if (next.effect === "deny") return withPolicy(next, found.policy);
  if (found.effect === "indeterminate") return withNext(found, next);
  // Where the part always says yes in the same way, its scopes are counted in already.
  if (next === part.allowed) return found;
  if (next.effect === "indeterminate") return withPolicy(next, found.policy);
  const both = allowing([...new Set([...(found.scopes ?? []), ...(next.scopes ?? [])])]);
  return withNext(withPolicy(both, found.policy), next);
}

/** The verdict, with the engines that the next rule asked behind its own. */
function withNext(found: Verdict, { policy }: Verdict): Verdict {
  if (policy === undefined) return found;
  return found.policy === undefined
    ? withPolicy(found, policy)
    : withPolicy({ ...found, policy }, found.policy);
}

/**
 * The refusal, with what would turn it into a yes. Rules behind the one that refused are asked as well, when that costs
 * nothing; of the others it is believed that they would hold.
 */
function refusal(
  parts: readonly RuleLogic[],
  refusing: RuleLogic,
  refused: Verdict,
  principal: Principal,
  req: Request,
): Verdict {
  const reason = refused.reason ?? "rule_denied";
  const scopes = new Set<string>();
  let stepUp: StepUp | undefined;
  for (const part of parts) {
    if (part !== refusing && !part.isPure) continue;
    const verdict =
      part === refusing ? refused : (part.judge(principal, req, undefined) as Verdict);
    if (verdict.scopes === undefined) return withPolicy(denying(reason), refused.policy);
    for (const name of verdict.scopes) scopes.add(name);
    stepUp ??= verdict.stepUp;
  }
  return withPolicy(denying(reason, [...scopes], stepUp), refused.policy);
}
