import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import request from "supertest";
import { afterEach, describe, expect, it, vi } from "vitest";
import Transport from "winston-transport";
import { expressVersions } from "../../test/support/express.js";
import { createGuard } from "../core/guard/guard.js";
import { HttpError } from "../core/refusal/http-error.js";
import { type AuditFailure, type AuditLogOptions, auditLog, FAILURE_CHANNEL } from "./index.js";
import { fileSink } from "./sinks/file-sink.js";

type Records = readonly Record<string, unknown>[];

const disks = vi.hoisted(() => ({ full: new Set<number>(), opened: [] as number[] }));
vi.mock("node:fs", async (original) => {
  const fs = await original<typeof import("node:fs")>();
  const openSync = (...args: Parameters<typeof fs.openSync>): number => {
    const descriptor = fs.openSync(...args);
    disks.opened.push(descriptor);
    return descriptor;
  };
  const writeSync = (descriptor: number, ...rest: [never]): number => {
    if (descriptor === 2) return 0;
    if (disks.full.has(descriptor)) throw Object.assign(new Error("full"), { code: "ENOSPC" });
    return fs.writeSync(descriptor, ...rest);
  };
  return { ...fs, default: fs, openSync, writeSync };
});

const subscribers: ((message: unknown) => void)[] = [];

function onFailure(subscriber: (failure: AuditFailure) => void): void {
  const listener = (message: unknown): void => subscriber(message as AuditFailure);
  subscribers.push(listener);
  subscribe(FAILURE_CHANNEL, listener);
}

afterEach(() => {
  for (const subscriber of subscribers.splice(0)) unsubscribe(FAILURE_CHANNEL, subscriber);
  disks.full.clear();
});

/** A file that can be full. */
function newFile(write: "turn" | "record"): {
  sink: ReturnType<typeof fileSink>;
  records: () => Records;
  fill: (full: boolean) => void;
} {
  const path = join(mkdtempSync(join(tmpdir(), "audit-")), "audit.jsonl");
  disks.opened.length = 0;
  const sink = fileSink({ path, write });
  // The first one is for writing, the second one looked at the end of the file.
  const descriptor = disks.opened[0] ?? -1;
  const records = (): Records =>
    readFileSync(path, "utf8")
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  const fill = (full: boolean): void =>
    void (full ? disks.full.add(descriptor) : disks.full.delete(descriptor));
  return { sink, records, fill };
}

/** The numbers of each series of records, in order. */
function series(records: Records): Record<string, readonly number[]> {
  const found: Record<string, number[]> = {};
  for (const record of records) {
    const id = String(record["audit.record.id"]);
    const name = id.slice(36, id.lastIndexOf("-"));
    const numbers = found[name] ?? [];
    numbers.push(Number(id.slice(id.lastIndexOf("-") + 1)));
    found[name] = numbers;
  }
  return found;
}

