// The commands of the library, as `npx express-secure-api …` runs them.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const manifest = createRequire(import.meta.url).resolve("express-secure-api/package.json");
const program = join(dirname(manifest), "dist/cli/main.js");

/** @returns The exit code. What the command prints goes nowhere: run it by hand to read that. */
export async function command(...args: readonly string[]): Promise<number | null> {
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [code] = (await once(child, "exit")) as [number | null];
  return code;
}
