import { describe, expect, it } from "vitest";
import { allowsStatus, ERROR_CODES, type ErrorCode } from "../src/core/refusal/error-code.js";
import * as library from "../src/index.js";
import { type KnownOption, optionsAt, PLACES } from "./support/option-places.js";
import { manifest } from "./support/package-manifest.js";
import { type Member, membersOf, typesRead } from "./support/public-interfaces.js";
import { reasonsIn } from "./support/reasons.js";
import { codeSpans, namesInMark, referencePages, type Table } from "./support/reference-pages.js";
import { sourceFiles } from "./support/source-files.js";

/** One row of a table of options, for one type of options. */
interface DocumentedOption {
  readonly name: string;
  readonly page: string;
  readonly defaultText: string;
}

/** For several issuers the names are the same. */
const READ_AS: Readonly<Record<string, string>> = {
  OauthGuardInput: "OauthGuardOptions",
  TokenVerifierInput: "TokenVerifierOptions",
};
/** helmet documents its options itself. */
const NOT_OURS = ["HelmetOverrides", "HelmetSettings"];

/** Doors without a page of their own: the root, declarations, and the manifest. */
const NO_PAGE = [".", "./augment", "./package.json"];
/** Doors within another one, and their page. */
const SHARED_PAGES: Readonly<Record<string, string>> = {
  "./authorization/cedar": "policy-engines.md",
  "./authorization/opa-wasm": "policy-engines.md",
  "./rate-limit/express-rate-limit": "express-rate-limit.md",
};
/** Pages of a second middleware behind a door, and of parts of one. */
const MORE_PAGES = [
  "audit-alerts.md",
  "audit-integrity.md",
  "audit-schema-v1.md",
  "file-sink.md",
  "login-throttle.md",
  "metrics.md",
  "overload.md",
  "redis-store.md",
  "report-collector.md",
];
/** Pages of commands, which have no options in the sources. */
const COMMANDS = ["audit-report.md", "verify-log.md"];
/** Pages of formats. */
const FORMATS = ["audit-schema-v1.md"];
/** Pages of what is no middleware. */
const NO_MIDDLEWARE = [
  ...COMMANDS,
  ...FORMATS,
  ...["audit-alerts.md", "audit-integrity.md", "file-sink.md"],
  ...["claims.md", "metrics.md", "redis-store.md", "route-audit.md", "server.md", "testing.md"],
];

/** Claims of others that the pages warn of. */
const FOREIGN = ["user_metadata"];
const SNAKE_CASE = /^[a-z]+(?:_[a-z]+)+$/;
/** The value that a cell or a docstring begins with; what follows is a sentence. */
const LITERAL = /^("[^"]*"|\[[^\]]*\]|\{[^}]*\}|true|false|\d{1,3}(?:,\d{3})+|\d+)(?=$|[\s,;(])/;

const pages = referencePages();
const tables = pages.flatMap(({ name, tables: ofPage }) =>
  ofPage.map((table) => ({ page: name, table })),
);
const types = Object.keys(PLACES);

describe("the tables of options", () => {
  it("know every type that a reader reads", () => {
    const read = [...typesRead()].map((type) => READ_AS[type] ?? type);
    expect(new Set([...types, ...NOT_OURS])).toEqual(new Set(read));
  });

  it("say whose options they list", () => {
    const silent = tables.filter(
      ({ table }) => table.head.includes("default") && namesInMark(table, "options").length === 0,
    );
    expect(silent.map(({ page, table }) => `${page}: ${table.head.join(" | ")}`)).toEqual([]);
    const named = tables.flatMap(({ table }) => namesInMark(table, "options"));
    expect(named.filter((type) => !types.includes(type))).toEqual([]);
  });

  it.each(types)("name every option of %s once, and no other", (type) => {
    const documented = documentedOptions(type).map(({ name }) => name);
    expect(documented.sort()).toEqual([...known(type).keys()].sort());
  });

  it.each(types)("tell the defaults that the reader of %s has", (type) => {
    const wrong = documentedOptions(type).filter(({ name, defaultText }) => {
      const expected = known(type).get(name)?.defaultText;
      if (expected === undefined) return false;
      const other = (PLACES[type]?.given as Record<string, unknown> | undefined)?.[defaultText];
      return (other === undefined ? start(defaultText) : JSON.stringify(other)) !== expected;
    });
    expect(
      wrong.map((row) => `${told(row)}, it is ${known(type).get(row.name)?.defaultText}`),
    ).toEqual([]);
  });

  it.each(types)("tell the defaults that the docstrings of %s tell", (type) => {
    const wrong = documentedOptions(type).filter(({ name, defaultText }) => {
      const said = membersOf(type).get(name)?.defaultText;
      return said !== undefined && start(plain(said)) !== start(defaultText);
    });
    expect(
      wrong.map((row) => `${told(row)}, @default ${membersOf(type).get(row.name)?.defaultText}`),
    ).toEqual([]);
  });

  it("say of an option that it is required where its type or its reader does", () => {
    const wrong = tables.flatMap(({ page, table }) =>
      rowsOf(table).flatMap(({ names, defaultText }) =>
        names
          .filter((name) => {
            const places = namesInMark(table, "options").map((type) => placeOf(type, name));
            const must = places.some(({ member }) => member?.required === true);
            const may = must || places.some(({ option }) => option?.defaultText === "required");
            return defaultText === "required" ? !may : must;
          })
          .map((name) => `${page}: ${name}`),
      ),
    );
    expect(wrong).toEqual([]);
  });
});

