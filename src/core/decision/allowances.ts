import type { Decision } from "./decision.js";

/** The decisions of a guard that let requests pass and say nothing of a single one: all requests share them. */
export interface Allowances {
  /** The usual one. */
  readonly plain: Decision;
  /** The one with this reason. @param reason - One of the few that the guard has. */
  because(reason: string): Decision;
}

/** Makes those of one guard. */
export function createAllowances(guard: string, enforced: boolean): Allowances {
  const plain = Object.freeze({ guard, outcome: "allow", enforced, code: "ok" } as const);
  const known = new Map<string, Decision>();
  return {
    plain,
    because(reason) {
      let decision = known.get(reason);
      if (decision === undefined) {
        decision = Object.freeze({ ...plain, reason });
        known.set(reason, decision);
      }
      return decision;
    },
  };
}
