import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import express from "express";
import { afterAll, describe, expect, it } from "vitest";
import { errorHandler, notFound } from "../../src/errors/index.js";
import { secureHeaders } from "../../src/secure-headers/index.js";
import { manifest, root } from "../support/package-manifest.js";
import { serve } from "../support/scan.js";

const command = join(
  root,
  (manifest as { bin?: Record<string, string> }).bin?.[manifest.name] ?? "",
);
const folder = mkdtempSync(join(tmpdir(), "scan-command-"));
afterAll(() => rmSync(folder, { recursive: true }));

const good = express()
  .use(secureHeaders())
  .get("/", (_req, res) => void res.json({}))
  .use(notFound())
  .use(errorHandler());
/** Two findings of 5 points: 90, grade A. */
const weak = express()
  .use(secureHeaders())
  .use((_req, res, next) => {
    res.removeHeader("Cross-Origin-Resource-Policy");
    res.removeHeader("X-Content-Type-Options");
    next();
  })
  .get("/", (_req, res) => void res.json({}))
  .use(notFound())
  .use(errorHandler());

describe("the command scan", () => {
  it("ends with 0 when the grade is good enough, with 1 when it is worse", async () => {
    const best = await serve(good);
    const worse = await serve(weak);
    const first = await run("scan", best.url, "--fail-under", "A+");
    expect(first).toMatchObject({ status: 0, stderr: "" });
    expect(first.stdout).toMatch(
      /^Grade A\+ \(100 of 100\) for http:\/\/localhost:\d+\/, by \d+ req/,
    );
    expect(await run("scan", worse.url)).toMatchObject({ status: 0 });
    expect(await run("scan", worse.url, "--fail-under", "A")).toMatchObject({ status: 0 });
    const last = await run("scan", worse.url, "--fail-under", "A+");
    expect(last.status).toBe(1);
    expect(last.stdout).toContain("Grade A (90 of 100)");
    await best.close();
    await worse.close();
  });

  it("ends with 2 and one line when nothing can be found out", async () => {
    const server = await serve((_req, res) => res.writeHead(503).end());
    for (const args of [
      ["http://localhost:1"],
      ["http://api.example.com"],
      [server.url],
      [server.url, "--header-file", join(folder, "none")],
      [server.url, "--formt", "json"],
    ]) {
      const { status, stdout, stderr } = await run("scan", ...args);
      expect(stderr.split("\n")).toHaveLength(2);
      expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    }
    await server.close();
    const { stderr } = await run("--format", "json", "scan", "http://localhost");
    expect(stderr).toBe("express-secure-api: write the command first: express-secure-api scan\n");
  });

  it("waits for a server that starts", async () => {
    const free = createServer();
    await new Promise<void>((done) => free.listen(0, "127.0.0.1", done));
    const { port } = free.address() as AddressInfo;
    await new Promise((done) => free.close(done));
    const late = createServer(good);
    const scanned = run("scan", `http://127.0.0.1:${port}`, "--wait", "30s");
    setTimeout(() => late.listen(port, "127.0.0.1"), 2000);
    expect(await scanned).toMatchObject({ status: 0, stderr: "" });
    late.closeAllConnections();
    late.close();
  });

  it("writes every form to a file, and says so", async () => {
    const api = await serve(weak);
    for (const format of ["json", "html", "sarif"]) {
      const out = join(folder, `report.${format}`);
      const { status, stdout, stderr } = await run(
        "scan",
        api.url,
        "--format",
        format,
        "--out",
        out,
      );
      expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
      expect(stderr).toBe(`express-secure-api: grade A; written to ${out}\n`);
    }
    const json = JSON.parse(readFileSync(join(folder, "report.json"), "utf8"));
    expect(json).toMatchObject({ format: "express-secure-api/scan", version: 1, grade: "A" });
    const sarif = JSON.parse(readFileSync(join(folder, "report.sarif"), "utf8"));
    const [{ tool, results }] = sarif.runs;
    expect(results).toHaveLength(2);
    for (const { ruleId, ruleIndex, partialFingerprints } of results) {
      expect(tool.driver.rules[ruleIndex].id).toBe(ruleId);
      expect(partialFingerprints.primaryLocationLineHash).toMatch(/^[\da-f]{32}:1$/);
    }
    expect(readFileSync(join(folder, "report.html"), "utf8")).toMatch(/^<!doctype html>/);
    await api.close();
  });

  it("sends the fields of a file, and shows none of them", async () => {
    const token = "s3cret-token-of-mine";
    const file = join(folder, "headers.txt");
    writeFileSync(file, `Authorization: Bearer ${token}\n`);
    const api = await serve((req, res) => {
      const given = req.headers.authorization ?? "";
      res.setHeader("X-Powered-By", given);
      res.setHeader("Cache-Control", `public, x=${given.slice(7)}`);
      res.writeHead(given === `Bearer ${token}` ? 200 : 401).end(`{"got":"${given}"}`);
    });
    for (const format of ["table", "json", "html", "sarif"]) {
      const { stdout } = await run("scan", api.url, "--header-file", file, "--format", format);
      expect(stdout).toContain("private-shared");
      expect(stdout).not.toContain(token);
    }
    await api.close();
  });

  it("prints its options for --help", async () => {
    const { status, stdout } = await run("scan", "--help");
    expect(status).toBe(0);
    expect(stdout).toContain("--fail-under <grade> A+, A, B, C, D, F");
  });
});

describe("the quick-start example", () => {
  it("gets the top grade", { timeout: 120_000 }, async () => {
    const example = spawn(process.execPath, ["scripts/example.mjs", "quick-start"], {
      cwd: root,
      env: { ...process.env, PORT: "0" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      const url = await said(example, /Serving on (\S+) until/);
      const args = [
        "--path",
        "/health",
        "--path",
        "/orders",
        "--origin",
        "https://app.example.com",
      ];
      const { stdout, status } = await run("scan", url, "--fail-under", "A+", ...args);
      expect(stdout).toContain("Grade A+ (100 of 100)");
      expect(stdout).toContain("Nothing found.");
      expect(status).toBe(0);
    } finally {
      example.kill("SIGTERM");
    }
  });
});

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Not synchronously: the server is in this process. */
async function run(...args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [command, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk) => {
    stdout += String(chunk);
  });
  child.stderr.on("data", (chunk) => {
    stderr += String(chunk);
  });
  const status = await new Promise<number | null>((done) => child.on("close", done));
  return { status, stdout, stderr };
}

function said(child: ChildProcess, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout?.on("data", (chunk) => {
      text += String(chunk);
      const found = pattern.exec(text)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once("exit", () => reject(new Error(`the example ended: ${text}`)));
  });
}
