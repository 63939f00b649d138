import type { Range } from "./option-types.js";
import { describeValue, isHarmless } from "./value.js";

const MILLISECONDS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const SECOND = 1000;
/** What people write for the units, in lower case; each is some of a unit of ours. */
const DURATION_WORDS: Readonly<Record<string, number>> = unitWords({
  ms: [1, "msec", "msecs", "millis", "millisecond", "milliseconds"],
  s: [1000, "sec", "secs", "second", "seconds"],
  m: [60_000, "min", "mins", "minute", "minutes"],
  h: [3_600_000, "hr", "hrs", "hour", "hours"],
  d: [86_400_000, "day", "days"],
  w: [604_800_000, "week", "weeks"],
});
const SIZE_WORDS: Readonly<Record<string, number>> = unitWords({
  b: [1, "byte", "bytes"],
  kb: [1024, "k", "kib", "kilobyte", "kilobytes"],
  mb: [1024 ** 2, "m", "mib", "megabyte", "megabytes"],
  gb: [1024 ** 3, "g", "gib", "gigabyte", "gigabytes"],
});
const BYTES: Readonly<Record<string, number>> = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 };

/** A kind of quantity that users write as a number with a unit. */
export interface QuantityKind {
  readonly name: string;
  readonly example: string;
  /** What may stand behind the number, for people. */
  readonly units: string;
  /** In the smallest unit, or `undefined` when the text is none. */
  parse(text: string): number | undefined;
  /** The shortest exact spelling. */
  format(value: number): string;
  /** What a number without a unit can be meant as: the unit's name in the plural, and its size. */
  readonly readings: Readonly<Record<string, number>>;
  /** Words for units, in lower case, with their size. */
  readonly words: Readonly<Record<string, number>>;
}

/** The condition in words, and the bounds in the smallest unit. */
interface QuantityRange {
  readonly must: string;
  readonly min: number;
  readonly max: number;
  /** What the value must be a multiple of. */
  readonly step?: number;
}

export const DURATION: QuantityKind = {
  name: "a duration",
  example: "15m",
  units: "units ms, s, m, h, d",
  parse: parseDuration,
  format: formatDuration,
  // Node.js and most packages count in milliseconds; header fields, helmet, cors and tokens in seconds.
  readings: { milliseconds: 1, seconds: 1000 },
  words: DURATION_WORDS,
};

export const SIZE: QuantityKind = {
  name: "a size",
  example: "100kb",
  units: "units b, kb, mb, gb",
  parse: parseSize,
  format: formatSize,
  readings: { bytes: 1 },
  words: SIZE_WORDS,
};

/**
 * Reads a duration such as `"15m"` (units `ms s m h d`, whole numbers only).
 *
 * @returns Milliseconds, or `undefined` when the text is no duration.
 */
export function parseDuration(text: string): number | undefined {
  return parseQuantity(text, MILLISECONDS);
}

/** Reads a size such as `"100kb"` (units `b kb mb gb`, 1 kb = 1,024 bytes) as bytes. */
export function parseSize(text: string): number | undefined {
  return parseQuantity(text, BYTES);
}

/** The shortest exact spelling of a duration: 60,000 becomes `"1m"`. */
export function formatDuration(milliseconds: number): string {
  return formatQuantity(milliseconds, MILLISECONDS);
}

/** The shortest exact spelling of a size: 102,400 becomes `"100kb"`. */
export function formatSize(bytes: number): string {
  return formatQuantity(bytes, BYTES);
}

/**
 * The default and the bounds of a quantity in the smallest unit, and the condition in words.
 *
 * @param range - Own members only: the caller sees to that.
 * @throws Error when one of them is no quantity: a mistake of ours, which the first call of the factory shows.
 */
export function quantityRange(
  range: Range<string>,
  kind: QuantityKind,
): QuantityRange & { readonly fallback: number } {
  const min = range.min === undefined ? 1 : ownQuantity(range.min, kind);
  const max = range.max === undefined ? Number.MAX_SAFE_INTEGER : ownQuantity(range.max, kind);
  const fallback = range.default === undefined ? min : ownQuantity(range.default, kind);
  const between =
    range.max === undefined
      ? `of at least ${kind.format(min)}`
      : `from ${kind.format(min)} to ${kind.format(max)}`;
  const step = range.step === undefined ? 1 : ownQuantity(range.step, kind);
  const usual = ownQuantity(kind.example, kind);
  // The default where the usual example would be refused: the bounds can be the weaker setting.
  const example = usual >= min && usual <= max ? kind.example : kind.format(fallback);
  const must = `${kind.name} ${between}, such as "${example}" (${kind.units})`;
  return { min, max, step, fallback, must };
}

