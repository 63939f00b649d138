// Every subpath through a resolver that does not know `exports`, as browserify and eslint-plugin-import use it.
const assert = require("node:assert/strict");
const { dirname } = require("node:path");
const resolve = require("resolve");

const { name, exports: doors } = require("express-secure-api/package.json");
for (const subpath of Object.keys(doors)) {
  const specifier = name + subpath.slice(1);
  const path = resolve.sync(specifier, { basedir: __dirname });
  assert.equal(require(path), require(specifier), specifier);
}
assert.throws(() => resolve.sync(`${name}/core`, { basedir: dirname(__filename) }));
