import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WindowCounter, type WindowLimits } from "./window-counter.js";

const limits: WindowLimits = {
  windowMs: 1000,
  threshold: 3,
  spread: undefined,
  cooldownMs: 0,
  keys: 100,
};

interface Occurrence {
  readonly key: string;
  readonly after: number;
  readonly thing: string;
}

const occurrences = fc.array(
  fc.record({
    key: fc.constantFrom("a", "b"),
    after: fc.nat(300),
    thing: fc.constantFrom("x", "y", "z", "w"),
  }),
  { maxLength: 60 },
);

/** Plays the occurrences to a counter and, one by one, to a model that forgets nothing. */
function play(
  counter: WindowCounter,
  given: readonly Occurrence[],
  judge: (isDue: boolean, inWindow: readonly Occurrence[], inHalf: readonly Occurrence[]) => void,
): void {
  const seen: (Occurrence & { readonly at: number })[] = [];
  let now = 12_345;
  for (const occurrence of given) {
    now += occurrence.after;
    seen.push({ ...occurrence, at: now });
    const due = counter.count(occurrence.key, now, "id", occurrence.thing);
    const ofKey = seen.filter(({ key }) => key === occurrence.key);
    judge(
      due !== undefined,
      ofKey.filter(({ at }) => at > now - limits.windowMs),
      ofKey.filter(({ at }) => at > now - limits.windowMs / 2),
    );
  }
}

const different = (given: readonly Occurrence[]) => new Set(given.map(({ thing }) => thing)).size;

describe("a counter over a window", () => {
  it("is never due below the threshold within a window, and always at it within half of one", () => {
    fc.assert(
      fc.property(occurrences, (given) => {
        play(new WindowCounter(limits), given, (isDue, inWindow, inHalf) => {
          if (isDue) expect(inWindow.length).toBeGreaterThanOrEqual(3);
          if (inHalf.length >= 3) expect(isDue).toBe(true);
        });
      }),
      { numRuns: 300 },
    );
  });

  it("counts different things by the same rule", () => {
    fc.assert(
      fc.property(occurrences, (given) => {
        const counter = new WindowCounter({ ...limits, spread: 3 });
        play(counter, given, (isDue, inWindow, inHalf) => {
          if (isDue) expect(different(inWindow)).toBeGreaterThanOrEqual(3);
          if (different(inHalf) >= 3) expect(isDue).toBe(true);
        });
      }),
      { numRuns: 300 },
    );
  });

  it("needs both where there is a threshold and a spread", () => {
    const counter = new WindowCounter({ ...limits, threshold: 4, spread: 2 });
    const due = ["x", "x", "x", "x", "y"].map((thing) => counter.count("a", 0, "", thing));
    expect(due.map((one) => one !== undefined)).toEqual([false, false, false, false, true]);
    expect(due.at(-1)).toMatchObject({ count: 5, distinct: 2 });
  });

  it("says when the first one was and what the last five notes are", () => {
    const counter = new WindowCounter({ ...limits, threshold: 7 });
    let due: unknown;
    for (let n = 1; n <= 7; n += 1) due = counter.count("a", 2000 + n, `note ${n}`);
    expect(due).toMatchObject({
      count: 7,
      distinct: 0,
      first: 2001,
      notes: ["note 3", "note 4", "note 5", "note 6", "note 7"],
    });
  });

  it("is quiet about a key for its cool-down, and about no other", () => {
    const counter = new WindowCounter({ ...limits, threshold: 1, cooldownMs: 5000 });
    expect(counter.count("a", 0, "")).toBeDefined();
    expect(counter.count("b", 0, "")).toBeDefined();
    expect(counter.count("a", 4999, "")).toBeUndefined();
    expect(counter.count("a", 5000, "")).toBeDefined();
  });

  it("tells long things apart that begin alike", () => {
    const counter = new WindowCounter({ ...limits, threshold: 2, spread: 2 });
    const long = "x".repeat(5000);
    expect(counter.count("a", 0, "", `${long}1`)).toBeUndefined();
    expect(counter.count("a", 0, "", `${long}1`)).toBeUndefined();
    expect(counter.count("a", 0, "", `${long}2`)).toBeDefined();
  });

  it("holds no more keys than it is told, whatever comes", () => {
    const counter = new WindowCounter({ ...limits, windowMs: 1e9, threshold: 2, keys: 10_000 });
    for (let n = 0; n < 2_000_000; n += 1) counter.count(`key ${n}`, 0, "");
    expect(counter.size).toBeLessThanOrEqual(10_000);
  });

  it("forgets no key that has occurred twice while keys flood it that occur once", () => {
    const counter = new WindowCounter({ ...limits, windowMs: 1e9, threshold: 10, keys: 1000 });
    for (let n = 0; n < 9; n += 1) expect(counter.count("hot", 0, "")).toBeUndefined();
    for (let n = 0; n < 50_000; n += 1) counter.count(`key ${n}`, 0, "");
    expect(counter.count("hot", 0, "")).toBeDefined();
  });

  it("counts a slow key on, as long as fewer new keys come between than it has room for", () => {
    const counter = new WindowCounter({ ...limits, windowMs: 1e9, threshold: 10, keys: 1000 });
    const drip = (between: number): boolean[] =>
      Array.from({ length: 10 }, (_, turn) => {
        // Each of them as often as makes it worth keeping.
        for (let n = 0; n < between; n += 1)
          for (let twice = 0; twice < 2; twice += 1)
            counter.count(`${between} ${turn} ${n}`, 0, "");
        return counter.count(`slow ${between}`, 0, "") !== undefined;
      });
    expect(drip(200).at(-1)).toBe(true);
    // Documented: a flood as large as that hides it.
    expect(drip(5000)).not.toContain(true);
  });

  it("forgets no key that is quiet, even while keys flood it that occur often", () => {
    const counter = new WindowCounter({ ...limits, windowMs: 1e9, cooldownMs: 1e9, keys: 1000 });
    for (let n = 0; n < 3; n += 1) counter.count("told", 0, "");
    for (let n = 0; n < 20_000; n += 1) {
      counter.count(`key ${n}`, 0, "");
      counter.count(`key ${n}`, 0, "");
      // Whoever is still active is asked for now and then.
      if (n % 200 === 0) expect(counter.count("told", 0, "")).toBeUndefined();
    }
    expect(counter.count("told", 0, "")).toBeUndefined();
  });

  it("holds fewer keys where many things are told apart", () => {
    const counter = new WindowCounter({ ...limits, threshold: 1000, spread: 1000, keys: 10_000 });
    for (let n = 0; n < 20_000; n += 1) counter.count(`key ${n}`, 0, "", "x");
    expect(counter.size).toBeLessThanOrEqual(100);
  });
});
