import { describe, expect, it } from "vitest";
import { ERROR_CODES } from "../src/core/refusal/error-code.js";
import { sourceFiles } from "./support/source-files.js";

const TABLE = "core/refusal/error-code.ts";
const CODES = Object.keys(ERROR_CODES);

/** A status as a number of its own: no part of a longer number, of a name or of a ratio. */
const STATUS = /(?<![\w.$])[45]\d\d(?![\w.])/;
/** A code as a value, or as the name of a member. */
const NAMED = new RegExp(`"(?:${CODES.join("|")})"|\\b(?:${CODES.join("|")}):`);

const sources = sourceFiles().filter(({ path }) => path !== TABLE);

describe("the table of codes", () => {
  it("is the only place where a status stands beside a code", () => {
    const found = sources.flatMap(({ path, text }) =>
      misplacedStatuses(text).map((statement) => `${path}: ${statement}`),
    );
    expect(found).toEqual([]);
  });

  it("has no code that nothing refuses with", () => {
    const text = sources.map((file) => file.text).join("\n");
    expect(CODES.filter((code) => !text.includes(`"${code}"`))).toEqual([]);
  });
});

describe("the search for statuses", () => {
  it.each([
    'throw new HttpError(403, "access_denied");',
    "throw new HttpError(403, code, { headers });",
    "return new HttpError(code, {\n  status: missingBody ? 400 : settings.status,\n});",
    'const REFUSALS = { tooLarge: ["body_too_large", 413, CLOSE] };',
    'const REFUSALS = {\n  missing: {\n    status: 403,\n    code: "insufficient_scope",\n  },\n};',
    "const STATUSES: Record<Fault, number> = { structure_too_deep: 400 };",
    'const CODES = {\n  404: "not_found",\n};',
    'return status === 404 ? "not_found" : other;',
  ])("finds %j", (text) => {
    expect(misplacedStatuses(text)).toHaveLength(1);
  });

  it.each([
    'throw new HttpError("conflict");',
    'const MAX = 512;\nfunction f() {\n  return "not_found";\n}',
    'if (status >= 500) return FAILED;\nif (code === "invalid_token") return REUSE;',
    '/** Answers 404 `not_found`. */\n// 503\nconst code = "not_found";',
    'const key = { curve: "P-256", code: "not_found", size: 4096, ratio: 0.404 };',
  ])("leaves %j alone", (text) => {
    expect(misplacedStatuses(text)).toEqual([]);
  });
});

/** The statements that hold a status and either a code or an HttpError. Each body of a function is a new one. */
function misplacedStatuses(text: string): readonly string[] {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
  return code
    .split(/;|\)\s*\{|=>\s*\{/)
    .filter((part) => STATUS.test(part) && (NAMED.test(part) || part.includes("new HttpError(")))
    .map((part) => part.trim().replaceAll(/\s+/g, " "));
}
