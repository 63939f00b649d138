import { describe, expect, it } from "vitest";
import { TokenCache } from "./token-cache.js";

describe("the token cache", () => {
  it("keeps as many keys in turn as half of its size, for ever", () => {
    const cache = new TokenCache<number>(2000);
    for (let turn = 0; turn < 5; turn += 1) {
      for (let key = 0; key < 1000; key += 1) {
        if (turn === 0) cache.set(String(key), key);
        else expect(cache.get(String(key))).toBe(key);
      }
    }
  });

  it("never holds more than its size, and forgets what was not used for longest", () => {
    const cache = new TokenCache<number>(10);
    for (let key = 0; key < 1000; key += 1) {
      cache.set(String(key), key);
      cache.get("0");
    }
    const held = Array.from({ length: 1000 }, (_, key) => cache.get(String(key)) !== undefined);
    expect(held.filter(Boolean).length).toBeLessThanOrEqual(10);
    expect([held[0], held[1], held[999]]).toEqual([true, false, true]);
  });

  it("forgets what is deleted, also from its older half", () => {
    const cache = new TokenCache<number>(4);
    for (const key of [1, 2, 3]) cache.set(String(key), key);
    cache.delete("1");
    cache.delete("3");
    expect([1, 2, 3].map((key) => cache.get(String(key)))).toEqual([undefined, 2, undefined]);
  });
});
