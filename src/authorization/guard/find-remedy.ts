import type { Request } from "express";
import type { Principal } from "../../core/principal/principal.js";
import type { Remedies, Remedy } from "../rule/remedy.js";
import { foreseen, type RuleLogic } from "../rule/rule.js";
import type { Effect } from "../rule/verdict.js";

/** A remedy, as far as it is one, and what the rule would say then. */
interface Tried {
  readonly effect: Effect;
  readonly remedy: Remedy;
}

/**
 * The first of the remedies with which the whole rule holds; else the first with which it may hold, because functions of the
 * app, which are not asked for this, are still to say so. `undefined` where none helps, as for
 * `all(scope("a"), not(scope("a")))`.
 */
export function findRemedy(
  remedies: Remedies,
  logic: RuleLogic,
  principal: Principal,
  req: Request,
): Remedy | undefined {
  let possible: Remedy | undefined;
  for (const one of remedies ?? []) {
    const { effect, remedy } = tried(one, logic, principal, req);
    if (effect === "allow") return remedy;
    if (effect === "indeterminate") possible ??= remedy;
  }
  return possible;
}

/** Of classes of authentication context those are left that would do. */
function tried(remedy: Remedy, logic: RuleLogic, principal: Principal, req: Request): Tried {
  const { scopes, stepUp } = remedy;
  const acrValues = stepUp?.acrValues;
  if (stepUp === undefined || acrValues === undefined)
    return { effect: effectOf(remedy, undefined, logic, principal, req), remedy };
  const effects = acrValues.map((acr) => effectOf(remedy, acr, logic, principal, req));
  const effect = effects.includes("allow") ? "allow" : (effects.find(isOpen) ?? "deny");
  const enough = acrValues.filter((_acr, index) => effects[index] === effect);
  return { effect, remedy: { scopes, stepUp: { ...stepUp, acrValues: enough } } };
}

/** What the rule would say with it: whether the next token has the scopes of this one besides, or not. */
function effectOf(
  { scopes, stepUp }: Remedy,
  acr: string | undefined,
  logic: RuleLogic,
  principal: Principal,
  req: Request,
): Effect {
  const login: Principal = {
    ...principal,
    acr: acr ?? principal.acr,
    amr: stepUp === undefined ? principal.amr : [...principal.amr, ...stepUp.amr],
    authTime: stepUp?.maxAge === undefined ? principal.authTime : Date.now() / 1000,
  };
  const first = foreseen(logic, { ...login, scopes }, req).effect;
  if (first === "deny") return first;
  const all = [...new Set([...principal.scopes, ...scopes])];
  const second = foreseen(logic, { ...login, scopes: all }, req).effect;
  return second === "allow" ? first : second;
}

function isOpen(effect: Effect): boolean {
  return effect === "indeterminate";
}
