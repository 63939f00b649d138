import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chainAgain, ReferenceStream, textOf } from "../../../test/support/reference-log.js";
import { kindsOf, verifyLogs } from "../../../test/support/verify-log.js";

const owner = generateKeyPairSync("ed25519");
const keys = [owner.publicKey];
const signingKey = owner.privateKey;
const log = new ReferenceStream({ signingKey, checkpointEvery: 7 }).records(30).end();
const other = new ReferenceStream({ signingKey, checkpointEvery: 5 }).records(30).end();
const { lines } = log;
const bytes = Buffer.from(log.text);
const indexes = fc.nat(lines.length - 1);
const RUNS = { numRuns: 100 };

describe("any change of a signed log", () => {
  it("of a single bit is a change, wherever it is", async () => {
    const places = fc.tuple(fc.nat(bytes.length - 1), fc.nat(7));
    await fc.assert(
      fc.asyncProperty(places, async ([at, bit]) => {
        const flipped = Buffer.from(bytes);
        flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
        const report = await verifyLogs([flipped], { keys });
        expect(report.integrity).toBe("tampered");
        // It names the line, or the record of it.
        const line = bytes.subarray(0, at).filter((byte) => byte === 0x0a).length + 1;
        const named = report.findings.some(
          (one) => one.line === line || (one.first ?? 0) - line === 0,
        );
        expect(named, JSON.stringify(report.findings)).toBe(true);
      }),
      { numRuns: 400 },
    );
  }, 60_000);

  it("that takes records out leaves a gap, and is no change of the others", async () => {
    await fc.assert(
      fc.asyncProperty(indexes, fc.integer({ min: 1, max: 9 }), async (at, count) => {
        const rest = lines.toSpliced(at, count);
        fc.pre(rest.length > 0);
        const report = await verifyLogs([textOf(rest)], { keys });
        expect(report).toMatchObject({ completeness: "incomplete" });
        expect(report.integrity).not.toBe("tampered");
        const last = Math.min(at + count, lines.length);
        const range = at + 1 === last ? `${last}` : `${at + 1}-${last}`;
        const missing = last === lines.length ? `not_closed ${at}` : `missing_records ${range}`;
        expect(kindsOf(report)).toContain(missing);
      }),
      RUNS,
    );
  }, 60_000);

  it("of the order is told from a gap", async () => {
    await fc.assert(
      fc.asyncProperty(indexes, indexes, async (one, two) => {
        fc.pre(one !== two);
        const swapped = lines.with(one, lines[two] ?? "").with(two, lines[one] ?? "");
        const report = await verifyLogs([textOf(swapped)], { keys });
        expect(report).toMatchObject({ integrity: "tampered", completeness: "complete" });
        expect(kindsOf(report).map((kind) => kind.split(" ")[0])).toEqual(["swapped_records"]);
      }),
      RUNS,
    );
  }, 60_000);

  it("that repeats records says which", async () => {
    await fc.assert(
      fc.asyncProperty(indexes, indexes, fc.integer({ min: 1, max: 5 }), async (from, to, size) => {
        const copied = lines.slice(from, from + size);
        const report = await verifyLogs([textOf(lines.toSpliced(to, 0, ...copied))], { keys });
        expect(report).toMatchObject({ integrity: "tampered", completeness: "complete" });
        const kinds = new Set(kindsOf(report).map((kind) => kind.split(" ")[0]));
        // In front of what it repeats, a copy is out of order as well.
        if (to < from) kinds.delete("swapped_records");
        expect([...kinds]).toEqual(["duplicate_records"]);
      }),
      RUNS,
    );
  }, 60_000);

  it("that puts a record of another stream in is seen, under either name", async () => {
    await fc.assert(
      fc.asyncProperty(indexes, fc.nat(other.lines.length - 1), async (to, from) => {
        const line = other.lines[from] ?? "";
        const added = await verifyLogs([textOf(lines.toSpliced(to, 0, line))], { keys });
        expect(added.completeness).toBe("incomplete");
        expect(added.streams.find(({ stream }) => stream === log.stream)).toMatchObject({
          integrity: "intact",
          completeness: "complete",
        });
        const renamed = line.replaceAll(other.stream, log.stream);
        const spliced = await verifyLogs([textOf(lines.toSpliced(to, 0, renamed))], { keys });
        expect(spliced.integrity).toBe("tampered");
      }),
      RUNS,
    );
  }, 60_000);

  it("that makes the chain anew breaks the next signature", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(lines.length - 2), async (at) => {
        const record = JSON.parse(lines[at] ?? "") as Record<string, unknown>;
        const changed = lines.with(at, (lines[at] ?? "").replace("2023-", "2022-"));
        expect(record["@timestamp"]).toContain("2023-");
        const report = await verifyLogs([textOf(chainAgain(changed, at + 1))], { keys });
        expect(report).toMatchObject({ integrity: "tampered", completeness: "complete" });
        const kinds = kindsOf(report).map((kind) => kind.split(" ")[0]);
        expect(new Set(kinds)).toEqual(new Set(["bad_signature"]));
      }),
      RUNS,
    );
  }, 60_000);

  it("that cuts it into files and hands them over in any order is none", async () => {
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: lines.length - 1 }), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(cuts, fc.infiniteStream(fc.nat()), async (at, order) => {
        const ends = [0, ...at.sort((a, b) => a - b), lines.length];
        const parts = ends.slice(1).map((end, index) => lines.slice(ends[index], end));
        const ranks = parts.map(() => order.next().value ?? 0);
        const turned = parts
          .map((part, index) => ({ part, rank: ranks[index] ?? 0 }))
          .sort((a, b) => a.rank - b.rank);
        const report = await verifyLogs(
          turned.map(({ part }) => textOf(part)),
          { keys },
        );
        expect(report).toMatchObject({ integrity: "intact", completeness: "complete" });
      }),
      RUNS,
    );
  }, 60_000);
});
