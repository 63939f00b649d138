import { describe, expect, it } from "vitest";
import { createUsual, FailureSpikes, LatencyDrifts } from "./route-baselines.js";

const MINUTE = 60_000;
const spikes = { windowMs: MINUTE, threshold: 20, cooldownMs: 10 * MINUTE };
const drifts = { windowMs: 10_000, threshold: 100, cooldownMs: 10 * MINUTE };

describe("spikes of failures", () => {
  /** A route with so many windows of 1,000 requests, of which so many fail. */
  function routeWith(windows: number, failures: number) {
    const route = new FailureSpikes(spikes);
    const usual = createUsual(0);
    let start = 0;
    function window(failing: number, requests = 1000): number {
      let told = 0;
      for (let n = 0; n < requests; n += 1) {
        // Failures come last, so that none is a large part of few requests.
        const found = route.observe(usual, start, n >= requests - failing, `id ${n}`);
        if (found !== undefined) told += 1;
      }
      start += MINUTE;
      return told;
    }
    for (let n = 0; n < windows; n += 1) window(failures);
    return { window };
  }

  it("are told once, when the part that fails is more than three times the usual one", () => {
    const { window } = routeWith(40, 20);
    expect(window(60)).toBe(0);
    expect(window(90)).toBe(1);
    expect(window(90)).toBe(0);
  });

  it("need twenty failures, however few there are usually", () => {
    const { window } = routeWith(40, 0);
    expect(window(19)).toBe(0);
    expect(window(19, 19)).toBe(0);
    expect(window(31)).toBe(1);
  });

  it("are told before anything is usual, when three in ten requests fail", () => {
    const { window } = routeWith(0, 0);
    expect(window(25, 100)).toBe(0);
    expect(window(40, 100)).toBe(1);
  });

  it("do not become usual while they last", () => {
    const { window } = routeWith(40, 20);
    let told = 0;
    for (let n = 0; n < 100; n += 1) told += window(500);
    expect(told).toBe(10);
  });
});

describe("drifts of latency", () => {
  function routeWith(windows: number, jitter: number) {
    const route = new LatencyDrifts(drifts);
    const usual = createUsual(0);
    let start = 0;
    function window(duration: number, requests = 100): boolean {
      let isTold = false;
      for (let n = 0; n < requests; n += 1) {
        const wobble = duration * jitter * (n % 2 === 0 ? 1 : -1);
        if (route.observe(usual, start, duration + wobble, `id ${n}`) !== undefined) isTold = true;
      }
      start += 10_000;
      return isTold;
    }
    for (let n = 0; n < windows; n += 1) window(100);
    return { window };
  }

  it("are told when three windows in a row are far slower than usual", () => {
    const { window } = routeWith(40, 0.5);
    const told = [150, 150, 150, 100].map((duration) => window(duration));
    expect(told).toEqual([false, false, false, true]);
  });

  it.each<[string, readonly number[]]>([
    ["slower by less than four tenths", [135, 135, 135, 135, 135]],
    ["slow twice in a row", [300, 300, 100, 300, 300, 100]],
    ["faster", [10, 10, 10, 10, 10]],
  ])("are not told when it is %s", (_how, durations) => {
    const { window } = routeWith(40, 0);
    expect(durations.map((duration) => window(duration))).not.toContain(true);
  });

  it("are not told before something is usual", () => {
    const { window } = routeWith(20, 0);
    expect([900, 900, 900, 900].map((duration) => window(duration))).not.toContain(true);
  });

  it("wait for a hundred requests", () => {
    const { window } = routeWith(40, 0);
    const told = Array.from({ length: 10 }, () => window(900, 10));
    expect(told).not.toContain(true);
  });
});
