import type { Remedies } from "./remedy.js";

/** What a rule says about a request. `indeterminate`: it could not be found out, so the answer is no. */
export type Effect = "allow" | "deny" | "indeterminate";

/** Why a rule refuses, as decisions name it. */
export type DenialReason =
  | "missing_role"
  | "missing_scope"
  | "missing_permission"
  | "claim_mismatch"
  | "step_up_required"
  | "condition_failed"
  | "not_owner"
  | "other_tenant"
  | "no_object"
  | "policy_denied"
  | "rule_denied";

/** What a rule says, and what would change it. Frozen; one verdict serves many requests. */
export interface Verdict {
  readonly effect: Effect;
  /** Of a refusal. */
  readonly reason: DenialReason | undefined;
  /** Of a yes: the scopes that it rests on. */
  readonly scopes: readonly string[] | undefined;
  /** Of a refusal: what would turn it into a yes, as far as the rule itself knows. */
  readonly remedies: Remedies;
  /** What failed, where nothing could be found out. */
  readonly error: unknown;
  /** The policy engines that were asked, as decisions name them. */
  readonly policy: string | undefined;
}

const MAX_POLICY_LENGTH = 500;
const NO_SCOPES: readonly string[] = Object.freeze([]);

/** A yes that rests on no scope. */
export const ALLOW: Verdict = allowing(NO_SCOPES);

/** Nothing failed, and yet nobody knows: what would have to be known is missing. */
export const UNDECIDED: Verdict = undecided(undefined);

/** A yes that rests on the scopes. */
export function allowing(scopes: readonly string[]): Verdict {
  return freeze("allow", undefined, scopes, undefined, undefined, undefined);
}

/** A no. @param remedies - Each of them would turn it into a yes. */
export function denying(why: DenialReason, remedies?: Remedies): Verdict {
  return freeze("deny", why, undefined, remedies, undefined, undefined);
}

/** Neither yes nor no. @param error - What failed; `undefined` when nothing did. */
export function undecided(error: unknown): Verdict {
  return freeze("indeterminate", undefined, undefined, undefined, error, undefined);
}

/** The verdict, with the engines that were asked for it in front of those that it names itself. */
export function withPolicy(verdict: Verdict, policy: string | undefined): Verdict {
  if (policy === undefined) return verdict;
  const { effect, reason, scopes, remedies, error } = verdict;
  const both = verdict.policy === undefined ? policy : `${policy}, ${verdict.policy}`;
  return freeze(effect, reason, scopes, remedies, error, both.slice(0, MAX_POLICY_LENGTH));
}

/** All verdicts have the same members in the same order, so that they are quick to read. */
function freeze(
  effect: Effect,
  reason: DenialReason | undefined,
  scopes: readonly string[] | undefined,
  remedies: Remedies,
  error: unknown,
  policy: string | undefined,
): Verdict {
  return Object.freeze({ effect, reason, scopes, remedies, error, policy });
}

/** Whether it is there already, and no promise for it: a polluted `Object.prototype` makes no promise a yes. */
export function isVerdict(judged: Verdict | Promise<Verdict>): judged is Verdict {
  return Object.hasOwn(judged, "effect");
}
