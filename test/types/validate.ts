import type { Request, RequestHandler } from "express";
import { formBody, jsonBody, structuralGuard } from "express-secure-api/json-body";
import {
  type JsonSchema,
  type StandardSchema,
  type Valid,
  validate,
} from "express-secure-api/validate";
import { body } from "express-validator";
import { assertType, type Equal } from "./equal.js";

interface Order {
  readonly item: string;
  readonly quantity: number;
}

export const handlers: readonly RequestHandler[] = [
  jsonBody({ limit: "10kb" }),
  formBody({ extended: true }),
  structuralGuard(),
];

const byJsonSchema = validate({
  body: {
    type: "object",
    required: ["item", "quantity"],
    properties: { item: { type: "string" }, quantity: { type: "integer" } },
  },
});
declare const orderSchema: StandardSchema<unknown, Order>;
const byStandardSchema = validate({ body: orderSchema });
const named = validate<{ body: Order }>({ body: { type: "object" } });
const byChains = validate({ chains: [body("item").isString()], unknown: "reject" });

export function read(req: Request): readonly Order[] {
  const { item, quantity } = byJsonSchema.valid(req).body;
  assertType<Equal<typeof item, string>>();
  assertType<Equal<typeof quantity, number>>();
  const order = byStandardSchema.valid(req).body;
  assertType<Equal<typeof order, Order>>();
  // @ts-expect-error no schema, so nothing was validated
  byJsonSchema.valid(req).query;
  return [{ item, quantity }, order, named.valid(req).body, byChains.valid(req).body];
}

// @ts-expect-error what happens to fields that no chain names must be said
validate({ chains: [body("item").isString()] });
// @ts-expect-error not one of the three
validate({ chains: [body("item").isString()], unknown: "ignore" });
// @ts-expect-error not a part of the request
validate({ cookie: { type: "object" } });
// @ts-expect-error a size has a unit
jsonBody({ limit: 10_000 });
// @ts-expect-error a number of fields is a number
formBody({ fields: "10" });
// @ts-expect-error no parser of query strings is taken
formBody({ extended: "qs" });
// @ts-expect-error a chain runs
validate({ chains: [{}], unknown: "reject" });
// @ts-expect-error a Standard Schema of another shape
validate({ body: { "~standard": { version: 2 } }, limit: 1 });
// @ts-expect-error a depth is a number
structuralGuard({ depth: "10" });

// What a literal tells, at each depth.
const full = validate({
  body: {
    type: "object",
    required: ["id", "address", "lines", "kind"],
    additionalProperties: false,
    properties: {
      id: { type: "string", format: "uuid" },
      kind: { const: "order" },
      state: { enum: ["open", "paid", null] },
      address: {
        type: "object",
        required: ["city"],
        properties: { city: { type: "string" }, floor: { type: "integer" } },
      },
      lines: {
        type: "array",
        items: {
          type: "object",
          required: ["price"],
          properties: {
            price: { type: "number" },
            tags: { type: "array", items: { type: "string" } },
          },
        },
      },
      note: { type: ["string", "null"] },
      legacy: { type: "string", nullable: true },
      gift: { type: "boolean", default: false },
      payment: {
        anyOf: [
          { type: "object", required: ["iban"], properties: { iban: { type: "string" } } },
          { type: "null" },
        ],
      },
      labels: { type: "object", additionalProperties: { type: "string" } },
      free: { type: "object" },
      list: { type: "array" },
    },
  },
  params: { type: "object", required: ["id"], properties: { id: { type: "integer" } } },
});
type Full = ReturnType<typeof full.valid>;
assertType<
  Equal<
    Full["body"],
    {
      id: string;
      kind: "order";
      address: { city: string; floor?: number };
      lines: { price: number; tags?: string[] }[];
      gift: boolean;
      state?: "open" | "paid" | null;
      note?: string | null;
      legacy?: string | null;
      payment?: { iban: string } | null;
      labels?: Record<string, string>;
      free?: Record<string, unknown>;
      list?: unknown[];
    }
  >
>();
assertType<Equal<Full["params"], { id: number }>>();

// A schema in a variable tells its type when it is `as const`, and nothing when it is not.
const constant = {
  type: "object",
  required: ["a"],
  properties: { a: { type: "string" } },
} as const;
const widened = { type: "object", required: ["a"], properties: { a: { type: "string" } } };
const names: string[] = ["a"];
const fromConstant = validate({ body: constant });
const fromWidened = validate({ body: widened });
const fromNames = validate({
  body: { type: "object", required: names, properties: { a: { type: "string" } } },
});
assertType<Equal<ReturnType<typeof fromConstant.valid>["body"], { a: string }>>();
assertType<Equal<ReturnType<typeof fromWidened.valid>["body"], unknown>>();
assertType<Equal<ReturnType<typeof fromNames.valid>["body"], { a?: string }>>();
assertType<Equal<Valid<{ body: undefined; query: JsonSchema }>, { readonly query: unknown }>>();

// The type argument is for schemas that cannot be seen, and cannot contradict one that can.
interface Tree {
  readonly name: string;
  readonly children: readonly Tree[];
}
interface Named {
  readonly body: { readonly item: number; readonly note?: string | null; readonly tags?: string[] };
}
declare const opaque: JsonSchema;
export function readNamed(req: Request): readonly unknown[] {
  return [
    validate<{ body: Order }>({ body: opaque }).valid(req).body.item,
    validate<{ body: { a: number } }>({ body: widened }).valid(req).body.a,
    validate<{ body: Order }>({ body: orderSchema }).valid(req).body.item,
    validate<{ body: Order }>({ body: (value): value is Order => value !== null }).valid(req).body,
    validate<Named>({
      body: {
        type: "object",
        required: ["item"],
        properties: {
          item: { type: "integer", minimum: 1 },
          note: { type: ["string", "null"] },
          tags: { type: "array", items: { type: "string" } },
        },
      },
      mode: "report",
    }).valid(req).body.item,
    validate<{ body: Tree }>({ body: { $ref: "#/$defs/tree", $defs: {} } }).valid(req).body.name,
    validate<{ body: unknown }>({ body: { type: "string" } }).valid(req).body,
  ];
}
const wrongProperty = validate<{ body: { item: number } }>({
  body: {
    type: "object",
    required: ["item"],
    properties: { item: { type: "string", maxLength: 10 }, other: { type: "integer" } },
  },
  status: 400,
});
const wrongDepth = validate<{ query: { page: number }; body: Tree }>({
  query: { type: "object", properties: { page: { type: "integer" } } },
  body: {
    type: "object",
    properties: {
      name: { type: "string" },
      children: {
        type: "array",
        items: { type: "object", properties: { name: { type: "boolean" } } },
      },
    },
  },
});
const wrongItems = validate<{ body: number[] }>({
  body: { type: "array", items: { type: "string" } },
});
const wrongRoot = validate<{ body: Order }>({ body: { type: "array" } });
// @ts-expect-error a number in the type, a string in the schema
wrongProperty.valid;
// @ts-expect-error a string in the type, a boolean in the schema
wrongDepth.valid;
// @ts-expect-error a list of other items
wrongItems.valid;
// @ts-expect-error no object at all
wrongRoot.valid;
// @ts-expect-error what contradicts its type is no middleware
export const wrongHandler: RequestHandler = wrongProperty;
