// Makes an example of this repository find the library, and the major of Express that it asks for, without an install.
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { tsc } from "./tsc.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Links the example's dependencies and compiles it, if it is TypeScript. Returns the path of its main file. */
export function prepareExample(name) {
  const folder = join(root, "examples", name);
  if (!existsSync(join(folder, "package.json"))) throw new Error(`there is no examples/${name}`);
  const { main, dependencies = {} } = JSON.parse(
    readFileSync(join(folder, "package.json"), "utf8"),
  );
  link(root, join(folder, "node_modules", "express-secure-api"));
  if (/^[~^]?4\b/.test(dependencies.express ?? "")) {
    link(join(root, "node_modules", "express4"), join(folder, "node_modules", "express"));
  }
  if (existsSync(join(folder, "tsconfig.json")) && !tsc("-p", folder)) {
    throw new Error(`tsc found errors in examples/${name}`);
  }
  return join(folder, main);
}

function link(target, path) {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(join(path, ".."), { recursive: true });
  // A junction needs no special rights on Windows; elsewhere the type is ignored.
  symlinkSync(target, path, "junction");
}
