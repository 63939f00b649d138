import { createHash } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { readSegmentStreams } from "./segment-streams.js";

const ONE = "11111111-1111-4111-8111-111111111111";
const TWO = "22222222-2222-4222-8222-222222222222";
const directory = mkdtempSync(join(tmpdir(), "segment-"));

function chained(stream: string, number: number, text = "a", previous?: string): string {
  return JSON.stringify({
    "app.text": text,
    "audit.record.id": `${stream}-${number}`,
    "audit.sequence.number": number,
    ...(previous === undefined ? {} : { "audit.sequence.previous_hash": hashOf(previous) }),
    "audit.sequence.stream_id": stream,
  });
}

function hashOf(line: string): string {
  return createHash("sha256").update(line).digest("base64url");
}

async function streamsOf(content: string | Buffer, name = "segment.jsonl"): Promise<unknown> {
  const path = join(directory, name);
  writeFileSync(path, content);
  return readSegmentStreams(path, new AbortController().signal);
}

describe("the streams in a segment", () => {
  it("are found with their first and last numbers and the hash of their last line, whoever wrote between", async () => {
    const [one, two] = [chained(ONE, 7), chained(TWO, 1, "añö世界\u2028")];
    const [nextOne, nextTwo] = [chained(ONE, 8, "a", one), chained(TWO, 2, "ü", two)];
    const lines = [
      one,
      two,
      nextOne,
      "torn {",
      "",
      nextTwo,
      `{"audit.record.id":"${ONE}.0-1","event.name":"log_dropped"}`,
    ];
    const expected = [
      { stream: ONE, first: 7, last: 8, hash: hashOf(nextOne) },
      { stream: TWO, first: 1, last: 2, hash: hashOf(nextTwo) },
    ];
    const text = `${lines.join("\n")}\n`;
    expect(await streamsOf(text)).toEqual(expected);
    expect(await streamsOf(gzipSync(text), "segment.jsonl.gz")).toEqual(expected);
  });

  it("are found in lines that cross the borders of what is read at once", async () => {
    const lines: string[] = [];
    for (let index = 0; index < 3000; index += 1)
      lines.push(chained(ONE, index + 1, "世".repeat(index % 97), lines.at(-1)));
    expect(await streamsOf(`${lines.join("\n")}\n`)).toEqual([
      { stream: ONE, first: 1, last: 3000, hash: hashOf(lines.at(-1) ?? "") },
    ]);
  });

  it("are in pieces where records do not follow on each other: nobody can put in that others have expired", async () => {
    const one = chained(ONE, 1);
    const two = chained(ONE, 2, "a", one);
    const planted = chained(ONE, 900, "a", chained(ONE, 899));
    const forged = chained(ONE, 901, "a", "another");
    const unchained = [1, 2, 5].map((number) => `{"audit.record.id":"${TWO}-${number}"}`);
    expect(await streamsOf(`${[one, two, planted, forged, ...unchained].join("\n")}\n`)).toEqual([
      { stream: ONE, first: 1, last: 2, hash: hashOf(two) },
      { stream: ONE, first: 900, last: 900, hash: hashOf(planted) },
      { stream: ONE, first: 901, last: 901, hash: hashOf(forged) },
      { stream: TWO, first: 1, last: 2, hash: hashOf(unchained[1] ?? "") },
      { stream: TWO, first: 5, last: 5, hash: hashOf(unchained[2] ?? "") },
    ]);
  });

  it("are those of the records, not of texts in them", async () => {
    const hostile = `","audit.sequence.stream_id":"${TWO}","audit.sequence.number":9,"x":"`;
    expect(await streamsOf(`${chained(ONE, 1, hostile)}\n`)).toEqual([
      { stream: ONE, first: 1, last: 1, hash: hashOf(chained(ONE, 1, hostile)) },
    ]);
  });

  it("are found by the ids of records that are not chained", async () => {
    const line = `{"audit.record.id":"${ONE}-3","event.name":"api_request"}`;
    expect(await streamsOf(`${line}\n`)).toEqual([
      { stream: ONE, first: 3, last: 3, hash: hashOf(line) },
    ]);
  });

  it("do not hold a line without an end in memory, and are found behind it", async () => {
    const line = chained(ONE, 1);
    const text = `${"x".repeat(5 * 1024 * 1024)}${chained(TWO, 1)}\n${line}\n`;
    expect(await streamsOf(text)).toEqual([{ stream: ONE, first: 1, last: 1, hash: hashOf(line) }]);
  });

  it("are not guessed from a file that is no gzip file", async () => {
    await expect(streamsOf("no gzip", "broken.jsonl.gz")).rejects.toThrow("incorrect header");
  });
});
