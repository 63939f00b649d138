import { readdirSync, statSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join } from "node:path/posix";
import { describe, expect, it } from "vitest";
import { manifest, publicFolders, root } from "./support/package-manifest.js";
import { importsOf, type SourceFile, sourceFiles } from "./support/source-files.js";

/** Third-party packages have one home each. */
const HOMES: Readonly<Record<string, string>> = {
  "@cedar-policy/cedar-wasm": "authorization",
  "@open-policy-agent/opa-wasm": "authorization",
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

/** Floors, the lowest first. A folder that is not named stands on the floor of the capabilities. */
const FLOORS: readonly (readonly string[])[] = [["core"], ["issuer"], [], ["secure-api", "cli"]];
const CAPABILITIES = 2;

/** Sideways imports that are what the folder is for. */
const SIDEWAYS: Readonly<Record<string, readonly string[]>> = {
  // It declares the type of `req.auth`.
  augment: ["oauth-guard"],
};

const MAX_FILES_PER_ROOM = 9;
const MAX_ROOMS_DEEP = 2;
const MAX_LINES = 300;

const files = sourceFiles();
const edges = edgesOf(files);

describe("the root of the project", () => {
  it("holds no file that is empty, or whose name a shell or another system reads in its own way", () => {
    const wrong = readdirSync(root, { withFileTypes: true }).filter((entry) => {
      if (!/^[\w.-]+$/.test(entry.name)) return true;
      return entry.isFile() && statSync(join(root, entry.name)).size === 0;
    });
    expect(wrong.map(({ name }) => name)).toEqual([]);
  });
});

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

  it("import downwards, from floor to floor", () => {
    const wrong = edges.filter(({ from, to }) => {
      const [folder, target] = [folderOf(from), folderOf(to)];
      if (folder === "" || folder === target) return false;
      return floorOf(target) >= floorOf(folder) && !SIDEWAYS[folder]?.includes(target);
    });
    expect(wrong.map(arrow)).toEqual([]);
  });

  it("never import from a room what stands in front of it", () => {
    const wrong = edges.filter(({ from, to }) => {
      const [room, target] = [dirname(from), dirname(to)];
      return room !== target && room.startsWith(`${target}/`);
    });
    expect(wrong.map(arrow)).toEqual([]);
  });

  it("know one direction between the rooms of a folder", () => {
    const rooms = new Map<string, Set<string>>();
    for (const { from, to } of edges) {
      const [room, target] = [dirname(from), dirname(to)];
      if (room === target || folderOf(from) !== folderOf(to) || !room.includes("/")) continue;
      rooms.set(room, (rooms.get(room) ?? new Set()).add(target));
    }
    expect(circles(rooms)).toEqual([]);
  });

  it("have no circle of imports, those of types included", () => {
    const imports = new Map<string, Set<string>>();
    for (const { from, to } of edges) imports.set(from, (imports.get(from) ?? new Set()).add(to));
    expect(circles(imports)).toEqual([]);
  });

  it("import files that exist", () => {
    const paths = new Set(files.map(({ path }) => path));
    expect(edges.filter(({ to }) => !paths.has(to)).map(arrow)).toEqual([]);
  });

  it("begin with the slots of a request, which know nobody", () => {
    const slots = files.filter(({ path }) => dirname(path) === "core/request");
    const known = edges.filter(({ from, to }) =>
      slots.some(({ path }) => path === from && dirname(to) !== dirname(path)),
    );
    expect(known.map(arrow)).toEqual([]);
  });

  it("stand in rooms of at most nine files, two deep", () => {
    const rooms = groupByRoom(files);
    const inRooms = [...rooms].filter(([room]) => room.includes("/"));
    const full = inRooms.filter(([, held]) => held.length > MAX_FILES_PER_ROOM);
    expect(full.map(([room, held]) => `${room}: ${held.length}`)).toEqual([]);
    const deep = inRooms.filter(([room]) => room.split("/").length - 1 > MAX_ROOMS_DEEP);
    expect(deep.map(([room]) => room)).toEqual([]);
    expect(files.filter(({ path }) => dirname(path) === "core").map(({ path }) => path)).toEqual(
      [],
    );
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

  it("say in each docstring what editors show there, because they do not follow @inheritDoc", () => {
    expect(
      files.filter(({ text }) => text.includes("@inheritDoc")).map(({ path }) => path),
    ).toEqual([]);
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
  /** Path below src of the importing file. */
  readonly from: string;
  /** Path below src of the imported file, wherever the specifier leads. */
  readonly to: string;
}

function edgesOf(sources: readonly SourceFile[]): readonly Edge[] {
  return sources.flatMap(({ path, imports }) =>
    imports
      .filter(({ specifier }) => specifier.startsWith("."))
      .map(({ specifier }) => ({
        from: path,
        to: join(dirname(path), specifier).replace(/\.js$/, ".ts"),
      })),
  );
}

function arrow({ from, to }: Edge): string {
  return `${from} imports ${to}`;
}

function folderOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.indexOf("/")) : "";
}

function floorOf(folder: string): number {
  const floor = FLOORS.findIndex((folders) => folders.includes(folder));
  return floor === -1 ? CAPABILITIES : floor;
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

function groupByRoom(sources: readonly SourceFile[]): ReadonlyMap<string, readonly SourceFile[]> {
  const rooms = new Map<string, SourceFile[]>();
  for (const file of sources) {
    const room = dirname(file.path);
    rooms.set(room, [...(rooms.get(room) ?? []), file]);
  }
  return rooms;
}

/** The circles of a graph, each as the way around. */
function circles(graph: ReadonlyMap<string, ReadonlySet<string>>): readonly string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (node: string, trail: readonly string[]): void => {
    if (trail.includes(node)) found.push([...trail.slice(trail.indexOf(node)), node].join(" → "));
    if (trail.includes(node) || done.has(node)) return;
    for (const next of graph.get(node) ?? []) visit(next, [...trail, node]);
    done.add(node);
  };
  for (const node of graph.keys()) visit(node, []);
  return found;
}
