import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const ROOT = resolve(__dirname, "../../..");
/** How many requests a service gets. */
export const COUNT = 2000;

/**
 * A service that gets 2,000 requests over the network. Its arguments: the major of Express, a folder for its files. It
 * says on its standard output, one line each, what it is asked to: the tests read the last one.
 */
const PRELUDE = `
  const http = require("node:http"), fs = require("node:fs"), { join } = require("node:path");
  const { subscribe } = require("node:diagnostics_channel");
  const { setTimeout: wait } = require("node:timers/promises");
  const [framework, folder] = process.argv.slice(1);
  const express = require(framework);
  const { auditLog, fileSink } = require("./dist/audit-log/index.js");
  const Transport = require("winston-transport");
  const path = join(folder, "audit.jsonl");
  const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
  const say = (what) => fs.writeSync(1, JSON.stringify(what) + "\\n");
  function sendOne(port, url = "/") {
    return new Promise((done) => {
      http.get({ port, agent, path: url }, (answer) => answer.resume().on("end", () => done(answer.statusCode)))
        .on("error", () => done(0));
    });
  }
  /** Serves and sends so many requests; handler and what happens after so many of them are given. */
  async function serve(audit, { count = ${COUNT}, handler = (request, response) => response.end(), at = {} } = {}) {
    const app = express();
    app.use(audit, handler);
    const server = app.listen(0, "127.0.0.1");
    await new Promise((ready) => server.on("listening", ready));
    const { port } = server.address();
    const statuses = {};
    let sent = 0;
    async function client() {
      while (sent < count) {
        sent += 1;
        at[sent]?.();
        const status = await sendOne(port);
        statuses[status] = (statuses[status] ?? 0) + 1;
      }
    }
    await Promise.all(Array.from({ length: 16 }, client));
    server.close();
    agent.destroy();
    return statuses;
  }
  /** What the log holds, in bytes of its queues and in open calls: memory that a collector of garbage cannot blur. */
  function held(audit) { return audit.stats().sinks.map(({ pending }) => pending); }
`;

/** How a service ended. */
export interface ServiceRun {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What it said last. */
  readonly said: unknown;
  readonly stderr: string;
  readonly folder: string;
}

/** Runs a script behind the prelude. */
export async function runService(
  framework: string,
  script: string,
  whileRunning?: (child: ReturnType<typeof spawn>) => void,
): Promise<ServiceRun> {
  const folder = mkdtempSync(join(tmpdir(), "audit-"));
  const child = spawn(process.execPath, ["-e", `${PRELUDE}${script}`, framework, folder], {
    cwd: ROOT,
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk) => {
    stdout += String(chunk);
  });
  child.stderr.on("data", (chunk) => {
    stderr += String(chunk);
  });
  whileRunning?.(child);
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((done) =>
    child.on("close", (...how) => done(how)),
  );
  const last = stdout.trim().split("\n").at(-1) ?? "";
  return { code, signal, said: last === "" ? undefined : JSON.parse(last), stderr, folder };
}

/** The records of a file. */
export function recordsIn(file: string): readonly Record<string, unknown>[] {
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}

/** How many records of requests are in a file of the folder. */
export function requestsIn({ folder }: ServiceRun, file = "audit.jsonl"): number {
  return recordsIn(join(folder, file)).filter((record) => "http.request.id" in record).length;
}
