import type { OptionKeys } from "../options/option-types.js";
import type { OptionsReader } from "../options/options-reader.js";
import { isPlainObject } from "../options/value.js";
import type { ClaimMapping, ClaimPath, ClaimSource, SubjectSource } from "./claim-mapping.js";

const LISTS = ["roles", "scopes", "permissions", "groups"] as const;
const MEMBERS: OptionKeys<ClaimMapping> = {
  subject: true,
  roles: true,
  scopes: true,
  permissions: true,
  groups: true,
  tenant: true,
  clientId: true,
  kind: true,
};
const SOURCE: OptionKeys<ClaimSource> = { path: true, format: true, prefix: "neverUndefined" };
const SUBJECT: OptionKeys<SubjectSource> = { path: true, format: true };
/** More places than any issuer puts it in. */
const MAX_SUBJECTS = 10;
const SUBJECT_FORMATS = ["text", "number"] as const;
const FORMATS = ["list", "space", "comma", "scim", "keys"] as const;

/** Reads the claim mapping at `principal`. @returns A frozen copy, or `undefined` when left out. */
export function readClaimMapping(options: OptionsReader<"principal">): ClaimMapping | undefined {
  const reader = options.object<ClaimMapping>(
    "principal",
    MEMBERS,
    {},
    'keycloak({ clientId: "my-api" }) or a mapping such as { roles: [{ path: "roles" }] }',
  );
  if (reader === undefined) return undefined;
  const mapping: Record<string, unknown> = {};
  mapping["subject"] = readSubject(reader);
  for (const list of LISTS) mapping[list] = readSources(reader, list);
  mapping["tenant"] = readPath(reader, "tenant");
  mapping["clientId"] = readClientId(reader);
  mapping["kind"] = reader.function("kind");
  return Object.freeze(mapping) as ClaimMapping;
}

function readSources(
  reader: OptionsReader<keyof ClaimMapping>,
  list: (typeof LISTS)[number],
): readonly ClaimSource[] | undefined {
  const entries = reader.objects<ClaimSource>(list, SOURCE, {}, `{ path: "${list}" }`);
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

function readSubject(reader: OptionsReader<"subject">): ClaimMapping["subject"] {
  const value = reader.raw("subject");
  if (value === undefined) return undefined;
  const items = Array.isArray(value) ? Array.from<unknown>(value) : [];
  if (items.length === 0 || items.length > MAX_SUBJECTS) {
    reader.problem("subject", `a list of 1 to ${MAX_SUBJECTS} claims, such as ["sub", "id"]`);
    return undefined;
  }
  const sources = items.map((item, index): SubjectSource | undefined => {
    const key = `subject[${index}]` as "subject";
    const given = isPlainObject(item) ? item : { path: item };
    const entry = reader.nested<SubjectSource>(key, given, SUBJECT);
    const path = copyPath(entry.raw("path"));
    const format = entry.oneOf("format", SUBJECT_FORMATS, { default: "text" });
    if (path !== undefined) return Object.freeze({ path, format });
    entry.problem("path", PATH);
    return undefined;
  });
  return Object.freeze(sources.filter((source) => source !== undefined));
}

const PATH = "a claim name or a list of them, outermost first";

function readPath<Key extends string>(reader: OptionsReader<Key>, key: Key): ClaimPath | undefined {
  const value = reader.raw(key);
  if (value === undefined) return undefined;
  const path = copyPath(value);
  if (path === undefined) reader.problem(key, PATH);
  return path;
}

function readClientId(reader: OptionsReader<"clientId">): readonly ClaimPath[] | undefined {
  const value = reader.raw("clientId");
  if (value === undefined) return undefined;
  const paths = Array.isArray(value) ? value.map(copyPath) : [];
  const good = paths.filter((path) => path !== undefined);
  if (good.length === 0 || good.length < paths.length)
    reader.problem("clientId", `a list, each ${PATH}`);
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
