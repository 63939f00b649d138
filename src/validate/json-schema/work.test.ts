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
    // ajv exhausts the stack.
    const circle = {
      type: "array",
      items: { $ref: "#/$defs/a" },
      $defs: { a: { $ref: "#/$defs/b" }, b: { $ref: "#/$defs/a" } },
    };
    expect(() => createJsonSchemaCheck(circle, "reject")).toThrow("must not lead back");
  });

  it("looks at no more of a large value than constants can have", () => {
    const schema = { anyOf: Array.from({ length: 100 }, (_, id) => ({ const: { id, of: [id] } })) };
    const value = Array.from({ length: 200 }, (_, id) => ({ id, of: [1, 2, 3, 4, 5, 6, 7, 8, 9] }));
    const { issues, reads } = watch(schema, value, "allow");
    expect(issues).toMatchObject([{ code: "alternatives" }]);
    expect(reads).toBeLessThan(2 * JSON.stringify(value).length);
  });

  it("looks for required members by those that are there", () => {
    const names = Array.from({ length: 200 }, (_, at) => `m${at}`);
    const pairs = Object.fromEntries(names.map((name) => [name, names]));
    for (const keyword of ["dependentRequired", "dependencies"]) {
      const schema = { type: "array", items: { type: "object", [keyword]: pairs } };
      const value = Array.from({ length: 200 }, () => ({ a: 1, b: 2 }));
      const { issues, reads } = watch(schema, value, "allow");
      expect(issues).toBeUndefined();
      expect(reads).toBeLessThan(20 * JSON.stringify(value).length);
      const some = watch(schema, [{ m1: 1, m2: 2 }], "allow").issues;
      expect(some?.length).toBeGreaterThan(20);
      expect(some?.[0]).toMatchObject({ path: ["0", "m0"], code: "required" });
    }
  });

  it("does not make hundreds of members of each small object", () => {
    const names = Array.from({ length: 100 }, (_, at) => `m${at}`);
    const properties = Object.fromEntries(names.map((n) => [n, { type: "integer", default: 1 }]));
    const schema = { type: "array", items: { type: "object", properties } };
    const { issues, value } = measure(
      schema,
      Array(900)
        .fill(0)
        .map(() => ({})),
    );
    expect(issues).toMatchObject([{ path: [], code: "too_complex" }]);
    expect(JSON.stringify(value).length).toBeLessThan(900_000);
    expect(measure(schema, [{}, { m1: 2 }]).value).toMatchObject([{ m99: 1 }, { m1: 2, m99: 1 }]);
  });

  it("counts each pattern that a member name is held against", () => {
    const patterns = Array.from({ length: 1000 }, (_, at) => [`^${at}-`, { type: "integer" }]);
    const schema = { type: "object", patternProperties: Object.fromEntries(patterns) };
    const named = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`${at}-n`, at]));
    expect(measure(schema, named(50)).issues).toBeUndefined();
    expect(measure(schema, { ...named(5), "x-n": 1 }).issues).toMatchObject([
      { code: "unknown_field", name: "x-n" },
    ]);
    expect(measure(schema, named(2000)).issues).toMatchObject([{ code: "too_complex" }]);
  });

  it("finds the alternative that a constant names without evaluating the others", () => {
    const kinds = Array.from({ length: 120 }, (_, at) => `kind.${at}`);
    const event = {
      type: "object",
      required: ["type"],
      properties: { type: { type: "string" }, id: { type: "string" } },
      oneOf: kinds.map((kind, at) => ({
        type: "object",
        allOf: [{ $ref: "#/$defs/base" }],
        properties: { type: { const: kind }, status: { enum: ["a", "b"] }, [`m${at}`]: {} },
      })),
    };
    const base = { type: "object", properties: { of: { type: "string" } } };
    const schema = { type: "array", items: event, $defs: { base } };
    const events = kinds.map((type, at) => ({
      type,
      id: "e",
      of: "x",
      status: "a",
      [`m${at}`]: 1,
    }));
    const { issues, perByte } = measure(schema, events);
    expect(issues).toBeUndefined();
    expect(perByte).toBeLessThan(0.4);
    const wrong = measure(schema, [{ type: "kind.7", status: "c" }, { type: "none" }]).issues;
    expect(wrong).toEqual([
      { path: ["0"], code: "alternatives" },
      { path: ["0", "status"], code: "enum", expected: 'must be one of ["a","b"]' },
      { path: ["1"], code: "alternatives" },
    ]);
  });

  it("refuses a value that is too deep for its schema, where an app allows so many levels", () => {
    const schema = {
      $ref: "#/$defs/n",
      $defs: { n: { anyOf: [{ type: "object", properties: { child: { $ref: "#/$defs/n" } } }] } },
    };
    let value = {};
    for (let level = 0; level < 5000; level += 1) value = { child: value };
    const check = createJsonSchemaCheck(schema, "allow");
    expect((check(value) as PartResult).issues).toMatchObject([{ code: "too_complex" }]);
  });
});

/** As {@link measure}, and how often members of the value were looked at. */
function watch(schema: object, value: object, unknown: UnknownFields) {
  let reads = 0;
  const watched = (given: unknown): unknown => {
    if (typeof given !== "object" || given === null) return given;
    const copy = Array.isArray(given)
      ? given.map(watched)
      : Object.fromEntries(Object.entries(given).map(([name, below]) => [name, watched(below)]));
    const counting = <T>(look: T): T => {
      reads += 1;
      return look;
    };
    return new Proxy(copy, {
      get: (target, name) => counting(Reflect.get(target, name)),
      getOwnPropertyDescriptor: (target, name) =>
        counting(Reflect.getOwnPropertyDescriptor(target, name)),
    });
  };
  const check = createJsonSchemaCheck(schema, unknown, { maxIssues: 101, onWork: () => undefined });
  const { issues } = check(watched(value)) as PartResult;
  return { issues, reads };
}
