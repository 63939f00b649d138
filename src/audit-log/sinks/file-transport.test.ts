import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { FileListener } from "../files/file-listener.js";
import { type FileSinkOptions, fileSink } from "./file-sink.js";
import type { FileTransport } from "./file-transport.js";

/** Calls of the file system that fail, by their names and the ends of the paths they are given. */
const faults = vi.hoisted(() => new Map<string, string>());
vi.mock("node:fs", async (original) => {
  const fs = await original<typeof import("node:fs")>();
  const faulty = <A extends unknown[], R>(name: string, call: (...args: A) => R) =>
    Object.assign((...args: A): R => {
      const code = faults.get(name);
      if (code !== undefined) throw Object.assign(new Error(`${name} fails`), { code });
      return call(...args);
    }, call);
  return {
    ...fs,
    renameSync: faulty("rename", fs.renameSync),
    linkSync: faulty("link", fs.linkSync),
    openSync: faulty("open", fs.openSync),
    fdatasyncSync: faulty("sync", fs.fdatasyncSync),
  };
});

const SECOND = 1000;
let directory: string;
let path: string;
let sink: FileTransport;
let events: string[];
let lost: number;

const listener: FileListener = {
  beginning: ({ reason, segment }) => `begins ${reason} ${segment === undefined ? "" : "segment"}`,
  begun: () => void events.push("begun"),
  replaced: (reason) => void events.push(`replaced ${reason}`),
  expired: () => true,
  trouble: (error) => void events.push(`trouble ${(error as NodeJS.ErrnoException).code}`),
};

function open(options: Partial<FileSinkOptions> = {}): FileTransport {
  sink = fileSink({ path, ...options }) as FileTransport;
  sink.watch(listener);
  sink.on("lost", (count: number) => {
    lost += count;
  });
  return sink;
}

function segments(): readonly string[] {
  return readdirSync(directory)
    .filter((name) => /^audit\.\d{8}T\d{9}Z\.[0-9a-f]{8}\.jsonl$/.test(name))
    .sort();
}

function linesOf(name: string): readonly string[] {
  return readFileSync(join(directory, name), "utf8").split("\n").slice(0, -1);
}

/** Every line of every file, but for those that files begin with. */
function allLines(): readonly string[] {
  return [...segments(), ...(existsSync(path) ? ["audit.jsonl"] : [])]
    .flatMap(linesOf)
    .filter((line) => !line.startsWith("begins"));
}

beforeEach(() => {
  faults.clear();
  events = [];
  lost = 0;
  directory = mkdtempSync(join(tmpdir(), "audit-"));
  path = join(directory, "audit.jsonl");
  vi.useFakeTimers({ toFake: ["performance", "Date"], now: Date.parse("2026-11-26T12:00:00Z") });
});

afterEach(() => {
  faults.clear();
  sink.close();
  vi.useRealTimers();
});

const wide = "x".repeat(300);

