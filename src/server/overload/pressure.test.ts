import { describe, expect, it } from "vitest";
import { IDLE, type LoadReading } from "./load-reading.js";
import { createPressure, type Pressure, type Thresholds } from "./pressure.js";

const USUAL: Thresholds = {
  eventLoopDelay: { from: 100, to: 500 },
  utilization: { from: 0.97, to: 1 },
  heap: { from: 0.85, to: 0.95 },
};
const CALM: LoadReading = { eventLoopDelay: 3, utilization: 0.6, waiting: 0.5, heap: 0.3 };
const LATE: LoadReading = { eventLoopDelay: 600, utilization: 1, waiting: 1, heap: 0.3 };
/** Connections that nobody has accepted yet make no delay. */
const SATURATED: LoadReading = { eventLoopDelay: 20, utilization: 1, waiting: 1, heap: 0.3 };

function valuesOf(
  readings: readonly LoadReading[],
  thresholds: Thresholds = USUAL,
  hadRequests = true,
): readonly number[] {
  const follow = createPressure(thresholds);
  return readings.map((reading) => follow(reading, 1, hadRequests).value);
}

const times = (count: number, reading: LoadReading): readonly LoadReading[] =>
  new Array<LoadReading>(count).fill(reading);

describe("pressure", () => {
  it("stays away for a single pause, however long and wherever it falls", () => {
    const pause = { ...LATE, eventLoopDelay: 60_000 };
    const readings = [...times(5, CALM), pause, ...times(5, CALM), pause, CALM, CALM, pause];
    expect(new Set(valuesOf(readings))).toEqual(new Set([0]));
  });

  it("stays away while no requests come, as in a slow start-up or a batch job", () => {
    expect(new Set(valuesOf(times(50, LATE), USUAL, false))).toEqual(new Set([0]));
  });

  it("stays away from an event loop that is late now and then, and else idle", () => {
    expect(new Set(valuesOf(times(50, { ...LATE, utilization: 0.5 })))).toEqual(new Set([0]));
  });

  it("stays away from an event loop that is busy while no event waits for it", () => {
    expect(new Set(valuesOf(times(50, { ...SATURATED, waiting: 0.5 })))).toEqual(new Set([0]));
  });

  it("comes at once with a delay, and grows while that lasts", () => {
    const values = valuesOf([...times(8, LATE), CALM, CALM]);
    expect(values.slice(0, 3).map((value) => value.toFixed(1))).toEqual(["0.0", "0.6", "0.7"]);
    expect(values[7]).toBe(1);
    expect(values[9]).toBeLessThan(values[7] ?? 0);
  });

  it("grows step by step while the event loop is saturated, stays at the edge, and sinks with room", () => {
    const edge = { ...SATURATED, utilization: 0.97 };
    const idle = { ...SATURATED, utilization: 0.1 };
    const values = valuesOf([...times(6, SATURATED), ...times(6, edge), ...times(6, idle)]);
    expect(values.slice(0, 6).map((value) => value.toFixed(1))).toEqual([
      "0.0",
      "0.1",
      "0.2",
      "0.3",
      "0.4",
      "0.5",
    ]);
    expect(values[11]?.toFixed(1)).toBe("0.6");
    expect(values[17]).toBe(0);
  });

  it("is a ramp between its two ends, not a cliff", () => {
    const after = (eventLoopDelay: number) =>
      valuesOf(times(2, { ...LATE, utilization: 0.9, eventLoopDelay }))[1]?.toFixed(2);
    expect([100, 200, 300, 500, 900].map(after)).toEqual(["0.00", "0.15", "0.30", "0.60", "0.60"]);
  });

  it("comes from a heap that is nearly full, and says so", () => {
    const follow = createPressure(USUAL);
    let last: Pressure | undefined;
    for (const reading of times(5, { ...CALM, heap: 0.96 })) last = follow(reading, 1, true);
    expect(last).toMatchObject({ reason: "heap_full" });
    expect(last?.value).toBeGreaterThan(0.3);
  });

  it("counts a long window as several, but not as any number of them", () => {
    const follow = createPressure(USUAL);
    follow(SATURATED, 1, true);
    expect(follow(SATURATED, 2, true).value.toFixed(1)).toBe("0.2");
    expect(follow(SATURATED, 1000, true).value.toFixed(1)).toBe("0.6");
  });

  it("leaves out what is turned off", () => {
    const { eventLoopDelay, utilization, heap } = USUAL;
    expect(valuesOf(times(9, SATURATED), { eventLoopDelay, heap })[8]).toBe(0);
    expect(valuesOf(times(9, { ...LATE, utilization: 0.9 }), { utilization, heap })[8]).toBe(0);
    expect(valuesOf(times(9, { ...CALM, heap: 1 }), { eventLoopDelay, utilization })[8]).toBe(0);
    const values = valuesOf([...times(9, LATE), ...times(9, IDLE)], { eventLoopDelay });
    expect([values[8], values[17]]).toEqual([1, 0]);
  });
});
