import { hash } from "node:crypto";
import { compact } from "../../../core/quota/key-table.js";
import { KeyGenerations, type Worth } from "./key-generations.js";

/** When what was counted of a key is due. */
export interface WindowLimits {
  /** In milliseconds, of at least 2. */
  readonly windowMs: number;
  /** So many occurrences. */
  readonly threshold: number;
  /** And so many different things among them, where that matters. */
  readonly spread: number | undefined;
  /** For so many milliseconds a key that was due is not due again. */
  readonly cooldownMs: number;
  /** So many keys are told apart. */
  readonly keys: number;
}

/** What was counted of a key that is due. Times are on the clock of the caller. */
export interface Due {
  readonly count: number;
  /** How many different things, as far as they were told apart; 0 where that does not matter. */
  readonly distinct: number;
  readonly first: number;
  /** The last notes, at most five. */
  readonly notes: readonly string[];
  /** In place of the cool-down, when nobody could be told: then the key is due again. */
  readonly quietUntil: (time: number) => void;
}

interface Entry {
  /** The half of a window in which the last occurrence was, by its number. */
  half: number;
  current: number;
  previous: number;
  /** When the first occurrence of each half was. */
  currentFirst: number;
  previousFirst: number;
  currentThings: Set<string> | undefined;
  previousThings: Set<string> | undefined;
  /** Things of the previous half that are not in the current one. */
  others: number;
  quietUntil: number;
  notes: string[];
}

const MAX_NOTES = 5;
/** What is longer is kept as a digest. */
const MAX_THING_LENGTH = 64;
const MAX_KEY_LENGTH = 256;
/** Of all keys together, so many things are kept. */
const MAX_THINGS = 200_000;
const FEWEST_KEYS = 100;

/**
 * Counts occurrences by key in a window that slides by halves: what counts is the current half and the one before it.
 *
 * So a key is never due unless `threshold` occurrences lie within one window, and always when they lie within half of
 * one; in between it depends on where the halves begin. The same is true of the different things, where `spread` is
 * given. A key that was forgotten for want of room begins anew.
 */
export class WindowCounter {
  readonly #limits: WindowLimits;
  readonly #halfMs: number;
  readonly #entries: KeyGenerations<Entry>;

  constructor(limits: WindowLimits) {
    this.#limits = limits;
    this.#halfMs = limits.windowMs / 2;
    // Two halves of as many things as are told apart.
    const room = limits.spread === undefined ? limits.keys : MAX_THINGS / (2 * limits.spread);
    const keys = Math.max(FEWEST_KEYS, Math.min(limits.keys, Math.floor(room)));
    this.#entries = new KeyGenerations(keys, (entry, now) => this.#worthOf(entry, now));
  }

  /** How many keys are held. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * @param now - In milliseconds, on a clock that never goes back.
   * @param note - Kept of the last occurrences, to be told with them.
   * @param thing - What is told apart.
   * @returns What was counted, if the key is due.
   */
  count(name: string, now: number, note: string | undefined, thing = ""): Due | undefined {
    const key = name.length > MAX_KEY_LENGTH ? hash("sha256", name, "base64url") : name;
    const half = Math.floor(now / this.#halfMs);
    const entry = this.#entries.get(key, now) ?? this.#add(key, half, now);
    if (entry.half !== half) turn(entry, half);
    if (entry.current === 0) entry.currentFirst = now;
    entry.current += 1;
    const { threshold, spread, cooldownMs } = this.#limits;
    if (spread !== undefined) addThing(entry, thing, spread);
    const count = entry.current + entry.previous;
    // A flood of keys that occur once costs no notes.
    if (note !== undefined && count > threshold - MAX_NOTES) addNote(entry, note);
    const distinct = spread === undefined ? 0 : (entry.currentThings?.size ?? 0) + entry.others;
    if (count < threshold || distinct < (spread ?? 0) || now < entry.quietUntil) return undefined;
    entry.quietUntil = now + cooldownMs;
    const first = entry.previous > 0 ? entry.previousFirst : entry.currentFirst;
    const quietUntil = (time: number): void => {
      entry.quietUntil = time;
    };
    return { count, distinct, first, notes: [...entry.notes], quietUntil };
  }

  #add(key: string, half: number, now: number): Entry {
    const entry: Entry = {
      half,
      current: 0,
      previous: 0,
      currentFirst: now,
      previousFirst: now,
      currentThings: undefined,
      previousThings: undefined,
      others: 0,
      quietUntil: Number.NEGATIVE_INFINITY,
      notes: [],
    };
    this.#entries.add(compact(key), entry, now);
    return entry;
  }

  #worthOf(entry: Entry, now: number): Worth {
    // Forgotten while it is quiet, it would be due again at once.
    if (now < entry.quietUntil) return 2;
    const halves = Math.floor(now / this.#halfMs) - entry.half;
    if (halves > 1) return 0;
    const count = entry.current + (halves === 0 ? entry.previous : 0);
    if (count < 2) return 0;
    return 2 * count >= this.#limits.threshold ? 2 : 1;
  }
}

function turn(entry: Entry, half: number): void {
  const isNext = half === entry.half + 1;
  entry.previous = isNext ? entry.current : 0;
  entry.previousFirst = entry.currentFirst;
  entry.previousThings = isNext ? entry.currentThings : undefined;
  entry.others = entry.previousThings?.size ?? 0;
  entry.current = 0;
  entry.currentThings = undefined;
  entry.half = half;
  if (!isNext) entry.notes.length = 0;
}

function addThing(entry: Entry, thing: string, most: number): void {
  const text =
    thing.length > MAX_THING_LENGTH ? hash("sha256", thing, "base64url") : compact(thing);
  entry.currentThings ??= new Set();
  // Beyond that it makes no difference.
  if (entry.currentThings.size >= most || entry.currentThings.has(text)) return;
  entry.currentThings.add(text);
  if (entry.previousThings?.has(text) === true) entry.others -= 1;
}

function addNote(entry: Entry, note: string): void {
  if (entry.notes.length >= MAX_NOTES) entry.notes.shift();
  entry.notes.push(note);
}
