import type { Hints, OptionKeys } from "../core/options/option-types.js";
import { readOptions } from "../core/options/options-reader.js";
import { assertNotMounted } from "../core/options/uncalled-factory.js";
import type { PrometheusClient, PrometheusRegistry } from "./exporters/prometheus-client.js";
import { createPrometheusMetrics } from "./exporters/prometheus-instruments.js";
import { readMembers, refusePackage } from "./exporters/read-members.js";
import type { AuditMetrics } from "./metrics/audit-metrics.js";

/** Options of {@link prometheusMetrics}. */
export interface PrometheusMetricsOptions {
  /** `require("prom-client")`, which the app installs and exposes, version 14 or 15. */
  readonly client: PrometheusClient;
  /** Where the metrics are registered. @default client.register */
  readonly register?: PrometheusRegistry | undefined;
  /** Whether the durations of requests are measured, by route. @default true */
  readonly http?: boolean | undefined;
}

const KEYS: OptionKeys<PrometheusMetricsOptions> = {
  client: "neverUndefined",
  register: "neverUndefined",
  http: true,
};
const PACKAGE = ["Counter", "Gauge", "Histogram"];
/** Of express-prom-bundle. */
export const PROMETHEUS_METRICS_HINTS: Hints<PrometheusMetricsOptions> = {
  promClient: "client",
  promRegistry: "register",
  registers: "register",
  registry: "register",
  includeMethod: "leave it out, requests are told apart by method, route and status",
  includePath: "leave it out, routes are told apart by their template and never by their path",
};

const CALL = "auditLog({ metrics: prometheusMetrics({ client }) })";

/**
 * Publishes the numbers of an {@link auditLog} with prom-client, for `auditLog({ metrics: prometheusMetrics({ client }) })`.
 * The app itself answers `/metrics`, on a port that only Prometheus reaches.
 *
 * @throws OptionsError when an option is unknown or wrong, or the register has metrics of these names.
 */
export function prometheusMetrics(options: PrometheusMetricsOptions): AuditMetrics {
  assertNotMounted("prometheusMetrics", options, CALL);
  refusePackage("prometheusMetrics", options, PACKAGE, "prometheusMetrics({ client })");
  const reader = readOptions<PrometheusMetricsOptions>(
    "prometheusMetrics",
    options,
    KEYS,
    PROMETHEUS_METRICS_HINTS,
    CALL,
  );
  const client = readMembers(reader, "client", {
    names: PACKAGE,
    must: "the package prom-client",
    fix: "give what prom-client exports",
    required: true,
  }) as PrometheusClient | undefined;
  const given = readMembers(reader, "register", {
    names: ["getSingleMetric"],
    must: "a registry of prom-client",
    fix: "write register: new client.Registry()",
  }) as PrometheusRegistry | undefined;
  const register = given ?? client?.register;
  const http = reader.has("http") ? reader.boolean("http") : true;
  reader.finish();
  return createPrometheusMetrics(client as PrometheusClient, register, http, (name) => {
    reader.note(
      "register",
      `must not have a metric ${name} yet: for a second log write register: new client.Registry()`,
    );
    reader.finish();
  });
}
