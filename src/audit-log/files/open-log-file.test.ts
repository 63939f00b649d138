import {
  appendFileSync,
  closeSync,
  fstatSync,
  mkdtempSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { openLogFile } from "./open-log-file.js";

/** What another process does before the place of an open file is looked up. */
const meanwhile = vi.hoisted(() => ({ act: (_path: string): void => undefined }));
vi.mock("node:fs", async (original) => {
  const fs = await original<typeof import("node:fs")>();
  const realpathSync = (path: string): string => {
    meanwhile.act(path);
    return fs.realpathSync(path);
  };
  return { ...fs, realpathSync };
});

afterEach(() => {
  meanwhile.act = () => undefined;
  vi.restoreAllMocks();
});

/** Opens a file of this text; `meanwhile` is called between two looks at its end, with the number of the pause. */
function isTorn(text: string, meanwhile: (pause: number, path: string) => void): boolean {
  const path = join(mkdtempSync(join(tmpdir(), "open-log-file-")), "audit.jsonl");
  writeFileSync(path, text);
  let pauses = 0;
  vi.spyOn(Atomics, "wait").mockImplementation(() => {
    pauses += 1;
    meanwhile(pauses, path);
    return "timed-out";
  });
  const { descriptor, torn } = openLogFile(path);
  closeSync(descriptor);
  return torn;
}

describe("a log file that is opened", () => {
  it.each<[string, boolean]>([
    ["", false],
    ['{"whole":1}\n', false],
    ['{"whole":1}\n{"torn":', true],
  ])("with the text %j is torn: %s", (text, torn) => {
    expect(isTorn(text, () => undefined)).toBe(torn);
  });

  it("is not torn where its writer was interrupted in the middle of a line, and goes on", () => {
    const goOn = (pause: number, path: string): void => {
      if (pause === 20) appendFileSync(path, '2}\n{"next":');
      if (pause === 40) appendFileSync(path, "3}\n");
    };
    expect(isTorn('{"whole":1}\n{"begun":', goOn)).toBe(false);
  });

  it("is opened once more when another process has rotated it meanwhile", () => {
    const path = join(mkdtempSync(join(tmpdir(), "open-log-file-")), "audit.jsonl");
    let moves = 0;
    meanwhile.act = () => {
      moves += 1;
      if (moves <= 3) renameSync(path, `${path}.${moves}`);
    };
    const file = openLogFile(path);
    expect(fstatSync(file.descriptor).ino).toBe(statSync(path).ino);
    closeSync(file.descriptor);
  });

  it("is given up when somebody moves it each time", () => {
    const path = join(mkdtempSync(join(tmpdir(), "open-log-file-")), "audit.jsonl");
    let moves = 0;
    meanwhile.act = () => {
      moves += 1;
      renameSync(path, `${path}.${moves}`);
    };
    expect(() => openLogFile(path)).toThrow("somebody moves it whenever it is opened");
    expect(moves).toBe(10);
  });
});
