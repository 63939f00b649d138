// Finishes the declarations of a build: what users' compilers can reach stays, in a form for old compilers too.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Where `exports` and `typesVersions` send compilers before TypeScript 5.0, below the build. */
const OLD = "ts4.7";

const RELATIVE_IMPORT = /(?:\bfrom\s|\bimport\s?\(|\bimport\s)\s*"(\.{1,2}\/[^"]+)\.js"/g;

/** A type parameter that infers literals, `<const T extends …>`: compilers before 5.0 cannot parse it. */
const CONST_PARAMETER = /(?<=[<,]\s*)const\s+(?=\w+\s*(?:extends\b|[=,>]))/g;

/** Removes the declarations that no door leads to, and copies the others for old compilers. */
export function finishDeclarations(outDir) {
  const doors = declarationsIn(outDir).filter((path) =>
    /^(?:[^/]+\/){0,2}index\.d\.ts$/.test(path),
  );
  const reachable = new Set();
  for (const door of doors) reach(outDir, door, reachable);
  for (const path of declarationsIn(outDir)) {
    if (reachable.has(path)) copyForOldCompilers(outDir, path);
    else rmSync(join(outDir, path));
  }
  for (const door of doors) {
    const name = defaultExportIn(join(outDir, door));
    // `*` leaves it out, and a default export of CommonJS would be the whole module.
    const byDefault =
      name === undefined ? "" : `export { ${name} as default } from "./index.js";\n`;
    for (const folder of [outDir, join(outDir, OLD)]) {
      writeFileSync(
        join(folder, door.replace(/ts$/, "mts")),
        `export * from "./index.js";\n${byDefault}`,
      );
    }
  }
}

/** The name of what the declarations of a door export by default as well, if there is something. */
export function defaultExportIn(path) {
  return /\b(\w+) as default\b/.exec(readFileSync(path, "utf8"))?.[1];
}

function reach(outDir, path, reachable) {
  if (reachable.has(path)) return;
  reachable.add(path);
  for (const [, specifier] of readFileSync(join(outDir, path), "utf8").matchAll(RELATIVE_IMPORT)) {
    reach(outDir, join(dirname(path), `${specifier}.d.ts`), reachable);
  }
}

function copyForOldCompilers(outDir, path) {
  const copy = join(outDir, OLD, path);
  mkdirSync(dirname(copy), { recursive: true });
  writeFileSync(copy, readFileSync(join(outDir, path), "utf8").replaceAll(CONST_PARAMETER, ""));
}

function declarationsIn(outDir) {
  return readdirSync(outDir, { recursive: true, encoding: "utf8" })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => path.endsWith(".d.ts"));
}
