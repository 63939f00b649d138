import type { Hints, OptionKeys } from "../core/options/option-types.js";
import { readOptions } from "../core/options/options-reader.js";
import { assertNotMounted } from "../core/options/uncalled-factory.js";
import { createOpenTelemetryMetrics } from "./exporters/open-telemetry-instruments.js";
import type { OpenTelemetryApi, OpenTelemetryMeter } from "./exporters/open-telemetry-meter.js";
import { readMembers, refusePackage } from "./exporters/read-members.js";
import type { AuditMetrics } from "./metrics/audit-metrics.js";

/** Options of {@link openTelemetryMetrics}: `api` or `meter`. */
export interface OpenTelemetryMetricsOptions {
  /** `require("@opentelemetry/api")`: its meter `express-secure-api` is taken, of the global provider of the app. */
  readonly api?: OpenTelemetryApi | undefined;
  /** A meter of your own, in place of `api`. */
  readonly meter?: OpenTelemetryMeter | undefined;
  /**
   * Whether the durations of requests are measured, by route. `"auto"`: unless `@opentelemetry/instrumentation-http` is
   * active when `auditLog()` is called, which measures them itself. @default "auto"
   */
  readonly http?: boolean | "auto" | undefined;
}

const KEYS: OptionKeys<OpenTelemetryMetricsOptions> = {
  api: "neverUndefined",
  meter: "neverUndefined",
  http: true,
};
const PROVIDER = "write meter: provider.getMeter(name)";
/** What instrumentations call it. */
export const OPEN_TELEMETRY_METRICS_HINTS: Hints<OpenTelemetryMetricsOptions> = {
  meterProvider: PROVIDER,
  provider: PROVIDER,
};
const METER_NAME = "express-secure-api";
const FIX = "give what @opentelemetry/api exports";

const CALL = "auditLog({ metrics: openTelemetryMetrics({ api }) })";

/**
 * Publishes the numbers of an {@link auditLog} with OpenTelemetry, for
 * `auditLog({ metrics: openTelemetryMetrics({ api }) })`. The app sets the SDK up, in front of this call.
 *
 * @throws OptionsError when an option is unknown or wrong.
 */
export function openTelemetryMetrics(options: OpenTelemetryMetricsOptions): AuditMetrics {
  assertNotMounted("openTelemetryMetrics", options, CALL);
  refusePackage(
    "openTelemetryMetrics",
    options,
    ["createContextKey"],
    "openTelemetryMetrics({ api })",
  );
  const reader = readOptions<OpenTelemetryMetricsOptions>(
    "openTelemetryMetrics",
    options,
    KEYS,
    OPEN_TELEMETRY_METRICS_HINTS,
    CALL,
  );
  const api = readMembers(reader, "api", {
    names: [],
    must: "the package @opentelemetry/api",
    fix: FIX,
  }) as OpenTelemetryApi | undefined;
  const meter = readMembers(reader, "meter", {
    names: ["createHistogram", "createObservableCounter", "createObservableGauge"],
    must: "a meter",
    fix: PROVIDER,
  }) as OpenTelemetryMeter | undefined;
  const http =
    reader.raw("http") === "auto" || !reader.has("http") ? "auto" : reader.boolean("http");
  if (reader.has("api") && reader.has("meter"))
    reader.note("meter", "must not be given together with api: only one of them is used");
  else if (!reader.has("api") && !reader.has("meter"))
    reader.note("", `must have api or meter: ${FIX}`);
  const global = api?.metrics;
  if (api !== undefined && typeof global?.getMeter !== "function")
    reader.problem("api", "the package @opentelemetry/api", FIX);
  reader.finish();
  return createOpenTelemetryMetrics(
    meter ?? (global as OpenTelemetryApi["metrics"]).getMeter(METER_NAME),
    http,
  );
}
