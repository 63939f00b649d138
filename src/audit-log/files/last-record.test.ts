import { createHash } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createSegmentNames } from "../segments/segment-name.js";
import { readLastRecord, readPreviousStream } from "./last-record.js";

const ONE = "11111111-1111-4111-8111-111111111111";
const TWO = "22222222-2222-4222-8222-222222222222";
const DROPPED = `{"audit.record.id":"${ONE}.0-1","event.name":"log_dropped"}`;

function line(stream: string, number: number, text = "x"): string {
  const sequence = { "audit.sequence.number": number, "audit.sequence.stream_id": stream };
  return JSON.stringify({ "app.text": text, ...sequence });
}

function found(stream: string, number: number, torn = false, text?: string): unknown {
  const hash = createHash("sha256")
    .update(line(stream, number, text))
    .digest("base64url");
  return { stream, number, hash, torn };
}

function fileOf(content: string, name = "audit.jsonl", directory?: string): string {
  const path = join(directory ?? mkdtempSync(join(tmpdir(), "audit-")), name);
  writeFileSync(path, content);
  return path;
}

describe("the last chained record of a file", () => {
  it.each<[string, string, unknown]>([
    ["an empty file", "", undefined],
    ["a whole file", `${line(ONE, 1)}\n${line(ONE, 2, "ü")}\n`, found(ONE, 2, false, "ü")],
    ["one whole line", `${line(ONE, 1)}\n`, found(ONE, 1)],
    ["a torn last line", `${line(ONE, 1)}\n${line(ONE, 2).slice(0, -9)}`, found(ONE, 1, true)],
    ["a last line without its end", `${line(ONE, 1)}\n${line(ONE, 2)}`, found(ONE, 1, true)],
    ["only a torn line", line(ONE, 1), undefined],
    ["a record of losses at the end", `${line(ONE, 1)}\n${DROPPED}\n`, found(ONE, 1)],
    [
      "half a line that another writer went on with",
      `${line(ONE, 1)}\n${line(ONE, 2).slice(0, 20)}${line(TWO, 1)}\n`,
      found(ONE, 1),
    ],
    ["lines of something else", "not json\n[1,2]\nnull\n\n", undefined],
    ["a text that looks like one", `${JSON.stringify({ a: line(TWO, 3) })}\n`, undefined],
    ["no UUID", `${line("x".repeat(36), 1)}\n`, undefined],
    ["no whole number", `${line(ONE, 1.5)}\n`, undefined],
    ["lines with CRLF", `${line(ONE, 1)}\r\n`, expect.objectContaining({ number: 1 })],
  ])("in %s is the last that is whole", (_what, content, expected) => {
    expect(readPreviousStream(fileOf(content))).toEqual(expected);
  });

  it("may be the one of a certain stream", () => {
    const path = fileOf(`${line(ONE, 1)}\n${line(TWO, 5)}\n${line(TWO, 6)}\n`);
    expect(readLastRecord(path, ONE)).toEqual(found(ONE, 1));
    expect(readLastRecord(path, TWO)).toEqual(found(TWO, 6));
    expect(readLastRecord(path, TWO.replace("2", "3"))).toBeUndefined();
  });

  it("stands in OCSF with what that has no place for", () => {
    const unmapped = { "audit.sequence.number": 4, "audit.sequence.stream_id": ONE };
    const path = fileOf(`${JSON.stringify({ class_uid: 6003, unmapped })}\n`);
    expect(readPreviousStream(path)).toMatchObject({ stream: ONE, number: 4 });
  });

  it.each([
    ["the first 64 KiB from the end", 60_000, true],
    ["the last MiB", 700_000, true],
    ["more than that", 1_200_000, false],
  ])("is looked for in %s", (_what, distance, expected) => {
    const path = fileOf(`${line(ONE, 1)}\n${`${DROPPED}\n`.repeat(distance / DROPPED.length)}`);
    expect(readPreviousStream(path)).toEqual(expected ? found(ONE, 1) : undefined);
  });

  it("is that of the newest segment when a process ended right after it was rotated", () => {
    const path = fileOf("");
    const names = createSegmentNames(path);
    fileOf(`${line(ONE, 1)}\n`, names.next(1000), join(path, ".."));
    fileOf(`${line(ONE, 2)}\n`, names.next(2000), join(path, ".."));
    expect(readPreviousStream(path)).toEqual(found(ONE, 2));
    fileOf("gzip", `${names.next(3000)}.gz`, join(path, ".."));
    expect(readPreviousStream(path)).toBeUndefined();
  });

  it("is none of a file that cannot be read", () => {
    expect(readPreviousStream("/proc/nope/audit.jsonl")).toBeUndefined();
    expect(readPreviousStream(tmpdir())).toBeUndefined();
  });
});
