import { spawn } from "node:child_process";
import { generateKeyPairSync, randomInt } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { verifyByCommand } from "../support/audit-log/verify-command.js";
import { root } from "../support/package-manifest.js";

/** How many random moments of each kind: more by hand than each time. */
const ROUNDS = Number(process.env["AUDIT_ENDS"] ?? 1);

const owner = generateKeyPairSync("ed25519");
const pem = owner.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const base = mkdtempSync(join(tmpdir(), "audit-ends-"));
const publicKey = join(base, "public.pem");
writeFileSync(publicKey, owner.publicKey.export({ type: "spki", format: "pem" }));
afterAll(() => rmSync(base, { recursive: true, force: true }));

/**
 * Serves until it is ended. It counts by itself what began, what was answered, and what was answered when the last turn
 * of the event loop ended, in a file that outlives it: three numbers of 10 digits each.
 */
const SERVICE = `
  const fs = require("node:fs");
  const real = fs.writeSync;
  const [framework, path, write, disk, end, at, signingKey] = process.argv.slice(1);
  let full = false;
  // A disk that is full every now and then.
  fs.writeSync = (to, ...rest) => {
    if (full && to > 2) throw Object.assign(new Error("full"), { code: "ENOSPC" });
    return real(to, ...rest);
  };
  const { auditLog, fileSink } = require("./dist/audit-log/index.js");
  const counts = fs.openSync(path + ".counts", "w");
  const state = { started: 0, answered: 0, turn: 0 };
  const save = () => real(counts, Object.values(state).map((n) => String(n).padStart(10, "0")).join(""), 0);
  const sinks = [fileSink({ path, write })];
  const integrity = disk === "well" ? { signingKey, checkpointEvery: 100 } : "chain";
  const audit = auditLog({ sinks, integrity, alerts: false });
  const app = require(framework)();
  let due = false, waiting = false, closing = false;
  setTimeout(() => { due = true; }, Number(at));
  // Its listener is in front of that of the log.
  if (end === "exit-in-front") app.use((request, response, next) => {
    response.on("finish", () => { if (due) process.exit(3); });
    next();
  });
  app.use(audit, (request, response) => {
    state.started += 1;
    response.on("finish", () => {
      state.answered += 1;
      save();
      if (!waiting) {
        waiting = true;
        // The log has asked for the end of this turn before.
        setImmediate(() => { waiting = false; state.turn = state.answered; save(); });
      }
      if (due && end === "exit-in-finish") process.exit(3);
    });
    if (due) switch (end) {
      case "exit-in-handler": return process.exit(3);
      case "rejection": void Promise.reject(new Error("x")); break;
      case "throw-in-tick": process.nextTick(() => { throw new Error("x"); }); break;
      case "throw-in-microtask": queueMicrotask(() => { throw new Error("x"); }); break;
    }
    const answer = () => {
      if (closing) response.setHeader("connection", "close");
      response.end("{}");
    };
    if (state.started % 3 === 0) setImmediate(answer);
    else if (state.started % 5 === 0) setTimeout(answer, 2);
    else answer();
  });
  if (end === "throw-in-timer") setTimeout(() => { throw new Error("x"); }, Number(at));
  if (end === "signal-and-exit") for (const name of ["SIGTERM", "SIGINT"]) process.on(name, () => process.exit(0));
  const server = app.listen(0, "127.0.0.1", () => console.log(server.address().port));
  if (end === "close") process.on("SIGTERM", () => {
    closing = true;
    server.close(() => void audit.close().then(() => process.exit(0)));
    server.closeIdleConnections();
  });
  if (disk === "full-at-times") setInterval(() => { full = !full; }, 9);
  process.on("exit", () => {
    const { records, lost } = audit.stats();
    real(1, JSON.stringify({ ...state, records, lost }) + "\\n");
  });
`;

interface Ended {
  readonly path: string;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Requests that began in the service, that it answered, and that it had answered at the end of the last turn. */
  readonly counts: readonly [started: number, answered: number, turn: number];
  /** Answers that reached a client as a whole. */
  readonly received: number;
  /** What the service said when it ended: nothing when it had no chance to. */
  readonly last:
    | { readonly started: number; readonly records: number; readonly lost: number }
    | undefined;
  readonly stderr: string;
}

/** Runs the service under load until it is ended. */
async function run(
  framework: string,
  write: string,
  disk: string,
  end: string,
  signal?: NodeJS.Signals,
): Promise<Ended> {
  const path = join(mkdtempSync(join(base, "run-")), "audit.jsonl");
  const at = randomInt(20, 400);
  const args = ["-e", SERVICE, framework, path, write, disk, end, `${at}`, pem];
  const child = spawn(process.execPath, args, { cwd: root });
  const agent = new Agent({ keepAlive: true, maxSockets: 12 });
  let [stdout, stderr, received, over] = ["", "", 0, false];
  child.stderr.on("data", (text) => {
    stderr += String(text);
  });
  const ended = new Promise<[number | null, NodeJS.Signals | null]>((done) =>
    child.on("close", (...how) => done(how)),
  );
  const port = await new Promise<number>((done) => {
    child.stdout.on("data", (text) => {
      stdout += String(text);
      done(Number(stdout.split("\n")[0]));
    });
  });
  async function client(): Promise<void> {
    while (!over) if (await isAnswered(port, agent)) received += 1;
  }
  const clients = Array.from({ length: 12 }, client);
  if (signal !== undefined) setTimeout(() => child.kill(signal), at);
  const [code, by] = await ended;
  over = true;
  agent.destroy();
  await Promise.all(clients);
  const [started = 0, answered = 0, turn = 0] =
    readFileSync(`${path}.counts`, "utf8").match(/.{10}/g)?.map(Number) ?? [];
  const said = stdout.trim().split("\n")[1];
  const last = said === undefined ? undefined : JSON.parse(said);
  return { path, code, signal: by, counts: [started, answered, turn], received, last, stderr };
}

