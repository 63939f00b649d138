import type { Express, RequestHandler } from "express";
import request from "supertest";
import { afterEach, describe, expect, it, vi } from "vitest";
import Transport from "winston-transport";
import { expressVersions } from "../../../test/support/express.js";
import { requireRole } from "../../authorization/index.js";
import { recordDecision } from "../../core/decision/decision.js";
import { createPrincipal, setPrincipalSource } from "../../core/principal/principal.js";
import { type AuditLog, auditFields, auditLog, type SampleOptions } from "../index.js";

const MESSAGE = Symbol.for("message");
type Line = Record<string, unknown>;
let audit: AuditLog;
let lines: Line[];

afterEach(async () => {
  await audit.close();
});

const records = (): Line[] => lines.filter((line) => "http.request.id" in line);
const paths: RequestHandler = (req, res, next) => {
  if (req.path === "/fields") auditFields(req, { orderId: "7" });
  if (req.path === "/near")
    recordDecision(req, {
      guard: "rateLimit",
      outcome: "allow",
      enforced: true,
      code: "ok",
      reason: "near_limit",
    });
  if (req.path === "/reported")
    recordDecision(req, {
      guard: "validate",
      outcome: "deny",
      enforced: false,
      code: "validation_failed",
    });
  if (req.path === "/cut") {
    res.write("a");
    setImmediate(() => res.destroy());
    return;
  }
  next();
};

describe.each(expressVersions)("a sample of successes on Express %s", (_major, express) => {
  function appWith(sample: SampleOptions): Express {
    lines = [];
    const sink = new Transport({
      log(info, next) {
        lines.push(JSON.parse(info[MESSAGE]));
        next();
      },
    });
    audit = auditLog({ sinks: [sink], sample, trace: { trustedPeers: ["127.0.0.0/8"] } });
    const app = express();
    app.use(audit, paths);
    app.use((req, _res, next) => {
      setPrincipalSource(req, createPrincipal({ subject: "u1", roles: ["admin"] }));
      next();
    });
    app.get("/admin", requireRole("admin"), (_req, res) => void res.end("ok"));
    app.get("/found/:status", (req, res) => void res.status(Number(req.params.status)).end());
    app.use((_req, res) => void res.end("ok"));
    return app;
  }

  it.each([
    [[], 0.95, 1],
    [[], 0.05, 0],
    [["127.0.0.0/8"], 0.95, 0],
  ])(
    "does not let a client choose by its trace that tracing took over, trusting %j",
    async (trustedPeers, chance, count) => {
      vi.spyOn(Math, "random").mockReturnValue(chance);
      lines = [];
      const sink = new Transport({
        log(info, next) {
          lines.push(JSON.parse(info[MESSAGE]));
          next();
        },
      });
      const spanContext = () => ({
        traceId: "00000000000000010000000000000001",
        spanId: "00f067aa0ba902b7",
        traceFlags: 1,
      });
      const openTelemetry = { trace: { getActiveSpan: () => ({ spanContext }) } };
      audit = auditLog({
        sinks: [sink],
        sample: { success: 0.1 },
        trace: { openTelemetry, ...(trustedPeers.length > 0 && { trustedPeers }) },
      });
      const app = express().use(audit, (_req, res) => void res.end("ok"));
      await request(app).get("/");
      vi.restoreAllMocks();
      expect(records()).toHaveLength(count);
    },
  );

  it("leaves out what is ordinary, and says how many when the log closes", async () => {
    const app = appWith({ success: 0 });
    for (const path of ["/", "/a?b=c", "/found/204"]) await request(app).get(path);
    await request(app).head("/");
    await request(app).options("/");
    await audit.close();
    expect(records()).toEqual([]);
    expect(lines.at(-1)).toMatchObject({ "audit.sampled_out": 5, "audit.records": 1 });
  });

  it.each<[string, (app: Express) => request.Test]>([
    ["is refused or fails", (app) => request(app).get("/found/403")],
    ["is not found", (app) => request(app).get("/found/404")],
    ["fails", (app) => request(app).get("/found/500")],
    ["writes", (app) => request(app).post("/")],
    ["may write", (app) => request(app).get("/").set("X-HTTP-Method-Override", "DELETE")],
    ["needs a role", (app) => request(app).get("/admin")],
    ["the app has something to say about", (app) => request(app).get("/fields")],
    ["a limit warns of", (app) => request(app).get("/near")],
    ["report mode would refuse", (app) => request(app).get("/reported")],
    ["is cut off", (app) => request(app).get("/cut")],
  ])("never leaves out what %s", async (_what, ask) => {
    const app = appWith({ success: 0 });
    await ask(app).catch(() => undefined);
    await expect.poll(records).toHaveLength(1);
    await audit.close();
    expect(lines.at(-1)).not.toHaveProperty(["audit.sampled_out"]);
  });

  it("decides by the trace, so that all services decide alike", async () => {
    const app = appWith({ success: 0.25 });
    const trace = (random: string) =>
      request(app)
        .get("/")
        .set("traceparent", `00-4bf92f3577b34da6ab${random}-00f067aa0ba902b7-01`);
    await trace("bfffffffffffff");
    await trace("c0000000000000");
    await trace("00000000000000");
    await trace("ffffffffffffff");
    await expect.poll(records).toHaveLength(2);
    expect(records().map((line) => String(line["trace_id"]).slice(18))).toEqual([
      "c0000000000000",
      "ffffffffffffff",
    ]);
  });

  it("keeps about the part that is asked for", async () => {
    const app = appWith({ success: 0.5 });
    for (let index = 0; index < 100; index += 1) await request(app).get("/");
    // Less likely by chance than one in a billion.
    expect(records().length).toBeGreaterThan(18);
    expect(records().length).toBeLessThan(82);
  });

  it("goes by the first pattern that covers the path as it arrived", async () => {
    const app = appWith({ success: { "GET /a/keep": 1, "/a/*": 0, "/b": 0 } });
    for (const path of ["/a/keep", "/a/x", "/b", "/B", "/c"]) await request(app).get(path);
    await audit.close();
    expect(records().map((line) => line["audit.record.id"])).toHaveLength(3);
    expect(lines.at(-1)).toMatchObject({ "audit.sampled_out": 2 });
  });
});

describe("the options of a sample", () => {
  it.each<[unknown, string]>([
    [2, "auditLog.sample.success must be a number from 0 to 1, got 2"],
    [{}, "auditLog.sample.success must have patterns, got an empty object"],
    [{ "/a": 2 }, "auditLog.sample.success must have numbers from 0 to 1, got 2"],
    [{ "/a": "0.5" }, 'got "0.5": write it without quotes, and convert what comes from a variable'],
    [{ "POST /a": 0.1 }, "has a pattern for POST, of which every request is recorded"],
    [{ a: 1 }, 'auditLog.sample.success has a pattern that must start with "/": write "/a"'],
  ])("refuses %j", (success, message) => {
    expect(() => auditLog({ sample: { success } as SampleOptions })).toThrow(message);
  });
});
