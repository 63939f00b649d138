import type { Issue, PartResult } from "../issues/issue.js";

type Types = ReadonlySet<string>;

/** What the text of one parameter, field or cookie may become. */
interface Target {
  readonly types: Types;
  /** Of the items, when the value may be a list. */
  readonly items: Types;
}

/** Turns the texts of one part into the types that its schema asks for. */
export type Coercion = (raw: Readonly<Record<string, unknown>>) => PartResult;

/**
 * Prepares the coercion of a part that HTTP carries as text, by the `properties` at the root of its schema.
 *
 * The grammar is strict: an integer has no sign but `-`, no leading zeros, no exponent, and is exactly a number of
 * JavaScript; a number is a decimal one; a boolean is `true` or `false`. Any other text stays text, and the schema
 * refuses it. One text for a list is a list of one; several where one is due are refused.
 *
 * @param onlyNamed - Leaves out what `properties` does not name.
 */
export function createCoercion(
  schema: Readonly<Record<string, unknown>>,
  onlyNamed: boolean,
): Coercion {
  const properties = Object.entries(objectAt(schema, "properties"));
  const targets = new Map(properties.map(([name, property]) => [name, targetOf(property, schema)]));

  return (raw) => {
    const value: Record<string, unknown> = {};
    let issues: Issue[] | undefined;
    for (const name of onlyNamed ? targets.keys() : Object.keys(raw)) {
      const given = Object.hasOwn(raw, name) ? raw[name] : undefined;
      if (given === undefined) continue;
      const target = targets.get(name);
      if (target !== undefined && Array.isArray(given) && !target.types.has("array")) {
        issues ??= [];
        issues.push({ path: [name], code: "repeated" });
      } else {
        value[name] = target === undefined ? given : coerce(given, target);
      }
    }
    return { value, issues };
  };
}

function coerce(given: unknown, { types, items }: Target): unknown {
  if (Array.isArray(given)) return given.map((item) => coerceText(item, items));
  if (types.has("array") && !types.has("string") && typeof given === "string") {
    return [coerceText(given, items)];
  }
  return coerceText(given, types);
}

function coerceText(given: unknown, types: Types): unknown {
  if (typeof given !== "string" || types.has("string")) return given;
  if (types.has("boolean") && (given === "true" || given === "false")) return given === "true";
  const decimal = types.has("number");
  if (decimal || types.has("integer")) {
    const grammar = decimal ? /^(?:0|-?(?=[1-9]|0\.)\d+(?:\.\d+)?)$/ : /^(?:0|-?[1-9]\d*)$/;
    const number = Number(given);
    // Beyond this, different texts become the same number.
    if (grammar.test(given) && Math.abs(number) <= Number.MAX_SAFE_INTEGER) return number;
  }
  return given;
}

function targetOf(property: unknown, root: Readonly<Record<string, unknown>>): Target {
  const items = objectAt(resolve(property, root), "items");
  return { types: typesOf(property, root), items: typesOf(items, root) };
}

/** The types that a schema lets through, as far as `type`, `const`, `enum`, `$ref` and alternatives tell. */
function typesOf(schema: unknown, root: Readonly<Record<string, unknown>>): Types {
  const types = new Set<string>();
  // Alternatives may refer to one schema many times, and to themselves: each is looked at once.
  const seen = new Set<object>();
  const pending = [schema];
  for (const next of pending) {
    const resolved = resolve(next, root);
    if (seen.has(resolved)) continue;
    seen.add(resolved);
    const { type, enum: values, const: value, anyOf = [], oneOf = [], allOf = [] } = resolved;
    for (const name of [type ?? []].flat()) types.add(String(name));
    if (type !== undefined) continue;
    const constants = Array.isArray(values) ? values : value === undefined ? [] : [value];
    for (const constant of constants)
      types.add(Array.isArray(constant) ? "array" : typeof constant);
    for (const branch of [anyOf, oneOf, allOf].flat()) pending.push(branch);
  }
  return types;
}

/** Follows references within the document: `#/$defs/limit`. */
function resolve(
  schema: unknown,
  root: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  let current = toObject(schema);
  for (let hops = 0; hops < 10; hops += 1) {
    const reference = current["$ref"];
    if (typeof reference !== "string" || !reference.startsWith("#/")) return current;
    current = reference
      .slice(2)
      .split("/")
      .map((token) => decodeURIComponent(token).replaceAll("~1", "/").replaceAll("~0", "~"))
      .reduce(objectAt, root);
  }
  return current;
}

function objectAt(
  parent: Readonly<Record<string, unknown>>,
  name: string,
): Readonly<Record<string, unknown>> {
  return toObject(Object.hasOwn(parent, name) ? parent[name] : undefined);
}

function toObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
