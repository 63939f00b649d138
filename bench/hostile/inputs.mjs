import { body as bodyChain } from "express-validator";

const list = (length, make) => Array.from({ length }, (_, at) => make(at));
const object = (length, make) => Object.fromEntries(list(length, make));
const listOfLists = (items) => ({ type: "array", items: { type: "array", items } });
const nested = (depth, leaf, wrap) => list(depth, () => wrap).reduce((value, w) => w(value), leaf);

const KINDS = ["p", "b", "i", "u", "a", "li"];
const RICH_TEXT = {
  $ref: "#/$defs/node",
  $defs: {
    node: {
      oneOf: KINDS.map((kind) => ({
        type: "object",
        required: ["type"],
        properties: {
          children: { type: "array", items: { $ref: "#/$defs/node" } },
          text: { type: "string" },
          type: { const: kind },
        },
      })),
    },
  },
};
const UNTAGGED = {
  type: "array",
  items: { $ref: "#/$defs/node" },
  $defs: {
    node: {
      anyOf: ["a", "b", "c"].map((name) => ({
        type: "object",
        properties: { child: { $ref: "#/$defs/node" }, [name]: { type: "integer" } },
      })),
    },
  },
};

/** Inputs that were slow once, or are the worst of their kind, as large as the default limits allow. */
export const HANDWRITTEN = [
  json(
    "rich text of six kinds, wrong leaves",
    { body: RICH_TEXT },
    {
      type: "p",
      children: list(600, (at) =>
        nested(2, { type: "a", text: at }, (child) => ({ type: "li", children: [child] })),
      ),
    },
  ),
  json(
    "three overlapping recursive branches, valid",
    { body: UNTAGGED },
    list(500, () => nested(17, { a: 1 }, (child) => ({ child }))),
  ),
  json(
    "long names times errors",
    {
      body: {
        type: "object",
        additionalProperties: { type: "array", items: { type: "object", properties: { a: {} } } },
      },
    },
    object(190, (at) => [`${"n".repeat(250)}${at}`, list(20, () => ({ z: 1 }))]),
  ),
  json(
    "9,000 members to strip",
    {
      unknown: "strip",
      body: {
        type: "object",
        additionalProperties: { type: "object", properties: { a: { type: "string" } } },
      },
    },
    object(45, (at) => [`o${at}`, object(200, (n) => [`u${n}`, 1])]),
  ),
  json(
    "200 times 200 dependent names",
    {
      body: listOfLists({
        type: "object",
        dependentRequired: object(200, (at) => [`m${at}`, list(200, (n) => `m${n}`)]),
      }),
    },
    list(9, () => list(1000, () => ({}))),
  ),
  json(
    "1,000 patterns of member names",
    {
      body: {
        type: "object",
        additionalProperties: {
          type: "object",
          patternProperties: object(1000, (at) => [`^${at}-`, { type: "integer" }]),
        },
      },
    },
    object(45, (at) => [`o${at}`, object(200, (n) => [`x${n}`, n])]),
  ),
  json(
    "100 large constants, one larger value",
    {
      body: {
        anyOf: list(100, (id) => ({ const: list(50, (n) => ({ id, n })) })),
      },
    },
    list(1000, (at) => ({ id: at, n: at, of: [at, at, at, at, at] })),
  ),
  json(
    "100 defaults in 9,000 objects",
    {
      body: listOfLists({
        type: "object",
        properties: object(100, (at) => [`d${at}`, { type: "string", default: "x" }]),
      }),
    },
    list(9, () => list(1000, () => ({}))),
  ),
  json(
    "10,000 allowed values, the last one sent",
    {
      body: listOfLists({
        enum: list(10_000, (at) => `value${at}`),
      }),
    },
    list(7, () => list(1000, () => "value9999")),
  ),
  json(
    "unique lists in unique lists",
    {
      body: {
        $ref: "#/$defs/n",
        $defs: {
          n: {
            anyOf: [
              { type: "array", uniqueItems: true, items: { $ref: "#/$defs/n" } },
              { type: "object", additionalProperties: true },
            ],
          },
        },
      },
    },
    nested(
      15,
      list(900, (at) => object(8, (n) => [`k${n}`, at])),
      (value) => [value],
    ),
  ),
  json(
    "addresses for a quadratic pattern",
    {
      body: {
        type: "array",
        items: { type: "string", maxLength: 300, pattern: "^[^\\s@]+@[^\\s@]+\\.[^\\s@]+$" },
      },
    },
    [...list(320, () => `a@${".".repeat(297)}\n`)],
  ),
  json(
    "a long text for a linear pattern",
    {
      body: {
        type: "object",
        properties: { slug: { type: "string", pattern: "^[a-z0-9]+(?:-[a-z0-9]+)*$" } },
      },
    },
    { slug: `${"a".repeat(65_000)}!` },
  ),
  json(
    "members that differ in the last character",
    {
      body: {
        type: "object",
        additionalProperties: { type: "object", additionalProperties: true },
      },
    },
    object(9, (at) => [`o${at}`, object(195, (n) => [`${"k".repeat(45)}${n}`, 0])]),
  ),
  {
    name: "one wildcard chain over 2,000 values",
    options: { chains: [bodyChain("*.*").isString()], unknown: "reject" },
    text: JSON.stringify(object(19, (at) => [`o${at}`, object(100, (n) => [`k${n}`, "x"])])),
  },
  {
    name: "900 cookies of one name",
    options: {
      cookies: { type: "object", properties: { a: { type: "array", items: { type: "string" } } } },
    },
    text: "{}",
    headers: { Cookie: list(900, () => "a=b").join(";") },
  },
];

function json(name, options, body) {
  return { name, options, text: JSON.stringify(body) };
}
