import { createHash, generateKeyPairSync, type KeyObject, randomUUID, sign } from "node:crypto";

/** What a reference stream writes. */
export interface ReferenceSettings {
  /** `false`: nothing is chained. `"chain"`: nothing is signed. */
  readonly integrity?: false | "chain" | "signed";
  /** The long-term key; without one, nobody certifies the stream. */
  readonly signingKey?: KeyObject;
  readonly checkpointEvery?: number;
  readonly stream?: string;
  /** Members of the first record. */
  readonly first?: Readonly<Record<string, unknown>>;
  /** Where the members stand that OCSF has no place for. */
  readonly unmapped?: boolean;
  /** Milliseconds since 1970. */
  readonly time?: number;
}

type Members = Readonly<Record<string, unknown>>;

/**
 * Writes a chained log as the documentation of its format says, and shares no line with the library: the verifier is
 * tested against the text, not against the writer.
 */
export class ReferenceStream {
  readonly lines: string[] = [];
  readonly stream: string;
  readonly firstKey = generateKeyPairSync("ed25519");
  /** Of each epoch, from 1. */
  readonly keys = [this.firstKey];
  readonly #settings: ReferenceSettings;

  constructor(settings: ReferenceSettings = {}) {
    this.#settings = settings;
    this.stream = settings.stream ?? randomUUID();
    const key = rawKey(this.firstKey.publicKey);
    this.write({
      "event.name": "sys_monitor_enabled",
      ...(this.#signed ? { "audit.checkpoint.public_key": key } : {}),
      ...(this.#signed && settings.signingKey !== undefined
        ? { "audit.checkpoint.certificate": this.certificate(settings.signingKey) }
        : {}),
      ...settings.first,
    });
  }

  get #signed(): boolean {
    return (this.#settings.integrity ?? "signed") === "signed";
  }

  get number(): number {
    return this.lines.length;
  }

  certificate(signingKey: KeyObject): string {
    const text = `express-secure-api audit stream v1\n${this.stream}\n${rawKey(this.firstKey.publicKey)}\n`;
    return sign(null, Buffer.from(text), signingKey).toString("base64url");
  }

  /** Ordinary records, with the checkpoints that are due. */
  records(count: number, members: Members = {}): this {
    for (let index = 0; index < count; index += 1) {
      this.write({
        "audit.actor.id": `user "${index}" \\ ü`,
        "audit.decisions": ["oauthGuard:allow"],
        duration_us: 1000 + index,
        "event.name": "http_request",
        ...members,
      });
      const { checkpointEvery = 10 } = this.#settings;
      if (this.#signed && this.number % checkpointEvery === 0) this.checkpoint();
    }
    return this;
  }

  /** The line of the next record, without writing it. */
  line(members: Members): string {
    const number = this.lines.length + 1;
    const last = this.lines.at(-1);
    const chain = {
      "audit.sequence.number": number,
      ...(last === undefined ? {} : { "audit.sequence.previous_hash": hashOf(last) }),
      "audit.sequence.stream_id": this.stream,
    };
    const own = {
      "@timestamp": new Date(this.#settings.time ?? 1_700_000_000_000).toISOString(),
      "audit.record.id": `${this.stream}-${number}`,
      "audit.schema.version": "1",
      ...members,
      ...(this.#settings.integrity === false ? {} : chain),
    };
    if (this.#settings.unmapped !== true) return canonical(own);
    return canonical({ class_uid: 6003, time: "now", unmapped: own });
  }

  write(members: Members): this {
    this.lines.push(this.line(members));
    return this;
  }

  checkpoint(members: Members = {}, end = false, key = this.keys.at(-1)): this {
    const epoch = this.keys.length;
    const next = generateKeyPairSync("ed25519");
    const unsigned = {
      "audit.checkpoint.epoch": epoch,
      "audit.checkpoint.lost": [0],
      ...(end ? {} : { "audit.checkpoint.next_key": rawKey(next.publicKey) }),
      "audit.checkpoint.records": this.number,
      "event.name": "log_checkpoint",
      ...(end ? { "audit.sequence.end": true } : {}),
      ...members,
    };
    const text = `express-secure-api audit checkpoint v1\n${this.line(unsigned)}`;
    const signature = sign(null, Buffer.from(text), (key ?? next).privateKey).toString("base64url");
    this.write({ ...unsigned, "audit.checkpoint.signature": signature });
    this.keys.push(next);
    return this;
  }

  /** Has the long-term key vouch for the key of an epoch: that of the next checkpoint, unless told. */
  certifyEpoch(
    signingKey: KeyObject,
    epoch = this.keys.length,
    key = rawKey((this.keys[epoch - 1] ?? this.firstKey).publicKey),
  ): this {
    const text = `express-secure-api audit stream v1\n${this.stream}\n${key}\n${epoch}\n`;
    return this.write({
      "audit.checkpoint.certificate": sign(null, Buffer.from(text), signingKey).toString(
        "base64url",
      ),
      "audit.checkpoint.epoch": epoch,
      "audit.checkpoint.public_key": key,
      "event.name": "log_key",
    });
  }

  /** Closes the stream. */
  end(): this {
    const chained = this.#settings.integrity === "chain";
    this.write({
      "event.name": "sys_monitor_disabled",
      ...(chained ? { "audit.sequence.end": true } : {}),
    });
    return this.#signed ? this.checkpoint({}, true) : this;
  }

  /** What a record says of an earlier one whose beginning has expired: up to a number. */
  expired(number: number): string {
    return `${this.stream} 1-${number} ${hashOf(this.lines[number - 1] ?? "")}`;
  }

  /** What the first record of the next stream in the same file says. */
  get asPrevious(): Members {
    return {
      "audit.previous.hash": hashOf(this.lines.at(-1) ?? ""),
      "audit.previous.number": this.number,
      "audit.previous.stream_id": this.stream,
    };
  }

  /** What `onCheckpoint` is told of a checkpoint. */
  anchor(number: number): string {
    return JSON.stringify({
      stream: this.stream,
      number,
      epoch: 1,
      hash: hashOf(this.lines[number - 1] ?? ""),
      publicKey: rawKey(this.firstKey.publicKey),
      time: "2026-01-01T00:00:00.000Z",
    });
  }

  get text(): string {
    return textOf(this.lines);
  }
}

export function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}

export function hashOf(line: string): string {
  return createHash("sha256").update(line).digest("base64url");
}

function rawKey(key: KeyObject): string {
  return key.export({ format: "jwk" }).x ?? "";
}

/** What somebody does who changes a record, and has no key: the hashes of all that follow are made anew. */
export function chainAgain(lines: readonly string[], from: number): string[] {
  const made = lines.slice(0, from);
  for (const line of lines.slice(from)) {
    const last = made.at(-1);
    const record = JSON.parse(line) as Record<string, unknown>;
    if (last !== undefined) record["audit.sequence.previous_hash"] = hashOf(last);
    made.push(canonical(record));
  }
  return made;
}

/** RFC 8785 for what records are made of. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, one]) => `${JSON.stringify(name)}:${canonical(one)}`).join(",")}}`;
}
