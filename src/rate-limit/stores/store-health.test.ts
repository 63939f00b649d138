import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { STORE_CHANNEL, StoreHealth } from "./store-health.js";

const seen: unknown[] = [];
const note = (change: unknown): void => void seen.push(change);
let now = 0;

beforeEach(() => {
  seen.length = 0;
  now = 1000;
  vi.spyOn(performance, "now").mockImplementation(() => now);
  vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
  subscribe(STORE_CHANNEL, note);
});

afterEach(() => {
  unsubscribe(STORE_CHANNEL, note);
  vi.restoreAllMocks();
});

function fail(health: StoreHealth, times: number): void {
  for (let n = 0; n < times; n += 1) health.enter(true)?.end(false);
}

describe("the health of a store", () => {
  it("is told once in each outage, and when it is over", () => {
    const health = new StoreHealth(["login", "api"]);
    fail(health, 4);
    expect(seen).toEqual([]);
    fail(health, 1);
    now += 1001;
    fail(health, 1);
    now += 1001;
    health.enter(true)?.end(true);
    const policies = ["login", "api"];
    expect(seen).toEqual([
      { state: "down", policies },
      { state: "up", policies },
    ]);
    expect(process.emitWarning).toHaveBeenCalledOnce();
    expect(health.enter(false)).toBeUndefined();
    expect(seen.at(-1)).toEqual({ state: "down", policies });
  });

  it("lets one request try at a time, whatever those from before the pause come to", () => {
    const health = new StoreHealth(["api"]);
    const late = [health.enter(true), health.enter(true)];
    fail(health, 5);
    expect(health.enter(true)).toBeUndefined();
    now += 1001;
    const trial = health.enter(true);
    expect(trial).toBeDefined();
    for (const visit of late) visit?.end(false);
    now += 1001;
    expect(health.enter(true)).toBeUndefined();
    trial?.end(true);
    expect(health.enter(true)).toBeDefined();
    expect(health.enter(true)).toBeDefined();
  });
});
