import { runInNewContext } from "node:vm";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { FileTransport } from "./file-transport.js";
import { type LineWriteError, LineWriter, sharedSeam } from "./line-writer.js";

/** A descriptor that takes as many bytes as each step says, or fails with its code. */
const device = vi.hoisted(() => ({
  steps: [] as (number | string)[],
  written: [] as Buffer[],
  realm: Error,
}));
vi.mock("node:fs", async (original) => ({
  ...(await original<typeof import("node:fs")>()),
  writeSync(_descriptor: number, data: string | Buffer, offset = 0): number {
    const step = device.steps.shift() ?? Number.POSITIVE_INFINITY;
    if (typeof step === "string") throw Object.assign(new device.realm(step), { code: step });
    const taken = Buffer.from(data).subarray(offset).subarray(0, step);
    device.written.push(taken);
    return taken.length;
  },
}));

function written(): string {
  return Buffer.concat(device.written).toString();
}

beforeEach(() => {
  device.steps = [];
  device.written = [];
  device.realm = Error;
});

describe("writing lines", () => {
  it("continues short writes, also in the middle of a character", () => {
    device.steps = [4, 1, 2];
    expect(new LineWriter(9).write(Buffer.from("añö世界\n"))).toBeUndefined();
    expect(written()).toBe("añö世界\n");
  });

  it("starts a new line after one that could not be finished", () => {
    const writer = new LineWriter(9);
    device.steps = [3, "ENOSPC", "ENOSPC"];
    expect(() => writer.write(Buffer.from("first\n"))).toThrow("ENOSPC");
    expect(() => writer.write(Buffer.from("second\n"))).toThrow("ENOSPC");
    writer.write(Buffer.from("third\n"));
    writer.write(Buffer.from("fourth\n"));
    expect(written()).toBe("fir\nthird\nfourth\n");
  });

  it("starts no new line after one of which nothing was written", () => {
    const writer = new LineWriter(9);
    device.steps = ["EIO"];
    expect(() => writer.write(Buffer.from("first\n"))).toThrow("EIO");
    writer.write(Buffer.from("second\n"));
    expect(written()).toBe("second\n");
  });

  it("needs no second line end when only that was written", () => {
    const writer = new LineWriter(9, true);
    device.steps = [1, "EIO"];
    expect(() => writer.write(Buffer.from("first\n"))).toThrow("EIO");
    writer.write(Buffer.from("second\n"));
    expect(written()).toBe("\nsecond\n");
  });

  it("starts a new line after one that another writer to the same file could not finish", () => {
    const writers = [1, 2].map(() => new LineWriter(9, sharedSeam("file 1", false)));
    const other = new LineWriter(9, sharedSeam("file 2", false));
    device.steps = [3, "ENOSPC"];
    expect(() => writers[0]?.append(Buffer.from("first\n"))).toThrow("ENOSPC");
    writers[1]?.append(Buffer.from("second\n"));
    writers[0]?.append(Buffer.from("third\n"));
    expect(written()).toBe("fir\nsecond\nthird\n");
    other.append(Buffer.from("elsewhere\n"));
    expect(written()).toBe("fir\nsecond\nthird\nelsewhere\n");
  });

  it("gives back what a reader that is behind does not take", () => {
    const writer = new LineWriter(9);
    device.steps = [3, "EAGAIN"];
    const rest = writer.write(Buffer.from("first\n"));
    expect(String(rest)).toBe("st\n");
    writer.write(rest ?? Buffer.alloc(0));
    expect(written()).toBe("first\n");
  });

  it("does so under Jest, where errors of Node are of another realm", () => {
    device.realm = runInNewContext("Error") as ErrorConstructor;
    const writer = new LineWriter(9);
    device.steps = [3, "EAGAIN"];
    expect(String(writer.write(Buffer.from("first\n")))).toBe("st\n");
  });

  it("keeps lines of a file apart on a device that does not wait", () => {
    const transport = new FileTransport(9, false);
    device.steps = [3, "EAGAIN"];
    expect(() => transport.writeLine("first")).toThrow("whole line");
    transport.writeLine("second");
    expect(written()).toBe("fir\nsecond\n");
  });

  it.each<[string, (number | string)[], number, string]>([
    ["nothing", ["EIO"], 3, "next\n"],
    ["a part of the first line", [2, "EIO"], 3, "on\nnext\n"],
    ["a line without its end", [3, "EIO"], 2, "one\nnext\n"],
    ["a line", [4, "EIO"], 2, "one\nnext\n"],
    ["a line and a part", [6, "EIO"], 2, "one\ntw\nnext\n"],
    ["two lines in three steps", [3, 2, 3, "ENOSPC"], 1, "one\ntwo\nnext\n"],
    ["half a character", [12, "EIO"], 1, "one\ntwo\nthr\ufffd\nnext\n"],
  ])("knows of three lines which are lost when a device takes %s", (_what, steps, lost, text) => {
    const writer = new LineWriter(9);
    device.steps = [...steps];
    const failure = catchError(() => writer.append(Buffer.from("one\ntwo\nthr\u00e9e\n")));
    expect([failure?.lost, failure?.code]).toEqual([lost, steps.at(-1)]);
    writer.append(Buffer.from("next\n"));
    expect(written()).toBe(text);
  });

  it("loses nothing when only the last line end is missing: the next line brings it", () => {
    const writer = new LineWriter(9);
    device.steps = [7, "ENOSPC"];
    writer.append(Buffer.from("one\ntwo\n"));
    writer.append(Buffer.from("next\n"));
    expect(written()).toBe("one\ntwo\nnext\n");
  });

  it("counts right behind a torn line, of which the end is not written either", () => {
    const writer = new LineWriter(9, true);
    device.steps = ["EIO"];
    expect(catchError(() => writer.append(Buffer.from("one\ntwo\n")))?.lost).toBe(2);
    device.steps = [4, "EIO"];
    expect(catchError(() => writer.append(Buffer.from("one\ntwo\n")))?.lost).toBe(1);
    writer.append(Buffer.from("next\n"));
    expect(written()).toBe("\none\nnext\n");
  });
});

function catchError(action: () => void): LineWriteError | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    return error as LineWriteError;
  }
}
