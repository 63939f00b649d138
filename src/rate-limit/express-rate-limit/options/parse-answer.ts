import { wrongReturn } from "../../../core/calls/user-function.js";
import { isPrintableAscii } from "../../../core/http/header-values.js";

/** Up to 15 are a number exactly. */
const DIGITS = /^\d{1,15}$/;

/** What express-rate-limit takes for true is true; what is a mistake for sure is none. @throws TypeError */
export function parseTruth(value: unknown, option: string): boolean {
  if (typeof value === "symbol" || typeof value === "function")
    throw wrongReturn(option, "true or false", value);
  return Boolean(value);
}

/**
 * A key as a text. `undefined` and the like are keys as well, which all who have them share: they do not pass uncounted.
 *
 * @throws TypeError for an object: each request would have another one.
 */
export function parseKey(value: unknown, option: string): string {
  if (typeof value === "string") return value;
  if (
    typeof value === "object"
      ? value === null
      : typeof value !== "function" && typeof value !== "symbol"
  )
    return String(value);
  throw wrongReturn(option, "a text", value);
}

/**
 * A number of requests, also as a text, as databases give it; `Infinity` for all.
 *
 * @throws TypeError for `NaN`, with which nothing could exceed the limit.
 */
export function parseLimit(value: unknown, option: string): number {
  if (typeof value === "number" && value >= 0) return value;
  if (typeof value === "string" && DIGITS.test(value)) return Number(value);
  throw wrongReturn(option, "a number of at least 0", value);
}

/** The name of a quota. @throws TypeError when it cannot stand in a header field. */
export function parseName(value: unknown, option: string): string {
  if (typeof value === "string" && isPrintableAscii(value)) return value;
  throw wrongReturn(option, "printable ASCII", value);
}

/** A number of leading bits of an IPv6 address, or `false` for all. @throws TypeError */
export function parseSubnet(value: unknown, option: string): number | false {
  if (value === false) return false;
  if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 128)
    return value as number;
  throw wrongReturn(option, "a whole number from 1 to 128, or false", value);
}
