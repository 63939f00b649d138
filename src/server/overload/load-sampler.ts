import {
  type IntervalHistogram,
  monitorEventLoopDelay,
  type PerformanceNodeTiming,
  performance,
} from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";
import type { LoadReading } from "./load-reading.js";

/** Gets each reading, and how many windows it took: more than one where the event loop was late. Must not throw. */
type Listener = (reading: LoadReading, windows: number) => void;

/** Node.js has it from 20.18 and 22.8 on; other runtimes may lack it. */
interface LoopMetrics {
  readonly uvMetricsInfo?: { readonly loopCount: number; readonly eventsWaiting: number };
}

/** Short enough to notice overload within a second, long enough to see more than one turn of a busy loop. */
const WINDOW_MS = 250;
/** How often the delay of the event loop is looked at. */
const RESOLUTION_MS = 20;
const NANOSECONDS = 1e6;

/** A process has one event loop and one heap: whoever wants to know about them shares the readings. */
const listeners = new Set<Listener>();
let stopSampling: (() => void) | undefined;

/**
 * Has the listener called with the load of the process every quarter of a second. The process is sampled while anybody
 * listens, once for all.
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
  const read = createReader(delays);
  let startedAt = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    const elapsed = now - startedAt;
    startedAt = now;
    const reading = read(elapsed);
    for (const listener of listeners) listener(reading, elapsed / WINDOW_MS);
  }, WINDOW_MS).unref();
  return () => {
    clearInterval(timer);
    delays.disable();
  };
}

function createReader(delays: IntervalHistogram): (elapsed: number) => LoadReading {
  let utilizationBefore = performance.eventLoopUtilization();
  let loopBefore = loopMetrics();
  return function read(elapsed) {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, utilizationBefore);
    utilizationBefore = now;
    const loop = loopMetrics();
    const turns = loop.loopCount - loopBefore.loopCount;
    const waiting = loop.eventsWaiting - loopBefore.eventsWaiting;
    loopBefore = loop;
    // The histogram has whole intervals, and lacks the one that is not over. This timer was late by as much.
    const seen = delays.count > 0 ? delays.percentile(99) / NANOSECONDS - RESOLUTION_MS : 0;
    delays.reset();
    const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
    return {
      eventLoopDelay: Math.max(0, seen, elapsed - WINDOW_MS),
      utilization,
      waiting: turns > 0 ? Math.min(1, waiting / turns) : 1,
      heap: used / limit,
    };
  };
}

/** Where nobody counts, events are taken to wait: then a busy loop is an overloaded one. */
function loopMetrics(): Required<LoopMetrics>["uvMetricsInfo"] {
  const timing: PerformanceNodeTiming & LoopMetrics = performance.nodeTiming;
  return timing.uvMetricsInfo ?? { loopCount: 0, eventsWaiting: 0 };
}
