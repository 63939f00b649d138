import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = resolve(__dirname, "../..");

describe("quick-start", () => {
  it("lets in what it should, refuses the rest, and exits 0 with --once", {
    timeout: 60_000,
  }, () => {
    const run = spawnSync(process.execPath, ["scripts/example.mjs", "quick-start", "--once"], {
      cwd: ROOT,
      encoding: "utf8",
    });
    expect(run.stdout).toMatch(/^a flood \(request \d+\) +429 +rate_limit_exceeded +rateLimit$/m);
    expect(run.stdout).toMatch(/^"alg": "none" +401 +invalid_token +oauthGuard$/m);
    expect(run.stdout).not.toContain("not as expected");
    expect(run.status).toBe(0);
  });

  it("has a guard on every route", { timeout: 60_000 }, () => {
    // The run above has compiled it.
    const run = spawnSync(process.execPath, ["--test", "dist/routes.test.js"], {
      cwd: resolve(ROOT, "examples/quick-start"),
      encoding: "utf8",
    });
    expect(run.stdout).toMatch(/^# pass 1$/m);
    expect(run.status).toBe(0);
  });
});
