import type { Middleware } from "../core/guard/middleware.js";
import { createAuthorization } from "./guard/create-authorization.js";
import {
  openRequireOptions,
  type RequireOptions,
  readRequireOptions,
  splitOptions,
} from "./guard/require-options.js";
import { readPermissions } from "./rule/read-names.js";
import type { Rule } from "./rule/rule.js";
import { allPermissionsRule, anyPermissionRule } from "./rules/permission.js";

type PermissionArguments =
  | [permission: string, ...permissions: string[]]
  | [permission: string, ...permissionsAndOptions: [...string[], RequireOptions]];

/**
 * Lets pass only callers who have all of the permissions. Options come last. For at least one of them:
 * {@link requirePermission.any}.
 *
 * Nobody authenticated: 401 `authentication_required`. A permission is missing: 403 `access_denied`; the answer does not
 * say which. It does not authenticate: mount `oauthGuard` or `principalFrom` before it.
 *
 * @throws {@link OptionsError} when there is no permission, one is no non-empty string or repeated, or an option is wrong.
 */
export function requirePermission(...args: PermissionArguments): Middleware {
  return guardFor("requirePermission", args, allPermissionsRule);
}

requirePermission.any = requireAnyPermission;

/**
 * Lets pass only callers who have at least one of the permissions. Options come last.
 *
 * It answers as {@link requirePermission} does.
 *
 * @throws {@link OptionsError} as {@link requirePermission} does.
 */
function requireAnyPermission(...args: PermissionArguments): Middleware {
  return guardFor("requirePermission.any", args, anyPermissionRule);
}

function guardFor(
  path: string,
  args: readonly unknown[],
  toRule: (permissions: readonly string[]) => Rule,
): Middleware {
  const { names, options } = splitOptions(args);
  const reader = openRequireOptions(path, args[0], options, `${path}("orders:write")`);
  const permissions = readPermissions(reader.problems, path, names);
  const checked = readRequireOptions(reader);
  reader.finish();

  return createAuthorization("requirePermission", toRule(permissions), checked);
}
