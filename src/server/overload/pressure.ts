import type { LoadReading } from "./load-reading.js";

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
export type ShedReason = "event_loop_busy" | "heap_full";

/** How much too much there is. */
export interface Pressure {
  /** From 0, nothing, to 1. */
  readonly value: number;
  /** What the value comes from. */
  readonly reason: ShedReason;
}

/** Without anything to do. */
export const NO_PRESSURE: Pressure = Object.freeze({ value: 0, reason: "event_loop_busy" });

/**
 * How much too much a load is. The event loop is overloaded when it is late *and* busy: one that is late now and then,
 * because of some long piece of work, would be so without the other requests as well, and one that is busy and in time
 * does all that it can.
 */
export function pressureOf(
  load: LoadReading,
  { eventLoopDelay, utilization, heap }: Thresholds,
): Pressure {
  const late = positionOn(eventLoopDelay, load.eventLoopDelay);
  const busy = positionOn(utilization, load.utilization);
  const loop = Math.min(late ?? busy ?? 0, busy ?? late ?? 0);
  const full = positionOn(heap, load.heap) ?? 0;
  return full > loop
    ? { value: full, reason: "heap_full" }
    : { value: loop, reason: "event_loop_busy" };
}

/** From 0 at the beginning of the ramp to 1 at its end. */
function positionOn(ramp: Ramp | undefined, value: number): number | undefined {
  if (ramp === undefined) return undefined;
  return Math.min(1, Math.max(0, (value - ramp.from) / (ramp.to - ramp.from)));
}
