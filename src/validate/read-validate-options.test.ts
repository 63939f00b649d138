import { body, checkSchema } from "express-validator";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  createMediaTypeTest,
  isMediaTypePattern,
  parseMediaType,
} from "../core/http/media-type.js";
import { OptionsError } from "../core/options/options-error.js";
import { validate } from "./validate.js";

const SCHEMA = { type: "object" } as const;

function object(properties: object) {
  return { body: { type: "object", properties } };
}

describe("the options of validate", () => {
  it.each<[unknown, string]>([
    [
      undefined,
      "validate must have at least one of body, query, params, headers, cookies, or chains",
    ],
    [{}, "validate must have at least one of"],
    [SCHEMA, "validate must be given options, got a schema: write validate({ body: schema })"],
    [{ body: {} }, "validate.body must be a JSON Schema with a keyword such as type"],
    [{ body: "order" }, "validate.body must be a JSON Schema"],
    [{ body: [SCHEMA] }, "validate.body must be a JSON Schema"],
    [{ body: new Map() }, "validate.body must be a JSON Schema"],
    [{ body: { email: { isEmail: true } } }, "validate.body must be a JSON Schema"],
    [
      { body: { type: "objekt" } },
      "validate.body must be a JSON Schema that compiles: schema is invalid",
    ],
    [
      object({ a: object({ "b/c": { typ: "string" } }).body }),
      'validate.body must be a JSON Schema that compiles: strict mode: unknown keyword: "typ", at #/properties/a/properties/b~1c: did you mean "type"?',
    ],
    [
      object({ a: { type: "array", items: { anyOf: [{ type: "null" }, { isInt: true }] } } }),
      'unknown keyword: "isInt", at #/properties/a/items/anyOf/1',
    ],
    [
      { body: { type: "object", patternProperties: { "^x-secret": { typ: "string" } } } },
      'unknown keyword: "typ", at #/patternProperties/*: did you mean "type"?',
    ],
    [
      object({ a: { type: "string", format: "emial" } }),
      "unknown format: known formats are date, time, date-time, email, hostname, ipv4, ipv6, uri, uuid, at #/properties/a",
    ],
    [object({ a: { $ref: "#/$defs/b" } }), "at #/properties/a"],
    [object({ a: { type: "string", pattern: "(" } }), "Unterminated group, at #/properties/a"],
    [
      object({ a: { type: "string", required: true } }),
      'schema is invalid: #/properties/a/required must be array: the object around it lists what it requires, as in required: ["name"]',
    ],
    [
      { body: { type: "object", required: ["b"], properties: { a: { type: "string" } } } },
      'validate.body must describe what it requires, at #: "b" stands in required, and not in properties, so nothing would be valid',
    ],
    [
      { body: { type: "object", required: ["b"] }, unknown: "strip" },
      "validate.body must describe what it requires, at #",
    ],
    [
      object({ a: { type: "array", items: { type: "object", required: ["zq9SECRETzq9"] } } }),
      "validate.body must describe what it requires, at #/properties/a/items: a string of 12 characters stands",
    ],
    [
      { params: { type: "object", required: ["b"], additionalProperties: false } },
      "validate.params must describe what it requires",
    ],
    [
      { body: body("a") },
      "validate.body must not be a chain of express-validator: write validate({ chains",
    ],
    [{ body: checkSchema({ a: {} }) }, "validate.body must not be a chain of express-validator"],
    [
      { query: { type: "array" } },
      'validate.query must have type "object" and its properties at the root',
    ],
    [{ params: { $ref: "#/$defs/a", $defs: { a: SCHEMA } } }, "validate.params must have type"],
    [
      { headers: { type: "object", properties: { "X-Tenant": { type: "string" } } } },
      'validate.headers must name header fields in lower case: write "x-tenant"',
    ],
    [{ chains: [], unknown: "reject" }, "validate.chains must not be an empty list"],
    [
      { chains: [{}], unknown: "reject" },
      "validate.chains[0] must be a chain of express-validator",
    ],
    [{ chains: [null], unknown: "reject" }, "validate.chains[0] must be a chain"],
    [{ chains: [body("a")] }, "validate.unknown must be one of"],
    [
      { chains: [body("a")], unknown: "reject", body: SCHEMA },
      "validate.body must not stand beside chains",
    ],
    [{ body: SCHEMA, unknown: "ignore" }, "validate.unknown must be one of"],
    [{ params: SCHEMA, unknown: "strip" }, "validate.unknown must be left out"],
    [{ body: () => true, unknown: "strip" }, "validate.unknown must be left out"],
    [{ body: SCHEMA, status: 418 }, "validate.status must be 422 or 400, got 418"],
    [{ body: SCHEMA, maxErrors: 0 }, "validate.maxErrors must be a whole number from 1 to 100"],
    [{ body: SCHEMA, expose: "all" }, "validate.expose must be one of"],
    [{ body: SCHEMA, contentTypes: [] }, "validate.contentTypes must be"],
    [
      { body: SCHEMA, contentTypes: ["json"] },
      "validate.contentTypes[0] must be a lower-case media type",
    ],
    [
      { body: SCHEMA, contentTypes: "*/*" },
      "validate.contentTypes must be a lower-case media type",
    ],
    [{ query: SCHEMA, contentTypes: "text/plain" }, "validate.contentTypes must be left out"],
    [
      { body: SCHEMA, limits: { depth: 0 } },
      "validate.limits.depth must be a whole number from 1 to 1000",
    ],
    [{ body: SCHEMA, limits: { size: 1 } }, "validate.limits must not have an option"],
    [{ body: SCHEMA, stripUnknown: true }, "fields that no schema names are refused by default"],
    [{ body: SCHEMA, abortEarly: true }, "maxErrors sets another number"],
    [{ body: SCHEMA, response: SCHEMA }, "validate must not have an option"],
    [{ files: SCHEMA }, "validate must not have an option"],
    [{ body: SCHEMA, mode: "dry" }, "validate.mode must be one of"],
  ])("are refused when they are %o", (options, message) => {
    expect(() => validate(options as never)).toThrow(message);
  });

  it("are refused all at once", () => {
    try {
      validate({ body: { type: "x" }, query: 5, status: 1, nope: 1 } as never);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(OptionsError);
      expect((error as OptionsError).problems).toHaveLength(4);
    }
  });

  it("may be undefined, which is left out, but for the schema of a part", () => {
    const options = { body: SCHEMA, unknown: undefined, mode: undefined };
    expect(() => validate(options)).not.toThrow();
    expect(() => validate({ ...options, query: undefined })).toThrow(
      "validate.query must not be undefined: is it read from a variable that is not set?",
    );
  });

  it("take schemas that are functions, as some libraries make them", () => {
    const schema = Object.assign(() => true, { "~standard": z.object({})["~standard"] });
    expect(() => validate({ body: schema as never, unknown: "strip" })).not.toThrow();
  });

  it("are not read again after the factory has returned", () => {
    const schema = { type: "object", properties: { a: { type: "integer" } } };
    const options = { body: schema };
    const validator = validate(options);
    schema.properties.a.type = "nonsense";
    options.body = null as never;
    expect(validator.name).toBe("validateMiddleware");
    expect(
      JSON.parse((validator as never as { expressSecureApiGuard: string }).expressSecureApiGuard),
    ).toEqual({
      guard: "validate",
      kind: "validation",
      mode: "enforce",
    });
  });
});

