import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readText } from "./read-text.js";

const folder = mkdtempSync(join(tmpdir(), "read-text-"));
const MEGABYTE = 1024 * 1024;

afterAll(() => rmSync(folder, { recursive: true }));

describe("a text", () => {
  it("is read without a mark of byte order, in all its length", () => {
    const path = join(folder, "text");
    const text = `ä${"x".repeat(200_000)}`;
    writeFileSync(path, `\uFEFF${text}`);
    expect(readText(path, { maxBytes: MEGABYTE })).toBe(text);
  });

  it("is not read past its bound", () => {
    const path = join(folder, "large");
    writeFileSync(path, "x".repeat(MEGABYTE + 1));
    expect(() => readText(path, { maxBytes: MEGABYTE })).toThrow("is larger than 1 MB");
  });

  it.skipIf(process.platform === "win32")("does not come from a device without an end", () => {
    const path = join(folder, "zero");
    symlinkSync("/dev/zero", path);
    expect(() => readText(path, { maxBytes: MEGABYTE })).toThrow("is larger than 1 MB");
    expect(() => readText(path, { maxBytes: MEGABYTE, filesOnly: true })).toThrow(
      "is not a regular file",
    );
  });

  it.skipIf(process.platform === "win32")("is not waited for where only files are read", () => {
    const path = join(folder, "pipe");
    execFileSync("mkfifo", [path]);
    for (const one of [path, folder]) {
      expect(() => readText(one, { maxBytes: MEGABYTE, filesOnly: true })).toThrow(
        "is not a regular file",
      );
    }
  });
});
