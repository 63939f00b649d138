import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { ReferenceStream, textOf } from "../../../test/support/reference-log.js";
import { kindsOf, verifyLogs } from "../../../test/support/verify-log.js";

const owner = generateKeyPairSync("ed25519");
const keys = [owner.publicKey];
const signingKey = owner.privateKey;

/** 40 records with a certificate in number 19, of which those up to 18 have expired. */
function late(certify = (log: ReferenceStream) => log.certifyEpoch(signingKey)) {
  const log = new ReferenceStream({ signingKey }).records(16);
  certify(log);
  log.records(3).write({ "audit.expired.streams": [log.expired(18)] });
  log.records(18).end();
  return log;
}

const proven = { integrity: "intact", completeness: "complete" };

describe("a certificate of a later epoch", () => {
  it("proves a stream whose beginning has expired", async () => {
    const { lines } = late();
    const report = await verifyLogs([textOf(lines.slice(18))], { keys });
    expect(kindsOf(report)).toEqual(["expired_records 1-18"]);
    expect(report).toMatchObject(proven);
    expect(report.streams[0]).toMatchObject({ sealedTo: lines.length, closed: true });
    expect(kindsOf(await verifyLogs([textOf(lines)], { keys }))).toEqual([]);
  });

  it("proves it when what was said of the first expiries has expired as well", async () => {
    const log = new ReferenceStream({ signingKey }).records(16).certifyEpoch(signingKey);
    const [range] = log.expired(18).split(" ").slice(2);
    const said = (first: number) => `${log.stream} ${first}-18 ${range}`;
    log
      .write({ "audit.expired.streams": [said(13)] })
      .records(4)
      .end();
    const late = await verifyLogs([textOf(log.lines.slice(18))], { keys });
    expect(kindsOf(late)).toEqual(["expired_records 1-18"]);
    expect(late).toMatchObject(proven);
    // Nor is one believed that speaks of records that are there.
    const more = new ReferenceStream({ signingKey });
    more.write({ "audit.expired.streams": [`${log.stream} 1-22 ${range}`] }).end();
    const beyond = textOf([...log.lines.slice(19), ...more.lines]);
    expect(kindsOf(await verifyLogs([beyond], { keys }))).toContain("missing_records 1-19");
    // Those in front of what has expired, but not those behind that, are not there for a good reason.
    const less = await verifyLogs([textOf(log.lines.slice(19))], { keys });
    expect(kindsOf(less).slice(0, 2)).toEqual(["missing_records 1-19"]);
  });

  it("may come behind the checkpoint whose key it is about", async () => {
    for (const epoch of [2, 3]) {
      const log = new ReferenceStream({ signingKey }).records(12);
      log.records(19).write({ "audit.expired.streams": [log.expired(13)] });
      const { lines } = log.certifyEpoch(signingKey, epoch).records(3).end();
      const report = await verifyLogs([textOf(lines.slice(13))], { keys });
      expect(kindsOf(report)).toEqual(["expired_records 1-13"]);
      expect(report).toMatchObject(proven);
    }
  });

  it("of an epoch whose checkpoint has expired proves nothing, and accuses nobody", async () => {
    const log = new ReferenceStream({ signingKey }).records(22).certifyEpoch(signingKey, 2);
    log.write({ "audit.expired.streams": [log.expired(22)] });
    log.records(12).end();
    const report = await verifyLogs([textOf(log.lines.slice(22))], { keys });
    expect(kindsOf(report)).toEqual(["missing_records 1-22"]);
    expect(report.integrity).toBe("unsigned");
    expect(report.completeness).toBe("incomplete");
  });

  it("proves what stands behind a gap with a checkpoint in it", async () => {
    const log = new ReferenceStream({ signingKey }).records(16).certifyEpoch(signingKey);
    const { lines } = log.records(12).end();
    const report = await verifyLogs([textOf(lines.toSpliced(8, 7))], { keys });
    expect(kindsOf(report)).toEqual(["missing_records 9-15"]);
    expect(report.streams[0]).toMatchObject({ integrity: "intact", sealedTo: lines.length });
  });

  it("is none of another key, another stream or another epoch", async () => {
    const thief = generateKeyPairSync("ed25519");
    const other = new ReferenceStream({ signingKey }).records(12).certifyEpoch(signingKey);
    const copied = JSON.parse(other.lines.at(-1) ?? "") as Record<string, unknown>;
    const forgeries: ((log: ReferenceStream) => unknown)[] = [
      (log) => log.certifyEpoch(thief.privateKey),
      (log) => log.write({ ...ofKey(copied), "audit.checkpoint.public_key": publicKeyOf(log) }),
    ];
    for (const forge of forgeries) {
      const { lines } = late(forge as (log: ReferenceStream) => ReferenceStream);
      const report = await verifyLogs([textOf(lines.slice(18))], { keys });
      expect(report).toMatchObject({ integrity: "unsigned", completeness: "incomplete" });
    }
  });

  it("cannot seal an old epoch again, whoever has the long-term key", async () => {
    const genuine = new ReferenceStream({ signingKey }).records(30);
    /** Writes on from a record of the stream, with keys of its own. */
    function goOn(number: number, epoch: number): ReferenceStream {
      const forged = new ReferenceStream({ signingKey, stream: genuine.stream });
      forged.lines.splice(0, 1, ...genuine.lines.slice(0, number));
      while (forged.keys.length < epoch) forged.keys.push(generateKeyPairSync("ed25519"));
      return forged.certifyEpoch(signingKey).records(12).end();
    }
    // Records up to 15 are sealed by the first epoch: a second key for the second one is seen.
    const again = await verifyLogs([goOn(15, 2).text], { keys });
    expect(kindsOf(again)).toContain("bad_signature 21");
    // With a gap in front, where nothing hangs on the hash of the record there.
    for (const epoch of [1, 2]) {
      const { lines } = goOn(15, epoch);
      const gap = await verifyLogs([textOf(lines.toSpliced(13, 2))], { keys });
      expect(gap.integrity).toBe("tampered");
    }
  });

  it("leaves what stands in front of expired records unproven", async () => {
    const log = late();
    const inserted = [...log.lines.slice(3, 8), ...log.lines.slice(18)];
    const report = await verifyLogs([textOf(inserted)], { keys });
    expect(kindsOf(report)).toEqual([
      "missing_records 1-3",
      "unproven_records 4-8",
      "expired_records 9-18",
    ]);
    expect(report.completeness).toBe("incomplete");
  });
});

function ofKey(record: Record<string, unknown>): Record<string, unknown> {
  const { "audit.checkpoint.certificate": certificate, "audit.checkpoint.epoch": epoch } = record;
  return {
    "audit.checkpoint.certificate": certificate,
    "audit.checkpoint.epoch": epoch,
    "event.name": "log_key",
  };
}

function publicKeyOf({ keys: own }: ReferenceStream): unknown {
  return own.at(-1)?.publicKey.export({ format: "jwk" }).x;
}
