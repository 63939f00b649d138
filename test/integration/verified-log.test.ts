import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import express from "express";
import { afterAll, describe, expect, it, vi } from "vitest";
import {
  type AuditLogOptions,
  auditLog,
  type FileSinkOptions,
  fileSink,
} from "../../src/audit-log/index.js";
import type { LogReport } from "../../src/audit-log/verify/log-report.js";
import { kindsOf, verifyLogs } from "../support/verify-log.js";

const folder = mkdtempSync(join(tmpdir(), "verified-log-"));
afterAll(() => rmSync(folder, { recursive: true }));

const owner = generateKeyPairSync("ed25519");
const keys: readonly KeyObject[] = [owner.publicKey];
const HOSTILE = '"\\audit.sequence.number":1,"audit.checkpoint.signature":"x", {"__proto__":1}';
let count = 0;

/** Writes a log with 70 requests, and starts again as often as told. */
async function write(
  integrity: AuditLogOptions["integrity"],
  { starts = 1, close = true, files = {} as Omit<FileSinkOptions, "path"> } = {},
): Promise<string> {
  count += 1;
  const path = join(folder, `${count}.jsonl`);
  for (let start = 0; start < starts; start += 1) {
    const log = auditLog({ sinks: [fileSink({ path, ...files })], integrity });
    const app = express()
      .use(log)
      .get("/orders/:id", (_req, res) => void res.json({}));
    const server = app.listen(0, "127.0.0.1");
    await new Promise((done) => server.once("listening", done));
    const { port } = server.address() as AddressInfo;
    for (let index = 0; index < 70; index += 1) {
      const headers = { "user-agent": `${HOSTILE}${index}` };
      await fetch(`http://127.0.0.1:${port}/${index % 2 ? "orders/" : "%C3%A9/"}${index}`, {
        headers,
      });
    }
    await new Promise((done) => server.close(done));
    if (close) await log.close();
    else await new Promise((done) => setTimeout(done, 50));
  }
  return readFileSync(path, "utf8");
}

/** What {@link write} has written last, each file by itself. */
function filesOf(): readonly string[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith(`${count}.`))
    .map((name) => readFileSync(join(folder, name), "utf8"));
}

function verdictOf({ integrity, completeness, findings }: LogReport): unknown {
  return { integrity, completeness, kinds: findings.map(({ kind }) => kind) };
}

