import { appendFileSync, closeSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { openLogFile } from "./open-log-file.js";

afterEach(() => {
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
});
