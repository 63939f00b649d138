import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import request from "supertest";
import { afterEach, describe, expect, it, vi } from "vitest";
import Transport from "winston-transport";
import { expressVersions } from "../../test/support/express.js";
import {
  type AuditFailure,
  type AuditLogOptions,
  auditLog,
  FAILURE_CHANNEL,
  fileSink,
} from "./index.js";
import { DirectTransport } from "./sinks/direct-transport.js";

const writes = vi.hoisted(() => ({ stderr: [] as string[], full: false }));
vi.mock("node:fs", async (original) => {
  const fs = await original<typeof import("node:fs")>();
  const writeSync = (descriptor: number, ...rest: [never]): number => {
    if (descriptor !== 2 && writes.full)
      throw Object.assign(new Error("no space"), { code: "ENOSPC" });
    if (descriptor !== 2) return fs.writeSync(descriptor, ...rest);
    writes.stderr.push(String(rest[0]));
    return 0;
  };
  return { ...fs, default: fs, writeSync };
});

/** A sink of our own kind that can be broken and mended. */
class Disk extends DirectTransport {
  readonly label = "disk";
  readonly lines: string[] = [];
  attempts = 0;
  error: Error | undefined;

  override writeLine(line: string): void {
    this.attempts += 1;
    if (this.error !== undefined) throw this.error;
    this.lines.push(line);
  }

  override close(): void {
    this.error = new Error("closed");
  }

  get events(): string[] {
    return this.lines.map((line) => JSON.parse(line)["event.name"]);
  }
}

const full = Object.assign(new Error("no space left on /secret/path"), { code: "ENOSPC" });

afterEach(() => {
  writes.stderr.length = 0;
  vi.restoreAllMocks();
});

