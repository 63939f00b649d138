import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./package-manifest.js";

/** One import of a source file. */
export interface SourceImport {
  /** As written: `../core/deny.js`, `helmet`. */
  readonly specifier: string;
  /** Whether the compiler removes it: `import type`, or only `type` names. */
  readonly typeOnly: boolean;
}

/** A source file of the library that is no test. */
export interface SourceFile {
  /** Path below src, such as `rate-limit/index.ts`. */
  readonly path: string;
  /** First segment of the path; `""` for the root's own index.ts. */
  readonly folder: string;
  readonly text: string;
  readonly imports: readonly SourceImport[];
}

const STATEMENT = /^(?:import|export)\s+(type\s)?(?:(\{[^}]*\}|[^"'`;={(]*)\s*from\s+)?"([^"]+)"/gm;
const CALL = /(?:\brequire|\bimport)\(\s*"([^"]+)"\s*\)/g;

/** All source files of the library, without tests. */
export function sourceFiles(): readonly SourceFile[] {
  return readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts"))
    .sort()
    .map((path) => {
      const text = readFileSync(join(root, "src", path), "utf8");
      const folder = path.includes("/") ? path.slice(0, path.indexOf("/")) : "";
      return { path, folder, text, imports: importsOf(text) };
    });
}

/** The imports of a module, `export … from` and `require("…")` included. Docstrings do not count. */
export function importsOf(text: string): readonly SourceImport[] {
  const code = text.replaceAll(/^\s*\/\*\*?[\s\S]*?\*\//gm, "").replaceAll(/^\s*\/\/.*$/gm, "");
  const statements = [...code.matchAll(STATEMENT)].map(([, type, names = "", specifier = ""]) => ({
    specifier,
    typeOnly: type !== undefined || onlyTypeNames(names),
  }));
  const calls = [...code.matchAll(CALL)].map(({ 0: call, 1: specifier = "", index }) => ({
    specifier,
    // `typeof import("…")` and `: import("…").Name` are types.
    typeOnly: call.startsWith("import") && /(?:\btypeof|[:|&<])\s*$/.test(code.slice(0, index)),
  }));
  return [...statements, ...calls];
}

function onlyTypeNames(names: string): boolean {
  const inner = /^\{([^}]*)\}$/.exec(names.trim())?.[1];
  if (inner === undefined) return false;
  const list = inner
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  return list.length > 0 && list.every((name) => name.startsWith("type "));
}
