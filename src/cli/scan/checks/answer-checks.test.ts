import { describe, expect, it } from "vitest";
import type { Answer } from "../client/answer.js";
import { createScanNotes } from "../report/scan-notes.js";
import { checkAnswers } from "./answer-checks.js";

function found(name: string, value: string): readonly string[] {
  const notes = createScanNotes([]);
  const request = { method: "GET", path: "/" };
  const fields = new Map([[name, [value]]]);
  const main: Answer = { request, status: 200, fields, body: "{}", tls: undefined };
  checkAnswers(
    { main, pages: [main], redirects: [], authorised: [], errors: [], missing: undefined },
    notes,
  );
  return notes.findings().map(({ rule }) => rule);
}

describe("fields about limits", () => {
  it.each([
    ["ratelimit", '"default";r=5;t=60'],
    ["ratelimit", "limit=100, remaining=50, reset=5"],
    ["ratelimit-policy", '"default";q=100;w=60;pk=:YWJj:, "b";q=1.5;x=-3;y=a*b;z'],
    ["ratelimit-limit", "100, 100;w=60"],
  ])("can be read: %s: %s", (name, value) => {
    expect(found(name, value)).toEqual([]);
  });

  it.each([
    ["ratelimit", "NaN"],
    ["ratelimit", '"default";r='.concat('"')],
    // A server that means harm: with two readings of each number, the scan would never end.
    ["ratelimit", `1${";a=1".repeat(400)}!`],
    ["ratelimit-policy", `1${" ".repeat(1900)}!`],
    ["retry-after", "soon"],
  ])("cannot be read: %s: %.40s", (name, value) => {
    expect(found(name, value)).toEqual(["rate-limit-syntax"]);
  });
});
