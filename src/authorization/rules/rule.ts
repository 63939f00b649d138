import type { Principal } from "../../core/principal/principal.js";

/** What a rule says about a principal. `indeterminate`: it could not be found out, so the answer is no. */
export type Effect = "allow" | "deny" | "indeterminate";

/** Why a rule refuses, as decisions name it. */
export type DenialReason = "missing_role" | "missing_scope" | "rule_denied";

/** How a rule decides. Synchronous: it only looks at the principal. */
export interface RuleLogic {
  readonly denial: DenialReason;
  evaluate(principal: Principal): Effect;
  /**
   * The scopes that a token needs to satisfy the rule, for the challenge of a refusal, or `undefined` when scopes
   * alone do not satisfy it.
   */
  neededScopes(principal: Principal): readonly string[] | undefined;
}

const LOGIC: unique symbol = Symbol.for("express-secure-api.rule/1");

/**
 * What a caller must be or hold, as a value: made by `authenticated`, `role`, `scope`, `all`, `any` and `not`, put into `authorize`.
 * Frozen; one rule can be used in many places.
 */
export interface Rule {
  /** The rule in words, such as `any(role(admin), scope(orders:write))`, as decisions and the route audit show it. */
  readonly description: string;
  readonly [LOGIC]: RuleLogic;
}

/** Makes a rule. */
export function createRule(description: string, logic: RuleLogic): Rule {
  return Object.freeze({ description, [LOGIC]: Object.freeze(logic) });
}

/** Whether the value is a rule, also one from another installed copy of this library. */
export function isRule(value: unknown): value is Rule {
  return typeof value === "object" && value !== null && Object.hasOwn(value, LOGIC);
}

/** How the rule decides. */
export function logicOf(rule: Rule): RuleLogic {
  return rule[LOGIC];
}
