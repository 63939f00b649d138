import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RepeatCounter, type Repeats } from "./repeat-counter.js";

const limits = { fullPerKey: 3, full: 8, keys: 4 };

/** A counter whose minutes end when the test says so. */
function newCounter() {
  const told: Repeats<string>[] = [];
  const timers: (() => void)[] = [];
  const counter = new RepeatCounter<string>(
    (repeats) => told.push(repeats),
    limits,
    (_milliseconds, callback) => void timers.push(callback),
  );
  let full = 0;
  function count(key: string, at = 0, shared = "shared"): boolean {
    const counted = counter.count({
      key,
      what: () => key,
      sharedKey: shared,
      sharedWhat: () => shared,
      at,
    });
    if (!counted) full += 1;
    return counted;
  }
  return { counter, told, timers, count, full: () => full };
}

describe("a counter of repetitions", () => {
  it("lets the first ones of a key through, and tells the others when the minute ends", () => {
    const { told, timers, count } = newCounter();
    expect([5, 1, 9, 7, 2, 8].map((at) => count("a", at))).toEqual([
      false,
      false,
      false,
      true,
      true,
      true,
    ]);
    expect(told).toEqual([]);
    timers[0]?.();
    expect(told).toEqual([{ what: "a", count: 3, first: 2, last: 8 }]);
  });

  it("begins anew after a minute, and takes no timer while there is nothing to tell", () => {
    const { told, timers, count } = newCounter();
    expect(timers).toHaveLength(0);
    for (let index = 0; index < 4; index += 1) count("a");
    expect(timers).toHaveLength(1);
    timers[0]?.();
    expect(timers).toHaveLength(1);
    expect(count("a")).toBe(false);
    expect(timers).toHaveLength(2);
    expect(told).toHaveLength(1);
  });

  it("is not ended by the timer of a minute that was told before its end", () => {
    const { counter, told, timers, count } = newCounter();
    for (let index = 0; index < 4; index += 1) count("a");
    counter.flush();
    for (let index = 0; index < 5; index += 1) count("b");
    timers[0]?.();
    expect(told.map(({ what }) => what)).toEqual(["a"]);
    timers[1]?.();
    expect(told.map(({ what }) => what)).toEqual(["a", "b"]);
  });

  it("counts together what does not fit", () => {
    const { told, timers, count } = newCounter();
    for (let index = 0; index < 100; index += 1) count(`key ${index}`);
    timers[0]?.();
    expect(told).toEqual([{ what: "shared", count: 93, first: 0, last: 0 }]);
  });

  it("leaves no listener of exit behind", () => {
    const before = process.listenerCount("exit");
    const { timers, count } = newCounter();
    count("a");
    timers[0]?.();
    expect(process.listenerCount("exit")).toBe(before);
  });

  it("tells the rest when it is asked again while it tells", () => {
    const told: string[] = [];
    const counter: RepeatCounter<string> = new RepeatCounter(
      ({ what }) => {
        counter.flush();
        told.push(what);
      },
      { fullPerKey: 0, full: 0, keys: 9 },
      () => undefined,
    );
    for (const key of ["a", "b", "c"])
      counter.count({ key, what: () => key, sharedKey: "", sharedWhat: () => "", at: 0 });
    counter.flush();
    expect(told.sort()).toEqual(["a", "b", "c"]);
  });

  it("loses and invents nothing, and stays in its bounds, whatever comes in whatever order", () => {
    const step = fc.oneof(
      { weight: 20, arbitrary: fc.tuple(fc.nat(12), fc.nat(1), fc.nat(1000)) },
      { weight: 1, arbitrary: fc.constant("minute" as const) },
      { weight: 1, arbitrary: fc.constant("flush" as const) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const { counter, told, timers, count, full } = newCounter();
        let requests = 0;
        let before = { told: 0, full: 0 };
        const end = (): void => {
          // Of one minute: keys, and one more for each event that they share.
          expect(told.length - before.told).toBeLessThanOrEqual(limits.keys + 2);
          expect(full() - before.full).toBeLessThanOrEqual(limits.full);
          before = { told: told.length, full: full() };
        };
        for (const one of steps) {
          if (one === "flush") counter.flush();
          else if (one === "minute") timers.at(-1)?.();
          else {
            const [key, shared, at] = one;
            count(`key ${key}`, at, `shared ${shared}`);
            requests += 1;
            continue;
          }
          end();
        }
        counter.flush();
        end();
        const counted = told.reduce((sum, repeats) => sum + repeats.count, 0);
        expect(full() + counted).toBe(requests);
        for (const { count: times, first, last } of told) {
          expect(times).toBeGreaterThan(0);
          expect(first).toBeLessThanOrEqual(last);
        }
      }),
    );
  });
});
