import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { rawClient } from "../support/raw-client.js";

const ROOT = resolve(__dirname, "../..");
const SLOW = "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n";

/** A service in a process of its own, over a Unix socket. `rest` may use `server` and `shut(options)`. */
function service(framework: string, rest: string): { child: ChildProcess; path: string } {
  const folder = mkdtempSync(join(tmpdir(), "signals-"));
  const path = join(folder, "api.sock");
  const file = join(folder, "service.cjs");
  const script = `
    const cluster = require("node:cluster");
    const [framework, path] = process.argv.slice(2);
    const load = require("node:module").createRequire(${JSON.stringify(join(ROOT, "package.json"))});
    const { gracefulShutdown } = load("./dist/server/index.js");
    const shut = (options) => gracefulShutdown(server, { announce: "100ms", grace: "5s", closeTimeout: "1s", ...options });
    const app = load(framework)();
    app.get("/slow", (req, res) => void setTimeout(() => res.send("slow"), 1000));
    let server;
    ${rest}
  `;
  writeFileSync(file, script);
  const child = spawn(process.execPath, [file, framework, path], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "pipe"],
  });
  return { child, path };
}

async function outputOf(child: ChildProcess, wanted: string): Promise<void> {
  let text = "";
  for await (const chunk of child.stdout ?? []) {
    text += String(chunk);
    if (text.includes(wanted)) return;
  }
  throw new Error(`ended with ${text}`);
}

const LISTEN = 'server = app.listen(path, () => console.log("ready"));';

describe.each(["express4", "express"])("a process that is told to end, on %s", (framework) => {
  it("answers what is under way, over a Unix socket, and exits with 0", async () => {
    const { child, path } = service(framework, `${LISTEN} shut({});`);
    await outputOf(child, "ready");
    const client = await rawClient(path, SLOW);
    child.kill("SIGTERM");
    expect(await client.closed()).toMatch(/Connection: close[\s\S]*slow/);
    expect(child.exitCode ?? (await once(child, "exit"))[0]).toBe(0);
  }, 20_000);

  it("exits with 1 and says why when a function fails, and calls the others", async () => {
    const { child } = service(
      framework,
      `${LISTEN} shut({ onClose: [() => { throw new Error("no pool") }, () => console.log("called")] });`,
    );
    let errors = "";
    child.stderr?.on("data", (chunk) => {
      errors += String(chunk);
    });
    await outputOf(child, "ready");
    // All that it says has come by then.
    const closed = once(child, "close");
    child.kill("SIGINT");
    expect(await closed).toEqual([1, null]);
    expect(errors).toContain("no pool");
  }, 20_000);

  it("ends at once at the second signal, and not at the same one twice", async () => {
    const { child, path } = service(framework, `${LISTEN} shut({ grace: "60s" });`);
    await outputOf(child, "ready");
    await rawClient(path, "GET /slow HTTP/1.1\r\nHost: a\r\nX");
    const exited = once(child, "exit");
    child.kill("SIGTERM");
    child.kill("SIGTERM");
    await new Promise((done) => setTimeout(done, 800));
    expect(child.exitCode).toBeNull();
    // A process that stands still on a busy machine takes it for the first one, come twice.
    const again = setInterval(() => child.kill("SIGTERM"), 800);
    child.kill("SIGTERM");
    expect(await exited).toEqual([143, null]);
    clearInterval(again);
  }, 20_000);

  it("lets the next signal end the process where the app goes on after it", async () => {
    const { child } = service(
      framework,
      `${LISTEN} shut({ exit: false });
      setInterval(() => { if (process.listenerCount("SIGTERM") === 0) console.error("over"); }, 20);`,
    );
    await outputOf(child, "ready");
    const exited = once(child, "exit");
    child.kill("SIGTERM");
    await once(child.stderr as Readable, "data");
    expect(child.exitCode).toBeNull();
    child.kill("SIGTERM");
    expect(await exited).toEqual([null, "SIGTERM"]);
  }, 20_000);

  it("ends the servers as well that wait for another signal", async () => {
    const { child, path } = service(
      framework,
      `${LISTEN} shut({ signals: "SIGINT" });
      gracefulShutdown(require("node:http").createServer(), { announce: "100ms", grace: "5s", closeTimeout: "1s", signals: "SIGTERM" });`,
    );
    await outputOf(child, "ready");
    const client = await rawClient(path, SLOW);
    const exited = once(child, "exit");
    child.kill("SIGTERM");
    expect(await client.closed()).toMatch(/Connection: close[\s\S]*slow/);
    expect(await exited).toEqual([0, null]);
  }, 20_000);

  it("ends workers of a cluster when the primary hands the signal on", async () => {
    const { child, path } = service(
      framework,
      `if (cluster.isPrimary) {
        const worker = cluster.fork();
        process.on("SIGTERM", () => worker.process.kill("SIGTERM"));
        worker.on("exit", (code) => process.exit(code));
      } else { ${LISTEN} shut({}); }`,
    );
    await outputOf(child, "ready");
    const client = await rawClient(path, SLOW);
    const exited = once(child, "exit");
    child.kill("SIGTERM");
    expect(await client.closed()).toMatch(/Connection: close[\s\S]*slow/);
    expect(await exited).toEqual([0, null]);
  }, 20_000);
});
