import { generateKeyPairSync } from "node:crypto";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { ReferenceStream, textOf } from "../../../test/support/reference-log.js";
import { kindsOf, verifyLogs } from "../../../test/support/verify-log.js";

const owner = generateKeyPairSync("ed25519");
const keys = [owner.publicKey];
const signingKey = owner.privateKey;
const log = new ReferenceStream({ signingKey }).records(25).end();
const { lines } = log;
const sound = { integrity: "intact", completeness: "complete", findings: [] };

describe("the files of a log", () => {
  it("may be named in any order, and may hold lines of several streams", async () => {
    const parts = [lines.slice(0, 7), lines.slice(7, 12), lines.slice(12, 20), lines.slice(20)];
    const orders = [
      [0, 1, 2, 3],
      [3, 2, 1, 0],
      [2, 0, 3, 1],
      [1, 3, 0, 2],
    ];
    for (const order of orders) {
      const texts = order.map((index) => textOf(parts[index] ?? []));
      expect(await verifyLogs(texts, { keys })).toMatchObject(sound);
    }
    const other = new ReferenceStream({ signingKey }).records(25).end();
    const mixed = lines.flatMap((line, index) => [line, other.lines[index] ?? ""]);
    expect(await verifyLogs([textOf(mixed)], { keys })).toMatchObject(sound);
    const compressed = [gzipSync(textOf(mixed.slice(20))), textOf(mixed.slice(0, 20))];
    expect(await verifyLogs(compressed, { keys })).toMatchObject(sound);
  });

  it.each([
    ["a byte order mark", `\ufeff${log.text}`, ["byte_order_mark"]],
    ["CRLF", log.text.replaceAll("\n", "\r\n"), ["carriage_returns"]],
    ["lines of another program", `starting\n${log.text}{"level":30}\n\n`, ["other_lines"]],
    ["JSON of another logger", `{"level":30,"a":1}\n${log.text}{"x": "{}"}\n`, ["other_lines"]],
    ["objects in several lines", `{\n  a: 1\n}\n${log.text}{\n  "a": {\n  }\n}\n`, ["other_lines"]],
    ["a text that speaks of a log", `writing to audit.jsonl\n${log.text}`, ["other_lines"]],
  ])("may have %s, which is said", async (_what, text, found) => {
    const report = await verifyLogs([text], { keys });
    expect(report).toMatchObject({ integrity: "intact", completeness: "complete" });
    expect(kindsOf(report)).toEqual(found);
  });

  it("may hold a torn record that another writer went on with, and zeros of a power failure", async () => {
    const torn = lines[15]?.slice(0, 120) ?? "";
    const next = new ReferenceStream({ signingKey }).records(3).end();
    const zeros = "\0".repeat(4096);
    for (const text of [
      textOf(lines.slice(0, 15)) + torn + next.text,
      textOf(lines.slice(0, 15)) + torn + zeros + next.text,
      textOf(lines.slice(0, 15)) + zeros + next.text,
      textOf(lines.slice(0, 15)) + next.text + zeros,
      `${textOf(lines.slice(0, 15)) + torn}\nKilled\n${next.text}`,
    ]) {
      const report = await verifyLogs([text], { keys });
      expect(report).toMatchObject({ integrity: "intact", completeness: "incomplete" });
      expect(kindsOf(report).filter((kind) => !kind.includes("15"))).toEqual(
        text.includes("Killed") ? ["torn_line", "other_lines"] : ["torn_line"],
      );
      expect(report.streams[1]).toMatchObject({ completeness: "complete", records: 6 });
    }
    const instead = textOf(lines.slice(0, 4).concat("\0".repeat(300), lines.slice(5)));
    const kinds = kindsOf(await verifyLogs([instead], { keys }));
    expect(kinds).toEqual(["torn_line", "missing_records 5"]);
  });

  it("are no log when there is no record in them", async () => {
    const empty = await verifyLogs([""], { keys });
    expect(empty).toMatchObject({ integrity: "unsigned", completeness: "incomplete" });
    expect(kindsOf(empty)).toEqual(["empty_file", "no_records"]);
    expect(kindsOf(await verifyLogs(["hello\n"]))).toEqual(["other_lines", "no_records"]);
  });

  it("end in a torn line after a crash, which is not taken for a change", async () => {
    const torn = lines[15]?.slice(0, 200) ?? "";
    const end = await verifyLogs([textOf(lines.slice(0, 15)) + torn], { keys });
    expect(end).toMatchObject({ integrity: "intact", completeness: "incomplete" });
    expect(kindsOf(end)).toContain("torn_line");
    const next = new ReferenceStream({ signingKey }).records(3).end();
    const repaired = `${textOf(lines.slice(0, 15)) + torn}\n${next.text}`;
    const begun = await verifyLogs([repaired], { keys });
    expect(begun).toMatchObject({ integrity: "intact", completeness: "incomplete" });
    expect(begun.findings.find(({ kind }) => kind === "torn_line")?.message).toContain("was ended");
    const middle = textOf(lines.with(15, torn));
    const report = await verifyLogs([middle], { keys });
    expect(kindsOf(report)).toEqual(["torn_line", "missing_records 16"]);
    expect(report.findings[0]?.message).toContain("the disk was full, or somebody cut it");
  });

  it.each([
    ["no UTF-8", Buffer.from(lines[4]?.replace("ü", "\u00fc") ?? "", "latin1")],
    ["half a record", Buffer.from(lines[4]?.slice(100) ?? "")],
    ["two records", Buffer.from(`${lines[4]}${lines[5]}`)],
    ["deep JSON", Buffer.from(`{"audit.a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`)],
    ["__proto__", Buffer.from('{"__proto__":{"x":1},"audit.record.id":1, "b":2}')],
  ])("hold %s in place of a record, which is a change", async (_what, bytes) => {
    const text = Buffer.concat([
      Buffer.from(textOf(lines.slice(0, 4))),
      bytes,
      Buffer.from(`\n${textOf(lines.slice(5))}`),
    ]);
    const report = await verifyLogs([text], { keys });
    expect(report.integrity).toBe("tampered");
    expect(report.findings.some(({ line }) => line === 5)).toBe(true);
  });

  it("skip a line that is longer than any record", async () => {
    const long = `{"audit.a":"${"x".repeat(17 * 1024 * 1024)}"}`;
    const report = await verifyLogs([textOf(lines.with(4, long))], { keys });
    expect(kindsOf(report)).toEqual(["unreadable_line", "missing_records 5"]);
  });

  it("are read as far as they can be decompressed", async () => {
    const random = Array.from({ length: 300 }, (_one, index) => `${index}`.repeat(9));
    const long = new ReferenceStream({ signingKey });
    for (const text of random) long.write({ text });
    const packed = gzipSync(long.end().text);
    const report = await verifyLogs([packed.subarray(0, packed.length - 20)], { keys });
    expect(report.completeness).toBe("incomplete");
    expect(kindsOf(report)).toContain("damaged_file");
  });

  it.each([
    ["white space", (line: string) => line.replace(",", ", "), "white space between"],
    ["another order", (line: string) => line.replace(/^\{("[^,]*),("[^,]*)/, "{$2,$1"), "order"],
    ["a name twice", (line: string) => line.replace(/^\{("[^,]*)/, "{$1,$1"), "stands in it twice"],
    ["another number", (line: string) => line.replace(":1003", ":1.003e3"), "a number is written"],
    ["a leading zero", (line: string) => line.replace(":1003", ":01003"), "a number is written"],
    ["an escape", (line: string) => line.replace("http_", "\\u0068ttp_"), "is escaped"],
    ["an escaped slash", (line: string) => line.replace("http_", "http\\/"), "is escaped"],
  ])("hold no record with %s, also when the chain was made to fit", async (_what, change, says) => {
    const chain = new ReferenceStream({ integrity: "chain" }).records(4);
    const index = chain.lines.length - 1;
    chain.lines[index] = change(chain.lines[index] ?? "");
    // The writer goes on behind that line, as a forger would who has no key to steal.
    const report = await verifyLogs([chain.records(3).end().text]);
    expect(kindsOf(report)).toEqual(["irregular_record 5"]);
    expect(report.findings[0]?.message).toContain(says);
    expect(report.integrity).toBe("tampered");
  });

  it("may be of a format that is not known yet", async () => {
    const later = new ReferenceStream({ signingKey }).records(2, { "audit.schema.version": "2" });
    const report = await verifyLogs([later.end().text], { keys });
    expect(kindsOf(report)).toEqual(["unknown_schema 2", "unknown_schema 3"]);
    expect(report.completeness).toBe("incomplete");
  });

  it("tell two writers with one stream apart", async () => {
    const settings = { integrity: "chain", stream: log.stream } as const;
    const [one, two] = [new ReferenceStream(settings), new ReferenceStream(settings)];
    one.records(9);
    two.records(5, { "audit.actor.id": "other" });
    const mixed = one.lines.flatMap((line, index) => [line, two.lines[index] ?? ""]);
    const report = await verifyLogs([textOf(mixed)]);
    expect(report.integrity).toBe("tampered");
    expect(kindsOf(report)).toContain("conflicting_records 2-6");
  });

  it("can be counted when nothing is chained", async () => {
    const plain = new ReferenceStream({ integrity: false }).records(5).end();
    const report = await verifyLogs([plain.text]);
    expect(report).toMatchObject({ integrity: "unsigned", completeness: "complete" });
    expect(kindsOf(report)).toEqual(["not_chained"]);
    const short = await verifyLogs([textOf(plain.lines.toSpliced(2, 2))]);
    expect(kindsOf(short)).toContain("missing_records 3-4");
    expect(kindsOf(await verifyLogs([textOf(plain.lines.slice(0, 4))]))).toContain("not_closed 4");
  });

  it("hold records of one sink alone, which are not in the chain", async () => {
    const own = `{"audit.lost.count":1,"audit.record.id":"${log.stream}.0-1","event.name":"log_dropped"}`;
    const report = await verifyLogs([textOf(lines.toSpliced(4, 0, own))], { keys });
    expect(report).toMatchObject({ ...sound, findings: [{ kind: "unsealed_sink_record" }] });
  });

  it("list the findings about changes first when there are too many", async () => {
    const text = textOf(lines.filter((_line, index) => index % 2 === 0)).replace("1001", "1002");
    const report = await verifyLogs([`${text}{"audit.\n`], { keys, maxFindings: 3 });
    expect(report.findings).toHaveLength(3);
    expect(report.findingsLeftOut).toBeGreaterThan(5);
  });
});
