import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import winston from "winston";
import Transport from "winston-transport";
import type { LaneContext } from "./lane.js";
import { TransportLane, type WinstonTransport } from "./transport-lane.js";

type Log = (info: Record<string, unknown>, next: (error?: unknown) => void) => void;

function line(number: number): string {
  return JSON.stringify({ "event.name": "api_request", number });
}

function newLane(target: Log | Transport): {
  lane: TransportLane;
  failures: unknown[];
  transport: Transport;
} {
  const transport = target instanceof Transport ? target : new Transport({ log: target });
  const failures: unknown[] = [];
  let numbered = 1;
  const context: LaneContext = {
    position: 0,
    stallAfter: 30_000,
    reportStall: (_sink, _position, stalled, lost) => void failures.push({ stalled, lost }),
    report: (_sink, _position, error, lost) =>
      void failures.push([(error as { code?: string }).code, lost]),
    lossRecord: (sink, { count, first, last }) =>
      JSON.stringify({ "event.name": "log_dropped", count, first, last, numbered, sink }),
    lossTold: () => {
      numbered += 1;
    },
  };
  return {
    lane: new TransportLane(transport as unknown as WinstonTransport, context),
    failures,
    transport,
  };
}

describe("any winston transport as a sink", () => {
  it("gets each record as fields and as a line, in order", () => {
    const infos: Record<string | symbol, unknown>[] = [];
    const { lane } = newLane((info, next) => {
      infos.push(info);
      next();
    });
    for (let number = 0; number < 1000; number += 1) lane.write(line(number), number);
    expect(infos.map((info) => info["number"])).toEqual(
      Array.from({ length: 1000 }, (_, number) => number),
    );
    expect(infos[0]).toMatchObject({
      level: "info",
      message: "api_request",
      "event.name": "api_request",
    });
    expect(infos[0]?.[Symbol.for("message")]).toBe(line(0));
    expect(infos[0]?.[Symbol.for("level")]).toBe("info");
    expect(lane.pending).toBe(0);
  });

  it("is held to a bound when it stalls, loses the rest, and is told so when it goes on", () => {
    const waiting: (() => void)[] = [];
    const seen: Record<string, unknown>[] = [];
    const { lane, failures } = newLane((info, next) => {
      seen.push(info);
      waiting.push(next);
    });
    for (let number = 0; number < 10_500; number += 1) lane.write(line(number), number);
    lane.settle();
    expect(lane.pending).toBe(10_000);
    expect(lane.lost).toBe(500);
    expect(lane.failing).toBe(true);
    expect(failures[0]).toEqual(["ENOBUFS", 1]);
    expect(seen).toHaveLength(8);
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) next();
    expect(seen).toHaveLength(10_001);
    expect(seen.filter((info) => info["event.name"] === "log_dropped")).toEqual([
      expect.objectContaining({ count: 500 }),
    ]);
    // Only when it has caught up by half.
    expect(seen.findIndex((info) => info["event.name"] === "log_dropped")).toBeGreaterThan(5000);
    expect(lane.pending).toBe(0);
    expect(lane.failing).toBe(false);
  });

  it("loses only the record it throws at", () => {
    const seen: unknown[] = [];
    const { lane } = newLane((info, next) => {
      if (info["number"] === 1) throw new Error("no");
      seen.push(info["number"] ?? info["event.name"]);
      next();
    });
    for (let number = 0; number < 4; number += 1) lane.write(line(number), number);
    expect(seen).toEqual([0, 2, "log_dropped", 3]);
    expect(lane.lost).toBe(1);
  });

  it("loses only the record that it answers with an error", () => {
    const seen: unknown[] = [];
    const { lane, failures } = newLane((info, next) => {
      if (info["number"] === 1) return next(Object.assign(new Error("no"), { code: "EHOSTDOWN" }));
      seen.push(info["number"] ?? info["event.name"]);
      next();
    });
    for (let number = 0; number < 2; number += 1) lane.write(line(number), number);
    expect([lane.lost, lane.pending, lane.failing]).toEqual([1, 0, true]);
    for (let number = 2; number < 4; number += 1) lane.write(line(number), number);
    expect(seen).toEqual([0, 2, "log_dropped", 3]);
    expect([lane.lost, lane.failing]).toEqual([1, false]);
    expect(failures).toEqual([["EHOSTDOWN", 1]]);
  });

  it("loses one record for a failure that it tells twice, by an event and by its answer", () => {
    const answers: ((error?: unknown) => void)[] = [];
    const { lane, transport } = newLane((_info, next) => void answers.push(next));
    for (let number = 0; number < 3; number += 1) lane.write(line(number), number);
    const offline = new Error("offline");
    for (const answer of [answers[2], answers[0]]) {
      transport.emit("error", offline);
      answer?.(offline);
    }
    expect([lane.lost, lane.pending]).toEqual([2, 0]);
  });

  it("may emit errors without ever answering", () => {
    const { lane, transport } = newLane(() => transport.emit("error", new Error("offline")));
    for (let number = 0; number < 100; number += 1) lane.write(line(number), number);
    expect(lane.lost).toBe(100);
    expect(lane.pending).toBe(0);
  });

  it("may answer twice, late, or after an error", () => {
    const answers: (() => void)[] = [];
    const { lane, transport } = newLane((_info, next) => void answers.push(next));
    lane.write(line(0), 0);
    transport.emit("error", new Error("offline"));
    for (const answer of answers) {
      answer();
      answer();
    }
    lane.write(line(1), 1);
    expect(lane.pending).toBe(1);
    expect(lane.lost).toBe(1);
  });

  it("applies the transport's own format, and counts what that leaves out as lost", () => {
    const seen: unknown[] = [];
    const format = winston.format((info) =>
      info["number"] === 1 ? false : { ...info, extra: "x" },
    )();
    const transport = new Transport({
      format,
      log(info, next) {
        seen.push(info["extra"]);
        next();
      },
    });
    const { lane } = newLane(transport);
    for (let number = 0; number < 2; number += 1) lane.write(line(number), number);
    expect(seen).toEqual(["x"]);
    expect(lane.lost).toBe(1);
  });

  it("keeps winston's File going after an error event, which a winston logger does not", async () => {
    const filename = join(mkdtempSync(join(tmpdir(), "audit-")), "file.log");
    const { lane, transport } = newLane(new winston.transports.File({ filename }));
    lane.write(line(0), 0);
    await vi.waitFor(() => expect(readFileSync(filename, "utf8")).toContain('"number":0'));
    transport.emit("error", new Error("transient"));
    for (let number = 1; number < 200; number += 1) lane.write(line(number), number);
    await vi.waitFor(() => expect(lane.pending).toBe(0));
    await lane.close();
    const lines = readFileSync(filename, "utf8").trim().split("\n");
    expect(lines).toEqual(Array.from({ length: 200 }, (_, number) => line(number)));
  });

  it.each<[string, (error: Error) => unknown]>([
    ["rejects", async (error) => Promise.reject(error)],
    [
      "is no promise of ours and rejects",
      (error) => ({
        then: (_resolve: unknown, reject: (reason: unknown) => void) => reject(error),
      }),
    ],
    [
      "cannot even be asked whether it is one",
      (error) => ({
        get then(): never {
          throw error;
        },
      }),
    ],
  ])(
    "loses the record when what `log` returns %s, and keeps its slots free",
    async (_what, fail) => {
      let fails = true;
      const seen: unknown[] = [];
      const { lane, failures } = newLane((info, next) => {
        if (fails)
          return fail(Object.assign(new Error("down"), { code: "ECONNREFUSED" })) as undefined;
        seen.push(info["number"] ?? info["event.name"]);
        return next();
      });
      for (let number = 0; number < 20; number += 1) lane.write(line(number), number);
      await vi.waitFor(() => expect(lane.lost).toBe(20));
      expect([lane.pending, lane.failing]).toEqual([0, true]);
      expect(failures.at(-1)).toEqual(["ECONNREFUSED", 20]);
      fails = false;
      lane.write(line(20), 20);
      lane.write(line(21), 21);
      expect(seen).toEqual([20, "log_dropped", 21]);
    },
  );

  it("has written a record that it answered, although `log` throws or rejects afterwards", async () => {
    for (const throws of [true, false]) {
      const { lane } = newLane((_info, next) => {
        next();
        if (throws) throw new Error("late");
        return Promise.reject(new Error("late")) as unknown as undefined;
      });
      lane.write(line(0), 0);
      await vi.waitFor(() => expect(lane.failing).toBe(true));
      expect([lane.pending, lane.lost]).toEqual([0, 0]);
    }
  });

  it("is owed the record of its losses, under the same number, until it has answered that", () => {
    const numbers: number[] = [];
    let refuses = "all";
    const transport = new Transport({
      log(info: Record<string, unknown>, next: () => void) {
        const isLoss = info["event.name"] === "log_dropped";
        if (isLoss) numbers.push(info["numbered"] as number);
        if (refuses === "all" || (refuses === "losses" && isLoss)) throw new Error("no");
        next();
      },
    });
    const { lane } = newLane(transport);
    lane.write(line(0), 0);
    refuses = "losses";
    lane.write(line(1), 1);
    lane.write(line(2), 2);
    refuses = "nothing";
    lane.write(line(3), 3);
    expect(numbers).toEqual([1, 1, 1]);
    expect(lane.lost).toBe(1);
    refuses = "all";
    lane.write(line(4), 4);
    refuses = "nothing";
    lane.write(line(5), 5);
    expect(numbers).toEqual([1, 1, 1, 2]);
    expect(lane.lost).toBe(2);
  });

  it("must have a format that answers at once: a promise loses the record", async () => {
    const transport = new Transport({ log: () => undefined });
    const transform = async () => Promise.reject(new Error("late"));
    Object.assign(transport, { format: { transform } });
    const { lane } = newLane(transport);
    lane.write(line(0), 0);
    await Promise.resolve();
    expect([lane.pending, lane.lost]).toEqual([0, 1]);
  });

  it.each(["end", "close", "on"] as const)("may reject in `%s`", async (name) => {
    vi.spyOn(AbortSignal, "timeout").mockImplementation(() => AbortSignal.abort());
    const transport = new Transport({ log: (_info, next) => next() });
    Object.assign(transport, { [name]: async () => Promise.reject(new Error("late")) });
    const { lane } = newLane(transport);
    lane.write(line(0), 0);
    await lane.close();
    expect(lane.lost).toBe(0);
    vi.restoreAllMocks();
  });

  it("says so at the start when its `on` throws: without a listener, its first error would end the process", () => {
    const transport = new Transport({ log: () => undefined });
    Object.assign(transport, {
      on: () => {
        throw new Error("no events");
      },
    });
    expect(() => newLane(transport)).toThrow("no events");
  });

  it("has lost what it did not take before it is closed", async () => {
    vi.spyOn(AbortSignal, "timeout").mockImplementation(() => AbortSignal.abort());
    let calls = 0;
    const { lane, failures } = newLane(() => {
      calls += 1;
    });
    for (let number = 0; number < 20; number += 1) lane.write(line(number), number);
    await lane.close();
    expect(calls).toBe(8);
    expect([lane.pending, lane.lost, lane.failing]).toEqual([0, 20, true]);
    expect(failures).toEqual([["EPIPE", 20]]);
    vi.restoreAllMocks();
  });

  it("is closed within a bound though it never finishes, and takes nothing afterwards", async () => {
    vi.spyOn(AbortSignal, "timeout").mockImplementation(() => AbortSignal.abort());
    const closed = vi.fn();
    const transport = new Transport({ log: () => undefined, close: closed });
    transport._final = () => undefined;
    const { lane, failures } = newLane(transport);
    await lane.close();
    expect(closed).toHaveBeenCalledOnce();
    lane.write(line(0), 0);
    expect(lane.lost).toBe(1);
    expect(failures).toEqual([["EPIPE", 1]]);
    vi.restoreAllMocks();
  });

  it("is held to a bound in bytes as well, of long records", () => {
    const waiting: (() => void)[] = [];
    const { lane, failures } = newLane((_info, next) => void waiting.push(next));
    const text = JSON.stringify({ "event.name": "api_request", text: "ü".repeat(50_000) });
    for (let number = 1; number <= 200; number += 1) lane.write(text, number);
    // 100,041 bytes each: eight are with the transport, and as many wait as 8 MiB begin.
    const held = 8 + Math.ceil((8 * 1024 * 1024) / Buffer.byteLength(text));
    expect([lane.pending, lane.lost]).toEqual([held, 200 - held]);
    expect(failures[0]).toEqual(["ENOBUFS", 1]);
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) next();
    expect([lane.pending, lane.failing]).toEqual([0, false]);
    lane.write(line(201), 201);
    expect(lane.pending).toBe(1);
  });

  it("is told the numbers of the first and the last record that it lost", () => {
    const seen: unknown[] = [];
    const { lane } = newLane((info, next) => {
      if (info["number"] === 3 || info["number"] === 5) throw new Error("no");
      seen.push(info["event.name"] === "log_dropped" ? [info["first"], info["last"]] : undefined);
      if (info["number"] !== 4) next();
    });
    for (let number = 1; number <= 5; number += 1) lane.write(line(number), number);
    lane.settle();
    expect(seen.filter((range) => range !== undefined)).toEqual([[3, 5]]);
  });

  it("knows the oldest record that it does not know to be written", () => {
    const waiting: (() => void)[] = [];
    const { lane } = newLane((_info, next) => void waiting.push(next));
    expect(lane.oldest).toBeUndefined();
    for (let number = 1; number <= 20; number += 1) lane.write(line(number), number);
    expect(lane.oldest).toBe(1);
    waiting[1]?.();
    expect(lane.oldest).toBe(1);
    waiting[0]?.();
    expect(lane.oldest).toBe(3);
    for (const next of waiting) next();
    expect(lane.oldest).toBeUndefined();
  });
});

