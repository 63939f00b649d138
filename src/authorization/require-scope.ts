import type { Middleware } from "../core/guard/middleware.js";
import { createAuthorization } from "./guard/create-authorization.js";
import {
  openRequireOptions,
  type RequireOptions,
  readRequireOptions,
  splitOptions,
} from "./guard/require-options.js";
import { readScopes } from "./rule/read-names.js";
import type { Rule } from "./rule/rule.js";
import { allScopesRule, anyScopeRule } from "./rules/scope.js";

type ScopeArguments =
  | [scope: string, ...scopes: string[]]
  | [scope: string, ...scopesAndOptions: [...string[], RequireOptions]];

/**
 * Lets pass only callers whose access token grants all of the scopes. Options come last. For at least one of them:
 * {@link requireScope.any}.
 *
 * Nobody authenticated: 401 `authentication_required`. A scope is missing: 403 `insufficient_scope`, with a challenge
 * that names all of them. Every method is guarded, HEAD and OPTIONS included. It does not authenticate: mount
 * `oauthGuard` before it, else every request is answered 401.
 *
 * @throws {@link OptionsError} when there is no scope, one is no scope name (RFC 6749 §3.3) or repeated, or an option
 * is wrong.
 * @see https://www.rfc-editor.org/rfc/rfc6750#section-3.1
 */
export function requireScope(...args: ScopeArguments): Middleware {
  return guardFor("requireScope", args, allScopesRule);
}

requireScope.any = requireAnyScope;

/**
 * Lets pass only callers whose access token grants at least one of the scopes. Options come last.
 *
 * It answers as {@link requireScope} does; the challenge names the first scope: put the one that clients should ask for
 * there.
 *
 * @throws {@link OptionsError} as {@link requireScope} does.
 */
function requireAnyScope(...args: ScopeArguments): Middleware {
  return guardFor("requireScope.any", args, anyScopeRule);
}

function guardFor(
  path: string,
  args: readonly unknown[],
  toRule: (scopes: readonly string[]) => Rule,
): Middleware {
  const { names, options } = splitOptions(args);
  const reader = openRequireOptions(path, args[0], options, `${path}("orders:read")`);
  const scopes = readScopes(reader.problems, path, names);
  const checked = readRequireOptions(reader);
  reader.finish();

  return createAuthorization("requireScope", toRule(scopes), checked);
}
