import { describe, expect, it } from "vitest";
import { allowsStatus, ERROR_CODES, type ErrorCode } from "../src/core/refusal/error-code.js";
import { REFUSALS } from "../src/oauth-guard/refusals/refusals.js";
import { guideText } from "./support/guide.js";
import { reasonsIn } from "./support/reasons.js";
import {
  codeSpans,
  namesInMark,
  referencePages,
  type Table,
  tablesOf,
} from "./support/reference-pages.js";
import { sourceFiles } from "./support/source-files.js";

const WARNING = /\bEXPRESS_SECURE_API_[A-Z_]+\b/g;
const FENCE = /^```[\s\S]*?^```$/gm;
/** The room of what every guard may say. */
const SHARED = "core";

const text = guideText("troubleshooting.md").replaceAll(FENCE, "");
const tables = tablesOf(text);
const sources = sourceFiles();
const folders = [...new Set(sources.map(({ folder }) => folder))];

const ofReasons = tables.filter((table) => namesInMark(table, "reasons").length > 0);
const ofCodes = tables.filter((table) => namesInMark(table, "codes").length > 0);
const ofWarnings = tables.filter(({ mark }) => mark === "warnings");

/** Reasons whose row is that of a code, because the decision has no other. */
const codes = firstCells(ofCodes);
const shared = firstCells(ofReasons.filter((table) => foldersOf(table).includes(SHARED)));

describe("the page of troubleshooting", () => {
  it("explains every reason that a decision can have, whichever guard makes it", () => {
    const explained = new Set([...firstCells(ofReasons), ...codes]);
    const missing = folders.flatMap((folder) =>
      reasonsIn([folder])
        .filter((reason) => !explained.has(reason))
        .map((reason) => `${folder}: ${reason} needs a row in docs/guides/troubleshooting.md`),
    );
    expect(missing).toEqual([]);
  });

  it.each(ofReasons.map((table) => [table.mark, table] as const))(
    "has all %s and no other, each once",
    (_mark, table) => {
      const known = reasonsIn(foldersOf(table));
      const rows = firstCells([table]);
      const missing = known.filter((reason) => ![...rows, ...shared, ...codes].includes(reason));
      expect({ missing }).toEqual({ missing: [] });
      expect(rows.filter((reason) => !known.includes(reason))).toEqual([]);
      expect(new Set(rows).size).toBe(rows.length);
    },
  );

  it("explains every warning, and no other, once", () => {
    const given = new Set(sources.flatMap((file) => file.text.match(WARNING) ?? []));
    expect([...firstCells(ofWarnings)].sort()).toEqual([...given].sort());
    expect((text.match(WARNING) ?? []).filter((code) => !given.has(code))).toEqual([]);
  });

  it("explains every code of guards that give no reason, and no other, once", () => {
    const factories = ofCodes.flatMap((table) => namesInMark(table, "codes"));
    const errors = referencePages()
      .flatMap((page) => page.tables)
      .find(({ head }) => head.includes("from"));
    const refused = (errors?.rows ?? []).filter(({ from = "" }) =>
      codeSpans(from).some((factory) => factories.includes(factory)),
    );
    expect([...codes].sort()).toEqual(refused.flatMap(({ code = "" }) => codeSpans(code)).sort());
  });

  it("answers with codes that exist, with a status that they can have", () => {
    const rows = [...ofReasons, ...ofCodes].flatMap((table) =>
      table.rows.map((row) => ({
        code: codeSpans(row["code"] ?? "")[0],
        answer: row["answer"] ?? "",
      })),
    );
    const answers = rows.flatMap(({ code, answer }) => {
      const named = [...answer.matchAll(/\b(\d{3}) `([a-z_]+)`/g)];
      if (code !== undefined) return [[code, answer] as const];
      return named.map(([, status = "", name = ""]) => [name, status] as const);
    });
    const wrong = answers.filter(([code, status]) => !isAnswer(code, status));
    expect(wrong).toEqual([]);
    expect(answers.length).toBeGreaterThan(50);
  });

  it("gives each reason of oauthGuard the code that it is refused with", () => {
    const rows = ofReasons
      .filter((table) => foldersOf(table).includes("oauth-guard"))
      .flatMap((table) => table.rows);
    const wrong = Object.entries(REFUSALS).filter(([reason, { code }]) => {
      const row = rows.find(({ reason: cell }) => codeSpans(cell ?? "").includes(reason));
      return !codeSpans(row?.["answer"] ?? "").includes(code);
    });
    expect(wrong).toEqual([]);
  });

  it("names nothing in its symptoms that it does not explain", () => {
    const start = text.indexOf("## Symptoms");
    const symptoms = tablesOf(text.slice(start, text.indexOf("## Reasons")));
    const explained = new Set([...firstCells(ofReasons), ...codes, ...Object.keys(ERROR_CODES)]);
    const named = firstCells(symptoms).filter((name) => name.includes("_"));
    expect(named.filter((name) => !explained.has(name))).toEqual([]);
    expect(named.length).toBeGreaterThan(20);
  });
});

function foldersOf(table: Table): readonly string[] {
  return namesInMark(table, "reasons");
}

/** The names in the first column. */
function firstCells(of: readonly Table[]): readonly string[] {
  return of.flatMap(({ head: [first = ""], rows }) =>
    rows.flatMap((row) => codeSpans(row[first] ?? "")),
  );
}

function isAnswer(code: string, status: string): boolean {
  return Object.hasOwn(ERROR_CODES, code) && allowsStatus(code as ErrorCode, Number(status));
}
