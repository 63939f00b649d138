import type { Hints, OptionKey, OptionKeys, Presence, Range, StringList } from "./option-types.js";
import { type OptionItem, ProblemList } from "./problem-list.js";
import { DURATION, type QuantityKind, quantityRange, SIZE, wrongQuantity } from "./quantity.js";
import { choice, unknownOption, wrongChoice } from "./spelling.js";
import { assertCalled } from "./uncalled-factory.js";
import {
  describeQuoted,
  describeValue,
  isPlainObject,
  nameFault,
  own,
  textFault,
} from "./value.js";

/** What is said about an option that must not be given as `undefined`. */
export const UNSET =
  "must not be undefined: is it read from a variable that is not set? Else leave the option out";

/**
 * Reads the options of `factory`: own properties of a plain object, each read once.
 *
 * Every method notes what is wrong and goes on; {@link OptionsReader.finish} throws all problems in one `OptionsError`.
 * After a problem a method returns a harmless value of its type. Name the interface: `readOptions<JsonBodyOptions>(…)`.
 *
 * @param hints - What names of other packages lead to.
 * @param call - How the factory is called, for those who mount it uncalled: `rateLimit({ limit: 100, window: "1m" })`.
 * @throws OptionsError at once when the options are a request: the factory was mounted uncalled.
 */
export function readOptions<Options>(
  factory: string,
  options: unknown,
  keys: OptionKeys<Options>,
  hints: Hints<Options> = {},
  call?: string,
): OptionsReader<OptionKey<Options>> {
  assertCalled(factory, options, call);
  return new OptionsReader(factory, options, keys, hints, new ProblemList(), call);
}

/** @typeParam Key - The options that may be read. A reader of more of them stands in for one of fewer. */
export class OptionsReader<in Key extends string> {
  /** Where these options stand, as users write it: `rateLimit.policies[0]`. */
  readonly path: string;
  /** What is wrong with these options, those around them and the factory's other arguments. */
  readonly problems: ProblemList;
  readonly #values: Readonly<Record<string, unknown>>;
  /** Options that were noted because they are `undefined`: all else about them follows from that. */
  readonly #unset = new Set<string>();
  /** Whether the options are no object at all: then that is the one problem. */
  readonly #unusable: boolean;

  constructor(
    path: string,
    options: unknown,
    keys: Readonly<Record<Key, true | "neverUndefined">>,
    hints: Readonly<Record<string, string>>,
    problems: ProblemList,
    example?: string,
  ) {
    this.path = path;
    this.problems = problems;
    const values: Record<string, unknown> = Object.create(null);
    this.#unusable = options !== undefined && !isPlainObject(options);
    if (isPlainObject(options)) {
      for (const name of Object.keys(options)) {
        const value = options[name];
        if (Object.hasOwn(keys, name)) {
          values[name] = value;
          if (value === undefined && keys[name as Key] === "neverUndefined") this.#noteUnset(name);
        } else if (value !== undefined) {
          problems.note(path, unknownOption(name, Object.keys(keys), hints));
        }
      }
    } else if (options !== undefined) {
      const fix = example === undefined ? "" : `: write ${example}`;
      problems.note(path, `must be an options object, got ${describeValue(options)}${fix}`);
    }
    this.#values = Object.freeze(values);
  }

  /** Throws one `OptionsError` with every problem found so far, if there is any. */
  finish(): void {
    this.problems.finish();
  }

  /** Whether the option is given. `undefined` counts as left out. */
  has(key: Key): boolean {
    return this.#values[key] !== undefined;
  }

  /** Whether the option is given as `undefined`, as an unset variable gives it. */
  isUnset(key: Key): boolean {
    return this.#values[key] === undefined && Object.hasOwn(this.#values, key);
  }

  /** The raw value, for options with a shape of their own. */
  raw(key: Key): unknown {
    return this.#values[key];
  }

