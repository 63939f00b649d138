import { execFileSync } from "node:child_process";
import { createHash, generateKeyPairSync } from "node:crypto";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import request from "supertest";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import Transport from "winston-transport";
import { expressVersions } from "../../test/support/express.js";
import { kindsOf, verifyLogs } from "../../test/support/verify-log.js";
import {
  type AuditFailure,
  type AuditLog,
  auditLog,
  FAILURE_CHANNEL,
  type FileSinkOptions,
  fileSink,
} from "./index.js";
import { createSegmentNames } from "./segments/segment-name.js";

type Row = Readonly<Record<string, unknown>>;

const SECOND = 1000;
const STREAM = "11111111-1111-4111-8111-111111111111";
const RECORD = `{"audit.sequence.number":7,"audit.sequence.stream_id":"${STREAM}"}`;
let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "audit-"));
  path = join(directory, "audit.jsonl");
  vi.useFakeTimers({ toFake: ["performance"] });
});

afterEach(() => void vi.useRealTimers());

function segments(): readonly string[] {
  return readdirSync(directory).filter((name) => createSegmentNames(path).parse(name));
}

function recordsIn(name: string): readonly Row[] {
  const lines = readFileSync(join(directory, name), "utf8").split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line));
}

function events(rows: readonly Row[]): readonly unknown[] {
  return rows.map((row) => row["event.name"]);
}

function numberOf(row: Row | undefined): number {
  return Number(/-(\d+)$/.exec(String(row?.["audit.record.id"]))?.[1]);
}

