import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "../../test/support/package-manifest.js";
import type { HeaderExplanation } from "./explain/explain-headers.js";
import { secureHeaders } from "./secure-headers.js";

function find(rows: readonly HeaderExplanation[], header: string): HeaderExplanation | undefined {
  return rows.find((row) => row.header === header);
}

describe("headers.explain()", () => {
  it.each(["api", "web", "helmet"] as const)(
    "says of every header of the preset %s what it is good for, and of every other why it is left off",
    (preset) => {
      const rows = secureHeaders({ preset }).explain();
      for (const { header, why, when, source } of rows) {
        expect(why, header).toMatch(/^[A-Z].{20,}\.$/s);
        expect(when, header).not.toBe("");
        expect(source, header).toBe(`preset ${preset}`);
      }
      const names = new Set(rows.map(({ header }) => header));
      for (const known of ["Content-Security-Policy", "Permissions-Policy", "X-XSS-Protection"])
        expect(names).toContain(known);
      expect(names.size).toBeGreaterThanOrEqual(16);
    },
  );

  it("gives frozen plain data", () => {
    const rows = secureHeaders().explain();
    expect(Object.isFrozen(rows) && rows.every((row) => Object.isFrozen(row))).toBe(true);
    expect(JSON.parse(JSON.stringify(rows))).toHaveLength(rows.length);
  });

  it("names the option that decided", () => {
    const rows = secureHeaders({
      helmet: { frameguard: false, referrerPolicy: { policy: "same-origin" } },
      hsts: false,
      cacheControl: false,
      permissionsPolicy: { camera: "none" },
    }).explain();
    expect(find(rows, "X-Frame-Options")).toMatchObject({
      value: undefined,
      when: "left off",
      source: "helmet.frameguard",
      why: "The option turns it off.",
    });
    expect(find(rows, "Referrer-Policy")).toMatchObject({
      value: "same-origin",
      source: "helmet.referrerPolicy",
    });
    expect(find(rows, "Strict-Transport-Security")).toMatchObject({ source: "hsts" });
    expect(find(rows, "Cache-Control")).toMatchObject({ source: "cacheControl" });
    expect(find(rows, "Permissions-Policy")).toMatchObject({
      value: "camera=()",
      source: "permissionsPolicy",
    });
  });

  it("says what is taken away, and what is sent on some answers only", () => {
    const rows = secureHeaders().explain();
    expect(find(rows, "X-Powered-By")).toMatchObject({
      value: undefined,
      when: "taken away from every answer",
    });
    expect(find(rows, "Strict-Transport-Security")?.when).toContain("over TLS");
  });

  it("says what is different on the paths of pages", () => {
    const rows = secureHeaders({
      pages: { "/docs/*": { profile: "swagger-ui", cacheControl: false } },
    }).explain();
    const different = rows.filter(({ source }) => source === 'pages["/docs/*"]');
    expect(different.map(({ header, value }) => [header, value?.includes("style-src")])).toEqual([
      ["Content-Security-Policy", true],
      ["Cache-Control", undefined],
    ]);
    expect(different.every(({ when }) => when.includes("of /docs/*"))).toBe(true);
  });

  it("says in report mode that most is left off, and that the mode is why", () => {
    const rows = secureHeaders({ mode: "report" }).explain();
    expect(find(rows, "Content-Security-Policy-Report-Only")?.value).toContain("default-src");
    expect(find(rows, "X-Frame-Options")).toMatchObject({ value: undefined, source: "mode" });
    expect(find(rows, "X-Powered-By")).toBeUndefined();
  });

  it("is what the reference shows for the preset api", () => {
    const page = readFileSync(join(root, "docs", "reference", "secure-headers.md"), "utf8");
    const [, table = ""] = /<!-- explain -->\n\n((?:\|.*\n)+)/.exec(page) ?? [];
    expect(table).toBe(tableOf(secureHeaders().explain()));
  });
});

function tableOf(rows: readonly HeaderExplanation[]): string {
  const lines = rows.map(
    ({ header, value, when, why, mayBreak }) =>
      `| \`${header}\` | ${value === undefined ? "" : `\`${value}\``} | ${when} | ${why} | ${mayBreak ?? ""} |`,
  );
  const head = [
    "| header | value | when | why | may break, or what is missing |",
    "|---|---|---|---|---|",
  ];
  return `${[...head, ...lines].join("\n")}\n`;
}
