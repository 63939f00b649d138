import type { Request } from "express";
import { createCall } from "../../core/calls/create-call.js";
import { FunctionFailure } from "../../core/calls/function-failure.js";
import { isInstance } from "../../core/calls/is-instance.js";
import { isThenable, wrongReturn } from "../../core/calls/user-function.js";
import { ProblemList } from "../../core/options/problem-list.js";
import { assertNotMounted } from "../../core/options/uncalled-factory.js";
import { describeValue } from "../../core/options/value.js";
import type { Principal } from "../../core/principal/principal.js";
import { createRule, type Rule } from "../rule/rule.js";
import { ALLOW, denying, undecided, type Verdict, withPolicy } from "../rule/verdict.js";
import { EngineCall } from "./engine-call.js";
import {
  ENGINE_NAME,
  type PolicyCall,
  type PolicyDecision,
  type PolicyEngine,
  type PolicyInput,
} from "./policy-engine.js";
import {
  type CheckedQuestion,
  completeInput,
  type PolicyQuestion,
  parseQuestion,
} from "./policy-input.js";
import { PolicyOutage } from "./policy-outage.js";

/** What an engine decided, and how decisions name that. */
interface Decided {
  readonly allow: boolean;
  readonly policy: string;
}

const DENIED = denying("policy_denied");
const MAX_REASONS = 4;

/**
 * The rule that a policy engine says yes to, as in
 * `policy(engine, (_principal, req) => ({ resource: { type: "order", id: req.params.id } }))`.
 *
 * The function says what the request is about. What it leaves out is filled in: the subject from the principal, the action
 * from the method. It and the engine may answer later; each has 5 seconds. The engine is asked only about callers who are
 * authenticated. It says no: 403 `access_denied`. It says neither yes nor no, or fails: 503, also under `not`.
 *
 * @throws {@link OptionsError} when the engine or the function is none.
 */
export function policy(
  engine: PolicyEngine,
  question: (principal: Principal, req: Request) => PolicyQuestion | PromiseLike<PolicyQuestion>,
): Rule;
export function policy(engine: unknown, question: unknown, ...rest: readonly unknown[]): Rule {
  const example = 'policy(engine, (principal, req) => ({ resource: { type: "order", id: … } }))';
  assertNotMounted("policy", engine, `authorize(${example})`);
  const problems = new ProblemList();
  const checked = readEngine(problems, engine);
  if (typeof question !== "function") {
    problems.note("policy.question", `must be a function, got ${describeValue(question)}`);
  }
  if (rest.length > 0) problems.note("policy", "must have an engine and one function");
  problems.finish();

  const { name, decide } = checked;
  const allowed = withPolicy(ALLOW, name);
  const denied = withPolicy(DENIED, name);
  const option = `policy(${name})`;
  const ask = createCall(question as (principal: Principal, req: Request) => unknown, {
    option,
    parse: parseQuestion,
  });
  const decideInTime = createCall<Decided, PolicyInput, PolicyCall>(decide, {
    option: `${option}.decide`,
    parse: (value) => parseDecision(value, name),
  });

  function verdictFor({ allow, policy: decided }: Decided): Verdict {
    if (decided === name) return allow ? allowed : denied;
    return withPolicy(allow ? ALLOW : DENIED, decided);
  }

  function failed(error: unknown): Verdict {
    return withPolicy(undecided(outageIn(error)), name);
  }

  function evaluate(input: PolicyInput, req: Request): Verdict | Promise<Verdict> {
    const call = new EngineCall(req);
    try {
      const answer = decideInTime(input, call.told);
      if (isThenable(answer)) {
        return answer.then(
          (decided) => {
            call.end();
            return verdictFor(decided);
          },
          (error: unknown) => {
            call.giveUp(error);
            return failed(error);
          },
        );
      }
      call.end();
      return verdictFor(answer);
    } catch (error) {
      call.end();
      return failed(error);
    }
  }

  /** @throws FunctionFailure when nobody is named. */
  function answer(
    asked: CheckedQuestion,
    principal: Principal,
    req: Request,
  ): Verdict | Promise<Verdict> {
    return evaluate(completeInput(asked, principal, req, option), req);
  }

  return createRule(option, {
    requirement: { type: "object", rule: option },
    isPure: false,
    needsObject: false,
    allowed: undefined,
    judge(principal, req): Verdict | Promise<Verdict> {
      try {
        const asked = ask(principal, req);
        return isThenable(asked)
          ? asked.then((ready) => answer(ready, principal, req)).catch(undecided)
          : answer(asked, principal, req);
      } catch (error) {
        return undecided(error);
      }
    },
  });
}

/** The engine is looked at once: what becomes of the object later counts for nothing. */
function readEngine(
  problems: ProblemList,
  engine: unknown,
): { readonly name: string; readonly decide: (input: PolicyInput, call: PolicyCall) => unknown } {
  const { name, decide } = (engine ?? {}) as Partial<PolicyEngine>;
  if (typeof decide !== "function") {
    const fix = typeof engine === "function" ? ": call it, as in authzen({ url: … })" : "";
    problems.note(
      "policy.engine",
      `must be a policy engine, with a name and decide(), got ${describeValue(engine)}${fix}`,
    );
  } else if (typeof name !== "string" || !ENGINE_NAME.test(name)) {
    problems.note(
      "policy.engine.name",
      `must be 1 to 64 letters, digits and . _ : / @ + = -, got ${describeValue(name)}`,
    );
  }
  return {
    name: String(name),
    decide: (input, call) =>
      (decide as PolicyEngine["decide"]).call(engine as PolicyEngine, input, call),
  };
}

function parseDecision(value: unknown, name: string): Decided {
  const option = `policy(${name}).decide`;
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, "allow")) {
    throw wrongReturn(option, "{ allow: true or false }", value);
  }
  const { allow, reasons, decisionId } = value as PolicyDecision;
  if (typeof allow !== "boolean") throw wrongReturn(option, "allow: true or false", allow);
  const words: string[] = [name];
  if (isShort(decisionId)) words.push(decisionId);
  const policies = Array.isArray(reasons) ? reasons.slice(0, MAX_REASONS).filter(isShort) : [];
  if (policies.length > 0) words.push(`(${policies.join(" ")})`);
  return { allow, policy: words.join(" ") };
}

function isShort(text: unknown): text is string {
  return typeof text === "string" && ENGINE_NAME.test(text);
}

/** An outage of an engine of ours is one, and no failure of a function of the app. */
function outageIn(error: unknown): unknown {
  const cause = isInstance(error, FunctionFailure) ? error.cause : undefined;
  return isInstance(cause, PolicyOutage) ? cause : error;
}
