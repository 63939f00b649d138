import type { OptionKeys } from "../options/option-types.js";
import type { OptionsReader } from "../options/options-reader.js";
import { isPlainObject } from "../options/value.js";
import type { ClaimMapping, SubjectSource } from "./claim-mapping.js";
import { LOGIN_FORMS } from "./login-claims.js";
import type { ClaimPath, ClaimSource } from "./names/claim-source.js";
import { CLAIM_PATH, checkPath, readClaimPath, readTokenName } from "./names/read-claim-path.js";
import { readNameTable } from "./names/read-name-table.js";
import { PRINCIPAL_LISTS, type PrincipalList } from "./principal.js";

const MEMBERS: OptionKeys<ClaimMapping> = {
  subject: true,
  roles: true,
  scopes: true,
  permissions: true,
  groups: true,
  tenant: true,
  clientId: true,
  login: true,
  kind: true,
};
const SOURCE: OptionKeys<ClaimSource> = {
  path: true,
  format: true,
  names: "neverUndefined",
  having: "neverUndefined",
  elsewhere: "neverUndefined",
  prefix: "neverUndefined",
};
const SUBJECT: OptionKeys<SubjectSource> = { path: true, format: true };
/** More places than any issuer puts it in. */
const MAX_SUBJECTS = 10;
const SUBJECT_FORMATS = ["text", "number"] as const;
const FORMATS = ["list", "space", "comma", "scim", "keys", "booleans", "flag", "clerk"] as const;

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
  for (const list of PRINCIPAL_LISTS) mapping[list] = readSources(reader, list);
  mapping["tenant"] = readTenant(reader);
  mapping["clientId"] = readClientId(reader);
  mapping["login"] = reader.has("login") ? reader.oneOf("login", LOGIN_FORMS, {}) : undefined;
  mapping["kind"] = reader.function("kind");
  return Object.freeze(mapping) as ClaimMapping;
}

function readSources(
  reader: OptionsReader<keyof ClaimMapping>,
  list: PrincipalList,
): readonly ClaimSource[] | undefined {
  const entries = reader.objects<ClaimSource>(list, SOURCE, {}, `{ path: "${list}" }`);
  if (entries === undefined) return undefined;
  return Object.freeze(
    entries.map((entry) => {
      const path = readClaimPath(entry, "path");
      if (path === undefined && !entry.has("path")) entry.problem("path", CLAIM_PATH);
      const format = entry.oneOf("format", FORMATS, { default: "list" });
      const names = readNameTable(entry, "names");
      const having = readTokenName(entry, "having");
      if (having !== undefined && format !== "keys")
        entry.note("having", 'must be left out, or given with format: "keys"');
      const elsewhere = readClaimPath(entry, "elsewhere");
      const prefix = entry.string("prefix", { default: "" });
      // Without a prototype: what is polluted there must not stand in for what is left out.
      return Object.freeze(
        Object.assign(Object.create(null) as ClaimSource, {
          path: path ?? "",
          format,
          prefix,
          ...(names !== undefined && { names }),
          ...(having !== undefined && { having }),
          ...(elsewhere !== undefined && { elsewhere }),
        }),
      );
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
    const path = checkPath(entry.raw("path"), entry, "path");
    const format = entry.oneOf("format", SUBJECT_FORMATS, { default: "text" });
    return path === undefined ? undefined : Object.freeze({ path, format });
  });
  return Object.freeze(sources.filter((source) => source !== undefined));
}

const PATHS = "a path, or a list of lists of claim names, each a path";

/** A list with lists in it is several paths. */
function readTenant(reader: OptionsReader<"tenant">): ClaimMapping["tenant"] {
  const value = reader.raw("tenant");
  if (!Array.isArray(value) || !value.some(Array.isArray)) return readClaimPath(reader, "tenant");
  const given = Array.from<unknown>(value);
  if (!given.every(Array.isArray)) {
    reader.problem("tenant", PATHS);
    return undefined;
  }
  const paths = given.map((path) => checkPath(path, reader, "tenant", PATHS));
  return Object.freeze(paths.filter((path) => path !== undefined) as (readonly string[])[]);
}

function readClientId(reader: OptionsReader<"clientId">): readonly ClaimPath[] | undefined {
  const value = reader.raw("clientId");
  if (value === undefined) return undefined;
  const must = `a list, each ${CLAIM_PATH}`;
  if (!Array.isArray(value) || value.length === 0) {
    reader.problem("clientId", must);
    return undefined;
  }
  const paths = Array.from<unknown>(value).map((path) => checkPath(path, reader, "clientId", must));
  return Object.freeze(paths.filter((path) => path !== undefined));
}
