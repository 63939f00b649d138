import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { manifest, root } from "../support/package-manifest.js";

/** Inside the package, so that `express-secure-api/…` means the built one. */
const folder = join(root, "test", ".generated", "routes-command");
const command = join(
  root,
  (manifest as { bin?: Record<string, string> }).bin?.[manifest.name] ?? "",
);

const GUARDED = `
app.use(rateLimit({ limit: 100, window: "1m" }));
app.get("/orders", requireScope("orders:read"), (_req, res) => res.json([]));`;
const OPEN = 'app.post("/legacy", (_req, res) => res.json({}));';

beforeAll(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(["express", "express4"])("the command routes, with an app of %s", (express) => {
  it("ends with 0 when every route is guarded, with 1 when one is open", () => {
    const guarded = run(
      "routes",
      write(`${express}-guarded.cjs`, `${appOf(express, GUARDED)}module.exports = app;`),
    );
    expect(guarded.stderr).toBe("");
    expect(guarded.stdout).toContain("1 route: 1 guarded.");
    expect(guarded.status).toBe(0);
    const open = run(
      "routes",
      write(`${express}-open.cjs`, `${appOf(express, GUARDED + OPEN)}module.exports = app;`),
    );
    expect(open.stdout).toContain("error open-route: Nothing guards POST /legacy.");
    expect(open.status).toBe(1);
  });

  it.each([
    ["exit-code", "process.on('exit', () => { process.exitCode = 0; });"],
    ["exit-call", "process.on('exit', () => process.exit(0));"],
    ["exit-replaced", "const exit = process.exit; process.exit = () => exit.call(process, 0);"],
  ])("keeps its exit code when the app changes it: %s", (name, code) => {
    const source = `${appOf(express, OPEN)}${code} module.exports = app;`;
    expect(run("routes", write(`${express}-${name}.cjs`, source)).status).toBe(1);
  });

  it("finds with --probe what no brand shows", () => {
    const leak = `app.get("/leak", (_req, res) => res.json({}), requireScope("a"), (_req, res) => res.json({}));`;
    const file = write(
      `${express}-leak.cjs`,
      `${appOf(express, GUARDED + leak)}module.exports = app;`,
    );
    expect(run("routes", file).status).toBe(0);
    const probed = run("routes", file, "--probe");
    expect(probed.stdout).toMatch(/error answered-without-credentials: .*GET \/leak/);
    expect(probed.stderr).toBe("");
    expect(probed.status).toBe(1);
    const sound = write(`${express}-sound.cjs`, `${appOf(express, GUARDED)}module.exports = app;`);
    expect(run("routes", sound, "--probe").status).toBe(0);
  });

  it("shows in documents what guards say of themselves", () => {
    const file = write(`${express}-details.cjs`, `${appOf(express, GUARDED)}module.exports = app;`);
    const document = JSON.parse(run("routes", file, "--format", "openapi").stdout);
    const { get } = document.paths["/orders"];
    expect(get.security).toEqual([{ authentication: ["orders:read"] }]);
    expect(Object.keys(get.responses["429"].headers)).toContain("RateLimit-Policy");
    expect(get["x-rate-limits"]).toEqual([
      { name: "100-per-1m", limit: 100, windowSeconds: 60, by: "address" },
    ]);
  });
});

describe("the command routes", () => {
  it("is what npx runs, with a first line that npm understands on every system", () => {
    expect(readFileSync(command, "utf8").split("\n", 1)).toEqual(["#!/usr/bin/env node"]);
    expect(readFileSync(command, "utf8")).not.toContain("\r");
  });

  it("writes to a file, and says so", () => {
    const file = write("formats.cjs", `${appOf("express", OPEN)}module.exports = app;`);
    const printed = run("routes", file, "--format", "html");
    const out = join(folder, "out.html");
    const written = run("routes", file, "--format", "html", "--out", out);
    expect(written.stdout).toBe("");
    expect(written.stderr).toBe(`express-secure-api: 1 route: 1 open; written to ${out}\n`);
    expect(readFileSync(out, "utf8")).toBe(printed.stdout);
    expect([printed.status, written.status]).toEqual([1, 1]);
    const nowhere = run("routes", file, "--out", join(folder, "no", "where"));
    expect(nowhere.stderr).toContain("could not be written: Error: ENOENT");
    expect(nowhere.status).toBe(2);
  });

  it("calls the app as its package.json does", () => {
    mkdirSync(join(folder, "named", "dist"), { recursive: true });
    write("named/package.json", JSON.stringify({ name: "shop", version: "1.2.0" }));
    write("named/dist/package.json", JSON.stringify({ type: "commonjs" }));
    const app = `const app = require("express")(); ${OPEN} module.exports = app;`;
    const { stdout } = run("routes", write("named/dist/app.js", app), "--format", "json");
    expect(JSON.parse(stdout).app).toEqual({ title: "shop", version: "1.2.0" });
  });

  it("keeps what the app prints out of the answer", () => {
    const noise = 'console.log("noise"); process.stdout.write("more");';
    const file = write("noise.cjs", `${appOf("express", GUARDED)}${noise}module.exports = app;`);
    const { stdout, stderr } = run("routes", file, "--format", "json");
    expect(() => JSON.parse(stdout)).not.toThrow();
    expect(stderr).toContain("noise\nmore");
  });

  it.each([[], ["--probe"]])("keeps the audit log of the app out of the answer %s", (...args) => {
    const preset =
      'app.use(require("express-secure-api/secure-api").secureApi({ oauthGuard: { issuer: "https://idp.example.com", audience: "shop" }, rateLimit: false }));';
    const file = write(
      "recorded.cjs",
      `const app = require("express")(); ${preset} ${OPEN} module.exports = app;`,
    );
    const { stdout, stderr } = run("routes", file, "--format", "json", ...args);
    expect(JSON.parse(stdout).routes).toHaveLength(1);
    expect(stderr).toContain('"event.name":"sys_monitor_enabled"');
  });

  it("ends although the app listens, and says so", () => {
    const listen = 'app.listen(0, "127.0.0.1"); setInterval(() => {}, 1000);';
    const file = write("listens.cjs", `${appOf("express", GUARDED)}${listen}module.exports = app;`);
    const { status, stderr } = run("routes", file);
    expect(stderr).toBe(
      `express-secure-api: note: ${file} listens when it is loaded; the process is ended all the same\n`,
    );
    expect(status).toBe(0);
  });

  it("says that a port is taken by somebody else", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((done) => server.once("listening", done));
    const { port } = server.address() as { port: number };
    const code = `require("http").createServer().listen(${port}, "127.0.0.1"); module.exports = () => new Promise((done) => setTimeout(done, 5000));`;
    const { status, stderr } = run("routes", write("taken.cjs", code));
    server.close();
    expect(stderr).toContain(
      `it listens on port ${port}, which is not free (EADDRINUSE): export the app`,
    );
    expect(status).toBe(2);
  });

  it.each<[string, string, string]>([
    ["throws", 'throw new Error("no database");', "could not be loaded: Error: no database"],
    [
      "throws later",
      'setImmediate(() => { throw new Error("late"); }); module.exports = () => new Promise((done) => setTimeout(done, 5000));',
      "failed while it was loaded: Error: late",
    ],
    [
      "rejects later",
      'Promise.reject(new Error("later")); module.exports = () => new Promise((done) => setTimeout(done, 5000));',
      "failed while it was loaded: Error: later",
    ],
    ["does not parse", "const a = ;", "could not be loaded: SyntaxError: Unexpected token ';' ("],
    ["ends the process", "process.exit(0);", "ended the process"],
    ["waits forever", "module.exports = () => new Promise(() => {});", "left nothing to wait for"],
    [
      "exports an app without routes",
      'module.exports = require("express")();',
      "has no routes: are they added later?",
    ],
  ])("ends with 2 and one line when the module %s", (what, code, line) => {
    const { status, stdout, stderr } = run(
      "routes",
      write(`${what.replaceAll(/\W/g, "-")}.cjs`, code),
    );
    expect(stdout).toBe("");
    expect(stderr).toContain(line);
    expect(stderr.split("\n")).toHaveLength(2);
    expect(status).toBe(2);
  });

  it("says how to load TypeScript where Node.js cannot", () => {
    const code = "enum A { b }\nexport const app: number = A.b;";
    const { status, stderr } = run("routes", write("app.ts", code));
    expect(stderr).toContain("name the compiled file, or set NODE_OPTIONS=--import=tsx");
    expect(status).toBe(2);
  });

  it("ends with 2 and one line when it is not told what to do", () => {
    const { status, stdout, stderr } = run("routes", "a.js", "--formt", "json");
    expect(stdout).toBe("");
    expect(stderr).toBe(
      'express-secure-api: there is no option "--formt": did you mean "--format"?\n',
    );
    expect(status).toBe(2);
  });

  it("prints its options, each of them, for --help", () => {
    const { status, stdout } = run("--help");
    for (const name of [
      "export",
      "format",
      "out",
      "baseline",
      "update-baseline",
      "openapi",
      "probe",
    ])
      expect(stdout).toMatch(new RegExp(`^ {2}--${name} `, "m"));
    expect(status).toBe(0);
  });
});

