// Every subpath through both of its doors, on the Node.js that runs this, without any of the optional peers.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(import.meta.url);
const manifest = require("express-secure-api/package.json");

for (const subpath of Object.keys(manifest.exports)) {
  if (subpath === "./package.json") continue;
  const specifier = manifest.name + subpath.slice(1);
  const required = require(specifier);
  const imported = { ...(await import(specifier)) };
  assert.deepEqual(Object.keys(imported), Object.keys(required).sort(), specifier);
  for (const [name, value] of Object.entries(imported)) {
    assert.equal(value, required[name], `${specifier}: ${name}`);
  }
}

const { resolve } = createRequire(require.resolve("express-secure-api"));
const optional = Object.keys(manifest.peerDependenciesMeta);
const installed = optional.filter((name) =>
  // Folders above the project, which the machine may have, do not count.
  resolve
    .paths(name)
    .some((path) => path.startsWith(import.meta.dirname) && existsSync(join(path, name))),
);
assert.deepEqual(installed, []);
