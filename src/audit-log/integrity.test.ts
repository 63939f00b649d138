import { AsyncLocalStorage } from "node:async_hooks";
import { generateKeyPairSync, sign } from "node:crypto";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Express } from "express";
import request from "supertest";
import { describe, expect, it, vi } from "vitest";
import winston from "winston";
import TransportStream from "winston-transport";
import { checkStream, sha256, streamsIn } from "../../test/support/audit-log/check-stream.js";
import { MemorySink } from "../../test/support/audit-log/memory-sink.js";
import { expressVersions } from "../../test/support/express.js";
import { requireRole } from "../authorization/index.js";
import {
  type AuditAnchor,
  type AuditLog,
  type AuditLogOptions,
  auditFields,
  auditLog,
  fileSink,
} from "./index.js";

const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const MESSAGE = Symbol.for("message");

/** A transport of somebody else, which keeps what it was given. */
class Foreign extends TransportStream {
  readonly lines: string[] = [];
  override log(info: Record<symbol, unknown>, next: () => void): void {
    this.lines.push(String(info[MESSAGE]));
    setImmediate(next);
  }
}

function newPath(): string {
  return join(mkdtempSync(join(tmpdir(), "audit-")), "audit.jsonl");
}

describe.each(expressVersions)("integrity on Express %s", (_major, express) => {
  function newApp(audit: AuditLog): Express {
    const app = express();
    app.use(audit);
    app.get("/ok", (req, res) => {
      auditFields(req, { note: "Zoë 😀", amount: 0.1, large: 1e21, zero: -0 });
      res.send("ok");
    });
    app.get("/role", requireRole("admin"));
    app.get("/broken", (req, res) => {
      Object.defineProperty(req, "headers", {
        get() {
          throw new Error("taken apart");
        },
      });
      res.end("ok");
    });
    return app;
  }

  async function serve(app: Express): Promise<void> {
    await request(app).get("/ok").expect(200);
    await request(app).get("/role").expect(401);
    await request(app).get("/broken").expect(200);
    await request(app).get("/nowhere?token=1").expect(404);
    await Promise.all(Array.from({ length: 20 }, () => request(app).get("/ok").expect(200)));
  }

  function kept(options: AuditLogOptions = {}): { audit: AuditLog; sink: MemorySink } {
    const sink = new MemorySink();
    return { audit: auditLog({ sinks: [sink], ...options }), sink };
  }

  it("is a chain by default, from the start record to the end", async () => {
    const { audit, sink } = kept();
    await serve(newApp(audit));
    await audit.close();
    const { stream, lastNumber } = audit.stats();
    const checked = checkStream(sink.lines);
    expect(checked).toMatchObject({ stream, faults: [], ended: true, checkpoints: [] });
    expect(checked.numbers).toHaveLength(lastNumber);
    expect(lastNumber).toBe(26);
    expect(sink.records[0]).toMatchObject({ "event.name": "sys_monitor_enabled" });
    expect(sink.records.filter((record) => record["event.name"] === "log_dropped")).toHaveLength(1);
  });

  it("leaves no trace in the records when it is false", async () => {
    const { audit, sink } = kept({ integrity: false });
    await serve(newApp(audit));
    await audit.close();
    expect(sink.lines).toHaveLength(26);
    expect(sink.lines.join()).not.toMatch(/audit\.(?:sequence|checkpoint)/);
  });

  it("is signed from the first record to the last with a key", async () => {
    const anchors: AuditAnchor[] = [];
    const { audit, sink } = kept({
      integrity: {
        signingKey: privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
        checkpointEvery: 5,
        onCheckpoint: (anchor) => anchors.push(anchor),
      },
    });
    await serve(newApp(audit));
    await audit.close();
    const checked = checkStream(sink.lines, publicKey);
    expect(checked).toMatchObject({ faults: [], ended: true, unsealed: 0 });
    expect(checked.checkpoints.length).toBeGreaterThan(1);
    expect(anchors.at(-1)).toMatchObject({
      number: audit.stats().lastNumber,
      hash: sha256(sink.lines.at(-1) ?? ""),
      end: true,
    });
  });

  it("waits at the end for a signature that is made elsewhere", async () => {
    let answer = (): void => undefined;
    const { audit, sink } = kept({
      integrity: {
        sign: (data) =>
          new Promise((resolve) => {
            answer = () => resolve(sign(null, data, privateKey));
          }),
      },
    });
    await request(newApp(audit)).get("/ok").expect(200);
    const closed = audit.close();
    answer();
    await closed;
    expect(checkStream(sink.lines, publicKey)).toMatchObject({ faults: [], ended: true });
  });

  it("never lets a failing signature or observer break a request", async () => {
    const fail = (): never => {
      throw new Error("sk-live-secret");
    };
    const { audit, sink } = kept({
      integrity: { sign: fail, onCheckpoint: fail, checkpointEvery: 1 },
    });
    await serve(newApp(audit));
    await audit.close();
    expect(checkStream(sink.lines)).toMatchObject({ faults: [], ended: true, unsealed: 0 });
    expect(sink.lines.join()).not.toContain("sk-live-secret");
    expect(audit.stats().lost).toBe(1);
  });

  it("gives every sink the same lines, foreign ones too", async () => {
    const path = newPath();
    const [memory, foreign] = [new MemorySink(), new Foreign()];
    const audit = auditLog({
      sinks: [fileSink({ path }), memory, foreign],
      integrity: { signingKey: privateKey, checkpointEvery: 4 },
    });
    await serve(newApp(audit));
    await audit.close();
    const lines = readFileSync(path, "utf8").split("\n").slice(0, -1);
    expect(memory.lines).toEqual(lines);
    expect(foreign.lines).toEqual(lines);
    expect(checkStream(lines, publicKey)).toMatchObject({ faults: [], ended: true, unsealed: 0 });
  });

  it("keeps the records that tell a sink of its losses out of the chain, and seals them", async () => {
    const [whole, failing] = [new MemorySink(), new MemorySink()];
    const audit = auditLog({
      sinks: [whole, failing],
      integrity: { signingKey: privateKey },
    });
    const app = newApp(audit);
    await request(app).get("/ok");
    failing.error = new Error("full");
    await request(app).get("/ok");
    failing.error = undefined;
    await request(app).get("/ok");
    await audit.close();
    expect(checkStream(whole.lines, publicKey)).toMatchObject({ faults: [], ended: true });
    const extra = failing.lines.filter((line) => !whole.lines.includes(line));
    expect(extra).toHaveLength(1);
    expect(JSON.parse(extra[0] ?? "")).toMatchObject({ "event.name": "log_dropped" });
    expect(extra[0]).not.toContain("audit.sequence");
    const last = failing.records.at(-1);
    expect(last).toMatchObject({
      "audit.checkpoint.lost": [0, 1],
      "audit.checkpoint.sink_records": [`1-1 ${sha256(extra[0] ?? "")}`],
      "audit.sequence.end": true,
    });
  });

  it("seals the losses of a sink that fails and works in turns before there are many", async () => {
    const [whole, failing] = [new MemorySink(), new MemorySink()];
    const audit = auditLog({
      sinks: [whole, failing],
      integrity: { signingKey: privateKey, checkpointEvery: 1_000_000, checkpointInterval: "1h" },
    });
    for (let round = 0; round < 250; round += 1) {
      failing.error = new Error("full");
      audit.event(null, "order_shipped");
      failing.error = undefined;
      audit.event(null, "order_shipped");
      if (round % 10 === 0) await new Promise(setImmediate);
    }
    const named = whole.records.map((record) => record["audit.checkpoint.sink_records"] ?? []);
    const counts = named.map((list) => (list as readonly string[]).length).filter((one) => one > 0);
    expect(counts.length).toBeGreaterThan(1);
    expect(Math.max(...counts)).toBeLessThan(150);
    await audit.close();
    expect(checkStream(whole.lines, publicKey)).toMatchObject({ faults: [], ended: true });
  });

  it("calls no function of the app in the context of a request", async () => {
    const context = new AsyncLocalStorage<string>();
    const stores: unknown[] = [];
    const { audit, sink } = kept({
      integrity: {
        async sign(data) {
          stores.push(context.getStore());
          await null;
          return sign(null, data, privateKey);
        },
        onCheckpoint: () => void stores.push(context.getStore()),
        checkpointEvery: 1,
      },
    });
    const app = express();
    app.use((_req, _res, next) => context.run("request", next));
    app.use(newApp(audit));
    await request(app).get("/ok");
    // The key is certified, and a checkpoint told.
    await expect.poll(() => stores.length).toBeGreaterThan(1);
    await context.run("closing", () => audit.close());
    expect(checkStream(sink.lines, publicKey).faults).toEqual([]);
    expect(stores.length).toBeGreaterThan(2);
    expect(new Set(stores)).toEqual(new Set([undefined]));
  });

  it("forgets the long-term key when it has signed once", async () => {
    // Made here and nowhere else: what is left of it is what the log holds.
    function begin(): { readonly audit: AuditLog; readonly key: WeakRef<object> } {
      const { privateKey: signingKey } = generateKeyPairSync("ed25519");
      return { audit: kept({ integrity: { signingKey } }).audit, key: new WeakRef(signingKey) };
    }
    const { audit, key } = begin();
    await request(newApp(audit)).get("/ok");
    setFlagsFromString("--expose-gc");
    runInNewContext("gc")();
    expect(key.deref()).toBeUndefined();
    await audit.close();
  });

  it("warns of a sink that writes other lines than those that are signed", async () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const [own, other] = [new Foreign({ format: winston.format.simple() }), new Foreign()];
    const sinks = [new MemorySink(), own, other];
    await auditLog({ sinks }).close();
    expect(warn).not.toHaveBeenCalled();
    const signed = [new MemorySink(), own, other];
    await auditLog({ sinks: signed, integrity: { signingKey: privateKey } }).close();
    expect(warn.mock.calls).toEqual([
      [
        "auditLog.sinks[1] has a format: verify-log cannot check the lines that it writes.",
        { code: "EXPRESS_SECURE_API_AUDIT_FORMAT" },
      ],
    ]);
    warn.mockRestore();
  });

  it("names the stream that a file held, in the first record of the next one", async () => {
    const found = { stream: "an earlier stream", number: 41, hash: "its hash", torn: true };
    const sinks = [new MemorySink(), Object.assign(new MemorySink(), { previous: found })];
    const audit = auditLog({ sinks, integrity: { signingKey: privateKey } });
    await request(newApp(audit)).get("/ok");
    await audit.close();
    expect(sinks[0]?.records[0]).toMatchObject({
      "audit.previous.hash": "its hash",
      "audit.previous.number": 41,
      "audit.previous.stream_id": "an earlier stream",
      "audit.previous.torn": true,
    });
    expect(sinks[0]?.records.filter((record) => "audit.previous.number" in record)).toHaveLength(1);
    expect(checkStream(sinks[0]?.lines ?? [], publicKey).faults).toEqual([]);
  });

  it("goes on in a file in a stream of its own after a restart", async () => {
    const path = newPath();
    for (let life = 0; life < 3; life += 1) {
      const audit = auditLog({
        sinks: [fileSink({ path })],
        integrity: { signingKey: privateKey },
      });
      await request(newApp(audit)).get("/ok");
      await audit.close();
    }
    const streams = streamsIn(readFileSync(path, "utf8"));
    expect(streams).toHaveLength(3);
    for (const lines of streams)
      expect(checkStream(lines, publicKey)).toMatchObject({ faults: [], ended: true });
  });

  it("is what the app's own transport writes to a file by winston", async () => {
    const path = newPath();
    writeFileSync(path, "");
    const audit = auditLog({ sinks: [new winston.transports.File({ filename: path })] });
    await serve(newApp(audit));
    await audit.close();
    await expect.poll(() => readFileSync(path, "utf8").split("\n").length).toBe(27);
    const [lines = []] = streamsIn(readFileSync(path, "utf8"));
    expect(checkStream(lines)).toMatchObject({ faults: [], ended: true });
  });
});