describe("a baseline", () => {
  const baseline = join(folder, "routes.json");
  const app = (code: string): string =>
    write("ratchet.cjs", `${appOf("express", code)}module.exports = app;`);

  it("lets pass what it names, and nothing new, and has to become shorter", () => {
    const missing = run("routes", app(OPEN), "--baseline", baseline);
    expect(missing.stderr).toContain("there is no baseline");
    expect(missing.status).toBe(2);

    expect(run("routes", app(OPEN), "--baseline", baseline, "--update-baseline").status).toBe(0);
    const known = run("routes", app(OPEN), "--baseline", baseline);
    expect(known.stdout).toContain("known open-route: Nothing guards POST /legacy.");
    expect(known.status).toBe(0);

    const both = `${OPEN}app.put("/new", (_req, res) => res.end());`;
    const more = run("routes", app(both), "--baseline", baseline, "--update-baseline");
    expect(more.stdout).toContain("error open-route: Nothing guards PUT /new.");
    expect(more.status).toBe(1);

    const fixed = run("routes", app(GUARDED), "--baseline", baseline);
    expect(fixed.stdout).toContain("error baseline-outdated: The baseline names POST /legacy");
    expect(fixed.status).toBe(1);
    expect(run("routes", app(GUARDED), "--baseline", baseline, "--update-baseline").status).toBe(0);
    expect(run("routes", app(GUARDED), "--baseline", baseline).status).toBe(0);
  }, 60_000);
});

