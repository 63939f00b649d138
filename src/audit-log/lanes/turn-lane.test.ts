import { AsyncLocalStorage } from "node:async_hooks";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FileTransport } from "../sinks/file-transport.js";
import type { LaneContext } from "./lane.js";
import { TurnLane } from "./turn-lane.js";

/** A descriptor that takes as many bytes as each step says, or fails with its code. */
const device = vi.hoisted(() => ({ steps: [] as (number | string)[], writes: [] as string[] }));
vi.mock("node:fs", async (original) => ({
  ...(await original<typeof import("node:fs")>()),
  closeSync: () => undefined,
  writeSync(_descriptor: number, data: string | Buffer, offset = 0): number {
    const step = device.steps.shift() ?? Number.POSITIVE_INFINITY;
    if (typeof step === "string") throw Object.assign(new Error(step), { code: step });
    const taken = Buffer.from(data).subarray(offset).subarray(0, step);
    device.writes.push(String(taken));
    return taken.length;
  },
}));

const lanes: TurnLane[] = [];

function newLane(onReport: () => void = () => undefined): { lane: TurnLane; reports: unknown[] } {
  const reports: unknown[] = [];
  const context: LaneContext = {
    position: 0,
    stallAfter: 30_000,
    reportStall: () => undefined,
    report: (_sink, _position, error, lost) => {
      reports.push([(error as { code?: string }).code, lost]);
      onReport();
    },
    lossRecord: (_sink, { count }) => `lost ${count}`,
    lossTold: () => undefined,
  };
  const lane = new TurnLane(new FileTransport(9, false, "turn"), context);
  lanes.push(lane);
  return { lane, reports };
}

const written = new WeakMap<TurnLane, number>();

/** Writes the next record of the lane. */
function write(lane: TurnLane, text: string): void {
  const number = (written.get(lane) ?? 0) + 1;
  written.set(lane, number);
  lane.write(text, number);
}

function state({ pending, lost, failing }: TurnLane): unknown {
  return { pending, lost, failing };
}

beforeEach(() => {
  device.steps = [];
  device.writes = [];
});

afterEach(() => {
  for (const lane of lanes.splice(0)) lane.close();
});

describe("records of one turn", () => {
  it("share a write when the turn ends, in order, and not before", async () => {
    const { lane } = newLane();
    write(lane, "1");
    await Promise.resolve();
    write(lane, "2");
    await new Promise<void>((done) => process.nextTick(done));
    write(lane, "3");
    expect(device.writes).toEqual([]);
    expect(state(lane)).toEqual({ pending: 3, lost: 0, failing: false });
    await nextTurn();
    expect(device.writes).toEqual(["1\n2\n3\n"]);
    expect(state(lane)).toEqual({ pending: 0, lost: 0, failing: false });
    write(lane, "4");
    await nextTurn();
    expect(device.writes).toEqual(["1\n2\n3\n", "4\n"]);
  });

  it("are held up to 64 KiB, however long the turn is", () => {
    const { lane } = newLane();
    const line = "x".repeat(999);
    let most = 0;
    for (let number = 0; number < 10_000; number += 1) {
      write(lane, line);
      most = Math.max(most, lane.pending);
    }
    expect(most).toBeLessThanOrEqual(65);
    expect(device.writes.length).toBeGreaterThan(150);
    expect(device.writes.every((text) => text.length <= 66_000)).toBe(true);
  });

  it.each<[string, (number | string)[], number, string]>([
    ["none of them", ["ENOSPC"], 3, ""],
    ["the first", [5, "ENOSPC"], 2, "aaaa\n"],
    ["one and a half", [7, "EIO"], 2, "aaaa\nbb"],
    ["all but a line end", [14, "EIO"], 0, "aaaa\nbbbb\ncccc"],
  ])("are counted one by one when %s can be written", async (_what, steps, lost, text) => {
    const { lane, reports } = newLane();
    device.steps = [...steps];
    for (const line of ["aaaa", "bbbb", "cccc"]) write(lane, line);
    expect(state(lane)).toEqual({ pending: 3, lost: 0, failing: false });
    await nextTurn();
    expect(state(lane)).toEqual({ pending: 0, lost, failing: lost > 0 });
    expect(reports).toEqual(lost > 0 ? [[steps.at(-1), lost]] : []);
    write(lane, "next");
    expect(lane.failing).toBe(lost > 0);
    await nextTurn();
    expect(state(lane)).toEqual({ pending: 0, lost, failing: false });
    const seam = text === "" || text.endsWith("\n") ? "" : "\n";
    const told = lost > 0 ? `lost ${lost}\n` : "";
    expect(device.writes.join("")).toBe(`${text}${seam}${told}next\n`);
  });

  it("stay lost, each counted once, while the device fails, and are told in one record", async () => {
    const { lane, reports } = newLane();
    device.steps = ["ENOSPC", "ENOSPC", "ENOSPC"];
    for (let turn = 1; turn <= 3; turn += 1) {
      write(lane, "a");
      write(lane, "b");
      await nextTurn();
      expect(state(lane)).toEqual({ pending: 0, lost: 2 * turn, failing: true });
    }
    expect(reports).toHaveLength(3);
    lane.settle();
    expect(device.writes).toEqual(["lost 6\n"]);
    expect(state(lane)).toEqual({ pending: 0, lost: 6, failing: false });
  });

  it("owe the record of losses until that is written, and count it as no record", async () => {
    const { lane, reports } = newLane();
    device.steps = ["EIO", 3, "EIO", "EIO"];
    write(lane, "a");
    await nextTurn();
    lane.settle();
    lane.settle();
    expect(state(lane)).toEqual({ pending: 0, lost: 1, failing: true });
    expect(reports).toEqual([["EIO", 1]]);
    write(lane, "b");
    await nextTurn();
    expect(device.writes.join("")).toBe("los\nlost 1\nb\n");
    expect(state(lane)).toEqual({ pending: 0, lost: 1, failing: false });
  });

  it("are written when the lane settles or closes, and lost at once after that", () => {
    const { lane, reports } = newLane();
    write(lane, "a");
    lane.settle();
    expect(device.writes).toEqual(["a\n"]);
    write(lane, "b");
    lane.close();
    expect(device.writes).toEqual(["a\n", "b\n"]);
    write(lane, "c");
    expect(state(lane)).toEqual({ pending: 0, lost: 1, failing: true });
    expect(reports).toEqual([[undefined, 1]]);
  });
});

describe("the end of a turn", () => {
  it("is one immediate and one listener for all logs, and leaves no listener behind", async () => {
    const before = process.listenerCount("exit");
    const many = Array.from({ length: 20 }, () => newLane().lane);
    for (const lane of many) write(lane, "a");
    for (const lane of many) write(lane, "b");
    expect(process.listenerCount("exit")).toBe(before + 1);
    await nextTurn();
    expect(device.writes).toHaveLength(20);
    for (const lane of many) lane.close();
    expect(process.listenerCount("exit")).toBe(before);
  });

  it("belongs to no request, also where a request began it", async () => {
    const request = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const { lane } = newLane(() => seen.push(request.getStore()));
    device.steps = ["EIO"];
    request.run("request 1", () => write(lane, "a"));
    await nextTurn();
    expect(seen).toEqual([undefined]);
  });

  it("does not wait for the fake timers of a test", async () => {
    vi.useFakeTimers();
    const { lane } = newLane();
    write(lane, "a");
    vi.useRealTimers();
    await nextTurn();
    expect(device.writes).toEqual(["a\n"]);
  });
});
