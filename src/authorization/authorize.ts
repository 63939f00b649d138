import type { Middleware } from "../core/guard/middleware.js";
import { readOptions } from "../core/options/options-reader.js";
import { assertCalled } from "../core/options/uncalled-factory.js";
import { createAuthorization } from "./guard/create-authorization.js";
import { createObjectAuthorization } from "./guard/create-object-authorization.js";
import {
  LOAD_HINTS,
  LOAD_KEYS,
  type LoadOptions,
  type ObjectGuard,
  readLoad,
} from "./guard/load-options.js";
import { type RequireOptions, readRequireOptions } from "./guard/require-options.js";
import { checkRule } from "./rule/read-rules.js";
import { isRule, logicOf, type Rule } from "./rule/rule.js";

/** Options of {@link authorize} for rules about objects. */
export interface AuthorizeOptions<Loaded> extends LoadOptions<Loaded> {}

/**
 * Lets pass only callers for whom the rule holds, as in `authorize(any(role("admin"), scope("orders:write")))`.
 *
 * Nobody authenticated: 401 `authentication_required`, whatever the rule. The rule does not hold: 403
 * `insufficient_scope` with a challenge when further scopes would satisfy it, else 403 `access_denied`. Every method is
 * guarded, HEAD and OPTIONS included. It does not authenticate: mount `oauthGuard` or `principalFrom` before it.
 *
 * Rules about objects, such as {@link owner}, need `load`. Whom the rule refuses whatever the object is, is answered as
 * above and nothing is loaded. An object for which the rule does not hold is answered as one that is not there: 404
 * `not_found`, or 403 with `onDeny: "forbid"`. `load` with another rule only makes sure that there is an object.
 *
 * @throws {@link OptionsError} when the rule is none, an option is wrong, or a rule about objects has no `load`.
 */
export function authorize(rule: Rule, options?: RequireOptions): Middleware;
export function authorize<Loaded>(
  rule: Rule,
  options: AuthorizeOptions<Loaded>,
): ObjectGuard<Loaded>;
export function authorize(rule: Rule, options: unknown = {}): Middleware {
  assertCalled("authorize", rule, 'authorize(role("admin"))');
  const reader = readOptions<AuthorizeOptions<unknown>>(
    "authorize",
    options,
    LOAD_KEYS,
    LOAD_HINTS,
  );
  checkRule(reader.problems.item("authorize.rule", rule));
  const checked = readRequireOptions(reader);
  const needsObject = isRule(rule) && logicOf(rule).needsObject;
  // The problems of a `load` that is there but is no function are noted with it.
  const load = needsObject || reader.has("load") ? readLoad(reader) : undefined;
  for (const key of ["onDeny", "attach"] as const) {
    if (load === undefined && reader.has(key))
      reader.note(key, "must stand beside load, which gives the object");
  }
  if (load !== undefined && isRule(rule) && !needsObject && load.attach === undefined) {
    reader.note(
      "load",
      'must stand beside a rule about the object, such as owner("userId"), or attach: nothing would come of it',
    );
  }
  reader.finish();

  return load === undefined
    ? createAuthorization("authorize", rule, checked)
    : createObjectAuthorization("authorize", rule, checked, load);
}
