import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import winston from "winston";
import Transport from "winston-transport";
import type { LaneContext } from "./lane.js";
import { TransportLane, type WinstonTransport } from "./transport-lane.js";

type Log = (info: Record<string, unknown>, next: () => void) => void;

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
  const context: LaneContext = {
    position: 0,
    report: (_sink, _position, error, lost) =>
      void failures.push([(error as { code?: string }).code, lost]),
    lossRecord: (sink, count) => JSON.stringify({ "event.name": "log_dropped", count, sink }),
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
    for (let number = 0; number < 1000; number += 1) lane.write(line(number));
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
    for (let number = 0; number < 10_500; number += 1) lane.write(line(number));
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
    for (let number = 0; number < 4; number += 1) lane.write(line(number));
    expect(seen).toEqual([0, 2, "log_dropped", 3]);
    expect(lane.lost).toBe(1);
  });

  it("may emit errors without ever answering", () => {
    const { lane, transport } = newLane(() => transport.emit("error", new Error("offline")));
    for (let number = 0; number < 100; number += 1) lane.write(line(number));
    expect(lane.lost).toBe(100);
    expect(lane.pending).toBe(0);
  });

  it("may answer twice, late, or after an error", () => {
    const answers: (() => void)[] = [];
    const { lane, transport } = newLane((_info, next) => void answers.push(next));
    lane.write(line(0));
    transport.emit("error", new Error("offline"));
    for (const answer of answers) {
      answer();
      answer();
    }
    lane.write(line(1));
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
    for (let number = 0; number < 2; number += 1) lane.write(line(number));
    expect(seen).toEqual(["x"]);
    expect(lane.lost).toBe(1);
  });

  it("keeps winston's File going after an error event, which a winston logger does not", async () => {
    const filename = join(mkdtempSync(join(tmpdir(), "audit-")), "file.log");
    const { lane, transport } = newLane(new winston.transports.File({ filename }));
    lane.write(line(0));
    await vi.waitFor(() => expect(readFileSync(filename, "utf8")).toContain('"number":0'));
    transport.emit("error", new Error("transient"));
    for (let number = 1; number < 200; number += 1) lane.write(line(number));
    await vi.waitFor(() => expect(lane.pending).toBe(0));
    await lane.close();
    const lines = readFileSync(filename, "utf8").trim().split("\n");
    expect(lines).toEqual(Array.from({ length: 200 }, (_, number) => line(number)));
  });

  it("is closed within a bound though it never finishes, and takes nothing afterwards", async () => {
    vi.spyOn(AbortSignal, "timeout").mockImplementation(() => AbortSignal.abort());
    const closed = vi.fn();
    const transport = new Transport({ log: () => undefined, close: closed });
    transport._final = () => undefined;
    const { lane, failures } = newLane(transport);
    await lane.close();
    expect(closed).toHaveBeenCalledOnce();
    lane.write(line(0));
    expect(lane.lost).toBe(1);
    expect(failures).toEqual([["EPIPE", 1]]);
    vi.restoreAllMocks();
  });
});
