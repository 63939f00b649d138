import { MemoryStore } from "express-rate-limit";
import flexible from "rate-limiter-flexible";
import { requireInternal } from "./library.mjs";

const { MemoryEngine } = await requireInternal("rate-limit/algorithms/memory-engine.js");
const { readSettings } = await requireInternal("rate-limit/read-settings.js");

const KEYS = 100_000;
const WINDOW_MS = 3_600_000;

/** Bytes that one client costs while its quota is in use, beside those of the peers. Needs `--expose-gc`. */
export async function measureKeySizes() {
  const own = await bytesPerKey(() => {
    const { policies, maxKeys } = readSettings({ limit: 100, window: "1h" }, false);
    const engine = new MemoryEngine(policies, maxKeys);
    return {
      held: engine,
      count: (key) => engine.consume([{ policy: policies[0], key, cost: 1 }]),
    };
  });
  const express = await bytesPerKey(() => {
    const store = new MemoryStore();
    store.init({ windowMs: WINDOW_MS });
    return { held: store, count: (key) => store.increment(key), end: () => store.shutdown() };
  });
  const other = await bytesPerKey(() => {
    const limiter = new flexible.RateLimiterMemory({ points: 100, duration: WINDOW_MS / 1000 });
    return { held: limiter, count: (key) => limiter.consume(key) };
  });
  const row = (name, bytes) => ({ name, otherBytes: bytes, ratio: own / bytes });
  return {
    bytes: own,
    rows: [row("express-rate-limit", express), row("rate-limiter-flexible", other)],
  };
}

async function bytesPerKey(create) {
  const { held, count, end } = create();
  // What the first key brings along is no cost of a key.
  await count("192.0.2.1");
  globalThis.gc();
  const before = process.memoryUsage().heapUsed;
  for (let index = 0; index < KEYS - 1; index += 1) {
    await count(`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`);
  }
  globalThis.gc();
  const bytes = (process.memoryUsage().heapUsed - before) / KEYS;
  end?.();
  if (held === undefined) throw new Error("nothing was held");
  return bytes;
}
