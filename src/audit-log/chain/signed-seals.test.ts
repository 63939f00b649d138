import { generateKeyPairSync, sign as signWith } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { checkStream } from "../../../test/support/audit-log/check-stream.js";
import { RecordNumbers } from "../facts/record-numbers.js";
import { createRecordTable } from "../record/record-table.js";
import { createSourceColumns } from "../record/source-columns.js";
import { createSystemRecord } from "../record/system-record.js";
import type { AuditAnchor } from "./integrity-options.js";
import { LongTermKey } from "./keys/certification.js";
import type { CheckpointSettings, Signer } from "./read-integrity.js";
import { RecordStream } from "./record-stream.js";
import { SignedSeals } from "./signed-seals.js";

const { privateKey, publicKey } = generateKeyPairSync("ed25519");

/** A clock that a test moves. */
class Clock {
  #now = 0;
  #timers: { readonly at: number; readonly callback: () => void }[] = [];
  readonly after = (milliseconds: number, callback: () => void): void => {
    this.#timers.push({ at: this.#now + milliseconds, callback });
  };

  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    for (;;) {
      const [due] = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (due === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      this.#now = due.at;
      due.callback();
      await turn();
    }
    this.#now = end;
  }
}

let lines: string[];
let clock: Clock;
let reported: { readonly option: string; readonly error: unknown }[];
let open: SignedSeals[];

beforeEach(() => {
  lines = [];
  clock = new Clock();
  reported = [];
  open = [];
});

afterEach(async () => {
  for (const seals of open) {
    seals.end({});
    await seals.told();
  }
});

function setUp(
  settings: Partial<CheckpointSettings> = {},
  counts = () => ({ lost: [0] as readonly number[] }),
  expires = false,
): { readonly seals: SignedSeals; readonly record: (times?: number) => void } {
  const numbers = new RecordNumbers();
  const sink = { write: (line: string) => void lines.push(line), refuse: () => undefined };
  const stream = new RecordStream(numbers, true, sink);
  const source = createSourceColumns({ name: "test", version: undefined });
  const systemRecord = createSystemRecord([...source, ...stream.columns], createRecordTable);
  const log = {
    stream,
    numbers,
    systemRecord,
    expires,
    counts,
    sinkRecords: undefined,
    reportFunction: (option: string, error: unknown) => void reported.push({ option, error }),
  };
  const seals = new SignedSeals(
    {
      signer: { key: new LongTermKey(privateKey) },
      every: 1000,
      interval: 10_000,
      onCheckpoint: undefined,
      ...settings,
    },
    log,
    clock.after,
  );
  stream.write((id) => systemRecord(id, "sys_monitor_enabled", seals.firstFields));
  seals.begin();
  open.push(seals);
  return {
    seals,
    record(times = 1) {
      for (let time = 0; time < times; time += 1)
        stream.write((id) => systemRecord(id, "sys_monitor_enabled", { "audit.reason": "test" }));
    },
  };
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}

function namesOf(): readonly unknown[] {
  return lines.map((line) => JSON.parse(line)["event.name"]);
}

function checkpoints(): readonly Record<string, unknown>[] {
  return lines
    .map((line) => JSON.parse(line))
    .filter((record) => record["event.name"] === "log_checkpoint");
}

