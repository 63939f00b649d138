import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { reportOf, route } from "../../../test/support/route-reports.js";
import { findingsOf } from "../../route-audit/findings/findings-of.js";
import { appTitle } from "./app-title.js";
import { applyBaseline } from "./baseline.js";
import { loadApp } from "./load-app.js";
import { readDocument } from "./read-document.js";

const folder = mkdtempSync(join(tmpdir(), "command-"));
const require = createRequire(__filename);

afterAll(() => rmSync(folder, { recursive: true }));

describe.each(["express", "express4"])("an app of %s", (name) => {
  it.each<[string, string, string, string?]>([
    ["module.exports", "cjs", "module.exports = app;"],
    ["module.exports.app", "cjs", "module.exports = { app };"],
    ["a compiled default export", "cjs", "exports.__esModule = true; exports.default = app;"],
    ["a compiled named export", "cjs", "exports.__esModule = true; exports.shop = app;", "shop"],
    ["a default export", "mjs", "export default app;"],
    ["a member of a default export", "mjs", "export default { app };"],
    ["the export app", "mjs", "export { app };"],
    ["a named export", "mjs", "export const shop = app; export default 1;", "shop"],
    ["a function", "mjs", "export default () => app;"],
    ["an async function", "cjs", "module.exports = async () => app;"],
    ["a function that returns more", "mjs", "export const make = () => ({ app });", "make"],
  ])("is found in %s", async (what, ending, code, exportName) => {
    const path = JSON.stringify(require.resolve(name));
    const load =
      ending === "mjs"
        ? `import { createRequire } from "node:module"; const app = createRequire(import.meta.url)(${path})();`
        : `const app = require(${path})();`;
    const file = write(`${name} ${what}.${ending}`, `${load}\n${code}\n`);
    expect(await loadApp(file, exportName)).toHaveProperty("handle");
  });

  it("may be a router", async () => {
    const code = `module.exports = require(${JSON.stringify(require.resolve(name))}).Router();`;
    expect(await loadApp(write(`${name} router.cjs`, code), undefined)).toHaveProperty("stack");
  });
});

describe("a module that is no app", () => {
  it.each<[string, string, string, string?]>([
    ["throws", 'throw new Error("no\\nway");', "could not be loaded: Error: no"],
    ["throws no error", "throw null;", "could not be loaded: null"],
    [
      "needs what is not there",
      'require("no-such-thing");',
      "could not be loaded: Error: Cannot find module 'no-such-thing'",
    ],
    ["exports nothing", "", "no function that returns one: it exports"],
    ["exports no app", "exports.a = 1;", "name the right one with --export"],
    ["lacks the export", "exports.a = 1;", 'has no export "b": it exports', "b"],
    [
      "exports a function that throws",
      'module.exports = () => { throw new Error("no"); };',
      "exports failed: Error: no",
    ],
    [
      "exports a function that rejects",
      "module.exports = () => Promise.reject();",
      "exports failed: undefined",
    ],
    [
      "exports a function that returns no app",
      "module.exports = () => 1;",
      "exports no Express app and no function that returns one",
    ],
  ])("is refused in one line when it %s", async (what, code, line, exportName) => {
    const loaded = loadApp(write(`${what}.cjs`, code), exportName);
    await expect(loaded).rejects.toMatchObject({
      name: "CommandError",
      message: expect.stringContaining(line),
    });
    await expect(loaded).rejects.not.toMatchObject({ message: expect.stringContaining("\n") });
  });

  it("is refused when it is not there, or is a folder", async () => {
    await expect(loadApp(join(folder, "none.js"), undefined)).rejects.toThrow("there is no file");
    await expect(loadApp(folder, undefined)).rejects.toThrow(
      "is a folder: name the file that exports the app",
    );
  });
});

describe("an OpenAPI document", () => {
  it.each([
    ["openapi.yaml", "openapi: 3.1.0\n", "is not JSON: convert it to JSON, YAML is not read"],
    ["openapi.json", "openapi: 3.1.0\n", "is not JSON: convert it to JSON, YAML is not read"],
    ["openapi.json", "{", "could not be read: SyntaxError"],
    ["openapi.json", "{}", 'must have the member "openapi": is it an OpenAPI document?'],
    ["openapi.json", '{"openapi":"3.1.0"}', 'must have the member "paths"'],
    ["openapi.json", '{"openapi":"3.1.0","paths":[]}', 'must have the member "paths"'],
    ["openapi.json", "[]", "must hold an object"],
  ])("is refused in one line: %s with %j", (name, text, line) => {
    expect(() => readDocument(write(name, text))).toThrow(line);
  });

  it("is read with the mark of byte order that some editors write", () => {
    const file = write("mark.json", '\uFEFF{"openapi":"3.1.0","paths":{}}');
    expect(readDocument(file)).toEqual({ openapi: "3.1.0", paths: {} });
  });

  it("is refused when it is not there, or has no end", () => {
    const zero = join(folder, "zero.json");
    symlinkSync("/dev/zero", zero);
    expect(() => readDocument(zero)).toThrow("zero.json is larger than 64 MB");
    expect(() => readDocument(join(folder, "none.json"))).toThrow(
      "could not be read: Error: ENOENT",
    );
  });
});