function isAnswered(port: number, agent: Agent): Promise<boolean> {
  return new Promise((done) => {
    get({ port, agent }, (answer) => {
      answer.resume().on("close", () => done(answer.complete));
    }).on("error", () => setImmediate(done, false));
  });
}

type Line = Record<string, unknown>;

function recordsIn(path: string): readonly Line[] {
  const text = readFileSync(path, "utf8");
  expect(text).toMatch(/\n$|^$/);
  return text
    .split("\n")
    .slice(0, -1)
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

function requestsIn(records: readonly Line[]): readonly Line[] {
  return records.filter((record) => "http.request.id" in record);
}

const CODED: readonly (readonly [end: string, signal: NodeJS.Signals | undefined, code: number])[] =
  [
    ["signal-and-exit", "SIGTERM", 0],
    ["signal-and-exit", "SIGINT", 0],
    ["throw-in-timer", undefined, 1],
    ["throw-in-tick", undefined, 1],
    ["throw-in-microtask", undefined, 1],
    ["rejection", undefined, 1],
    ["exit-in-handler", undefined, 3],
    ["exit-in-finish", undefined, 3],
    ["exit-in-front", undefined, 3],
  ];

const rounds = Array.from({ length: ROUNDS }, (_, round) => round);
const cases = ["turn", "record"].map((write, index) => [
  write,
  ["express4", "express"][index] as string,
]) as readonly [string, string][];

describe.each(cases)('at a random moment under load, with write "%s" on %s', (write, framework) => {
  it.each(CODED)(
    "%s %s leaves a record of every request, sealed",
    { timeout: 20_000 * ROUNDS },
    async (end, signal, code) => {
      for (const _round of rounds) {
        const { path, counts, received, last, ...how } = await run(
          framework,
          write,
          "well",
          end,
          signal,
        );
        expect(how.code).toBe(code);
        const [, answered] = counts;
        const requests = requestsIn(recordsIn(path));
        const open = requests.filter((record) => record["audit.ending"] === "still_open");
        expect(requests).toHaveLength(last?.started ?? -1);
        expect(requests.length - open.length).toBe(answered);
        // The last answers may have left before their event came: they are open for the log.
        expect(received).toBeLessThanOrEqual(requests.length);
        expect(last?.lost).toBe(0);
        const verdict = verifyByCommand([path], publicKey);
        expect(verdict).toMatchObject({
          status: 2,
          integrity: "intact",
          counts: { not_closed: 1 },
        });
        expect(Object.keys(verdict.counts)).toEqual(["not_closed"]);
      }
    },
  );

  it.each(CODED)(
    "%s %s, while the disk is full at times, leaves lines and a count that make up all requests",
    { timeout: 20_000 * ROUNDS },
    async (end, signal) => {
      for (const _round of rounds) {
        const { path, last, stderr } = await run(framework, write, "full-at-times", end, signal);
        const records = recordsIn(path);
        const numbered = records.filter((record) => "audit.sequence.number" in record);
        const { started = 0, lost = 0, records: made } = last ?? {};
        // The record of the start, and one of each request.
        expect(made).toBe(1 + started);
        expect(numbered.length + lost).toBe(made);
        const told = [...stderr.matchAll(/; (\d+) records? lost so far$/gm)].at(-1)?.[1];
        expect(Number(told ?? 0)).toBe(lost);
        const inLog = records.reduce(
          (sum, record) => sum + Number(record["audit.lost.count"] ?? 0),
          0,
        );
        expect(inLog).toBeLessThanOrEqual(lost);
      }
    },
  );

  it("close() leaves a log that is complete", { timeout: 20_000 * ROUNDS }, async () => {
    for (const _round of rounds) {
      const { path, counts, code } = await run(framework, write, "well", "close", "SIGTERM");
      expect(code).toBe(0);
      expect(requestsIn(recordsIn(path)).length).toBe(counts[0]);
      expect(verifyByCommand([path], publicKey).status).toBe(0);
    }
  });

  it.each(["SIGKILL", "SIGTERM"] as const)(
    "%s without a listener leaves all but the current turn, and the verifier tells of the tail",
    { timeout: 20_000 * ROUNDS },
    async (signal) => {
      for (const _round of rounds) {
        const { path, counts, signal: by } = await run(framework, write, "well", "none", signal);
        expect(by).toBe(signal);
        const [, answered, turn] = counts;
        const requests = requestsIn(recordsIn(path)).length;
        expect(requests).toBeGreaterThanOrEqual(write === "record" ? answered : turn);
        const verdict = verifyByCommand([path], publicKey);
        expect(verdict).toMatchObject({ status: 2, completeness: "incomplete" });
        const none = verdict.records === 0;
        expect(verdict.counts).toMatchObject(none ? { no_records: 1 } : { not_closed: 1 });
        const [stream] = verdict.streams;
        // It may have come before the first checkpoint.
        expect(verdict.integrity).toBe((stream?.sealedTo ?? 0) === 0 ? "unsigned" : "intact");
        const tail = verdict.findings.find(({ kind }) => kind === "unsealed_tail");
        if (stream?.sealedTo === stream?.last) expect(tail).toBeUndefined();
        else expect(tail).toMatchObject({ first: (stream?.sealedTo ?? 0) + 1, last: stream?.last });
      }
    },
  );
});
