import { assertionsOf, assertionWork, scalarsOf } from "../keywords/assertions.js";
import { compilePattern } from "../keywords/keyword-functions.js";
import {
  createResolver,
  isSchemaObject,
  type Resolver,
  type SchemaObject,
} from "../keywords/references.js";

import { createAlternatives, indexAlternatives } from "./alternatives.js";
import { prepareDefaults } from "./defaults.js";
import { type Alternatives, inPlace, type Plan, type Program } from "./program.js";

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
    if (earlier !== undefined) {
      earlier.several = true;
      return earlier;
    }
    const plan = emptyPlan(plans, false);
    known.set(given, plan);
    fillPlan(plan, given, planOf, resolve);
    if (typeof given["$ref"] === "string") refers = true;
    return plan;
  }

  const root = planOf(schema);
  forbidEndlessReferences(plans);
  // Only now: before, some of the plans may have been empty.
  for (const { anyOf, oneOf } of plans) {
    for (const alternatives of [anyOf, oneOf]) {
      if (alternatives !== undefined) indexAlternatives(alternatives);
    }
  }
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
  const alternatives = (keyword: string): Alternatives | undefined => {
    const plans = list(keyword);
    return plans === undefined ? undefined : createAlternatives(plans);
  };
  const map = (keyword: string): [name: string, plan: Plan][] =>
    Object.entries(isSchemaObject(schema[keyword]) ? schema[keyword] : {})
      .filter(([, below]) => !Array.isArray(below))
      .map(([name, below]) => [name, planOf(below)]);

  plan.assertions = assertionsOf(schema);
  plan.work = assertionWork(schema);
  plan.scalars = scalarsOf(schema);
  plan.memberDefaults = prepareDefaults(schema["properties"]);
  plan.itemDefaults = prepareDefaults(schema["prefixItems"]);
  const { $ref: reference } = schema;
  const targets = typeof reference === "string" ? [planOf(resolve(reference, schema))] : [];
  plan.all = [...targets, ...(list("allOf") ?? [])];
  plan.anyOf = alternatives("anyOf");
  plan.oneOf = alternatives("oneOf");
  plan.not = one("not");
  const condition = one("if");
  if (condition !== undefined) {
    plan.condition = { if: condition, next: one("then"), otherwise: one("else") };
  }
  plan.dependent = [...map("dependentSchemas"), ...map("dependencies")];
  plan.properties = new Map(map("properties"));
  plan.constants = [...plan.properties].filter(([, { scalars }]) => scalars !== undefined);
  plan.patterns = map("patternProperties").map(([source, below]) => [
    warmedUp(compilePattern(source, undefined)),
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

/** V8 compiles a pattern when it is used, for each width of text, and once more at the second time: now, not in a request. */
function warmedUp(test: (name: string) => boolean): (name: string) => boolean {
  for (const text of ["a", "a", "\u0100", "\u0100"]) test(text);
  return test;
}

function emptyPlan(plans: Plan[], never: boolean): Plan {
  const plan: Plan = {
    id: plans.length,
    never,
    assertions: [],
    work: undefined,
    scalars: undefined,
    shared: false,
    several: false,
    leaf: true,
    all: [],
    anyOf: undefined,
    oneOf: undefined,
    not: undefined,
    condition: undefined,
    dependent: [],
    properties: new Map(),
    constants: [],
    patterns: [],
    additional: undefined,
    names: undefined,
    unevaluatedProperties: undefined,
    prefix: [],
    items: undefined,
    contains: undefined,
    unevaluatedItems: undefined,
    memberDefaults: undefined,
    itemDefaults: undefined,
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
