import { describeValue } from "./describe-value.js";
import { OptionsError } from "./options-error.js";
import { isPlainObject } from "./plain-object.js";
import { DURATION, type QuantityKind, SIZE } from "./quantity.js";
import { closest } from "./spelling.js";

/** Names that the peers use, and ours: `{ windowMs: "window", max: "limit" }`. */
export type PeerNames = Readonly<Record<string, string>>;

interface Presence<T> {
  /** Whether leaving the option out is a problem. @default false */
  readonly required?: boolean;
  /** Taken when the option is left out. */
  readonly default?: T;
}

interface Range<T> extends Presence<T> {
  /** The smallest value allowed, itself included. */
  readonly min?: number;
  /** The largest value allowed, itself included. */
  readonly max?: number;
}

/**
 * Reads the options of `factory`: own properties of a plain object, each read once.
 *
 * Every method notes what is wrong and goes on; {@link OptionsReader.finish} throws all problems in one
 * {@link OptionsError}. After a problem a method returns a harmless value of its type.
 */
export function readOptions(
  factory: string,
  options: unknown,
  keys: readonly string[],
  peers: PeerNames = {},
): OptionsReader {
  return new OptionsReader(factory, options, keys, peers, []);
}

export class OptionsReader {
  /** Where these options stand, as users write it: `rateLimit.policies[0]`. */
  readonly path: string;
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #problems: string[];
  /** Whether the options are no object at all: then that is the one problem. */
  readonly #unusable: boolean;

  constructor(
    path: string,
    options: unknown,
    keys: readonly string[],
    peers: PeerNames,
    problems: string[],
  ) {
    this.path = path;
    this.#problems = problems;
    const values: Record<string, unknown> = Object.create(null);
    this.#unusable = options !== undefined && !isPlainObject(options);
    if (isPlainObject(options)) {
      for (const key of Object.keys(options)) {
        if (keys.includes(key)) values[key] = options[key];
        else if (options[key] !== undefined) this.#unknownKey(key, keys, peers);
      }
    } else if (options !== undefined) {
      problems.push(`${path} must be an options object, got ${describeValue(options)}`);
    }
    this.#values = Object.freeze(values);
  }

