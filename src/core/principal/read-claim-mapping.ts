import type { OptionsReader } from "../options/options-reader.js";
import type { ClaimMapping, ClaimPath, ClaimSource } from "./claim-mapping.js";

const LISTS = ["roles", "scopes", "permissions", "groups"] as const;
const MEMBERS = [...LISTS, "tenant", "clientId", "kind"] as const;
const FORMATS = ["list", "space", "comma", "scim", "keys"] as const;

/** Reads a claim mapping at `key`. @returns A frozen copy, or `undefined` when left out. */
export function readPrincipal(options: OptionsReader, key: string): ClaimMapping | undefined {
  const reader = options.object(key, MEMBERS);
  if (reader === undefined) return undefined;
  const mapping: Record<string, unknown> = {};
  for (const list of LISTS) mapping[list] = readSources(reader, list);
  mapping["tenant"] = readPath(reader, "tenant");
  mapping["clientId"] = readPaths(reader, "clientId");
  mapping["kind"] = reader.function("kind");
  return Object.freeze(mapping) as ClaimMapping;
}

function readSources(reader: OptionsReader, list: string): readonly ClaimSource[] | undefined {
  const entries = reader.objects(list, ["path", "format", "prefix"]);
  if (entries === undefined) return undefined;
  return Object.freeze(
    entries.map((entry) => {
      const path = readPath(entry, "path");
      if (path === undefined && !entry.has("path")) entry.problem("path", PATH);
      const format = entry.oneOf("format", FORMATS, { default: "list" });
      const prefix = entry.string("prefix", { default: "" });
      return Object.freeze({ path: path ?? "", format, prefix });
    }),
  );
}

const PATH = "a claim name or a list of them, outermost first";

function readPath(reader: OptionsReader, key: string): ClaimPath | undefined {
  const value = reader.raw(key);
  if (value === undefined) return undefined;
  const path = copyPath(value);
  if (path === undefined) reader.problem(key, PATH);
  return path;
}

function readPaths(reader: OptionsReader, key: string): readonly ClaimPath[] | undefined {
  const value = reader.raw(key);
  if (value === undefined) return undefined;
  const paths = Array.isArray(value) ? value.map(copyPath) : [];
  const good = paths.filter((path) => path !== undefined);
  if (good.length === 0 || good.length < paths.length) reader.problem(key, `a list, each ${PATH}`);
  return Object.freeze(good);
}

function copyPath(value: unknown): ClaimPath | undefined {
  if (typeof value === "string") return value === "" ? undefined : value;
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const names: readonly unknown[] = Object.freeze([...value]);
  return names.every((name) => typeof name === "string" && name !== "")
    ? (names as readonly string[])
    : undefined;
}
