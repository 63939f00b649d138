/** Random schemas that may start up, and bodies as large as the default limits allow, made to fit them almost. */

const WORDS = ["id", "kind", "name", "of", "items", "child", "tags", "value", "note", "at"];
const PATTERNS = ["^[a-z0-9]+(?:-[a-z0-9]+)*$", "^[^ ]+$", "^\\p{L}+$", "^(?=.*[a-z])(?=.*\\d).+$"];
const FORMATS = ["email", "uri", "date-time", "uuid", "hostname", "ipv6"];
const DEFINITIONS = ["d0", "d1", "d2", "d3"];

/** mulberry32: the same seed makes the same cases on every machine. */
export function createRandom(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const below = (limit) => Math.floor(next() * limit);
  return { next, below, pick: (list) => list[below(list.length)] };
}

export function randomSchema(random) {
  const $defs = Object.fromEntries(DEFINITIONS.map((name) => [name, anySchema(random, 2, true)]));
  return { type: "array", items: { type: "array", items: anySchema(random, 3) }, $defs };
}

/** @param inPlace - Without references, which could lead back here before they step into a member. */
function anySchema(random, depth, inPlace = false) {
  const { pick, below, next } = random;
  if (depth === 0) return scalarSchema(random);
  if (!inPlace && next() < 0.25) return { $ref: `#/$defs/${pick(DEFINITIONS)}` };
  const below1 = () => anySchema(random, depth - 1);
  const beside = () => anySchema(random, depth - 1, true);
  const some = (most, make) => Array.from({ length: 1 + below(most) }, (_, at) => make(at));
  const size = depth > 1 ? pick([2, 3, 6]) : pick([3, 10, 40]);
  return pick([
    () => objectSchema(random, depth),
    () => objectSchema(random, depth),
    () => ({ type: "object", additionalProperties: below1() }),
    () => ({ type: "array", items: below1(), uniqueItems: next() < 0.5 }),
    () => ({ type: "array", contains: below1() }),
    () => ({ anyOf: some(size, beside) }),
    () => ({ oneOf: some(size, (at) => taggedSchema(random, depth, at)) }),
    () => ({ type: "object", allOf: some(size, () => objectSchema(random, depth)) }),
    () => ({
      type: "object",
      patternProperties: patterns(
        some(size, (at) => at),
        below1,
      ),
    }),
    () => ({ enum: some(size, (at) => ({ id: at, of: WORDS })) }),
    () => ({ not: beside() }),
  ])();
}

function patterns(numbers, make) {
  return Object.fromEntries(numbers.map((at) => [`^${at}?[a-z]+${at}$`, make()]));
}

function objectSchema(random, depth) {
  const { below, next } = random;
  const names = WORDS.slice(0, 1 + below(WORDS.length));
  const schema = {
    type: "object",
    properties: Object.fromEntries(names.map((name) => [name, anySchema(random, depth - 1)])),
  };
  if (next() < 0.3) schema.required = names.slice(0, 2);
  if (next() < 0.2) schema.dependentRequired = Object.fromEntries(names.map((n) => [n, names]));
  if (next() < 0.2) schema.propertyNames = { type: "string", maxLength: 250 };
  return schema;
}

function taggedSchema(random, depth, at) {
  const schema = objectSchema(random, depth);
  return { ...schema, properties: { ...schema.properties, kind: { const: `kind${at}` } } };
}

function scalarSchema({ pick }) {
  return pick([
    () => ({ type: "integer", multipleOf: pick([1, 3]) }),
    () => ({ type: "number", multipleOf: 0.01 }),
    () => ({ type: "string", maxLength: 60_000 }),
    () => ({ type: "string", pattern: pick(PATTERNS) }),
    () => ({ type: "string", format: pick(FORMATS) }),
    () => ({ enum: WORDS }),
    () => ({ type: ["boolean", "null"] }),
  ])();
}

/** A list of lists, until 95 kB, 9,000 values, or nothing more. */
export function randomBody(random, schema) {
  const left = { bytes: 95_000, nodes: 9000 };
  const lists = [];
  while (lists.length < 9 && left.bytes > 0 && left.nodes > 0) {
    const list = [];
    const before = left.nodes;
    while (list.length < 1000 && left.bytes > 0 && left.nodes > 0) {
      list.push(valueFor(random, schema.items.items, schema, 12, left));
    }
    lists.push(list);
    if (before === left.nodes) break;
  }
  return lists;
}

function valueFor(random, schema, root, depth, left) {
  const { pick, below, next } = random;
  left.nodes -= 1;
  left.bytes -= 4;
  if (typeof schema !== "object" || depth === 0 || left.nodes < 0 || next() < 0.002) return {};
  const inner = (one) => valueFor(random, one, root, depth - 1, left);
  if (schema.$ref) return inner(root.$defs[schema.$ref.slice("#/$defs/".length)]);
  const alternatives = schema.anyOf ?? schema.oneOf;
  // The last one is found last.
  if (alternatives) return inner(next() < 0.5 ? alternatives.at(-1) : pick(alternatives));
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map(inner));
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return pick(schema.enum);
  if (schema.type === "array") {
    return Array.from({ length: below(6) }, () => inner(schema.items ?? schema.contains));
  }
  if (schema.type === "object") return objectFor(random, schema, inner, left);
  return scalarFor(random, schema, left);
}

function objectFor({ below, next, pick }, schema, inner, left) {
  const object = {};
  const named = Object.entries(schema.properties ?? {});
  for (const [name, below1] of named) if (next() < 0.6) object[name] = inner(below1);
  const open = Object.values(schema.patternProperties ?? {}).at(-1) ?? schema.additionalProperties;
  for (let count = open === undefined ? 0 : below(8); count > 0; count -= 1) {
    object[`${pick(WORDS)}${below(40)}`] = inner(open);
  }
  left.bytes -= 8 * Object.keys(object).length;
  return object;
}

function scalarFor({ below, pick }, schema, left) {
  if (schema.type === "integer") return 3 * below(1000);
  if (schema.type === "number") return below(100_000) / 100;
  if (schema.type !== "string") return null;
  const length = Math.min(Math.max(left.bytes, 0), pick([2, 2, 10, 300, 3000]));
  left.bytes -= length;
  return pick(["a", "a1", "é", "a-", "a@"]).repeat(Math.ceil(length / 2));
}
