import { ProblemList } from "../../core/options/problem-list.js";
import { assertNotMounted } from "../../core/options/uncalled-factory.js";
import { readScopes } from "./read-names.js";
import { createRule, type Rule } from "./rule.js";

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
  return createRule(`scope(${allOf.join(", ")})`, {
    denial: "missing_scope",
    evaluate(principal) {
      for (const name of allOf) if (!principal.scopes.includes(name)) return "deny";
      return "allow";
    },
    neededScopes: () => allOf,
  });
}

/** The rule for names that were checked before. */
export function anyScopeRule(anyOf: readonly string[]): Rule {
  return createRule(`scope.any(${anyOf.join(", ")})`, {
    denial: "missing_scope",
    evaluate(principal) {
      for (const name of anyOf) if (principal.scopes.includes(name)) return "allow";
      return "deny";
    },
    neededScopes: (principal) => [
      anyOf.find((name) => principal.scopes.includes(name)) ?? String(anyOf[0]),
    ],
  });
}
