/** What one window of time told about the process. */
export interface LoadReading {
  /** 99th percentile of the delay of the event loop, in milliseconds. */
  readonly eventLoopDelay: number;
  /** The part of the window in which the event loop was not idle, from 0 to 1. */
  readonly utilization: number;
  /** Of the turns of the event loop, those at whose beginning events were waiting already, from 0 to 1. */
  readonly waiting: number;
  /** Used heap ÷ the limit that V8 has for it, from 0 to 1. */
  readonly heap: number;
}

/** The reading of a process that has nothing to do. */
export const IDLE: LoadReading = Object.freeze({
  eventLoopDelay: 0,
  utilization: 0,
  waiting: 0,
  heap: 0,
});

/**
 * The middle one of some readings, value by value: what is seen in one of three windows, such as a pause of the garbage
 * collector or a laptop that slept, counts for nothing.
 */
export function medianReading(readings: readonly LoadReading[]): LoadReading {
  return Object.freeze({
    eventLoopDelay: median(readings.map(({ eventLoopDelay }) => eventLoopDelay)),
    utilization: median(readings.map(({ utilization }) => utilization)),
    waiting: median(readings.map(({ waiting }) => waiting)),
    heap: median(readings.map(({ heap }) => heap)),
  });
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[sorted.length >> 1] ?? 0;
}
