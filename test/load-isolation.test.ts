import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { manifest, root } from "./support/package-manifest.js";

/** What each subpath may load, besides what those packages need themselves. */
const MAY_LOAD: Readonly<Record<string, readonly string[]>> = {
  ".": [
    "ajv",
    "cors",
    "helmet",
    "rate-limiter-flexible",
    "triple-beam",
    "winston",
    "winston-transport",
  ],
  "./secure-api": [
    "ajv",
    "cors",
    "helmet",
    "rate-limiter-flexible",
    "triple-beam",
    "winston",
    "winston-transport",
  ],
  "./oauth-guard": [],
  "./authorization": [],
  // Their packages are loaded when the engine is made.
  "./authorization/cedar": [],
  "./authorization/opa-wasm": [],
  "./principal": [],
  "./claims": [],
  "./json-body": [],
  "./validate": ["ajv"],
  "./rate-limit": ["rate-limiter-flexible"],
  "./rate-limit/express-rate-limit": [],
  "./secure-headers": ["cors", "helmet"],
  "./audit-log": ["triple-beam", "winston", "winston-transport"],
  "./errors": [],
  "./route-audit": [],
  "./server": [],
  "./testing": [],
  "./augment": [],
};

const subpaths = Object.keys(manifest.exports).filter((subpath) => subpath !== "./package.json");

it.each(["authzen", "opa"])(
  "%s loads what fetch needs when it is made, not at the first question",
  (name) => {
    const options = JSON.stringify({ url: "https://pdp.example.com", path: "a/b" });
    const given = name === "authzen" ? '{ url: "https://pdp.example.com" }' : options;
    const loaded = (code: string) =>
      execFileSync(process.execPath, [
        "-e",
        `const { ${name} } = require(${JSON.stringify(doorOf("./authorization", "require"))}); ${code}
      console.log(process.moduleLoadList.some((one) => one.endsWith("undici/undici")));`,
      ])
        .toString()
        .trim();
    expect(loaded("")).toBe("false");
    expect(loaded(`${name}(${given});`)).toBe("true");
    const own = given.replace("}", ", fetch: async () => new Response() }");
    expect(loaded(`${name}(${own});`)).toBe("false");
  },
);

describe.each(subpaths)("express-secure-api, subpath %s", (subpath) => {
  it("loads its own dependencies only", () => {
    const loaded = packagesLoadedBy(`require(${JSON.stringify(doorOf(subpath, "require"))})`);
    const allowed = withDependencies(MAY_LOAD[subpath] ?? []);
    expect(loaded.filter((name) => !allowed.has(name))).toEqual([]);
  });

  it("exports the same names and the same values through both doors", () => {
    const script = `
      const required = require(${JSON.stringify(doorOf(subpath, "require"))});
      import(${JSON.stringify(doorOf(subpath, "import"))}).then((imported) => {
        const names = Object.keys(imported);
        const differ = names.filter((name) => imported[name] !== required[name]);
        console.log(JSON.stringify({ required: Object.keys(required).sort(), names, differ }));
      });`;
    const { required, names, differ } = JSON.parse(run(script));
    expect(names).toEqual(required);
    expect(differ).toEqual([]);
  });
});

describe("oauthGuard", () => {
  it("loads jsonwebtoken when it is created, so that apps without it do not pay for it", () => {
    const loaded = packagesLoadedBy(`
      const { secureApi } = require(${JSON.stringify(doorOf("./secure-api", "require"))});
      secureApi({ auditLog: false, oauthGuard: false, rateLimit: { limit: 100, window: "1m" } })`);
    expect(loaded).toContain("helmet");
    expect(loaded).not.toContain("jsonwebtoken");
  });

  it("does not load jwks-rsa when it is created, so that apps with a discovery guard start under Jest", () => {
    const loaded = packagesLoadedBy(`
      const { oauthGuard } = require(${JSON.stringify(doorOf("./oauth-guard", "require"))});
      oauthGuard({ issuer: "https://id.example.com", audience: "https://api.example.com" })`);
    expect(loaded).toContain("jsonwebtoken");
    expect(loaded).not.toContain("jwks-rsa");
    expect(loaded).not.toContain("jose");
  });
});

function doorOf(subpath: string, kind: "import" | "require"): string {
  const doors = manifest.exports[subpath];
  if (doors === undefined || typeof doors === "string") throw new Error(`${subpath} has no doors`);
  return join(root, doors[kind].default);
}

function packagesLoadedBy(statement: string): readonly string[] {
  const script = `
    ${statement};
    const pattern = /[\\\\/]node_modules[\\\\/]((?:@[^\\\\/]+[\\\\/])?[^\\\\/]+)[\\\\/](?!.*[\\\\/]node_modules[\\\\/])/;
    const names = Object.keys(require.cache).map((path) => pattern.exec(path)?.[1]);
    console.log(JSON.stringify([...new Set(names.filter((name) => name !== undefined))]));
    process.exit();`;
  return JSON.parse(run(script));
}

function run(script: string): string {
  return execFileSync(process.execPath, ["-e", script], { encoding: "utf8", cwd: root });
}

/** The packages with all that they depend on, as installed. */
function withDependencies(
  names: readonly string[],
  found = new Set<string>(),
): ReadonlySet<string> {
  for (const name of names) {
    const path = join(root, "node_modules", name, "package.json");
    if (found.has(name) || !existsSync(path)) continue;
    found.add(name);
    withDependencies(Object.keys(JSON.parse(readFileSync(path, "utf8")).dependencies ?? {}), found);
  }
  return found;
}
