/** The names of all options, also where `Options` is a union. */
export type OptionKey<Options> = Options extends unknown ? keyof Options & string : never;

/**
 * All names of an interface of options, each exactly once. `"neverUndefined"` marks a key, a check, a restriction or a
 * store: given as `undefined` it is an unset variable, and leaving it out would quietly take a protection away.
 */
export type OptionKeys<Options> = {
  readonly [Key in OptionKey<Options>]: true | "neverUndefined";
};

/**
 * For names that other packages use: the name of ours, with a dot for a nested one (`"keys.cooldown"`), or a sentence
 * (whatever holds a blank). A name is given only where the same value means the same or less is let through; where it
 * would mean the opposite, a sentence says what to write and what happens then.
 */
export type Hints<Options> = Readonly<Record<string, OptionPath<Options> | Sentence>>;

type Sentence = `${string} ${string}`;

type OptionPath<Options> =
  | OptionKey<Options>
  | {
      [Key in OptionKey<Options>]: `${Key}.${NestedKey<Member<Options, Key>>}`;
    }[OptionKey<Options>];

type Member<Options, Key> = Options extends unknown
  ? Key extends keyof Options
    ? Options[Key]
    : never
  : never;

/** Distributes over the member's union: `false | HelmetOverrides | undefined` has the names of `HelmetOverrides`. */
type NestedKey<Value> = Value extends string | number | boolean | readonly unknown[]
  ? never
  : Value extends (...args: never) => unknown
    ? never
    : Value extends object
      ? keyof Value & string
      : never;

/** When an option may be left out. */
export interface Presence<T> {
  /** Whether leaving the option out is a problem. @default false */
  readonly required?: boolean;
  /** Taken when the option is left out. */
  readonly default?: T;
}

/** Defaults and bounds are written as users write them: numbers as numbers, durations as `"15m"`. */
export interface Range<T> extends Presence<T> {
  /** The smallest value allowed, itself included. */
  readonly min?: T;
  /** The largest value allowed, itself included. */
  readonly max?: T;
  /** What it must be a multiple of. Hints keep to it; whoever reads the option checks it. */
  readonly step?: T;
}

/** What a list of strings must be. */
export interface StringList extends Presence<readonly string[]> {
  /** What is wrong with an entry, as the rest of a sentence. Asked about non-empty entries, once about each. */
  readonly check?: (entry: string) => string | undefined;
  /** What to write in place of an entry that is no string, as the rest of a sentence. */
  readonly instead?: string;
}
