import { AsyncLocalStorage } from "node:async_hooks";
import request from "supertest";
import { afterEach, describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import { type AuditFailure, type AuditLogOptions, auditLog } from "../index.js";
import { DirectTransport } from "../sinks/direct-transport.js";

vi.mock("node:fs", async (original) => {
  const fs = await original<typeof import("node:fs")>();
  const writeSync = (descriptor: number, ...rest: [never]): number =>
    descriptor === 2 ? 0 : fs.writeSync(descriptor, ...rest);
  return { ...fs, default: fs, writeSync };
});

/** A sink of our own kind that can be broken and mended. */
class Disk extends DirectTransport {
  readonly label = "disk";
  readonly lines: string[] = [];
  full = false;

  override writeLine(line: string): void {
    if (this.full) throw Object.assign(new Error("no space"), { code: "ENOSPC" });
    this.lines.push(line);
  }

  override close(): void {}
}

afterEach(() => {
  vi.useRealTimers();
});

describe.each(expressVersions)("what a failing sink means on Express %s", (_major, express) => {
  function newApp(options: AuditLogOptions): {
    app: ReturnType<typeof express>;
    audit: ReturnType<typeof auditLog>;
  } {
    const audit = auditLog(options);
    const app = express();
    app.use(audit, (_req, res) => void res.end("served"));
    return { app, audit };
  }

  it("with `shutdown` tells the app once, when every sink has its record, and refuses from then on", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    const disk = new Disk();
    const spare = new Disk();
    const failures: AuditFailure[] = [];
    const written: number[] = [];
    const store = new AsyncLocalStorage<string>();
    const stores: unknown[] = [];
    const { app, audit } = newApp({
      sinks: [disk, spare],
      onFailure: "shutdown",
      onShutdown(failure) {
        failures.push(failure);
        written.push(spare.lines.length);
        stores.push(store.getStore());
      },
    });
    app.use((_req, res) => store.run("request", () => void res.end()));
    await request(app).get("/").expect(200);
    expect(audit.health().status).toBe("ok");
    disk.full = true;
    await request(app).get("/").expect(200);
    const refused = await request(app).get("/").expect(503).expect("Retry-After", /^\d+$/);
    expect(refused.body.code).toBe("audit_unavailable");
    disk.full = false;
    vi.advanceTimersByTime(5000);
    await request(app).get("/").expect(503);
    expect(failures).toEqual([{ sink: "disk", position: 0, code: "ENOSPC", lost: 1 }]);
    expect(Object.isFrozen(failures[0])).toBe(true);
    expect(written).toEqual([3]);
    expect(stores).toEqual([undefined]);
    expect(audit.health()).toMatchObject({ status: "failing", sinks: [{ failing: false }, {}] });
  });

  it.each<[string, () => unknown]>([
    [
      "throws",
      () => {
        throw new Error("no");
      },
    ],
    ["rejects", () => Promise.reject(new Error("no"))],
    [
      "returns what throws when it is looked at",
      () => ({
        get then(): never {
          throw new Error("no");
        },
      }),
    ],
  ])("refuses all the same when onShutdown %s", async (_how, onShutdown) => {
    const disk = new Disk();
    const { app } = newApp({ sinks: [disk], onFailure: "shutdown", onShutdown });
    await request(app).get("/").expect(200);
    disk.full = true;
    await request(app).get("/").expect(200);
    await request(app).get("/").expect(503);
  });

  it("calls onShutdown neither in report mode nor while the log closes", async () => {
    const onShutdown = vi.fn();
    const disk = new Disk();
    const spare = new Disk();
    const options = { onFailure: "shutdown", onShutdown } as const;
    const { app } = newApp({ ...options, sinks: [disk, spare], mode: "report" });
    disk.full = true;
    await request(app).get("/").expect(200, "served");
    await request(app).get("/").expect(200, "served");
    expect(JSON.parse(spare.lines.at(-1) ?? "")).toMatchObject({
      "audit.decisions": ["auditLog:report:audit_unavailable"],
    });
    const closing = newApp({ ...options, sinks: [new Disk()] });
    await closing.audit.close();
    await request(closing.app).get("/").expect(503);
    expect(onShutdown).not.toHaveBeenCalled();
  });

  it.each(["fail-operation", "shutdown"] as const)(
    "with `%s` never refuses a path of healthPaths, spelt exactly so",
    async (onFailure) => {
      const disk = new Disk();
      const { app } = newApp({
        sinks: [disk],
        onFailure,
        ...(onFailure === "shutdown" ? { onShutdown: () => undefined } : {}),
        healthPaths: ["GET /livez", "/probes/*"],
      });
      await request(app).get("/").expect(200);
      disk.full = true;
      await request(app).get("/").expect(200);
      await request(app).get("/livez").expect(200);
      await request(app).head("/livez").expect(200);
      await request(app).get("/probes/ready").expect(200);
      const others = ["/Livez", "/livez/", "/%6civez", "/livez/../orders", "/probesx"];
      for (const path of others) await request(app).get(path).expect(503);
      await request(app).post("/livez").expect(503);
      await request(app).post("/livez").set("X-HTTP-Method-Override", "GET").expect(503);
    },
  );
});

describe("the options for failing sinks", () => {
  it.each<[AuditLogOptions, string]>([
    [
      { onFailure: "shutdown" },
      'auditLog.onShutdown must be a function with onFailure: "shutdown"',
    ],
    [
      { onShutdown: () => undefined },
      'auditLog.onShutdown is called only with onFailure: "shutdown"',
    ],
    [{ onFailure: "shutdown", onShutdown: undefined }, "auditLog.onShutdown must not be undefined"],
    [{ healthPaths: "/*" }, "auditLog.healthPaths must not cover every route"],
    [{ healthPaths: "livez" }, 'must start with "/"'],
    [{ stallAfter: "10ms" }, "auditLog.stallAfter must be a duration from 1s to 1h"],
  ])("refuse %j", (options, message) => {
    expect(() => auditLog({ sinks: [new Disk()], ...options })).toThrow(message);
  });
});
