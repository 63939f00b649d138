import { isBuiltin } from "node:module";
import { dirname, join } from "node:path/posix";
import { describe, expect, it } from "vitest";
import { manifest, publicFolders } from "./support/package-manifest.js";
import { importsOf, type SourceFile, sourceFiles } from "./support/source-files.js";

/** Third-party packages have one home each. */
const HOMES: Readonly<Record<string, string>> = {
  ajv: "validate",
  cors: "secure-headers",
  "express-validator": "validate",
  helmet: "secure-headers",
  jsonwebtoken: "issuer",
  "jwks-rsa": "issuer",
  "rate-limiter-flexible": "rate-limit",
  "triple-beam": "audit-log",
  winston: "audit-log",
  "winston-transport": "audit-log",
};

/** Folders that may import siblings; every other folder imports core only. */
const SIBLINGS: Readonly<Record<string, (imported: string) => boolean>> = {
  "": () => true,
  "secure-api": () => true,
  augment: (imported) => imported === "oauth-guard",
};

const MAX_LINES = 300;

const files = sourceFiles();

describe("the sources", () => {
  it("reads imports as the compiler does", () => {
    const text = `
import { type c } from "one";
import type {
  d,
} from "two";
export { type e, f } from "./three.js";
import "four";
/** import { no } from "docstring"; */
const lazy = () => require("five");
const text = "/* not a comment";
let types: typeof import("six");
import { g } from "./seven.js"; /* a comment */`;
    expect(importsOf(text).map(({ specifier, typeOnly }) => `${specifier} ${typeOnly}`)).toEqual([
      "one true",
      "two true",
      "./three.js false",
      "four false",
      "./seven.js false",
      "five false",
      "six true",
    ]);
  });

  it("import core, and siblings only where that is allowed", () => {
    const wrong = relativeImports(files).filter(({ folder, to }) => {
      const target = folderOf(to);
      if (target === folder) return false;
      if (folder === "core") return true;
      return target !== "core" && !(SIBLINGS[folder]?.(target) ?? false);
    });
    expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
  });

  it("have no import cycles", () => {
    expect(cycles(files)).toEqual([]);
  });

  it("import Express for its types only", () => {
    const wrong = files.filter(({ imports }) =>
      imports.some(({ specifier, typeOnly }) => specifier === "express" && !typeOnly),
    );
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });

  it("import each third-party package in one file of its own folder", () => {
    const importers = new Map<string, string[]>();
    for (const { path, imports } of files) {
      for (const name of new Set(imports.flatMap(({ specifier }) => packageName(specifier)))) {
        importers.set(name, [...(importers.get(name) ?? []), path]);
      }
    }
    for (const [name, paths] of importers) {
      expect(paths, `${name} is imported by`).toHaveLength(1);
      expect(folderOf(paths[0] ?? ""), `${name} is imported in folder`).toBe(HOMES[name]);
    }
    // The other way round: what is installed with the library is used by it.
    const unused = Object.keys(manifest.dependencies).filter((name) => !importers.has(name));
    expect(unused).toEqual([]);
  });

  it("stay short", () => {
    const long = files.filter(({ text }) => text.split("\n").length - 1 > MAX_LINES);
    expect(long.map(({ path }) => path)).toEqual([]);
  });

  it("export by name, and never everything", () => {
    const wrong = files.filter(({ text }) => /^export (?:default\b|\*|=)/m.test(text));
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });

  it("read nothing from the environment", () => {
    const wrong = files.filter(({ text }) => /\bprocess\s*(?:\.|\?\.|\[")\s*env\b/.test(text));
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });

  it("have an index in every public folder that only re-exports", () => {
    for (const folder of ["", ...publicFolders()]) {
      const path = join(folder, "index.ts");
      const index = files.find((file) => file.path === path);
      expect(index, path).toBeDefined();
      if (folder === "augment") continue;
      const rest = index?.text.replaceAll(/^export (?:type )?\{[^}]*\} from "[^"]+";$/gm, "");
      expect(rest?.replaceAll(/^\/\/.*$|^\/\*\*[\s\S]*?\*\/$/gm, "").trim(), path).toBe("");
    }
  });
});

interface Edge {
  readonly from: string;
  readonly folder: string;
  /** Path below src of the imported file. */
  readonly to: string;
  readonly typeOnly: boolean;
}

function relativeImports(sources: readonly SourceFile[]): readonly Edge[] {
  return sources.flatMap(({ path, folder, imports }) =>
    imports
      .filter(({ specifier }) => specifier.startsWith("."))
      .map(({ specifier, typeOnly }) => ({
        from: path,
        folder,
        to: join(dirname(path), specifier),
        typeOnly,
      })),
  );
}

function folderOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.indexOf("/")) : "";
}

/** The package of a specifier; none for relative imports, Node's own modules and Express. */
function packageName(specifier: string): readonly string[] {
  if (specifier.startsWith(".") || isBuiltin(specifier) || specifier === "express") return [];
  return [
    specifier
      .split("/")
      .slice(0, specifier.startsWith("@") ? 2 : 1)
      .join("/"),
  ];
}

/** Cycles of imports that exist at run time: type imports are gone by then. */
function cycles(sources: readonly SourceFile[]): readonly string[] {
  const edges = relativeImports(sources).filter(({ typeOnly }) => !typeOnly);
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) found.push([...trail.slice(trail.indexOf(path)), path].join(" → "));
    if (trail.includes(path) || done.has(path)) return;
    for (const { to } of edges.filter(({ from }) => from === path)) {
      visit(to.replace(/\.js$/, ".ts"), [...trail, path]);
    }
    done.add(path);
  };
  for (const { path } of sources) visit(path, []);
  return found;
}
