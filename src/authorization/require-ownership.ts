import type { Hints, OptionKeys } from "../core/options/option-types.js";
import { readOptions } from "../core/options/options-reader.js";
import { ProblemList } from "../core/options/problem-list.js";
import { createObjectAuthorization } from "./guard/create-object-authorization.js";
import {
  LOAD_HINTS,
  LOAD_KEYS,
  type LoadOptions,
  type ObjectGuard,
  readLoad,
} from "./guard/load-options.js";
import { readRequireOptions } from "./guard/require-options.js";
import { orElseRule, readOrElse } from "./ownership/or-else.js";
import { NOT_OWNER, ownerRule } from "./ownership/owner.js";
import { type IdPick, readPick } from "./ownership/pick.js";
import type { Rule } from "./rule/rule.js";

/** One of the objects that `load` gives. */
type Item<Loaded> = Loaded extends readonly (infer One)[] ? NonNullable<One> : Loaded;

/** Options of {@link requireOwnership}. */
export interface RequireOwnershipOptions<Loaded> extends LoadOptions<Loaded> {
  /**
   * Where the object says whose it is: the name of a member, or a function that gets the object and gives an id, a list
   * of ids, or `undefined` for an object that is nobody's.
   */
  readonly owner: IdPick<Item<NonNullable<Loaded>>>;
  /** Who may pass without owning the object, such as `role("admin")`. @default nobody */
  readonly orElse?: Rule | undefined;
}

const KEYS: OptionKeys<RequireOwnershipOptions<unknown>> = {
  ...LOAD_KEYS,
  owner: "neverUndefined",
  orElse: true,
};

/** What other packages call them. */
export const OWNERSHIP_HINTS: Hints<RequireOwnershipOptions<unknown>> = {
  ...LOAD_HINTS,
  ownerField: "owner",
  ownerId: "owner",
  userField: "owner",
  userId: "owner",
  possession: "owner",
  unless: "orElse",
  bypass: "orElse",
  allow: "orElse",
};

/**
 * Lets pass only the owner of the object that the request is about:
 * `requireOwnership({ load: (req) => findOrder(req.params.id), owner: "userId" })`.
 *
 * Nobody authenticated: 401 `authentication_required`, and nothing is loaded. An object of somebody else, of nobody, and
 * one that is not there: the same 404 `not_found`, or 403 `access_denied` with `onDeny: "forbid"`. `load` or `owner`
 * failed: 503 `check_unavailable`. Ids are compared as by {@link owner}. Handlers get the object that was judged with
 * `attach` or `object(req)`.
 *
 * @throws {@link OptionsError} when an option is unknown or wrong.
 */
export function requireOwnership<Loaded>(
  options: RequireOwnershipOptions<Loaded>,
): ObjectGuard<Loaded> {
  const reader = readOptions<RequireOwnershipOptions<unknown>>(
    "requireOwnership",
    options,
    KEYS,
    OWNERSHIP_HINTS,
    'requireOwnership({ load, owner: "userId" })',
  );
  const load = readLoad(reader);
  const pick = readPick(
    // An unset variable is one problem, not two.
    reader.isUnset("owner") ? new ProblemList() : reader.problems,
    "requireOwnership.owner",
    reader.raw("owner"),
  );
  const orElse = readOrElse(reader);
  const checked = readRequireOptions(reader);
  reader.finish();

  const rule = orElseRule(orElse, ownerRule(pick), NOT_OWNER);
  return createObjectAuthorization("requireOwnership", rule, checked, load) as ObjectGuard<Loaded>;
}
