import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { repairForAjv } from "../json-schema/ajv-repairs.js";
import { createJsonSchemaCheck } from "../json-schema/json-schema.js";
import { areDistinct } from "../keywords/equality.js";
import { collectFailures } from "./collect-failures.js";
import { Evaluation } from "./evaluation.js";
import { preparePlan, tracksAtRunTime } from "./plan.js";
import { Work } from "./work.js";

const NAMES = ["a", "b", "c", "toString"] as const;
const name = fc.constantFrom(...NAMES);
const scalar = fc.oneof(
  fc.constantFrom(null, true, 0, 1, 2, -1, 1.5, "", "a", "ab", "aaa", "😀"),
  fc.integer({ min: -3, max: 3 }),
);

/** Schemas with every kind of subschema, and with references to three definitions. */
const { schema } = fc.letrec<{ schema: object; member: object | boolean }>((tie) => ({
  member: fc.oneof({ arbitrary: tie("schema"), weight: 6 }, { arbitrary: fc.boolean(), weight: 1 }),
  schema: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.record({ type: fc.constantFrom("string", "integer", "object", "array", "null") }),
    fc.record({ const: scalar }),
    fc.record({ enum: fc.array(scalar, { minLength: 1, maxLength: 3 }) }),
    fc.record({ $ref: fc.constantFrom("#/$defs/x", "#/$defs/y", "#z") }),
    fc.record({ $dynamicRef: fc.constant("#z") }),
    fc.record({ type: fc.constant("string"), pattern: fc.constantFrom("^a", "b$", "^[ab]*$") }),
    fc.record({ minLength: fc.nat(3), maxLength: fc.nat(3) }, { requiredKeys: [] }),
    fc.record({ minimum: fc.nat(2), multipleOf: fc.constantFrom(1, 2, 0.5) }),
    fc.record(
      {
        properties: fc.dictionary(name, tie("member"), { maxKeys: 3 }),
        patternProperties: fc.dictionary(fc.constantFrom("^a", "b"), tie("member"), { maxKeys: 2 }),
        additionalProperties: tie("member"),
        propertyNames: tie("member"),
        required: fc.uniqueArray(name, { maxLength: 2 }),
        maxProperties: fc.nat(3),
      },
      { requiredKeys: ["properties"] },
    ),
    fc.record({
      properties: fc.dictionary(name, tie("member"), { maxKeys: 2 }),
      anyOf: fc.array(tie("member"), { minLength: 1, maxLength: 3 }),
      unevaluatedProperties: tie("member"),
    }),
    fc.record(
      {
        prefixItems: fc.array(tie("member"), { minLength: 1, maxLength: 2 }),
        items: tie("member"),
        contains: tie("member"),
        uniqueItems: fc.boolean(),
        minItems: fc.nat(2),
      },
      { requiredKeys: [] },
    ),
    fc.record({
      prefixItems: fc.array(tie("member"), { minLength: 1, maxLength: 2 }),
      allOf: fc.array(tie("member"), { minLength: 1, maxLength: 2 }),
      unevaluatedItems: tie("member"),
    }),
    fc.record({ oneOf: fc.array(tie("member"), { minLength: 1, maxLength: 3 }) }),
    fc.record({ allOf: fc.array(tie("member"), { minLength: 1, maxLength: 3 }) }),
    fc.record({ not: tie("member") }),
    fc.record({ if: tie("member"), then: tie("member"), else: tie("member") }),
    fc.record({ dependentSchemas: fc.dictionary(name, tie("member"), { maxKeys: 2 }) }),
    fc.record({
      dependentRequired: fc.dictionary(name, fc.uniqueArray(name, { maxLength: 2 }), {
        maxKeys: 2,
      }),
    }),
  ) as fc.Arbitrary<object>,
}));

const document = fc
  .tuple(schema, schema, schema, schema)
  .map(([root, x, y, z]) => ({ ...root, $defs: { x, y, z: { ...z, $dynamicAnchor: "z" } } }));

const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    scalar,
    fc.dictionary(name, tie("value"), { maxKeys: 4 }),
    fc.array(tie("value"), { maxLength: 4 }),
  ),
}));

function prepare(given: object) {
  try {
    repairForAjv(given);
    return preparePlan(given);
  } catch {
    return undefined;
  }
}

describe("the evaluation", { timeout: 60_000 }, () => {
  it("refuses unknown members called toString beside alternatives, which ajv takes", () => {
    const given = {
      type: "object",
      properties: { a: { type: "string" } },
      anyOf: [{ type: "object", properties: { b: { type: "string" } } }, { type: "object" }],
    };
    const check = createJsonSchemaCheck(given, "reject");
    for (const unknown of ["toString", "constructor", "valueOf"]) {
      expect(check({ a: "x", [unknown]: { admin: true } })).toMatchObject({
        issues: [{ path: [], code: "unknown_field", name: unknown }],
      });
    }
    expect(check({ a: "x", b: "y" })).toEqual({ value: { a: "x", b: "y" } });
  });

  it("decides as ajv does, whatever the schema, and names at least one failure when it refuses", () => {
    fc.assert(
      fc.property(document, fc.array(value, { minLength: 1, maxLength: 6 }), (given, values) => {
        const program = prepare(given);
        // There, ajv knows every member of Object.prototype.
        fc.pre(program !== undefined && !tracksAtRunTime(program));
        const ajv = new Ajv2020({ strict: false, ownProperties: true, logger: false });
        ajv.removeKeyword("uniqueItems");
        ajv.addKeyword({
          keyword: "uniqueItems",
          type: "array",
          compile: (unique: boolean) => (items: unknown[]) => !unique || areDistinct(items),
        });
        const isValid = ajv.compile(given);
        for (const sent of values) {
          const work = new Work(Number.POSITIVE_INFINITY);
          const fits = new Evaluation(program, work, false).check(program.root, sent) !== undefined;
          expect({ given, sent, fits }).toEqual({ given, sent, fits: isValid(sent) });
          const failures = collectFailures(program, sent, 20, work, false);
          expect({ given, sent, fits: failures.length === 0 }).toEqual({ given, sent, fits });
        }
      }),
      { numRuns: 300 },
    );
  });

  it("does work in proportion to schema and value, for every schema that is accepted at start-up", () => {
    const deep = fc.tuple(value, name, fc.integer({ min: 0, max: 15 })).map(([leaf, at, depth]) => {
      let made: unknown = leaf;
      for (let level = 0; level < depth; level += 1)
        made = level % 3 ? { [at]: made } : [made, made];
      return depth > 9 ? leaf : made;
    });
    const mode = fc.constantFrom("reject", "strip", "allow");
    fc.assert(
      fc.property(document, deep, mode, (given, sent, unknown) => {
        let work = 0;
        const onWork = (spent: number): void => {
          work += spent;
        };
        let check: ReturnType<typeof createJsonSchemaCheck>;
        try {
          check = createJsonSchemaCheck(given, unknown, { onWork });
        } catch {
          return;
        }
        const bytes = JSON.stringify(sent).length + JSON.stringify(given).length;
        check(sent);
        // The size that the limit is taken from counts some bytes more than the text, for each value.
        expect(work).toBeLessThanOrEqual(100 * bytes);
      }),
      { numRuns: 300 },
    );
  });
});
