import type { Middleware } from "../core/guard/middleware.js";
import { createAuthorization } from "./guard/create-authorization.js";
import {
  openRequireOptions,
  type RequireOptions,
  readRequireOptions,
} from "./guard/require-options.js";
import { checkRule } from "./rule/read-rules.js";
import type { Rule } from "./rule/rule.js";

/**
 * Lets pass only callers for whom the rule holds, as in `authorize(any(role("admin"), scope("orders:write")))`.
 *
 * Nobody authenticated: 401 `authentication_required`, whatever the rule. The rule does not hold: 403
 * `insufficient_scope` with a challenge when further scopes would satisfy it, else 403 `access_denied`. Every method is
 * guarded, HEAD and OPTIONS included. It does not authenticate: mount `oauthGuard` or `principalFrom` before it.
 *
 * @throws {@link OptionsError} when the rule is none, or an option is wrong.
 */
export function authorize(rule: Rule, options: RequireOptions = {}): Middleware {
  const call = 'authorize(role("admin"))';
  const reader = openRequireOptions("authorize", rule, options, call);
  checkRule(reader.problems.item("authorize.rule", rule));
  const checked = readRequireOptions(reader);
  reader.finish();

  return createAuthorization("authorize", rule, checked);
}
