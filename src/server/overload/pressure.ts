import { IDLE, type LoadReading, medianReading } from "./load-reading.js";

/** Where a value begins to count, and where it counts in full. */
export interface Ramp {
  readonly from: number;
  readonly to: number;
}

/** What counts as load. What is left out does not. */
export interface Thresholds {
  /** In milliseconds. */
  readonly eventLoopDelay?: Ramp | undefined;
  readonly utilization?: Ramp | undefined;
  readonly heap?: Ramp | undefined;
}

/** Why requests are shed. */
type ShedReason = "event_loop_busy" | "heap_full";

/** How much too much there is. */
export interface Pressure {
  /** From 0, nothing, to 1. */
  readonly value: number;
  /** What the value comes from. */
  readonly reason: ShedReason;
}

/** Without anything to do. */
export const NO_PRESSURE: Pressure = Object.freeze({ value: 0, reason: "event_loop_busy" });

/** So many readings are looked at together. */
const READINGS = 3;
/** An event loop that is late and yet idle at times has long pieces of work, which shedding does not make shorter. */
const BUSY = 0.8;
/** How far the pressure goes up in one window where something counts in full. */
const RISE = 0.1;
/** How far it sinks in one window in which the event loop is idle. */
const FALL = 0.3;
/** What a delay adds that counts in full, as long as it lasts: who waits already waits too long. */
const LATE_WEIGHT = 0.5;
/** One reading moves the pressure by that of so many windows at most. */
const MOST_WINDOWS = 4;

/**
 * Follows the load: pressure goes up while the process has too much to do, stays where that is just right, and sinks as it
 * gets less. A ratio alone could not tell how many requests are too many: an event loop that has twice as much to do as it
 * can is as busy as one that has ten times as much.
 *
 * @returns What is told each reading, for how many windows, and whether requests came in it: without any there is
 * nothing to shed, and start-up is not overload.
 */
export function createPressure({
  eventLoopDelay,
  utilization,
  heap,
}: Thresholds): (reading: LoadReading, windows: number, hadRequests: boolean) => Pressure {
  const readings: LoadReading[] = new Array(READINGS).fill(IDLE);
  let level = 0;
  let reason: ShedReason = NO_PRESSURE.reason;

  return function follow(reading, windows, hadRequests) {
    readings.shift();
    readings.push(hadRequests ? reading : IDLE);
    const load = medianReading(readings);
    // Busy with something while no event waits is no overload either: nobody would be served sooner.
    const saturation = Math.min(load.utilization, load.waiting);
    const late = load.utilization >= BUSY ? positionOn(eventLoopDelay, load.eventLoopDelay) : 0;
    const full = positionOn(heap, load.heap);
    const excess = Math.max(late, full, positionOn(utilization, saturation));
    const slack = utilization === undefined ? 1 : 1 - saturation / utilization.from;
    const step = excess > 0 ? RISE * excess : -FALL * Math.max(0, slack);
    level = within(level + step * Math.min(windows, MOST_WINDOWS));
    if (excess > 0) reason = full === excess ? "heap_full" : "event_loop_busy";
    return { value: within(level + LATE_WEIGHT * late), reason };
  };
}

/** From 0 at the beginning of the ramp to 1 at its end. */
function positionOn(ramp: Ramp | undefined, value: number): number {
  return ramp === undefined ? 0 : within((value - ramp.from) / (ramp.to - ramp.from));
}

function within(value: number): number {
  return Math.min(1, Math.max(0, value));
}
