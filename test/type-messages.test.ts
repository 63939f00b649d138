import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { publicFolders, root } from "./support/package-manifest.js";

describe("the public types", () => {
  it("name the audience when it is missing, for each factory that takes one", () => {
    const project = join(root, "test/types/messages");
    const text = readFileSync(join(project, "missing-audience.ts"), "utf8");
    const calls = text.match(/^\w+\(\{.*issuer/gm) ?? [];
    const messages = messagesOf(project);
    expect(calls.length).toBeGreaterThan(0);
    expect(messages.length).toBe(calls.length);
    for (const message of messages) {
      expect(message).toContain("Property 'audience' is missing in type '{ issuer: string;");
      expect(message).not.toContain("IssuerOptions");
    }
  });

  it("are interfaces that an app can extend, each of them tried by a type test", () => {
    const tried = readFileSync(join(root, "test/types/options.ts"), "utf8");
    const missing = publicFolders()
      .flatMap((folder) => optionNames(readFileSync(join(root, "src", folder, "index.ts"), "utf8")))
      .filter(
        (name) => !new RegExp(`interface My${name}\\s+extends ${name}(?:<\\w+>)?,`).test(tried),
      );
    expect(missing).toEqual([]);
  });
});

/** What the compiler says about a project: one text for each error, with the lines that explain it. */
function messagesOf(project: string): readonly string[] {
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const { stdout } = spawnSync(process.execPath, [tsc, "-p", project, "--pretty", "false"], {
    encoding: "utf8",
    cwd: root,
  });
  return stdout.split(/^(?=\S)/m).filter((message) => message !== "");
}

function optionNames(index: string): readonly string[] {
  return index.match(/\b[A-Z]\w*Options\b/g) ?? [];
}
