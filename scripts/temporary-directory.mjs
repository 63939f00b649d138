// Gives a test run a temporary directory of its own, and takes away whatever the tests left in it.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export function setup() {
  const directory = mkdtempSync(join(tmpdir(), "express-secure-api-test-"));
  process.env.TMPDIR = directory;
  return () => rmSync(directory, { recursive: true, force: true });
}
