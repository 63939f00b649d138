import { describe, expect, it } from "vitest";
import { SCAN_FORMATS } from "../../src/cli/scan/format-scan.js";
import { BOUNDS, gradeOf, POINTS } from "../../src/cli/scan/report/grade.js";
import { createScanNotes } from "../../src/cli/scan/report/scan-notes.js";
import { SCAN_RULES } from "../../src/cli/scan/rules/scan-rules.js";
import { readScanArguments, SCAN_USAGE } from "../../src/cli/scan/scan-arguments.js";
import { guideText } from "../support/guide.js";

const text = guideText("scan.md");

describe("the guide of the scan", () => {
  it("names every finding as the scan does, and no other", () => {
    const listed = [...text.matchAll(/^\| `([\w-]+)` \| (\w+) \| (\w+) \| (.*) \|$/gm)];
    expect(listed.map(([, ...cells]) => cells)).toEqual(
      Object.entries(SCAN_RULES).map(([name, { check, severity, title }]) => [
        name,
        check,
        severity,
        title,
      ]),
    );
  });

  it("names every option that --help prints, and every format", () => {
    const listed = [...text.matchAll(/^\| `--([a-z-]+)/gm)].map(([, name]) => name);
    const printed = [...SCAN_USAGE.matchAll(/^ {2}--([a-z-]+)/gm)].map(([, name]) => name);
    expect(listed).toEqual(printed.filter((name) => name !== "help"));
    const formats = /^\| `--format <name>` \| (.*) \|$/m.exec(text)?.[1] ?? "";
    expect([...formats.matchAll(/`([a-z]+)`/g)].map(([, name]) => name)).toEqual(
      Object.keys(SCAN_FORMATS),
    );
  });

  it("says how the grade is made", () => {
    const points = [...text.matchAll(/^\| (\w+) \| (\d+) \|$/gm)];
    expect(Object.fromEntries(points.map(([, name, cost]) => [name, Number(cost)]))).toEqual(
      POINTS,
    );
    const bounds = [...text.matchAll(/^\| ([A-F]\+?) \| (\d+|fewer)/gm)];
    expect(
      bounds.map(([, grade, least]) => [grade, least === "fewer" ? 0 : Number(least)]),
    ).toEqual(BOUNDS);
  });

  it("shows what the command prints", () => {
    const notes = createScanNotes([]);
    notes.found("nosniff-missing", "GET /", "no field");
    notes.found("nosniff-missing", "a path that does not exist", "no field");
    notes.skipped("caching", "answers to requests with credentials need --header-file");
    notes.skipped("transport", "the URL is plain HTTP on this machine");
    const [findings, skipped] = [notes.findings(), notes.skippedParts()];
    const table = SCAN_FORMATS.table(
      {
        url: "http://localhost:3000/",
        ...gradeOf(findings, []),
        requests: 33,
        findings,
        unchecked: [],
        skipped,
      },
      false,
    );
    expect(text).toContain(`\`\`\`txt\n${table}\`\`\``);
  });

  it("shows commands that the command understands", () => {
    const commands = [...text.matchAll(/npx express-secure-api scan (http.*)$/gm)];
    expect(commands.length).toBeGreaterThanOrEqual(4);
    for (const [, args = ""] of commands) {
      expect(readScanArguments(args.split(" "))?.target.path).toBe("/");
    }
  });
});