describe("a baseline", () => {
  const report = reportOf([route("GET", "/a"), route("GET", "/b", { status: "guarded" })], {
    handlers: [{ name: "files", paths: ["/f"], status: "open", guards: [] }],
  });
  const findings = findingsOf(report);
  const apply = (text: string, update = false) =>
    applyBaseline(write("baseline.json", text), update, report, findings);

  it.each(["{}", "[]", "null", "no json", '{"version":2,"open":[]}', '{"version":1,"open":[1]}'])(
    "is refused when it is %s",
    (text) => {
      for (const update of [false, true]) {
        expect(() => apply(text, update)).toThrow(
          expect.objectContaining({ name: "CommandError" }),
        );
      }
    },
  );

  it("makes known what it names, and nothing else", () => {
    const accepted = apply('{"version":1,"open":["GET /a"]}').map((one) => one.accepted === true);
    expect(accepted).toEqual([true, false]);
    expect(apply('{"version":1,"open":["use /f files"]}')[1]).toMatchObject({ accepted: true });
  });

  it("is outdated when it names what is guarded or gone", () => {
    const outdated = apply('{"version":1,"open":["GET /a", "GET /b", "GET /gone"]}').slice(2);
    expect(outdated.map(({ level, message }) => `${level} ${message}`)).toEqual([
      "error The baseline names GET /b, which is not open any more: take it out with --update-baseline.",
      "error The baseline names GET /gone, which is not open any more: take it out with --update-baseline.",
    ]);
  });

  it("can be updated, and becomes shorter only", () => {
    const updated = apply('{"version":1,"open":["GET /a", "GET /b"]}', true);
    expect(updated.map(({ rule, accepted }) => `${rule} ${accepted}`)).toEqual([
      "open-route true",
      "open-handler undefined",
    ]);
    expect(JSON.parse(readFileSync(join(folder, "baseline.json"), "utf8"))).toEqual({
      version: 1,
      open: ["GET /a"],
    });
  });

  it("lets pass as many entries of one name as it names, also where they cannot be told apart", () => {
    const handler = { name: "<anonymous>", paths: ["/"], status: "open" as const, guards: [] };
    const twice = reportOf([route("GET", "/a")], { handlers: [handler, handler] });
    const path = join(folder, "twice.json");
    applyBaseline(path, true, twice, findingsOf(twice));
    const thrice = reportOf([route("GET", "/a")], { handlers: [handler, handler, handler] });
    const known = applyBaseline(path, false, thrice, findingsOf(thrice));
    expect(known.map(({ accepted }) => accepted === true)).toEqual([true, true, true, false]);
    const once = reportOf([route("GET", "/a")], { handlers: [handler] });
    expect(applyBaseline(path, false, once, findingsOf(once)).at(-1)).toMatchObject({
      rule: "baseline-outdated",
      message:
        "The baseline names use / <anonymous> more often than it is open: take it out with --update-baseline.",
    });
  });

  it("makes known nothing of a route that the audit holds to be guarded", () => {
    const leak = {
      rule: "answered-without-credentials",
      level: "error",
      message: "",
      label: "GET /b",
    } as const;
    for (const update of [false, true]) {
      const path = write("guarded.json", '{"version":1,"open":["GET /b"]}');
      const [found] = applyBaseline(path, update, report, [leak]);
      expect(found).not.toHaveProperty("accepted");
    }
  });

  it("has nothing in it that a review does not show", () => {
    const odd = reportOf([route("GET", "/\u202e\u200b")]);
    const path = join(folder, "odd.json");
    applyBaseline(path, true, odd, findingsOf(odd));
    expect(readFileSync(path, "utf8")).not.toMatch(/\p{Cf}/u);
    expect(applyBaseline(path, false, odd, findingsOf(odd))).toMatchObject([{ accepted: true }]);
  });

  it("is refused when it is no file", () => {
    const zero = join(folder, "endless.json");
    symlinkSync("/dev/zero", zero);
    for (const path of [zero, folder]) {
      expect(() => applyBaseline(path, true, report, findings)).toThrow("is not a regular file");
    }
  });

  it("is written with what is open when there is none", () => {
    const path = join(folder, "new.json");
    expect(() => applyBaseline(path, false, report, findings)).toThrow("there is no baseline");
    const known = applyBaseline(path, true, report, findings);
    expect(known.every(({ accepted }) => accepted)).toBe(true);
    expect(JSON.parse(readFileSync(path, "utf8")).open).toEqual(["GET /a", "use /f files"]);
  });
});

describe("the title of an app", () => {
  it("is what the nearest package.json with a name says", () => {
    mkdirSync(join(folder, "named", "dist"), { recursive: true });
    write("named/package.json", JSON.stringify({ name: "shop", version: "1.2.0" }));
    write("named/dist/package.json", JSON.stringify({ type: "commonjs" }));
    expect(appTitle(join(folder, "named", "dist", "app.js"))).toEqual({
      title: "shop",
      version: "1.2.0",
    });
  });
});

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}
