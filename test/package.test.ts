import { spawnSync } from "node:child_process";
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
      const old = `./dist/ts4.7${subpath.slice(1)}/index`;
      // As text, because the order of the conditions matters.
      expect(JSON.stringify(doors)).toBe(
        JSON.stringify({
          import: {
            "types@<5.0": `${old}.d.mts`,
            types: `${path}.d.mts`,
            default: `${path}.mjs`,
          },
          require: { "types@<5.0": `${old}.d.ts`, types: `${path}.d.ts`, default: `${path}.js` },
        }),
      );
    }
  });

  it("leads `moduleResolution: node10` to the same declarations", () => {
    const folders = { "<5.0": "./dist/ts4.7", "*": "./dist" };
    expect(Object.keys(manifest.typesVersions)).toEqual(Object.keys(folders));
    for (const [range, folder] of Object.entries(folders)) {
      expect(manifest.typesVersions[range]).toEqual({
        "dist/*": [`${folder}/*`],
        "package.json": ["./package.json"],
        "*": [`${folder}/*/index.d.ts`],
      });
    }
  });

  it("packs a folder per subpath, for resolvers that do not know `exports`", () => {
    const folders = publicFolders().map((folder) => `${folder}/index.js`);
    const others = ["dist", "CHANGELOG.md", "SECURITY.md"];
    expect([...manifest.files].sort()).toEqual([...folders, ...others].sort());
  });

  it("leaves none of these folders behind when packing fails", () => {
    const missing = join(root, "no-such-folder");
    const { status, stderr } = spawnSync("npm", ["pack", "--pack-destination", missing], {
      cwd: root,
      encoding: "utf8",
    });
    expect(status).not.toBe(0);
    expect(stderr).toContain("--pack-destination must be a folder that exists");
    expect(publicFolders().filter((folder) => existsSync(join(root, folder, "index.js")))).toEqual(
      [],
    );
  }, 30_000);

  it("needs no peer but Express", () => {
    const { peerDependencies, peerDependenciesMeta: meta } = manifest;
    const needed = Object.keys(peerDependencies).filter((name) => meta[name]?.optional !== true);
    expect(needed).toEqual(["express"]);
  });

  it("shows no types of the packages it wraps, Express excepted", () => {
    const seen = new Set<string>();
    const foreign = ["", ...publicFolders()].flatMap((folder) =>
      foreignTypes(join(root, "dist", folder, "index.d.ts"), seen),
    );
    expect(seen.size).toBeGreaterThan(publicFolders().length);
    expect(foreign).toEqual([]);
  });

  it("gives old compilers the declarations that others get, without what they cannot parse", () => {
    const all = declarationsIn(join(root, "dist")).filter((path) => !path.startsWith("ts4.7/"));
    expect(declarationsIn(join(root, "dist", "ts4.7"))).toEqual(all);
    const differ = all.filter((path) => {
      const text = readFileSync(join(root, "dist", path), "utf8");
      const old = readFileSync(join(root, "dist", "ts4.7", path), "utf8");
      expect(old).toBe(text.replaceAll(/(?<=[<,]\s?)const (?=[A-Z]\w* (?:extends|=))/g, ""));
      return old !== text;
    });
    expect(differ).toContain("validate/validate.d.ts");
  });

  it("holds declarations only where a door leads to them", () => {
    const reached = new Set<string>();
    for (const folder of ["", ...publicFolders()]) {
      foreignTypes(join(root, "dist", folder, "index.d.ts"), reached);
    }
    const all = declarationsIn(join(root, "dist")).filter((path) =>
      /^(?!ts4\.7).*\.d\.ts$/.test(path),
    );
    expect(all.map((path) => join(root, "dist", path)).sort()).toEqual([...reached].sort());
  });

  it("requires modules of Node.js by the names that Jest 26 and old bundlers know", () => {
    const files = readdirSync(join(root, "dist"), { recursive: true, encoding: "utf8" });
    const prefixed = files
      .filter((path) => path.endsWith(".js"))
      .filter((path) => readFileSync(join(root, "dist", path), "utf8").includes('"node:'));
    expect(prefixed).toEqual([]);
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

function declarationsIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => /\.d\.m?ts$/.test(path))
    .sort();
}

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