describe("media types", () => {
  it.each([
    ["application/json", "application/json", undefined],
    [" Application/JSON ; Charset=UTF-8", "application/json", "utf-8"],
    ['a/b;x="y;charset=z";charset="utf-8"', "a/b", "utf-8"],
    ["a/b;", "a/b", undefined],
  ])("are read from %j", (field, essence, charset) => {
    expect(parseMediaType(field)).toEqual({ essence, charset });
  });

  it.each([
    "",
    "json",
    "a/",
    "/b",
    "a/b/c",
    "a b/c",
    "a/b x",
    "a/b; =",
    "a/b; x",
    'a/b; x="',
    "a/b;x=y z",
    "a/b;charset=a;charset=b",
    `a/b;x=${"y".repeat(1000)}`,
  ])("are none in %j", (field) => {
    expect(parseMediaType(field)).toBeUndefined();
  });

  it("are matched exactly or by their suffix", () => {
    const test = createMediaTypeTest(["text/csv", "application/*+json"]);
    expect(["text/csv", "TEXT/CSV; header=present", "application/ld+json"].map(test)).toEqual([
      true,
      true,
      true,
    ]);
    expect(
      ["text/csvx", "application/+json", "application/json", "text/ld+json", "text/csv,a/b"].map(
        test,
      ),
    ).toEqual([false, false, false, false, false]);
    expect(["a/b", "a/*+json"].map(isMediaTypePattern)).toEqual([true, true]);
    expect(["a/*", "*/*", "a/*+*", "A/b", "a/b; c=d", "*/a+json"].map(isMediaTypePattern)).toEqual([
      false,
      false,
      false,
      false,
      false,
      false,
    ]);
  });
});

describe("patterns that can backtrack", () => {
  const withPattern = (pattern: string, more: object = {}) => ({
    type: "object",
    properties: { a: { type: "string", pattern, ...more } },
  });

  it("are refused at start-up unless accepted by name", () => {
    const slow = withPattern("^(a+)+$", { maxLength: 10 });
    expect(() => validate({ body: slow })).toThrow(
      'validate.body must not have the pattern "^(a+)+$", which can take exponential time',
    );
    expect(() => validate({ body: slow, dangerouslyAllowPatterns: "^(a+)+$" })).not.toThrow();
    expect(() => validate({ body: slow, dangerouslyAllowPatterns: ["^(a+)+$", "x"] })).toThrow(
      "entry 2 is none",
    );
    const map = { type: "object", patternProperties: { "^(a|a)*$": { type: "string" } } };
    expect(() => validate({ body: map })).toThrow("exponential");
  });

  it("are taken when they are quadratic and the text is short", () => {
    expect(() => validate({ body: withPattern("\\s+$") })).toThrow("quadratic");
    expect(() => validate({ body: withPattern("\\s+$", { maxLength: 300 }) })).not.toThrow();
    expect(() => validate({ body: withPattern("\\s+$", { maxLength: 1000 }) })).toThrow(
      "put a maxLength of at most 300 beside it",
    );
    const propertyNames = { type: "string", pattern: "x+$" };
    const map = { type: "object", additionalProperties: { type: "string" }, propertyNames };
    expect(() => validate({ body: map })).not.toThrow();
  });
});
