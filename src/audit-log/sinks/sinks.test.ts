import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import winston from "winston";
import { type AuditSink, fileSink, stdoutSink } from "../index.js";
import type { DirectTransport } from "./direct-transport.js";

const root = resolve(__dirname, "../../..");
const build = mkdtempSync(join(tmpdir(), "audit-build-"));

// The behaviour of a process that ends needs a process: the sources are compiled once for it.
beforeAll(() => {
  const compiler = join(
    dirname(createRequire(__filename).resolve("typescript/package.json")),
    "bin/tsc",
  );
  const options = [
    "--module",
    "nodenext",
    "--target",
    "es2023",
    "--types",
    "node",
    "--skipLibCheck",
    "--ignoreConfig",
  ];
  const entry = join(root, "src/audit-log/index.ts");
  execFileSync(
    process.execPath,
    [compiler, ...options, "--rootDir", join(root, "src"), "--outDir", build, entry],
    { cwd: root },
  );
  symlinkSync(join(root, "node_modules"), join(build, "node_modules"));
});

afterAll(() => rmSync(build, { recursive: true, force: true }));

function start(script: string): ChildProcess {
  const prelude = `
    const express = require("express"), http = require("node:http");
    const { auditLog, fileSink, stdoutSink } = require("./audit-log/index.js");
    // Requests without a network, so that 2,000 of them end in one tick.
    function serve(app) {
      const request = new http.IncomingMessage(null);
      request.socket = { remoteAddress: "127.0.0.1", bytesWritten: 0 };
      request.method = "GET"; request.url = "/"; request.headers = {};
      const response = new http.ServerResponse(request);
      app(request, response);
      response.emit("finish");
    }
    function serveMany(audit, count) {
      const app = express().use(audit, (request, response) => { response.writeHead(204); });
      for (let index = 0; index < count; index += 1) serve(app);
    }
  `;
  return spawn(process.execPath, ["-e", prelude + script], {
    cwd: build,
    stdio: ["ignore", "pipe", "pipe"],
  });
}

async function ended(child: ChildProcess): Promise<{ code: number | null; stderr: string }> {
  let stderr = "";
  child.stderr?.on("data", (chunk) => {
    stderr += String(chunk);
  });
  const code = await new Promise<number | null>((done) => child.on("close", done));
  return { code, stderr };
}

function requestLines(text: string): readonly Record<string, unknown>[] {
  const records = text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
  return records.filter((record) => record["event.name"] === "api_request");
}

function newPath(): string {
  return join(mkdtempSync(join(tmpdir(), "audit-")), "audit.jsonl");
}

