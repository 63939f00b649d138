import { MountingError } from "../core/calls/mounting-error.js";
import type { Middleware } from "../core/guard/middleware.js";
import type { Hints, OptionKeys } from "../core/options/option-types.js";
import { readOptions } from "../core/options/options-reader.js";
import { assertCalled } from "../core/options/uncalled-factory.js";
import { describeValue, nameFault } from "../core/options/value.js";
import { type ClaimPath, claimAt } from "../core/principal/names/claim-source.js";
import { createAuthorization } from "./guard/create-authorization.js";
import {
  REQUIRE_HINTS,
  REQUIRE_KEYS,
  type RequireOptions,
  readRequireOptions,
} from "./guard/require-options.js";
import { hasId, isIds } from "./ownership/ids.js";
import { orElseRule, readOrElse } from "./ownership/or-else.js";
import { NOT_OWNER } from "./ownership/owner.js";
import { createRule, type Rule } from "./rule/rule.js";
import { ALLOW, UNDECIDED, undecided } from "./rule/verdict.js";
import { readClaimPath } from "./rules/claim.js";

/** Options of {@link ownParam}. */
export interface OwnParamOptions extends RequireOptions {
  /**
   * The claim that the parameter is compared with, such as `"org_id"`; a list of names leads into objects. Of a list of
   * ids, one has to be equal. @default the subject
   */
  readonly claim?: ClaimPath | undefined;
  /** Who may pass with any value, such as `role("admin")`. @default nobody */
  readonly orElse?: Rule | undefined;
}

const KEYS: OptionKeys<OwnParamOptions> = {
  ...REQUIRE_KEYS,
  claim: "neverUndefined",
  orElse: true,
};

/** What other packages call them. */
export const OWN_PARAM_HINTS: Hints<OwnParamOptions> = {
  ...REQUIRE_HINTS,
  unless: "orElse",
  bypass: "orElse",
  allow: "orElse",
  field: "claim",
  load: 'there is no object to load: write requireOwnership({ load, owner: "userId" })',
  onDeny: "leave it out: 403 is the answer for every other value, so it tells nobody which exist",
};

/**
 * Lets pass only callers whose subject stands in the path: `app.get("/users/:userId", ownParam("userId"), …)`.
 *
 * Nobody authenticated: 401 `authentication_required`. Another value: 403 `access_denied`, whether or not there is such a
 * user. The parameter, as Express decodes it, is compared letter by letter; claims that are whole numbers by their
 * decimal digits. A claim that is no id is undecided: 503. Mount it on the route: where the route has no such parameter,
 * or a wildcard of that name, every request is answered 500 and a warning says so.
 *
 * @throws {@link OptionsError} when the parameter is none, or an option is wrong.
 */
export function ownParam(param: string, options: OwnParamOptions = {}): Middleware {
  assertCalled("ownParam", param, 'ownParam("userId")');
  const reader = readOptions<OwnParamOptions>("ownParam", options, KEYS, OWN_PARAM_HINTS);
  const fault = paramFault(param);
  if (fault !== undefined) reader.problems.note("ownParam.param", fault);
  const claim = reader.has("claim")
    ? readClaimPath(reader.problems, "ownParam.claim", reader.raw("claim"))
    : undefined;
  const orElse = readOrElse(reader);
  const checked = readRequireOptions(reader);
  reader.finish();

  const rule = orElseRule(orElse, ownParamRule(param, claim), NOT_OWNER);
  return createAuthorization("ownParam", rule, checked);
}

function ownParamRule(param: string, claim: ClaimPath | undefined): Rule {
  const missing = new MountingError(
    `ownParam("${param}") found no such parameter: mount it on a route that has it, as in app.get("/users/:${param}", …)`,
  );
  const unreadable = new MountingError(
    `ownParam("${param}") found a parameter that is no text: it cannot guard a wildcard`,
  );
  const label = claim === undefined ? param : `${param}, claim ${[claim].flat().join(".")}`;

  const rule = `ownParam(${label})`;
  return createRule(rule, {
    requirement: { type: "object", rule },
    isPure: false,
    needsObject: false,
    allowed: ALLOW,
    judge({ subject, claims }, { params }) {
      if (!Object.hasOwn(params, param)) return undecided(missing);
      const value: unknown = params[param];
      // Express 4 has a member for an optional part of the path that is left out.
      if (value === undefined) return NOT_OWNER;
      if (typeof value !== "string") return undecided(unreadable);
      const ids = claim === undefined ? subject : claimAt(claims, claim);
      if (!isIds(ids)) return UNDECIDED;
      return hasId(ids, value) ? ALLOW : NOT_OWNER;
    },
  });
}

function paramFault(param: unknown): string | undefined {
  const must = 'must be the name of a parameter of the path, such as "userId"';
  if (typeof param !== "string" || param === "") return `${must}, got ${describeValue(param)}`;
  return /^:|[/*?{}]/.test(param) ? `${must}, without : or /` : nameFault(param);
}
