/** The authentication that would satisfy a rule (RFC 9470 §3). */
export interface StepUp {
  /** Classes of authentication context, one of which would do. */
  readonly acrValues: readonly string[] | undefined;
  /** How many seconds ago the user may have authenticated at most. */
  readonly maxAge: number | undefined;
  /** Methods that all have to be used. No challenge can name them. */
  readonly amr: readonly string[];
}

/** What would turn a refusal into a yes: both together. Frozen. */
export interface Remedy {
  /** The scopes that the token needs, those that it has included. */
  readonly scopes: readonly string[];
  /** The login that is needed besides. */
  readonly stepUp: StepUp | undefined;
}

/**
 * Different ways to a yes, the first one first. Empty: no scope and no login helps. `undefined`: something else would, such as
 * a role.
 */
export type Remedies = readonly Remedy[] | undefined;

/** Further ways are not kept: a rule of many parts would have thousands. */
const MAX_REMEDIES = 16;
const NO_SCOPES: readonly string[] = Object.freeze([]);
const NOTHING: readonly Remedy[] = Object.freeze([remedyOf(NO_SCOPES)]);

/** Makes a remedy. */
export function remedyOf(scopes: readonly string[], stepUp?: StepUp | undefined): Remedy {
  return Object.freeze({ scopes, stepUp });
}

/** The first of many. */
export function oneOf(remedies: readonly Remedy[]): readonly Remedy[] {
  return Object.freeze(remedies.slice(0, MAX_REMEDIES));
}

/** The ways of a part that holds already, as long as its scopes stay. */
export function keeping(scopes: readonly string[]): readonly Remedy[] {
  return scopes.length === 0 ? NOTHING : [remedyOf(scopes)];
}

/** The ways for one of two parts; none is known where one part wants something else, which may be what is meant. */
export function either(one: Remedies, other: Remedies): Remedies {
  if (one === undefined || other === undefined) return undefined;
  return one.length >= MAX_REMEDIES ? one : distinct([...one, ...other]);
}

/** The ways for both parts, as far as there is a login for both. */
export function both(one: Remedies, other: Remedies): Remedies {
  if (one === undefined || other === undefined) return undefined;
  if (other === NOTHING) return one;
  if (one === NOTHING) return other;
  const found: Remedy[] = [];
  for (const first of one) {
    for (const second of other) {
      const stepUp = together(first.stepUp, second.stepUp);
      if (stepUp === "impossible") continue;
      found.push(remedyOf([...new Set([...first.scopes, ...second.scopes])], stepUp));
    }
  }
  return distinct(found);
}

/** The login that satisfies both. */
function together(
  one: StepUp | undefined,
  other: StepUp | undefined,
): StepUp | undefined | "impossible" {
  if (one === undefined || other === undefined) return one ?? other;
  const acrValues =
    one.acrValues === undefined || other.acrValues === undefined
      ? (one.acrValues ?? other.acrValues)
      : one.acrValues.filter((value) => other.acrValues?.includes(value));
  if (acrValues?.length === 0) return "impossible";
  const maxAge =
    one.maxAge === undefined || other.maxAge === undefined
      ? (one.maxAge ?? other.maxAge)
      : Math.min(one.maxAge, other.maxAge);
  return { acrValues, maxAge, amr: [...new Set([...one.amr, ...other.amr])] };
}

/** Each once. Those that differ only in the class of authentication context are one: a challenge can name several. */
function distinct(remedies: readonly Remedy[]): readonly Remedy[] {
  const seen = new Map<string, Remedy>();
  for (const remedy of remedies) {
    const { scopes, stepUp } = remedy;
    const classes = stepUp?.acrValues;
    const rest = [[...scopes].sort(), stepUp?.maxAge, stepUp?.amr, classes === undefined];
    const key = JSON.stringify(rest);
    const known = seen.get(key);
    if (known === undefined) seen.set(key, remedy);
    else if (stepUp !== undefined && classes !== undefined) {
      const acrValues = [...new Set([...(known.stepUp?.acrValues ?? []), ...classes])];
      seen.set(key, remedyOf(known.scopes, { ...stepUp, acrValues }));
    }
    if (seen.size >= MAX_REMEDIES) break;
  }
  return [...seen.values()];
}