/** The problem with a value that is no such quantity, or out of the range, as the rest of a sentence. */
export function wrongQuantity(value: unknown, range: QuantityRange, kind: QuantityKind): string {
  const { must } = range;
  if (typeof value === "number") {
    const bare = Number.isSafeInteger(value) && value > 0;
    const fix = bare ? `: a bare number has no unit${spellings(value, range, kind)}` : "";
    return `must be ${must}, got ${value}${fix}`;
  }
  if (typeof value !== "string") return `must be ${must}, got ${describeValue(value)}`;
  // Only a quantity in other words is printed, or a short number: anything else may be a secret.
  const bare = /^\d+$/.test(value) && isHarmless(value) ? Number(value) : 0;
  if (bare > 0) {
    return `must be ${must}, got "${value}": a bare number has no unit${spellings(bare, range, kind)}`;
  }
  const meant = meantQuantity(value, kind);
  if (meant === undefined) return `must be ${must}, got ${describeValue(value)}`;
  const text = Number.isSafeInteger(meant) ? kind.format(meant) : value;
  const fits = text !== value && passes(meant, range);
  return `must be ${must}, got "${value}"${fits ? `: write "${text}"` : ""}`;
}

/** The quantity that a text such as "15 min" or "1.5h" stands for, in the smallest unit. */
function meantQuantity(text: string, { words }: QuantityKind): number | undefined {
  const match = /^(\d{1,15}(?:\.\d{1,3})?) ?([A-Za-z]{1,12})$/.exec(text);
  const written = match?.[2] ?? "";
  // A month elsewhere, a megabyte here: a minute is written in lower case everywhere.
  const unit = written === "M" && !Object.hasOwn(words, "mb") ? written : written.toLowerCase();
  return Object.hasOwn(words, unit) ? Number(match?.[1]) * Number(words[unit]) : undefined;
}

function unitWords(
  units: Readonly<Record<string, readonly [size: number, ...words: string[]]>>,
): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(units).flatMap(([unit, [size, ...words]]) =>
      [unit, ...words].map((word) => [word, size] as const),
    ),
  );
}

/** How to write the number, in each unit that it can be meant in and that keeps it within the range. */
function spellings(value: number, range: QuantityRange, kind: QuantityKind): string {
  const all = Object.entries(kind.readings);
  const fitting = all.filter(([, size]) => {
    const meant = value * size;
    // Nobody means 3.6 seconds by 3600, and where only whole seconds count it would be refused again.
    const plain = all.length === 1 || meant < SECOND || meant % SECOND === 0;
    return plain && passes(meant, range);
  });
  if (fitting.length === 0) return "";
  const texts = fitting.map(([unit, size]) => {
    const text = `"${kind.format(value * size)}"`;
    return all.length === 1 ? text : `${text} for ${unit}`;
  });
  return `, write ${texts.join(" or ")}`;
}

function passes(value: number, { min, max, step = 1 }: QuantityRange): boolean {
  return value >= min && value <= max && value % step === 0;
}

function ownQuantity(text: string, kind: QuantityKind): number {
  const value = kind.parse(text);
  if (value === undefined) throw new Error(`${JSON.stringify(text)} must be ${kind.name}`);
  return value;
}

function parseQuantity(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const match = /^(\d{1,15})([a-z]{1,2})$/.exec(text);
  if (match === null) return undefined;
  const [, digits = "", unit = ""] = match;
  if (!Object.hasOwn(units, unit)) return undefined;
  const value = Number(digits) * (units[unit] ?? Number.NaN);
  return Number.isSafeInteger(value) ? value : undefined;
}

function formatQuantity(value: number, units: Readonly<Record<string, number>>): string {
  let best = "";
  for (const [unit, factor] of Object.entries(units)) {
    if (value % factor === 0) best = `${value / factor}${unit}`;
    if (value === 0) break;
  }
  return best;
}