describe("fileSink", () => {
  const ENDS: readonly [string, string][] = [
    ["process.exit()", "process.exit(0)"],
    ["an uncaught exception", 'throw new Error("crash")'],
    ["an unhandled rejection", 'Promise.reject(new Error("crash"))'],
    [
      "SIGTERM with a listener",
      'process.on("SIGTERM", () => process.exit(0)); process.kill(process.pid, "SIGTERM"); setTimeout(() => {}, 1000)',
    ],
    ["the end of all work", ""],
    ["close()", "void audit.close().then(() => process.kill(process.pid, 'SIGKILL'))"],
  ];
  const KILLS: readonly [string, string][] = ["SIGTERM", "SIGKILL"].map((signal) => [
    signal,
    `process.kill(process.pid, "${signal}"); setTimeout(() => {}, 1000)`,
  ]);

  async function recordsAfter(write: string, end: string): Promise<number> {
    const path = newPath();
    const child = start(`
      const audit = auditLog({ sinks: [fileSink({ path: ${JSON.stringify(path)}, write: "${write}" })] });
      serveMany(audit, 2000);
      ${end}`);
    child.stdout?.resume();
    await ended(child);
    return requestLines(readFileSync(path, "utf8")).length;
  }

  it.each(ENDS)(
    'has all of 2,000 records of a "turn" after %s in the same turn',
    async (_name, end) => {
      expect(await recordsAfter("turn", end)).toBe(2000);
    },
  );

  it.each([...ENDS.slice(0, 2), ...KILLS])(
    'has all of 2,000 records with "record" after %s in the same turn',
    async (_name, end) => {
      expect(await recordsAfter("record", end)).toBe(2000);
    },
  );

  it.each([
    ["turn", 10],
    ["record", 15],
  ])('lacks with "%s" only what the turn of a SIGKILL brought', async (write, expected) => {
    const path = newPath();
    const child = start(`
      const audit = auditLog({ sinks: [fileSink({ path: ${JSON.stringify(path)}, write: "${write}" })] });
      setTimeout(() => {
        serveMany(audit, 10);
        setTimeout(() => {
          serveMany(audit, 5);
          process.kill(process.pid, "SIGKILL");
        }, 1);
      });
    `);
    child.stdout?.resume();
    await ended(child);
    const text = readFileSync(path, "utf8");
    expect(text.endsWith("\n")).toBe(true);
    expect(requestLines(text)).toHaveLength(expected);
  });

  it("writes at once what listeners of the exit bring, whether they are called first or last", async () => {
    const path = newPath();
    const child = start(`
      const audit = auditLog({ sinks: [fileSink({ path: ${JSON.stringify(path)} })] });
      process.on("exit", () => serveMany(audit, 3));
      serveMany(audit, 2);
      process.on("exit", () => serveMany(audit, 4));
      process.exit();
    `);
    child.stdout?.resume();
    expect((await ended(child)).code).toBe(0);
    expect(requestLines(readFileSync(path, "utf8"))).toHaveLength(9);
  });

  it("does not keep the process alive, and has its records before it asks for more work", async () => {
    const path = newPath();
    const child = start(`
      const audit = auditLog({ sinks: [fileSink({ path: ${JSON.stringify(path)} })] });
      serveMany(audit, 3);
      process.once("beforeExit", () => {
        const lines = require("node:fs").readFileSync(${JSON.stringify(path)}, "utf8").split("\\n").length;
        process.stderr.write("lines " + (lines - 1) + " pending " + audit.stats().pending);
      });
    `);
    child.stdout?.resume();
    expect(await ended(child)).toEqual({ code: 0, stderr: "lines 4 pending 0" });
  });

  it("makes the file readable for its owner only, and appends to what is there", () => {
    const path = newPath();
    const sink = fileSink({ path }) as DirectTransport;
    sink.writeLine("a");
    sink.close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const again = fileSink({ path }) as DirectTransport;
    again.writeLine("b");
    again.close();
    expect(readFileSync(path, "utf8")).toBe("a\nb\n");
    expect(() => again.writeLine("c")).toThrow("closed");
    expect(() => again.close()).not.toThrow();
  });

  it("starts on a line of its own when the file ends in the middle of one", () => {
    const path = newPath();
    writeFileSync(path, '{"torn":');
    const sink = fileSink({ path }) as DirectTransport;
    sink.writeLine("a");
    sink.writeLine("b");
    sink.close();
    expect(readFileSync(path, "utf8")).toBe('{"torn":\na\nb\n');
  });

  it.each(["turn", "record"])(
    'shares a file with other processes without mixing lines, with "%s"',
    async (write) => {
      const path = newPath();
      const sink = `fileSink({ path: ${JSON.stringify(path)}, write: "${write}" })`;
      const script = `serveMany(auditLog({ sinks: [${sink}] }), 2000)`;
      await Promise.all([start(script), start(script), start(script)].map(ended));
      expect(requestLines(readFileSync(path, "utf8"))).toHaveLength(6000);
    },
  );

  it("refuses a named pipe, which would make the start wait for its reader", () => {
    const path = newPath();
    execFileSync("mkfifo", [path]);
    expect(() => fileSink({ path })).toThrow("it is a pipe or a socket");
  });

  it("works in a winston logger of the app", () => {
    const path = newPath();
    const sink = fileSink({ path });
    const logger = winston.createLogger({
      format: winston.format.json(),
      transports: [sink as winston.transport],
    });
    logger.info("hello", { a: 1 });
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual({
      a: 1,
      level: "info",
      message: "hello",
    });
  });

  it("does not end a winston logger of the app when it fails", () => {
    const warnings: unknown[] = [];
    const sink: AuditSink = fileSink({ path: "/dev/full" });
    const logger = winston.createLogger({ transports: [sink as winston.transport] });
    logger.on("warn", (error) => warnings.push(error));
    logger.info("a");
    logger.info("b");
    expect(warnings).toHaveLength(2);
  });
});

