import { describe, expect, it } from "vitest";
import * as library from "../../src/index.js";
import { guideSections } from "../support/guide.js";
import { codeSpans } from "../support/reference-pages.js";

const sections = guideSections("owasp-api-top-10.md");
const TOP_10 = "API Security Top 10 2023";
const rows = sections.flatMap(({ tables }) => tables.flatMap((table) => table.rows));
const claims = rows.flatMap((row) => {
  const name = row["risk"] ?? row["requirements"] ?? "";
  return codeSpans(row["enforced with"] ?? "").map((code) => [name, code] as const);
});

/** What the page names, made with the options that it names. */
function made(code: string): unknown {
  const exported = Object.entries(library);
  const make = new Function(
    ...exported.map(([name]) => name),
    `"use strict"; return ${code.replace("…", "true")};`,
  );
  return make(...exported.map(([, value]) => value));
}

describe("the page about OWASP", () => {
  it("has a row for each of the ten risks", () => {
    const found = sections.find(({ heading }) => heading === TOP_10)?.tables[0]?.rows ?? [];
    const risks = found.map(({ risk = "" }) => risk.split(" ")[0]);
    expect(risks).toEqual(Array.from({ length: 10 }, (_, at) => `API${at + 1}`));
  });

  it("says of every row what stays with the app, and what is enforced or that nothing is", () => {
    for (const row of rows) {
      expect(row["what stays yours"]).not.toBe("");
      const enforced = row["enforced with"] ?? "";
      expect(enforced === "none" || codeSpans(enforced).length > 0).toBe(true);
    }
  });

  it.each(claims)("%s: %s can be mounted", (_name, code) => {
    expect(typeof made(code)).toBe("function");
  });

  it("names no option that does not exist", () => {
    for (const code of claims.map(([, one]) => one)) {
      const { index } = /\{ \w+:/.exec(code) ?? {};
      if (index === undefined || code.includes("=>")) continue;
      const wrong = code.slice(0, index) + code.slice(index).replace("{ ", "{ notAnOption: 1, ");
      expect(() => made(wrong), wrong).toThrow(library.OptionsError);
    }
  });
});
