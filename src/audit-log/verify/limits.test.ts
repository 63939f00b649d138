import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { ReferenceStream, textOf } from "../../../test/support/reference-log.js";
import { kindsOf, verifyLogs } from "../../../test/support/verify-log.js";
import { LogLimitError } from "./findings/log-limit-error.js";

/** Records that fit nothing: as after every line was changed. */
function loose(count: number, stream: () => string, numberOf: (index: number) => number): string {
  const lines = Array.from({ length: count }, (_one, index) => {
    const number = numberOf(index);
    const previous = number === 1 ? "" : `"audit.sequence.previous_hash":"${"A".repeat(43)}",`;
    return `{"audit.sequence.number":${number},${previous}"audit.sequence.stream_id":"${stream()}"}`;
  });
  return textOf(lines);
}

describe("the memory of the verification", () => {
  it("holds so many streams, and refuses more", async () => {
    await expect(verifyLogs([loose(100_001, randomUUID, () => 1)])).rejects.toThrow(LogLimitError);
  }, 60_000);

  it("gives up where nothing fits any more, which is an answer", async () => {
    const stream = randomUUID();
    const text = loose(
      110_000,
      () => stream,
      (index) => index + 1,
    );
    const report = await verifyLogs([text]);
    expect(report).toMatchObject({ integrity: "tampered" });
    expect(kindsOf(report)).toEqual(["too_many_breaks"]);
  }, 60_000);

  it("is not filled by lines in the opposite order, which are put together as they come", async () => {
    const log = new ReferenceStream({ checkpointEvery: 500 }).records(3000).end();
    const report = await verifyLogs([textOf(log.lines.toReversed())]);
    expect(report).toMatchObject({ integrity: "tampered", completeness: "complete" });
    expect(kindsOf(report)).toEqual([`swapped_records ${log.number - 1}`]);
  }, 60_000);

  it("judges many gaps and many statements about them in a time that fits their number", async () => {
    const stream = randomUUID();
    const gaps = loose(
      50_000,
      () => stream,
      (index) => 2 * index + 2,
    );
    const by = new ReferenceStream({ integrity: "chain" });
    for (let part = 0; part < 10; part += 1) {
      const ranges = Array.from({ length: 1000 }, (_one, index) => {
        const number = 2 * (part * 1000 + index) + 1;
        return `${stream} ${number}-${number} ${"A".repeat(43)}`;
      });
      by.write({ "event.name": "log_expired", "audit.expired.streams": ranges });
    }
    const report = await verifyLogs([by.end().text + gaps]);
    expect(report.counts).toMatchObject({ expired_records: 10_000, missing_records: 40_000 });
  }, 60_000);
});
