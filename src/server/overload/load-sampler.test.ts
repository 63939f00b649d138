import { describe, expect, it, vi } from "vitest";
import type { LoadReading } from "./load-reading.js";
import { sampleLoad } from "./load-sampler.js";

function block(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end) {
    // Busy.
  }
}

/** The first reading, and how many windows it took. */
function nextReading(): Promise<{ readonly reading: LoadReading; readonly windows: number }> {
  return new Promise((resolve) => {
    const stop = sampleLoad((reading, windows) => {
      stop();
      resolve({ reading, windows });
    });
  });
}

const timers = (): number =>
  process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;

describe("the sampler of the process", () => {
  it("sees an event loop that was blocked", async () => {
    // Where the machine is so busy that the window is over before the loop is blocked, the next one shows it.
    await vi.waitFor(async () => {
      const next = nextReading();
      // The histogram begins with the first turn of the event loop.
      await new Promise((done) => setTimeout(done, 50));
      block(400);
      const { reading, windows } = await next;
      expect(reading.eventLoopDelay).toBeGreaterThan(150);
      expect(reading.utilization).toBeGreaterThan(0.5);
      expect(reading.heap).toBeGreaterThan(0);
      expect(reading.heap).toBeLessThan(1);
      expect(windows).toBeGreaterThan(1);
    });
  });

  it("gives all listeners the same reading", async () => {
    const [first, second] = await Promise.all([nextReading(), nextReading()]);
    expect(second.reading).toBe(first.reading);
  });

  it("runs for nobody when the last listener has gone", async () => {
    const before = timers();
    const stops = [sampleLoad(() => undefined), sampleLoad(() => undefined)];
    for (const stop of [...stops, ...stops]) stop();
    expect(timers()).toBe(before);
    await nextReading();
  });
});