describe("the pages", () => {
  it("are one for each door", () => {
    const doors = Object.keys(manifest.exports).filter((door) => !NO_PAGE.includes(door));
    const named = doors.map((door) => SHARED_PAGES[door] ?? `${door.slice(2)}.md`);
    expect(pages.map(({ name }) => name)).toEqual(
      [...new Set([...named, ...MORE_PAGES, ...COMMANDS])].sort(),
    );
  });

  it.each(pages)("$name has the parts of a reference", ({ name, text, tables: ofPage }) => {
    const middleware = ["## Answers", "## What it replaces"];
    const parts = ["## What it does not do", ...(NO_MIDDLEWARE.includes(name) ? [] : middleware)];
    expect(parts.filter((heading) => !`\n${text}`.includes(`\n${heading}\n`))).toEqual([]);
    const marked = ofPage.some((table) => namesInMark(table, "options").length > 0);
    expect(marked).toBe(![...COMMANDS, ...FORMATS].includes(name));
  });

  it("name every function that is exported", () => {
    const named = new Set(pages.flatMap(({ text }) => text.match(/\b\w+\b/g) ?? []));
    const functions = Object.entries(library).filter(([, value]) => typeof value === "function");
    expect(functions.map(([name]) => name).filter((name) => !named.has(name))).toEqual([]);
  });

  it("name no code that does not exist, and none with a status that it cannot have", () => {
    const pairs = [
      ...pages.flatMap(({ name, text }) =>
        [...text.matchAll(/\b([45]\d\d) `([a-z_]+)`/g)].map(([, status = "", code = ""]) => ({
          page: name,
          statuses: [status],
          code,
        })),
      ),
      ...tables.flatMap(({ page, table }) =>
        table.rows.flatMap(({ status = "", code = "" }) =>
          codeSpans(code).map((one) => ({
            page,
            statuses: status.match(/\d{3}/g) ?? [],
            code: one,
          })),
        ),
      ),
    ];
    const wrong = pairs.filter(
      ({ statuses, code }) => code !== "ok" && !statuses.every((status) => isAnswer(code, status)),
    );
    expect(wrong.map(({ page, statuses, code }) => `${page}: ${statuses} ${code}`)).toEqual([]);
    expect(pairs.length).toBeGreaterThan(50);
  });

  it("list the codes that the page of errors says they refuse with", () => {
    const errors = tables.find(({ table }) => table.head.includes("from"))?.table;
    const missing = (errors?.rows ?? []).flatMap(({ code = "", from = "" }) =>
      codeSpans(from).flatMap((factory) => {
        const page = pageOf(factory);
        return page?.text.includes(code) === true ? [] : [`${factory}: ${code}`];
      }),
    );
    expect(missing).toEqual([]);
  });

  it("list the reasons of decisions that the sources have, and no other", () => {
    const lists = tables.filter(({ table }) => namesInMark(table, "reasons").length > 0);
    expect(lists.length).toBeGreaterThan(0);
    for (const { page, table } of lists) {
      const listed = table.rows.flatMap(({ reason = "" }) => codeSpans(reason));
      expect([...new Set(listed)].sort(), page).toEqual(reasonsIn(namesInMark(table, "reasons")));
    }
    const silent = tables.filter(
      ({ table }) => table.head.includes("reason") && !table.mark.startsWith("reasons: "),
    );
    expect(silent.map(({ page }) => page)).toEqual([]);
  });

  it("name nothing in snake case that the sources do not have", () => {
    const found = sourceFiles().flatMap(({ text }) => text.match(/\b[a-z_]+\b/g) ?? []);
    // A test of secureHeaders holds these names of other packages against the code.
    const cookies = tables
      .filter(({ table }) => table.mark === "cookies")
      .flatMap(({ table }) => table.rows.flatMap((row) => codeSpans(row["cookies"] ?? "")));
    expect(cookies.length).toBeGreaterThan(0);
    const words = new Set([...found, ...FOREIGN, ...cookies]);
    const unknown = pages.flatMap(({ name, text }) =>
      codeSpans(text)
        .filter((span) => SNAKE_CASE.test(span) && !words.has(span))
        .map((span) => `${name}: ${span}`),
    );
    expect(unknown).toEqual([]);
  });
});

