import request from "supertest";
import { describe, expect, it, vi } from "vitest";
import Transport from "winston-transport";
import { expressVersions } from "../../../test/support/express.js";
import { readyz } from "../../server/index.js";
import { auditLog } from "../index.js";
import { DirectTransport } from "../sinks/direct-transport.js";

vi.mock("node:fs", async (original) => {
  const fs = await original<typeof import("node:fs")>();
  const writeSync = (descriptor: number, ...rest: [never]): number =>
    descriptor === 2 ? 0 : fs.writeSync(descriptor, ...rest);
  return { ...fs, default: fs, writeSync };
});

class Disk extends DirectTransport {
  readonly label = "disk";
  readonly lines: string[] = [];
  full = false;

  override writeLine(line: string): void {
    if (this.full) throw Object.assign(new Error("at /secret/path"), { code: "ENOSPC" });
    this.lines.push(line);
  }

  override close(): void {}
}

class Collector extends Transport {
  readonly answers: (() => void)[] = [];

  override log(_info: unknown, next: () => void): void {
    this.answers.push(next);
  }

  answerAll(): void {
    for (let next = this.answers.shift(); next !== undefined; next = this.answers.shift()) next();
  }
}

describe.each(expressVersions)("the health of an audit log on Express %s", (_major, express) => {
  it("tells of every sink, and sums it up, as frozen data without the words of errors", async () => {
    const [disk, spare] = [new Disk(), new Disk()];
    const audit = auditLog({ sinks: [disk, spare] });
    const app = express().use(audit, (_req, res) => void res.end());
    await request(app).get("/").expect(200);
    const well = { sink: "disk", pending: 0, lost: 0, failing: false, stalled: false };
    expect(audit.health()).toEqual({
      status: "ok",
      sinks: [
        { ...well, position: 0 },
        { ...well, position: 1 },
      ],
    });
    disk.full = true;
    await request(app).get("/").expect(200);
    const health = audit.health();
    expect(health).toEqual({
      status: "degraded",
      sinks: [
        {
          ...well,
          position: 0,
          lost: 1,
          failing: true,
          lastError: "ENOSPC",
          lastErrorAt: expect.any(Number),
        },
        { ...well, position: 1 },
      ],
    });
    expect([health, health.sinks, ...health.sinks].every(Object.isFrozen)).toBe(true);
    expect(audit.stats()).toMatchObject({ lost: 1, failing: true, sinks: [{ lost: 1 }, well] });
    spare.full = true;
    await request(app).get("/").expect(200);
    expect(audit.health().status).toBe("failing");
    disk.full = false;
    spare.full = false;
    await request(app).get("/").expect(200);
    expect(audit.health()).toMatchObject({
      status: "ok",
      sinks: [{ failing: false, lastError: "ENOSPC" }, { failing: false }],
    });
    await audit.close();
    expect(audit.health().status).toBe("failing");
  });

  it("is failing while fail-operation refuses requests, also with a sink that works", async () => {
    const [disk, spare] = [new Disk(), new Disk()];
    const audit = auditLog({ sinks: [disk, spare], onFailure: "fail-operation" });
    const app = express().use(audit, (_req, res) => void res.end());
    await request(app).get("/").expect(200);
    disk.full = true;
    await request(app).get("/").expect(200);
    expect(audit.health().status).toBe("failing");
  });

  it.each(["continue", "fail-operation"] as const)(
    "tries a sink again that failed, at most once in a second, so that an instance without requests recovers, with %s",
    async (onFailure) => {
      vi.useFakeTimers({ toFake: ["performance"] });
      const disk = new Disk();
      const audit = auditLog({ sinks: [disk], onFailure });
      const app = express().use(audit, (_req, res) => void res.end());
      await request(app).get("/").expect(200);
      disk.full = true;
      await request(app).get("/").expect(200);
      expect(audit.health().status).toBe("failing");
      disk.full = false;
      expect(audit.health().status).toBe("failing");
      vi.advanceTimersByTime(1000);
      expect(audit.health().status).toBe("ok");
      expect(disk.lines.map((line) => JSON.parse(line)["event.name"]).at(-1)).toBe("log_dropped");
      vi.useRealTimers();
    },
  );

  it("is a check of readyz, whose path fail-operation leaves alone", async () => {
    const disk = new Disk();
    const audit = auditLog({
      sinks: [disk],
      onFailure: "fail-operation",
      healthPaths: ["GET /readyz"],
    });
    const app = express().use(audit);
    const checks = { audit: () => audit.health() };
    app.get("/readyz", readyz({ checks, cache: "1ms", onFail: () => undefined }));
    app.get("/", (_req, res) => void res.end());
    await request(app).get("/readyz").expect(200);
    disk.full = true;
    await request(app).get("/").expect(200);
    const answer = await request(app).get("/readyz").expect(503);
    expect(answer.body).toMatchObject({ code: "service_unavailable", state: "failing" });
    disk.full = false;
    await request(app).get("/readyz");
    await new Promise((resolve) => setTimeout(resolve, 10));
    await request(app).get("/readyz").expect(200);
  });
});

describe("flush()", () => {
  it("waits until every sink has what was written before it, and for nothing later", async () => {
    const collector = new Collector();
    const disk = new Disk();
    const audit = auditLog({ sinks: [disk, collector] });
    await vi.waitFor(() => expect(collector.answers).toHaveLength(1));
    let flushed = false;
    const flush = audit.flush().then(() => {
      flushed = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(flushed).toBe(false);
    const [first] = collector.answers.splice(0);
    const app = expressVersions[0]?.[1]() ?? fail();
    app.use(audit, (_req, res) => void res.end());
    await request(app).get("/").expect(200);
    first?.();
    await flush;
    expect(collector.answers).toHaveLength(1);
  });

  it("tells a sink of its losses, and resolves when it knows", async () => {
    const disk = new Disk();
    disk.full = true;
    const audit = auditLog({ sinks: [disk] });
    await vi.waitFor(() => expect(audit.stats().lost).toBe(1));
    await expect(audit.flush()).rejects.toThrow("not every record is written in sinks[0] (disk)");
    disk.full = false;
    await audit.flush();
    expect(disk.lines.map((line) => JSON.parse(line)["event.name"])).toEqual(["log_dropped"]);
  });

  it("rejects after five seconds where a sink does not answer, also when nobody listens", async () => {
    const audit = auditLog({ sinks: [new Disk(), new Collector()] });
    await vi.waitFor(() => expect(audit.stats().records).toBe(1));
    const timeout = vi.spyOn(AbortSignal, "timeout").mockReturnValue(AbortSignal.abort());
    void audit.flush();
    await expect(audit.flush()).rejects.toMatchObject({
      code: "EAGAIN",
      message: "auditLog.flush(): not every record is written in sinks[1] (Collector)",
    });
    expect(timeout).toHaveBeenCalledWith(5000);
    timeout.mockRestore();
  });
});

function fail(): never {
  throw new Error("no Express");
}
