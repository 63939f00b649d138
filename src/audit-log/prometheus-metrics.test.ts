import { channel } from "node:diagnostics_channel";
import * as client from "prom-client";
import request from "supertest";
import { describe, expect, it, vi } from "vitest";
import Transport from "winston-transport";
import { expressVersions } from "../../test/support/express.js";
import { createGuard } from "../core/guard/guard.js";
import { HttpError } from "../core/refusal/http-error.js";
import { errorHandler } from "../errors/index.js";
import { auditLog, prometheusMetrics } from "./index.js";
import { DirectTransport } from "./sinks/direct-transport.js";

vi.mock("node:fs", async (original) => {
  const fs = await original<typeof import("node:fs")>();
  const writeSync = (descriptor: number, ...rest: [never]): number =>
    descriptor === 2 ? 0 : fs.writeSync(descriptor, ...rest);
  return { ...fs, default: fs, writeSync };
});

class Memory extends DirectTransport {
  readonly label = "memory";
  full = false;

  override writeLine(): void {
    if (this.full) throw Object.assign(new Error("full"), { code: "ENOSPC" });
  }

  override close(): void {}
}

/** The lines of the exposition that name a metric. */
async function series(register: client.Registry, name: string): Promise<readonly string[]> {
  const text = await register.metrics();
  return text.split("\n").filter((line) => line.startsWith(name));
}

describe.each(expressVersions)("prometheusMetrics on Express %s", (_major, express) => {
  function newApp(
    use: (app: ReturnType<typeof express>) => void,
    sinks = [new Memory()],
    options = {},
  ): {
    app: ReturnType<typeof express>;
    audit: ReturnType<typeof auditLog>;
    register: client.Registry;
  } {
    const register = new client.Registry();
    const metrics = prometheusMetrics({ client, register, ...options });
    const audit = auditLog({ sinks, metrics, except: ["GET /health"] });
    const app = express();
    app.set("env", "test");
    app.use(audit);
    use(app);
    app.use(errorHandler({ onError: () => undefined }));
    return { app, audit, register };
  }

  it("measures how long requests take, by the template of the route and never by the path", async () => {
    const { app, register } = newApp((app) => {
      app.get("/orders/:id", (_req, res) => void res.end());
      app.get("/health", (_req, res) => void res.end());
      app.get("/broken", () => {
        throw new TypeError("secret");
      });
    });
    for (const id of ["4711", "4712"]) await request(app).get(`/orders/${id}`).expect(200);
    await request(app).get("/health").expect(200);
    await request(app).get("/broken").expect(500);
    await request(app).get("/nowhere/4713").expect(404);
    await request(app).propfind("/orders/4714").expect(404);
    const counts = await series(register, "http_server_request_duration_seconds_count");
    const common = 'url_scheme="http",http_response_status_code';
    const version = 'network_protocol_version="1.1"';
    expect([...counts].sort()).toEqual(
      [
        `http_server_request_duration_seconds_count{http_request_method="GET",${common}="200",${version},http_route="/orders/:id"} 2`,
        `http_server_request_duration_seconds_count{http_request_method="GET",${common}="200",${version},http_route="/health"} 1`,
        `http_server_request_duration_seconds_count{http_request_method="GET",${common}="500",${version},error_type="TypeError",http_route="/broken"} 1`,
        `http_server_request_duration_seconds_count{http_request_method="GET",${common}="404",${version}} 1`,
        `http_server_request_duration_seconds_count{http_request_method="_OTHER",${common}="404",${version}} 1`,
      ].sort(),
    );
    const text = await register.metrics();
    expect(text).not.toMatch(/471\d|secret/);
    const buckets = text.match(/duration_seconds_bucket\{le="([^"]+)",.*"\/health"/g) ?? [];
    expect(buckets.map((line) => /le="([^"]+)"/.exec(line)?.[1])).toEqual(
      "0.005 0.01 0.025 0.05 0.075 0.1 0.25 0.5 0.75 1 2.5 5 7.5 10 +Inf".split(" "),
    );
  });

  it("counts every decision by guard, outcome and code, also of requests without a record", async () => {
    const guard = createGuard("requireRole", "authorization", {
      mode: "enforce",
      onDenied: "respond",
    });
    const reporting = createGuard("rateLimit", "limit", { mode: "report", onDenied: "respond" });
    const { app, audit, register } = newApp((app) => {
      app.use(
        reporting.middleware((req, res, next) =>
          reporting.refuse(new HttpError("rate_limit_exceeded"), req, res, next),
        ),
      );
      app.get("/health", (_req, res) => void res.end());
      app.use(
        guard.middleware((req, res, next) =>
          guard.refuse(new HttpError("access_denied"), req, res, next),
        ),
      );
    });
    await request(app).get("/").expect(403);
    await request(app).get("/").expect(403);
    await request(app).get("/health").expect(200);
    expect([...(await series(register, "secureapi_decisions_total{"))].sort()).toEqual([
      'secureapi_decisions_total{guard="rateLimit",outcome="report",code="rate_limit_exceeded"} 3',
      'secureapi_decisions_total{guard="requireRole",outcome="deny",code="access_denied"} 2',
    ]);
    expect(await series(register, "secureapi_audit_records_total ")).toEqual([
      `secureapi_audit_records_total ${audit.stats().records}`,
    ]);
  });

  it("tells of each sink what it lost, how often it failed and what it holds", async () => {
    const [good, bad] = [new Memory(), new Memory()];
    const stalled = new Transport({ log: () => undefined });
    const sinks = [good, bad, stalled] as never;
    const { app, register } = newApp(
      (app) => void app.get("/", (_req, res) => void res.end()),
      sinks,
    );
    await request(app).get("/").expect(200);
    bad.full = true;
    for (let count = 0; count < 3; count += 1) await request(app).get("/").expect(200);
    expect(await series(register, "secureapi_audit_dropped_total{")).toEqual([
      'secureapi_audit_dropped_total{sink="memory",position="0"} 0',
      'secureapi_audit_dropped_total{sink="memory",position="1"} 3',
      'secureapi_audit_dropped_total{sink="TransportStream",position="2"} 0',
      'secureapi_audit_dropped_total{sink="record",position="-1"} 0',
    ]);
    expect(await series(register, "secureapi_audit_sink_errors_total{")).toEqual([
      'secureapi_audit_sink_errors_total{sink="memory",position="0"} 0',
      'secureapi_audit_sink_errors_total{sink="memory",position="1"} 3',
      'secureapi_audit_sink_errors_total{sink="TransportStream",position="2"} 0',
    ]);
    expect(await series(register, "secureapi_audit_sink_pending{")).toEqual([
      'secureapi_audit_sink_pending{sink="memory",position="0"} 0',
      'secureapi_audit_sink_pending{sink="memory",position="1"} 0',
      'secureapi_audit_sink_pending{sink="TransportStream",position="2"} 5',
    ]);
  });

  it("leaves its place in the register to the next log once its own is closed", async () => {
    const { app, audit, register } = newApp((app) => app.get("/a", (_req, res) => void res.end()));
    await request(app).get("/a").expect(200);
    expect(() => prometheusMetrics({ client, register })).toThrow("must not have a metric");
    await audit.close();
    // Its last numbers can still be collected.
    expect(await series(register, "secureapi_audit_records_total")).toEqual([
      "secureapi_audit_records_total 3",
    ]);
    const next = auditLog({
      sinks: [new Memory()],
      metrics: prometheusMetrics({ client, register }),
    });
    const reloaded = express().use(next);
    reloaded.get("/b", (_req, res) => void res.end());
    await request(reloaded).get("/b").expect(200);
    const text = await register.metrics();
    expect(text).toContain("secureapi_audit_records_total 2");
    expect(text).toContain('http_route="/b"');
    expect(text).not.toContain('http_route="/a"');
    await next.close();
  });

  it("counts the alerts of the process by rule, until the log is closed", async () => {
    const { audit, register } = newApp(() => undefined);
    const alerts = channel("express-secure-api:alert");
    for (const rule of ["auth-burst", "auth-burst", "token-reuse"])
      alerts.publish(Object.freeze({ rule, severity: "high", count: 10 }));
    for (const odd of [undefined, null, "text", { rule: 1 }]) alerts.publish(odd);
    await audit.close();
    alerts.publish({ rule: "auth-burst" });
    expect(await series(register, "secureapi_alerts_total{")).toEqual([
      'secureapi_alerts_total{rule="auth-burst"} 2',
      'secureapi_alerts_total{rule="token-reuse"} 1',
    ]);
  });

  it("leaves requests unmeasured with http: false", async () => {
    const { app, register } = newApp(() => undefined, [new Memory()], { http: false });
    await request(app).get("/").expect(404);
    expect(await register.metrics()).not.toContain("http_server_request_duration");
  });

  it("breaks no request where an instrument throws, and warns once", async () => {
    const warnings = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    class Broken {
      labels(): never {
        throw new Error("secret");
      }
    }
    const broken = { ...client, Histogram: Broken } as unknown as typeof client;
    const { app, audit } = newApp(() => undefined, [new Memory()], { client: broken });
    await request(app).get("/").expect(404);
    await request(app).get("/").expect(404);
    expect(audit.stats()).toMatchObject({ records: 3, lost: 0 });
    expect(warnings.mock.calls).toEqual([
      [
        "auditLog.metrics: an instrument failed. Its numbers are not right.",
        { code: "EXPRESS_SECURE_API_METRICS_FAILED" },
      ],
    ]);
    warnings.mockRestore();
  });
});

