import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isByMetaSchema } from "./ajv.js";

const byAjv = new Ajv2020({ logger: false }).getSchema(
  "https://json-schema.org/draft/2020-12/schema",
);

/** Every keyword that the meta-schema knows, and some that it does not. */
const KEYWORDS = [
  ...["$id", "$schema", "$ref", "$anchor", "$dynamicRef", "$dynamicAnchor", "$vocabulary"],
  ...["$comment", "$defs", "definitions", "dependencies", "$recursiveAnchor", "$recursiveRef"],
  ...["prefixItems", "items", "contains", "additionalProperties", "properties"],
  ...["patternProperties", "dependentSchemas", "propertyNames", "if", "then", "else"],
  ...["allOf", "anyOf", "oneOf", "not", "unevaluatedItems", "unevaluatedProperties"],
  ...["type", "const", "enum", "multipleOf", "maximum", "exclusiveMaximum", "minimum"],
  ...["exclusiveMinimum", "maxLength", "minLength", "pattern", "maxItems", "minItems"],
  ...["uniqueItems", "maxContains", "minContains", "maxProperties", "minProperties"],
  ...["required", "dependentRequired", "title", "description", "default", "deprecated"],
  ...["readOnly", "writeOnly", "examples", "format", "contentEncoding", "contentMediaType"],
  ...["contentSchema", "x-own", "toString"],
];

const scalar = fc.constantFrom<unknown>(
  ...[
    null,
    true,
    false,
    0,
    -0,
    1,
    -1,
    1.5,
    Number.POSITIVE_INFINITY,
    Number.NaN,
    "",
    "a",
    "#",
    "a#b",
    "a#",
    "_x.y-1",
  ],
  ...["object", "string", "integer", "https://example.com/a", "^(", "😀"],
);

const { schema } = fc.letrec<{ schema: object; value: unknown }>((tie) => ({
  schema: fc
    .array(fc.tuple(fc.constantFrom(...KEYWORDS), tie("value")), { maxLength: 3 })
    .map((entries) => Object.fromEntries(entries)),
  value: fc.oneof(
    { depthSize: "small", maxDepth: 4 },
    scalar,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom("a", "b", "type", "$ref"), tie("value"), { maxKeys: 2 }),
    tie("schema"),
  ),
}));

describe("the meta-schema", () => {
  it("says of any object what ajv says of it", () => {
    const verdicts = new Set<unknown>();
    fc.assert(
      fc.property(schema, (given) => {
        const expected = byAjv?.(given);
        verdicts.add(expected);
        expect(isByMetaSchema(given)).toBe(expected);
      }),
      { numRuns: 4_000 },
    );
    expect(verdicts.size).toBe(2);
  });

  it.each(KEYWORDS)("says of every form of %s what ajv says of it", (keyword) => {
    const forms = [
      ...[null, true, 0, 1, -1, 1.5, "", "a", "a#b", "https://example.com/", [], ["a"], ["a", "a"]],
      ...[[1], [{}], [{ type: "x" }], {}, { a: {} }, { a: 1 }, { a: ["b"] }, { type: "string" }],
      ...[{ type: "x" }, { a: { type: "x" } }, { a: true }, ["object"], ["object", "object"]],
    ];
    for (const form of forms) {
      const given = { [keyword]: form };
      const expected = byAjv?.(given);
      expect(isByMetaSchema(given), JSON.stringify(given)).toBe(expected);
    }
  });

  it("leaves the schema as it was", () => {
    const given = { properties: { a: {} }, patternProperties: {}, required: [], $defs: {} };
    const before = JSON.stringify(given);
    expect(isByMetaSchema(given)).toBe(true);
    expect(JSON.stringify(given)).toBe(before);
  });
});
