import { describe, expect, it } from "vitest";
import type { PartResult } from "../issues/issue.js";
import { createJsonSchemaCheck, type UnknownFields } from "./json-schema.js";

/** The result, and the work of all passes. */
function measure(schema: object, value: unknown, unknown: UnknownFields = "reject") {
  let work = 0;
  const onWork = (spent: number): void => {
    work += spent;
  };
  const check = createJsonSchemaCheck(schema, unknown, { maxIssues: 21, onWork });
  const bytes = JSON.stringify(value).length + JSON.stringify(schema).length;
  const result = check(value) as PartResult;
  return { ...result, perByte: work / bytes };
}

const KINDS = ["p", "b", "i", "u", "a", "li"];

/** Rich text: six kinds, told apart by a constant that stands behind what recurses. */
const RICH_TEXT = {
  $ref: "#/$defs/node",
  $defs: {
    node: {
      oneOf: KINDS.map((kind) => ({
        type: "object",
        required: ["type"],
        properties: {
          children: { type: "array", items: { $ref: "#/$defs/node" } },
          text: { type: "string" },
          type: { const: kind },
        },
      })),
    },
  },
};

function richText(depth: number, leaf: unknown): unknown {
  let node: unknown = { type: "p", text: leaf };
  for (let level = 0; level < depth; level += 1) node = { type: "b", children: [node] };
  return node;
}

/** Three branches that all fit, each of them recursive. */
const OVERLAPPING = {
  type: "object",
  anyOf: ["a", "b", "c"].map((name) => ({
    type: "object",
    properties: { child: { $ref: "#" }, [name]: { type: "integer" } },
  })),
};

function chain(depth: number): unknown {
  let node: unknown = { a: 1 };
  for (let level = 0; level < depth; level += 1) node = { child: node };
  return node;
}

describe("work per request has a bound", () => {
  it("tells what is wrong in a recursive oneOf without evaluating more than deciding does", () => {
    const { issues, perByte } = measure(RICH_TEXT, richText(9, 5));
    const path = Array.from({ length: 9 }, () => ["children", "0"]).flat();
    expect(issues?.at(-1)).toMatchObject({ code: "type", path: [...path, "text"] });
    expect(perByte).toBeLessThan(40);
    expect(measure(RICH_TEXT, richText(15, 5)).perByte).toBeLessThan(40);
    expect(measure(RICH_TEXT, richText(15, "fine")).issues).toBeUndefined();
  });

  it("accepts a valid document under three overlapping recursive branches at once", () => {
    const { issues, perByte } = measure(OVERLAPPING, chain(18));
    expect(issues).toBeUndefined();
    expect(perByte).toBeLessThan(40);
    expect(measure(OVERLAPPING, { child: chain(15), x: 1 }).issues).toMatchObject([
      { code: "unknown_field", name: "x" },
    ]);
  });

  it("does not multiply the length of a name with the number of errors", () => {
    const schema = {
      type: "object",
      additionalProperties: { type: "array", items: { $ref: "#/$defs/item" } },
      $defs: { item: { type: "object", allOf: [{ properties: { a: { type: "integer" } } }] } },
    };
    const value = { ["n".repeat(10_000)]: Array.from({ length: 990 }, () => ({ z: 1 })) };
    const { issues, perByte } = measure(schema, value);
    expect(issues).toHaveLength(21);
    expect(perByte).toBeLessThan(40);
  });

  it("strips in one linear pass: 10,000 members, and 18 levels of schemas in schemas", () => {
    const level = { type: "object", allOf: [{ properties: { child: { $ref: "#/$defs/level" } } }] };
    const schema = {
      type: "object",
      allOf: [{ properties: { child: { $ref: "#/$defs/level" }, n: { type: "integer" } } }],
      $defs: { level },
    };
    const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`x${at}`, 1]));
    const wide = measure(schema, { ...many, n: 1 }, "strip");
    expect(wide).toMatchObject({ value: { n: 1 } });
    expect(wide.issues).toBeUndefined();
    expect(wide.perByte).toBeLessThan(40);
    let deep: Record<string, unknown> = { x: 1 };
    let clean: Record<string, unknown> = {};
    for (let at = 0; at < 18; at += 1) {
      deep = { child: deep, x: 1 };
      clean = { child: clean };
    }
    expect(measure(schema, deep, "strip").value).toEqual(clean);
  });

  it("refuses what it cannot check within its bound, and says so", () => {
    const others = Array.from({ length: 299 }, (_, at) => ({ type: "integer", maximum: at }));
    const schema = {
      type: "array",
      items: { $ref: "#/$defs/any" },
      $defs: { any: { anyOf: [...others, { type: "integer", minimum: 1000 }] } },
    };
    const wide = Array.from({ length: 1000 }, (_, at) => 1000 + at);
    expect(measure(schema, [1]).issues).toBeUndefined();
    expect(measure(schema, wide).issues).toMatchObject([{ path: [], code: "too_complex" }]);
  });

  it("refuses at start-up a schema that refers to itself in place", () => {
    const endless = { allOf: [{ $ref: "#" }], type: "object" };
    expect(() => createJsonSchemaCheck(endless, "reject")).toThrow("must not lead back");
  });
});