describe("the options of prometheusMetrics", () => {
  it("say that a register has these metrics already", () => {
    const register = new client.Registry();
    prometheusMetrics({ client, register });
    expect(() => prometheusMetrics({ client, register })).toThrow(
      "prometheusMetrics.register must not have a metric http_server_request_duration_seconds yet: for a second log write register: new client.Registry()",
    );
  });

  it("take the register of the client by default", async () => {
    prometheusMetrics({ client });
    expect(client.register.getSingleMetric("secureapi_audit_records_total")).toBeDefined();
    client.register.clear();
  });

  it.each<[object, string]>([
    [{}, "prometheusMetrics.client must be the package prom-client, got undefined"],
    [client, "prometheusMetrics must be given options, not the package: write prometheusMetrics({"],
    [{ client: {} }, "prometheusMetrics.client must be the package prom-client"],
    [{ client, register: {} }, "prometheusMetrics.register must be a registry of prom-client"],
    [{ client, registry: client.register }, 'did you mean "register"?'],
    [{ client, http: "yes" }, "prometheusMetrics.http must be true or false"],
  ])("refuse %j", (options, message) => {
    expect(() => prometheusMetrics(options as never)).toThrow(message);
    client.register.clear();
  });

  it("are for one log", () => {
    const metrics = prometheusMetrics({ client, register: new client.Registry() });
    auditLog({ sinks: [new Memory()], metrics });
    expect(() => auditLog({ sinks: [new Memory()], metrics })).toThrow(
      "auditLog.metrics must not be shared: make one for each auditLog",
    );
    for (const wrong of [{}, client.register, prometheusMetrics])
      expect(() => auditLog({ sinks: [new Memory()], metrics: wrong as never })).toThrow(
        "auditLog.metrics must be what prometheusMetrics() or openTelemetryMetrics() returns",
      );
  });
});
