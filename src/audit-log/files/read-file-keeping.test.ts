import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { OptionsError } from "../../core/options/options-error.js";
import { fileSink } from "../sinks/file-sink.js";

const path = join(mkdtempSync(join(tmpdir(), "audit-")), "audit.jsonl");
const size = "10mb";

function problemsOf(options: object): readonly string[] {
  try {
    fileSink({ path, ...options }).close?.();
  } catch (error) {
    if (error instanceof OptionsError) return error.problems;
    throw error;
  }
  return [];
}

describe("how a file is kept", () => {
  it.each<[string, object]>([
    ["nothing", {}],
    ["a size", { rotate: { size } }],
    ["an interval", { rotate: { interval: "1d" } }],
    [
      "everything",
      {
        rotate: { size, interval: "1h" },
        retention: { files: 5, age: "30d", size: "1gb" },
        gzip: true,
        fsync: "interval",
        fsyncInterval: "5s",
      },
    ],
    ["all defaults", { gzip: undefined, fsyncInterval: undefined }],
    ["no compression", { gzip: false }],
  ])("may be given by %s", (_what, options) => {
    expect(problemsOf(options)).toEqual([]);
  });

  it.each<[string, object, string]>([
    ["no rule of rotation", { rotate: {} }, "fileSink.rotate must have size or interval"],
    [
      "no rule of retention",
      { rotate: { size }, retention: {} },
      "fileSink.retention must have files, age or size",
    ],
    ["retention alone", { retention: { files: 5 } }, "fileSink.retention needs rotate"],
    ["compression alone", { gzip: true }, "fileSink.gzip needs rotate"],
    [
      "a name of compression",
      { rotate: { size }, gzip: "gzip" },
      "fileSink.gzip must be true or false",
    ],
    ["a size in bytes", { rotate: { size: 1048576 } }, 'write "1mb"'],
    [
      "a tiny size",
      { rotate: { size: "100b" } },
      "fileSink.rotate.size must be a size of at least 1kb",
    ],
    [
      "a short interval",
      { rotate: { interval: "1s" } },
      "fileSink.rotate.interval must be a duration from 1m to 366d",
    ],
    [
      "a name of an interval",
      { rotate: { interval: "daily" } },
      "fileSink.rotate.interval must be a duration",
    ],
    [
      "a short age",
      { rotate: { size }, retention: { age: "1s" } },
      "fileSink.retention.age must be a duration of at least 1m",
    ],
    [
      "no file",
      { rotate: { size }, retention: { files: 0 } },
      "fileSink.retention.files must be a whole number from 1 to 100000",
    ],
    [
      "less than one file",
      { rotate: { size }, retention: { size: "5mb" } },
      "fileSink.retention.size must not be less than rotate.size",
    ],
    [
      "another moment",
      { fsync: true },
      'fileSink.fsync must be one of "never", "interval", "always"',
    ],
    [
      "an interval of nothing",
      { fsyncInterval: "5s" },
      'fileSink.fsyncInterval needs fsync: "interval"',
    ],
    [
      "an unset size",
      { rotate: { size: undefined, interval: "1d" } },
      "fileSink.rotate.size must not be undefined",
    ],
    [
      "unset retention",
      { rotate: { size }, retention: undefined },
      "fileSink.retention must not be undefined",
    ],
    ["unset rotation", { rotate: undefined, gzip: true }, "fileSink.rotate must not be undefined"],
    [
      "winston's names",
      { maxsize: 1, maxFiles: 5, zippedArchive: true },
      'did you mean "rotate.size"?',
    ],
  ])("must not be given by %s", (_what, options, problem) => {
    expect(problemsOf(options).join("\n")).toContain(problem);
  });

  it("can only be that of a regular file", () => {
    expect(problemsOf({ path: "/dev/null", rotate: { size } })[0]).toContain(
      "fileSink.path must be a file that can be appended to",
    );
    expect(problemsOf({ path: "/dev/null", rotate: { size } })[0]).toContain(
      "rotate and fsync need a regular file",
    );
    expect(problemsOf({ path: "/dev/null", fsync: "always" })).toHaveLength(1);
    expect(problemsOf({ path: "/dev/null" })).toEqual([]);
  });
});
