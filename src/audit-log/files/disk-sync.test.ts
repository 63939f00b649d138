import { AsyncLocalStorage } from "node:async_hooks";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { DiskSync } from "./disk-sync.js";

/** A disk that fails as often as `failures` says. */
const disk = vi.hoisted(() => ({ calls: [] as string[], failures: 0, code: "EIO" }));
vi.mock("node:fs", async (original) => {
  function sync(kind: string, descriptor: number): void {
    disk.calls.push(`${kind} ${descriptor}`);
    if (disk.failures === 0) return;
    disk.failures -= 1;
    throw Object.assign(new Error("bad disk"), { code: disk.code });
  }
  return {
    ...(await original<typeof import("node:fs")>()),
    fdatasyncSync: (descriptor: number) => sync("at once", descriptor),
    fdatasync(descriptor: number, done: (error: unknown) => void) {
      try {
        sync("later", descriptor);
        setTimeout(done, 10, null);
      } catch (error) {
        setTimeout(done, 10, error);
      }
    },
  };
});

let lost: unknown[];

function newSync(fsync: "never" | "interval" | "always", onLost = () => {}): DiskSync {
  return new DiskSync({ fsync, fsyncInterval: 20 }, (count, error) => {
    lost.push([count, (error as NodeJS.ErrnoException).code]);
    onLost();
  });
}

beforeEach(() => {
  disk.calls = [];
  disk.failures = 0;
  disk.code = "EIO";
  lost = [];
});

describe("forcing records to the disk", () => {
  it('is left to the operating system with "never"', () => {
    const sync = newSync("never");
    sync.wrote(9, 3);
    sync.named("/tmp/audit.jsonl");
    sync.settle();
    expect(disk.calls).toEqual([]);
  });

  it('happens within the write with "always", which fails when it does', () => {
    const sync = newSync("always");
    sync.wrote(9, 3);
    disk.failures = 1;
    expect(() => sync.wrote(9, 2)).toThrow("bad disk");
    sync.wrote(9, 1);
    expect([disk.calls, lost]).toEqual([["at once 9", "at once 9", "at once 9"], []]);
  });

  it('happens once for all records of an interval with "interval", and not when there are none', async () => {
    const sync = newSync("interval");
    for (let index = 0; index < 5; index += 1) sync.wrote(9, 2);
    expect(disk.calls).toEqual([]);
    await vi.waitFor(() => expect(disk.calls).toEqual(["later 9"]));
    await new Promise((done) => setTimeout(done, 60));
    expect(disk.calls).toHaveLength(1);
    sync.wrote(9, 1);
    await vi.waitFor(() => expect(disk.calls).toHaveLength(2));
    expect(lost).toEqual([]);
  });

  it("counts as lost what was written since the last success, once, and claims nothing of it later", async () => {
    const sync = newSync("interval");
    disk.failures = 1;
    sync.wrote(9, 2);
    sync.wrote(9, 3);
    await vi.waitFor(() => expect(lost).toEqual([[5, "EIO"]]));
    sync.wrote(9, 1);
    await vi.waitFor(() => expect(disk.calls).toHaveLength(2));
    sync.settle();
    expect(lost).toEqual([[5, "EIO"]]);
  });

  it("tells how many lines were written while those that failed were under way", async () => {
    const later: number[] = [];
    const sync = new DiskSync({ fsync: "interval", fsyncInterval: 20 }, (_count, _error, count) =>
      later.push(count),
    );
    disk.failures = 1;
    sync.wrote(9, 2);
    await vi.waitFor(() => expect(disk.calls).toEqual(["later 9"]), { interval: 1 });
    sync.wrote(9, 3);
    await vi.waitFor(() => expect(later).toEqual([3]));
    sync.settle();
  });

  it("happens at once when the file is closed, for what waits and for what is under way", async () => {
    const sync = newSync("interval");
    sync.wrote(9, 2);
    await vi.waitFor(() => expect(disk.calls).toEqual(["later 9"]));
    sync.wrote(9, 1);
    disk.failures = 1;
    sync.settle();
    expect(disk.calls).toEqual(["later 9", "at once 9"]);
    expect(lost).toHaveLength(1);
    sync.settle();
    await new Promise((done) => setTimeout(done, 60));
    expect([disk.calls.length, lost.length]).toEqual([2, 1]);
  });

  it.each([
    ["succeeds, because an error is told once", 1, "EIO", [[2, "EIO"]]],
    ["fails as well, which counts once", 2, "EIO", [[2, "EIO"]]],
    ["succeeds, and only came too late", 1, "EBADF", []],
  ])("has failed under way when the attempt at its end %s", async (...row) => {
    const [, failures, code, expected] = row;
    const sync = newSync("interval");
    sync.wrote(9, 2);
    disk.failures = failures;
    disk.code = code;
    // The first attempt has failed, but nobody knows it yet.
    await vi.waitFor(() => expect(disk.calls).toEqual(["later 9"]), { interval: 1 });
    sync.settle();
    await new Promise((done) => setTimeout(done, 30));
    expect(lost).toEqual(expected);
  });

  it("happens when the process exits, and leaves no listener behind", async () => {
    const before = process.listenerCount("exit");
    const sync = newSync("interval");
    sync.wrote(9, 2);
    expect(process.listenerCount("exit")).toBe(before + 1);
    await vi.waitFor(() => expect(process.listenerCount("exit")).toBe(before));
    sync.wrote(9, 2);
    sync.settle();
    expect(process.listenerCount("exit")).toBe(before);
  });

  it("belongs to no request, also where one wrote", async () => {
    const request = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const sync = newSync("interval", () => seen.push(request.getStore()));
    disk.failures = 1;
    request.run("request 1", () => sync.wrote(9, 2));
    await vi.waitFor(() => expect(seen).toEqual([undefined]));
  });
});
