import { ProblemList } from "../../core/options/problem-list.js";
import { assertNotMounted } from "../../core/options/uncalled-factory.js";
import type { Principal } from "../../core/principal/principal.js";
import { holds } from "../rule/held-names.js";
import { readScopes } from "../rule/read-names.js";
import { oneOf, remedyOf } from "../rule/remedy.js";
import { createPureRule, type Rule } from "../rule/rule.js";
import { allowing, denying, UNDECIDED, type Verdict } from "../rule/verdict.js";

/**
 * The rule that the access token grants all of the scopes. For at least one of them: {@link scope.any}.
 *
 * @throws {@link OptionsError} when there is no scope, or one is no scope name (RFC 6749 §3.3) or repeated.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-3.3
 */
export function scope(...allOf: [string, ...string[]]): Rule {
  assertNotMounted("scope", allOf[0], 'authorize(scope("orders:read"))');
  const problems = new ProblemList();
  const scopes = readScopes(problems, "scope", allOf);
  problems.finish();
  return allScopesRule(scopes);
}

scope.any = scopeAny;

/**
 * The rule that the access token grants at least one of the scopes. The challenge of a refusal names the first one:
 * put the one that clients should ask for there.
 *
 * @throws {@link OptionsError} when there is no scope, or one is no scope name (RFC 6749 §3.3) or repeated.
 */
function scopeAny(...anyOf: [string, ...string[]]): Rule {
  assertNotMounted("scope.any", anyOf[0], 'authorize(scope.any("orders:read"))');
  const problems = new ProblemList();
  const scopes = readScopes(problems, "scope.any", anyOf);
  problems.finish();
  return anyScopeRule(scopes);
}

/** The rule for names that were checked before. */
export function allScopesRule(allOf: readonly string[]): Rule {
  const scopes = Object.freeze([...allOf]);
  const allowed = allowing(scopes);
  const missing = denying("missing_scope", [remedyOf(scopes)]);
  return createPureRule(
    `scope(${allOf.join(", ")})`,
    allowed,
    (principal) => {
      for (const name of allOf)
        if (!holds(principal.scopes, name)) return isUndetermined(principal) ? UNDECIDED : missing;
      return allowed;
    },
    { type: "scope", names: scopes, match: "all" },
  );
}

/** The rule for names that were checked before. */
export function anyScopeRule(anyOf: readonly string[]): Rule {
  const verdicts = anyOf.map((name) => allowing(Object.freeze([name])));
  const missing = denying("missing_scope", oneOf(anyOf.map((name) => remedyOf([name]))));
  const allowed = verdicts.length === 1 ? verdicts[0] : undefined;
  return createPureRule(
    `scope.any(${anyOf.join(", ")})`,
    allowed,
    (principal) => {
      for (const [index, name] of anyOf.entries())
        if (holds(principal.scopes, name)) return verdicts[index] as Verdict;
      return isUndetermined(principal) ? UNDECIDED : missing;
    },
    { type: "scope", names: anyOf, match: "any" },
  );
}

function isUndetermined({ undetermined }: Principal): boolean {
  return undetermined.includes("scopes");
}
