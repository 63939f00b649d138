import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { expect, it } from "vitest";

const ROOT = resolve(__dirname, "../..");

it("audit-trail tells of the attack, and shows what was changed and cut off", () => {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ["scripts/example.mjs", "audit-trail", "--once"],
    { cwd: ROOT, encoding: "utf8" },
  );
  expect(stdout).toMatch(/^records {13}\d+\nalerts {14}auth-burst, excess-404\n/);
  expect(stdout).toContain(`as written          exit code 0
one record changed  exit code 1
the end cut off     exit code 2
the page            exit code 0
`);
  expect(stderr).not.toContain("failed");
  expect(status).toBe(0);
}, 90_000);
