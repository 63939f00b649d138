import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FINDING_KINDS } from "../../src/audit-log/verify/findings/finding.js";
import { VERIFY_USAGE } from "../../src/cli/verify-log/verify-arguments.js";
import { root } from "../support/package-manifest.js";

const page = readFileSync(join(root, "docs/reference/verify-log.md"), "utf8");

describe("the page of verify-log", () => {
  it("lists every kind of finding, and no other, with its verdict", () => {
    const rows = page.matchAll(/^\| `([a-z_]+)` \| (tampered|incomplete|note) \|/gm);
    expect(Object.fromEntries([...rows].map(([, kind, verdict]) => [kind, verdict]))).toEqual(
      FINDING_KINDS,
    );
  });

  it("lists every option of the command, and no other", () => {
    const documented = [...page.matchAll(/^\| `(--[a-z-]+)/gm)].map(([, option]) => option);
    const known = [...VERIFY_USAGE.matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, option]) => option);
    expect(documented.sort()).toEqual(known.filter((option) => option !== "--help").sort());
  });
});
