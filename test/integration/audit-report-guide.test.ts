import { readFileSync } from "node:fs";
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
