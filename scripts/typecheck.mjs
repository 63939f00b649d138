// Type-checks sources, tests and examples. The examples see the built package, as their readers will.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildIfStale } from "./build.mjs";
import { prepareExample } from "./prepare-example.mjs";
import { tsc } from "./tsc.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

try {
  if (!tsc("-p", root)) process.exitCode = 1;
  await buildIfStale();
  for (const name of readdirSync(join(root, "examples"))) {
    if (existsSync(join(root, "examples", name, "tsconfig.json"))) prepareExample(name);
  }
} catch (error) {
  console.error(`typecheck: ${error.message}`);
  process.exitCode = 1;
}
