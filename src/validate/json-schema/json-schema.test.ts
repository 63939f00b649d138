import { describe, expect, it } from "vitest";
import type { PartResult } from "../issues/issue.js";
import { closeSchema } from "./close-schema.js";
import { createJsonSchemaCheck, type UnknownFields } from "./json-schema.js";

function check(schema: object, value: unknown, unknown: UnknownFields = "reject"): PartResult {
  return createJsonSchemaCheck(schema, unknown)(value) as PartResult;
}

/** The codes of the issues, each with its path: `unknown_field /a`. */
function issues(schema: object, value: unknown, unknown?: UnknownFields): string[] {
  const found = check(schema, value, unknown).issues ?? [];
  return found.map(({ code, path, name }) => `${code} /${path.join("/")}${name ? ` ${name}` : ""}`);
}

const address = { type: "object", properties: { street: { type: "string" } } };

describe("closed objects", () => {
  it.each<[string, object, unknown, string[]]>([
    ["the root", { type: "object", properties: { a: {} } }, { a: 1, x: 1 }, ["unknown_field / x"]],
    ["an object without properties", { type: "object" }, { x: 1 }, ["unknown_field / x"]],
    [
      "a nested object",
      { type: "object", properties: { a: address } },
      { a: { x: 1 } },
      ["unknown_field /a x"],
    ],
    [
      "items",
      { type: "array", items: address },
      [{ street: "s" }, { x: 1 }],
      ["unknown_field /1 x"],
    ],
    [
      "prefixItems",
      { type: "array", prefixItems: [address], items: false, minItems: 1 },
      [{ x: 1 }],
      ["unknown_field /0 x"],
    ],
    [
      "the values of a map",
      { type: "object", additionalProperties: address },
      { k: { x: 1 } },
      // Below a member that the client named.
      ["unknown_field / k"],
    ],
    [
      "what a $ref points to",
      { type: "object", properties: { a: { $ref: "#/$defs/address" } }, $defs: { address } },
      { a: { street: "s", x: 1 } },
      ["unknown_field /a x"],
    ],
    [
      "a whole made with allOf",
      {
        type: "object",
        allOf: [{ $ref: "#/$defs/address" }, { properties: { city: { type: "string" } } }],
        $defs: { address },
      },
      { street: "s", city: "c", x: 1 },
      ["unknown_field / x"],
    ],
    [
      "a whole made with anyOf",
      {
        type: "object",
        anyOf: [address, { type: "object", properties: { box: { type: "integer" } } }],
      },
      { box: 1, street: "s", x: 1 },
      ["unknown_field / x"],
    ],
    [
      "an object inside a branch",
      { type: "object", oneOf: [{ properties: { a: address }, required: ["a"] }] },
      { a: { x: 1 } },
      ["alternatives /", "unknown_field /a x"],
    ],
    [
      "a recursive schema",
      { type: "object", properties: { child: { $ref: "#" } } },
      { child: { child: { x: 1 } } },
      ["unknown_field /child/child x"],
    ],
    [
      "then and dependentSchemas",
      {
        type: "object",
        properties: { kind: { type: "string" } },
        if: { properties: { kind: { const: "b" } }, required: ["kind"] },
        then: { properties: { b: address } },
        dependentSchemas: { kind: { properties: { c: { type: "integer" } } } },
      },
      { kind: "b", b: { street: "s" }, c: 1, x: 1 },
      ["unknown_field / x"],
    ],
  ])("are closed: %s", (_what, schema, value, expected) => {
    expect(issues(schema, value).sort()).toEqual(expected);
    expect(issues(schema, value, "allow").filter((i) => i.startsWith("unknown"))).toEqual([]);
  });

  it.each<[string, object, unknown]>([
    ["additionalProperties", { type: "object", additionalProperties: true }, { x: 1 }],
    ["patternProperties", { type: "object", patternProperties: { "^x": {} } }, { x: 1 }],
    ["an empty schema", { type: "object", properties: { meta: {} } }, { meta: { x: 1 } }],
    [
      "unevaluatedProperties",
      { type: "object", allOf: [address], unevaluatedProperties: { type: "integer" } },
      { x: 1 },
    ],
    ["contains, which must not become stricter", { type: "array", contains: address }, [{ x: 1 }]],
    [
      "not, which must not become laxer",
      { type: "object", properties: { a: { not: { type: "object", required: ["b"] } } } },
      { a: { x: 1 } },
    ],
  ])("are left open by %s", (_what, schema, value) => {
    expect(issues(schema, value)).toEqual([]);
  });

  it("reports what is wrong in a branch, not the members that it leaves unevaluated", () => {
    const schema = { type: "object", allOf: [{ properties: { age: { type: "integer" } } }] };
    expect(issues(schema, { age: "old" })).toEqual(["type /age"]);
  });

  it("are a copy: the schema of the app stays as it is", () => {
    const schema = Object.freeze({ type: "object", properties: Object.freeze({ a: address }) });
    expect(closeSchema(schema)).not.toBe(schema);
    expect(address).not.toHaveProperty("additionalProperties");
  });
});

