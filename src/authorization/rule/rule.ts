import type { Request } from "express";
import type { Requirement } from "../../core/guard/guard-details.js";
import type { Principal } from "../../core/principal/principal.js";
import { UNDECIDED, type Verdict } from "./verdict.js";

/** How a rule decides. */
export interface RuleLogic {
  /** What it demands, as documents about routes show it; its description when it is left out. */
  readonly requirement?: Requirement | undefined;
  /**
   * Whether it looks at nothing but the principal: it answers at once, asks no function of the app, and can be asked
   * again without harm.
   */
  readonly isPure: boolean;
  /** Whether it judges the object that the request is about, which the guard has to load. */
  readonly needsObject: boolean;
  /** The verdict that it gives whenever it says yes; `undefined` when there are several. */
  readonly allowed: Verdict | undefined;
  /**
   * Never throws, and what it promises is always fulfilled: a failure is the verdict `indeterminate`.
   *
   * @param object - What the guard loaded; `undefined` when it loads nothing.
   */
  judge(principal: Principal, req: Request, object: unknown): Verdict | Promise<Verdict>;
  /**
   * What it says of the caller already before the object is there, without asking a function of the app: a verdict that
   * no object changes, else `indeterminate`. Pure rules need none.
   */
  readonly foresee?: ((principal: Principal, req: Request) => Verdict) | undefined;
}

const LOGIC: unique symbol = Symbol.for("express-secure-api.rule/1");

/**
 * What a caller must be, hold or own, as a value: made by `authenticated`, `role`, `scope` and their family, put into
 * `authorize`. Frozen; one rule can be used in many places.
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

/** Makes a rule that looks at nothing but the principal. */
export function createPureRule(
  description: string,
  allowed: Verdict | undefined,
  judge: (principal: Principal) => Verdict,
  requirement?: Requirement,
): Rule {
  return createRule(description, { requirement, isPure: true, needsObject: false, allowed, judge });
}

/** Whether the value is a rule, also one from another installed copy of this library, if that asks its rules in the same way. */
export function isRule(value: unknown): value is Rule {
  if (!isRuleOfSomeVersion(value)) return false;
  const logic: unknown = value[LOGIC];
  return typeof logic === "object" && logic !== null && isMethod(logic, "judge");
}

/** Whether the value is a rule of some copy of this library, which this one need not understand. */
export function isRuleOfSomeVersion(value: unknown): value is { readonly [LOGIC]: unknown } {
  return typeof value === "object" && value !== null && Object.hasOwn(value, LOGIC);
}

/** What the rule says of the caller, whatever the object is; `indeterminate` when that depends on it. */
export function foreseen(logic: RuleLogic, principal: Principal, req: Request): Verdict {
  return logic.isPure
    ? (logic.judge(principal, req, undefined) as Verdict)
    : (logic.foresee?.(principal, req) ?? UNDECIDED);
}

function isMethod(object: object, name: string): boolean {
  return (
    Object.hasOwn(object, name) &&
    typeof (object as Readonly<Record<string, unknown>>)[name] === "function"
  );
}

/** What the rule demands, as data. */
export function requirementOf({ description, [LOGIC]: { requirement } }: Rule): Requirement {
  return requirement ?? { type: "other", rule: description };
}

/** How the rule decides. */
export function logicOf(rule: Rule): RuleLogic {
  return rule[LOGIC];
}
