import { assertNoArguments, assertNotMounted } from "../../core/options/uncalled-factory.js";
import { createPureRule, type Rule } from "../rule/rule.js";
import { ALLOW } from "../rule/verdict.js";

// No rule is ever asked about nobody, or about an anonymous principal.
const AUTHENTICATED = createPureRule("authenticated()", ALLOW, () => ALLOW);

/**
 * The rule that somebody is authenticated, whoever it is. An anonymous principal is nobody.
 *
 * Every other rule demands that as well: use it where nothing else is asked, as in `authorize(authenticated())`.
 * `not(authenticated())` lets nobody pass, because nobody is answered 401 in front of every rule.
 *
 * @throws {@link OptionsError} when it gets an argument.
 */
export function authenticated(): Rule;
export function authenticated(...args: readonly unknown[]): Rule {
  assertNotMounted("authenticated", args[0], "authorize(authenticated())");
  assertNoArguments("authenticated", args);
  return AUTHENTICATED;
}