  /** Throws one {@link OptionsError} with every problem found so far, if there is any. */
  finish(): void {
    if (this.#problems.length > 0) throw new OptionsError(this.#problems);
  }

  /** Whether the option is given. `undefined` counts as left out. */
  has(key: string): boolean {
    return this.#values[key] !== undefined;
  }

  /** The raw value, for options with a shape of their own. */
  raw(key: string): unknown {
    return this.#values[key];
  }

  /** Notes a problem with one option: `<path>.<key> must be <must>, got <value><fix>`. */
  problem(key: string, must: string, fix = ""): void {
    this.note(
      key,
      `must be ${must}, got ${describeValue(this.#values[key])}${fix === "" ? "" : `: ${fix}`}`,
    );
  }

  /** Notes a problem in free words: `<path>.<key> <sentence>`. An empty key names the options as a whole. */
  note(key: string, sentence: string): void {
    if (!this.#unusable) this.#problems.push(`${this.#pathOf(key)} ${sentence}`);
  }

  /** Takes over the problems of an error that another factory threw for the same user. */
  adopt(error: OptionsError, prefix: string): void {
    for (const problem of error.problems) this.#problems.push(`${prefix}${problem}`);
  }

  boolean(key: string, presence: Presence<boolean> = {}): boolean {
    const value = this.#values[key];
    if (typeof value === "boolean") return value;
    if (this.#missing(key, presence, "true or false")) return own(presence).default ?? false;
    this.problem(key, "true or false");
    return false;
  }

  /** A non-empty string. */
  string(
    key: string,
    presence: Presence<string> & { readonly must?: string } = {},
  ): string | undefined {
    const { must = "a non-empty string", default: fallback } = own(presence);
    const value = this.#values[key];
    if (typeof value === "string" && value !== "") return value;
    if (!this.#missing(key, presence, must)) this.problem(key, must);
    return fallback;
  }

  /** One of a closed list of strings. */
  oneOf<const T extends string>(key: string, allowed: readonly T[], presence: Presence<T> = {}): T {
    const value = this.#values[key];
    const found = allowed.find((candidate) => candidate === value);
    if (found !== undefined) return found;
    const must = `one of ${allowed.map((name) => JSON.stringify(name)).join(", ")}`;
    if (!this.#missing(key, presence, must)) {
      const meant = typeof value === "string" ? closest(value, allowed) : undefined;
      // A string near none of the names may be a secret in the wrong place: only a near one is printed.
      if (meant === undefined) this.problem(key, must);
      else
        this.note(
          key,
          `must be ${must}, got ${JSON.stringify(value)}: did you mean ${JSON.stringify(meant)}?`,
        );
    }
    return own(presence).default ?? (allowed[0] as T);
  }

  /** A whole number within the range. */
  integer(key: string, range: Range<number> = {}): number {
    return this.#number(key, range, true);
  }

  /** A finite number within the range. */
  number(key: string, range: Range<number> = {}): number {
    return this.#number(key, range, false);
  }

  /** A duration such as `"15m"`, in milliseconds. `default`, `min` and `max` are milliseconds too. */
  duration(key: string, range: Range<number> = {}): number {
    return this.#quantity(key, range, DURATION);
  }

  /** A size such as `"100kb"`, in bytes. `default`, `min` and `max` are bytes too. */
  size(key: string, range: Range<number> = {}): number {
    return this.#quantity(key, range, SIZE);
  }

  /** A function. */
  // biome-ignore lint/suspicious/noExplicitAny: the caller knows the signature; only "is a function" can be checked.
  function<T extends (...args: any[]) => unknown>(
    key: string,
    presence: Presence<T> = {},
  ): T | undefined {
    const value = this.#values[key];
    if (typeof value === "function") return value as T;
    if (!this.#missing(key, presence, "a function")) this.problem(key, "a function");
    return own(presence).default;
  }

  /** A non-empty list of distinct non-empty strings; a single string is a list of one. Frozen. */
  strings(key: string, presence: Presence<readonly string[]> = {}): readonly string[] | undefined {
    const must = "a non-empty string or a list of them";
    const value = this.#values[key];
    if (value === undefined) {
      this.#missing(key, presence, must);
      return own(presence).default;
    }
    const list = Array.isArray(value) ? [...value] : [value];
    if (list.length === 0) this.note(key, `must be ${must}, got an empty list`);
    list.forEach((item: unknown, index) => {
      if (typeof item !== "string" || item === "") {
        this.note(
          Array.isArray(value) ? `${key}[${index}]` : key,
          `must be a non-empty string, got ${describeValue(item)}`,
        );
      } else if (list.indexOf(item) !== index) {
        this.note(`${key}[${index}]`, "must not repeat an earlier entry");
      }
    });
    return Object.freeze(list.filter((item): item is string => typeof item === "string"));
  }

  /** Nested options, or `undefined` when left out. */
  object(key: string, keys: readonly string[], peers: PeerNames = {}): OptionsReader | undefined {
    const value = this.#values[key];
    if (value === undefined) return undefined;
    return this.nested(key, value, keys, peers);
  }

  /** A non-empty list of nested options. */
  objects(
    key: string,
    keys: readonly string[],
    peers: PeerNames = {},
  ): readonly OptionsReader[] | undefined {
    const value = this.#values[key];
    if (value === undefined) return undefined;
    if (!Array.isArray(value) || value.length === 0) {
      this.problem(key, "a non-empty list of options objects");
      return [];
    }
    // `Array.from` visits the holes of a sparse list too.
    return Array.from(value, (item, index) => this.nested(`${key}[${index}]`, item, keys, peers));
  }

  /** A reader for a value that stands at `key` of these options. */
  nested(
    key: string,
    value: unknown,
    keys: readonly string[],
    peers: PeerNames = {},
  ): OptionsReader {
    return new OptionsReader(this.#pathOf(key), value ?? null, keys, peers, this.#problems);
  }

  #pathOf(key: string): string {
    return key === "" ? this.path : `${this.path}.${key}`;
  }

  #missing(key: string, presence: Presence<unknown>, must: string): boolean {
    if (this.#values[key] !== undefined) return false;
    if (own(presence).required === true) {
      this.note(key, `must be ${must}, got undefined: it is required`);
    }
    return true;
  }

  #unknownKey(key: string, keys: readonly string[], peers: PeerNames): void {
    const renamed = Object.hasOwn(peers, key) ? peers[key] : undefined;
    const meant = renamed ?? closest(key, keys);
    const name = JSON.stringify(key.slice(0, 40));
    const fix =
      meant === undefined ? `known options are ${keys.join(", ")}` : `did you mean "${meant}"?`;
    this.#problems.push(`${this.path} must not have an option ${name}: ${fix}`);
  }

  #number(key: string, range: Range<number>, whole: boolean): number {
    const { min = 0, max = Number.MAX_SAFE_INTEGER, default: fallback = min } = own(range);
    const must = `a ${whole ? "whole " : ""}number from ${min} to ${max}`;
    const value = this.#values[key];
    if (this.#missing(key, range, must)) return fallback;
    const fits = whole ? Number.isSafeInteger(value) : Number.isFinite(value);
    if (typeof value === "number" && fits && value >= min && value <= max) return value;
    this.problem(key, must);
    return fallback;
  }

  #quantity(key: string, range: Range<number>, kind: QuantityKind): number {
    const { min = 1, max = Number.MAX_SAFE_INTEGER, default: fallback = min } = own(range);
    const value = this.#values[key];
    const between =
      max === Number.MAX_SAFE_INTEGER
        ? `of at least ${kind.format(min)}`
        : `from ${kind.format(min)} to ${kind.format(max)}`;
    const must = `${kind.name} ${between}, such as ${kind.example}`;
    if (this.#missing(key, range, must)) return fallback;
    const parsed = typeof value === "string" ? kind.parse(value) : undefined;
    if (parsed !== undefined && parsed >= min && parsed <= max) return parsed;
    if (typeof value === "number" && Number.isSafeInteger(value) && value > 0) {
      this.problem(key, must, `a bare number has no unit, write "${kind.format(value)}"`);
    } else if (typeof value === "string" && /^[\d.]{1,15} ?[A-Za-z]{0,7}$/.test(value)) {
      // Only a string that looks like a quantity is printed: anything else may be a secret.
      this.note(key, `must be ${must}, got "${value}"`);
    } else {
      this.problem(key, must);
    }
    return fallback;
  }
}

/** Own members only: a polluted `Object.prototype` must not supply a default, a range or a condition. */
function own<T extends object>(bag: T): T {
  return Object.assign(Object.create(null) as T, bag);
}
