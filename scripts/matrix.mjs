// Runs the test suite on the other supported majors of Node.js; npm's `node` package carries their binaries.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

for (const major of [22, 24, 26]) {
  const command = "node -v && node node_modules/vitest/vitest.mjs run";
  const { status } = spawnSync("npx", ["-y", "-p", `node@${major}`, "-c", command], {
    cwd: root,
    stdio: "inherit",
  });
  if (status !== 0) {
    console.error(`The tests fail on Node.js ${major}.`);
    process.exitCode = 1;
  }
}
