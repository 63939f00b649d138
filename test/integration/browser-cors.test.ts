import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import express from "express";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type SecureHeadersOptions, secureHeaders } from "../../src/secure-headers/index.js";

/** Debian's package `chromium`. Without it, the same rules are held by the tests beside the source. */
const CHROMIUM = "/usr/bin/chromium";

/** One request of the page, the policy that it meets, and what the console says; `answered` when nothing is refused. */
const CASES: readonly (readonly [
  title: string,
  init: RequestInit,
  cors: Partial<SecureHeadersOptions["cors"]>,
  console: string,
])[] = [
  [
    "a header",
    { headers: { "X-Trace": "1" } },
    {},
    "Request header field x-trace is not allowed by Access-Control-Allow-Headers",
  ],
  [
    "a method",
    { method: "PURGE" },
    {},
    "Method PURGE is not allowed by Access-Control-Allow-Methods",
  ],
  [
    "Authorization behind a star",
    { headers: { Authorization: "Bearer x", "X-Trace": "1" } },
    { allowedHeaders: "*" },
    "Request header field authorization is not allowed by Access-Control-Allow-Headers",
  ],
  [
    "POST",
    { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" },
    { methods: ["PUT"] },
    "It does not have HTTP ok status",
  ],
  ["what is listed", { method: "PUT", headers: { Authorization: "Bearer x" } }, {}, "answered"],
];

describe.skipIf(!isExecutable(CHROMIUM))("the console of Chromium names", () => {
  const lines: string[] = [];
  const servers: Server[] = [];
  const reached: string[] = [];
  const profile = mkdtempSync(join(tmpdir(), "browser-cors-"));
  let browser: ChildProcess | undefined;

  async function listen(listener: Parameters<typeof createServer>[1]): Promise<number> {
    const server = createServer(listener).listen(0, "127.0.0.1");
    servers.push(server);
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  }

  beforeAll(async () => {
    let isFinished = false;
    let finish = (): void => undefined;
    const finished = new Promise<void>((resolve) => {
      finish = () => {
        isFinished = true;
        resolve();
      };
    });
    let script = "";
    const port = await listen((req, res) => {
      if (req.url === "/done") finish();
      res.setHeader("Content-Type", "text/html");
      res.end(`<script>${script}</script>`);
    });
    const origin = `http://localhost:${port}`;
    const calls: string[] = [];
    for (const [index, [, init, cors]] of CASES.entries()) {
      const app = express().use(secureHeaders({ cors: { origins: origin, ...cors } }));
      app.use((req, res) => void res.end(`${reached.push(`${index} ${req.method}`)}`));
      const api = `http://127.0.0.1:${await listen(app)}/`;
      calls.push(
        `await fetch("${api}", ${JSON.stringify(init)}).then(() => "answered", () => "failed").then((end) => console.log("CASE ${index} " + end));`,
      );
    }
    script = `(async () => { ${calls.join("\n")} await fetch("/done"); })();`;
    const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"];
    const own = ["--enable-logging=stderr", `--user-data-dir=${profile}`, `${origin}/`];
    let text = "";
    browser = spawn(CHROMIUM, [...flags, ...own], {
      stdio: ["ignore", "ignore", "pipe"],
      // Its socket stands there, and must not have a long path.
      env: { ...process.env, TMPDIR: "/tmp" },
      // A group of its own: the browser is many processes.
      detached: true,
    });
    browser.stderr?.on("data", (chunk) => {
      text += String(chunk);
    });
    await Promise.race([finished, once(browser, "exit")]);
    if (!isFinished) throw new Error(`Chromium ended by itself: ${text.slice(-2000)}`);
    await vi.waitFor(() => expect(text).toContain(`CASE ${CASES.length - 1}`), 10_000);
    lines.push(...text.split("\n").filter((line) => line.includes("CONSOLE")));
  }, 60_000);

  afterAll(async () => {
    if (browser?.pid !== undefined && browser.exitCode === null && browser.signalCode === null) {
      const exited = once(browser, "exit");
      process.kill(-browser.pid, "SIGKILL");
      await exited;
    }
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
    }
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  });

  it.each(CASES.map(([title, , , words], index) => [title, index, words] as const))(
    "%s",
    (_title, index, words) => {
      const end = lines.findIndex((line) => line.includes(`CASE ${index} `));
      const start = lines.findIndex((line) => line.includes(`CASE ${index - 1} `));
      const said = lines.slice(start + 1, end + 1).join("\n");
      expect(said).toContain(words);
      const requests = reached.filter((entry) => entry.startsWith(`${index} `));
      expect(requests).toHaveLength(words === "answered" ? 1 : 0);
    },
  );
});

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