describe("stdoutSink", () => {
  it.each([
    ["at once", 0],
    ["late", 300],
  ])(
    "has given all of 2,000 records to a pipe that is read %s when the process exits",
    async (_name, delay) => {
      const child = start("serveMany(auditLog({ sinks: [stdoutSink()] }), 2000); process.exit(0)");
      const closed = ended(child);
      await wait(delay);
      let text = "";
      child.stdout?.on("data", (chunk) => {
        text += String(chunk);
      });
      expect(await closed).toEqual({ code: 0, stderr: "" });
      expect(requestLines(text)).toHaveLength(2000);
    },
  );

  it("goes on when a stalled reader comes back, in order, without stalling the process meanwhile", async () => {
    const child = start(`
      const audit = auditLog();
      const begin = performance.now();
      serveMany(audit, 1500);
      process.stderr.write("served " + (audit.stats().pending > 0));
      setTimeout(async () => { await audit.close(); process.stderr.write(" lost " + audit.stats().lost); }, 50);
    `);
    const closed = ended(child);
    // Nothing reads the pipe until the process says that all requests are served.
    await new Promise((done) => child.stderr?.once("data", done));
    let text = "";
    child.stdout?.on("data", (chunk) => {
      text += String(chunk);
    });
    const { stderr } = await closed;
    expect(stderr).toBe("served true lost 0");
    const numbers = requestLines(text).map((record) =>
      Number(String(record["audit.record.id"]).replace(/^.*-/, "")),
    );
    expect(numbers).toEqual(Array.from({ length: 1500 }, (_, index) => index + 2));
    expect(text.trim().split("\n").at(-1)).toContain("sys_monitor_disabled");
  });

  it("holds a bounded amount for a reader that never comes back, counts the rest, and lets the process exit", async () => {
    const child = start(`
      const audit = auditLog();
      serveMany(audit, 22000);
      const { lost, pending } = audit.stats();
      process.stderr.write(JSON.stringify({ lost: lost > 1000, bounded: pending < 21000 }));
      process.exitCode = 3;
    `);
    child.stdout?.pause();
    // Some of what it has said may come behind the event of its exit.
    const [stderr, [code]] = await Promise.all([
      text(child.stderr as Readable),
      once(child, "exit"),
    ]);
    expect(code).toBe(3);
    child.stdout?.destroy();
    expect(stderr).toContain(
      "auditLog.sinks[0] (stdoutSink) failed: ENOBUFS; 1 record lost so far",
    );
    expect(stderr).toContain('{"lost":true,"bounded":true}');
  });

  it("survives a reader that goes away", async () => {
    const child = start(`
      const audit = auditLog();
      setTimeout(() => { serveMany(audit, 5); process.stderr.write("lost " + audit.stats().lost); }, 200);
    `);
    child.stdout?.destroy();
    const { code, stderr } = await ended(child);
    expect(code).toBe(0);
    expect(stderr).toMatch(/EPIPE.*\n.*lost [56](?!\d)/);
  });

  it("keeps whole lines beside the app's own output", async () => {
    const child = start(`
      const audit = auditLog();
      for (let round = 0; round < 100; round += 1) {
        process.stdout.write(JSON.stringify({ "event.name": "app", text: "x".repeat(5000) }) + "\\n");
        serveMany(audit, 10);
      }
    `);
    const closed = ended(child);
    await wait(200);
    let text = "";
    child.stdout?.on("data", (chunk) => {
      text += String(chunk);
    });
    await closed;
    expect(requestLines(text)).toHaveLength(1000);
  });

  it("is an ordinary transport with nothing to wait for when nobody is behind", () => {
    expect((stdoutSink() as DirectTransport).pending).toBe(0);
  });
});
