// Before TypeScript 5.0 a schema is a literal type only where it says so: `as const`.
import type { Request } from "express";
import { validate } from "express-secure-api/validate";

const order = {
  type: "object",
  required: ["item", "quantity"],
  properties: { item: { type: "string" }, quantity: { type: "integer" } },
} as const;
const validateOrder = validate({ body: order });
const byName = validate<{ body: { readonly item: string } }>({ body: { type: "object" } });

export function read(req: Request): string {
  const { item, quantity } = validateOrder.valid(req).body;
  const count: number = quantity;
  // @ts-expect-error the schema has no such property
  validateOrder.valid(req).body.price;
  return `${item} ${count} ${byName.valid(req).body.item}`;
}
