import { ignoreOutcome } from "../../core/calls/follow.js";
import {
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
  function publish(observable: OpenTelemetryObservable, instrument: Instrument): void {
    observable.addCallback((result) => {
      for (const { value, attributes } of metrics.read(instrument))
        result.observe(value, attributes);
    });
  }
  for (const instrument of COUNTERS) {
    publish(meter.createObservableCounter(instrument.name, optionsOf(instrument)), instrument);
  }
  publish(meter.createObservableGauge(SINK_PENDING.name, optionsOf(SINK_PENDING)), SINK_PENDING);
  return metrics;
}

function optionsOf({ unit, description }: Instrument): object {
  return { unit, description };
}
