import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { KeyTable } from "./key-table.js";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

describe("the table of the keys of a policy", () => {
  it("never hold more keys than allowed, and one shared one", () => {
    const times = new KeyTable<number>(100, (time) => time);
    for (let index = 0; index < 10_000; index += 1) {
      times.set(times.slotFor(`key ${index}`, 0), 1000, 0);
    }
    expect(times.size).toBe(101);
  });

  it("keep every entry in force when they are full, and count new keys together", () => {
    const times = new KeyTable<number>(3, (time) => time);
    for (const key of ["a", "b", "c"]) times.set(times.slotFor(key, 0), 1000, 0);
    const slot = times.slotFor("d", 500);
    expect(slot).not.toBe("d");
    expect(times.slotFor("e", 500)).toBe(slot);
    times.set(slot, 2000, 500);
    for (const key of ["a", "b", "c"]) {
      expect(times.slotFor(key, 500)).toBe(key);
      expect(times.get(key)).toBe(1000);
    }
  });

  it("give new keys their own entry again once others have expired", () => {
    const times = new KeyTable<number>(3, (time) => time);
    for (const key of ["a", "b", "c"]) times.set(times.slotFor(key, 0), 1000, 0);
    expect(times.slotFor("d", 999)).not.toBe("d");
    expect(times.slotFor("d", 1000)).toBe("d");
  });

  it("forget only what has expired", () => {
    const times = new KeyTable<number>(1_000_000, (time) => time);
    times.set("long", 1_000_000, 0);
    for (let now = 1; now <= 20_000; now += 1) times.set(`short ${now}`, now + 10, now);
    expect(times.get("long")).toBe(1_000_000);
    // 11 entries are in force at any time; the sweep may lag behind by a few.
    expect(times.size).toBeLessThan(40);
  });

  it("take at most 100 bytes per address", () => {
    const times = new KeyTable<number>(200_000, (time) => time);
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    for (let index = 0; index < 100_000; index += 1) {
      const address = `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;
      times.set(address, 1e12 + index, 0);
    }
    collectGarbage();
    const perKey = (process.memoryUsage().heapUsed - before) / 100_000;
    expect(times.size).toBe(100_000);
    expect(perKey).toBeLessThan(100);
  });

  it("leave room for others when one network rotates through two million addresses", () => {
    const maxKeys = 20_000;
    const times = new KeyTable<number>(maxKeys, (time) => time);
    const charge = (key: string): string => {
      const slot = times.slotFor(key, 0);
      times.set(slot, 1e12, 0);
      return slot;
    };
    const slots = new Set<string>();
    for (let index = 0; index < 2_000_000; index += 1) {
      const slot = charge(
        `2001:db8:7:${(index >> 16).toString(16)}:${(index & 65_535).toString(16)}:1:2:3`,
      );
      if (index % 1000 === 0 && index > maxKeys) slots.add(slot);
    }
    expect(times.size).toBeLessThanOrEqual(maxKeys / 2 + 1);
    // The rest of its addresses have one count together.
    expect(slots.size).toBe(1);
    const others = [
      ...Array.from({ length: 4000 }, (_, index) => `10.0.${index >> 8}.${index & 255}`),
      ...Array.from({ length: 4000 }, (_, index) => `2001:db8:${(index + 256).toString(16)}::`),
      ...Array.from({ length: 900 }, (_, index) => `=customer ${index}`),
    ];
    // A network may share the counter of the crowded one, by chance: one in 4,096.
    expect(others.filter((key) => charge(key) !== key).length).toBeLessThan(12);
    expect(times.size).toBeLessThanOrEqual(maxKeys);
  });

  it("read the network of an address in its short spelling as in the long one", () => {
    const times = new KeyTable<number>(32, (time) => time);
    for (let index = 0; index < 16; index += 1) times.set(`2001:db8:0:${index + 1}::`, 1000, 0);
    for (const key of ["2001:db8::", "2001:db8:0:ff::", "2001:db8:0:1:2:3:4:5"]) {
      expect(times.slotFor(key, 0)).toBe("*8193:3512:0");
    }
    for (const key of ["2001::", "::", "2001:db8:1::", "=2001:db8:0:ff::", "unknown", "1.2.3.4"]) {
      expect(times.slotFor(key, 0)).toBe(key);
    }
  });

  it("give a network its own entries again once others of it have expired", () => {
    const times = new KeyTable<number>(32, (time) => time);
    for (let index = 0; index < 16; index += 1) times.set(`2001:db8:0:${index + 1}::`, 1000, 0);
    expect(times.slotFor("2001:db8:0:99::", 999)).not.toBe("2001:db8:0:99::");
    expect(times.slotFor("2001:db8:0:99::", 1000)).toBe("2001:db8:0:99::");
    times.set("2001:db8:0:99::", 2000, 1000);
    expect(times.size).toBe(1);
  });

  it("do not keep the header alive that a key was cut from", () => {
    const times = new KeyTable<number>(20_000, (time) => time);
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    for (let index = 0; index < 2000; index += 1) {
      const header = Buffer.from(`${index} 2001:db8::1 ${"x".repeat(16_000)}`, "latin1").toString(
        "latin1",
      );
      times.set(header.slice(0, 17), 1e12, 0);
    }
    collectGarbage();
    // 2,000 headers of 16 kb would be 32 MB.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(4_000_000);
  });

  it("tell keys apart that differ in a lone surrogate only", () => {
    const times = new KeyTable<number>(10, (time) => time);
    times.set("=a\ud800", 1000, 0);
    expect(times.get("=a\ud800")).toBe(1000);
    expect(times.get("=a\ud801")).toBe(undefined);
    expect(times.get("=a\ufffd")).toBe(undefined);
  });
});
