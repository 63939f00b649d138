import type { Request } from "express";
import { ProblemList } from "../../core/options/problem-list.js";
import { assertNotMounted } from "../../core/options/uncalled-factory.js";
import type { Principal } from "../../core/principal/principal.js";
import { readRules } from "../rule/read-rules.js";
import { both, keeping, type Remedies } from "../rule/remedy.js";
import {
  createRule,
  foreseen,
  logicOf,
  type Rule,
  type RuleLogic,
  requirementOf,
} from "../rule/rule.js";
import { ALLOW, allowing, denying, isVerdict, type Verdict, withPolicy } from "../rule/verdict.js";

type Judged = Verdict | Promise<Verdict>;

/** What parts have said, by their place: only what is not the usual yes of the part. */
type Answers = Map<number, Verdict>;

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
    said: Answers | undefined,
    principal: Principal,
    req: Request,
    object: unknown,
  ): Judged {
    let found = before;
    let answers = said;
    for (let index = start; index < parts.length; index += 1) {
      const part = parts[index] as RuleLogic;
      const verdict = part.judge(principal, req, object);
      if (!isVerdict(verdict)) {
        const earlier = found;
        const others = answers;
        return verdict.then((later) => {
          const all = kept(others, index, later, part);
          const both = and(earlier, later, part);
          return both.effect === "deny"
            ? withPolicy(refusal(parts, index, all, principal, req), both.policy)
            : judgeFrom(index + 1, both, all, principal, req, object);
        });
      }
      answers = kept(answers, index, verdict, part);
      found = and(found, verdict, part);
      if (found.effect === "deny") {
        return withPolicy(refusal(parts, index, answers, principal, req), found.policy);
      }
    }
    return found;
  }

  return createRule(`all(${rules.map((rule) => rule.description).join(", ")})`, {
    requirement: { type: "all", of: rules.map(requirementOf) },
    isPure: parts.every((part) => part.isPure),
    needsObject: parts.some((part) => part.needsObject),
    allowed: isUsual ? allowed : undefined,
    judge: (principal, req, object) => judgeFrom(0, allowed, undefined, principal, req, object),
    foresee(principal, req) {
      let found = allowed;
      let answers: Answers | undefined;
      for (const [index, part] of parts.entries()) {
        const verdict = foreseen(part, principal, req);
        // Of what depends on the object it is believed that it will hold.
        answers = kept(answers, index, verdict.effect === "indeterminate" ? ALLOW : verdict, part);
        found = and(found, verdict, part);
        if (found.effect === "deny") return refusal(parts, index, answers, principal, req);
      }
      return found;
    },
  });
}

function ownScopes({ allowed }: RuleLogic): readonly string[] {
  return allowed?.scopes ?? [];
}

/**
 * Keeps what a part has said, unless it is what that part always says of a yes. Nobody is asked twice: in rules within rules
 * that would be twice at each level.
 */
function kept(
  answers: Answers | undefined,
  index: number,
  verdict: Verdict,
  part: RuleLogic,
): Answers | undefined {
  if (verdict === part.allowed) return answers;
  const all = answers ?? new Map<number, Verdict>();
  all.set(index, verdict);
  return all;
}

/** What the rules so far and the next one say together. The first that could not be found out keeps what failed. */
function and(found: Verdict, next: Verdict, part: RuleLogic): Verdict {
  if (next.effect === "deny") return withPolicy(next, found.policy);
  if (found.effect !== "allow") return withNext(found, next);
  // Where the part always says yes in the same way, its scopes are counted in already.
  if (next === part.allowed) return found;
  if (next.effect !== "allow") return withPolicy(next, found.policy);
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
 * The refusal, with what would turn it into a yes. Rules behind the one that refused are asked what they foresee, which costs
 * nothing; of what they leave open it is believed that it will hold.
 */
function refusal(
  parts: readonly RuleLogic[],
  refusing: number,
  answers: Answers | undefined,
  principal: Principal,
  req: Request,
): Verdict {
  const reason = answers?.get(refusing)?.reason ?? "rule_denied";
  let remedies: Remedies = keeping([]);
  for (const [index, part] of parts.entries()) {
    const verdict =
      index > refusing
        ? foreseen(part, principal, req)
        : (answers?.get(index) ?? (part.allowed as Verdict));
    if (verdict.effect === "indeterminate" && index > refusing && !part.isPure) continue;
    remedies = both(remedies, remediesOf(verdict));
    if (remedies === undefined) return denying(reason);
  }
  return denying(reason, remedies);
}

function remediesOf({ effect, scopes = [], remedies }: Verdict): Remedies {
  return effect === "allow" ? keeping(scopes) : remedies;
}