describe("a transport that stalls", () => {
  const fakes = { toFake: ["setTimeout", "clearTimeout", "setImmediate", "performance"] } as const;

  afterEach(() => vi.useRealTimers());

  it("is known to after `stallAfter` without an answer, once, and again when it answers", () => {
    vi.useFakeTimers({ toFake: [...fakes.toFake] });
    const waiting: (() => void)[] = [];
    const { lane, failures } = newLane((_info, next) => void waiting.push(next));
    lane.write(line(1), 1);
    vi.advanceTimersByTime(20_000);
    lane.write(line(2), 2);
    vi.advanceTimersByTime(9_999);
    expect([lane.stalled, failures]).toEqual([false, []]);
    vi.advanceTimersByTime(1);
    expect([lane.stalled, lane.failing]).toEqual([true, false]);
    vi.advanceTimersByTime(600_000);
    lane.write(line(3), 3);
    expect(failures).toEqual([{ stalled: true, lost: 0 }]);
    waiting[0]?.();
    // Not inside of the answer, which may come inside of the write of another record.
    expect([lane.stalled, failures.length]).toEqual([false, 1]);
    vi.advanceTimersByTime(1);
    expect(failures.at(-1)).toEqual({ stalled: false, lost: 0 });
    vi.advanceTimersByTime(30_000);
    expect([lane.stalled, failures.length]).toEqual([true, 3]);
  });

  it("has not, as long as it answers anything, late as that may be, or fails", () => {
    vi.useFakeTimers({ toFake: [...fakes.toFake] });
    const waiting: (() => void)[] = [];
    const { lane, transport, failures } = newLane((_info, next) => void waiting.push(next));
    for (let number = 1; number <= 8; number += 1) lane.write(line(number), number);
    for (let answered = 0; answered < 6; answered += 1) {
      vi.advanceTimersByTime(29_000);
      if (answered % 2 === 0) waiting[answered]?.();
      else transport.emit("error", new Error("offline"));
    }
    expect(failures.filter((failure) => !Array.isArray(failure))).toEqual([]);
    expect(lane.stalled).toBe(false);
  });

  it("costs one timer while it has records, and none without any, or when it is closed", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    vi.spyOn(AbortSignal, "timeout").mockImplementation(() => AbortSignal.abort());
    let answer = true;
    const { lane, failures } = newLane((_info, next) => {
      if (answer) next();
    });
    for (let number = 1; number <= 1000; number += 1) lane.write(line(number), number);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(30_000);
    expect(vi.getTimerCount()).toBe(0);
    answer = false;
    lane.write(line(1001), 1001);
    expect(vi.getTimerCount()).toBe(1);
    await lane.close();
    expect(vi.getTimerCount()).toBe(0);
    expect(failures).toEqual([["EPIPE", 1]]);
    vi.restoreAllMocks();
  });
});
