import { type IntervalHistogram, monitorEventLoopDelay, performance } from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";
import { IDLE, type LoadReading, medianReading, READINGS } from "./load-reading.js";

/** Gets the load of the process after each window. Must not throw. */
type Listener = (load: LoadReading) => void;

/** Short enough to notice overload within a second, long enough to see more than one turn of a busy loop. */
const WINDOW_MS = 500;
/** How often the delay of the event loop is looked at. */
const RESOLUTION_MS = 20;
const NANOSECONDS = 1e6;

/** A process has one event loop and one heap: whoever wants to know about them shares the readings. */
const listeners = new Set<Listener>();
let stopSampling: (() => void) | undefined;

/**
 * Has the listener called with the load of the process every half a second, as the middle one of the last three readings.
 * The process is sampled while anybody listens, once for all.
 *
 * @returns What ends it.
 */
export function sampleLoad(listener: Listener): () => void {
  listeners.add(listener);
  stopSampling ??= startSampling();
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    stopSampling?.();
    stopSampling = undefined;
  };
}

function startSampling(): () => void {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  const readings: LoadReading[] = new Array(READINGS).fill(IDLE);
  const read = createReader(delays);
  const timer = setInterval(() => {
    readings.shift();
    readings.push(read());
    const load = medianReading(readings);
    for (const listener of listeners) listener(load);
  }, WINDOW_MS).unref();
  return () => {
    clearInterval(timer);
    delays.disable();
  };
}

function createReader(delays: IntervalHistogram): () => LoadReading {
  let startedAt = performance.now();
  let before = performance.eventLoopUtilization();
  return function read() {
    const now = performance.now();
    const utilization = performance.eventLoopUtilization();
    // The histogram has whole intervals, and lacks the one that is not over. This timer was late by as much.
    const seen = delays.count > 0 ? delays.percentile(99) / NANOSECONDS - RESOLUTION_MS : 0;
    const eventLoopDelay = Math.max(0, seen, now - startedAt - WINDOW_MS);
    const busy = performance.eventLoopUtilization(utilization, before).utilization;
    delays.reset();
    startedAt = now;
    before = utilization;
    const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
    return { eventLoopDelay, utilization: busy, heap: used / limit };
  };
}
