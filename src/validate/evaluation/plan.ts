import { type Assertion, assertionsOf, looksAtText } from "../keywords/assertions.js";
import { compilePattern } from "../keywords/keyword-functions.js";
import {
  createResolver,
  isSchemaObject,
  type Resolver,
  type SchemaObject,
} from "../keywords/references.js";

/** One subschema, prepared for evaluation. */
export interface Plan {
  readonly id: number;
  /** `false` is the schema that nothing fits. */
  readonly never: boolean;
  assertions: readonly Assertion[];
  looksAtText: boolean;
  /** Whether it can meet one value on several ways: what it said is remembered. */
  shared: boolean;
  /** Whether no other subschema looks at the same value. */
  leaf: boolean;
  /** Of `$ref` and `allOf`. */
  all: readonly Plan[];
  anyOf: readonly Plan[] | undefined;
  oneOf: readonly Plan[] | undefined;
  not: Plan | undefined;
  condition:
    | { readonly if: Plan; readonly next: Plan | undefined; readonly otherwise: Plan | undefined }
    | undefined;
  dependent: readonly (readonly [name: string, plan: Plan])[];
  properties: ReadonlyMap<string, Plan>;
  /** The same, those first that tell alternatives apart: a constant is quicker to see than a subtree. */
  ordered: readonly (readonly [name: string, plan: Plan])[];
  patterns: readonly (readonly [test: (name: string) => boolean, plan: Plan])[];
  additional: Plan | undefined;
  names: Plan | undefined;
  unevaluatedProperties: Plan | undefined;
  prefix: readonly Plan[];
  items: Plan | undefined;
  contains: { readonly plan: Plan; readonly min: number; readonly max: number } | undefined;
  unevaluatedItems: Plan | undefined;
  /** Values of members and items that are absent. */
  memberDefaults: readonly Default[];
  itemDefaults: readonly Default[];
}

type Default = readonly [at: string, value: unknown];

/** A whole schema, prepared. */
export interface Program {
  readonly root: Plan;
  readonly plans: readonly Plan[];
  /** Whether a keyword asks which members others have looked at. */
  readonly tracks: boolean;
  /** Whether there is a reference, so that a schema can come back below itself. */
  readonly refers: boolean;
}

/**
 * Prepares a JSON Schema 2020-12 that ajv has compiled, so its keywords have the right form.
 *
 * @throws Error when a reference leads nowhere, or when schemas refer to each other in place for ever.
 */
export function preparePlan(schema: object): Program {
  const resolve = createResolver(schema as SchemaObject);
  const plans: Plan[] = [];
  const known = new Map<object, Plan>();
  let refers = false;
  const always = emptyPlan(plans, false);
  const never = emptyPlan(plans, true);

  function planOf(given: unknown): Plan {
    if (!isSchemaObject(given)) return given === false ? never : always;
    const earlier = known.get(given);
    if (earlier !== undefined) return earlier;
    const plan = emptyPlan(plans, false);
    known.set(given, plan);
    fillPlan(plan, given, planOf, resolve);
    if (typeof given["$ref"] === "string") refers = true;
    return plan;
  }

  const root = planOf(schema);
  forbidEndlessReferences(plans);
  const tracks = plans.some(
    (plan) => plan.unevaluatedProperties !== undefined || plan.unevaluatedItems !== undefined,
  );
  return { root, plans, tracks, refers };
}