const cache = new Map<string, ReadonlyMap<string, KnownOption>>();

function known(type: string): ReadonlyMap<string, KnownOption> {
  const place = PLACES[type];
  if (place === undefined) return new Map();
  const options = cache.get(type) ?? optionsAt(place);
  cache.set(type, options);
  return options;
}

/** What all tables say about the options of a type: their own rows, and those of a table around it (`keys.maxAge`). */
function documentedOptions(type: string): readonly DocumentedOption[] {
  const path = PLACES[type]?.path ?? "";
  const rows = tables.flatMap(({ page, table }) => {
    const marked = namesInMark(table, "options");
    return rowsOf(table).flatMap(({ names, defaultText }) =>
      names.flatMap((name) => {
        const [, outer, inner = ""] = /^(\w+)\.(\w+)$/.exec(name) ?? [];
        const around = marked.some((other) => `${PLACES[other]?.path}.${outer}` === path);
        if (outer !== undefined && around) return [{ name: inner, page, defaultText }];
        if (!marked.includes(type)) return [];
        // The row of a nested option stands for the option that holds it, too.
        if (outer !== undefined) return [{ name: outer, page, defaultText: "", nested: true }];
        return [{ name, page, defaultText }];
      }),
    );
  });
  const own = rows.filter((row) => !("nested" in row));
  const holders = rows.filter(
    (row, at) =>
      "nested" in row &&
      !own.some(({ name }) => name === row.name) &&
      rows.findIndex(({ name }) => name === row.name) === at,
  );
  return [...own, ...holders];
}

interface Row {
  readonly names: readonly string[];
  readonly defaultText: string;
}

/** The rows of a table of options. Several names may stand in one. */
function rowsOf(table: Table): readonly Row[] {
  const [first = ""] = table.head;
  if (namesInMark(table, "options").length === 0) return [];
  return table.rows.map((row) => ({
    names: codeSpans(row[first] ?? ""),
    defaultText: plain(row["default"] ?? ""),
  }));
}

/** What the code says about an option, nested ones included, of the type that a table names. */
function placeOf(type: string, name: string): { member?: Member; option?: KnownOption } {
  const [outer = "", inner] = name.split(".");
  const owner =
    inner === undefined
      ? type
      : (types.find((other) => PLACES[other]?.path === `${PLACES[type]?.path}.${outer}`) ?? "");
  const [member, option] = [membersOf(owner).get(inner ?? outer), known(owner).get(inner ?? outer)];
  return { ...(member && { member }), ...(option && { option }) };
}

function plain(text: string): string {
  return text.replaceAll("`", "");
}

/** The value that a text begins with, in the notation of JSON; the whole text where it begins with none. */
function start(text: string): string {
  const literal = LITERAL.exec(text)?.[1];
  if (literal === undefined) return text;
  if (literal.startsWith("[")) return literal.replaceAll(", ", ",");
  return /^\d/.test(literal) ? literal.replaceAll(",", "") : literal;
}

function told({ page, name, defaultText }: DocumentedOption): string {
  return `${page}: ${name} ${defaultText}`;
}

function isAnswer(code: string, status: string): boolean {
  return Object.hasOwn(ERROR_CODES, code) && allowsStatus(code as ErrorCode, Number(status));
}

/** The page that has the factory in its title. */
function pageOf(factory: string): { readonly text: string } | undefined {
  const [name = ""] = factory.split(".");
  return pages.find(({ text }) => text.split("\n", 1)[0]?.includes(`\`${name}\``));
}
