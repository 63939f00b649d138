import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { REPORT_USAGE } from "../../src/cli/audit-report/report-arguments.js";
import { root } from "../support/package-manifest.js";

const page = readFileSync(join(root, "docs/reference/audit-report.md"), "utf8");

describe("the page of audit-report", () => {
  it("lists every option of the command, and no other", () => {
    const documented = [...page.matchAll(/^\| `(--[a-z-]+)/gm)].map(([, option]) => option);
    const known = [...REPORT_USAGE.matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, option]) => option);
    expect(documented.sort()).toEqual(known.filter((option) => option !== "--help").sort());
  });
});

describe("commands in the documentation that read logs", () => {
  const pages = ["docs/guides", "docs/reference"].flatMap((folder) =>
    readdirSync(join(root, folder)).map((name) => readFileSync(join(root, folder, name), "utf8")),
  );
  const patterns = pages.flatMap((text) =>
    [...text.matchAll(/(?:audit-report|verify-log) (\S*\*\S*)/g)].map(
      ([, pattern = ""]) => pattern,
    ),
  );

  it("name the files that were closed and compressed, too", () => {
    expect(patterns.length).toBeGreaterThan(5);
    for (const pattern of patterns) {
      const names = new RegExp(`^${pattern.replaceAll(".", "\\.").replaceAll("*", ".*")}$`);
      const folder = pattern.slice(0, pattern.lastIndexOf("/") + 1);
      expect(`${folder}audit.jsonl`).toMatch(names);
      expect(`${folder}audit.20261126T235323123Z.9f3c01ab.jsonl`).toMatch(names);
      expect(`${folder}audit.20261126T235323123Z.9f3c01ab.jsonl.gz`).toMatch(names);
    }
  });
});
