import { type ChildProcess, spawn } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";

const ROOT = resolve(__dirname, "../..");

/** What each process begins with. Its arguments: the options of the file sink, and the name of Express. */
const PRELUDE = `
  const fs = require("node:fs"), http = require("node:http");
  const { auditLog, fileSink } = require(${JSON.stringify(`${ROOT}/dist/audit-log/index.js`)});
  const express = require(process.argv.at(-1));
  const options = JSON.parse(process.argv.at(-2));
  // Requests without a network, so that many of them end in one turn.
  function serveMany(audit, count) {
    const app = express().use(audit, (request, response) => response.writeHead(204));
    for (let index = 0; index < count; index += 1) {
      const request = new http.IncomingMessage(null);
      const socket = { remoteAddress: "127.0.0.1", bytesWritten: 0 };
      Object.assign(request, { method: "GET", url: "/", headers: {}, socket });
      const response = new http.ServerResponse(request);
      app(request, response);
      response.emit("finish");
    }
  }
  function killAt(place, name, times = 1) {
    const call = place[name];
    let left = times;
    return (before) => {
      place[name] = (...args) => {
        left -= 1;
        if (left === 0 && before) process.kill(process.pid, "SIGKILL");
        const result = call(...args);
        if (left === 0 && !before) {
          const kill = () => process.kill(process.pid, "SIGKILL");
          if (typeof result?.then === "function") return result.then(kill);
          kill();
        }
        return result;
      };
    };
  }
`;

interface Files {
  readonly directory: string;
  readonly path: string;
}

function newFiles(): Files {
  const directory = mkdtempSync(join(tmpdir(), "audit-files-"));
  return { directory, path: join(directory, "audit.jsonl") };
}

function start(script: string, options: object, framework = "express"): ChildProcess {
  const file = join(mkdtempSync(join(tmpdir(), "audit-script-")), "main.js");
  writeFileSync(
    file,
    `module.paths.push(${JSON.stringify(`${ROOT}/node_modules`)});${PRELUDE}${script}`,
  );
  return spawn(process.execPath, [file, JSON.stringify(options), framework], {
    cwd: ROOT,
    stdio: ["ignore", "ignore", "pipe"],
  });
}

async function ended(child: ChildProcess): Promise<string> {
  let stderr = "";
  child.stderr?.on("data", (chunk) => {
    stderr += String(chunk);
  });
  await new Promise((done) => child.on("close", done));
  return stderr;
}

/**
 * All lines, in the order of the files. A segment that is there twice counts once. Where one process opens the file while
 * another one stands still in the middle of a line, an empty line follows that line: it is none of the log.
 */
