import { createCall } from "../../core/calls/create-call.js";
import { isThenable, wrongReturn } from "../../core/calls/user-function.js";
import { ProblemList } from "../../core/options/problem-list.js";
import { assertNotMounted } from "../../core/options/uncalled-factory.js";
import { describeValue, nameFault } from "../../core/options/value.js";
import { type ClaimPath, readClaim, UNREADABLE } from "../../core/principal/names/claim-source.js";
import { pathFault } from "../../core/principal/names/read-claim-path.js";
import type { Principal } from "../../core/principal/principal.js";
import { createPureRule, createRule, type Rule } from "../rule/rule.js";
import { ALLOW, denying, UNDECIDED, undecided, type Verdict } from "../rule/verdict.js";

/** What a claim must be: this value, or what a function says yes to. */
export type ExpectedClaim =
  | string
  | number
  | boolean
  | ((value: unknown) => boolean | PromiseLike<boolean>);

type Scalar = string | number | boolean;

const MISMATCH = denying("claim_mismatch");
const MUST = "must be a text, a number, true, false or a function";

/**
 * The rule that a claim of the caller has a value, as in `claim("email_verified", true)`. Of a list, one item must have
 * it. A function gets the value, `undefined` where there is none, and says `true` or `false`; a promise has 5 seconds.
 *
 * A name is taken as it stands, dots included; a list of names leads into objects: `claim(["address", "country"], "DE")`.
 * A claim that is absent does not fit. One of another type, such as `"true"` for `true`, is undecided, also for `not`. So is
 * one that the path does not lead to because something in front of it is no object, and one that the token says is
 * elsewhere (`_claim_names`); no function is asked about them.
 *
 * @throws {@link OptionsError} when the name or the value is none.
 */
export function claim(path: ClaimPath, expected: ExpectedClaim): Rule;
export function claim(path: unknown, expected: unknown, ...rest: readonly unknown[]): Rule {
  assertNotMounted("claim", path, 'authorize(claim("email_verified", true))');
  const problems = new ProblemList();
  const at = readClaimPath(problems, "claim.path", path);
  checkExpected(problems, expected);
  if (rest.length > 0) {
    problems.note(
      "claim",
      `must have one value, got ${rest.length + 1}: write any(claim(…), claim(…))`,
    );
  }
  problems.finish();

  const name = typeof at === "string" ? at : at.join(".");
  return typeof expected === "function"
    ? askingRule(name, at, expected as (value: unknown) => unknown)
    : valueRule(name, at, expected as Scalar);
}

function valueRule(name: string, path: ClaimPath, expected: Scalar): Rule {
  return createPureRule(`claim(${name}, ${expected})`, ALLOW, ({ claims }) => {
    const value = readClaim(claims, path);
    if (value === expected) return ALLOW;
    if (value === undefined) return MISMATCH;
    if (value === UNREADABLE) return UNDECIDED;
    const items: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (items.includes(expected)) return ALLOW;
    return items.every((item) => typeof item === typeof expected) ? MISMATCH : UNDECIDED;
  });
}

function askingRule(name: string, path: ClaimPath, fits: (value: unknown) => unknown): Rule {
  const option = `claim(${JSON.stringify(name)})`;
  const call = createCall<boolean, unknown>(fits, {
    option,
    parse(value) {
      if (typeof value === "boolean") return value;
      throw wrongReturn(option, "true or false", value);
    },
  });
  return createRule(`claim(${name})`, {
    isPure: false,
    needsObject: false,
    allowed: ALLOW,
    judge({ claims }: Principal): Verdict | Promise<Verdict> {
      try {
        const value = readClaim(claims, path);
        if (value === UNREADABLE) return UNDECIDED;
        const answer = call(value);
        return isThenable(answer) ? answer.then(verdictFor, undecided) : verdictFor(answer);
      } catch (error) {
        return undecided(error);
      }
    },
  });
}

function verdictFor(fits: boolean): Verdict {
  return fits ? ALLOW : MISMATCH;
}

/** Checks the name of a claim, or the names that lead to it. A list of one is that one. */
export function readClaimPath(problems: ProblemList, at: string, path: unknown): ClaimPath {
  const names: readonly unknown[] = Array.isArray(path) ? Array.from<unknown>(path) : [path];
  const isRight =
    names.length > 0 && names.every((name) => typeof name === "string" && name !== "");
  if (!isRight) {
    const must = "must be a claim name or a list of them, outermost first";
    problems.note(at, `${must}, got ${describeValue(path)}`);
    return [];
  }
  const texts = names as readonly string[];
  const fault = pathFault(texts);
  if (fault !== undefined) problems.note(at, fault);
  return texts.length === 1 ? String(texts[0]) : texts;
}

function checkExpected(problems: ProblemList, expected: unknown): void {
  if (typeof expected === "function" || typeof expected === "boolean") return;
  if (typeof expected === "number" && Number.isFinite(expected)) {
    // A larger one equals its neighbours: the id of one would be that of another.
    if (Math.abs(expected) > Number.MAX_SAFE_INTEGER)
      problems.note("claim.expected", "must be at most 2^53 - 1: larger numbers are not exact");
    return;
  }
  const isText = typeof expected === "string" && expected !== "";
  const fault = isText ? nameFault(expected) : `${MUST}, got ${describeValue(expected)}`;
  if (fault !== undefined) problems.note("claim.expected", fault);
}
