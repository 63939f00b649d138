import { type KnownNames, namesInJsonSchema } from "../issues/client-names.js";

/** Schemas that are looked at; more than this are not one schema that people write. */
const MAX_NODES = 20_000;

/** What zod (`shape`, in version 3 a function) and valibot (`entries`) call the members of an object. */
const MEMBERS: ReadonlySet<string> = new Set(["shape", "entries"]);

/**
 * The member names that a schema of another library has, as far as it tells: by the JSON Schema that many libraries make
 * (Standard JSON Schema), or by its definition, as schemas of zod and valibot do. The set is empty for one that does not
 * tell. Never throws.
 *
 * @see https://standardschema.dev/json-schema
 */
export function namesOfSchema(schema: object): KnownNames {
  const names = new Set<string>();
  attempt(() => namesInJsonSchema(jsonSchemaOf(schema), names));
  attempt(() => walk(schema, names));
  return names;
}

/** The JSON Schema of what the schema takes, if its library can make one. @throws whatever the library throws. */
export function jsonSchemaOf(schema: object): unknown {
  const { "~standard": standard } = schema as {
    "~standard"?: { jsonSchema?: { input?: (options: { target: string }) => unknown } };
  };
  return standard?.jsonSchema?.input?.({ target: "draft-2020-12" });
}

function walk(schema: object, names: Set<string>): void {
  const seen = new Set<unknown>();
  const pending: unknown[] = [schema];
  while (pending.length > 0 && seen.size < MAX_NODES) {
    const node = pending.pop();
    if (node === null || (typeof node !== "object" && typeof node !== "function")) continue;
    if (seen.has(node)) continue;
    seen.add(node);
    const definition = definitionOf(node);
    for (const key of Object.keys(definition)) {
      attempt(() => {
        const content = resolve(key, (definition as Readonly<Record<string, unknown>>)[key]);
        if (MEMBERS.has(key) && typeof content === "object" && content !== null) {
          for (const name of Object.keys(content)) names.add(name);
        }
        pending.push(content);
      });
    }
  }
}

/** zod keeps the definition of a schema in a member of its own; that of valibot is the schema itself. */
function definitionOf(node: object): object {
  const { _zod: zod4, _def: zod3 } = node as { _zod?: { def?: unknown }; _def?: unknown };
  const definition = zod4?.def ?? zod3;
  return typeof definition === "object" && definition !== null ? definition : node;
}

/** Lazy schemas are behind a getter. Other functions are none of our business. */
function resolve(key: string, content: unknown): unknown {
  if (typeof content !== "function") return content;
  return key === "getter" || key === "shape" ? content() : undefined;
}

/** Whatever the code of a foreign schema throws: what it does not tell, it does not tell. */
function attempt(act: () => void): void {
  try {
    act();
  } catch {
    // As above.
  }
}