function linesIn({ directory }: Files, name = "audit"): readonly string[] {
  const files = readdirSync(directory).filter(
    (file) => file.startsWith(`${name}.`) && !file.endsWith(".tmp"),
  );
  const segments = files.filter(
    (file) => !files.includes(file.replace(/\.gz$/, "")) || !file.endsWith(".gz"),
  );
  return segments.sort().flatMap((file) => {
    const bytes = readFileSync(join(directory, file));
    const text = (file.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString();
    expect(text === "" || text.endsWith("\n")).toBe(true);
    return text.split("\n").filter((line) => line !== "");
  });
}

/** The numbers of the records of each stream, in order. Every line is whole. */
function streamsIn(lines: readonly string[]): ReadonlyMap<string, readonly number[]> {
  const streams = new Map<string, number[]>();
  for (const line of lines) {
    const record = JSON.parse(line);
    const [, stream = "", number] = /^(.*)-(\d+)$/.exec(record["audit.record.id"]) ?? [];
    if (stream.includes(".")) continue;
    streams.set(stream, [...(streams.get(stream) ?? []), Number(number)]);
  }
  for (const numbers of streams.values()) numbers.sort((one, other) => one - other);
  return streams;
}

function upTo(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

/** As if the files had been there for an hour. */
function age({ directory }: Files): void {
  for (const file of readdirSync(directory)) {
    const hourAgo = Date.now() / 1000 - 3600;
    utimesSync(join(directory, file), hourAgo, hourAgo);
  }
}

const frameworks = [
  ["4", "express4"],
  ["5", "express"],
] as const;

describe.each(frameworks)("log files that are rotated, on Express %s", (_major, framework) => {
  it.each([
    ["turn", "process.exit(0)"],
    ["record", "process.exit(0)"],
    ["turn", 'throw new Error("crash")'],
    [
      "turn",
      'process.on("SIGTERM", () => process.exit(0)); process.kill(process.pid, "SIGTERM"); setTimeout(() => {}, 1000)',
    ],
    ["record", 'process.kill(process.pid, "SIGTERM"); setTimeout(() => {}, 1000)'],
    ["record", 'process.kill(process.pid, "SIGKILL"); setTimeout(() => {}, 1000)'],
    ["turn", "void audit.close()"],
  ])("have all of 2,000 records of a turn with %s after %s", async (write, end) => {
    const files = newFiles();
    const options = { path: files.path, write, rotate: { size: "100kb" } };
    const script = `
      const audit = auditLog({ sinks: [fileSink(options)] });
      serveMany(audit, 2000);
      ${end}`;
    await ended(start(script, options, framework));
    const requests = linesIn(files).filter((line) => line.includes('"api_request"'));
    expect(requests).toHaveLength(2000);
    expect(readdirSync(files.directory).length).toBeGreaterThan(5);
    for (const file of readdirSync(files.directory))
      expect(statSync(join(files.directory, file)).size).toBeLessThanOrEqual(102_400);
  });
});

describe("four processes of a cluster", () => {
  const CLUSTER = `
    const cluster = require("node:cluster");
    if (cluster.isPrimary) {
      for (let slot = 0; slot < 4; slot += 1) cluster.fork({ SLOT: String(slot) });
    } else {
      const path = options.path.replace("SLOT", process.env.SLOT);
      const audit = auditLog({ sinks: [fileSink({ ...options, path })] });
      let rounds = 0;
      const timer = setInterval(async () => {
        serveMany(audit, 20);
        rounds += 1;
        if (rounds < 100) return;
        clearInterval(timer);
        await audit.close();
        process.stderr.write(JSON.stringify(audit.stats()));
        process.disconnect();
      }, 25);
    }`;

  it.each([
    ["turn", "audit"],
    ["record", "audit"],
    ["turn", "audit-SLOT"],
  ])(
    'lose no record, tear none and write none twice, with "%s" and rotation of %s.jsonl',
    { timeout: 60_000 },
    async (write, name) => {
      const files = newFiles();
      const options = {
        path: join(files.directory, `${name}.jsonl`),
        write,
        rotate: { size: "50kb" },
        retention: { files: 1000 },
        gzip: true,
      };
      const stderr = await ended(start(CLUSTER, options));
      expect(stderr.match(/"lost":0,"pending":0/g)).toHaveLength(4);
      const names = name === "audit" ? ["audit"] : ["audit-0", "audit-1", "audit-2", "audit-3"];
      for (const one of names) {
        const streams = streamsIn(linesIn(files, one));
        expect(streams.size).toBe(4 / names.length);
        for (const numbers of streams.values()) expect(numbers).toEqual(upTo(2002));
      }
      expect(readdirSync(files.directory).length).toBeGreaterThan(20);
    },
  );
});

describe("a process that ends by itself", () => {
  it("first completes the compression that it has begun", async () => {
    const files = newFiles();
    const options = { path: files.path, write: "record", rotate: { size: "20kb" } };
    await ended(start("serveMany(auditLog({ sinks: [fileSink(options)] }), 200)", options));
    age(files);
    const script = "serveMany(auditLog({ sinks: [fileSink(options)] }), 1)";
    await ended(start(script, { ...options, rotate: { size: "1mb" }, gzip: true }));
    const closed = readdirSync(files.directory).filter((file) => file !== "audit.jsonl");
    expect(closed.length).toBeGreaterThan(3);
    expect(closed.filter((file) => !file.endsWith(".jsonl.gz"))).toEqual([]);
    expect([...streamsIn(linesIn(files)).values()].map(({ length }) => length)).toEqual([201, 2]);
  });
});

describe("a process that is killed", () => {
  const AFTER = `
    const audit = auditLog({ sinks: [fileSink(options)] });
    serveMany(audit, 3);
    const done = setInterval(async () => {
      const left = fs.readdirSync(require("node:path").dirname(options.path));
      if (options.gzip && left.some((file) => /(Z\\.[0-9a-f]{8}\\.jsonl|\\.tmp)$/.test(file))) return;
      clearInterval(done);
      await audit.close();
    }, 10);`;

  it.each<[string, string]>([
    ["in front of the rename", 'killAt(fs, "renameSync", 2)(true)'],
    ["behind the rename", 'killAt(fs, "renameSync", 2)(false)'],
    [
      "behind the new file is opened",
      'const kill = killAt(fs, "openSync", 1); const call = fs.renameSync; fs.renameSync = (...args) => { call(...args); fs.renameSync = call; kill(false); }',
    ],
    [
      "behind the first line of the new file",
      'const call = fs.renameSync; fs.renameSync = (...args) => { call(...args); killAt(fs, "writeSync", 1)(false); }',
    ],
    ["in front of the end of the old file", 'killAt(fs, "closeSync", 12)(true)'],
  ])("%s of a rotation has lost no record, and the next one goes on", async (_where, kill) => {
    const files = newFiles();
    const options = { path: files.path, write: "record", rotate: { size: "10kb" } };
    const script = `
      const audit = auditLog({ sinks: [fileSink(options)] });
      serveMany(audit, 5);
      ${kill};
      for (;;) serveMany(audit, 1);`;
    const child = start(script, options);
    await ended(child);
    expect(child.signalCode).toBe("SIGKILL");
    const [[stream, numbers] = ["", []]] = streamsIn(linesIn(files));
    expect(numbers.length).toBeGreaterThan(6);
    expect(numbers).toEqual(upTo(numbers.length));
    await ended(start(AFTER, { ...options, gzip: false }));
    const streams = streamsIn(linesIn(files));
    expect(streams.get(stream)).toEqual(numbers);
    expect([...streams.values()].map(({ length }) => length)).toEqual([numbers.length, 5]);
    expect(existsSync(files.path)).toBe(true);
  });

  it.each<[string, string]>([
    ["in the middle of it", 'killAt(require("node:fs/promises"), "open", 2)(false)'],
    ["in front of the rename", 'killAt(require("node:fs/promises"), "rename")(true)'],
    ["behind the rename", 'killAt(require("node:fs/promises"), "rename")(false)'],
    ["in front of the end of the segment", 'killAt(require("node:fs/promises"), "unlink")(true)'],
    ["behind the end of the segment", 'killAt(require("node:fs/promises"), "unlink")(false)'],
  ])(
    "%s of a compression has lost no record, and the next one completes it",
    async (_where, kill) => {
      const files = newFiles();
      const options = { path: files.path, write: "record", rotate: { size: "20kb" } };
      await ended(start("serveMany(auditLog({ sinks: [fileSink(options)] }), 200)", options));
      const before = linesIn(files);
      age(files);
      const script = `
      ${kill};
      serveMany(auditLog({ sinks: [fileSink(options)] }), 1);
      setTimeout(() => {}, 10_000);`;
      const child = start(script, { ...options, gzip: true });
      await ended(child);
      expect(child.signalCode).toBe("SIGKILL");
      expect(linesIn(files)).toEqual(expect.arrayContaining([...before]));
      age(files);
      await ended(start(AFTER, { ...options, gzip: true }));
      const streams = [...streamsIn(linesIn(files)).values()];
      expect(streams.map(({ length }) => length)).toEqual([201, 2, 5]);
      expect(streams[0]).toEqual(upTo(201));
      const left = readdirSync(files.directory).filter((file) => file !== "audit.jsonl");
      expect(left.every((file) => file.endsWith(".jsonl.gz"))).toBe(true);
    },
  );
});