describe("rotation", () => {
  it("begins a new file before one would be too large, and loses no line", () => {
    open({ rotate: { size: "1kb" } });
    for (let number = 0; number < 30; number += 1) sink.writeLine(`${number} ${wide}`);
    expect(segments()).toHaveLength(9);
    for (const name of segments())
      expect(statSync(join(directory, name)).size).toBeLessThanOrEqual(1024);
    expect(allLines().map((line) => line.split(" ")[0])).toEqual(
      Array.from({ length: 30 }, (_, index) => String(index)),
    );
    expect(linesOf("audit.jsonl")[0]).toBe("begins rotated segment");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect([lost, sink.listenerCount("error")]).toEqual([0, 0]);
  });

  it("keeps the lines of one write together", () => {
    open({ rotate: { size: "1kb" } });
    sink.writeLines(Buffer.from(`a ${wide}\nb ${wide}\n`), 2);
    sink.writeLines(Buffer.from(`c ${wide}\nd ${wide}\ne ${wide}\nf ${wide}\n`), 4);
    expect(segments().map((name) => linesOf(name).length)).toEqual([2]);
    expect(linesOf("audit.jsonl")).toHaveLength(5);
  });

  it("begins a new file with the first line of a day in UTC, and names the old one by that time", () => {
    open({ rotate: { interval: "1d" } });
    sink.writeLine("a");
    vi.setSystemTime(Date.parse("2026-11-26T23:59:59.999Z"));
    sink.writeLine("b");
    vi.setSystemTime(Date.parse("2026-11-27T00:00:00.001Z"));
    sink.writeLine("c");
    vi.setSystemTime(Date.parse("2026-11-26T23:59:59.000Z"));
    sink.writeLine("d");
    expect(segments()[0]).toContain(".20261127T000000001Z.");
    expect([segments().length, linesOf(segments()[0] ?? ""), linesOf("audit.jsonl")]).toEqual([
      1,
      ["a", "b"],
      ["begins rotated segment", "c", "d"],
    ]);
  });

  it("tells of it in a turn of its own, after the write", async () => {
    open({ rotate: { size: "1kb" } });
    for (let number = 0; number < 4; number += 1) sink.writeLine(wide);
    expect(events).toEqual(["begun"]);
    await new Promise((done) => setImmediate(done));
    await new Promise((done) => setImmediate(done));
    expect(events).toEqual(["begun", "replaced rotated"]);
  });

  it("ends a torn line in the segment", () => {
    writeFileSync(path, `{"torn": "${wide.repeat(4)}`);
    open({ rotate: { size: "1kb" } });
    sink.writeLine("a");
    expect(readFileSync(join(directory, segments()[0] ?? ""), "utf8").endsWith("x\n")).toBe(true);
    expect(linesOf("audit.jsonl")).toEqual(["begins rotated segment", "a"]);
  });

  it.each([
    ["rename", "EROFS"],
    ["rename", "EXDEV"],
    ["open", "EMFILE"],
    ["open", "ENOSPC"],
  ])(
    "goes on in the old file when %s fails with %s, and tries again, ever less often",
    (name, code) => {
      open({ rotate: { size: "1kb" } });
      for (let number = 0; number < 3; number += 1) sink.writeLine(wide);
      faults.set(name, code);
      for (let second = 0; second < 20; second += 1) {
        sink.writeLine(wide);
        vi.advanceTimersByTime(SECOND);
      }
      expect([segments(), linesOf("audit.jsonl").length, lost]).toEqual([[], 23, 0]);
      // At 0, 1, 3, 7 and 15 seconds.
      expect(events).toEqual(Array(5).fill(`trouble ${code}`));
      faults.clear();
      vi.advanceTimersByTime(60 * SECOND);
      sink.writeLine("last");
      expect(segments()).toHaveLength(1);
      expect(linesOf("audit.jsonl")).toEqual(["begins rotated segment", "last"]);
    },
  );

  it("loses nothing when neither a new file can be opened nor the old one gets its name back", () => {
    open({ rotate: { size: "1kb" } });
    for (let number = 0; number < 3; number += 1) sink.writeLine(wide);
    faults.set("open", "EACCES").set("link", "EPERM");
    for (let second = 0; second < 5; second += 1) {
      sink.writeLine(wide);
      vi.advanceTimersByTime(SECOND);
    }
    expect([existsSync(path), allLines().length, lost]).toEqual([false, 8, 0]);
    faults.clear();
    vi.advanceTimersByTime(60 * SECOND);
    sink.writeLine("last");
    expect(linesOf("audit.jsonl")).toEqual(["begins rotated segment", "last"]);
  });

  it("rotates the file that a symbolic link leads to, and leaves the link alone", () => {
    const link = join(mkdtempSync(join(tmpdir(), "link-")), "log");
    symlinkSync(path, link);
    open({ path: link, rotate: { size: "1kb" } });
    for (let number = 0; number < 5; number += 1) sink.writeLine(wide);
    expect([segments().length, readdirSync(join(link, ".."))]).toEqual([1, ["log"]]);
    expect(allLines()).toHaveLength(5);
  });

  it("takes the new file of another writer to the same path, and makes none of its own", () => {
    open({ rotate: { size: "1kb" } });
    const other = fileSink({ path, rotate: { size: "1kb" } }) as FileTransport;
    for (let number = 0; number < 3; number += 1) other.writeLine(wide);
    sink.writeLine("a");
    other.writeLine(wide);
    vi.advanceTimersByTime(SECOND);
    sink.writeLine("b");
    expect(linesOf("audit.jsonl").slice(-2)).toEqual(["begins rotated segment", "b"]);
    expect(segments()).toHaveLength(1);
    expect(events).toEqual(["begun"]);
    other.close();
  });

  it("says nothing when another writer has deleted the old file since", () => {
    open({ rotate: { size: "1kb" } });
    sink.writeLine("a");
    const segment = join(directory, "audit.20261126T120000000Z.00000000.jsonl");
    renameSync(path, segment);
    writeFileSync(path, '{"audit.record.id":"x.0-1","event.name":"log_segment"}\n');
    unlinkSync(segment);
    vi.advanceTimersByTime(SECOND);
    sink.writeLine("b");
    expect([events, lost, linesOf("audit.jsonl").slice(1)]).toEqual([
      ["begun"],
      0,
      ["begins rotated ", "b"],
    ]);
  });
});

