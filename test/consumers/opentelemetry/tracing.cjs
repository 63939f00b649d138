// The SDK of OpenTelemetry with its instrumentations of HTTP and, if asked for, of Express, in memory.
const api = require("@opentelemetry/api");
const { registerInstrumentations } = require("@opentelemetry/instrumentation");
const { ExpressInstrumentation } = require("@opentelemetry/instrumentation-express");
const { HttpInstrumentation } = require("@opentelemetry/instrumentation-http");
const {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} = require("@opentelemetry/sdk-metrics");
const {
  InMemorySpanExporter,
  NodeTracerProvider,
  SimpleSpanProcessor,
} = require("@opentelemetry/sdk-trace-node");

const spans = new InMemorySpanExporter();
new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }).register();
const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const meters = new MeterProvider({
  readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })],
});
api.metrics.setGlobalMeterProvider(meters);
const instrumentations = [new HttpInstrumentation()];
if (process.argv.includes("express")) instrumentations.push(new ExpressInstrumentation());
registerInstrumentations({ meterProvider: meters, instrumentations });

/** Which meters have measured the metric, and how often. */
async function measured(name) {
  exporter.reset();
  await meters.forceFlush();
  const counts = {};
  for (const { scopeMetrics } of exporter.getMetrics())
    for (const { scope, metrics } of scopeMetrics)
      for (const { descriptor, dataPoints } of metrics)
        if (descriptor.name === name)
          counts[scope.name] = dataPoints.reduce((sum, { value }) => sum + value.count, 0);
  return counts;
}

module.exports = { api, spans, measured };
