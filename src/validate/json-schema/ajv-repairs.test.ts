import { describe, expect, it } from "vitest";
import type { PartResult } from "../issues/issue.js";
import { createJsonSchemaCheck, type UnknownFields } from "./json-schema.js";

/** The codes of what is wrong, each with its path; of the compiled code alone, and where its work is counted. */
function codes(schema: object, value: unknown, unknown: UnknownFields = "reject"): string[] {
  const [plain = [], counted] = [undefined, () => undefined].map((onWork) => {
    const check = createJsonSchemaCheck(schema, unknown, { onWork });
    const { issues = [] } = check(structuredClone(value)) as PartResult;
    return issues.map(({ code, path }) => `${code} ${path.join("/")}`.trim());
  });
  expect(counted).toEqual(plain);
  return plain;
}

const FIVE = { type: "integer", minimum: 5 };

describe("what ajv decides wrongly", () => {
  it("finds that an empty list does not contain what one in front of it contained", () => {
    const list = { type: "array", contains: FIVE };
    expect(codes({ type: "array", items: list }, [[5], []])).toEqual(["contains 1"]);
    expect(codes({ type: "object", additionalProperties: list }, { a: [5], b: [] })).toEqual([
      "contains b",
    ]);
    const nested = { type: "array", contains: list, minContains: 2 };
    expect(codes(nested, [[5], []])).toEqual(["contains"]);
    expect(codes(nested, [[5], [5, 6], []])).toEqual([]);
  });

  it.each(["toString", "constructor", "valueOf", "hasOwnProperty"])(
    "refuses an unknown member called %s beside patternProperties",
    (name) => {
      const named = { type: "object", patternProperties: { "^x-": { type: "string" } } };
      const value = { "x-a": "1", [name]: { admin: true } };
      const composed = {
        type: "object",
        allOf: [named, { type: "object", properties: { a: {} } }],
      };
      expect(codes(composed, value)).toEqual(["unknown_field"]);
      const closed = { ...named, unevaluatedProperties: false };
      expect(codes(closed, value, "allow")).toEqual(["unknown_field"]);
      const typed = { ...named, unevaluatedProperties: { type: "integer" } };
      expect(codes(typed, value, "allow")).toEqual([`type ${name}`]);
    },
  );

  it("counts of a list only the items that contains fits as evaluated", () => {
    const schema = { type: "array", contains: { type: "integer" }, unevaluatedItems: false };
    expect(codes(schema, [1, 2])).toEqual([]);
    expect(codes(schema, [1, "x"])).toEqual(["max_items"]);
    const nested = {
      type: "array",
      allOf: [
        { type: "array", contains: { type: "integer", multipleOf: 2 } },
        { type: "array", contains: { type: "integer", multipleOf: 3 } },
      ],
      unevaluatedItems: { type: "integer", multipleOf: 5 },
    };
    expect(codes(nested, [2, 3, 4, 5, 6])).toEqual([]);
    expect(codes(nested, [2, 3, 4, 7, 8])).toEqual(["multiple_of 3"]);
    const none = { ...schema, minContains: 0, maxContains: 2 };
    expect(codes(none, [])).toEqual([]);
    expect(codes(none, ["x"])).toEqual(["max_items"]);
  });
});