  /** Notes a problem with one option: `<path>.<key> must be <must>, got <value><fix>`. */
  problem(key: Key, must: string, fix = ""): void {
    const got = describeValue(this.#values[key]);
    this.note(key, `must be ${must}, got ${got}${fix === "" ? "" : `: ${fix}`}`);
  }

  /** Notes a problem in free words: `<path>.<key> <sentence>`. An empty key names the options as a whole. */
  note(key: Key | "", sentence: string): void {
    if (!this.#unusable && !this.#unset.has(key)) this.problems.note(this.#pathOf(key), sentence);
  }

  boolean(key: Key, presence: Presence<boolean> = {}): boolean {
    const value = this.#values[key];
    if (typeof value === "boolean") return value;
    if (this.#missing(key, presence, "true or false")) return own(presence).default ?? false;
    this.note(key, `must be true or false, got ${describeQuoted(value, /^(?:true|false)$/)}`);
    return false;
  }

  /** A non-empty string. */
  string(
    key: Key,
    presence: Presence<string> & { readonly must?: string } = {},
  ): string | undefined {
    const { must = "a non-empty string", default: fallback } = own(presence);
    const value = this.#values[key];
    const isText = typeof value === "string" && value !== "";
    const fault = isText ? textFault(value) : undefined;
    if (isText && fault === undefined) return value;
    if (isText) this.problem(key, must, fault);
    else if (!this.#missing(key, presence, must)) this.problem(key, must);
    return fallback;
  }

  /** One of a closed list of strings. `aliases` are what other packages call them. */
  oneOf<const T extends string>(
    key: Key,
    allowed: readonly T[],
    presence: Presence<T> & { readonly aliases?: Readonly<Record<string, T>> } = {},
  ): T {
    const value = this.#values[key];
    const found = allowed.find((candidate) => candidate === value);
    if (found !== undefined) return found;
    if (!this.#missing(key, presence, choice(allowed)))
      this.note(key, wrongChoice(value, allowed, own(presence).aliases));
    return own(presence).default ?? (allowed[0] as T);
  }

  /** A whole number within the range. */
  integer(key: Key, range: Range<number> = {}): number {
    return this.#number(key, range, true);
  }

  /** A finite number within the range. */
  number(key: Key, range: Range<number> = {}): number {
    return this.#number(key, range, false);
  }

  /** A duration such as `"15m"`. @returns Milliseconds. */
  duration(key: Key, range: Range<string> = {}): number {
    return this.#quantity(key, range, DURATION);
  }

  /** A size such as `"100kb"`. @returns Bytes. */
  size(key: Key, range: Range<string> = {}): number {
    return this.#quantity(key, range, SIZE);
  }

  /** A function. */
  // biome-ignore lint/suspicious/noExplicitAny: the caller knows the signature; only "is a function" can be checked.
  function<T extends (...args: any[]) => unknown>(
    key: Key,
    presence: Presence<T> = {},
  ): T | undefined {
    const value = this.#values[key];
    if (typeof value === "function") return value as T;
    if (!this.#missing(key, presence, "a function")) this.problem(key, "a function");
    return own(presence).default;
  }

  /** The items of a list, each with its path; anything but a list is one item. `undefined` when left out. */
  items(key: Key): readonly OptionItem[] | undefined {
    const value = this.#values[key];
    if (value === undefined) return undefined;
    const path = this.#pathOf(key);
    return Array.isArray(value)
      ? this.problems.items(path, value)
      : [this.problems.item(path, value)];
  }

  /** A non-empty list of distinct non-empty strings; a single string is a list of one. Frozen. */
  strings(key: Key, presence: StringList = {}): readonly string[] | undefined {
    const { default: fallback, check, instead } = own(presence);
    const must = "a non-empty string or a list of them";
    const items = this.items(key);
    if (items === undefined) {
      this.#missing(key, presence, must);
      return fallback;
    }
    if (items.length === 0) this.note(key, `must be ${must}, got an empty list`);
    const strings: string[] = [];
    for (const { value, note } of items) {
      if (typeof value !== "string" || value === "") {
        const fix = instead === undefined || !value ? "" : `: ${instead}`;
        note(`must be a non-empty string, got ${describeValue(value)}${fix}`);
        continue;
      }
      const fault = strings.includes(value)
        ? "must not repeat an earlier entry"
        : (check?.(value) ?? nameFault(value));
      if (fault !== undefined) note(fault);
      strings.push(value);
    }
    return Object.freeze(strings);
  }

  /** Nested options, or `undefined` when left out. `example` is what to write in place of something else. */
  object<Options>(
    key: Key,
    keys: OptionKeys<Options>,
    hints: Hints<Options> = {},
    example?: string,
  ): OptionsReader<OptionKey<Options>> | undefined {
    const value = this.#values[key];
    return value === undefined ? undefined : this.nested<Options>(key, value, keys, hints, example);
  }

  /** A non-empty list of nested options. `example` is one of them. */
  objects<Options>(
    key: Key,
    keys: OptionKeys<Options>,
    hints: Hints<Options>,
    example: string,
  ): readonly OptionsReader<OptionKey<Options>>[] | undefined {
    const value = this.#values[key];
    if (value === undefined) return undefined;
    if (!Array.isArray(value) || value.length === 0) {
      this.problem(key, "a non-empty list of options objects", `write [${example}]`);
      return [];
    }
    const path = this.#pathOf(key);
    // `Array.from` visits the holes of a sparse list too.
    return Array.from(
      value,
      (item, index) =>
        new OptionsReader(`${path}[${index}]`, item ?? null, keys, hints, this.problems, example),
    );
  }

  /** A reader for a value that stands at `key` of these options. */
  nested<Options>(
    key: Key,
    value: unknown,
    keys: OptionKeys<Options>,
    hints: Hints<Options> = {},
    example?: string,
  ): OptionsReader<OptionKey<Options>> {
    return new OptionsReader(this.#pathOf(key), value ?? null, keys, hints, this.problems, example);
  }

  #pathOf(key: string): string {
    return key === "" ? this.path : `${this.path}.${key}`;
  }

  #noteUnset(key: string): void {
    this.problems.note(this.#pathOf(key), UNSET);
    this.#unset.add(key);
  }

  #missing(key: Key, presence: Presence<unknown>, must: string): boolean {
    if (this.#values[key] !== undefined) return false;
    if (own(presence).required === true) {
      this.note(key, `must be ${must}, got undefined: it is required`);
    }
    return true;
  }

  #number(key: Key, range: Range<number>, whole: boolean): number {
    const { min = 0, max = Number.MAX_SAFE_INTEGER, default: fallback = min } = own(range);
    const must = `a ${whole ? "whole " : ""}number from ${min} to ${max}`;
    const value = this.#values[key];
    if (this.#missing(key, range, must)) return fallback;
    const fits = whole ? Number.isSafeInteger(value) : Number.isFinite(value);
    if (typeof value === "number" && fits && value >= min && value <= max) return value;
    const isNumber = typeof value === "number" && !Number.isNaN(value);
    this.note(key, `must be ${must}, got ${isNumber ? value : describeQuoted(value, /^\d+$/)}`);
    return fallback;
  }

  #quantity(key: Key, range: Range<string>, kind: QuantityKind): number {
    const bounds = quantityRange(own(range), kind);
    const { min, max, fallback } = bounds;
    const value = this.#values[key];
    if (this.#missing(key, range, bounds.must)) return fallback;
    const parsed = typeof value === "string" ? kind.parse(value) : undefined;
    if (parsed !== undefined && parsed >= min && parsed <= max) return parsed;
    this.note(key, wrongQuantity(value, bounds, kind));
    return fallback;
  }
}
