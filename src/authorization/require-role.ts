import type { Middleware } from "../core/guard/middleware.js";
import { createAuthorization } from "./guard/create-authorization.js";
import {
  openRequireOptions,
  type RequireOptions,
  readRequireOptions,
  splitOptions,
} from "./guard/require-options.js";
import { readRoles } from "./rule/read-names.js";
import { roleRule } from "./rules/role.js";

/**
 * Lets pass only callers who have at least one of the roles. Options come last.
 *
 * Nobody authenticated: 401 `authentication_required`. None of the roles: 403 `access_denied`; the answer does not say
 * which roles would do. Every method is guarded, HEAD and OPTIONS included. It does not authenticate: mount
 * `oauthGuard` or `principalFrom` before it, else every request is answered 401.
 *
 * @throws {@link OptionsError} when there is no role, one is no non-empty string or repeated, or an option is wrong.
 */
export function requireRole(
  ...args:
    | [role: string, ...roles: string[]]
    | [role: string, ...rolesAndOptions: [...string[], RequireOptions]]
): Middleware {
  const { names, options } = splitOptions(args);
  const reader = openRequireOptions("requireRole", args[0], options, 'requireRole("admin")');
  const roles = readRoles(reader.problems, "requireRole", names);
  const checked = readRequireOptions(reader);
  reader.finish();

  return createAuthorization("requireRole", roleRule(roles), checked);
}
