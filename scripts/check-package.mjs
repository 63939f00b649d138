// Checks the packed library with publint and attw (every module resolution, node10 included), no rule switched off.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pack } from "./pack.mjs";

const bin = fileURLToPath(new URL("../node_modules/.bin/", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "express-secure-api-"));

try {
  const tarball = pack(folder);
  check("publint", ["run", tarball, "--strict"]);
  check("attw", [tarball, "--profile", "strict"]);
} finally {
  rmSync(folder, { recursive: true });
}

function check(tool, args) {
  const { status } = spawnSync(join(bin, tool), args, { stdio: "inherit" });
  if (status !== 0) process.exitCode = 1;
}
