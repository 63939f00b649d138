import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const compiler = fileURLToPath(new URL("../node_modules/typescript/bin/tsc", import.meta.url));

/** Runs the compiler in the root of the repository. Returns whether it found no errors. */
export function tsc(...args) {
  const { status } = spawnSync(process.execPath, [compiler, ...args], {
    cwd: root,
    stdio: "inherit",
  });
  return status === 0;
}
