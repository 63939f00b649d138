import { AsyncLocalStorage } from "node:async_hooks";
import { MemoryStore as Theirs } from "express-rate-limit";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { OptionsError } from "../../../core/options/options-error.js";
import { MemoryStore } from "./memory-store.js";

const DAY = 86_400_000;

function storeOf(windowMs: number, maxKeys?: number): MemoryStore {
  const store = new MemoryStore({ maxKeys });
  store.init({ windowMs });
  return store;
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date", "performance"] });
});

afterEach(() => {
  vi.useRealTimers();
});

describe("MemoryStore", () => {
  it("counts as that of express-rate-limit does", async () => {
    const act = fc.record({
      name: fc.constantFrom("increment", "increment", "decrement", "get", "resetKey"),
      key: fc.constantFrom("a", "b", "c"),
      wait: fc.integer({ min: 0, max: 700 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(act, { maxLength: 40 }), async (acts) => {
        const theirs = new Theirs();
        theirs.init({ windowMs: 1000 } as never);
        const ours = storeOf(1000);
        for (const { name, key, wait } of acts) {
          vi.advanceTimersByTime(wait);
          const method = name as "increment" | "decrement" | "get" | "resetKey";
          // There, taking back what was never counted begins a window.
          if (name === "decrement" && (await ours.get(key)) === undefined) continue;
          const found = await ours[method](key);
          const expected = await theirs[method](key);
          if (name === "increment") expect(found).toEqual(expected);
          if (name === "get") expect(found?.totalHits ?? 0).toBe(expected?.totalHits ?? 0);
        }
        theirs.shutdown();
      }),
      { numRuns: 200 },
    );
  });

  it("forgets no count before a window of 60 days is over, and every count then", async () => {
    const store = storeOf(60 * DAY);
    store.hit("a");
    vi.advanceTimersByTime(60 * DAY - 1);
    expect(store.hit("a").totalHits).toBe(2);
    vi.advanceTimersByTime(1);
    expect(store.hit("a").totalHits).toBe(1);
  });

  it("keeps no more than maxKeys keys, and counts the others together until there is room", async () => {
    const store = storeOf(1000, 3);
    for (const key of ["a", "b", "c"]) expect(store.hit(key).exhausted).toBe(false);
    expect(store.hit("d")).toMatchObject({ totalHits: 1, exhausted: true });
    expect(store.hit("e")).toMatchObject({ totalHits: 2, exhausted: true });
    expect(store.hit("a")).toMatchObject({ totalHits: 2, exhausted: false });
    await store.decrement("e");
    expect(store.hit("f")).toMatchObject({ totalHits: 2, exhausted: true });
    vi.advanceTimersByTime(1000);
    expect(store.hit("d")).toMatchObject({ totalHits: 1, exhausted: false });
  });

  it("takes a bounded memory of clients that rotate their addresses", () => {
    const store = storeOf(1000, 1000);
    for (let n = 0; n < 200_000; n += 1) {
      store.hit(`2001:db8:${(n >> 8).toString(16)}:${(n & 255).toString(16)}00::/56`);
      if (n % 500 === 0) vi.advanceTimersByTime(400);
    }
    let kept = 0;
    for (let n = 0; n < 2000; n += 1) if (!store.hit(`new ${n}`).exhausted) kept += 1;
    expect(kept).toBeLessThanOrEqual(1000);
  });

  it("keeps long keys as digests, and apart from what looks like one", async () => {
    const store = storeOf(1000);
    const long = "x".repeat(1_000_000);
    expect(store.hit(long).totalHits).toBe(1);
    expect(store.hit(long).totalHits).toBe(2);
    expect(store.hit(`${long}y`).totalHits).toBe(1);
    expect((await store.get(long))?.totalHits).toBe(2);
    await store.resetKey(long);
    expect(await store.get(long)).toBeUndefined();
  });

  it("holds no timer, and no context of a request", async () => {
    const timers = vi.spyOn(globalThis, "setInterval");
    const timeouts = vi.spyOn(globalThis, "setTimeout");
    const storage = new AsyncLocalStorage<object>();
    const store = storage.run({}, () => storeOf(1000));
    storage.run({}, () => store.hit("a"));
    expect(timers).not.toHaveBeenCalled();
    expect(timeouts).not.toHaveBeenCalled();
  });

  it("forgets everything when it is told to", async () => {
    const store = storeOf(1000, 1);
    for (const forget of [() => store.resetAll(), () => store.shutdown()]) {
      store.hit("a");
      store.hit("b");
      await forget();
      expect(await store.get("a")).toBeUndefined();
      expect(store.hit("b").totalHits).toBe(1);
      await store.resetAll();
    }
  });

  it("gives copies: what an app writes to them changes no count", async () => {
    const store = storeOf(1000);
    await store.increment("a");
    const info = await store.get("a");
    if (info?.resetTime === undefined) throw new Error("no count");
    info.totalHits = 100;
    info.resetTime.setTime(0);
    expect(await store.increment("a")).toMatchObject({ totalHits: 2 });
    expect((await store.get("a"))?.resetTime).toEqual(new Date(Date.now() + 1000));
  });

  it.each([0, -1, 1.5, Number.NaN, "5", 10_000_001])("refuses maxKeys: %s", (maxKeys) => {
    expect(() => new MemoryStore({ maxKeys: maxKeys as number })).toThrow(OptionsError);
  });

  it("does not go with the clock of the machine", () => {
    const store = storeOf(60_000);
    store.hit("a");
    vi.setSystemTime(Date.now() + DAY);
    expect(store.hit("a").totalHits).toBe(2);
    vi.setSystemTime(Date.now() - 2 * DAY);
    vi.advanceTimersByTime(60_000);
    expect(store.hit("a").totalHits).toBe(1);
  });
});
