import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Express } from "express";
import { CommandError, lineOf } from "../terminal/command-error.js";

type Exports = Readonly<Record<string, unknown>>;

/** Where an app is looked for; a module that was compiled to CommonJS has its exports below `default`. */
const NAMES = ["default", "app", "module.exports"];
const NO_TYPESCRIPT = ["ERR_UNKNOWN_FILE_EXTENSION", "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX"];

/**
 * Loads a module and finds the app that it exports, or that an exported function returns.
 *
 * @throws CommandError that says what to do.
 */
export async function loadApp(written: string, exportName: string | undefined): Promise<Express> {
  const path = resolve(written);
  if (!existsSync(path)) throw new CommandError(`there is no file ${written}`);
  if (statSync(path).isDirectory()) {
    throw new CommandError(`${written} is a folder: name the file that exports the app`);
  }
  const exports = await importModule(path, written);
  try {
    return await appIn(exports, written, exportName);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    // An export may be a getter, or a proxy.
    throw new CommandError(`what ${written} exports could not be read: ${lineOf(error)}`);
  }
}

async function appIn(
  exports: Exports,
  written: string,
  exportName: string | undefined,
): Promise<Express> {
  const candidates = candidatesIn(exports, exportName);
  const app = candidates.find(isApp);
  if (app !== undefined) return app;
  const known = namesOf(exports);
  const list = known.length === 0 ? "it exports nothing" : `it exports ${known.join(", ")}`;
  if (exportName !== undefined && candidates.length === 0) {
    throw new CommandError(`${written} has no export "${exportName}": ${list}`);
  }
  for (const make of candidates) {
    if (typeof make !== "function") continue;
    const made = await callFactory(make as () => unknown, written);
    const found = [made, (made as Exports | null | undefined)?.["app"]].find(isApp);
    if (found !== undefined) return found;
  }
  throw new CommandError(
    `${written} exports no Express app and no function that returns one: ${list}; name the right one with --export`,
  );
}

async function importModule(path: string, written: string): Promise<Exports> {
  try {
    return (await import(pathToFileURL(path).href)) as Exports;
  } catch (error) {
    const { code } = (error ?? {}) as { readonly code?: unknown };
    if (/\.[cm]?tsx?$/.test(path) && NO_TYPESCRIPT.includes(String(code))) {
      throw new CommandError(
        `Node.js ${process.version} cannot load ${written}: name the compiled file, or set NODE_OPTIONS=--import=tsx`,
      );
    }
    throw new CommandError(`${written} could not be loaded: ${lineOf(error)}`);
  }
}

async function callFactory(make: () => unknown, written: string): Promise<unknown> {
  try {
    return await make();
  } catch (error) {
    const hint = make.length === 0 ? "" : "; it is called without arguments, and names some";
    throw new CommandError(`the function that ${written} exports failed: ${lineOf(error)}${hint}`);
  }
}

/** What may be the app, the likeliest first. */
function candidatesIn(exports: Exports, exportName: string | undefined): readonly unknown[] {
  const compiled = exports["default"];
  const inner = isMembers(compiled) ? compiled : {};
  const names = exportName === undefined ? NAMES : [exportName];
  return names
    .flatMap((name) => [memberOf(exports, name), memberOf(inner, name)])
    .filter((value) => value !== undefined);
}

/** An app has members of its own called `app` or `default` at most by chance: only objects and functions are asked. */
function memberOf(value: Exports, name: string): unknown {
  return Object.hasOwn(value, name) ? value[name] : undefined;
}

function namesOf(exports: Exports): readonly string[] {
  const compiled = exports["default"];
  const inner = isMembers(compiled) && typeof compiled !== "function" ? Object.keys(compiled) : [];
  // What Node.js adds to the exports of a CommonJS module is none of its own.
  const added = ["__esModule", "module.exports"];
  return [...new Set([...Object.keys(exports), ...inner])].filter((name) => !added.includes(name));
}

function isMembers(value: unknown): value is Exports {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

/** An app, or a router. By what every version has, because the app's Express is another copy than ours. */
function isApp(value: unknown): value is Express {
  if (typeof value !== "function") return false;
  const { handle, use, route } = value as unknown as Exports;
  return [handle, use, route].every((member) => typeof member === "function");
}
