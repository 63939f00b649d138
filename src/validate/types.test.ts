import express, { type Request, type RequestHandler } from "express";
import { body, checkSchema, oneOf, query } from "express-validator";
import * as v from "valibot";
import { describe, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { type JsonSchema, type Valid, validate } from "./index.js";

describe("the types of validate", () => {
  it("infers the value of a JSON Schema literal", () => {
    const createOrder = validate({
      body: {
        type: "object",
        required: ["sku", "quantity"],
        properties: {
          sku: { type: "string" },
          quantity: { type: "integer" },
          size: { enum: ["s", "m"] },
          note: { type: ["string", "null"] },
          gift: { type: "boolean", default: false },
          tags: { type: "array", items: { type: "string" } },
          address: { $ref: "#/$defs/address" },
        },
        $defs: { address: { type: "object" } },
      },
      query: { type: "object", properties: { limit: { type: "integer" } } },
    });
    type Valid = ReturnType<typeof createOrder.valid>;
    expectTypeOf<Valid["body"]>().toEqualTypeOf<{
      sku: string;
      quantity: number;
      gift: boolean;
      size?: "s" | "m";
      note?: string | null;
      tags?: string[];
      address?: unknown;
    }>();
    expectTypeOf<Valid["query"]>().toEqualTypeOf<{ limit?: number }>();
    expectTypeOf<keyof Valid>().toEqualTypeOf<"body" | "query">();
  });

  it("infers the output of Standard Schemas and of type predicates", () => {
    const isOrder = (value: unknown): value is { sku: string } => value !== null;
    const validator = validate({
      body: z.object({ when: z.string().transform((text) => new Date(text)) }),
      query: v.object({ limit: v.optional(v.string()) }),
      params: isOrder,
    });
    type Valid = ReturnType<typeof validator.valid>;
    expectTypeOf<Valid["body"]>().toEqualTypeOf<{ when: Date }>();
    expectTypeOf<Valid["query"]>().toEqualTypeOf<{ limit?: string | undefined }>();
    expectTypeOf<Valid["params"]>().toEqualTypeOf<{ sku: string }>();
  });

  it("leaves a schema of unknown shape unknown, and takes the types that the app names", () => {
    const schema: JsonSchema = { type: "object" };
    const inferred = validate({ body: schema });
    expectTypeOf<ReturnType<typeof inferred.valid>>().toEqualTypeOf<{ readonly body: unknown }>();
    interface Order {
      sku: string;
    }
    const named = validate<{ body: Order }>({ body: schema });
    expectTypeOf<ReturnType<typeof named.valid>>().toEqualTypeOf<{ body: Order }>();
    expectTypeOf<Valid<{ body: typeof schema; query: undefined }>>().toEqualTypeOf<{
      readonly body: unknown;
    }>();
  });

  it("types req.body in a route, beside handlers of any type", () => {
    const app = express();
    const plain: RequestHandler = (_req, _res, next) => next();
    const controller = (req: Request): unknown => req.body;
    const createOrder = validate({
      body: { type: "object", required: ["sku"], properties: { sku: { type: "string" } } },
      params: { type: "object", required: ["id"], properties: { id: { type: "integer" } } },
    });
    app.post("/orders/:id", plain, createOrder, plain, (req, res) => {
      expectTypeOf(req.body).toEqualTypeOf<{ sku: string }>();
      expectTypeOf(createOrder.valid(req).params.id).toEqualTypeOf<number>();
      // @ts-expect-error only parts with a schema are there
      createOrder.valid(req).query;
      res.end();
    });
    app.post("/:id", createOrder, controller);
    app.route("/x").post(createOrder, controller).get(plain, createOrder, controller);
    app.use(createOrder);
    app.use([plain, createOrder]);
    const onlyQuery = validate({ query: { type: "object" } });
    app.get("/", onlyQuery, (req) => expectTypeOf(req.body).toBeAny());
  });

  it("takes everything of express-validator that has run()", () => {
    const validator = validate<{ body: { email: string } }>({
      chains: [body("email").isEmail(), [query("q").isString()], checkSchema({ x: {} }), oneOf([])],
      unknown: "reject",
    });
    expectTypeOf<ReturnType<typeof validator.valid>>().toEqualTypeOf<{ body: { email: string } }>();
    const untyped = validate({ chains: body("email").isEmail(), unknown: "strip" });
    expectTypeOf<ReturnType<typeof untyped.valid>["body"]>().toBeAny();
  });

  it("does not compile with a wrong option", () => {
    const cases = [
      // @ts-expect-error an unknown option
      () => validate({ body: { type: "object" }, strict: true }),
      // @ts-expect-error a status that is neither 422 nor 400
      () => validate({ body: { type: "object" }, status: 418 }),
      // @ts-expect-error chains without a decision about unknown fields
      () => validate({ chains: [{ run: async () => undefined }] }),
      // @ts-expect-error a part that is no schema
      () => validate({ body: "object" }),
    ];
    expectTypeOf(cases).toBeArray();
  });
});
