import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "../support/package-manifest.js";

/** Inside the package, so that `express-secure-api/…` means the built one. */
const folder = join(root, "test", ".generated", "routes-command-ends");
const command = join(root, "dist", "cli", "main.js");

beforeAll(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(["express", "express4"])("whatever an app of %s does to its process", (express) => {
  it.each<[string, string, string]>([
    ["ends it where nobody listens", "process.reallyExit(0);", "ended the process"],
    ["ends it unheard", "process.removeAllListeners(); process.exit(0);", "ended the process"],
    [
      "leaves it nothing to wait for",
      "process.removeAllListeners(); process.exitCode = 0; module.exports = () => new Promise(() => {});",
      "left nothing to wait for",
    ],
    ["kills it", 'process.kill(process.pid, "SIGKILL");', "was ended by SIGKILL"],
    [
      "closes the standard error",
      'require("fs").closeSync(2); throw new Error("no database");',
      "no database",
    ],
    [
      "throws later what cannot be shown",
      "setImmediate(() => { throw Object.create(null); }); module.exports = () => new Promise((done) => setTimeout(done, 5000));",
      "what was thrown cannot be shown",
    ],
    [
      "shows stacks in its own way",
      'Error.prepareStackTrace = (error, sites) => sites; throw new Error("no database");',
      "could not be loaded: Error: no database",
    ],
  ])("the command ends with 2 and one line when it %s", (what, code, line) => {
    const file = write(`${express} ${what}.cjs`, `require("${express}"); ${code}`);
    const { status, stdout, stderr } = run("routes", file);
    expect(stdout).toBe("");
    expect(stderr).toContain(line);
    expect(stderr.split("\n")).toHaveLength(2);
    expect(status).toBe(2);
  });

  it("what it writes to its standard output is no part of the answer", () => {
    const noise = 'require("fs").writeSync(1, "{}\\n");';
    const file = write(`${express} noise.cjs`, `${noise} ${openAppOf(express)}`);
    const { status, stdout, stderr } = run("routes", file, "--format", "json");
    expect(JSON.parse(stdout)).toMatchObject({ counts: { open: 1 } });
    expect(stderr).toBe("{}\n");
    expect(status).toBe(1);
  });

  it("what it leaves running does not keep the command", () => {
    const child =
      'require("child_process").spawn(process.execPath, ["-e", "setTimeout(() => {}, 20000)"], { stdio: "ignore" });';
    const file = write(`${express} child.cjs`, `${child} ${openAppOf(express)}`);
    const { status, stdout } = run("routes", file);
    expect(stdout).toContain("1 route: 1 open.");
    expect(status).toBe(1);
  });
});

describe("the command routes", () => {
  it.each([
    ["while it is loaded", "for (;;);", 2, "loop.cjs was not loaded within 2 seconds"],
    [
      "when it is probed",
      openAppOf("express").replace("app.post", "app.use(() => { for (;;); }); app.post"),
      // Time enough to load it, on a busy machine too.
      6,
      "loop.cjs kept the event loop for 6 seconds while it was probed",
    ],
  ])("ends with 2 when the module keeps its event loop %s", (name, code, seconds, line) => {
    const file = write(`${name}.cjs`, code);
    const supervise = JSON.stringify(join(root, "dist", "cli", "routes", "supervise.js"));
    const args = JSON.stringify(["routes", file, "--probe"]);
    const script = write(
      "short.cjs",
      `require(${supervise}).supervise("loop.cjs", ${args}, false, ${seconds});`,
    );
    const { status, stderr } = spawnSync(process.execPath, [script], { encoding: "utf8" });
    expect(stderr).toBe(`express-secure-api: ${line}\n`);
    expect(status).toBe(2);
  });

  it("says of what fails later that it came after the module was loaded", () => {
    const late = "app.use(() => { setImmediate(() => { throw new Error('late'); }); });";
    const code = openAppOf("express").replace("app.post", `${late} app.post`);
    const { status, stderr } = run("routes", write("late.cjs", code), "--probe");
    expect(stderr).toContain("late.cjs failed after it was loaded: Error: late\n");
    expect(status).toBe(2);
  });

  it("works where Node.js may start no process", () => {
    const flag = ["--permission", "--experimental-permission"].find((name) =>
      process.allowedNodeEnvironmentFlags.has(name),
    ) as string;
    const file = write("permission.cjs", openAppOf("express"));
    const { status, stdout } = spawnSync(
      process.execPath,
      [flag, "--allow-fs-read=*", "--no-warnings", command, "routes", file],
      { encoding: "utf8", cwd: root },
    );
    expect(stdout).toContain("1 route: 1 open.");
    expect(status).toBe(1);
  });

  it.each([
    [["\u001b[2J\nroutes"]],
    [["routes", "a.js", "--format", "\u001b[2J\n"]],
    [["routes", "a.js", "--\u001b[2J\n"]],
    [["routes", "\u001b[2J\n.js"]],
    [["routes", "a.js", "\u202eb.js"]],
  ])("shows no control of its arguments: %j", (args) => {
    const { status, stderr } = run(...args);
    expect(stderr.slice(0, -1)).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(stderr.length).toBeGreaterThan(20);
    expect(status).toBe(2);
  });

  it("prints all of a large answer into a pipe", () => {
    const long =
      'app.use(Object.defineProperty((_req, _res, next) => next(), "name", { value: "x".repeat(2e6) }));';
    const { stdout } = run(
      "routes",
      write("large.cjs", openAppOf("express", long)),
      "--format",
      "json",
    );
    expect(JSON.parse(stdout).handlers[0].name).toHaveLength(2e6);
  });
});

function openAppOf(express: string, more = ""): string {
  return `const app = require("${express}")(); app.post("/legacy", (_req, res) => res.end()); ${more} module.exports = app;`;
}

function write(name: string, text: string): string {
  const path = join(folder, name.replaceAll(/[^\w.]/g, "-"));
  writeFileSync(path, text);
  return path;
}

function run(...args: readonly string[]) {
  return spawnSync(process.execPath, [command, ...args], {
    encoding: "utf8",
    cwd: root,
    maxBuffer: 1e8,
  });
}
