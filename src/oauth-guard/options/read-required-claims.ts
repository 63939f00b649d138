import { type OptionsReader, UNSET } from "../../core/options/options-reader.js";
import { describeValue, isHarmless, isPlainObject } from "../../core/options/value.js";
import type { ClaimValue, RequiredClaim } from "../token/required-claims.js";
import { isOtherKindIn } from "../token/token-shape.js";

const MUST = 'an object of claims and their values, such as { type: "access" }';
const MAX_CLAIMS = 50;
const MAX_VALUES = 1000;
/** RFC 7519 §4.1: tokens of every kind have these, or may have them. */
const REGISTERED: readonly string[] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];

/** Reads `requiredClaims`. @returns `undefined` when left out. */
export function readRequiredClaims(
  reader: OptionsReader<"requiredClaims">,
): readonly RequiredClaim[] | undefined {
  const given = reader.raw("requiredClaims");
  if (given === undefined) return undefined;
  if (!isPlainObject(given)) {
    const fix = Array.isArray(given) ? "{ email: true } demands the claim email" : "";
    reader.problem("requiredClaims", MUST, fix);
    return [];
  }
  const names = Object.keys(given);
  if (names.length === 0 || names.length > MAX_CLAIMS) {
    const count = names.length === 0 ? "an empty object" : `${names.length} claims`;
    reader.note("requiredClaims", `must be ${MUST}, 1 to ${MAX_CLAIMS}, got ${count}`);
    return [];
  }
  return Object.freeze(names.map((name, index) => readClaim(reader, name, given[name], index)));
}

/** Whether one of the claims can be a mark of access tokens. No claims: what is wrong was said. */
export function canTellKinds(required: readonly RequiredClaim[]): boolean {
  return required.length === 0 || required.some(({ name }) => !REGISTERED.includes(name));
}

function readClaim(
  reader: OptionsReader<"requiredClaims">,
  name: string,
  value: unknown,
  index: number,
): RequiredClaim {
  // A name may be a secret that got into the wrong place.
  const shown = isHarmless(name) ? JSON.stringify(name) : `number ${index + 1}`;
  const fault = name === "" ? "a name" : (valueFault(value) ?? kindFault(name, value));
  if (fault !== undefined) {
    reader.note("requiredClaims", `must have for claim ${shown} ${fault}`);
  }
  const list = Array.isArray(value) ? value : [value];
  const accepted = value === true ? true : (Object.freeze([...list]) as readonly ClaimValue[]);
  return Object.freeze({ name, accepted });
}

function valueFault(value: unknown): string | undefined {
  const must = "a string, a number, a boolean, a list of these, or true for any value";
  if (value === undefined) return `${must}, ${UNSET}`;
  if (!Array.isArray(value)) return isClaimValue(value) ? undefined : wrong(must, value);
  if (value.length === 0 || value.length > MAX_VALUES) return wrong(must, value);
  const item = Array.from(value).find((one) => !isClaimValue(one));
  return item === undefined && !value.includes(undefined)
    ? undefined
    : `${wrong(must, item)} in the list`;
}

/** Tokens that name such a kind are refused before, so that none could ever pass. */
function kindFault(name: string, value: unknown): string | undefined {
  const other = [value].flat().find((one) => isOtherKindIn(name, one));
  return other === undefined ? undefined : wrong("the kind of access tokens", other);
}

function wrong(must: string, value: unknown): string {
  return `${must}, got ${describeValue(value)}`;
}

/** Larger whole numbers are not exact in JSON: two claims would be one. */
function isClaimValue(value: unknown): value is ClaimValue {
  if (typeof value === "string") return value !== "";
  if (typeof value === "boolean" || Number.isSafeInteger(value)) return true;
  return typeof value === "number" && Number.isFinite(value) && !Number.isInteger(value);
}
