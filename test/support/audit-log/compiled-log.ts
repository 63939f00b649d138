import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll } from "vitest";

const root = resolve(__dirname, "../../..");
const OPTIONS = "--module nodenext --target es2023 --types node --skipLibCheck --ignoreConfig";

/** What ended a process, and what it said. */
export interface EndedProcess {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Compiles the audit log for the tests of a file: how a process ends needs a process.
 *
 * @returns A function that runs a script in one, with everything that `audit-log` exports, `express`, `crypto` and
 * `serve(audit, count)`, which serves so many requests in one tick.
 */
export function compiledLog(): (script: string) => ChildProcess {
  const build = mkdtempSync(join(tmpdir(), "audit-build-"));

  beforeAll(() => {
    const require = createRequire(__filename);
    const compiler = join(dirname(require.resolve("typescript/package.json")), "bin/tsc");
    const entry = join(root, "src/audit-log/index.ts");
    const paths = ["--rootDir", join(root, "src"), "--outDir", build, entry];
    execFileSync(process.execPath, [compiler, ...OPTIONS.split(" "), ...paths], { cwd: root });
    symlinkSync(join(root, "node_modules"), join(build, "node_modules"));
  }, 120_000);
  afterAll(() => rmSync(build, { recursive: true, force: true }));

  const prelude = `
    const express = require("express"), http = require("node:http"), crypto = require("node:crypto");
    const { auditLog, fileSink, stdoutSink } = require("./audit-log/index.js");
    function serve(audit, count) {
      const app = express().use(audit, (request, response) => { response.writeHead(204); });
      for (let index = 0; index < count; index += 1) {
        const request = new http.IncomingMessage(null);
        request.socket = { remoteAddress: "127.0.0.1", bytesWritten: 0 };
        Object.assign(request, { method: "GET", url: "/", headers: {} });
        const response = new http.ServerResponse(request);
        app(request, response);
        response.emit("finish");
      }
    }
  `;
  return function start(script) {
    return spawn(process.execPath, ["-e", prelude + script], {
      cwd: build,
      stdio: ["ignore", "pipe", "pipe"],
    });
  };
}

/** Waits for the end of a process. */
export function ended(child: ChildProcess): Promise<EndedProcess> {
  const texts = { stdout: "", stderr: "" };
  child.stdout?.on("data", (chunk) => {
    texts.stdout += String(chunk);
  });
  child.stderr?.on("data", (chunk) => {
    texts.stderr += String(chunk);
  });
  return new Promise((resolve) =>
    child.on("close", (code, signal) => resolve({ code, signal, ...texts })),
  );
}
