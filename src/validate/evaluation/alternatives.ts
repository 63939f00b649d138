import { hasMember, isObject } from "../keywords/assertions.js";
import type { Alternatives, Candidates, Plan } from "./program.js";

/** References and `allOf`s that are followed to the constants of an alternative. */
const HOPS = 3;

/** The alternatives, as long as it is not known what tells them apart. */
export function createAlternatives(plans: readonly Plan[]): Alternatives {
  const all: Candidates = { plans, named: [] };
  return { plans, candidates: () => all };
}

/**
 * Finds the member by which most of the alternatives are told apart: `type` of `{ type: { const: "paragraph" } }`. With it,
 * one look is enough to rule out the others, instead of an evaluation of each.
 */
export function indexAlternatives(alternatives: Alternatives): void {
  const { plans } = alternatives;
  const constants = plans.map((plan) => constantsOf(plan, HOPS));
  const uses = new Map<string, number>();
  for (const name of constants.flatMap((map) => [...map.keys()])) {
    uses.set(name, (uses.get(name) ?? 0) + 1);
  }
  const [tag, count] = [...uses].reduce((best, use) => (use[1] > best[1] ? use : best), ["", 1]);
  if (count === 1) return;

  const others = plans.filter((_plan, index) => constants[index]?.has(tag) !== true);
  const known = new Map<unknown, Candidates>();
  for (const [index, plan] of plans.entries()) {
    for (const value of constants[index]?.get(tag) ?? []) {
      const named = [...(known.get(value)?.named ?? []), plan];
      known.set(value, { named, plans: [...named, ...others] });
    }
  }
  const all: Candidates = { plans, named: [] };
  const none: Candidates = { plans: others, named: [] };
  alternatives.candidates = (value) =>
    isObject(value) && hasMember(value, tag) ? (known.get(value[tag]) ?? none) : all;
}

/** The members of which a schema allows only certain scalars. */
function constantsOf(plan: Plan, hops: number): ReadonlyMap<string, ReadonlySet<unknown>> {
  const found = new Map<string, ReadonlySet<unknown>>();
  if (hops > 0) {
    for (const part of plan.all) {
      for (const [name, values] of constantsOf(part, hops - 1)) found.set(name, values);
    }
  }
  for (const [name, { scalars }] of plan.properties) {
    if (scalars !== undefined) found.set(name, scalars);
  }
  return found;
}