describe("checkpoints", () => {
  it("are written after so many records, when the turn is over, once for all of that turn", async () => {
    const { record } = setUp({ every: 5 });
    record(3);
    await turn();
    expect(checkpoints()).toEqual([]);
    record(20);
    expect(checkpoints()).toEqual([]);
    await turn();
    expect(checkpoints()).toHaveLength(1);
    record(4);
    await turn();
    expect(checkpoints()).toHaveLength(1);
    record(1);
    await turn();
    expect(checkpoints()).toMatchObject([
      { "audit.checkpoint.epoch": 1, "audit.sequence.number": 25, "audit.checkpoint.records": 24 },
      { "audit.checkpoint.epoch": 2, "audit.sequence.number": 31, "audit.checkpoint.records": 30 },
    ]);
    expect(checkStream(lines, publicKey).faults).toEqual([]);
  });

  it("are written after the interval if anything was written", async () => {
    const { record } = setUp({ interval: 10_000 });
    await clock.advance(9_999);
    expect(checkpoints()).toHaveLength(0);
    await clock.advance(1);
    expect(checkpoints()).toHaveLength(1);
    await clock.advance(30_000);
    expect(checkpoints()).toHaveLength(1);
    record();
    await clock.advance(10_000);
    expect(checkpoints()).toHaveLength(2);
    expect(checkStream(lines, publicKey)).toMatchObject({ faults: [], unsealed: 0 });
  });

  it("are written once a minute when nothing happens", async () => {
    setUp({ interval: 10_000 });
    await clock.advance(10_000);
    expect(checkpoints()).toHaveLength(1);
    await clock.advance(59_999);
    expect(checkpoints()).toHaveLength(1);
    await clock.advance(1);
    expect(checkpoints()).toHaveLength(2);
    await clock.advance(600_000);
    expect(checkpoints()).toHaveLength(12);
    expect(checkStream(lines, publicKey).faults).toEqual([]);
  });

  it("are written as often as a longer interval says when nothing happens", async () => {
    setUp({ interval: 300_000 });
    await clock.advance(3_000_000);
    expect(checkpoints()).toHaveLength(10);
  });

  it("are written when they are asked for, as at a rotation, once in a turn", async () => {
    const { seals, record } = setUp();
    record();
    seals.sealSoon();
    seals.sealSoon();
    expect(checkpoints()).toHaveLength(0);
    await turn();
    expect(checkpoints()).toHaveLength(1);
    seals.sealSoon();
    await turn();
    expect(checkpoints()).toHaveLength(1);
  });

  it("state what was lost and what has no record of its own", async () => {
    let counts = {};
    setUp({}, () => ({ lost: [0, 2], ...counts }));
    await clock.advance(10_000);
    counts = { sampledOut: 7, aggregated: 9 };
    await clock.advance(60_000);
    expect(checkpoints()[0]).toMatchObject({ "audit.checkpoint.lost": [0, 2] });
    expect(checkpoints()[0]).not.toHaveProperty(["audit.checkpoint.sampled_out"]);
    expect(checkpoints()[1]).toMatchObject({
      "audit.checkpoint.sampled_out": 7,
      "audit.checkpoint.aggregated": 9,
    });
    expect(checkStream(lines, publicKey).faults).toEqual([]);
  });

  it("end with one without another key, and none comes later", async () => {
    const { seals, record } = setUp({ every: 2 });
    record(5);
    seals.end({ "audit.records": 6 });
    record();
    seals.sealSoon();
    await turn();
    await clock.advance(600_000);
    expect(namesOf().slice(-2)).toEqual(["sys_monitor_disabled", "log_checkpoint"]);
    expect(checkpoints()).toHaveLength(1);
    expect(checkpoints()[0]).toMatchObject({ "audit.sequence.end": true });
    expect(checkpoints()[0]).not.toHaveProperty(["audit.checkpoint.next_key"]);
    expect(checkStream(lines, publicKey)).toMatchObject({ faults: [], ended: true, unsealed: 0 });
    open = [];
  });

  it("use each key once, and name each but the first in the one before", async () => {
    setUp();
    await clock.advance(600_000);
    const keys = checkpoints().map((record) => record["audit.checkpoint.next_key"]);
    expect(keys.length).toBeGreaterThan(5);
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe("the certificate of the first key", () => {
  const signer = (sign: (data: Uint8Array) => unknown): { readonly signer: Signer } => ({
    signer: { sign },
  });
  const right = (data: Uint8Array): Uint8Array => signWith(null, data, privateKey);

  it("is a record of its own when a function signs", async () => {
    setUp(signer(async (data) => right(data)));
    await turn();
    expect(namesOf()).toEqual(["sys_monitor_enabled", "log_key"]);
    expect(checkStream(lines, publicKey).faults).toEqual([]);
    expect(JSON.parse(lines[1] ?? "")).toMatchObject({
      "audit.outcome": "success",
      "audit.checkpoint.public_key": JSON.parse(lines[0] ?? "")["audit.checkpoint.public_key"],
    });
  });

  it("may be signed without a promise", async () => {
    setUp(signer(right));
    await turn();
    expect(checkStream(lines, publicKey).faults).toEqual([]);
  });

  it.each<[string, (data: Uint8Array) => unknown, string]>([
    [
      "throws",
      () => {
        throw new Error("sk-live-secret");
      },
      "function_failed",
    ],
    ["rejects", () => Promise.reject(new Error("sk-live-secret")), "function_failed"],
    ["returns nothing", () => undefined, "wrong_return"],
    ["returns text", async () => "signature", "wrong_return"],
    ["returns 63 bytes", async () => new Uint8Array(63), "wrong_return"],
  ])("is asked for again, later and later, when the function %s", async (_how, fail, reason) => {
    let failing = true;
    const sign = vi.fn((data: Uint8Array) => (failing ? fail(data) : right(data)));
    setUp(signer(sign));
    await turn();
    const failure = JSON.parse(lines[1] ?? "");
    expect(failure).toMatchObject({
      "event.name": "log_key",
      "audit.outcome": "failure",
      "audit.reason": reason,
      "audit.severity": "ERROR",
    });
    expect(failure).not.toHaveProperty(["audit.checkpoint.certificate"]);
    expect(reported.map(({ option }) => option)).toEqual(["integrity.sign"]);
    for (const [wait, calls] of [
      [999, 1],
      [1, 2],
      [1_999, 2],
      [1, 3],
      [4_000, 4],
    ] as const) {
      await clock.advance(wait);
      expect(sign).toHaveBeenCalledTimes(calls);
    }
    failing = false;
    await clock.advance(8_000);
    expect(namesOf().filter((name) => name === "log_key")).toHaveLength(5);
    expect(checkStream(lines, publicKey).faults).toEqual([]);
    await clock.advance(3_600_000);
    expect(sign).toHaveBeenCalledTimes(5);
    expect(lines.join()).not.toContain("sk-live-secret");
  });

  it("is given up for now after five seconds, and a late answer is none", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const answers: (() => void)[] = [];
    setUp(signer((data) => new Promise((resolve) => answers.push(() => resolve(right(data))))));
    vi.advanceTimersByTime(5000);
    vi.useRealTimers();
    await turn();
    expect(JSON.parse(lines[1] ?? "")).toMatchObject({ "audit.reason": "function_timeout" });
    for (const answer of answers) answer();
    await turn();
    expect(lines).toHaveLength(2);
  });

  it("is waited for at the end, as long as it is asked for", async () => {
    let answer = (): void => undefined;
    const { seals } = setUp(
      signer(
        (data) =>
          new Promise((resolve) => {
            answer = () => resolve(right(data));
          }),
      ),
    );
    const { ready } = seals;
    expect(ready).toBeInstanceOf(Promise);
    answer();
    await ready;
    expect(seals.ready).toBeUndefined();
    expect(namesOf()).toEqual(["sys_monitor_enabled", "log_key"]);
  });
});

describe("onCheckpoint", () => {
  it("is told of each checkpoint, in plain frozen data", async () => {
    const anchors: AuditAnchor[] = [];
    const { seals } = setUp({ onCheckpoint: (anchor) => anchors.push(anchor) });
    await clock.advance(10_000);
    await clock.advance(60_000);
    seals.end({});
    await seals.told();
    open = [];
    const { stream, checkpoints: records } = checkStream(lines, publicKey);
    const first = JSON.parse(lines[0] ?? "");
    expect(anchors).toHaveLength(3);
    anchors.forEach((anchor, index) => {
      expect(Object.isFrozen(anchor)).toBe(true);
      expect(anchor).toEqual({
        stream,
        number: records[index]?.["audit.sequence.number"],
        epoch: index + 1,
        hash: expect.stringMatching(/^[\w-]{43}$/),
        publicKey: first["audit.checkpoint.public_key"],
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        ...(index === 2 ? { end: true } : {}),
      });
    });
    const next = JSON.parse(lines[anchors[0]?.number ?? 0] ?? "");
    expect(next["audit.sequence.previous_hash"]).toBe(anchors[0]?.hash);
  });

  it("has one call at a time, behind which only the newest checkpoint waits", async () => {
    const numbers: number[] = [];
    let answer = (): void => undefined;
    const onCheckpoint = ({ epoch }: AuditAnchor): Promise<void> => {
      numbers.push(epoch);
      return new Promise((resolve) => {
        answer = resolve;
      });
    };
    setUp({ onCheckpoint });
    await clock.advance(310_000);
    expect(checkpoints()).toHaveLength(6);
    expect(numbers).toEqual([1]);
    answer();
    await turn();
    expect(numbers).toEqual([1, 6]);
    answer();
    await turn();
    expect(numbers).toEqual([1, 6]);
  });

  it.each<[string, () => unknown]>([
    [
      "throws",
      () => {
        throw new Error("disk");
      },
    ],
    ["rejects", () => Promise.reject(Object.assign(new Error("disk"), { code: "ENOSPC" }))],
    ["returns a thenable that throws", () => ({ then: () => JSON.parse("{") })],
  ])("that %s is counted in the next checkpoint and reported", async (_how, fail) => {
    const onCheckpoint = vi.fn(fail);
    setUp({ onCheckpoint });
    await clock.advance(10_000);
    expect(reported.map(({ option }) => option)).toEqual(["integrity.onCheckpoint"]);
    await clock.advance(60_000);
    expect(checkpoints()[0]).not.toHaveProperty(["audit.checkpoint.anchor_failures"]);
    expect(checkpoints()[1]).toMatchObject({ "audit.checkpoint.anchor_failures": 1 });
    expect(onCheckpoint).toHaveBeenCalledTimes(2);
    expect(checkStream(lines, publicKey).faults).toEqual([]);
  });

  it("is told of the end even when it was never done with the last one in time", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const epochs: number[] = [];
    const { seals } = setUp({
      onCheckpoint({ epoch }) {
        epochs.push(epoch);
        return epochs.length === 1 ? new Promise(() => undefined) : undefined;
      },
    });
    await clock.advance(10_000);
    seals.end({});
    open = [];
    const told = seals.told();
    vi.advanceTimersByTime(5000);
    vi.useRealTimers();
    await told;
    expect(epochs).toEqual([1, 2]);
    expect(reported).toHaveLength(1);
  });
});

describe("the certificates of later keys", () => {
  const DAY = 86_400_000;
  const counts = () => ({ lost: [0] });
  const epochs = (): readonly unknown[] =>
    lines
      .map((line) => JSON.parse(line))
      .filter((record) => record["event.name"] === "log_key")
      .map((record) => record["audit.checkpoint.epoch"]);

  it("are written at each rotation and once a day where the beginning of the log expires", async () => {
    const { seals, record } = setUp({}, counts, true);
    record(3);
    seals.rotated();
    await turn();
    expect(namesOf().slice(-2)).toEqual(["log_key", "log_checkpoint"]);
    record(4);
    seals.rotated();
    await turn();
    expect(epochs()).toEqual([undefined]);
    await clock.advance(10_000);
    expect(epochs()).toEqual([undefined, 3]);
    await clock.advance(DAY);
    const { length } = checkpoints();
    expect(epochs()).toEqual([undefined, 3, length]);
    // Nothing but what rotations write themselves.
    for (let time = 0; time < 9; time += 1) {
      seals.rotated();
      await clock.advance(1000);
    }
    expect(epochs()).toHaveLength(3);
    expect(checkStream(lines, publicKey).faults).toEqual([]);
  });

  it("are none where nothing expires: the long-term key is let go", async () => {
    const key = new LongTermKey(privateKey);
    const { seals } = setUp({ signer: { key } });
    expect(() => key.sign("again")).toThrow("let go");
    seals.rotated();
    await clock.advance(2 * DAY);
    expect(epochs()).toEqual([]);
    const held = new LongTermKey(privateKey);
    setUp({ signer: { key: held } }, counts, true).seals.end({});
    open.pop();
    expect(() => held.sign("again")).toThrow("let go");
  });

  it("are asked for one at a time, and anew when the function fails", async () => {
    const answers: ((fails?: boolean) => Promise<void>)[] = [];
    const sign = vi.fn(
      (data: Uint8Array) =>
        new Promise<Uint8Array>((resolve, reject) =>
          answers.push((fails = false) => {
            if (fails) reject(new Error("down"));
            else resolve(signWith(null, data, privateKey));
            return turn();
          }),
        ),
    );
    const { seals, record } = setUp({ signer: { sign } });
    for (let time = 0; time < 3; time += 1) {
      record(4);
      seals.rotated();
      await clock.advance(10_000);
    }
    expect(sign).toHaveBeenCalledTimes(1);
    await answers[0]?.();
    await clock.advance(1000);
    await answers[1]?.(true);
    expect(reported.map(({ option }) => option)).toEqual(["integrity.sign"]);
    record();
    seals.flush();
    await clock.advance(2000);
    await answers[2]?.();
    expect(checkStream(lines, publicKey).faults).toEqual([]);
    expect(sign).toHaveBeenCalledTimes(3);
    expect(epochs().at(-1)).toBe(checkpoints().length + 1);
    await clock.advance(DAY);
    expect(sign).toHaveBeenCalledTimes(4);
  });
});
