import { Server } from "node:http";
import * as api from "@opentelemetry/api";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import request from "supertest";
import { afterEach, describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { auditLog, openTelemetryMetrics } from "./index.js";
import { DirectTransport } from "./sinks/direct-transport.js";

class Memory extends DirectTransport {
  readonly label = "memory";

  override writeLine(): void {}

  override close(): void {}
}

const providers: MeterProvider[] = [];

afterEach(async () => {
  api.metrics.disable();
  for (const provider of providers.splice(0)) await provider.shutdown();
});

/** An SDK in memory, and what it has collected. */
function newSdk(): { provider: MeterProvider; collect: () => Promise<Record<string, unknown[]>> } {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  providers.push(provider);
  return {
    provider,
    async collect() {
      exporter.reset();
      await provider.forceFlush();
      const [{ scopeMetrics } = { scopeMetrics: [] }] = exporter.getMetrics();
      return Object.fromEntries(
        scopeMetrics.flatMap(({ scope, metrics }) => {
          expect(scope.name).toBe("express-secure-api");
          return metrics.map(({ descriptor, dataPoints }) => [
            `${descriptor.name} ${descriptor.unit}`,
            dataPoints.map(({ attributes, value }) => [attributes, value]),
          ]);
        }),
      );
    },
  };
}

describe.each(expressVersions)("openTelemetryMetrics on Express %s", (_major, express) => {
  function newApp(options: Parameters<typeof openTelemetryMetrics>[0]): ReturnType<typeof express> {
    const audit = auditLog({ sinks: [new Memory()], metrics: openTelemetryMetrics(options) });
    const app = express().use(audit);
    app.get("/orders/:id", (_req, res) => void res.end());
    return app;
  }

  it("publishes the numbers of all logs of a meter, but for those that a new one replaces", async () => {
    const { provider, collect } = newSdk();
    const meter = provider.getMeter("express-secure-api");
    const logs = [1, 2].map(() =>
      auditLog({ sinks: [new Memory()], metrics: openTelemetryMetrics({ meter }) }),
    );
    for (const [index, log] of logs.entries())
      for (let count = 0; count < 2 + index; count += 1)
        await request(express().use(log)).get("/").expect(404);
    // Each has a record of its start.
    expect((await collect())["secureapi.audit.records {record}"]).toEqual([[{}, 7]]);
    for (const log of logs) await log.close();
    expect((await collect())["secureapi.audit.records {record}"]).toEqual([[{}, 9]]);
    const next = newApp({ meter });
    await request(next).get("/orders/1").expect(200);
    expect((await collect())["secureapi.audit.records {record}"]).toEqual([[{}, 2]]);
  });

  it.each(["api", "meter"])("publishes the numbers of the log with %s", async (by) => {
    const { provider, collect } = newSdk();
    if (by === "api") api.metrics.setGlobalMeterProvider(provider);
    const app = newApp(by === "api" ? { api } : { meter: provider.getMeter("express-secure-api") });
    for (let count = 0; count < 3; count += 1) await request(app).get("/orders/4711").expect(200);
    const collected = await collect();
    const duration = collected["http.server.request.duration s"];
    expect(duration).toEqual([
      [
        {
          "http.request.method": "GET",
          "http.response.status_code": 200,
          "http.route": "/orders/:id",
          "network.protocol.version": "1.1",
          "url.scheme": "http",
        },
        expect.objectContaining({
          count: 3,
          buckets: expect.objectContaining({
            boundaries: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
          }),
        }),
      ],
    ]);
    expect(collected["secureapi.audit.records {record}"]).toEqual([[{}, 4]]);
    const sink = { sink: "memory", position: "0" };
    expect(collected["secureapi.audit.dropped {record}"]).toEqual([
      [sink, 0],
      [{ sink: "record", position: "-1" }, 0],
    ]);
    expect(collected["secureapi.audit.sink.errors {error}"]).toEqual([[sink, 0]]);
    expect(collected["secureapi.audit.sink.pending {record}"]).toEqual([[sink, 0]]);
  });

  it.each<[boolean, boolean | "auto" | undefined, boolean]>([
    [true, undefined, false],
    [true, "auto", false],
    [true, true, true],
    [false, "auto", true],
    [false, false, false],
  ])(
    "with the instrumentation of HTTP active (%s) and http: %s measures requests: %s",
    async (active, http, measured) => {
      const emit = Server.prototype.emit;
      const isOwn = Object.hasOwn(Server.prototype, "emit");
      // As shimmer of OpenTelemetry wraps it.
      if (active) {
        const wrapped = function (this: Server, ...args: unknown[]): unknown {
          return Reflect.apply(emit, this, args);
        };
        Object.assign(wrapped, { __original: emit, __wrapped: true });
        Object.assign(Server.prototype, { emit: wrapped });
      }
      try {
        const { provider, collect } = newSdk();
        const meter = provider.getMeter("express-secure-api");
        const app = newApp(http === undefined ? { meter } : { meter, http });
        await request(app).get("/orders/4711").expect(200);
        expect("http.server.request.duration s" in (await collect())).toBe(measured);
      } finally {
        if (isOwn) Server.prototype.emit = emit;
        else Reflect.deleteProperty(Server.prototype, "emit");
      }
    },
  );

  it("breaks no request where an instrument throws", async () => {
    const warnings = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const record = vi.fn(() => {
      throw new Error("secret");
    });
    const observable = { addCallback: () => undefined };
    const meter = {
      createHistogram: () => ({ record }),
      createObservableCounter: () => observable,
      createObservableGauge: () => observable,
    };
    await request(newApp({ meter })).get("/orders/4711").expect(200);
    expect(record).toHaveBeenCalledOnce();
    expect(warnings.mock.calls).toEqual([
      [expect.not.stringContaining("secret"), { code: "EXPRESS_SECURE_API_METRICS_FAILED" }],
    ]);
    warnings.mockRestore();
  });

  // Vitest fails the run on an unhandled rejection.
  it("breaks nothing where what an instrument returns rejects", async () => {
    const record = vi.fn(async () => Promise.reject(new Error("no")) as Promise<void>);
    const observable = { addCallback: () => undefined };
    const meter = {
      createHistogram: () => ({ record }) as never,
      createObservableCounter: () => observable,
      createObservableGauge: () => observable,
    };
    await request(newApp({ meter })).get("/orders/4711").expect(200);
    expect(record).toHaveBeenCalledOnce();
  });

  it("does nothing without an SDK", async () => {
    await request(newApp({ api })).get("/orders/4711").expect(200);
  });
});

describe("the options of openTelemetryMetrics", () => {
  const meter = api.metrics.getMeter("mine");

  it("throw at the start what the meter throws", () => {
    const broken = () => {
      throw new Error("no meter today");
    };
    expect(() => openTelemetryMetrics({ api: { metrics: { getMeter: broken } } })).toThrow(
      "no meter today",
    );
  });

  it.each<[object, string]>([
    [{}, "openTelemetryMetrics must have api or meter: give what @opentelemetry/api exports"],
    [
      api,
      "openTelemetryMetrics must be given options, not the package: write openTelemetryMetrics({",
    ],
    [{ api, meter }, "openTelemetryMetrics.meter must not be given together with api"],
    [{ api: {} }, "openTelemetryMetrics.api must be the package @opentelemetry/api"],
    [{ meter: {} }, "openTelemetryMetrics.meter must be a meter"],
    [{ api: undefined }, "openTelemetryMetrics.api must not be undefined"],
    [{ meter, http: "yes" }, "openTelemetryMetrics.http must be"],
    [{ provider: {} }, "write meter: provider.getMeter(name)"],
  ])("refuse %j", (options, message) => {
    expect(() => openTelemetryMetrics(options as never)).toThrow(message);
  });
});
