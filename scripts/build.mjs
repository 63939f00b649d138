// Writes src/ as CommonJS to dist/, the ESM doors beside it, and the declarations.
import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundle, doorsIn } from "./bundle.mjs";
import { defaultExportIn, finishDeclarations } from "./declarations.mjs";
import { tsc } from "./tsc.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");
const inputs = [
  "src",
  "scripts/build.mjs",
  "scripts/bundle.mjs",
  "scripts/declarations.mjs",
  "package.json",
  "tsconfig.json",
  "tsconfig.build.json",
];
const require = createRequire(import.meta.url);

/** Builds, unless nothing that goes into the build is newer than the last one. */
export async function buildIfStale() {
  if (existsSync(dist) && newest(inputs.map((path) => join(root, path))) < statSync(dist).mtimeMs)
    return;
  await build();
}

/** Builds in a directory of its own first, so that a running process never sees half a build. */
export async function build() {
  const fresh = join(root, `.dist-${process.pid}`);
  const started = new Date();
  try {
    declare(fresh);
    await bundle(root, fresh);
    removePrefixes(fresh);
    for (const door of doorsIn(fresh)) {
      exportDefault(join(fresh, door));
      writeDoor(join(fresh, door));
    }
    finishDeclarations(fresh);
    // Dated by its start: a source saved while the compiler ran makes the build stale.
    utimesSync(fresh, started, started);
    replaceDist(fresh);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

function declare(outDir) {
  rmSync(outDir, { recursive: true, force: true });
  if (!tsc("-p", "tsconfig.build.json", "--outDir", outDir)) throw new Error("tsc found errors");
}

/** `node:crypto` is `crypto` too, and only the latter is known to Jest 26 and bundlers of its time. */
function removePrefixes(outDir) {
  for (const name of readdirSync(outDir, { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".js")) continue;
    const path = join(outDir, name);
    writeFileSync(path, readFileSync(path, "utf8").replaceAll('require("node:', 'require("'));
  }
}

/** Lets `require` give a function that is exported by default, with the other exports on it: packages that it replaces do. */
function exportDefault(folder) {
  if (defaultExportIn(join(folder, "index.d.ts")) === undefined) return;
  appendFileSync(
    join(folder, "index.js"),
    "module.exports = Object.assign(exports.default, exports);\n",
  );
}

/** One line each: the ESM door hands on what the CommonJS module exports, so that there is only one copy of it. */
function writeDoor(folder) {
  const names = Object.keys(require(join(folder, "index.js"))).sort();
  const list = names.length === 0 ? "{}" : `{ ${names.join(", ")} } from "./index.js"`;
  writeFileSync(join(folder, "index.mjs"), `export ${list};\n`);
}

function replaceDist(fresh) {
  const old = `${fresh}-old`;
  if (existsSync(dist)) renameSync(dist, old);
  renameSync(fresh, dist);
  rmSync(old, { recursive: true, force: true });
}

function newest(paths) {
  let time = 0;
  for (const path of paths) {
    const stats = statSync(path);
    time = Math.max(time, stats.mtimeMs);
    if (stats.isDirectory())
      time = Math.max(time, newest(readdirSync(path).map((name) => join(path, name))));
  }
  return time;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await build();
  } catch (error) {
    console.error(`build: ${error.message}`);
    process.exitCode = 1;
  }
}
