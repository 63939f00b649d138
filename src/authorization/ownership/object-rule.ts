import { isThenable } from "../../core/calls/user-function.js";
import type { Principal } from "../../core/principal/principal.js";
import { createRule, type Rule } from "../rule/rule.js";
import { ALLOW, UNDECIDED, undecided, type Verdict } from "../rule/verdict.js";
import { hasId, type Ids } from "./ids.js";
import type { CheckedPick } from "./pick.js";

/**
 * Makes a rule that compares an id of the caller with those of the object that the guard loaded.
 *
 * @param idOf - `undefined` for callers to whom nothing can belong.
 */
export function objectRule(
  name: string,
  { label, idsOf }: CheckedPick,
  idOf: (principal: Principal) => string | undefined,
  denied: Verdict,
): Rule {
  function judged(ids: Ids, id: string): Verdict {
    return hasId(ids, id) ? ALLOW : denied;
  }

  const rule = `${name}(${label})`;
  return createRule(rule, {
    requirement: { type: "object", rule },
    isPure: false,
    needsObject: true,
    allowed: ALLOW,
    judge(principal, _req, object) {
      const id = idOf(principal);
      if (id === undefined) return denied;
      // Guards that load nothing refuse such rules at start-up.
      if (typeof object !== "object" || object === null) return UNDECIDED;
      try {
        const ids = idsOf(object);
        return isThenable(ids)
          ? ids.then((found) => judged(found, id), undecided)
          : judged(ids, id);
      } catch (error) {
        return undecided(error);
      }
    },
    // Nobody looks at an object for who can own none.
    foresee: (principal) => (idOf(principal) === undefined ? denied : UNDECIDED),
  });
}