describe("a log of auditLog", () => {
  const sound = { integrity: "intact", completeness: "complete", kinds: [] };

  it("verifies when it is signed, over several starts", async () => {
    const text = await write({ signingKey: owner.privateKey, checkpointEvery: 20 }, { starts: 2 });
    const report = await verifyLogs([text], { keys });
    expect(verdictOf(report)).toEqual(sound);
    expect(report.streams).toHaveLength(2);
  });

  it("verifies when the key is somewhere else", async () => {
    const signer = async (data: Uint8Array): Promise<Uint8Array> =>
      sign(null, data, owner.privateKey);
    const text = await write({ sign: signer, checkpointEvery: 20 });
    expect(verdictOf(await verifyLogs([text], { keys }))).toEqual(sound);
  });

  it("verifies when the clock jumps, ahead and back, while it is written and rotated", async () => {
    const real = Date.now;
    let jump = 0;
    const clock = vi.spyOn(Date, "now").mockImplementation(() => real() + jump);
    try {
      const path = join(folder, "jumps.jsonl");
      const file = fileSink({
        path,
        rotate: { size: "10kb", interval: "1h" },
        retention: { age: "1d" },
      });
      const log = auditLog({
        sinks: [file],
        integrity: { signingKey: owner.privateKey, checkpointEvery: 10 },
      });
      const app = express().use(log, (_req, res) => void res.json({}));
      const server = app.listen(0, "127.0.0.1");
      await new Promise((done) => server.once("listening", done));
      const { port } = server.address() as AddressInfo;
      for (let index = 0; index < 120; index += 1) {
        if (index % 20 === 19) jump = [400, -400, 0, 2, -2, 0][(index - 19) / 20] as number;
        jump *= index % 20 === 19 ? 86_400_000 : 1;
        await fetch(`http://127.0.0.1:${port}/`);
      }
      await new Promise((done) => server.close(done));
      await log.close();
      const files = readdirSync(folder).filter((name) => name.startsWith("jumps."));
      const texts = files.map((name) => readFileSync(join(folder, name), "utf8"));
      expect(texts.length).toBeGreaterThan(8);
      const report = await verifyLogs(texts, { keys });
      expect(verdictOf(report)).toEqual(sound);
      const requests = texts.join("").match(/"http\.request\.id"/g);
      expect(requests).toHaveLength(120);
    } finally {
      clock.mockRestore();
    }
  });

  it("verifies against the anchors that it gave out", async () => {
    const anchors: string[] = [];
    const text = await write({
      signingKey: owner.privateKey,
      checkpointEvery: 20,
      onCheckpoint: (anchor) => void anchors.push(JSON.stringify(anchor)),
    });
    expect(anchors.length).toBeGreaterThan(3);
    expect(verdictOf(await verifyLogs([text], { anchors }))).toEqual(sound);
    const lines = text.trimEnd().split("\n");
    const cut = lines
      .slice(0, 30)
      .map((line) => `${line}\n`)
      .join("");
    const kinds = kindsOf(await verifyLogs([cut], { anchors })).join();
    expect(kinds).toContain(`missing_records 31-${lines.length}`);
  });

  it("is unsigned, and complete, when it is only chained, or not even that", async () => {
    const unsigned = { integrity: "unsigned", completeness: "complete" };
    const chained = await write("chain");
    expect(verdictOf(await verifyLogs([chained]))).toEqual({ ...unsigned, kinds: [] });
    const plain = await write(false);
    expect(verdictOf(await verifyLogs([plain]))).toEqual({ ...unsigned, kinds: ["not_chained"] });
  });

  it("is incomplete, and not tampered with, when nobody closed it", async () => {
    const text = await write(
      { signingKey: owner.privateKey, checkpointEvery: 20 },
      { close: false },
    );
    const report = await verifyLogs([text], { keys });
    expect(report).toMatchObject({ integrity: "intact", completeness: "incomplete" });
    expect(report.counts).toMatchObject({ unsealed_tail: 1, not_closed: 1 });
  });

  it.each([
    ["is proven where it has retention", "signingKey", { age: "90d" }, "intact"],
    ["is not where the long-term key was let go", "signingKey", undefined, "unsigned"],
    ["is proven by a key that is somewhere else", "sign", undefined, "intact"],
  ] as const)("%s when its first file is gone", async (_how, option, retention, integrity) => {
    const key =
      option === "sign"
        ? { sign: (data: Uint8Array): Uint8Array => sign(null, data, owner.privateKey) }
        : { signingKey: owner.privateKey };
    const files = {
      rotate: { size: "30kb" },
      ...(retention === undefined ? {} : { retention }),
    } as const;
    await write({ ...key, checkpointEvery: 20 }, { files });
    const texts = filesOf();
    expect(texts.length).toBeGreaterThan(1);
    expect((await verifyLogs(texts, { keys })).integrity).toBe("intact");
    const rest = texts.filter((text) => !text.includes('"audit.sequence.number":1,'));
    const report = await verifyLogs(rest, { keys });
    expect(report).toMatchObject({ integrity, completeness: "incomplete" });
    expect(report.counts).toEqual({ missing_records: 1 });
  });

  it("shows a change of any of its records", async () => {
    const text = await write({ signingKey: owner.privateKey, checkpointEvery: 20 });
    const lines = text.trimEnd().split("\n");
    for (const [index, line] of lines.entries()) {
      const changed = line.replace(/("@timestamp":"\d{3})./, "$1x");
      expect(changed).not.toBe(line);
      const report = await verifyLogs([`${lines.with(index, changed).join("\n")}\n`], { keys });
      expect(report.integrity).toBe("tampered");
      expect(report.findings.some(({ first }) => first === index + 1)).toBe(true);
    }
  });
});
