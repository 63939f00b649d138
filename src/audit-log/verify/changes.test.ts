import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { chainAgain, ReferenceStream, textOf } from "../../../test/support/reference-log.js";
import { kindsOf, verifyLogs } from "../../../test/support/verify-log.js";

const owner = generateKeyPairSync("ed25519");
const keys = [owner.publicKey];
const signingKey = owner.privateKey;

/** 1 start, 2 to 10 and so on records, checkpoints 11, 21, 31; 36 and 37 the end. */
function signedLog(): ReferenceStream {
  return new ReferenceStream({ signingKey }).records(31).end();
}

describe("verifyLogFiles", () => {
  it("finds nothing in a log that nobody touched", async () => {
    const log = signedLog();
    const report = await verifyLogs([log.text], { keys });
    expect(report).toMatchObject({
      integrity: "intact",
      completeness: "complete",
      signaturesChecked: true,
      records: log.number,
      findings: [],
    });
    expect(report.streams).toEqual([
      {
        stream: log.stream,
        integrity: "intact",
        completeness: "complete",
        records: log.number,
        first: 1,
        last: log.number,
        checkpoints: 4,
        sealedTo: log.number,
        closed: true,
      },
    ]);
  });

  it("says that nobody's signature was checked when there is no key", async () => {
    const report = await verifyLogs([signedLog().text]);
    expect(report).toMatchObject({ integrity: "unsigned", completeness: "complete", findings: [] });
    expect(report.signaturesChecked).toBe(false);
  });

  it("finds the members of the chain in the unmapped object of OCSF records", async () => {
    const log = new ReferenceStream({ signingKey, unmapped: true }).records(25).end();
    const report = await verifyLogs([log.text], { keys });
    expect(report).toMatchObject({ integrity: "intact", completeness: "complete", findings: [] });
    log.lines[4] = log.lines[4]?.replace("1003", "1004") ?? "";
    expect(kindsOf(await verifyLogs([log.text], { keys }))).toEqual(["changed_record 5"]);
  });

  it("finds an event that was put in beside the chain", async () => {
    const log = signedLog();
    const event = new ReferenceStream({ integrity: false }).line({ "event.name": "authn_ok" });
    const fakes = [
      event.replace(/"audit.record.id":"([^"]*)-2"/, '"audit.record.id":"$1.0-1"'),
      event.replace(/"audit.record.id":"[^"]*",/, ""),
    ];
    for (const fake of fakes) {
      expect(fake).not.toBe(event);
      const report = await verifyLogs([textOf(log.lines.toSpliced(5, 0, fake))], { keys });
      expect(kindsOf(report)).toEqual(["unreadable_line"]);
    }
  });

  it("names the record that was changed", async () => {
    const log = signedLog();
    log.lines[4] = log.lines[4]?.replace("http_request", "http_requesT") ?? "";
    const report = await verifyLogs([log.text], { keys });
    expect(report).toMatchObject({ integrity: "tampered", completeness: "complete" });
    expect(report.findings).toMatchObject([{ kind: "changed_record", first: 5, line: 5 }]);
    expect(report.findings[0]?.message).toBe(
      "record 5 is not what it was when record 6 was written: it was changed",
    );
  });

  it("names the record whose own link was changed", async () => {
    const log = signedLog();
    log.lines[4] = log.lines[4]?.replace(/(previous_hash":")./, "$1_") ?? "";
    expect(kindsOf(await verifyLogs([log.text], { keys }))).toEqual(["changed_record 5"]);
  });

  it.each([
    ["in the middle", 4, 1, ["missing_records 5"]],
    ["at the beginning", 0, 3, ["missing_records 1-3"]],
    ["that are a checkpoint", 10, 1, ["missing_records 11", "unproven_records 12-37"]],
  ])("says which records were deleted %s", async (_where, at, count, found) => {
    const lines = signedLog().lines.toSpliced(at, count);
    const report = await verifyLogs([textOf(lines)], { keys });
    expect(report).toMatchObject({ completeness: "incomplete" });
    expect(report.integrity).not.toBe("tampered");
    expect(kindsOf(report)).toEqual(found);
  });

  it("says how many records are sealed by nothing when the end was cut off", async () => {
    const log = signedLog();
    const report = await verifyLogs([textOf(log.lines.slice(0, 14))], { keys });
    expect(report).toMatchObject({ integrity: "intact", completeness: "incomplete" });
    expect(kindsOf(report)).toEqual(["unsealed_tail 12-14", "not_closed 14"]);
    const atCheckpoint = await verifyLogs([textOf(log.lines.slice(0, 11))], { keys });
    expect(kindsOf(atCheckpoint)).toEqual(["not_closed 11"]);
  });

  it("tells records in another order from ones that are missing", async () => {
    const { lines } = signedLog();
    const swapped = lines.toSpliced(4, 2, lines[5] ?? "", lines[4] ?? "");
    const report = await verifyLogs([textOf(swapped)], { keys });
    expect(report).toMatchObject({ integrity: "tampered", completeness: "complete" });
    expect(kindsOf(report)).toEqual(["swapped_records 5"]);
    const far = lines.toSpliced(4, 1).toSpliced(20, 0, lines[4] ?? "");
    expect(kindsOf(await verifyLogs([textOf(far)], { keys }))).toEqual(["swapped_records 5"]);
  });

  it("tells a record that stands twice from another one in its place", async () => {
    const { lines } = signedLog();
    const behind = lines.toSpliced(5, 0, lines[4] ?? "");
    expect(kindsOf(await verifyLogs([textOf(behind)], { keys }))).toEqual(["duplicate_records 5"]);
    const later = lines.toSpliced(20, 0, lines[4] ?? "");
    expect(kindsOf(await verifyLogs([textOf(later)], { keys }))).toEqual(["duplicate_records 5"]);
    const other = lines.toSpliced(20, 0, lines[4]?.replace("1003", "1004") ?? "");
    const report = await verifyLogs([textOf(other)], { keys });
    expect(kindsOf(report)).toEqual(["conflicting_records 5"]);
    expect(report.integrity).toBe("tampered");
  });

  it("finds a record that stands twice in a later file of a rotated log", async () => {
    const log = signedLog();
    const [first, second] = [log.lines.slice(0, 15), log.lines.slice(15)];
    const behind = second.toSpliced(8, 0, log.lines[16] ?? "");
    const inFront = second.toSpliced(1, 0, log.lines[23] ?? "");
    for (const [file, record] of [
      [behind, 17],
      [inFront, 24],
    ] as const) {
      const report = await verifyLogs([textOf(first), textOf(file)], { keys });
      expect(report.integrity).toBe("tampered");
      expect(kindsOf(report)).toContain(`duplicate_records ${record}`);
    }
  });

  it("takes the same lines in two files as a copy", async () => {
    const log = signedLog();
    const report = await verifyLogs([log.text, textOf(log.lines.slice(0, 12))], { keys });
    expect(report).toMatchObject({ integrity: "intact", completeness: "complete" });
    expect(kindsOf(report)).toEqual(["copied_records 1-12"]);
    const overlapping = [textOf(log.lines.slice(0, 20)), textOf(log.lines.slice(15))];
    const second = await verifyLogs(overlapping, { keys });
    expect(second).toMatchObject({ integrity: "intact", completeness: "complete" });
    expect(kindsOf(second)).toEqual(["copied_records 16-20"]);
  });

  it("says of a record of another stream that it does not belong there", async () => {
    const [log, other] = [signedLog(), signedLog()];
    const foreign = other.lines[6]?.replaceAll(other.stream, log.stream) ?? "";
    const lines = log.lines.toSpliced(6, 1, foreign);
    expect(kindsOf(await verifyLogs([textOf(lines)], { keys }))).toEqual(["changed_record 7"]);
    const half = other.lines[6]?.replace(
      `stream_id":"${other.stream}`,
      `stream_id":"${log.stream}`,
    );
    const spliced = log.lines.toSpliced(6, 1, half ?? "");
    const report = await verifyLogs([textOf(spliced)], { keys });
    expect(report.integrity).toBe("tampered");
    expect(kindsOf(report)).toContain("misplaced_record 7");
  });

  it("is not taken in by a chain that was made anew", async () => {
    const { lines } = signedLog();
    const changed = lines.with(4, lines[4]?.replace("1003", "1004") ?? "");
    const report = await verifyLogs([textOf(chainAgain(changed, 5))], { keys });
    expect(report).toMatchObject({ integrity: "tampered", completeness: "complete" });
    expect(report.findings[0]).toMatchObject({ kind: "bad_signature", first: 11 });
    expect(report.findings[0]?.message).toContain("records 1 to 11 are not those that were signed");
  });

  it("says of a log that was signed with another key who did not sign it", async () => {
    const forger = generateKeyPairSync("ed25519");
    const forged = new ReferenceStream({ signingKey: forger.privateKey }).records(20).end();
    expect(kindsOf(await verifyLogs([forged.text], { keys }))).toEqual(["wrong_key 1"]);
    const own = new ReferenceStream().records(20).end();
    expect(kindsOf(await verifyLogs([own.text], { keys }))).toEqual(["no_certificate 1"]);
    const unsigned = new ReferenceStream({ integrity: "chain" }).records(20).end();
    expect(kindsOf(await verifyLogs([unsigned.text], { keys }))).toEqual(["no_certificate 1"]);
    expect((await verifyLogs([unsigned.text])).integrity).toBe("unsigned");
    const two = await verifyLogs([forged.text], { keys: [owner.publicKey, forger.publicKey] });
    expect(two).toMatchObject({ integrity: "intact", findings: [] });
  });

  it("finds a certificate that comes later", async () => {
    const log = new ReferenceStream().records(5);
    log.write({
      "event.name": "log_key",
      "audit.checkpoint.public_key": JSON.parse(log.lines[0] ?? "")["audit.checkpoint.public_key"],
      "audit.checkpoint.certificate": log.certificate(signingKey),
    });
    log.records(12).end();
    expect(await verifyLogs([log.text], { keys })).toMatchObject({
      integrity: "intact",
      findings: [],
    });
  });
});
