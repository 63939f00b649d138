import type { OptionsReader } from "../../core/options/options-reader.js";
import { isLogMetrics, type LogMetrics } from "./log-metrics.js";

/** Reads the option `metrics`. */
export function readMetrics(reader: OptionsReader<"metrics">): LogMetrics | undefined {
  const value = reader.raw("metrics");
  if (value === undefined) return undefined;
  if (!isLogMetrics(value)) {
    reader.problem(
      "metrics",
      "what prometheusMetrics() or openTelemetryMetrics() returns",
      "write metrics: prometheusMetrics({ client })",
    );
    return undefined;
  }
  if (value.isTaken) reader.note("metrics", "must not be shared: make one for each auditLog");
  return value;
}
