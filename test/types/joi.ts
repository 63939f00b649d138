// Not copied to the consumers, which have no joi.
import type { Request } from "express";
import { validate } from "express-secure-api/validate";
import Joi from "joi";
import Joi17 from "joi-17";
import { assertType, type Equal } from "./equal.js";

interface Order {
  readonly item: string;
  readonly quantity: number;
}

// joi gives the type that a schema is given, and `any` without one.
const byJoi = validate({ body: Joi.object<Order>({ item: Joi.string() }), query: Joi.object({}) });
const byJoi17 = validate({ body: Joi17.object<Order>({ item: Joi17.string() }) });
const namedJoi = validate<{ body: Order }>({ body: Joi17.object({ item: Joi17.string() }) });
export function readJoi(req: Request): readonly Order[] {
  const order = byJoi.valid(req).body;
  const order17 = byJoi17.valid(req).body;
  assertType<Equal<typeof order, Order>>();
  assertType<Equal<typeof order17, Order>>();
  // @ts-expect-error no schema, so nothing was validated
  byJoi.valid(req).params;
  // @ts-expect-error not a member of the type
  order17.price;
  return [order, order17, namedJoi.valid(req).body, byJoi.valid(req).query];
}
