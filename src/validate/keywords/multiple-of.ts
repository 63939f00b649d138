/** A number as `digits × 10^exponent`. */
interface Decimal {
  readonly digits: bigint;
  readonly exponent: number;
}

/** A finite double has fewer digits in front of its exponent: beyond this, only zero can be a multiple. */
const MAX_DIGITS = 17;

/**
 * A test for `multipleOf` (JSON Schema 2020-12 §6.2.1), exact for the decimal numbers that were written: 19.99 is a
 * multiple of 0.01, although the quotient of the two doubles is no integer.
 */
export function compileMultipleOf(divisor: number): (value: number) => boolean {
  const isInteger = Number.isSafeInteger(divisor);
  const of = decimalOf(divisor);
  return (value) =>
    isInteger && Number.isSafeInteger(value) ? value % divisor === 0 : divides(of, value);
}

function divides(divisor: Decimal, value: number): boolean {
  const { digits, exponent } = decimalOf(value);
  const zeros = exponent - divisor.exponent;
  if (zeros >= 0) return (digits * power(zeros, divisor.digits)) % divisor.digits === 0n;
  return digits % (divisor.digits * 10n ** BigInt(Math.min(-zeros, MAX_DIGITS + 1))) === 0n;
}

/** The shortest decimal that becomes this double, as JSON has it. */
function decimalOf(value: number): Decimal {
  const [mantissa = "", exponent = ""] = value.toExponential().split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  return { digits: BigInt(whole + fraction), exponent: Number(exponent) - fraction.length };
}

/** `10^exponent` modulo something, without numbers of hundreds of digits. */
function power(exponent: number, modulus: bigint): bigint {
  let result = 1n;
  let base = 10n % modulus;
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = (result * base) % modulus;
    base = (base * base) % modulus;
  }
  return result;
}
