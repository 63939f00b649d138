import {
  appendFileSync,
  fstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LiveFile, type Replacement } from "./live-file.js";
import { openLogFile } from "./open-log-file.js";

/** What another process does in front of a move, and behind it. */
const meanwhile = vi.hoisted(() => ({
  act: (): void => undefined,
  actBehind: (_moved: string): void => undefined,
  canList: true,
}));
vi.mock("node:fs", async (original) => {
  const fs = await original<typeof import("node:fs")>();
  const renameSync = (from: string, to: string): void => {
    meanwhile.act();
    fs.renameSync(from, to);
    meanwhile.actBehind(to);
  };
  const readdirSync = (...args: Parameters<typeof fs.readdirSync>): unknown => {
    if (!meanwhile.canList) throw Object.assign(new Error("no"), { code: "EACCES" });
    return fs.readdirSync(...args);
  };
  return { ...fs, renameSync, readdirSync };
});

const NOW = Date.parse("2026-11-27T12:00:00.000Z");
let directory: string;
let path: string;
const troubles: unknown[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "live-file-"));
  path = join(directory, "audit.jsonl");
  appendFileSync(path, "first\n");
  troubles.length = 0;
});
afterEach(() => void vi.restoreAllMocks());

/** The file as one process has it, which rotates it in front of its next write. */
function openHere(finish: () => void = () => undefined, file = openLogFile(path)): LiveFile {
  const trouble = (error: unknown): void => void troubles.push(error);
  return new LiveFile(path, file, { size: 10 }, { finish, trouble });
}

function segments(): readonly string[] {
  return readdirSync(directory)
    .filter((name) => name !== "audit.jsonl")
    .sort();
}

describe("a file that another process rotates between the look and the move", () => {
  /** @param names - When the process that moves it last, and the other one, read the clock. */
  function rotateTwice(names: { readonly last: number; readonly first: number }): {
    readonly first: Replacement | undefined;
    readonly last: Replacement | undefined;
  } {
    const clock = vi.spyOn(Date, "now").mockReturnValue(names.last);
    const [one, other] = [openHere(), openHere()];
    let first: Replacement | undefined;
    meanwhile.act = () => {
      meanwhile.act = () => undefined;
      clock.mockReturnValue(names.first);
      first = other.prepare(100);
      writeSync(first?.file.descriptor as number, "second\n");
    };
    const last = one.prepare(100);
    return { first, last };
  }

  it.each([
    ["before", NOW - 16],
    ["in the same millisecond as", NOW],
    ["behind", NOW + 16],
  ])(
    "leaves segments in the order of their records when this process took its name %s the other one",
    (_when, last) => {
      const replaced = rotateTwice({ last, first: NOW });
      const texts = segments().map((name) => readFileSync(join(directory, name), "utf8"));
      expect(texts).toEqual(["first\n", "second\n"]);
      expect(troubles).toEqual([]);
      // To both processes it is the same segment that was closed.
      for (const replacement of [replaced.first, replaced.last]) {
        expect(replacement?.reason).toBe("rotated");
        expect(basename(replacement?.segment ?? "")).toBe(segments()[0]);
      }
      expect(readFileSync(path, "utf8")).toBe("");
    },
  );
});

describe("a file that another process compresses as soon as it is moved", () => {
  it("is rotated, and nothing of it counts as lost", () => {
    const live = openHere();
    meanwhile.actBehind = (moved) => {
      meanwhile.actBehind = () => undefined;
      renameSync(moved, `${moved}.gz`);
    };
    expect(live.prepare(100)).toMatchObject({ reason: "rotated", lost: 0 });
    expect(troubles).toEqual([]);
  });
});

describe("a file that is given up", () => {
  it.each<[string, () => void]>([
    ["this process rotates", () => undefined],
    ["another process has rotated", () => void openHere().prepare(100)],
    ["somebody has moved", () => renameSync(path, `${path}.old`)],
    ["somebody has deleted", () => unlinkSync(path)],
  ])("because %s it is finished while it is open", (_what, act) => {
    const file = openLogFile(path);
    const open: number[] = [];
    const live = openHere(() => void open.push(fstatSync(file.descriptor).ino), file);
    act();
    expect(live.prepare(100)?.file.descriptor).not.toBe(file.descriptor);
    expect(open).toEqual([file.identity?.ino]);
    expect(() => fstatSync(file.descriptor)).toThrow("EBADF");
  });
});

describe("the name of a segment", () => {
  it.each([
    ["of a clock that was set back since", "20261127T130000000Z", "20261127T130000001Z"],
    ["of a clock that was years ahead", "20991231T235959999Z", "21000101T000000000Z"],
    ["that no time can follow", "99991231T235959999Z", "20261127T120000000Z"],
    ["of a time that has passed", "20261127T110000000Z", "20261127T120000000Z"],
  ])("stands behind one %s", (_what, there, expected) => {
    writeFileSync(join(directory, `audit.${there}.00000000.jsonl.gz`), "");
    vi.spyOn(Date, "now").mockReturnValue(NOW);
    const replacement = openHere().prepare(100);
    expect(basename(replacement?.segment ?? "").split(".")[1]).toBe(expected);
  });

  it("follows the clock in a directory that may be written to and not listed", () => {
    vi.spyOn(Date, "now").mockReturnValue(NOW);
    meanwhile.canList = false;
    try {
      const replacement = openHere().prepare(100);
      expect(basename(replacement?.segment ?? "").split(".")[1]).toBe("20261127T120000000Z");
      expect(troubles).toEqual([]);
    } finally {
      meanwhile.canList = true;
    }
  });
});
