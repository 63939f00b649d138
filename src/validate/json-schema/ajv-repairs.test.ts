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
    // The client has named the member, so the path ends above it.
    expect(codes({ type: "object", additionalProperties: list }, { a: [5], b: [] })).toEqual([
      "contains",
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
      expect(codes(typed, value, "allow")).toEqual(["type"]);
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

describe("multipleOf", () => {
  it.each([
    [0.01, 19.99, true],
    [0.01, 0.07, true],
    [0.01, 4.35, true],
    [0.01, 19.999, false],
    [0.1, 0.3, true],
    [0.0001, 0.0075, true],
    [0.0001, 0.00751, false],
    [2, 1e22, true],
    [3, 9e21, true],
    [3, 1e21, false],
    [0.5, 1e308, true],
    [1e-9, 1.5e-9, false],
    [0.123, -0.246, true],
    [2.5, -0, true],
    [7, 14.5, false],
    [1.5, 4.5, true],
    [1e300, 2e300, true],
    [5e-324, 1e300, true],
  ])("of %d: %d is one: %s", (multipleOf, value, fits) => {
    const schema = { type: "number", multipleOf };
    expect(codes(schema, value)).toEqual(fits ? [] : ["multiple_of"]);
  });
});

describe("anchors", () => {
  it("take the name that a reference leads to", () => {
    const schema = {
      type: "object",
      properties: { a: { $ref: "#amount" } },
      $defs: { amount: { $anchor: "amount", type: "integer" } },
    };
    expect(codes(schema, { a: 1 })).toEqual([]);
    expect(codes(schema, { a: "x" })).toEqual(["type a"]);
  });
});
