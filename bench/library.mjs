import { createRequire } from "node:module";

/** The library as its users get it: through the `exports` of its package, which may name itself from its root. */
const require = createRequire(new URL("../package.json", import.meta.url));

/** @param subpath - `secure-api`, `oauth-guard` … */
export function requireFromLibrary(subpath) {
  return require(`express-secure-api/${subpath}`);
}

export function resolveInLibrary(subpath) {
  return require.resolve(`express-secure-api/${subpath}`);
}

/** A file of the library that has no door of its own, to measure a part alone. */
export function requireInternal(path) {
  return require(`./dist/${path}`);
}