describe.each(expressVersions)("auditLog on Express %s", (_major, express) => {
  const guard = createGuard("requireRole", "authorization", {
    mode: "report",
    onDenied: "respond",
  });
  const reporting = guard.middleware((req, res, next) =>
    guard.refuse(new HttpError("access_denied"), req, res, next, { reason: "missing_role" }),
  );

  function newApp(options: AuditLogOptions): {
    app: ReturnType<typeof express>;
    audit: ReturnType<typeof auditLog>;
  } {
    const audit = auditLog(options);
    const app = express();
    app.use(audit);
    return { app, audit };
  }

  describe.each(["turn", "record"] as const)('with write "%s"', (write) => {
    it("numbers records without a gap in a sink that holds all, while another one fails and recovers twice", async () => {
      const good = newFile(write);
      const bad = newFile(write);
      const { app, audit } = newApp({ sinks: [bad.sink, good.sink] });
      app.use((_req, res) => void res.end());
      const server = request(app);
      for (const lost of [0, 3, 0, 2, 0]) {
        bad.fill(lost > 0);
        for (let index = 0; index < (lost || 2); index += 1) await server.get("/").expect(200);
        await nextTurn();
      }
      await audit.close();
      const all = audit.stats().records;
      expect(series(good.records())).toEqual({
        "": Array.from({ length: all }, (_, index) => index + 1),
      });
      const { "": common = [], ".0": losses } = series(bad.records());
      expect(losses).toEqual([1, 2]);
      // What is missing is what was lost, and told.
      expect(all - common.length).toBe(audit.stats().lost);
      expect(bad.records().map((record) => record["audit.lost.count"])).toEqual(
        expect.arrayContaining([3, 2]),
      );
    });

    it("writes to all its own sinks before it publishes a failure, and calls other transports last", async () => {
      const bad = newFile(write);
      const good = newFile(write);
      const steps: string[] = [];
      const transport = new Transport({
        log(info: Record<string, unknown>, next) {
          if (info["event.name"] === "api_request") steps.push("transport");
          next();
        },
      });
      const { app } = newApp({ sinks: [transport, bad.sink, good.sink] });
      app.use((_req, res) => void res.end());
      await request(app).get("/").expect(200);
      await nextTurn();
      steps.length = 0;
      const before = good.records().length;
      onFailure(() => steps.push(`failure, ${good.records().length - before} written`));
      bad.fill(true);
      await request(app).get("/").expect(200);
      await nextTurn();
      const failure = "failure, 1 written";
      expect(steps).toEqual(write === "turn" ? ["transport", failure] : [failure, "transport"]);
    });

    it("refuses and counts records from the call of close() on, while it waits for a slow neighbour", async () => {
      const file = newFile(write);
      const slow = new Transport({ log: (_info, next) => void setTimeout(next, 300) });
      const { app, audit } = newApp({ sinks: [file.sink, slow] });
      app.use((_req, res) => void res.end());
      await request(app).get("/").expect(200);
      const closing = audit.close();
      await request(app).get("/").expect(200);
      await request(app).get("/").expect(200);
      await closing;
      expect(file.records().map((record) => record["event.name"])).toEqual([
        "sys_monitor_enabled",
        "api_request",
        "sys_monitor_disabled",
      ]);
      expect(audit.stats()).toMatchObject({ records: 5, lost: 4, pending: 0 });
    });

    it("may be closed by a subscriber that hears of a failure while it is closing", async () => {
      const file = newFile(write);
      const { audit } = newApp({ sinks: [file.sink] });
      await nextTurn();
      let closes = 0;
      onFailure(() => {
        closes += 1;
        void audit.close();
      });
      file.fill(true);
      const closing = audit.close();
      expect(audit.close()).toBe(closing);
      await closing;
      expect([closes, audit.stats().lost, audit.stats().records]).toEqual([1, 1, 2]);
    });

    it("counts a record that cannot be made in all four places, and leaves no gap", async () => {
      const file = newFile(write);
      const failures: AuditFailure[] = [];
      onFailure((failure) => failures.push(failure));
      const { app, audit } = newApp({ sinks: [file.sink] });
      app.get("/ok", (_req, res) => void res.end());
      app.get("/headers", (req, res) => {
        Object.defineProperty(req, "headers", { value: undefined });
        res.end();
      });
      app.get("/taken-apart", (_req, res) => {
        Object.defineProperty(res, "req", { value: undefined });
        res.statusCode = 204;
        res.end();
      });
      for (const path of ["/ok", "/headers", "/taken-apart", "/ok"]) await request(app).get(path);
      await nextTurn();
      const dropped = file.records().filter((record) => record["event.name"] === "log_dropped");
      expect(dropped).toHaveLength(2);
      expect(dropped[0]).toMatchObject({ "audit.lost.count": 1, "audit.sink.name": "record" });
      expect(series(file.records())).toEqual({ "": [1, 2, 3, 4, 5] });
      expect(audit.stats()).toMatchObject({ records: 5, lost: 2, pending: 0, failing: false });
      expect(failures).toEqual([
        { sink: "record", position: -1, code: "error", lost: 1 },
        { sink: "record", position: -1, code: "error", lost: 2 },
      ]);
    });
  });

  it("records the status that was sent, also by the app around the one that has the log", async () => {
    const file = newFile("record");
    const { app: inner } = newApp({ sinks: [file.sink] });
    const outer = express().use("/inner", inner);
    outer.use((_req, res) => {
      res.status(410).end();
      res.statusCode = 200;
    });
    inner.get("/own", (_req, res) => {
      res.writeHead(404).end();
      res.statusCode = 201;
    });
    await request(outer).get("/inner/own").expect(404);
    await request(outer).get("/inner/left").expect(410);
    const statuses = file.records().map((record) => record["http.response.status_code"]);
    expect(statuses.filter((status) => status !== undefined)).toEqual([404, 410]);
  });

  it("publishes failures where auditLog() was called, not in a request", async () => {
    const store = new AsyncLocalStorage<string>();
    const file = newFile("record");
    const { app } = store.run("start-up", () => newApp({ sinks: [file.sink] }));
    app.use((_req, res) => store.run("request", () => void res.end()));
    await nextTurn();
    const seen: unknown[] = [];
    onFailure(() => seen.push(store.getStore()));
    file.fill(true);
    await request(app).get("/").expect(200);
    expect(seen).toEqual(["start-up"]);
  });

  it.each<[string, unknown]>([
    ["NaN", Number.NaN],
    ["nothing", undefined],
    ["JSON", '1,"audit.outcome":"success"'],
    ["a fraction", 500.5],
    ["too much", 1e21],
    ["an object", {}],
    ["less than nothing", -1],
    ["a symbol", Symbol("x")],
    ["another status", 500],
  ])("records the status that was sent when the app makes it %s later", async (_what, status) => {
    const file = newFile("record");
    const { app, audit } = newApp({ sinks: [file.sink] });
    app.get("/", (_req, res) => {
      res.status(202).write("part");
      Object.assign(res, { statusCode: status });
      res.end();
    });
    await request(app).get("/").expect(202);
    expect(file.records().at(-1)).toMatchObject({
      "audit.outcome": "success",
      "event.name": "api_request",
      "http.response.status_code": 202,
    });
    expect(audit.stats().lost).toBe(0);
  });

  it("records the status of writeHead(), with its text and fields", async () => {
    const file = newFile("record");
    const { app } = newApp({ sinks: [file.sink] });
    app.get("/", (_req, res) => void res.writeHead(418, "Teapot", { "X-Own": "1" }).end());
    const answer = await request(app).get("/").expect(418).expect("X-Own", "1");
    expect(answer.headers["x-request-id"]).toBeDefined();
    expect(file.records().at(-1)).toMatchObject({ "http.response.status_code": 418 });
  });

  it("shows the path of a request that a reporting guard would have refused and no route took", async () => {
    const file = newFile("record");
    const { app } = newApp({ sinks: [file.sink] });
    app.use("/old", reporting, (_req, res) => void res.end("legacy"));
    app.use((_req, res) => void res.end("static"));
    await request(app).get("/old/report/eyJhbGciOiJub25lIn0?token=1").expect(200, "legacy");
    await request(app).get("/file.css").expect(200, "static");
    const [reported, plain] = file.records().filter((record) => "http.request.id" in record);
    expect(reported).toMatchObject({
      "audit.outcome": "success",
      "audit.reported.code": "access_denied",
      "url.path": "/old/report/REDACTED",
    });
    expect(plain).not.toHaveProperty(["url.path"]);
  });

  // "auditLog({ except: [...] }) in the pattern language for successful health probes (refusals are always recorded)"
  it("leaves out successful requests to paths in `except`, and nothing else", async () => {
    const file = newFile("record");
    const { app, audit } = newApp({
      sinks: [file.sink],
      except: ["GET /health", "/probes/:name", "GET /reported"],
    });
    let healthy = true;
    app.get("/reported", reporting, (_req, res) => void res.end());
    app.use((_req, res) => void res.status(healthy ? 200 : 503).end());
    const served = ["/health", "/health?verbose=1", "/probes/ready"];
    for (const path of served) {
      const answer = await request(app).get(path).expect(200);
      expect(answer.headers["x-request-id"]).toBeDefined();
    }
    await request(app).head("/health").expect(200);
    expect(file.records().filter((record) => "http.request.id" in record)).toEqual([]);
    expect(audit.stats()).toMatchObject({ records: file.records().length, lost: 0 });
    const recorded = ["/health/", "/Health", "/health//", "/%68ealth", "/reported"];
    for (const path of recorded) await request(app).get(path).expect(200);
    await request(app).post("/health").expect(200);
    healthy = false;
    await request(app).get("/health").expect(503);
    const records = file.records().filter((record) => "http.request.id" in record);
    expect(records).toHaveLength(recorded.length + 2);
    expect(records.at(-1)).toMatchObject({
      "audit.outcome": "failure",
      "http.response.status_code": 503,
      "url.path": "/health",
    });
    expect(series(file.records())[""]).toEqual(file.records().map((_record, index) => index + 1));
  });

  it.each(["/*", "GET /*", "/:any/*", "/:a/:b/*"])("refuses %s in `except`", (everything) => {
    const { sink } = newFile("record");
    for (const except of [everything, ["GET /health", everything]]) {
      expect(() => auditLog({ sinks: [sink], except })).toThrow(
        `must not cover every route, as "${everything}" does: requests that pass are what the log is for`,
      );
    }
    expect(() => auditLog({ sinks: [sink], except: ["/", "/probes/*", "/:name"] })).not.toThrow();
  });

  it("leaves out a path with a slash at its end if the pattern in `except` has one", async () => {
    const file = newFile("record");
    const { app } = newApp({ sinks: [file.sink], except: "GET /health/" });
    app.use((_req, res) => void res.end());
    await request(app).get("/health/").expect(200);
    await request(app).get("/Health/").expect(200);
    expect(file.records().filter((record) => "http.request.id" in record)).toHaveLength(1);
  });

  it("refuses patterns in `except` that are none", () => {
    const options = { sinks: [newFile("record").sink], except: ["health", "get /x"] };
    expect(() => auditLog(options)).toThrow(/auditLog\.except\[0\].*\n.*auditLog\.except\[1\]/);
  });
});
