import { rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundle } from "../scripts/bundle.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

/** The library as its users get it: through the `exports` of its package, which may name itself from its root. */
const require = createRequire(new URL("../package.json", import.meta.url));

/** @param subpath - `secure-api`, `oauth-guard` … */
export function requireFromLibrary(subpath) {
  return require(`express-secure-api/${subpath}`);
}

export function resolveInLibrary(subpath) {
  return require.resolve(`express-secure-api/${subpath}`);
}

/** A file of the library that has no door of its own, to measure a part alone: from a build that leaves it alone. */
export async function requireInternal(path) {
  internals ??= buildInternals();
  return require(join(await internals, path));
}

let internals;

async function buildInternals() {
  const folder = join(root, `.dist-internals-${process.pid}`);
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  await bundle(root, folder, { whole: false });
  return folder;
}
