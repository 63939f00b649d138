import Joi18 from "joi";
import Joi17 from "joi-17";
import request from "supertest";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { expressVersions } from "../../test/support/express.js";
import { takesObjects } from "./standard-schema/object-inputs.js";
import { validate } from "./validate.js";

/** A schema of another library that makes a JSON Schema and shows nothing else of itself. */
const foreign = (json: object): object => ({
  "~standard": {
    version: 1,
    vendor: "foreign",
    validate: (value: unknown) => ({ value }),
    jsonSchema: { input: () => json },
  },
});

const JOI = [Joi17 as unknown as typeof Joi18, Joi18].flatMap((joi, index): [string, unknown][] => {
  const name = (text: string): string => `${text} of joi ${17 + index}`;
  return [
    [name("a text"), joi.string()],
    [name("a list"), joi.array().items(joi.string())],
    [name("one of some values"), joi.any().valid("a", "b")],
    [name("a date or a number"), joi.alternatives(joi.date(), joi.number().required())],
    [name("a truth value with a default"), joi.boolean().default(true)],
  ];
});

const OTHERS: [string, unknown][] = [
  ["a text of zod", z.string()],
  ["an optional list of zod", z.array(z.string()).optional()],
  ["one of some values of zod", z.enum(["a", "b"]).default("a")],
  ["a text of zod that becomes a number", z.string().transform(Number)],
  ["a text or a number of zod", z.union([z.string(), z.number().nullable()])],
  ["a text of valibot", v.pipe(v.string(), v.minLength(1))],
  ["an optional list of valibot", v.optional(v.array(v.string()))],
  ["a text or a tuple of valibot", v.union([v.string(), v.tuple([v.number()])])],
  ["a text by its JSON Schema", foreign({ type: "string" })],
  ["lists by their JSON Schema", foreign({ anyOf: [{ type: "array" }, { type: ["null"] }] })],
];

const ACCEPTED: [string, object][] = [
  ["an object of joi", Joi18.object({})],
  ["any value of joi", Joi18.any()],
  ["a list of joi made of one item", Joi18.array().single()],
  [
    "alternatives of joi, one of which is an object",
    Joi18.alternatives(Joi18.string(), Joi18.object()),
  ],
  [
    "alternatives of joi that depend",
    Joi18.alternatives().conditional("$a", {
      is: 1,
      then: Joi18.string(),
      otherwise: Joi18.object(),
    }),
  ],
  ["an object of zod", z.object({}).optional()],
  ["any value of zod", z.unknown()],
  ["what zod coerces", z.coerce.string()],
  ["what zod prepares", z.preprocess((value) => JSON.stringify(value), z.string())],
  ["what zod catches", z.string().catch("none")],
  ["a lazy schema of zod", z.lazy(() => z.object({}))],
  ["an object or a text of zod", z.union([z.string(), z.object({})])],
  ["an object of valibot", v.nullable(v.looseObject({}))],
  ["an object by its JSON Schema", foreign({ type: ["object", "null"] })],
  ["what does not tell", foreign({ $ref: "#" })],
];

describe("a schema that no object satisfies", () => {
  it.each([...JOI, ...OTHERS])(
    "is an error in query, params, headers and cookies: %s",
    (_what, schema) => {
      for (const part of ["query", "params", "headers", "cookies"]) {
        expect(() => validate({ [part]: schema } as never)).toThrow(
          `validate.${part} must be a schema that an object can satisfy, because ${part} always are one`,
        );
      }
      // A body may be anything: a parser of the app decides.
      expect(() => validate({ body: schema } as never)).not.toThrow();
    },
  );

  it.each(OTHERS.filter(([what]) => !what.includes("JSON")))(
    "satisfies no object in fact: %s",
    async (_what, schema) => {
      const { validate: check } = (schema as z.ZodType)["~standard"];
      for (const value of [{}, { a: "1" }]) expect(await check(value)).toHaveProperty("issues");
    },
  );

  it.each(JOI)("satisfies no object in fact: %s", (_what, schema) => {
    for (const value of [{}, { a: "1" }]) {
      expect((schema as Joi18.Schema).validate(value).error).toBeDefined();
    }
  });

  it("is none of those that do not tell, and of those that throw", () => {
    expect(
      takesObjects(
        Object.defineProperty({}, "_def", {
          get: () => {
            throw new Error("no");
          },
        }),
      ),
    ).toBe(true);
  });
});

describe.each(expressVersions)(
  "a schema that some object satisfies, on Express %s",
  (_major, express) => {
    it.each(ACCEPTED)("is taken: %s", async (_what, schema) => {
      const app = express();
      app.get("/", validate({ query: schema as never }), (_req, res) => void res.send("ok"));
      await request(app).get("/").expect(200);
    });
  },
);