describe.each(expressVersions)("what becomes of a log file, on Express %s", (_major, express) => {
  function newApp(options: Partial<FileSinkOptions>): {
    ask: () => Promise<unknown>;
    audit: AuditLog;
  } {
    const audit = auditLog({ sinks: [fileSink({ path, write: "record", ...options })] });
    const app = express();
    app.use(audit, (_req, res) => void res.end("served"));
    return { audit, ask: () => request(app).get("/").expect(200) };
  }

  it.each(["record", "turn"] as const)(
    "is said by the first record of each file that rotation begins, with the end of the last, with %s",
    async (write) => {
      const { ask, audit } = newApp({ rotate: { size: "2kb" }, write });
      for (let index = 0; index < 8; index += 1) await ask();
      await audit.close();
      const files = [...segments(), "audit.jsonl"];
      expect(files.length).toBeGreaterThan(2);
      const stream = String(recordsIn(files[0] ?? "")[0]?.["audit.record.id"]).slice(0, 36);
      for (const [index, file] of files.entries()) {
        if (index === 0) continue;
        expect(recordsIn(file)[0]).toMatchObject({
          "audit.reason": "rotated",
          "audit.record.id": `${stream}.0-${index}`,
          "audit.segment.previous": files[index - 1],
          "audit.severity": "INFO",
          "audit.sink.name": "fileSink",
          "event.name": "log_segment",
        });
      }
      const common = files.flatMap(recordsIn).filter((row) => row["event.name"] !== "log_segment");
      expect(common.map(numberOf)).toEqual(Array.from({ length: 10 }, (_, index) => index + 1));
      expect(audit.stats()).toMatchObject({ records: 10, lost: 0 });
    },
  );

  it.each(["record", "turn"] as const)(
    "is sealed by the next checkpoint, with %s",
    async (write) => {
      const { privateKey, publicKey } = generateKeyPairSync("ed25519");
      const audit = auditLog({
        sinks: [fileSink({ path, write, rotate: { size: "8kb" } })],
        integrity: { signingKey: privateKey.export({ format: "pem", type: "pkcs8" }).toString() },
      });
      const app = express();
      app.use(audit, (_req, res) => void res.end("served"));
      for (let index = 0; index < 40; index += 1) await request(app).get("/").expect(200);
      await audit.close();
      const files = [...segments(), "audit.jsonl"];
      expect(files.length).toBeGreaterThan(2);
      const texts = files.map((file) => readFileSync(join(directory, file), "utf8"));
      const keys = [publicKey];
      // The last file may begin behind the last checkpoint.
      expect(await verifyLogs(texts, { keys })).toMatchObject({
        integrity: "intact",
        completeness: "complete",
      });
      const [, second = ""] = texts;
      const [beginning = "", ...rest] = second.split("\n");
      expect(beginning).toContain('"event.name":"log_segment"');
      const changed = texts.with(1, second.replace('"rotated"', '"deleted"'));
      expect(kindsOf(await verifyLogs(changed, { keys }))).toContain("changed_record");
      const without = texts.with(1, rest.join("\n"));
      expect(kindsOf(await verifyLogs(without, { keys }))).toContain("missing_records");
    },
  );

  it("is said when a segment is deleted, in a record for all sinks, with its streams", async () => {
    const name = createSegmentNames(path).next(Date.now() - 40 * 86_400_000);
    writeFileSync(join(directory, name), `${RECORD}\n`);
    utimesSync(join(directory, name), 1, 1);
    const { ask, audit } = newApp({ rotate: { size: "1mb" }, retention: { age: "30d" } });
    await ask();
    await vi.waitFor(() => expect(existsSync(join(directory, name))).toBe(false));
    await ask();
    await audit.close();
    const rows = recordsIn("audit.jsonl");
    expect(rows.map(numberOf)).toEqual([1, 2, 3, 4, 5]);
    expect(rows.find((row) => row["event.name"] === "log_expired")).toMatchObject({
      "audit.expired.file": name,
      "audit.expired.streams": [
        `${STREAM} 7-7 ${createHash("sha256").update(RECORD).digest("base64url")}`,
      ],
      "audit.outcome": "success",
    });
  });

  it("is sealed before a segment is deleted: a verifier who comes right after that sees why there is a gap", async () => {
    const name = createSegmentNames(path).next(Date.now() - 40 * 86_400_000);
    writeFileSync(join(directory, name), `${RECORD}\n`);
    utimesSync(join(directory, name), 1, 1);
    const { privateKey } = generateKeyPairSync("ed25519");
    const audit = auditLog({
      sinks: [fileSink({ path, rotate: { size: "1mb" }, retention: { age: "30d" } })],
      integrity: { signingKey: privateKey, checkpointInterval: "1h" },
    });
    await vi.waitFor(() => expect(existsSync(join(directory, name))).toBe(false));
    const said = events(recordsIn("audit.jsonl"));
    expect(said.slice(said.indexOf("log_expired"))).toEqual(["log_expired", "log_checkpoint"]);
    await audit.close();
  });

  it("is said of a segment with many streams in several records", async () => {
    const name = createSegmentNames(path).next(1000);
    const lines = Array.from({ length: 120 }, (_, index) =>
      RECORD.replace("11111111-", `${10_000_000 + index}-`),
    );
    writeFileSync(join(directory, name), lines.join("\n"));
    utimesSync(join(directory, name), 1, 1);
    const { ask, audit } = newApp({ rotate: { size: "1mb" }, retention: { files: 1, age: "1d" } });
    await ask();
    await vi.waitFor(() => expect(existsSync(join(directory, name))).toBe(false));
    await audit.close();
    const said = recordsIn("audit.jsonl").filter((row) => row["event.name"] === "log_expired");
    // The last line has no end: it is none.
    expect(said.map((row) => (row["audit.expired.streams"] as string[]).length)).toEqual([
      50, 50, 19,
    ]);
  });

  it.each<[string, string, number, () => void]>([
    ["deleted", "file_deleted", 1, () => unlinkSync(path)],
    ["moved", "file_moved", 0, () => renameSync(path, join(directory, "moved"))],
  ])("is said when somebody has %s it, on the channel and in the log", async (...row) => {
    const [, reason, lost, disturb] = row;
    const failures: AuditFailure[] = [];
    const listener = (failure: unknown): void => void failures.push(failure as AuditFailure);
    subscribe(FAILURE_CHANNEL, listener);
    const { ask, audit } = newApp({});
    await ask();
    vi.advanceTimersByTime(SECOND);
    // Looks, and finds the file.
    await ask();
    disturb();
    vi.advanceTimersByTime(SECOND);
    await ask();
    await audit.close();
    unsubscribe(FAILURE_CHANNEL, listener);
    const rows = recordsIn("audit.jsonl");
    expect(rows[0]).toMatchObject({
      "audit.reason": reason,
      "audit.severity": "WARN",
      "event.name": "log_segment",
    });
    expect(rows.find((one) => one["event.name"] === "sys_monitor_enabled")).toMatchObject({
      "audit.reason": reason,
      "audit.sink.name": "fileSink",
    });
    expect(failures).toEqual([{ sink: "fileSink", position: 0, code: reason.toUpperCase(), lost }]);
    const dropped = rows.filter((one) => one["event.name"] === "log_dropped");
    expect(dropped.map((one) => one["audit.lost.count"])).toEqual(lost === 0 ? [] : [lost]);
    expect(audit.stats()).toMatchObject({ lost, failing: false });
  });

  it.each<[string, Partial<FileSinkOptions>, () => void]>([
    ["somebody has moved it, as logrotate does", {}, () => renameSync(path, join(directory, "1"))],
    ["it cannot be rotated", { rotate: { size: "1kb" } }, () => chmodSync(directory, 0o500)],
  ])("is no reason to shut down or to tell of a gap when %s", async (_what, options, disturb) => {
    const reasons: unknown[] = [];
    const alerts: unknown[] = [];
    const codes: unknown[] = [];
    const onAlert = (alert: unknown): void => void alerts.push(alert);
    const onFailure = (failure: unknown): void => void codes.push((failure as AuditFailure).code);
    subscribe("express-secure-api:alert", onAlert);
    subscribe(FAILURE_CHANNEL, onFailure);
    const audit = auditLog({
      sinks: [fileSink({ path, write: "record", ...options })],
      onFailure: "shutdown",
      onShutdown: (failure) => void reasons.push(failure),
    });
    const app = express().use(audit, (_req, res) => void res.end());
    await request(app).get("/").expect(200);
    vi.advanceTimersByTime(SECOND);
    await request(app).get("/").expect(200);
    disturb();
    for (let index = 0; index < 3; index += 1) {
      vi.advanceTimersByTime(SECOND);
      await request(app).get("/").expect(200);
    }
    chmodSync(directory, 0o700);
    unsubscribe("express-secure-api:alert", onAlert);
    unsubscribe(FAILURE_CHANNEL, onFailure);
    expect([reasons, alerts, audit.health().status, audit.stats().lost]).toEqual([[], [], "ok", 0]);
    // The superuser can rotate it all the same.
    if (process.getuid?.() !== 0 || options.rotate === undefined)
      expect(codes.length).toBeGreaterThan(0);
    await audit.close();
  });

  it.runIf(process.platform !== "win32")(
    "waits for nobody when a named pipe is put in its place, and goes on when that is gone",
    async () => {
      const { ask, audit } = newApp({});
      await ask();
      vi.advanceTimersByTime(SECOND);
      await ask();
      unlinkSync(path);
      execFileSync("mkfifo", [path]);
      vi.advanceTimersByTime(SECOND);
      await ask();
      expect(audit.stats().failing).toBe(true);
      unlinkSync(path);
      vi.advanceTimersByTime(SECOND);
      await ask();
      expect(audit.stats()).toMatchObject({ failing: false, lost: 2 });
      await audit.close();
    },
  );

  it("is not written to a device that is put in its place, and said once in a second", async () => {
    const codes: string[] = [];
    const listener = (failure: unknown): void => void codes.push((failure as AuditFailure).code);
    const { ask, audit } = newApp({ rotate: { size: "1kb" } });
    for (let index = 0; index < 3; index += 1) await ask();
    renameSync(path, join(directory, "moved"));
    symlinkSync("/dev/null", path);
    subscribe(FAILURE_CHANNEL, listener);
    for (let index = 0; index < 9; index += 1) await ask();
    unsubscribe(FAILURE_CHANNEL, listener);
    expect(codes).toEqual(["error"]);
    expect(audit.stats()).toMatchObject({ failing: false, lost: 0 });
    expect(recordsIn("moved").length).toBeGreaterThan(8);
    await audit.close();
  });

  it.each(["record", "turn"] as const)(
    "names the records that are lost with a deleted file, and not those behind them, with %s",
    async (write) => {
      const { ask, audit } = newApp({ write });
      await ask();
      vi.advanceTimersByTime(SECOND);
      // Looks, and finds the file. These are lost: 3, 4 and 5.
      for (let index = 0; index < 3; index += 1) await ask();
      unlinkSync(path);
      vi.advanceTimersByTime(SECOND);
      for (let index = 0; index < 3; index += 1) audit.event(null, "job_done");
      await audit.close();
      const rows = recordsIn("audit.jsonl");
      expect(rows.find((row) => row["event.name"] === "log_dropped")).toMatchObject({
        "audit.lost.count": 3,
        "audit.lost.first": 3,
        "audit.lost.last": 5,
      });
    },
  );

  it("numbers what only this sink gets without gaps, losses and beginnings alike", async () => {
    const { ask, audit } = newApp({ rotate: { size: "2kb" } });
    for (let index = 0; index < 5; index += 1) await ask();
    vi.advanceTimersByTime(SECOND);
    await ask();
    unlinkSync(path);
    vi.advanceTimersByTime(SECOND);
    for (let index = 0; index < 5; index += 1) await ask();
    await audit.close();
    const own = [...segments(), "audit.jsonl"]
      .flatMap(recordsIn)
      .filter((row) => String(row["audit.record.id"])[36] === ".");
    expect(events(own)).toContain("log_dropped");
    const numbers = own.map(numberOf).sort((one, other) => one - other);
    expect(new Set(numbers).size).toBe(numbers.length);
    // The file that was deleted may have begun with some.
    expect((numbers.at(-1) ?? 0) - numbers.length).toBeLessThanOrEqual(1);
  });

  it("knows where an earlier log ended in the file", async () => {
    writeFileSync(path, `${RECORD}\n{"torn`);
    const sink = fileSink({ path });
    expect((sink as unknown as { previous: unknown }).previous).toMatchObject({
      stream: STREAM,
      number: 7,
      torn: true,
    });
    sink.close?.();
  });

  it("is nothing more once the log closes, while other sinks keep it open: no segment goes unsaid", async () => {
    const name = createSegmentNames(path).next(1000);
    writeFileSync(join(directory, name), `${RECORD}\n`);
    utimesSync(join(directory, name), 1, 1);
    const sink = fileSink({ path, rotate: { size: "1mb" }, retention: { age: "1d" } });
    const stalled = new Transport({ log: () => undefined });
    const audit = auditLog({ sinks: [sink, stalled] });
    // The first record is written, and the segments are being looked at.
    await new Promise((done) => setImmediate(done));
    void audit.close();
    await new Promise((done) => setTimeout(done, 200));
    expect(existsSync(join(directory, name))).toBe(true);
    expect(events(recordsIn("audit.jsonl"))).toEqual([
      "sys_monitor_enabled",
      "sys_monitor_disabled",
    ]);
  });

  it("says nothing of files once the log is closed", async () => {
    const { ask, audit } = newApp({ rotate: { size: "1kb" }, gzip: true });
    await ask();
    await ask();
    await audit.close();
    const { records, lost } = audit.stats();
    await new Promise((done) => setImmediate(done));
    expect(audit.stats()).toMatchObject({ records, lost });
  });
});
