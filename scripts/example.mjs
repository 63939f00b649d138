// Runs an example of this repository on the library as it stands: `node scripts/example.mjs quick-start --once`.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { buildIfStale } from "./build.mjs";
import { prepareExample } from "./prepare-example.mjs";

const [name, ...args] = process.argv.slice(2);

try {
  if (name === undefined) throw new Error("name an example: node scripts/example.mjs quick-start");
  await buildIfStale();
  run(prepareExample(name));
} catch (error) {
  console.error(`example: ${error.message}`);
  process.exitCode = 1;
}

function run(main) {
  const child = spawn(process.execPath, [main, ...args], { stdio: "inherit" });
  // Ctrl-C reaches the child by itself; this process only has to outlive it.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  child.on("exit", (code, signal) => {
    process.exitCode = signal === null ? code : 128 + constants.signals[signal];
  });
}
