import { createHash, createPublicKey, type KeyObject, verify } from "node:crypto";

type Line = Record<string, unknown>;

/** What came of checking the lines of one stream. */
export interface CheckedStream {
  readonly stream: string;
  readonly numbers: readonly number[];
  readonly checkpoints: readonly Line[];
  /** Records behind the last checkpoint. */
  readonly unsealed: number;
  readonly ended: boolean;
  /** What is wrong, one sentence each. */
  readonly faults: readonly string[];
}

/**
 * Checks the lines of one stream by what the format says, without any code of the library. It knows one kind of fault for
 * each statement: it is here to say that a log is right.
 *
 * @param owner - The public half of the long-term key, where the stream must be one of its owner's.
 */
export function checkStream(lines: readonly string[], owner?: KeyObject): CheckedStream {
  const records = lines.map((line) => JSON.parse(line) as Line);
  const stream = String(records[0]?.["audit.sequence.stream_id"]);
  const faults: string[] = [];
  const numbers: number[] = [];
  const checkpoints: Line[] = [];
  let key: string | undefined;
  let certified = false;
  let sealed = 0;
  let ended = false;
  records.forEach((record, index) => {
    const line = lines[index] ?? "";
    const number = record["audit.sequence.number"] as number;
    const fault = (text: string): void => void faults.push(`${number}: ${text}`);
    numbers.push(number);
    if (ended) fault("behind the end");
    if (record["audit.sequence.stream_id"] !== stream) fault("another stream");
    if (record["audit.record.id"] !== `${stream}-${number}`) fault("another id");
    if (number !== index + 1) fault(`not ${index + 1}`);
    const hash = index === 0 ? undefined : sha256(lines[index - 1] ?? "");
    if (record["audit.sequence.previous_hash"] !== hash) fault("another previous hash");
    if (index === 0) key = record["audit.checkpoint.public_key"] as string | undefined;
    const certificate = record["audit.checkpoint.certificate"];
    if (certificate !== undefined) {
      const epoch = record["audit.checkpoint.epoch"];
      const current = String(record["audit.checkpoint.public_key"]);
      const text = `express-secure-api audit stream v1\n${stream}\n${current}\n${epoch === undefined ? "" : `${epoch}\n`}`;
      if (owner === undefined || !verify(null, Buffer.from(text), owner, bytes(certificate)))
        fault("not the owner's");
      else if (current === records[0]?.["audit.checkpoint.public_key"]) certified = true;
    }
    if (record["event.name"] === "log_checkpoint") {
      const signature = record["audit.checkpoint.signature"];
      const signed = line.replace(`"audit.checkpoint.signature":"${signature}",`, "");
      const text = `express-secure-api audit checkpoint v1\n${signed}`;
      if (!verify(null, Buffer.from(text), publicKey(String(key)), bytes(signature)))
        fault("not signed by the key of its epoch");
      checkpoints.push(record);
      if (record["audit.checkpoint.epoch"] !== checkpoints.length) fault("another epoch");
      if (record["audit.checkpoint.records"] !== index) fault("another number of records");
      key = record["audit.checkpoint.next_key"] as string | undefined;
      sealed = index + 1;
    }
    ended = record["audit.sequence.end"] === true;
  });
  if (owner !== undefined && !certified) faults.push("no certificate");
  return { stream, numbers, checkpoints, unsealed: lines.length - sealed, ended, faults };
}

/** The chained lines of each stream in the text of a log, in their order. */
export function streamsIn(text: string): readonly (readonly string[])[] {
  const streams = new Map<string, string[]>();
  for (const line of text.split("\n").filter((line) => line !== "")) {
    const stream = (JSON.parse(line) as Line)["audit.sequence.stream_id"];
    if (typeof stream === "string") streams.set(stream, [...(streams.get(stream) ?? []), line]);
  }
  return [...streams.values()];
}

/** As base64url without padding. */
export function sha256(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("base64url");
}

function publicKey(x: string): KeyObject {
  return createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
}

function bytes(value: unknown): Buffer {
  return Buffer.from(String(value), "base64url");
}
