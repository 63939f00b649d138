import type { Hints, OptionKeys } from "../../core/options/option-types.js";
import { type OptionsReader, readOptions } from "../../core/options/options-reader.js";
import { formatDuration } from "../../core/options/quantity.js";
import { assertNotMounted } from "../../core/options/uncalled-factory.js";
import { readClaim } from "../../core/principal/names/claim-source.js";
import type { Principal } from "../../core/principal/principal.js";
import { remedyOf, type StepUp } from "../rule/remedy.js";
import { createPureRule, type Rule } from "../rule/rule.js";
import { ALLOW, denying, UNDECIDED } from "../rule/verdict.js";

/** Options of {@link stepUp}: at least one of them. */
export interface StepUpOptions {
  /**
   * Classes of authentication context: the `acr` of the token must be one of them. They are compared as they stand; none
   * counts for more than another. @default not asked
   */
  readonly acr?: string | readonly string[] | undefined;
  /** Methods of authentication (RFC 8176): the `amr` of the token must hold one of them. @default not asked */
  readonly amr?: string | readonly string[] | undefined;
  /**
   * How long ago the user may have logged in at most, such as `"5m"`, by the `auth_time` of the token. From `"1s"` to
   * `"30d"`. @default not asked
   */
  readonly maxAge?: string | undefined;
}

/** {@link StepUpOptions}, checked. */
interface StepUpSettings {
  readonly acr: readonly string[] | undefined;
  readonly amr: readonly string[] | undefined;
  /** In seconds. */
  readonly maxAge: number | undefined;
}

/** Names of {@link StepUpOptions}. */
export const STEP_UP_KEYS: OptionKeys<StepUpOptions> = {
  acr: "neverUndefined",
  amr: "neverUndefined",
  maxAge: "neverUndefined",
};

/** What the standards and other packages call them. */
export const STEP_UP_HINTS: Hints<StepUpOptions> = {
  acrValues: "acr",
  acr_values: "acr",
  max_age: "maxAge",
  mfa: 'write amr: "mfa", or the acr that your identity provider gives to a second factor',
};

/** A login that seems to be in the future by more than this is none: the clocks of two machines differ by less. */
const CLOCK_SKEW = 300;

/**
 * The rule that the caller has logged in recently, or strongly, enough: `stepUp({ acr: ["phr", "phrh"], maxAge: "5m" })`.
 *
 * A token without `acr`, `amr` or `auth_time` does not satisfy what is asked of it; one in which they have another type is
 * undecided, also for `not`. A refusal is a challenge that tells
 * the client which login would do (RFC 9470 §3); it cannot name `amr`.
 *
 * @throws {@link OptionsError} when nothing is asked, or an option is wrong.
 * @see https://www.rfc-editor.org/rfc/rfc9470
 */
export function stepUp(options: StepUpOptions): Rule {
  assertNotMounted("stepUp", options, 'authorize(stepUp({ maxAge: "5m" }))');
  const reader = readOptions<StepUpOptions>("stepUp", options, STEP_UP_KEYS, STEP_UP_HINTS);
  const settings = readStepUp(reader);
  reader.finish();
  return stepUpRule(settings);
}

/** Reads {@link StepUpOptions}. */
export function readStepUp(reader: OptionsReader<keyof StepUpOptions>): StepUpSettings {
  const acr = reader.strings("acr", { check: tokenFault });
  const amr = reader.strings("amr");
  const maxAge = reader.has("maxAge")
    ? Math.floor(reader.duration("maxAge", { min: "1s", max: "30d", default: "1s" }) / 1000)
    : undefined;
  const isEmpty = acr === undefined && amr === undefined && maxAge === undefined;
  const isUnset = (["acr", "amr", "maxAge"] as const).some((key) => reader.isUnset(key));
  if (isEmpty && !isUnset) {
    reader.problems.note(reader.path, 'must ask for acr, amr or maxAge: write maxAge: "5m"');
  }
  return { acr, amr, maxAge };
}

/** The rule for options that were checked before. */
export function stepUpRule({ acr, amr, maxAge }: StepUpSettings): Rule {
  const need: StepUp = Object.freeze({ acrValues: acr, maxAge, amr: amr?.slice(0, 1) ?? [] });
  const missing = denying("step_up_required", [remedyOf([], need)]);
  const parts = [
    ...(acr === undefined ? [] : [`acr ${acr.join(" ")}`]),
    ...(amr === undefined ? [] : [`amr ${amr.join(" ")}`]),
    ...(maxAge === undefined ? [] : [`within ${formatDuration(maxAge * 1000)}`]),
  ];
  return createPureRule(`stepUp(${parts.join(", ")})`, ALLOW, (principal) => {
    let isUndecided = false;
    if (acr !== undefined && (principal.acr === undefined || !acr.includes(principal.acr))) {
      if (principal.acr !== undefined || isClassKnown(principal)) return missing;
      isUndecided = true;
    }
    if (amr !== undefined && !amr.some((method) => principal.amr.includes(method))) {
      if (areMethodsKnown(principal)) return missing;
      isUndecided = true;
    }
    if (maxAge !== undefined && !isRecent(principal.authTime, maxAge)) {
      if (principal.authTime !== undefined || isTimeKnown(principal)) return missing;
      isUndecided = true;
    }
    return isUndecided ? UNDECIDED : ALLOW;
  });
}

/** Where the second factor of Firebase stands. */
const SECOND_FACTOR = ["firebase", "sign_in_second_factor"];

/** Whether it is clear that the login was by no other class. A claim of another type proves nothing, also under `not`. */
function isClassKnown({ claims }: Principal): boolean {
  return ["acr", "aal"].every((name) => isRight(readClaim(claims, name), isText));
}

/** Whether it is clear that there were no other methods. */
function areMethodsKnown({ claims, amr }: Principal): boolean {
  // Methods in objects are those of a mapping that understands them, or they are unknown.
  const isMethod = (item: unknown): boolean =>
    typeof item === "object" && item !== null
      ? amr.includes(readClaim({ ...item }, "method") as string)
      : isText(item);
  const isList = (value: unknown): boolean =>
    isText(value) || (Array.isArray(value) && value.every(isMethod));
  return (
    isRight(readClaim(claims, "amr"), isList) &&
    isRight(readClaim(claims, "fva"), isAges) &&
    (!Object.hasOwn(claims, "firebase") || isRight(readClaim(claims, SECOND_FACTOR), isText))
  );
}

/** Whether it is clear that nobody says when the login was. */
function isTimeKnown({ claims }: Principal): boolean {
  return (
    isRight(readClaim(claims, "auth_time"), isTime) && isRight(readClaim(claims, "fva"), isAges)
  );
}

/** Whether the claim is what it should be, or absent. */
function isRight(value: unknown, check: (value: unknown) => boolean): boolean {
  return value === undefined || value === null || check(value);
}

function isText(value: unknown): boolean {
  return typeof value === "string";
}

/** The ages of the two factors in Clerk's tokens. */
function isAges(value: unknown): boolean {
  return Array.isArray(value) && value.every(isTime);
}

function isTime(value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(value);
}

function isRecent(authTime: number | undefined, maxAge: number): boolean {
  if (authTime === undefined) return false;
  const age = Date.now() / 1000 - authTime;
  return age <= maxAge && age >= -CLOCK_SKEW;
}

/** Several stand in one parameter of the challenge, with blanks between them (RFC 9470 §3). */
function tokenFault(name: string): string | undefined {
  return /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(name)
    ? undefined
    : 'must be of printable ASCII characters without white space, " and \\: write several as a list';
}
