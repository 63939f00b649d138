import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const ROOT = resolve(__dirname, "../..");
const run = promisify(execFile);

interface Result {
  readonly requests: number;
  readonly lost: number;
  readonly codes: readonly (number | string)[];
}

async function restart(...args: readonly string[]): Promise<Result> {
  const file = "bench/server/rolling-restart.mjs";
  const { stdout } = await run(process.execPath, [file, ...args], { cwd: ROOT, timeout: 110_000 });
  return JSON.parse(stdout) as Result;
}

describe("a rolling restart under load", () => {
  it.each(["express4", "express"])(
    "loses no request on %s",
    async (framework) => {
      // The probes of a busy machine may take more than a second.
      const { requests, lost, codes } = await restart("graceful", framework, process.execPath, "4");
      expect({ lost, codes }).toEqual({ lost: 0, codes: [0, 0, 0] });
      expect(requests).toBeGreaterThanOrEqual(1000);
    },
    120_000,
  );

  it("loses some with a bare close() of the server", async () => {
    expect((await restart("bare")).lost).toBeGreaterThan(0);
  }, 120_000);
});
