import { ProblemList } from "../../core/options/problem-list.js";
import { assertNotMounted } from "../../core/options/uncalled-factory.js";
import type { Rule } from "../rule/rule.js";
import { denying } from "../rule/verdict.js";
import { objectRule } from "./object-rule.js";
import { type CheckedPick, type IdPick, readPick } from "./pick.js";

/** The refusal of whoever does not own the object. */
export const NOT_OWNER = denying("not_owner");
const OTHER_TENANT = denying("other_tenant");

/**
 * The rule that the object which the guard loads belongs to the caller, as in
 * `authorize(any(role("admin"), owner("userId")), { load: (req) => findOrder(req.params.id) })`.
 *
 * The member, or what the function gives for the object, at once or as a promise that has 5 seconds, is compared with the
 * subject of the principal: texts letter by letter, whole numbers by their decimal digits. Of a list, one has to be equal.
 * `null`, `undefined`, an empty text and an empty list are nobody's: refused. Another type, such as an ObjectId, is
 * undecided, also under `not`: 503. Callers without a subject own nothing.
 *
 * A subject is unique within its issuer only (RFC 7519 §4.1.2): behind several issuers, add `claim("iss", …)`.
 *
 * @throws {@link OptionsError} when it gets neither the name of a member nor a function.
 */
export function owner<T extends object = Record<string, unknown>>(pick: IdPick<T>): Rule {
  return ownerRule(pickFor("owner", pick));
}

/**
 * The rule that the object which the guard loads belongs to the tenant of the caller, as in `sameTenant("orgId")`. It
 * compares as {@link owner} does. Callers without a tenant, and objects without one, are refused.
 *
 * @throws {@link OptionsError} when it gets neither the name of a member nor a function.
 */
export function sameTenant<T extends object = Record<string, unknown>>(pick: IdPick<T>): Rule {
  const checked = pickFor("sameTenant", pick);
  return objectRule("sameTenant", checked, ({ tenant }) => tenant, OTHER_TENANT);
}

/** {@link owner} of a pick that was checked. */
export function ownerRule(pick: CheckedPick): Rule {
  return objectRule("owner", pick, ({ subject }) => subject, NOT_OWNER);
}

function pickFor(name: string, pick: unknown): CheckedPick {
  assertNotMounted(name, pick, `authorize(${name}("userId"), { load })`);
  const problems = new ProblemList();
  const checked = readPick(problems, name, pick);
  problems.finish();
  return checked;
}