function fillPlan(
  plan: Plan,
  schema: SchemaObject,
  planOf: (schema: unknown) => Plan,
  resolve: Resolver,
): void {
  const one = (keyword: string): Plan | undefined =>
    Object.hasOwn(schema, keyword) ? planOf(schema[keyword]) : undefined;
  const list = (keyword: string): Plan[] | undefined => {
    const given = schema[keyword];
    return Array.isArray(given) ? given.map(planOf) : undefined;
  };
  const map = (keyword: string): [name: string, plan: Plan][] =>
    Object.entries(isSchemaObject(schema[keyword]) ? schema[keyword] : {})
      .filter(([, below]) => !Array.isArray(below))
      .map(([name, below]) => [name, planOf(below)]);

  plan.assertions = assertionsOf(schema);
  plan.looksAtText = looksAtText(schema);
  plan.memberDefaults = defaultsOf(schema["properties"]);
  plan.itemDefaults = defaultsOf(schema["prefixItems"]);
  const { $ref: reference } = schema;
  const targets = typeof reference === "string" ? [planOf(resolve(reference, schema))] : [];
  plan.all = [...targets, ...(list("allOf") ?? [])];
  plan.anyOf = list("anyOf");
  plan.oneOf = list("oneOf");
  plan.not = one("not");
  const condition = one("if");
  if (condition !== undefined) {
    plan.condition = { if: condition, next: one("then"), otherwise: one("else") };
  }
  plan.dependent = [...map("dependentSchemas"), ...map("dependencies")];
  const properties = map("properties");
  plan.properties = new Map(properties);
  plan.ordered = [
    ...properties.filter(([, below]) => isConstant(below)),
    ...properties.filter(([, below]) => !isConstant(below)),
  ];
  plan.patterns = map("patternProperties").map(([source, below]) => [
    compilePattern(source, undefined),
    below,
  ]);
  plan.additional = one("additionalProperties");
  plan.names = one("propertyNames");
  plan.unevaluatedProperties = one("unevaluatedProperties");
  plan.prefix = list("prefixItems") ?? [];
  plan.items = one("items");
  plan.unevaluatedItems = one("unevaluatedItems");
  const contains = one("contains");
  if (contains !== undefined) {
    const { minContains = 1, maxContains = Number.POSITIVE_INFINITY } = schema;
    plan.contains = { plan: contains, min: Number(minContains), max: Number(maxContains) };
  }
  const parts = inPlace(plan);
  plan.leaf = parts.length === 0;
  for (const part of parts) part.shared = true;
}

function isConstant({ assertions }: Plan): boolean {
  return assertions.some(({ keyword }) => keyword === "const" || keyword === "enum");
}

function defaultsOf(below: unknown): Default[] {
  return Object.entries(typeof below === "object" && below !== null ? below : {}).flatMap(
    ([at, schema]) =>
      isSchemaObject(schema) && schema["default"] !== undefined ? [[at, schema["default"]]] : [],
  );
}

function emptyPlan(plans: Plan[], never: boolean): Plan {
  const plan: Plan = {
    id: plans.length,
    never,
    assertions: [],
    looksAtText: false,
    shared: false,
    leaf: true,
    all: [],
    anyOf: undefined,
    oneOf: undefined,
    not: undefined,
    condition: undefined,
    dependent: [],
    properties: new Map(),
    ordered: [],
    patterns: [],
    additional: undefined,
    names: undefined,
    unevaluatedProperties: undefined,
    prefix: [],
    items: undefined,
    contains: undefined,
    unevaluatedItems: undefined,
    memberDefaults: [],
    itemDefaults: [],
  };
  plans.push(plan);
  return plan;
}

/** A schema that refers to itself without stepping into a member would never come to an end. */
function forbidEndlessReferences(plans: readonly Plan[]): void {
  const states = new Map<Plan, "open" | "done">();
  const visit = (plan: Plan): void => {
    if (states.get(plan) === "done") return;
    if (states.get(plan) === "open") {
      throw new Error("a $ref must not lead back to its own schema before it steps into a member");
    }
    states.set(plan, "open");
    for (const next of inPlace(plan)) visit(next);
    states.set(plan, "done");
  };
  for (const plan of plans) visit(plan);
}

/**
 * Whether a schema asks which members and items others have looked at, and only a value shows which ones do: there, ajv
 * takes members called as those of `Object.prototype` for known, and with `contains` all items.
 */
export function tracksAtRunTime({ tracks, refers, plans }: Program): boolean {
  if (!tracks) return false;
  return refers || plans.some((plan) => dependsOnValue(plan));
}

function dependsOnValue({ all, ...plan }: Plan): boolean {
  return (
    plan.patterns.length > 0 ||
    plan.contains !== undefined ||
    inPlace({ ...plan, all: [] }).length > 0
  );
}

/** The subschemas that look at the same value. */
export function inPlace(plan: Plan): readonly Plan[] {
  const { condition } = plan;
  return [
    ...plan.all,
    ...(plan.anyOf ?? []),
    ...(plan.oneOf ?? []),
    ...[plan.not, condition?.if, condition?.next, condition?.otherwise].flatMap((p) => p ?? []),
    ...plan.dependent.map(([, below]) => below),
  ];
}
