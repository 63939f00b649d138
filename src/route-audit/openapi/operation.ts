import { limitInWords } from "../facts/limit-words.js";
import { concernsObject, requirementInWords } from "../facts/requirement.js";
import { factsOf, type RouteFacts, type Validation } from "../facts/route-facts.js";
import { escapeMarkdown } from "../formats/escape.js";
import type { AuditedRoute } from "../report/route-report.js";
import type { TemplatedPath } from "./openapi-path.js";
import { type SecurityRequirement, securityOf } from "./security.js";

/** One operation of the document. */
interface Operation {
  readonly security: readonly SecurityRequirement[];
  readonly [member: string]: unknown;
}

/** Puts a schema among the components of the document. */
type DefineSchema = (schema: Readonly<Record<string, unknown>>) => object;

/** Parts of a request that OpenAPI lists value by value. */
const PLACES = { query: "query", headers: "header", cookies: "cookie" } as const;
/** Header fields that OpenAPI describes elsewhere (OpenAPI 3.1 §4.8.12.2). */
const ELSEWHERE: readonly string[] = ["accept", "content-type", "authorization"];
const INTEGERS: readonly string[] = [
  "Retry-After",
  "X-RateLimit-Limit",
  "X-RateLimit-Remaining",
  "X-RateLimit-Reset",
];

/**
 * What the guards of a route say, as an operation.
 *
 * @param own - The path as the route spells it.
 * @param names - The names of its parameters in the document, which another route may have given first.
 * @param define - Puts a schema among the components, once, and returns what refers to it.
 */
export function operationOf(
  route: AuditedRoute,
  own: TemplatedPath,
  names: readonly string[],
  define: DefineSchema,
): Operation {
  const facts = factsOf(route);
  const parameters = [
    ...own.parameters.map((name, index) => pathParameter(name, names[index] ?? name, own, facts)),
    ...facts.validations.flatMap(({ schemas }) => parametersOf(schemas)),
  ];
  const body = facts.validations.find(({ schemas }) => "body" in schemas);
  const description = descriptionOf(route, facts);
  return {
    ...(description === "" ? {} : { description }),
    ...(parameters.length === 0 ? {} : { parameters: distinct(parameters) }),
    ...(body === undefined ? {} : { requestBody: bodyOf(body, define) }),
    security: securityOf(facts),
    responses: responsesOf(facts),
    ...(facts.limits.length === 0 ? {} : { "x-rate-limits": facts.limits }),
  };
}

function descriptionOf({ status, reason }: AuditedRoute, facts: RouteFacts): string {
  const { requirements, limits, unknown, reporting } = facts;
  const sentences = [
    ...(status === "public" ? [`Public${reason === undefined ? "" : `: ${reason}`}.`] : []),
    ...(requirements.length === 0
      ? []
      : [`Needs ${requirements.map(requirementInWords).join(" and ")}.`]),
    ...limits.map((limit) => `Limit ${limit.name}: ${limitInWords(limit)}.`),
    ...(requirements.some(concernsObject)
      ? ["An object of others is answered as a missing one."]
      : []),
    ...unknown.map(
      ({ guard }) => `Not known: the details of ${guard}, because something wraps it.`,
    ),
    ...reporting.map(({ guard }) => `${guard} refuses nobody yet.`),
  ];
  // Descriptions are CommonMark (OpenAPI 3.1 §4.8.10.1), and some renderers keep the HTML in them.
  return escapeMarkdown(sentences.join(" "));
}

function pathParameter(own: string, name: string, path: TemplatedPath, facts: RouteFacts): object {
  const schemas = facts.validations.map(
    ({ schemas: given }) => propertiesOf(given["params"])?.[own],
  );
  const schema = schemas.find((one) => one !== undefined) ?? { type: "string" };
  const wild = path.wildcards.includes(own)
    ? { description: "It may hold several segments of the path." }
    : {};
  return { name, in: "path", required: true, ...wild, schema };
}

function parametersOf(schemas: Validation["schemas"]): readonly object[] {
  return Object.entries(PLACES).flatMap(([part, place]) => {
    const schema = schemas[part];
    const required = isRecord(schema) ? [schema["required"]].flat() : [];
    return Object.entries(propertiesOf(schema) ?? {})
      .filter(([name]) => place !== "header" || !ELSEWHERE.includes(name.toLowerCase()))
      .map(([name, of]) => ({ name, in: place, required: required.includes(name), schema: of }));
  });
}

/** The properties of a schema that can stand alone: references lead to the root of the schema. */
function propertiesOf(schema: unknown): Readonly<Record<string, unknown>> | undefined {
  if (!isRecord(schema) || !isRecord(schema["properties"]) || hasReferences(schema))
    return undefined;
  return schema["properties"];
}

function bodyOf({ schemas, contentTypes }: Validation, define: DefineSchema): object {
  const schema = schemas["body"];
  const types = contentTypes.length === 0 ? ["application/json"] : contentTypes;
  // The references of a schema lead into the document, unless it has an id, and an id must not stand there twice.
  const isOwnRoot = isRecord(schema) && ("$id" in schema || hasReferences(schema));
  const shown = isOwnRoot ? define(schema) : isRecord(schema) ? schema : {};
  return {
    required: true,
    content: Object.fromEntries(types.map((type) => [type, { schema: shown }])),
  };
}

function responsesOf({ answers, limitHeaders }: RouteFacts): object {
  const responses = answers.map(({ status, codes }) => {
    const fields = fieldsOf(status, limitHeaders);
    return [
      String(status),
      {
        description: `Refused, with the code ${codes.join(", ")}.`,
        ...(fields.length === 0
          ? {}
          : {
              headers: Object.fromEntries(fields.map((name) => [name, { schema: typeOf(name) }])),
            }),
        content: {
          "application/problem+json": {
            schema: {
              allOf: [
                { $ref: "#/components/schemas/Problem" },
                { properties: { code: { enum: codes } } },
              ],
            },
          },
        },
      },
    ] as const;
  });
  const success = { description: "What the route answers, which the audit does not know." };
  return Object.fromEntries([["2XX", success], ...responses]);
}

function fieldsOf(status: number, limitHeaders: readonly string[]): readonly string[] {
  if (status === 401) return ["WWW-Authenticate"];
  if (status === 429) return ["Retry-After", ...limitHeaders];
  return status === 503 ? ["Retry-After"] : [];
}

function typeOf(field: string): object {
  return { type: INTEGERS.includes(field) ? "integer" : "string" };
}

function distinct(parameters: readonly object[]): readonly object[] {
  const seen = new Map<string, object>();
  for (const parameter of parameters) {
    const { name, in: place } = parameter as { name: string; in: string };
    const key = `${place} ${name}`;
    if (!seen.has(key)) seen.set(key, parameter);
  }
  return [...seen.values()];
}

function hasReferences(schema: unknown): boolean {
  return isRecord(schema) && /"\$(?:dynamicRef|ref)":/.test(JSON.stringify(schema));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