describe("unknown: strip", () => {
  const schema = { type: "object", properties: { a: address, b: { type: "integer" } } };

  it("removes unknown members at every level", () => {
    const value = { a: { street: "s", x: 1 }, b: 1, y: { z: 1 } };
    expect(check(schema, value, "strip")).toEqual({ value: { a: { street: "s" }, b: 1 } });
  });

  it("removes them level by level where schemas are put together", () => {
    const whole = {
      type: "object",
      allOf: [{ properties: { a: { type: "object", allOf: [address] } } }],
    };
    expect(check(whole, { a: { street: "s", x: 1 }, y: 1 }, "strip").value).toEqual({
      a: { street: "s" },
    });
  });

  it("removes only what is unknown in a recursive schema", () => {
    const tree = { type: "object", properties: { child: { $ref: "#" }, n: { type: "integer" } } };
    const value = { child: { child: { n: 1, x: 1 }, n: 2, y: 1 }, n: 3 };
    expect(check(tree, value, "strip")).toEqual({
      value: { child: { child: { n: 1 }, n: 2 }, n: 3 },
    });
  });

  it("never turns an invalid value into a valid one by removing it", () => {
    const whole = { type: "object", allOf: [{ properties: { age: { type: "integer" } } }] };
    expect(issues(whole, { age: "old", x: 1 }, "strip")).toContain("type /age");
    expect(issues(schema, { b: "x", y: 1 }, "strip")).toContain("type /b");
  });
});