describe.each(expressVersions)("failing sinks on Express %s", (_major, express) => {
  function newApp(options: AuditLogOptions): {
    app: ReturnType<typeof express>;
    audit: ReturnType<typeof auditLog>;
  } {
    const audit = auditLog(options);
    const app = express();
    app.use(audit, (_req, res) => void res.end("served"));
    return { app, audit };
  }

  it("serves requests by default, counts what is lost, and tells the log once it works again", async () => {
    const disk = new Disk();
    const { app, audit } = newApp({ sinks: [disk] });
    await request(app).get("/").expect(200);
    disk.error = full;
    for (let index = 0; index < 3; index += 1) await request(app).get("/").expect(200);
    expect(audit.stats()).toMatchObject({ records: 5, lost: 3, pending: 0, failing: true });
    disk.error = undefined;
    await request(app).get("/").expect(200);
    expect(disk.events).toEqual([
      "sys_monitor_enabled",
      "api_request",
      "log_dropped",
      "api_request",
    ]);
    expect(JSON.parse(disk.lines[2] ?? "")).toMatchObject({
      "audit.lost.count": 3,
      "audit.lost.first": 3,
      "audit.lost.last": 5,
      "audit.lost.since": expect.stringMatching(/^\d{4}-.*Z$/),
      "audit.outcome": "failure",
      "audit.severity": "ERROR",
      "audit.sink.name": "disk",
    });
    expect(audit.stats().failing).toBe(false);
  });

  it.each(["a sink of ours", "a transport"])(
    "does not go round in circles when a subscriber records the failures of %s",
    async (what) => {
      vi.useFakeTimers({ toFake: ["performance"] });
      const disk = new Disk();
      const sink =
        what === "a transport"
          ? new Transport({
              log() {
                throw full;
              },
            })
          : disk;
      disk.error = full;
      const lost: number[] = [];
      const { app, audit } = newApp({ sinks: [sink] });
      const listener = (failure: unknown): void => {
        lost.push((failure as AuditFailure).lost);
        audit.event(null, "disk_trouble");
      };
      subscribe(FAILURE_CHANNEL, listener);
      await request(app).get("/").expect(200);
      await request(app).get("/").expect(200);
      expect(lost).toHaveLength(1);
      vi.advanceTimersByTime(1000);
      await request(app).get("/").expect(200);
      unsubscribe(FAILURE_CHANNEL, listener);
      expect(lost).toHaveLength(2);
      // The first one, three requests, and what the subscriber recorded twice.
      expect(audit.stats()).toMatchObject({ records: 6, lost: 6 });
      vi.useRealTimers();
    },
  );

  it.each<[string, () => Promise<unknown>]>([
    ["a microtask", () => Promise.resolve()],
    ["the next turn", () => new Promise((resolve) => setImmediate(resolve))],
    ["a timer", () => new Promise((resolve) => setTimeout(resolve, 1))],
  ])(
    "does not go round in circles when a subscriber records each failure after %s",
    async (_when, pause) => {
      vi.useFakeTimers({ toFake: ["performance"] });
      const disk = new Disk();
      disk.error = full;
      const { audit } = newApp({ sinks: [disk] });
      let heard = 0;
      const listener = async (): Promise<void> => {
        heard += 1;
        // So that a circle ends here, and not the test.
        if (heard > 1000) return;
        await pause();
        audit.event(null, "disk_trouble");
      };
      subscribe(FAILURE_CHANNEL, listener);
      const settled = async (count: number): Promise<void> => {
        await vi.waitFor(() => expect(heard).toBe(count));
        await new Promise((resolve) => setTimeout(resolve, 50));
      };
      await settled(10);
      expect(heard).toBe(10);
      vi.advanceTimersByTime(1000);
      audit.event(null, "disk_trouble");
      await settled(20);
      unsubscribe(FAILURE_CHANNEL, listener);
      expect(heard).toBe(20);
      // Each of them is counted: the start, what was recorded here, and what the subscriber recorded.
      expect(audit.stats()).toMatchObject({ records: 22, lost: 22 });
      vi.useRealTimers();
    },
  );

  it("says so on the standard error output once in a minute, without the error's words", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    const disk = new Disk();
    disk.error = full;
    const { app } = newApp({ sinks: [disk] });
    for (let index = 0; index < 3; index += 1) await request(app).get("/").expect(200);
    expect(writes.stderr).toEqual([
      "express-secure-api: auditLog.sinks[0] (disk) failed: ENOSPC; 1 record lost so far\n",
    ]);
    vi.advanceTimersByTime(60_000);
    await request(app).get("/").expect(200);
    expect(writes.stderr).toHaveLength(2);
    expect(writes.stderr[1]).toContain("5 records lost");
    vi.useRealTimers();
  });

  it("publishes failures as frozen data, and survives a subscriber that throws", async () => {
    const seen: AuditFailure[] = [];
    const listener = (message: unknown) => void seen.push(message as AuditFailure);
    const throwing = () => {
      throw new Error("broken monitor");
    };
    subscribe(FAILURE_CHANNEL, throwing);
    subscribe(FAILURE_CHANNEL, listener);
    const good = new Disk();
    const disk = new Disk();
    disk.error = full;
    const { app } = newApp({ sinks: [good, disk] });
    await request(app).get("/").expect(200);
    unsubscribe(FAILURE_CHANNEL, throwing);
    unsubscribe(FAILURE_CHANNEL, listener);
    expect(seen).toEqual([
      { sink: "disk", position: 1, code: "ENOSPC", lost: 1 },
      { sink: "disk", position: 1, code: "ENOSPC", lost: 2 },
    ]);
    expect(Object.isFrozen(seen[0])).toBe(true);
    expect(good.events).toEqual(["sys_monitor_enabled", "api_request"]);
  });

  it("refuses new requests with fail-operation until a record can be written", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    const disk = new Disk();
    const { app } = newApp({ sinks: [disk], onFailure: "fail-operation" });
    await request(app).get("/").expect(200);
    disk.error = full;
    await request(app).get("/").expect(200);
    const refused = await request(app).get("/").expect(503).expect("Retry-After", /^\d+$/);
    expect(refused.body.code).toBe("audit_unavailable");
    expect(JSON.stringify(refused.body)).not.toMatch(/ENOSPC|space/);
    // Within a second only the record of the refusal is tried, not another probe.
    const { attempts } = disk;
    await request(app).get("/").expect(503);
    expect(disk.attempts).toBe(attempts + 1);
    disk.error = undefined;
    vi.advanceTimersByTime(1000);
    await request(app).get("/").expect(200);
    expect(disk.events.slice(2)).toEqual(["log_dropped", "api_request"]);
    expect(JSON.parse(disk.lines[2] ?? "")["audit.lost.count"]).toBe(3);
    vi.useRealTimers();
  });

  it.each(["turn", "record"] as const)(
    'refuses new requests with fail-operation and a file with "%s", and admits them when it takes records again',
    async (write) => {
      vi.useFakeTimers({ toFake: ["performance"] });
      const path = join(mkdtempSync(join(tmpdir(), "audit-")), "audit.jsonl");
      const sinks = [fileSink({ path, write })];
      const { app, audit } = newApp({ sinks, onFailure: "fail-operation" });
      await request(app).get("/").expect(200);
      writes.full = true;
      // Served: that its record is lost is known when it has been answered.
      await request(app).get("/").expect(200);
      await request(app).get("/").expect(503);
      await request(app).get("/").expect(503);
      expect(audit.stats()).toMatchObject({ records: 5, lost: 3, pending: 0, failing: true });
      writes.full = false;
      vi.advanceTimersByTime(1000);
      await request(app).get("/").expect(200);
      expect(audit.stats()).toMatchObject({ records: 6, lost: 3, pending: 0, failing: false });
      await audit.close();
      const records = readFileSync(path, "utf8").trim().split("\n");
      expect(records.map((line) => JSON.parse(line)["event.name"])).toEqual([
        "sys_monitor_enabled",
        "api_request",
        "log_dropped",
        "api_request",
        "sys_monitor_disabled",
      ]);
      vi.useRealTimers();
    },
  );

  it("only records the refusal in report mode", async () => {
    const disk = new Disk();
    const spare = new Disk();
    const { app } = newApp({ sinks: [disk, spare], onFailure: "fail-operation", mode: "report" });
    disk.error = full;
    await request(app).get("/").expect(200);
    await request(app).get("/").expect(200);
    expect(JSON.parse(spare.lines.at(-1) ?? "")).toMatchObject({
      "audit.decisions": ["auditLog:report:audit_unavailable"],
      "audit.reported.status": 503,
    });
  });

  it("refuses requests with fail-operation after the log was closed, and serves them without", async () => {
    const strict = newApp({ sinks: [new Disk()], onFailure: "fail-operation" });
    await strict.audit.close();
    await request(strict.app).get("/").expect(503);
    const lenient = newApp({ sinks: [new Disk()] });
    await lenient.audit.close();
    await request(lenient.app).get("/").expect(200);
    expect(lenient.audit.stats().lost).toBe(1);
  });

  it("survives a full disk", async () => {
    const path = join(mkdtempSync(join(tmpdir(), "audit-")), "audit.jsonl");
    const { app, audit } = newApp({ sinks: [fileSink({ path: "/dev/full" }), fileSink({ path })] });
    for (let index = 0; index < 20; index += 1) await request(app).get("/").expect(200);
    expect(audit.stats()).toMatchObject({ lost: 21, failing: true });
    expect(writes.stderr[0]).toContain("ENOSPC");
    expect(readFileSync(path, "utf8").trim().split("\n")).toHaveLength(21);
    await audit.close();
  });
});
