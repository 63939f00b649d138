import { type ChildProcess, spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { Agent, get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FINDING_KINDS, type FindingKind } from "../../src/audit-log/verify/findings/finding.js";
import { type CommandVerdict, verifyByCommand } from "../support/audit-log/verify-command.js";
import { root } from "../support/package-manifest.js";

const owner = generateKeyPairSync("ed25519");
const base = mkdtempSync(join(tmpdir(), "audit-cluster-"));
const publicKey = join(base, "public.pem");
writeFileSync(publicKey, owner.publicKey.export({ type: "spki", format: "pem" }));
afterAll(() => rmSync(base, { recursive: true, force: true }));

/** A primary with four workers that share a port. Its arguments: Express, the path, how many segments stay, the key. */
const SERVICE = `
  const cluster = require("node:cluster");
  const [framework, path, files, signingKey] = process.argv.slice(1);
  if (cluster.isPrimary) {
    for (let slot = 0; slot < 4; slot += 1) cluster.fork({ SLOT: String(slot) });
    let listening = 0;
    cluster.on("listening", (worker, { port }) => {
      listening += 1;
      if (listening === 4) console.log(JSON.stringify({ port }));
    });
    process.on("SIGTERM", () => {
      for (const worker of Object.values(cluster.workers)) worker.process.kill("SIGTERM");
    });
  } else {
    const { auditLog, fileSink } = require("./dist/audit-log/index.js");
    const file = fileSink({
      path: path.replace("SLOT", process.env.SLOT),
      rotate: { size: "60kb" },
      retention: { files: Number(files) },
      gzip: true,
    });
    const audit = auditLog({ sinks: [file], integrity: { signingKey, checkpointEvery: 50 } });
    const app = require(framework)();
    app.use(audit);
    app.get("/orders/:id", (request, response) => response.json({}));
    app.get("/crash", () => process.kill(process.pid, "SIGKILL"));
    const server = app.listen(0, "127.0.0.1");
    process.on("SIGTERM", () => server.close(async () => {
      await audit.close();
      process.disconnect();
    }));
  }
`;

interface Service {
  readonly child: ChildProcess;
  readonly port: number;
}

async function start(framework: string, path: string, files: number): Promise<Service> {
  const pem = owner.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const child = spawn(process.execPath, ["-e", SERVICE, framework, path, `${files}`, pem], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const line = await new Promise<string>((done, fail) => {
    child.stdout?.once("data", (text) => done(String(text)));
    child.once("close", () => fail(new Error("the service ended")));
  });
  return { child, port: (JSON.parse(line) as { port: number }).port };
}

/** Ends the service, as a deployment does. */
async function stop({ child }: Service): Promise<void> {
  const ended = new Promise((done) => child.once("close", done));
  child.kill("SIGTERM");
  await ended;
}

/** Sends so many requests over connections that end now and then, so that every worker gets some. */
async function load({ port }: Service, count: number): Promise<void> {
  let sent = 0;
  async function client(): Promise<void> {
    let agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (sent < count) {
      sent += 1;
      if (sent % 25 === 0) {
        agent.destroy();
        agent = new Agent({ keepAlive: true, maxSockets: 1 });
      }
      await ask(port, `/orders/${sent}`, agent);
    }
    agent.destroy();
  }
  await Promise.all(Array.from({ length: 12 }, client));
}

function ask(port: number, path: string, agent: Agent): Promise<void> {
  return new Promise((done) => {
    get({ port, path, agent }, (answer) => void answer.resume().on("end", done)).on("error", () =>
      done(),
    );
  });
}

/** As if nobody had written to the files for an hour: a segment that may still be written to is not touched. */
function age(folder: string): void {
  const hourAgo = Date.now() / 1000 - 3600;
  for (const name of readdirSync(folder)) utimesSync(join(folder, name), hourAgo, hourAgo);
}

async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((next) => setTimeout(next, 50));
}

function filesIn(folder: string): readonly string[] {
  return readdirSync(folder).map((name) => join(folder, name));
}

function linesOf(file: string): readonly string[] {
  const bytes = readFileSync(file);
  const text = (file.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString();
  return text.split("\n").slice(0, -1);
}

function verdictOf({ status, integrity, completeness }: CommandVerdict): unknown {
  return { status, integrity, completeness };
}

/** What is bad about a log, in the words of the command. */
function faultsIn({ findings }: CommandVerdict): readonly string[] {
  return findings
    .filter(({ kind }) => FINDING_KINDS[kind as FindingKind] !== "note")
    .map(({ message }) => message);
}

/** Plain segments that are closed, the oldest first: those of the second run. */
function segmentsIn(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => /\.\d{8}T\d{9}Z\.[0-9a-f]{8}\.jsonl$/.test(name))
    .sort()
    .map((name) => join(folder, name));
}

/** Changes the lines of a file that is not compressed. */
function edit(file: string, change: (lines: string[]) => readonly string[]): void {
  writeFileSync(
    file,
    change([...linesOf(file)])
      .map((line) => `${line}\n`)
      .join(""),
  );
}

/** The middle one of the segments that nobody compressed and with which no stream begins. */
function middleOf(folder: string): string {
  const segments = segmentsIn(folder).filter(
    (file) => !readFileSync(file, "utf8").includes('"audit.sequence.number":1,'),
  );
  return segments[Math.floor(segments.length / 2)] as string;
}

/** Of the log with the most of them. */
function mostSegmentsIn(folder: string): number {
  const counts = new Map<string, number>();
  for (const file of readdirSync(folder)) {
    const [log = ""] = file.split(".");
    counts.set(log, (counts.get(log) ?? -1) + 1);
  }
  return Math.max(...counts.values());
}

const layouts = [
  ["express4", "one file", "audit.jsonl", 20],
  ["express", "one file", "audit.jsonl", 20],
  ["express", "a file for each slot", "audit-SLOT.jsonl", 6],
] as const;

describe.each(layouts)(
  "a cluster of four on %s with %s",
  { timeout: 60_000 },
  (framework, _layout, name, files) => {
    const original = mkdtempSync(join(base, "log-"));
    let copies = 0;

    beforeAll(async () => {
      const path = join(original, name);
      const before = await start(framework, path, files);
      await load(before, 3600);
      await stop(before);
      age(original);
      const left = new Set(segmentsIn(original));
      // What a deployment starts. Retention and compression find what the first one left.
      const after = await start(framework, path, files);
      await load(after, 1000);
      await until(() => !segmentsIn(original).some((file) => left.has(file)));
      await until(() => mostSegmentsIn(original) <= files);
      await stop(after);
    }, 120_000);

    /** The log once more, with something done to it. */
    function changed(change: (folder: string) => void): CommandVerdict {
      copies += 1;
      const folder = `${original}-${copies}`;
      cpSync(original, folder, { recursive: true });
      change(folder);
      return verifyByCommand(filesIn(folder), publicKey);
    }

    it("verifies, complete, over rotation, compression, retention and a restart", () => {
      const verdict = verifyByCommand(filesIn(original), publicKey);
      expect([verdictOf(verdict), faultsIn(verdict)]).toEqual([
        { status: 0, integrity: "intact", completeness: "complete" },
        [],
      ]);
      expect(filesIn(original).some((file) => file.endsWith(".gz"))).toBe(true);
      expect(segmentsIn(original).length).toBeGreaterThan(5);
      expect(verdict.streams).toHaveLength(8);
      for (const { closed, last, sealedTo } of verdict.streams)
        expect([closed, sealedTo]).toEqual([true, last]);
      // Both are there when a worker ended between compressing a segment and deleting the original.
      // What a sink says of a file that begins with the last checkpoint is behind every checkpoint.
      const { copied_records: _copied, unsealed_sink_record: _last, ...others } = verdict.counts;
      expect(Object.keys(others)).toEqual(["expired_records"]);
    });

    it("is incomplete without one of its segments, plain or compressed", () => {
      const plain = changed((folder) => rmSync(middleOf(folder)));
      expect(verdictOf(plain)).toEqual({
        status: 2,
        integrity: "intact",
        completeness: "incomplete",
      });
      expect(plain.counts["missing_records"]).toBeGreaterThan(0);
      const compressed = changed((folder) => rmSync(newestCompressed(folder)));
      // The record with the key of a stream may have been in it.
      expect(["intact", "unsigned"]).toContain(compressed.integrity);
      expect(compressed).toMatchObject({ status: 2, completeness: "incomplete" });
      // Of the streams that end in it, nothing stands behind what is missing.
      const kinds = Object.keys(compressed.counts);
      expect(kinds.some((kind) => /^(?:missing_|not_closed)/.test(kind))).toBe(true);
    });

    it("is tampered with when one bit of it is another one", () => {
      for (let round = 0; round < 4; round += 1) {
        const verdict = changed((folder) => {
          const file = middleOf(folder);
          const bytes = readFileSync(file);
          const at = Math.floor((bytes.length * (round + 0.5)) / 4);
          bytes[at] = (bytes[at] as number) ^ (1 << (2 * round));
          writeFileSync(file, bytes);
        });
        expect(verdict).toMatchObject({ status: 1, integrity: "tampered" });
      }
    });

    it("is tampered with when a record of another worker stands in the place of one", () => {
      const verdict = changed((folder) => {
        const lines = filesIn(folder).flatMap(linesOf);
        edit(middleOf(folder), (own) => {
          const at = own.findIndex((line) => line.includes("api_request"));
          const { id, number, previous } = placeOf(own[at] as string);
          const other = lines.find(
            (line) => line.includes("api_request") && placeOf(line).id !== id,
          ) as string;
          const from = placeOf(other);
          // As well forged as it can be without the key.
          return own.with(
            at,
            other
              .replaceAll(from.id, id)
              .replace(`-${from.number}"`, `-${number}"`)
              .replace(`number":${from.number},`, `number":${number},`)
              .replace(from.previous, previous),
          );
        });
      });
      expect(verdict).toMatchObject({ status: 1, integrity: "tampered" });
      expect(Object.keys(verdict.counts)).toContain("changed_record");
    });

    it("is tampered with when a record stands there once more, or in another place of its file", () => {
      const repeated = (where: (lines: string[], at: number) => readonly string[]) =>
        changed((folder) => edit(middleOf(folder), (lines) => where(lines, followedIn(lines))));
      const twice = repeated((lines, at) => [...lines, lines[at] as string]);
      expect(twice).toMatchObject({ status: 1, integrity: "tampered" });
      const behindItself = repeated((lines, at) => lines.toSpliced(at, 0, lines[at] as string));
      expect(behindItself).toMatchObject({ status: 1, integrity: "tampered" });
      const moved = repeated((lines, at) => [...lines.toSpliced(at, 1), lines[at] as string]);
      expect(moved).toMatchObject({ status: 1, integrity: "tampered" });
    });

    it("is incomplete when its tail is cut, between two lines or inside of one", () => {
      const last = (folder: string): string => join(folder, name.replace("SLOT", "0"));
      const cut = changed((folder) => edit(last(folder), (lines) => lines.slice(0, -3)));
      expect(cut).toMatchObject({ status: 2, integrity: "intact", completeness: "incomplete" });
      expect(Object.keys(cut.counts)).toContain("not_closed");
      const torn = changed((folder) => {
        const text = readFileSync(last(folder));
        writeFileSync(last(folder), text.subarray(0, -100));
      });
      expect(torn).toMatchObject({ status: 2, integrity: "intact", completeness: "incomplete" });
      expect(Object.keys(torn.counts)).toContain("torn_line");
    });
  },
);

/** The first record of a chain with another one of its worker behind it. */
function followedIn(lines: readonly string[]): number {
  const ids = lines.map((line) => placeOf(line).id);
  return ids.findIndex((id, at) => id !== "undefined" && ids.indexOf(id, at + 1) !== -1);
}

/** Where a record stands in the chain. */
function placeOf(line: string): { readonly id: string; readonly number: number; previous: string } {
  const record = JSON.parse(line) as Record<string, unknown>;
  return {
    id: String(record["audit.sequence.stream_id"]),
    number: Number(record["audit.sequence.number"]),
    previous: String(record["audit.sequence.previous_hash"]),
  };
}

function newestCompressed(folder: string): string {
  const names = readdirSync(folder).filter((file) => file.endsWith(".gz"));
  return join(folder, names.sort().at(-1) as string);
}
