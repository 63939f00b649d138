import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { chainAgain, ReferenceStream, textOf } from "../../../test/support/reference-log.js";
import { kindsOf, verifyLogs } from "../../../test/support/verify-log.js";

const owner = generateKeyPairSync("ed25519");
const keys = [owner.publicKey];
const signingKey = owner.privateKey;

describe("checkpoints", () => {
  it("cannot be made anew with the key of a later epoch, which a thief may have", async () => {
    const log = new ReferenceStream({ signingKey }).records(9);
    log.checkpoint({}, false, generateKeyPairSync("ed25519"));
    expect(kindsOf(await verifyLogs([log.records(3).end().text], { keys }))).toEqual([
      "bad_signature 12",
    ]);
    const later = new ReferenceStream({ signingKey }).records(12);
    const first = later.keys[0];
    later.checkpoint({}, false, first).records(2).end();
    expect(kindsOf(await verifyLogs([later.text], { keys }))).toEqual(["wrong_epoch_key 15"]);
  });

  it("are one for each epoch: a stream cannot be cut and gone on with", async () => {
    const log = new ReferenceStream({ signingKey }).records(12);
    log.checkpoint({ "audit.checkpoint.epoch": 1 }, false, log.keys[0]);
    const report = await verifyLogs([log.records(2).end().text], { keys });
    expect(kindsOf(report)[0]).toBe("epoch_order 15");
    expect(report.findings[0]?.message).toContain("repeats epoch 1, whose key is used up");
    const skipped = new ReferenceStream({ signingKey }).records(12);
    skipped.keys.push(skipped.keys[1] as (typeof skipped.keys)[number]);
    skipped.checkpoint().end();
    expect(kindsOf(await verifyLogs([skipped.text], { keys }))[0]).toBe("epoch_order 15");
  });

  it("count the records in front of them", async () => {
    const log = new ReferenceStream({ signingKey }).records(4);
    log.checkpoint({ "audit.checkpoint.records": 900 }).end();
    expect(kindsOf(await verifyLogs([log.text], { keys }))).toEqual(["bad_checkpoint 6"]);
  });

  it("have one spelling of their signature", async () => {
    const log = new ReferenceStream({ signingKey }).records(4).end();
    const [last = ""] = log.lines.slice(-1);
    const [, end = ""] = /signature":"[^"]*(.)"/.exec(last) ?? [];
    // Bits that no decoder looks at.
    const next = { A: "B", Q: "R", g: "h", w: "x" }[end] ?? "";
    log.lines[log.lines.length - 1] = last.replace(`${end}",`, `${next}",`);
    expect(kindsOf(await verifyLogs([log.text], { keys }))).toContain("bad_checkpoint 7");
  });

  it("do not vouch for what was made behind the last of them", async () => {
    const log = new ReferenceStream({ signingKey }).records(15).end();
    const forged = log.lines.slice(0, 14);
    forged[13] = forged[13]?.replace("http_request", "nothing_bad!") ?? "";
    const report = await verifyLogs([textOf(chainAgain(forged, 13))], { keys });
    expect(report).toMatchObject({ completeness: "incomplete" });
    expect(kindsOf(report)).toEqual(["unsealed_tail 12-14", "not_closed 14"]);
  });

  it("say of a single record behind them that it is one", async () => {
    const log = new ReferenceStream({ signingKey }).records(10);
    const report = await verifyLogs([textOf(log.lines.slice(0, 12))], { keys });
    expect(report.findings.map(({ message }) => message)).toContain(
      "record 12 stands behind the last checkpoint, 11: nothing seals it, and more may have been cut off",
    );
  });

  it("are needed to close a stream that has any", async () => {
    const log = new ReferenceStream({ signingKey }).records(15);
    log.write({ "event.name": "sys_monitor_disabled", "audit.sequence.end": true });
    expect(kindsOf(await verifyLogs([log.text], { keys }))).toEqual([
      "unsealed_tail 12-18",
      "not_closed 18",
    ]);
  });

  it("are followed by nothing at the end", async () => {
    const log = new ReferenceStream({ signingKey }).records(3).end().records(2);
    expect(kindsOf(await verifyLogs([log.text], { keys }))).toEqual([
      "records_after_end 7-8",
      "unsealed_tail 7-8",
      "not_closed 8",
    ]);
    const chain = new ReferenceStream({ integrity: "chain" }).records(3).end().records(1);
    expect(kindsOf(await verifyLogs([chain.text]))).toContain("records_after_end 6");
  });

  it("prove nothing behind a gap that holds one of them", async () => {
    const { lines } = new ReferenceStream({ signingKey }).records(35).end();
    const report = await verifyLogs([textOf(lines.toSpliced(8, 5))], { keys });
    expect(kindsOf(report)).toEqual([
      "missing_records 9-13",
      `unproven_records 14-${lines.length}`,
    ]);
    expect(report.integrity).toBe("unsigned");
    expect(report.findings[0]?.message).toContain("records 1 to 8 in front of that are sealed by");
  });

  it("do not reach over a gap to the records in front of it", async () => {
    const { lines } = new ReferenceStream({ signingKey }).records(25).end();
    const rest = lines.filter((_line, index) => index !== 11 && index !== 15);
    const report = await verifyLogs([textOf(rest)], { keys });
    expect(kindsOf(report)).toEqual(["missing_records 12", "missing_records 16"]);
    expect(report.findings.map(({ message }) => message)).toEqual([
      "record 12 is missing",
      "record 16 is missing; records 13 to 15 in front of that are sealed by nothing",
    ]);
  });

  it("may be young enough for a stream that is not closed", async () => {
    const log = new ReferenceStream({ signingKey }).records(15);
    const now = 1_700_000_000_000;
    const at = async (age: number) =>
      kindsOf(await verifyLogs([log.text], { keys, maxAge: 60_000, now: now + age }));
    expect(await at(60_000)).toEqual(["open_end 17"]);
    expect(await at(60_001)).toEqual(["unsealed_tail 12-17", "not_closed 17"]);
    expect(await at(-60_001)).toEqual(["unsealed_tail 12-17", "not_closed 17"]);
    const chain = new ReferenceStream({ integrity: "chain" }).records(3);
    const open = await verifyLogs([chain.text], { maxAge: 60_000, now });
    expect(kindsOf(open)).toEqual(["not_closed 4"]);
  });

  it("tell what the log says it lost", async () => {
    const log = new ReferenceStream({ signingKey }).records(8);
    log.checkpoint({ "audit.checkpoint.lost": [0, 3] }).end();
    const report = await verifyLogs([textOf(log.lines.toSpliced(3, 3))], { keys });
    expect(report.completeness).toBe("incomplete");
    expect(report.findings[0]?.message).toContain("the log itself says that a sink lost 3");
  });
});

describe("anchors", () => {
  const log = new ReferenceStream({ signingKey }).records(35).end();

  it("vouch for a stream without a key, and for one without its beginning", async () => {
    const report = await verifyLogs([log.text], { anchors: [log.anchor(21)] });
    expect(report).toMatchObject({ integrity: "intact", completeness: "complete", findings: [] });
    const half = await verifyLogs([textOf(log.lines.slice(15))], { anchors: [log.anchor(21)] });
    expect(kindsOf(half)).toEqual(["missing_records 1-15"]);
    expect(half.streams[0]).toMatchObject({ integrity: "intact", sealedTo: log.number });
  });

  it("say that the end was cut off at a checkpoint", async () => {
    const lines = log.lines.slice(0, 11);
    expect(kindsOf(await verifyLogs([textOf(lines)], { keys }))).toEqual(["not_closed 11"]);
    const report = await verifyLogs([textOf(lines)], { keys, anchors: [log.anchor(21)] });
    expect(kindsOf(report)).toContain("missing_records 12-21");
  });

  it("say that a whole stream is gone", async () => {
    const other = new ReferenceStream({ signingKey }).records(3).end();
    const report = await verifyLogs([other.text], { keys, anchors: [log.anchor(21)] });
    expect(report.completeness).toBe("incomplete");
    expect(kindsOf(report)).toEqual(["missing_records 1-21"]);
  });

  it("contradict a log that was written anew, by the owner of the key as well", async () => {
    const settings = { signingKey, stream: log.stream };
    const second = new ReferenceStream(settings).records(35).end();
    const report = await verifyLogs([second.text], { keys, anchors: [log.anchor(21)] });
    expect(report.integrity).toBe("tampered");
    expect(kindsOf(report)).toEqual(["anchor_mismatch 1", "anchor_mismatch 21"]);
    const short = new ReferenceStream({ ...settings, checkpointEvery: 25 }).records(35).end();
    const other = await verifyLogs([short.text], { keys, anchors: [log.anchor(21)] });
    expect(kindsOf(other)).toContain("anchor_mismatch 21");
    const both = [log.anchor(21), second.anchor(21)];
    expect((await verifyLogs([log.text], { keys, anchors: both })).integrity).toBe("tampered");
  });
});

describe("streams that speak of others", () => {
  const first = new ReferenceStream({ signingKey }).records(15);

  function next(of: ReferenceStream, number = of.number): ReferenceStream {
    return new ReferenceStream({
      signingKey,
      first: {
        "audit.previous.stream_id": of.stream,
        "audit.previous.number": number,
        "audit.previous.hash": JSON.parse(of.line({}))["audit.sequence.previous_hash"],
      },
    })
      .records(2)
      .end();
  }

  it("say that the end of an earlier one was cut off", async () => {
    const second = next(first);
    const whole = await verifyLogs([first.text + second.text], { keys });
    expect(kindsOf(whole)).toEqual(["unsealed_tail 12-17", "not_closed 17"].map(sixteen));
    const lines = [...first.lines.slice(0, 13), ...second.lines];
    const cut = await verifyLogs([textOf(lines)], { keys });
    expect(kindsOf(cut)).toContain(`missing_records 14-${first.number}`);
    const gone = await verifyLogs([second.text], { keys });
    expect(gone.completeness).toBe("incomplete");
    expect(kindsOf(gone)).toEqual([`missing_stream 1-${first.number}`]);
  });

  it("say that the end of an earlier one is not what it was", async () => {
    const second = next(first);
    const forged = first.lines.with(14, first.lines[14]?.replace("http_request", "x") ?? "");
    const report = await verifyLogs([textOf(chainAgain(forged, 15)) + second.text], { keys });
    expect(kindsOf(report)).toContain(`previous_mismatch ${first.number}`);
    // The other way round, the files are read in an order in which it cannot be told at once.
    const turned = await verifyLogs([second.text, textOf(chainAgain(forged, 15))], { keys });
    expect(kindsOf(turned)).toContain(`previous_mismatch ${first.number}`);
  });

  it("tell expired records from deleted ones", async () => {
    const old = new ReferenceStream({ signingKey }).records(15).certifyEpoch(signingKey);
    old.records(20).end();
    const hash = JSON.parse(old.lines[14] ?? "")["audit.sequence.previous_hash"];
    const tail = next(old);
    const expiry = (said: string): string => {
      const log = new ReferenceStream({ signingKey });
      log.write({
        "event.name": "log_expired",
        "audit.expired.file": "a.jsonl",
        "audit.expired.streams": [
          `${old.stream} 8-14 ${said}`,
          `${old.stream} 1-7 ${"A".repeat(43)}`,
        ],
      });
      return log.records(1).end().text;
    };
    const rest = textOf(old.lines.slice(14)) + tail.text;
    const report = await verifyLogs([rest + expiry(hash)], { keys });
    expect(kindsOf(report)).toEqual(["expired_records 1-14"]);
    expect(report).toMatchObject({ integrity: "intact", completeness: "complete" });
    const less = textOf(old.lines.slice(16)) + tail.text + expiry(hash);
    expect(kindsOf(await verifyLogs([less], { keys }))).toEqual([
      "expired_records 1-14",
      "missing_records 15-16",
    ]);
    const false_ = await verifyLogs([rest + expiry("A".repeat(43))], { keys });
    expect(kindsOf(false_)).toContain("expired_mismatch 15");
  });

  it("prove nothing of a stream without a key: whoever writes to the file may have put it there", async () => {
    const old = new ReferenceStream({ signingKey }).records(35).end();
    const expiry = new ReferenceStream({ signingKey });
    expiry.write({ "audit.expired.streams": [old.expired(20)] });
    const rest = textOf(old.lines.slice(20)) + next(old).text + expiry.end().text;
    const report = await verifyLogs([rest], { keys });
    expect(kindsOf(report)).toEqual(["expired_records 1-20", "unproven_records"]);
    expect(report).toMatchObject({ integrity: "unsigned", completeness: "incomplete" });
  });

  it("are not believed about what has expired when nobody vouches for them", async () => {
    const forged = new ReferenceStream({ integrity: "chain" }).records(5);
    forged.write({ "audit.expired.streams": [forged.expired(1)] }).end();
    const beginless = textOf(forged.lines.slice(1)) + next(forged).text;
    const report = await verifyLogs([beginless], { keys });
    expect(kindsOf(report)).toEqual(["missing_records 1"]);
    expect(report.integrity).toBe("unsigned");
    const [one, other] = [0, 1].map(() => new ReferenceStream({ integrity: "chain" }).records(5));
    if (one === undefined || other === undefined) return;
    one.write({ "audit.expired.streams": [other.expired(1)] }).end();
    other.write({ "audit.expired.streams": [one.expired(1)] }).end();
    const both = textOf([...one.lines.slice(1), ...other.lines.slice(1)]);
    expect((await verifyLogs([both], { keys })).completeness).toBe("incomplete");
  });

  function sixteen(kind: string): string {
    return kind.replace("17", String(first.number));
  }
});
