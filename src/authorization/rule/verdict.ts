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

/** The authentication that would satisfy a rule (RFC 9470 §3). */
export interface StepUp {
  /** Classes of authentication context, one of which would do. */
  readonly acrValues: readonly string[] | undefined;
  /** How many seconds ago the user may have authenticated at most. */
  readonly maxAge: number | undefined;
}

/** What a rule says, and what would change it. Frozen; one verdict serves many requests. */
export interface Verdict {
  readonly effect: Effect;
  /** Of a refusal. */
  readonly reason: DenialReason | undefined;
  /**
   * The scopes that the token needs for a yes, those that it has included; of a yes, those that it rests on. `undefined`
   * when no scope would turn it into a yes.
   */
  readonly scopes: readonly string[] | undefined;
  /** The authentication that is needed for a yes, besides the scopes. */
  readonly stepUp: StepUp | undefined;
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

/** A no. With `scopes`, even an empty list, those and `stepUp` together would turn it into a yes. */
export function denying(
  reason: DenialReason,
  scopes?: readonly string[] | undefined,
  stepUp?: StepUp | undefined,
): Verdict {
  return freeze("deny", reason, scopes, stepUp, undefined, undefined);
}

/** Neither yes nor no. @param error - What failed; `undefined` when nothing did. */
export function undecided(error: unknown): Verdict {
  return freeze("indeterminate", undefined, undefined, undefined, error, undefined);
}

/** The verdict, with the engines that were asked for it in front of those that it names itself. */
export function withPolicy(verdict: Verdict, policy: string | undefined): Verdict {
  if (policy === undefined) return verdict;
  const { effect, reason, scopes, stepUp, error } = verdict;
  const both = verdict.policy === undefined ? policy : `${policy}, ${verdict.policy}`;
  return freeze(effect, reason, scopes, stepUp, error, both.slice(0, MAX_POLICY_LENGTH));
}

/** All verdicts have the same members in the same order, so that they are quick to read. */
function freeze(
  effect: Effect,
  reason: DenialReason | undefined,
  scopes: readonly string[] | undefined,
  stepUp: StepUp | undefined,
  error: unknown,
  policy: string | undefined,
): Verdict {
  return Object.freeze({ effect, reason, scopes, stepUp, error, policy });
}

/** Whether it is there already, and no promise for it: a polluted `Object.prototype` makes no promise a yes. */
export function isVerdict(judged: Verdict | Promise<Verdict>): judged is Verdict {
  return Object.hasOwn(judged, "effect");
}
