import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { compressSegment } from "./compress-segment.js";

/** Called before a step of that name; may throw. */
const fault = vi.hoisted(() => ({ at: undefined as ((step: string) => void) | undefined }));
vi.mock("node:fs/promises", async (original) => {
  const promises = await original<typeof import("node:fs/promises")>();
  const step =
    <A extends unknown[], R>(name: string, call: (...args: A) => R) =>
    (...args: A): R => {
      fault.at?.(name);
      return call(...args);
    };
  return {
    ...promises,
    rename: step("rename", promises.rename),
    unlink: step("unlink", promises.unlink),
  };
});

let path: string;
const text = "a line of a record\n".repeat(20_000);
const never = new AbortController().signal;

function files(): readonly string[] {
  return readdirSync(join(path, "..")).sort();
}

beforeEach(() => {
  fault.at = undefined;
  path = join(mkdtempSync(join(tmpdir(), "segment-")), "audit.jsonl");
  writeFileSync(path, text, { mode: 0o644 });
  utimesSync(path, 1_700_000_000, 1_700_000_000);
});

describe("compressing a segment", () => {
  it("puts a gzip file in its place, for its owner only, with its time", async () => {
    expect(await compressSegment(path, never)).toBe(true);
    expect(files()).toEqual(["audit.jsonl.gz"]);
    const { mode, mtimeMs } = statSync(`${path}.gz`);
    expect([mode & 0o777, mtimeMs]).toEqual([0o600, 1_700_000_000_000]);
    expect(gunzipSync(readFileSync(`${path}.gz`)).toString()).toBe(text);
  });

  it.each([
    ["it cannot get its name", "rename", ["audit.jsonl"]],
    ["the segment cannot be deleted", "unlink", ["audit.jsonl", "audit.jsonl.gz"]],
  ])("loses nothing when %s, and can be repeated", async (_what, step, left) => {
    fault.at = (name) => {
      if (name === step) throw Object.assign(new Error(step), { code: "EACCES" });
    };
    await expect(compressSegment(path, never)).rejects.toThrow(step);
    expect(files()).toEqual(left);
    expect(readFileSync(path, "utf8")).toBe(text);
    fault.at = undefined;
    expect(await compressSegment(path, never)).toBe(true);
    expect(files()).toEqual(["audit.jsonl.gz"]);
    expect(gunzipSync(readFileSync(`${path}.gz`)).toString()).toBe(text);
  });

  it("leaves a segment alone that somebody still writes to", async () => {
    let isWritten = true;
    const writeOn = (): void => {
      if (!isWritten) return;
      appendFileSync(path, "a line of a record\n");
      setImmediate(writeOn);
    };
    writeOn();
    const grown = await compressSegment(path, never).finally(() => {
      isWritten = false;
    });
    expect([grown, files()]).toEqual([false, ["audit.jsonl"]]);
  });

  it("leaves everything as it was when it is given up", async () => {
    const stop = new AbortController();
    const compressed = compressSegment(path, stop.signal);
    stop.abort();
    await expect(compressed).rejects.toThrow("aborted");
    expect(files()).toEqual(["audit.jsonl"]);
  });

  it("is no file that was left behind, for other processes, however old the segment is", async () => {
    const begun = Date.now() - 1000;
    let written = 0;
    fault.at = (name) => {
      if (name !== "rename") return;
      const temporary = files().find((file) => file.endsWith(".tmp")) ?? "";
      written = statSync(join(path, "..", temporary)).mtimeMs;
    };
    await compressSegment(path, never);
    expect(written).toBeGreaterThan(begun);
  });

  it("is done when another process has done it", async () => {
    expect(await compressSegment(`${path}.gone`, never)).toBe(false);
    const both = await Promise.all([compressSegment(path, never), compressSegment(path, never)]);
    expect(both).toEqual([true, true]);
    expect(gunzipSync(readFileSync(`${path}.gz`)).toString()).toBe(text);
  });
});
