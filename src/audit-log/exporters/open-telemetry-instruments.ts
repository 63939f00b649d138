import { ignoreOutcome } from "../../core/calls/follow.js";
import type { Measurement } from "../metrics/audit-metrics.js";
import {
  ALERTS,
  COUNTERS,
  DURATION_BUCKETS,
  type Instrument,
  REQUEST_DURATION,
  SINK_PENDING,
} from "../metrics/instruments.js";
import { LogMetrics } from "../metrics/log-metrics.js";
import { isHttpInstrumented } from "./http-instrumentation.js";
import type { OpenTelemetryMeter, OpenTelemetryObservable } from "./open-telemetry-meter.js";

/** Makes the instruments. @param http - `"auto"`: durations only if nothing else measures them. */
export function createOpenTelemetryMetrics(
  meter: OpenTelemetryMeter,
  http: boolean | "auto",
): LogMetrics {
  const metrics = new LogMetrics("openTelemetry", () => {
    // Known when the log is made: the instrumentation has to be there before the server is loaded.
    if (http === "auto" ? isHttpInstrumented() : !http) return undefined;
    const histogram = meter.createHistogram(REQUEST_DURATION.name, {
      ...optionsOf(REQUEST_DURATION),
      advice: { explicitBucketBoundaries: [...DURATION_BUCKETS] },
    });
    return (attributes) => (seconds) => ignoreOutcome(histogram.record(seconds, attributes));
  });
  publish(meter, metrics);
  return metrics;
}

// Of the process, as meters are. A meter has each instrument once: of two logs with callbacks of their own, it would
// publish one and hide the other.
const published = new WeakMap<OpenTelemetryMeter, LogMetrics[]>();

/** Publishes the numbers of all logs of one meter together. Those of a log that was closed make room for the next one. */
function publish(meter: OpenTelemetryMeter, metrics: LogMetrics): void {
  const earlier = published.get(meter);
  if (earlier !== undefined) {
    earlier.splice(0, earlier.length, ...earlier.filter(({ isClosed }) => !isClosed), metrics);
    return;
  }
  const logs = [metrics];
  function make(observable: OpenTelemetryObservable, instrument: Instrument): void {
    observable.addCallback((result) => {
      for (const { value, attributes } of totalOf(logs, instrument))
        result.observe(value, attributes);
    });
  }
  for (const instrument of COUNTERS)
    make(meter.createObservableCounter(instrument.name, optionsOf(instrument)), instrument);
  make(meter.createObservableGauge(SINK_PENDING.name, optionsOf(SINK_PENDING)), SINK_PENDING);
  published.set(meter, logs);
}

function totalOf(logs: readonly LogMetrics[], instrument: Instrument): Iterable<Measurement> {
  const [first, ...others] = logs;
  if (first === undefined || others.length === 0) return first?.read(instrument) ?? [];
  const totals = new Map<string, Measurement>();
  for (const { value, attributes } of logs.flatMap((log) => log.read(instrument))) {
    const key = JSON.stringify(attributes);
    const sum = totals.get(key)?.value ?? 0;
    // Each log knows all alerts of the process.
    totals.set(key, {
      value: instrument === ALERTS ? Math.max(sum, value) : sum + value,
      attributes,
    });
  }
  return totals.values();
}

function optionsOf({ unit, description }: Instrument): object {
  return { unit, description };
}
