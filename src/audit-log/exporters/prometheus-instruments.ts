import { ignoreOutcome } from "../../core/calls/follow.js";
import type { Attributes } from "../metrics/audit-metrics.js";
import {
  COUNTERS,
  DURATION_BUCKETS,
  type Instrument,
  REQUEST_DURATION,
  SINK_PENDING,
} from "../metrics/instruments.js";
import { LogMetrics } from "../metrics/log-metrics.js";
import type { PrometheusClient, PrometheusRegistry } from "./prometheus-client.js";

/** What we use of a metric. */
interface Metric {
  reset(): void;
  inc(labels: Attributes, value: number): void;
  set(labels: Attributes, value: number): void;
  labels(labels: Attributes): { observe(value: number): void };
}

interface Configuration {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  readonly registers?: readonly unknown[];
  readonly buckets?: readonly number[];
  readonly collect?: (this: Metric) => void;
}

type MetricType = new (configuration: Configuration) => Metric;

// Of the process, as registries are: whose metric it is. A log that was closed, as before a reload, leaves its last numbers
// to be collected, and its place to the next one.
const owners = new WeakMap<object, () => LogMetrics>();

/**
 * Registers the metrics with the names that OpenTelemetry gives its instruments for Prometheus.
 *
 * @param onKnown - Called with the name of a metric that is registered already. Must throw.
 * @see https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
 */
export function createPrometheusMetrics(
  client: PrometheusClient,
  register: PrometheusRegistry | undefined,
  http: boolean,
  onKnown: (name: string) => void,
): LogMetrics {
  const { Counter, Gauge, Histogram } = client as unknown as Record<string, MetricType>;
  const common = register === undefined ? {} : { registers: [register] };
  function make(type: unknown, instrument: Instrument, name: string, rest: object): Metric {
    const known = register?.getSingleMetric(name);
    if (isLeft(known) && register?.removeSingleMetric !== undefined)
      register.removeSingleMetric(name);
    else if (known) onKnown(name);
    const metric = new (type as MetricType)({
      name,
      help: instrument.description,
      labelNames: instrument.attributes.map(prometheusName),
      ...common,
      ...rest,
    });
    owners.set(metric, () => metrics);
    return metric;
  }
  const histogram = http
    ? make(Histogram, REQUEST_DURATION, `${prometheusName(REQUEST_DURATION.name)}_seconds`, {
        buckets: DURATION_BUCKETS,
      })
    : undefined;
  const metrics: LogMetrics = new LogMetrics("prometheus", () =>
    histogram === undefined
      ? undefined
      : (attributes) => {
          const series = histogram.labels(toLabels(attributes));
          return (seconds) => ignoreOutcome(series.observe(seconds));
        },
  );
  for (const instrument of COUNTERS) {
    make(Counter, instrument, `${prometheusName(instrument.name)}_total`, {
      collect(this: Metric) {
        this.reset();
        for (const { value, attributes } of metrics.read(instrument))
          this.inc(toLabels(attributes), value);
      },
    });
  }
  make(Gauge, SINK_PENDING, prometheusName(SINK_PENDING.name), {
    collect(this: Metric) {
      for (const { value, attributes } of metrics.read(SINK_PENDING))
        this.set(toLabels(attributes), value);
    },
  });
  return metrics;
}

/** Whether it is a metric of a log that was closed. */
function isLeft(metric: unknown): boolean {
  return typeof metric === "object" && metric !== null && owners.get(metric)?.().isClosed === true;
}

function prometheusName(name: string): string {
  return name.replaceAll(".", "_");
}

function toLabels(attributes: Attributes): Attributes {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [prometheusName(name), value]),
  );
}
