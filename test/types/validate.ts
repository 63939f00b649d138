import type { Request, RequestHandler } from "express";
import { jsonBody, structuralGuard } from "express-secure-api/json-body";
import { type StandardSchema, validate } from "express-secure-api/validate";
import { body } from "express-validator";
import { assertType, type Equal } from "./equal.js";

interface Order {
  readonly item: string;
  readonly quantity: number;
}

export const handlers: readonly RequestHandler[] = [jsonBody({ limit: "10kb" }), structuralGuard()];

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
// @ts-expect-error a chain runs
validate({ chains: [{}], unknown: "reject" });
