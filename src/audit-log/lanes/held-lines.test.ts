import { describe, expect, it } from "vitest";
import { HeldLines } from "./held-lines.js";

describe("lines that share a write", () => {
  it("keep those that are there when one comes for which there is no room", () => {
    const held = new HeldLines();
    const long = "\u4e16".repeat(30_000);
    held.add("first");
    expect(held.isFullFor(long)).toBe(true);
    held.add(long);
    held.add("last");
    expect(held.count).toBe(3);
    expect(held.bytes.toString()).toBe(`first\n${long}\nlast\n`);
  });

  it("are none after they were cleared", () => {
    const held = new HeldLines();
    held.add("a");
    held.clear();
    expect([held.count, held.bytes.length, held.isFullFor("x".repeat(90_000))]).toEqual([
      0,
      0,
      false,
    ]);
    held.add("b");
    expect(held.bytes.toString()).toBe("b\n");
  });
});
