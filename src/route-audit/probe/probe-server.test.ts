import { expect, it } from "vitest";
import { deadlineAfter } from "./probe-server.js";

it("waits for answers for a bounded time, also where none of many requests is answered", () => {
  expect(deadlineAfter(0)).toBe(5000);
  expect(deadlineAfter(15)).toBe(5000);
  expect(deadlineAfter(16)).toBe(2500);
  expect(deadlineAfter(32)).toBe(1250);
  expect(deadlineAfter(10_000)).toBe(50);
  const waited = Array.from({ length: 2000 }, (_, request) => deadlineAfter(request));
  expect(waited.reduce((sum, one) => sum + one, 0)).toBeLessThan(300_000);
});
