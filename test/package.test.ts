import { existsSync, readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { manifest, publicFolders, root } from "./support/package-manifest.js";
import { importsOf } from "./support/source-files.js";

describe("package.json", () => {
  it("exports the root, every public folder of src, and nothing else but itself", () => {
    const subpaths = publicFolders().map((folder) => `./${folder}`);
    expect(Object.keys(manifest.exports).sort()).toEqual(
      [".", "./package.json", ...subpaths].sort(),
    );
  });

  it("opens two doors per subpath, with the types first", () => {
    for (const [subpath, doors] of Object.entries(manifest.exports)) {
      if (subpath === "./package.json") continue;
      const path = `./dist${subpath.slice(1)}/index`;
      // As text, because the order of the conditions matters.
      expect(JSON.stringify(doors)).toBe(
        JSON.stringify({
          import: { types: `${path}.d.mts`, default: `${path}.mjs` },
          require: { types: `${path}.d.ts`, default: `${path}.js` },
        }),
      );
    }
  });

  it("names the same subpaths for `moduleResolution: node10`", () => {
    const expected = publicFolders().map((folder) => [folder, [`./dist/${folder}/index.d.ts`]]);
    expect(manifest.typesVersions).toEqual({ "*": Object.fromEntries(expected) });
  });

  it("shows no types of the packages it wraps, Express excepted", () => {
    const seen = new Set<string>();
    const foreign = ["", ...publicFolders()].flatMap((folder) =>
      foreignTypes(join(root, "dist", folder, "index.d.ts"), seen),
    );
    expect(seen.size).toBeGreaterThan(publicFolders().length);
    expect(foreign).toEqual([]);
  });

  it("packs what it refers to and no tests", () => {
    for (const doors of Object.values(manifest.exports)) {
      const paths =
        typeof doors === "string" ? [doors] : Object.values(doors).flatMap(Object.values);
      expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
    }
    const files = readdirSync(join(root, "dist"), { recursive: true, encoding: "utf8" });
    expect(files.filter((path) => /\.(?:test|fixture)\.|fixtures/.test(path))).toEqual([]);
  });
});

/** The packages whose types a user's compiler meets, from one declaration file on. */
function foreignTypes(path: string, seen: Set<string>): readonly string[] {
  if (seen.has(path)) return [];
  seen.add(path);
  return importsOf(readFileSync(path, "utf8")).flatMap(({ specifier }) => {
    if (isBuiltin(specifier) || specifier === "express") return [];
    if (!specifier.startsWith(".")) return [`${path.slice(root.length + 1)} imports ${specifier}`];
    return foreignTypes(join(dirname(path), specifier.replace(/\.js$/, ".d.ts")), seen);
  });
}
