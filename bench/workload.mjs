/** What every stack is asked to do: the same route, body, scope, limits and allowed origin. */

export const AUDIENCE = "https://orders.example.com";
export const ALLOWED_ORIGIN = "https://app.example.com";
export const SCOPE = "orders:write";
export const PATH = "/orders";

/** High enough that no run is ever refused; every stack still counts and sends its headers. */
export const LIMIT = 100_000_000;

/** The order that is posted: 110 bytes of JSON. */
export const ORDER = JSON.stringify({
  id: "order-000417",
  sku: "KB-4471",
  quantity: 2,
  currency: "EUR",
  note: "Please ring twice; 2nd floor, 7a.",
});

if (Buffer.byteLength(ORDER) !== 110) throw new Error("the order must have 110 bytes");

/** The same rules that the express-validator chains of the other stacks state. */
export const ORDER_SCHEMA = {
  type: "object",
  required: ["id", "sku", "quantity", "currency"],
  properties: {
    id: { type: "string", pattern: "^order-[0-9]{6}$" },
    sku: { type: "string", minLength: 3, maxLength: 20 },
    quantity: { type: "integer", minimum: 1, maximum: 100 },
    currency: { enum: ["EUR", "USD"] },
    note: { type: "string", maxLength: 200 },
  },
  additionalProperties: false,
};
