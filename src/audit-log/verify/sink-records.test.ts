import { generateKeyPairSync, randomUUID } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hashOf, ReferenceStream, textOf } from "../../../test/support/reference-log.js";
import { kindsOf, verifyLogs } from "../../../test/support/verify-log.js";

const owner = generateKeyPairSync("ed25519");
const keys = [owner.publicKey];

/** A record that only the sink in this position got. */
function sinkRecord(stream: string, position: number, number: number): string {
  return `{"audit.lost.count":${number},"audit.record.id":"${stream}.${position}-${number}","audit.schema.version":"1","event.name":"log_dropped"}`;
}

function nameOf(record: string): string {
  const [, name = ""] = /\.(\d+-\d+)"/.exec(record) ?? [];
  return `${name} ${hashOf(record)}`;
}

const log = new ReferenceStream({ signingKey: owner.privateKey, checkpointEvery: 100 });
const own = [1, 2, 3].map((number) => sinkRecord(log.stream, 0, number)) as [
  string,
  string,
  string,
];
log.records(3);
log.checkpoint({ "audit.checkpoint.sink_records": own.slice(0, 2).map(nameOf) });
log.records(3);
log.checkpoint({
  "audit.checkpoint.sink_records": [nameOf(own[2]), nameOf(sinkRecord(log.stream, 1, 7))],
});
log.records(2).end();

/** The log with records of the sink in it. */
function withRecords(...records: readonly string[]): string {
  return textOf([...log.lines.slice(0, 2), ...records, ...log.lines.slice(2)]);
}

describe("records that only one sink got", () => {
  it("are sound when a checkpoint names them, also where another sink got others", async () => {
    const report = await verifyLogs([withRecords(...own)], { keys });
    expect(report).toMatchObject({ integrity: "intact", completeness: "complete", findings: [] });
  });

  it("are tampered with by the change of any bit", async () => {
    const before = Buffer.from(textOf(log.lines.slice(0, 2)));
    const bytes = Buffer.from(withRecords(...own));
    const size = Buffer.byteLength(textOf(own));
    const place = fc.tuple(fc.nat(size - 1), fc.nat(7));
    await fc.assert(
      fc.asyncProperty(place, async ([at, bit]) => {
        const changed = Buffer.from(bytes);
        const index = before.length + at;
        changed[index] = (changed[index] as number) ^ (1 << bit);
        const report = await verifyLogs([changed], { keys });
        // One whose id names nothing any more is no record of the log: then the one that it was is missing.
        const expected = report.counts.other_lines === undefined ? "tampered" : "incomplete";
        expect([report.integrity, report.completeness]).toContain(expected);
      }),
      { numRuns: 400 },
    );
  }, 60_000);

  it("are missing when one was taken out, or all but the last", async () => {
    for (const rest of [[own[0], own[2]], own.slice(0, 2), own.slice(2)]) {
      const report = await verifyLogs([withRecords(...rest)], { keys });
      expect(report).toMatchObject({ integrity: "intact", completeness: "incomplete" });
      expect(new Set(kindsOf(report))).toEqual(new Set(["missing_records"]));
    }
  });

  it("are not missing where their beginning has expired", async () => {
    const rest = textOf([...log.lines.slice(5), own[2]]);
    const report = await verifyLogs([rest]);
    expect(kindsOf(report)).toEqual(["missing_records 1-5"]);
  });

  it("are tampered with when one was put in, or stands there twice", async () => {
    const forged = own[1].replace('"audit.lost.count":2', '"audit.lost.count":9');
    const kinds = async (...records: readonly string[]): Promise<readonly string[]> =>
      kindsOf(await verifyLogs([withRecords(...records)], { keys }));
    expect(await kinds(own[0], forged, own[2])).toEqual(["changed_record"]);
    expect(await kinds(...own, forged)).toEqual(["conflicting_records"]);
    expect(await kinds(...own, own[1])).toEqual(["duplicate_records"]);
    expect(await kinds(...own, sinkRecord(log.stream, 0, 5))).toEqual(["changed_record"]);
    const other = own[1].replace(`${log.stream}.0`, `${log.stream}.1`);
    expect(await kinds(own[0], other, own[2])).toEqual([
      "changed_record",
      "missing_records",
      "missing_records",
    ]);
    const foreign = own[1].replace(log.stream, randomUUID());
    expect(await kinds(own[0], foreign, own[2])).toEqual(["misplaced_record", "missing_records"]);
  });

  it("are noted when they may have been written behind the last checkpoint", async () => {
    const report = await verifyLogs([withRecords(...own, sinkRecord(log.stream, 0, 4))], { keys });
    expect(report).toMatchObject({ integrity: "intact", completeness: "complete" });
    expect(kindsOf(report)).toEqual(["unsealed_sink_record"]);
  });

  it("are not judged where the checkpoint that names them may be missing", async () => {
    const text = textOf([...log.lines.slice(0, 4), own[0], own[2], ...log.lines.slice(8)]);
    const report = await verifyLogs([text], { keys });
    expect(report.integrity).not.toBe("tampered");
    expect(report.counts).toMatchObject({ missing_records: 1 });
  });

  it("are only noted where the process was killed: one of losses may come behind higher numbers", async () => {
    const killed = new ReferenceStream({ signingKey: owner.privateKey }).records(3);
    const [one, two, four] = [1, 2, 4].map((number) => sinkRecord(killed.stream, 0, number));
    killed.checkpoint({ "audit.checkpoint.sink_records": [nameOf(two ?? "")] }).records(2);
    const text = textOf([...killed.lines, two ?? "", one ?? "", four ?? ""]);
    const report = await verifyLogs([text], { keys });
    expect(report).toMatchObject({ integrity: "intact", completeness: "incomplete" });
    expect(report.counts).toEqual({ not_closed: 1, unsealed_sink_record: 2, unsealed_tail: 1 });
  });

  it("say that their stream is missing when nothing else of it is there", async () => {
    const alone = sinkRecord(randomUUID(), 0, 9);
    const report = await verifyLogs([withRecords(...own, alone)], { keys });
    expect(kindsOf(report)).toEqual(["missing_stream"]);
  });

  it("are bounded in number", async () => {
    const many = Array.from({ length: 1_000_001 }, (_one, index) =>
      sinkRecord(log.stream, 0, index + 1),
    );
    await expect(verifyLogs([textOf(many)])).rejects.toThrow("more than 1,000,000 records about");
  }, 60_000);
});
