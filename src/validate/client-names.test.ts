import { Ajv } from "ajv";
import { Ajv as JsonTypeDefinition } from "ajv/dist/jtd.js";
import type { RequestHandler } from "express";
import { body, cookie, header, query } from "express-validator";
import request from "supertest";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { expressVersions } from "../../test/support/express.js";
import { decisionsOf } from "../core/decision/decision.js";
import { jsonBody } from "../json-body/json-body.js";
import type { CompiledFunction } from "./json-schema/compiled-function.js";
import { validate } from "./validate.js";
import type { ValidateChainsOptions, ValidateOptions } from "./validate-options.js";

/** A name that only the client can have chosen. */
const NAME = "card4111111111111111";

interface Sent {
  readonly body?: unknown;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

type Case = readonly [
  what: string,
  options: ValidateOptions | ValidateChainsOptions,
  sent: Sent,
  errors: readonly object[],
];

const integer = { type: "integer" } as const;
const person = { type: "object", properties: { age: integer } } as const;
const inMap = (value: unknown): Sent => ({ body: { people: { [NAME]: value } } });
const people = (schema: object): ValidateOptions => ({
  body: { type: "object", properties: { people: { type: "object", ...schema } } },
});

function ajvFunction(...errors: object[]): CompiledFunction {
  return Object.assign((_value: unknown): _value is unknown => false, { errors });
}

const JSON_SCHEMAS: readonly Case[] = [
  [
    "additionalProperties",
    people({ additionalProperties: integer }),
    inMap("x"),
    [{ pointer: "#/people", code: "type" }],
  ],
  [
    "members below additionalProperties",
    people({ additionalProperties: person }),
    inMap({ age: "x" }),
    [{ pointer: "#/people", code: "type" }],
  ],
  [
    "an unknown member below additionalProperties",
    people({ additionalProperties: person }),
    inMap({ [NAME]: 1 }),
    [{ pointer: "#/people", code: "unknown_field" }],
  ],
  [
    "a missing member below additionalProperties",
    people({ additionalProperties: { ...person, required: ["age"] } }),
    inMap({}),
    [
      {
        in: "body",
        pointer: "#/people",
        code: "required",
        detail: "a member below it is required",
      },
    ],
  ],
  [
    "a missing member below additionalProperties at the root, which is no missing body",
    { body: { type: "object", additionalProperties: { ...person, required: ["age"] } } },
    { body: { [NAME]: {} } },
    [{ pointer: "#", code: "required" }],
  ],
  [
    "patternProperties",
    people({ patternProperties: { "^card": integer } }),
    inMap("x"),
    [{ pointer: "#/people", code: "type" }],
  ],
  [
    "propertyNames",
    people({ propertyNames: { maxLength: 3 }, additionalProperties: true }),
    inMap(1),
    [{ pointer: "#/people", code: "unknown_field" }],
  ],
  [
    "unevaluatedProperties",
    people({ allOf: [{ required: ["people"] }], unevaluatedProperties: integer }),
    { body: { people: { [NAME]: "x", people: 1 } } },
    [{ pointer: "#/people", code: "type" }],
  ],
  [
    "a name of digits, which is no index",
    people({ additionalProperties: integer }),
    { body: { people: { "4111111111111111": "x" } } },
    [{ pointer: "#/people", code: "type" }],
  ],
  [
    "an index of a list, which is no name",
    people({ properties: { list: { type: "array", items: person } } }),
    { body: { people: { list: [{}, { age: "x" }] } } },
    [{ pointer: "#/people/list/1/age", code: "type" }],
  ],
  [
    "a list below additionalProperties",
    people({ additionalProperties: { type: "array", items: integer } }),
    inMap([1, "x"]),
    [{ pointer: "#/people", code: "type" }],
  ],
  [
    "a map in the query",
    { query: { type: "object", properties: {}, additionalProperties: integer } },
    { query: `${NAME}=x` },
    [{ in: "query", code: "type" }],
  ],
  [
    "an unknown parameter",
    { query: { type: "object", properties: { a: integer } } },
    { query: `${NAME}=x` },
    [{ in: "query", code: "unknown_field" }],
  ],
];

const COMPILED: readonly Case[] = [
  [
    "errors of ajv",
    {
      body: ajvFunction({
        keyword: "type",
        instancePath: `/people/${NAME}/age`,
        schemaPath: "#/properties/people/additionalProperties/properties/age/type",
        params: { type: "integer" },
      }),
    },
    inMap({ age: "x" }),
    [{ pointer: "#/people", code: "type" }],
  ],
  [
    "a missing member",
    {
      body: ajvFunction({
        keyword: "required",
        instancePath: "/people",
        schemaPath: "#/properties/people/required",
        params: { missingProperty: "age" },
      }),
    },
    { body: { people: {} } },
    [{ pointer: "#/people/age", code: "required" }],
  ],
  [
    "errors without schemaPath",
    { body: ajvFunction({ keyword: "type", instancePath: `/${NAME}`, params: {} }) },
    { body: { [NAME]: "x" } },
    [{ pointer: "#", code: "type" }],
  ],
  [
    "a function that carries its schema, as those of ajv.compile()",
    {
      body: Object.assign(
        ajvFunction({
          keyword: "type",
          instancePath: `/people/${NAME}`,
          schemaPath: "#/$defs/map/additionalProperties/type",
          params: { type: "integer" },
        }),
        { schema: { properties: { people: { $ref: "#/$defs/map" } } } },
      ),
    },
    inMap("x"),
    [{ pointer: "#/people", code: "type" }],
  ],
  [
    "a missing member whose name the request says, by $data",
    {
      body: new Ajv({ $data: true }).compile({
        type: "object",
        properties: { needs: { type: "array" }, people: { required: { $data: "1/needs" } } },
      }) as CompiledFunction,
    },
    { body: { needs: [NAME], people: {} } },
    [{ pointer: "#/people", code: "required" }],
  ],
  [
    "names in other schemas that a schema of ajv refers to, which are those of the schema",
    {
      body: new Ajv({
        schemas: [
          { $id: "person", type: "object", properties: { age: integer } },
          {
            $id: "family",
            type: "object",
            properties: { child: { $ref: "person" } },
            additionalProperties: { $ref: "person" },
          },
        ],
      }).compile({
        type: "object",
        properties: { people: { $ref: "family" } },
      }) as CompiledFunction,
    },
    { body: { people: { child: { age: "x" } } } },
    [{ pointer: "#/people/child/age", code: "type" }],
  ],
  [
    "optional members of JSON Type Definition, which are those of the schema",
    {
      body: new JsonTypeDefinition().compile({
        optionalProperties: { people: { values: { type: "int8" } } },
      }) as CompiledFunction,
    },
    inMap("x"),
    [{ pointer: "#/people", code: "type" }],
  ],
];

const STANDARD: readonly Case[] = [
  [
    "z.record",
    { body: z.object({ people: z.record(z.string(), z.object({ age: z.number() })) }) },
    inMap({ age: "x" }),
    [{ pointer: "#/people", code: "type" }],
  ],
  [
    "keys of z.record",
    { body: z.object({ people: z.record(z.string().max(3), z.number()) }) },
    inMap(1),
    [{ pointer: "#/people" }],
  ],
  [
    "z.object with catchall",
    { body: z.object({ a: z.number() }).catchall(z.number()) },
    { body: { a: 1, [NAME]: "x" } },
    [{ pointer: "#", code: "type" }],
  ],
  [
    "z.strictObject",
    { body: z.strictObject({ a: z.number() }) },
    { body: { a: 1, [NAME]: "x" } },
    [{ pointer: "#", code: "unknown_field" }],
  ],
  [
    "a member that z.object strips, in a record",
    { body: z.object({ people: z.record(z.string(), z.object({})) }) },
    inMap({ [NAME]: 1 }),
    [{ pointer: "#/people", code: "unknown_field" }],
  ],
  [
    "names in unions, tuples, pipes, lazy and optional schemas, which are those of the schema",
    {
      body: z.object({
        one: z.union([z.object({ two: z.number() }), z.object({ two: z.boolean() })]).optional(),
        three: z
          .tuple([z.lazy(() => z.object({ four: z.number() }))])
          .transform((value) => value)
          .nullable(),
      }),
    },
    { body: { three: [{ four: "x" }] } },
    [{ pointer: "#/three/0/four", code: "type" }],
  ],
  [
    "a path of a refinement",
    { body: z.object({ a: z.string() }).refine(() => false, { path: [NAME] }) },
    { body: { a: "x" } },
    [{ pointer: "#" }],
  ],
  [
    "a path of a refinement that is no index of the list it leads through",
    {
      body: z.object({ list: z.array(z.string()) }).superRefine(({ list }, context) => {
        for (const item of list) {
          context.addIssue({ code: "custom", path: ["list", item], message: "" });
        }
      }),
    },
    { body: { list: [NAME] } },
    [{ pointer: "#/list" }],
  ],
  [
    "an index beyond the list, and one that no list has",
    { body: standard([{ message: "", path: ["4111111111111111"] }]) },
    { body: ["a"] },
    [{ pointer: "#" }],
  ],
  [
    "v.record",
    { body: v.object({ people: v.record(v.string(), v.object({ age: v.number() })) }) },
    inMap({ age: "x" }),
    [{ pointer: "#/people", code: "type" }],
  ],
  [
    "v.objectWithRest",
    { body: v.objectWithRest({ a: v.number() }, v.number()) },
    { body: { a: 1, [NAME]: "x" } },
    [{ pointer: "#", code: "type" }],
  ],
  [
    "v.strictObject",
    { body: v.strictObject({ a: v.number() }) },
    { body: { a: 1, [NAME]: "x" } },
    [{ pointer: "#", code: "unknown_field" }],
  ],
  [
    "names in v.variant, v.pipe, v.lazy and v.array, which are those of the schema",
    {
      body: v.variant("kind", [
        v.object({
          kind: v.literal("a"),
          list: v.array(v.lazy(() => v.object({ n: v.number() }))),
        }),
        v.object({ kind: v.literal("b"), list: v.pipe(v.string(), v.minLength(1)) }),
      ]),
    },
    { body: { kind: "a", list: [{ n: "x" }] } },
    [{ pointer: "#/list/0/n", code: "type" }],
  ],
  [
    "a library that tells its names by JSON Schema",
    {
      body: standard([{ message: "", path: ["people", NAME] }], () => ({
        type: "object",
        properties: { people: { type: "object" } },
      })),
    },
    inMap("x"),
    [{ pointer: "#/people", code: "invalid" }],
  ],
  [
    "a library that does not tell its names",
    { body: standard([{ message: "", path: ["people", 0, NAME] }]) },
    { body: { people: [{ [NAME]: "x" }] } },
    [{ pointer: "#", code: "invalid" }],
  ],
  [
    "a library that fails to tell them",
    {
      body: standard([{ message: "", path: [NAME] }], () => {
        throw new Error(NAME);
      }),
    },
    { body: { [NAME]: 1 } },
    [{ pointer: "#", code: "invalid" }],
  ],
];

const CHAINS: readonly Case[] = [
  [
    "body('*')",
    { chains: [body("*").isInt()], unknown: "reject" },
    { body: { [NAME]: "x" } },
    [{ pointer: "#", code: "invalid" }],
  ],
  [
    "body('people.*.age')",
    { chains: [body("people.*.age").isInt()], unknown: "allow" },
    inMap({ age: "x" }),
    [{ pointer: "#/people", code: "invalid" }],
  ],
  [
    "body('items.*.name') on a list",
    { chains: [body("items.*.name").isInt()], unknown: "allow" },
    { body: { items: [{ name: "1" }, { name: "x" }] } },
    [{ pointer: "#/items/1/name", code: "invalid" }],
  ],
  [
    "an object where text is meant, below '*'",
    { chains: [body("people.*").isString().trim()], unknown: "allow" },
    inMap({ a: 1 }),
    [
      { pointer: "#/people", code: "invalid" },
      { pointer: "#/people", code: "type" },
    ],
  ],
  [
    "'**'",
    { chains: [body("**.age").isInt()], unknown: "allow" },
    inMap({ age: "x" }),
    [{ pointer: "#/people", code: "invalid" }].map((error) => ({ ...error, pointer: "#" })),
  ],
  [
    "an unknown member below '*'",
    { chains: [body("people.*.age").isInt()], unknown: "reject" },
    inMap({ age: "1", [NAME]: "x" }),
    [{ pointer: "#/people", code: "unknown_field" }],
  ],
  [
    "a name that is no path segment",
    { chains: [body("people.*.age").isInt()], unknown: "allow" },
    inMap({ "a.b": 1 }),
    [{ pointer: "#/people", code: "unknown_field" }],
  ],
  [
    "query('*')",
    { chains: [query("*").isInt()], unknown: "allow" },
    { query: `${NAME}=x` },
    [{ in: "query", code: "invalid" }],
  ],
  [
    "header('*')",
    { chains: [header("*").isIn(["nothing"])], unknown: "allow" },
    { headers: { [NAME]: "x" } },
    [{ in: "header", code: "invalid" }],
  ],
  [
    "header('X-Tenant'), which is named in another case",
    { chains: [header("X-Tenant").isInt()], unknown: "allow" },
    { headers: { "x-tenant": "x" } },
    [{ in: "header", header: "x-tenant", code: "invalid" }],
  ],
  [
    "cookie('*')",
    { chains: [cookie("*").isInt()], unknown: "allow" },
    { headers: { cookie: `${NAME}=x` } },
    [{ in: "cookie", code: "invalid" }],
  ],
];

/** A Standard Schema of another library. */
function standard(issues: readonly object[], input?: () => object) {
  const jsonSchema = input === undefined ? {} : { jsonSchema: { input, output: input } };
  return {
    "~standard": { version: 1, vendor: "other", validate: () => ({ issues }), ...jsonSchema },
  } as never;
}

const cookies: RequestHandler = (req, _res, next) => {
  const [name = "", value] = (req.headers.cookie ?? "").split("=");
  req.cookies = name === "" ? {} : { [name]: value };
  next();
};

describe.each(expressVersions)("validate on Express %s", (_major, express) => {
  async function send(options: ValidateOptions | ValidateChainsOptions, sent: Sent) {
    let decisions: unknown;
    const app = express();
    app.use(jsonBody(), cookies, (req, res, next) => {
      res.on("close", () => {
        decisions = decisionsOf(req);
      });
      next();
    });
    app.all("/", validate(options as ValidateOptions) as unknown as RequestHandler);
    const call = request(app)
      .post(`/?${sent.query ?? ""}`)
      .set(sent.headers ?? {});
    const answer = await (sent.body === undefined ? call : call.send(sent.body as object));
    return { answer, decisions };
  }

  describe.each([
    ["a JSON Schema", JSON_SCHEMAS],
    ["a compiled function", COMPILED],
    ["a Standard Schema", STANDARD],
    ["chains", CHAINS],
  ])("with %s", (_kind, cases) => {
    it.each(cases)(
      "tells of no name that the client chose: %s",
      async (_what, options, sent, errors) => {
        const { answer, decisions } = await send(options, sent);
        expect(answer.status).toBe(422);
        expect(JSON.stringify([answer.body, decisions])).not.toMatch(/4111/);
        const found = (answer.body.errors as object[]).filter(
          (error) => !("header" in error) || "header" in (errors[0] ?? {}),
        );
        // `header("*")` finds what the client library sends as well.
        const distinct = [...new Set(found.map((error) => JSON.stringify(error)))];
        expect(distinct.map((error) => JSON.parse(error))).toMatchObject(errors);
        expect(distinct).toHaveLength(errors.length);
        if (!("pointer" in (errors[0] ?? {})) && !("header" in (errors[0] ?? {}))) {
          expect(Object.keys(answer.body.errors[0])).toEqual(["in", "code", "detail"]);
        }
      },
    );
  });

  it.each<[string, ValidateOptions | ValidateChainsOptions, Sent]>([
    ["a JSON Schema", people({ additionalProperties: integer }), inMap("x")],
    ["zod", { body: z.object({ people: z.record(z.string(), z.number()) }) }, inMap("x")],
    ["chains", { chains: [body("people.*").isInt()], unknown: "reject" }, inMap("x")],
  ])(
    'tells the name beside the pointer of the parent with expose: "full" and %s',
    async (_how, options, sent) => {
      const { answer } = await send({ ...options, expose: "full" } as ValidateOptions, sent);
      expect(answer.body.errors).toMatchObject([{ pointer: "#/people", name: NAME }]);
    },
  );
});
