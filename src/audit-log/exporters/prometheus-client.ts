/** What is used of prom-client. */
export interface PrometheusClient {
  readonly Counter: PrometheusMetricType;
  readonly Gauge: PrometheusMetricType;
  readonly Histogram: PrometheusMetricType;
  readonly register: PrometheusRegistry;
}

/** A class of metrics. */
type PrometheusMetricType = new (configuration: never) => object;

/** What is used of a registry of prom-client. */
export interface PrometheusRegistry {
  getSingleMetric(name: string): unknown;
  removeSingleMetric?(name: string): void;
}
