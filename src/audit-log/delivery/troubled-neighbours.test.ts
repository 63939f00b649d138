import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { setImmediate as nextTurn } from "node:timers/promises";
import request from "supertest";
import { afterEach, describe, expect, it, vi } from "vitest";
import Transport from "winston-transport";
import { expressVersions } from "../../../test/support/express.js";
import { auditLog, FAILURE_CHANNEL } from "../index.js";
import { DirectTransport } from "../sinks/direct-transport.js";

const stderr = vi.hoisted(() => [] as string[]);
vi.mock("node:fs", async (original) => {
  const fs = await original<typeof import("node:fs")>();
  const writeSync = (descriptor: number, ...rest: [never]): number =>
    descriptor === 2 ? stderr.push(String(rest[0])) : fs.writeSync(descriptor, ...rest);
  return { ...fs, default: fs, writeSync };
});

class Memory extends DirectTransport {
  readonly label = "memory";
  readonly lines: string[] = [];

  override writeLine(line: string): void {
    this.lines.push(line);
  }

  override close(): void {}

  get records(): readonly Record<string, unknown>[] {
    return this.lines.map((line) => JSON.parse(line));
  }
}

type Log = (info: Record<string, unknown>, next: () => void) => void;

class Foreign extends Transport {
  readonly seen: unknown[] = [];
  readonly #log: Log;

  constructor(log: Log) {
    super();
    this.#log = log;
  }

  override log(info: Record<string, unknown>, next: () => void): void {
    this.seen.push(info["event.name"]);
    this.#log(info, next);
  }
}

afterEach(() => {
  vi.useRealTimers();
  stderr.length = 0;
});

describe.each(expressVersions)("a sink in trouble on Express %s", (_major, express) => {
  it("holds up no other one, whether it stalls, throws or emits errors", async () => {
    const own = new Memory();
    const stalled = new Foreign(() => undefined);
    const throwing = new Foreign(() => {
      throw new Error("no");
    });
    const erring: Foreign = new Foreign(() => erring.emit("error", new Error("offline")));
    const slow = new Foreign((_info, next) => void setTimeout(next, 1));
    const good = new Foreign((_info, next) => next());
    const sinks = [stalled, throwing, erring, slow, own, good];
    const audit = auditLog({ sinks });
    const app = express().use(audit, (_req, res) => void res.end());
    const server = app.listen(0);
    for (let round = 0; round < 40; round += 1) {
      await Promise.all(Array.from({ length: 5 }, () => request(server).get("/").expect(200)));
    }
    server.close();
    await vi.waitFor(() => expect(audit.stats().sinks[3]?.pending).toBe(0), 5000);
    const { records, sinks: stats } = audit.stats();
    expect(records).toBe(201);
    expect([own.lines.length, good.seen.length, slow.seen.length]).toEqual([201, 201, 201]);
    expect(stats.map(({ pending, lost }) => [pending, lost])).toEqual([
      [201, 0],
      [0, 201],
      [0, 201],
      [0, 0],
      [0, 0],
      [0, 0],
    ]);
    expect(audit.health()).toMatchObject({
      status: "degraded",
      sinks: [{}, { failing: true }, { failing: true }, {}, { failing: false }, {}],
    });
  });

  it("is reported when it stalls and when it answers again: on the channel, on stderr, by health() and in the log", async () => {
    vi.useFakeTimers({
      toFake: ["setTimeout", "clearTimeout", "setImmediate", "clearImmediate", "performance"],
    });
    const failures: unknown[] = [];
    const listener = (failure: unknown): void => void failures.push(failure);
    subscribe(FAILURE_CHANNEL, listener);
    const waiting: (() => void)[] = [];
    const stalling = new Foreign((_info, next) => void waiting.push(next));
    const own = new Memory();
    const audit = auditLog({ sinks: [own, stalling], stallAfter: "10s" });
    await vi.waitFor(() => expect(waiting).toHaveLength(1));
    vi.advanceTimersByTime(10_000);
    expect(failures).toEqual([
      { sink: "Foreign", position: 1, code: "ETIMEDOUT", lost: 0, stalled: true },
    ]);
    expect(stderr).toEqual([
      "express-secure-api: auditLog.sinks[1] (Foreign) has stalled: it does not answer; no record lost so far\n",
    ]);
    expect(audit.health()).toMatchObject({
      status: "degraded",
      sinks: [{ stalled: false }, { stalled: true, lastError: "ETIMEDOUT", failing: false }],
    });
    for (const next of waiting) next();
    vi.advanceTimersByTime(1);
    expect(stderr.at(-1)).toBe(
      "express-secure-api: auditLog.sinks[1] (Foreign) answers again; no record lost so far\n",
    );
    expect([audit.health().status, failures.length]).toEqual(["ok", 1]);
    expect(own.records.slice(1)).toEqual([
      expect.objectContaining({
        "audit.lost.count": 0,
        "audit.outcome": "failure",
        "audit.severity": "ERROR",
        "audit.sink.name": "Foreign",
        "audit.sink.position": 1,
        "event.name": "log_stalled",
      }),
      expect.objectContaining({ "audit.severity": "WARN", "event.name": "log_recovered" }),
    ]);
    unsubscribe(FAILURE_CHANNEL, listener);
  });

  it("never counts records of its stall as lost when the log is closed meanwhile", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const timeout = vi.spyOn(AbortSignal, "timeout").mockImplementation(() => AbortSignal.abort());
    const stalling = new Foreign(() => undefined);
    const audit = auditLog({ sinks: [new Memory(), stalling], stallAfter: "1s" });
    await nextTurn();
    await nextTurn();
    const closing = audit.close();
    vi.advanceTimersByTime(5000);
    await closing;
    // The records of the start and the end.
    expect(audit.stats()).toMatchObject({ records: 2, lost: 2 });
    timeout.mockRestore();
  });
});
