import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "../support/package-manifest.js";

/** The doors that need an optional peer, called as an app calls them that forgot to install it. */
const CALLS: readonly (readonly [door: string, call: string, name: string])[] = [
  [
    "cedar",
    'cedar({ policies: "permit(principal, action, resource);" })',
    "@cedar-policy/cedar-wasm",
  ],
  ["opa-wasm", "opaWasm({ policy: Buffer.from([0]) })", "@open-policy-agent/opa-wasm"],
];

describe("an optional peer that is missing", () => {
  it.each(CALLS)(
    "is an error of %s at start-up that says how to install it",
    (door, call, name) => {
      // Outside of the repository nothing is installed.
      const folder = mkdtempSync(join(tmpdir(), "missing-peers-"));
      try {
        cpSync(join(root, "dist"), join(folder, "dist"), { recursive: true });
        const script = `
        const { cedar, opaWasm } = require("./dist/authorization/${door}/index.js");
        try { ${call} } catch (error) { console.log(error.name + ": " + error.message) }`;
        const said = execFileSync(process.execPath, ["-e", script], {
          cwd: folder,
          encoding: "utf8",
        });
        expect(said).toMatch(/^OptionsError: /);
        expect(said).toContain(
          `needs the package ${name}, which is not installed: run npm install ${name}`,
        );
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );
});
