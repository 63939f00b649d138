import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { LineSplitter, MAX_LINE_BYTES } from "./line-splitter.js";
import { type LogFileFacts, readLogFile } from "./read-log-file.js";

const folder = mkdtempSync(join(tmpdir(), "log-files-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;
function file(content: string | Buffer): string {
  count += 1;
  const path = join(folder, `${count}.jsonl`);
  writeFileSync(path, content);
  return path;
}

async function read(path: string): Promise<{ seen: string[]; facts: LogFileFacts }> {
  const seen: string[] = [];
  const facts = await readLogFile(path, {
    line: (bytes, number, ended) =>
      seen.push(`${number}${ended ? "" : " open"}: ${bytes.toString("utf8").slice(0, 40)}`),
    longLine: (number, bytes) => seen.push(`${number} long: ${bytes}`),
  });
  return { seen, facts };
}

describe("readLogFile", () => {
  it("shows each line with its number, and says which has no end", async () => {
    const { seen, facts } = await read(file('{"a":1}\n\n{"b":2}'));
    expect(seen).toEqual(['1: {"a":1}', "2: ", '3 open: {"b":2}']);
    expect(facts).toEqual({
      lines: 3,
      bytes: 16,
      compressed: false,
      byteOrderMark: false,
      carriageReturns: 0,
      damaged: false,
    });
  });

  it("takes away the byte order mark and CR line ends, and counts them", async () => {
    const { seen, facts } = await read(file("\ufeffa\r\nb\nc\r\n\ufeffd\r"));
    expect(seen).toEqual(["1: a", "2: b", "3: c", "4 open: \ufeffd\r"]);
    expect(facts).toMatchObject({ byteOrderMark: true, carriageReturns: 2 });
  });

  it("shows nothing of an empty file", async () => {
    const { seen, facts } = await read(file(""));
    expect(seen).toEqual([]);
    expect(facts).toMatchObject({ lines: 0, bytes: 0 });
  });

  it("decompresses gzip data, several members in one file included, whatever the name is", async () => {
    const { seen, facts } = await read(
      file(Buffer.concat([gzipSync("one\ntw"), gzipSync("o\nthree\n")])),
    );
    expect(seen).toEqual(["1: one", "2: two", "3: three"]);
    expect(facts).toMatchObject({ compressed: true, damaged: false });
  });

  it.each([
    ["cut", (whole: Buffer) => whole.subarray(0, -5)],
    ["broken", (whole: Buffer) => Buffer.concat([whole.subarray(0, 12), Buffer.alloc(40, 0xff)])],
  ])("says of %s gzip data that it is damaged", async (_how, change) => {
    const { facts } = await read(file(change(gzipSync("line\n".repeat(1000)))));
    expect(facts).toMatchObject({ compressed: true, damaged: true });
  });

  it("skips a line that is too long, and goes on behind it", async () => {
    const long = Buffer.alloc(MAX_LINE_BYTES + 1, 0x61);
    const most = Buffer.alloc(MAX_LINE_BYTES, 0x62);
    const path = file(
      Buffer.concat([long, Buffer.from("\nnext\n"), most, Buffer.from("\n"), long]),
    );
    const { seen } = await read(path);
    expect(seen).toEqual([
      `1 long: ${MAX_LINE_BYTES + 1}`,
      "2: next",
      `3: ${"b".repeat(40)}`,
      `4 long: ${MAX_LINE_BYTES + 1}`,
    ]);
  });

  it("reads named pipes", async () => {
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    execFileSync("sh", ["-c", `printf 'from\\na pipe' > '${pipe}' &`], { stdio: "ignore" });
    expect((await read(pipe)).seen).toEqual(["1: from", "2 open: a pipe"]);
  });

  it("says in one line why a file cannot be read", async () => {
    const missing = join(folder, "missing.jsonl");
    await expect(read(missing)).rejects.toThrow(`${missing} does not exist`);
    await expect(read(folder)).rejects.toThrow(`${folder} is a directory: name its files`);
  });

  it("lets what the visitor throws through", async () => {
    for (const content of ["a\nb\n", gzipSync("a\nb\n")]) {
      const reading = readLogFile(file(content), {
        line: () => {
          throw new RangeError("enough");
        },
        longLine: () => undefined,
      });
      await expect(reading).rejects.toThrow(RangeError);
    }
  });
});

describe("LineSplitter", () => {
  it("finds the same lines however the bytes are cut into chunks", () => {
    const text = "\ufeffone\r\n\n\r\ntwo three\nü\u2028\nlast";
    const bytes = Buffer.from(text);
    const expected = linesOf([bytes]);
    expect(expected).toHaveLength(6);
    for (let size = 1; size < bytes.length; size += 1) {
      const chunks: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
      expect(linesOf(chunks), `chunks of ${size}`).toEqual(expected);
    }
  });
});

function linesOf(chunks: readonly Buffer[]): readonly string[] {
  const lines: string[] = [];
  const splitter = new LineSplitter({
    line: (bytes, number, ended) => lines.push(`${number} ${ended} ${bytes.toString("utf8")}`),
    longLine: () => undefined,
  });
  for (const chunk of chunks) splitter.write(chunk);
  splitter.end();
  return lines;
}
