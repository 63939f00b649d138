import type { Request } from "express";
import { createCall } from "../../core/calls/create-call.js";
import { isThenable, wrongReturn } from "../../core/calls/user-function.js";
import { ProblemList } from "../../core/options/problem-list.js";
import { assertNotMounted } from "../../core/options/uncalled-factory.js";
import { describeValue, nameFault } from "../../core/options/value.js";
import type { Principal } from "../../core/principal/principal.js";
import { createRule, type Rule } from "../rule/rule.js";
import { ALLOW, denying, undecided, type Verdict } from "../rule/verdict.js";

/** A condition of the app's own. Only `true` is a yes. */
export type Condition = (principal: Principal, req: Request) => boolean | PromiseLike<boolean>;

const FAILED = denying("condition_failed");
const MAX_LABEL_LENGTH = 100;

/**
 * The rule that a function of the app says yes to, as in
 * `when("own record", async (principal, req) => (await ownerOf(req.params.id)) === principal.subject)`.
 *
 * The label names it in decisions and in the route audit; clients never see it. The function is asked only about callers
 * who are authenticated, and says `true` or `false`; a promise has 5 seconds. When it throws, rejects, takes longer or
 * gives anything else, the rule is undecided: the answer is 503 `check_unavailable`, also under `not`.
 *
 * @throws {@link OptionsError} when the label or the function is none.
 */
export function when(label: string, condition: Condition): Rule;
export function when(label: unknown, condition: unknown, ...rest: readonly unknown[]): Rule {
  assertNotMounted("when", label, 'authorize(when("own record", async (principal, req) => …))');
  const problems = new ProblemList();
  const fault = labelFault(label);
  if (fault !== undefined) problems.note("when.label", fault);
  if (typeof condition !== "function") {
    problems.note("when.condition", `must be a function, got ${describeValue(condition)}`);
  }
  if (rest.length > 0) {
    problems.note(
      "when",
      `must have a label and one function, got ${rest.length + 2} arguments: write all(when(…), when(…))`,
    );
  }
  problems.finish();

  const option = `when(${JSON.stringify(label)})`;
  const call = createCall<boolean, Principal, Request>(condition as Condition, {
    option,
    parse(value) {
      if (typeof value === "boolean") return value;
      throw wrongReturn(option, "true or false", value);
    },
  });
  const rule = `when(${label})`;
  return createRule(rule, {
    requirement: { type: "object", rule },
    isPure: false,
    needsObject: false,
    allowed: ALLOW,
    judge(principal, req): Verdict | Promise<Verdict> {
      try {
        const answer = call(principal, req);
        return isThenable(answer) ? answer.then(verdictFor, undecided) : verdictFor(answer);
      } catch (error) {
        return undecided(error);
      }
    },
  });
}

function verdictFor(holds: boolean): Verdict {
  return holds ? ALLOW : FAILED;
}

function labelFault(label: unknown): string | undefined {
  if (typeof label !== "string" || label === "") {
    return `must be a few words that name the condition, got ${describeValue(label)}`;
  }
  if (label.length > MAX_LABEL_LENGTH) return `must have at most ${MAX_LABEL_LENGTH} characters`;
  return nameFault(label);
}
