// Writes a folder for each subpath beside dist/, for resolvers that do not know `exports`. They are packed and never
// committed: `prepack` writes them and `postpack` removes them.
import { mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * Each folder holds one line that hands on the CommonJS door. It is an index.js because TypeScript, under
 * `moduleResolution: node10`, would prefer a package.json there to `typesVersions`, which knows its version.
 */
export function writeFolders() {
  for (const subpath of subpaths()) {
    const door = `${"../".repeat(subpath.split("/").length)}dist/${subpath}/index.js`;
    mkdirSync(join(root, subpath), { recursive: true });
    writeFileSync(fileIn(subpath), `"use strict";\nmodule.exports = require("${door}");\n`);
  }
}

/** Removes what `writeFolders` wrote, and nothing that somebody put there. */
export function removeFolders() {
  for (const subpath of subpaths()) {
    rmSync(fileIn(subpath), { force: true });
    for (let path = subpath; path !== "."; path = dirname(path)) removeIfEmpty(join(root, path));
  }
}

function subpaths() {
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  return Object.keys(exports)
    .filter((subpath) => subpath !== "." && subpath !== "./package.json")
    .map((subpath) => subpath.slice("./".length));
}

function fileIn(subpath) {
  return join(root, subpath, "index.js");
}

function removeIfEmpty(path) {
  try {
    if (readdirSync(path).length === 0) rmdirSync(path);
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
  }
}