describe("the comparison with an OpenAPI document", () => {
  const app = (): string =>
    write("compared.cjs", `${appOf("express", GUARDED + OPEN)}module.exports = app;`);

  it("finds what is documented as secured but open, not documented, or not there", () => {
    const document = {
      openapi: "3.1.0",
      security: [{ bearer: [] }],
      paths: { "/legacy": { post: {} }, "/gone": { get: {} } },
    };
    const file = write("openapi.json", JSON.stringify(document));
    const { stdout, status } = run("routes", app(), "--openapi", file);
    expect(stdout).toContain(
      "error documented-as-secured: POST /legacy is documented as secured, and is open.",
    );
    expect(stdout).toContain(
      "warning not-documented: GET /orders does not stand in the OpenAPI document.",
    );
    expect(stdout).toContain("warning documented-but-missing: GET /gone stands in");
    expect(status).toBe(1);
  });

  it("ends with 2 for what is no JSON", () => {
    const { status, stderr } = run(
      "routes",
      app(),
      "--openapi",
      write("openapi.yaml", "openapi: 3.1.0"),
    );
    expect(stderr).toContain("openapi.yaml is not JSON: convert it to JSON, YAML is not read");
    expect(status).toBe(2);
  });
});

function appOf(express: string, code: string): string {
  return `const express = require("${express}");
const { requireScope } = require("express-secure-api/authorization");
const { rateLimit } = require("express-secure-api/rate-limit");
const app = express();
${code}
`;
}

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function run(...args: readonly string[]) {
  return spawnSync(process.execPath, [command, ...args], { encoding: "utf8", cwd: root });
}