describe("a file that is not under its path any more", () => {
  it("is left when it was moved, as logrotate does it, and nothing is lost", async () => {
    open();
    sink.writeLine("a");
    renameSync(path, join(directory, "audit.jsonl.1"));
    writeFileSync(path, "");
    sink.writeLine("b");
    vi.advanceTimersByTime(SECOND);
    sink.writeLine("c");
    expect([linesOf("audit.jsonl.1"), linesOf("audit.jsonl")]).toEqual([
      ["a", "b"],
      ["begins file_moved ", "c"],
    ]);
    await new Promise((done) => setTimeout(done, 10));
    expect(events).toEqual(["trouble FILE_MOVED", "begun", "replaced file_moved"]);
    expect(lost).toBe(0);
  });

  it("is made anew when it was deleted, and what was written since is counted", async () => {
    open();
    sink.writeLine("a");
    vi.advanceTimersByTime(SECOND);
    sink.writeLine("b");
    unlinkSync(path);
    sink.writeLine("c");
    sink.writeLines(Buffer.from("d\ne\n"), 2);
    expect(existsSync(path)).toBe(false);
    vi.advanceTimersByTime(SECOND);
    sink.writeLine("f");
    expect(linesOf("audit.jsonl")).toEqual(["begins file_deleted ", "f"]);
    // Of "b" it is not known whether the file was still there.
    expect(lost).toBe(4);
    await new Promise((done) => setTimeout(done, 10));
    expect(events).toEqual(["begun", "replaced file_deleted"]);
    vi.advanceTimersByTime(SECOND);
    sink.writeLine("g");
    expect(lost).toBe(4);
  });

  it("fails each write, for all to see, while its directory is gone", () => {
    open();
    sink.writeLine("a");
    rmSync(directory, { recursive: true });
    vi.advanceTimersByTime(SECOND);
    expect(() => sink.writeLine("b")).toThrow("ENOENT");
    expect(() => sink.writeLine("c")).toThrow("ENOENT");
    mkdirSync(directory);
    expect(() => sink.writeLine("d")).toThrow("ENOENT");
    vi.advanceTimersByTime(SECOND);
    sink.writeLine("e");
    expect(linesOf("audit.jsonl")).toEqual(["begins file_deleted ", "e"]);
    expect(lost).toBe(1);
  });

  it("goes on where it is while no other can be opened under its path", () => {
    open();
    sink.writeLine("a");
    renameSync(path, join(directory, "moved"));
    faults.set("open", "EACCES");
    vi.advanceTimersByTime(SECOND);
    sink.writeLine("b");
    expect([linesOf("moved"), events]).toEqual([["a", "b"], ["trouble EACCES"]]);
    faults.clear();
    vi.advanceTimersByTime(SECOND);
    sink.writeLine("c");
    expect([linesOf("moved"), linesOf("audit.jsonl").at(-1)]).toEqual([["a", "b"], "c"]);
  });

  it("is followed when a symbolic link is changed", () => {
    const link = join(directory, "log");
    symlinkSync(path, link);
    open({ path: link });
    sink.writeLine("a");
    unlinkSync(link);
    symlinkSync(join(directory, "other"), link);
    vi.advanceTimersByTime(SECOND);
    sink.writeLine("b");
    expect([linesOf("audit.jsonl"), linesOf("other").at(-1)]).toEqual([["a"], "b"]);
  });

  it("is the same file when it was cut, as copytruncate does it", () => {
    open({ rotate: { size: "1kb" } });
    for (let number = 0; number < 3; number += 1) sink.writeLine(wide);
    truncateSync(path);
    vi.advanceTimersByTime(SECOND);
    sink.writeLine("a");
    expect([segments(), linesOf("audit.jsonl"), events]).toEqual([[], ["a"], []]);
  });

  it("is looked at once in a second, not with each write", () => {
    open();
    sink.writeLine("a");
    renameSync(path, join(directory, "moved"));
    for (let index = 0; index < 50; index += 1) sink.writeLine("b");
    expect([existsSync(path), linesOf("moved").length]).toEqual([false, 51]);
  });
});

describe("closing", () => {
  it("leaves no descriptor open, however many files there were", () => {
    const free = openSync("/dev/null", "r");
    closeSync(free);
    open({ rotate: { size: "1kb" }, fsync: "interval" });
    for (let number = 0; number < 40; number += 1) sink.writeLine(wide);
    sink.close();
    const next = openSync("/dev/null", "r");
    closeSync(next);
    expect(next).toBe(free);
  });

  it('fails a write with fsync "always" when the disk does, and counts what "interval" cannot prove', () => {
    open({ fsync: "always" });
    sink.writeLine("a");
    faults.set("sync", "EIO");
    expect(() => sink.writeLine("b")).toThrow("sync fails");
    faults.clear();
    sink.close();
    open({ fsync: "interval", fsyncInterval: "1h" });
    sink.writeLines(Buffer.from("c\nd\n"), 2);
    faults.set("sync", "EIO");
    sink.close();
    expect([basename(path), lost]).toEqual(["audit.jsonl", 2]);
  });
});