describe("facts about ajv that would let a request through, or stop the process", () => {
  it("takes required members by own properties", () => {
    const schema = { type: "object", required: ["toString"], properties: { toString: {} } };
    expect(issues(schema, {})).toEqual(["required /toString"]);
    const named = { type: "object", properties: { constructor: { type: "string" } } };
    expect(issues(named, {})).toEqual([]);
  });

  it.each([
    [{ type: "integer" }, null],
    [{ type: "integer" }, " 5 "],
    [{ type: "integer" }, "0x10"],
    [{ type: "number" }, "1e400"],
    [{ type: "boolean" }, "true"],
    [{ type: "string" }, 5],
    [{ type: "array", items: { type: "string" } }, "a"],
  ])("does not coerce: %o refuses %o", (schema, value) => {
    expect(issues(schema, value)).toEqual(["type /"]);
  });

  it("compares items in linear time, whatever they are", () => {
    const schema = {
      type: "array",
      uniqueItems: true,
      items: { additionalProperties: true, type: "object" },
    };
    // ajv's own keyword would need some 300 seconds for this.
    const items = Array.from({ length: 150_000 }, (_, index) => ({ a: index, b: { c: [index] } }));
    expect(issues(schema, items)).toEqual([]);
    expect(issues(schema, [...items, { b: { c: [7] }, a: 7 }])).toEqual(["unique_items /"]);
    expect(issues({ type: "array", uniqueItems: true }, [1, "1", 1.5, null, "null"])).toEqual([]);
    expect(issues({ type: "array", uniqueItems: true }, [1, "a", 1])).toEqual(["unique_items /"]);
  });

  it("does not try a pattern on a string that is too long anyway", () => {
    const schema = { type: "string", maxLength: 10, pattern: "^(a+)+$" };
    expect(issues(schema, `${"a".repeat(5000)}!`)).toEqual(["max_length /"]);
    expect(issues(schema, "b")).toEqual(["pattern /"]);
    expect(issues({ type: "string", maxLength: 2, pattern: "^.$" }, "😀😀")).toEqual(["pattern /"]);
  });

  it("ends with few issues, however many there are", () => {
    const schema = { type: "array", items: { type: "integer" } };
    expect(issues(schema, Array(50_000).fill("x"))).toHaveLength(200);
  });

  it.each<[object, string]>([
    [{ type: "object", properties: { a: { tpye: "string" } } }, 'unknown keyword: "tpye"'],
    [{ properties: { a: { type: "string" } } }, 'missing type "object"'],
    [{ type: "strin" }, "schema is invalid"],
    [{ type: "string", format: "url" }, "unknown format: known formats are date, time"],
    [{ type: "string", pattern: "(" }, "Invalid regular expression"],
    [{ type: "object", $async: true }, "$async is not supported"],
    [{ $ref: "https://example.com/schema.json" }, "can't resolve reference"],
    [
      { $schema: "http://json-schema.org/draft-07/schema#", type: "object" },
      "$schema must be JSON Schema 2020-12",
    ],
  ])("refuses the schema %o when it is created", (schema, message) => {
    expect(() => createJsonSchemaCheck(schema, "reject")).toThrow(message);
  });

  it("takes null for what is nullable, as the inferred type says", () => {
    const schema = { type: "object", properties: { a: { type: "string", nullable: true } } };
    expect(issues(schema, { a: null })).toEqual([]);
    expect(issues(schema, { a: 1 })).toEqual(["type /a"]);
  });

  it("takes the same $id twice", () => {
    const schema = { $id: "https://example.com/order", type: "object" };
    createJsonSchemaCheck(schema, "reject");
    expect(() => createJsonSchemaCheck({ ...schema }, "reject")).not.toThrow();
  });
});

describe("the codes of issues", () => {
  it.each<[object, unknown, string]>([
    [{ type: "string", minLength: 2 }, "a", "min_length"],
    [{ type: "number", exclusiveMaximum: 5 }, 5, "maximum"],
    [{ type: "number", multipleOf: 0.5 }, 0.7, "multiple_of"],
    [{ const: 1 }, 2, "const"],
    [{ enum: [1, 2] }, 3, "enum"],
    [{ type: "array", maxItems: 1 }, [1, 2], "max_items"],
    [{ type: "array", minItems: 1 }, [], "min_items"],
    [{ type: "array", contains: { const: 1 } }, [], "contains"],
    [{ type: "object", minProperties: 1, additionalProperties: true }, {}, "min_properties"],
    [{ type: "object", properties: { a: false } }, { a: 1 }, "not_allowed"],
    [{ not: { type: "string" } }, "a", "not_allowed"],
    [{ type: "string", format: "uuid" }, "a", "format"],
    [
      { type: "object", properties: { a: {}, b: {} }, dependentRequired: { a: ["b"] } },
      { a: 1 },
      "required",
    ],
  ])("%o refuses %o as %s", (schema, value, code) => {
    expect(check(schema, value).issues).toMatchObject([{ code }]);
  });

  it("says what the schema asks for, for expose: full", () => {
    const expected = (schema: object, value: unknown) => check(schema, value).issues?.[0]?.expected;
    expect(expected({ enum: ["a", "b"] }, "c")).toBe('must be one of ["a","b"]');
    expect(expected({ enum: Array.from({ length: 21 }, (_, i) => i) }, "c")).toBeUndefined();
    expect(expected({ type: ["string", "null"] }, 5)).toBe("must be string or null");
    expect(expected({ type: "string", format: "date" }, "x")).toBe("must have the format date");
    expect(expected({ type: "string", maxLength: 1 }, "xx")).toBe("must have at most 1 characters");
    expect(expected({ const: { a: 1 } }, 1)).toBe('must be {"a":1}');
  });
});
