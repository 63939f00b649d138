import { randomUUID } from "node:crypto";
import { createCall } from "../../core/calls/create-call.js";
import { isThenable, wrongReturn } from "../../core/calls/user-function.js";
import type { Hints, OptionKeys } from "../../core/options/option-types.js";
import { type OptionsReader, readOptions } from "../../core/options/options-reader.js";
import { assertNotMounted } from "../../core/options/uncalled-factory.js";
import { isPlainObject } from "../../core/options/value.js";
import { loadPeer } from "../policy-engines/load-peer.js";
import {
  type PolicyDecision,
  type PolicyEngine,
  type PolicyInput,
  readEngineName,
} from "../policy-engines/policy-engine.js";
import { PolicyOutage } from "../policy-engines/policy-outage.js";
import { jsonCopy, sendable } from "../policy-engines/sendable.js";

/** An entity in the JSON format of Cedar. */
export interface CedarEntity {
  readonly uid: { readonly type: string; readonly id: string };
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly parents: readonly { readonly type: string; readonly id: string }[];
}

/** Options of {@link cedar}. */
export interface CedarOptions {
  /** The policies in the language of Cedar: one text, or a text for each name, which decisions then show. */
  readonly policies: string | Readonly<Record<string, string>>;
  /**
   * The schema, as a text or as JSON. With it the policies are validated at start-up, and each request before it is
   * decided. @default nothing is validated
   */
  readonly schema?: string | Readonly<Record<string, unknown>> | undefined;
  /**
   * Entities besides the subject and the resource, such as groups; or a function that gives those of one question, at
   * once or later. One with the type and id of the subject or the resource stands in for what their properties say.
   * @default none
   */
  readonly entities?:
    | readonly CedarEntity[]
    | ((input: PolicyInput) => readonly CedarEntity[] | PromiseLike<readonly CedarEntity[]>)
    | undefined;
  /** In front of the types of subject and resource, and of `Action`: `"Shop"` for `Shop::user`. @default none */
  readonly namespace?: string | undefined;
  /** The name in decisions and in the route audit. @default "cedar" */
  readonly name?: string | undefined;
}

type Cedar = typeof import("@cedar-policy/cedar-wasm/nodejs");
type Failure = { readonly message: string };
type Entities = readonly CedarEntity[];

const PACKAGE = "@cedar-policy/cedar-wasm";
const KEYS: OptionKeys<CedarOptions> = {
  policies: "neverUndefined",
  schema: "neverUndefined",
  entities: "neverUndefined",
  namespace: "neverUndefined",
  name: true,
};
/** What Cedar calls the options. */
export const CEDAR_HINTS: Hints<CedarOptions> = {
  policy: "policies",
  policySet: "policies",
  staticPolicies: "policies",
};
const NAMESPACE = /^[A-Za-z_]\w*(?:::[A-Za-z_]\w*)*$/;
const MAX_TEXT = 300;

/**
 * Policies in Cedar, which run in this process: `cedar({ policies: readFileSync("policies.cedar", "utf8") })`.
 *
 * It needs the package `@cedar-policy/cedar-wasm`. `subject` is the principal, `action` is `Action::"<name>"`, and the
 * properties of subject and resource are their attributes. Cedar passes over a policy whose evaluation fails, even one
 * that forbids: here any such error, and a question that Cedar cannot read, is 503 `policy_unavailable`. It answers at
 * once, and holds up the process as long as the policies run. They are parsed once, and stay in memory with the process:
 * call it at start-up.
 *
 * @throws {@link OptionsError} when an option is wrong, policies do not parse or do not fit the schema, or the package is
 * missing.
 */
export function cedar(options: CedarOptions): PolicyEngine {
  assertNotMounted("cedar", options, "authorize(policy(cedar({ policies }), …))");
  const reader = readOptions<CedarOptions>("cedar", options, KEYS, CEDAR_HINTS);
  const name = readEngineName(reader, "cedar");
  const namespace = reader.string("namespace");
  if (namespace !== undefined && namespace !== "" && !NAMESPACE.test(namespace)) {
    reader.problem("namespace", 'a name of Cedar, such as "Shop" or "Acme::Shop"');
  }
  const module = loadPeer(
    reader.problems,
    "cedar",
    PACKAGE,
    // The root of the package cannot be loaded by Node.js.
    () => require("@cedar-policy/cedar-wasm/nodejs") as Cedar,
  );
  const entitiesOf = readEntities(reader, module);
  // The package keeps what it parsed by name, for the whole process.
  const id = randomUUID();
  const hasSchema = module !== undefined && prepare(module, reader, id);
  reader.finish();

  const prefix = namespace === undefined ? "" : `${namespace}::`;
  const about = hasSchema ? { preparsedSchemaName: id, validateRequest: true } : {};

  function evaluate(input: PolicyInput, extra: Entities): PolicyDecision {
    const principal = { type: `${prefix}${input.subject.type}`, id: input.subject.id };
    const resource = { type: `${prefix}${input.resource.type}`, id: input.resource.id ?? "" };
    const call = {
      principal,
      action: { type: `${prefix}Action`, id: input.action.name },
      resource,
      context: input.context ?? {},
      preparsedPolicySetId: id,
      ...about,
      entities: withOwn(extra, [
        { uid: principal, attrs: input.subject.properties ?? {}, parents: [] },
        { uid: resource, attrs: input.resource.properties ?? {}, parents: [] },
      ]),
    };
    return decisionOf(name, () => (module as Cedar).statefulIsAuthorized(call as never));
  }

  return Object.freeze({
    name,
    decide(input: PolicyInput) {
      const asked = sendable(name, input);
      const extra = entitiesOf(asked);
      return isThenable(extra)
        ? extra.then((entities) => evaluate(asked, entities))
        : evaluate(asked, extra);
    },
  });
}

function decisionOf(
  name: string,
  authorize: () => ReturnType<Cedar["statefulIsAuthorized"]>,
): PolicyDecision {
  let answer: ReturnType<Cedar["statefulIsAuthorized"]>;
  try {
    answer = authorize();
  } catch (error) {
    throw new PolicyOutage("evaluation_failed", `${name} cannot read the question`, {
      cause: error,
    });
  }
  // What Cedar says of a question may quote it.
  if (answer.type !== "success") {
    throw new PolicyOutage("evaluation_failed", `${name} cannot read the question`, {
      cause: new Error(textOf(answer.errors)),
    });
  }
  const { decision, diagnostics } = answer.response;
  const [failed] = diagnostics.errors;
  if (failed !== undefined) {
    throw new PolicyOutage(
      "evaluation_failed",
      `${name}: ${failed.policyId} failed: ${textOf([failed.error])}`,
    );
  }
  return { allow: decision === "allow", reasons: diagnostics.reason };
}

/** The entities of the app, and those of the question that are not among them. */
function withOwn(extra: Entities, own: Entities): Entities {
  const missing = own.filter(
    ({ uid }) =>
      !extra.some((entity) => entity?.uid?.type === uid.type && entity.uid.id === uid.id),
  );
  const [first, second] = missing;
  const isSame = first?.uid.type === second?.uid.type && first?.uid.id === second?.uid.id;
  return missing.length === 2 && isSame ? [...extra, first as CedarEntity] : [...extra, ...missing];
}

function readEntities(
  reader: OptionsReader<keyof CedarOptions>,
  module: Cedar | undefined,
): (input: PolicyInput) => Entities | Promise<Entities> {
  const given = reader.raw("entities");
  if (typeof given === "function") {
    const option = "cedar.entities";
    return createCall<Entities, PolicyInput>(given as (input: PolicyInput) => unknown, {
      option,
      parse(value) {
        if (Array.isArray(value)) return jsonCopy(value, option);
        throw wrongReturn(option, "a list of entities", value);
      },
    });
  }
  const isList = given === undefined || (Array.isArray(given) && given.length > 0);
  if (!isList)
    reader.problem("entities", "a non-empty list of entities, or a function that gives one");
  const list = Array.isArray(given) ? copyOfList(reader, given) : [];
  if (module !== undefined && list.length > 0) checkList(module, reader, list);
  return () => list;
}

function copyOfList(reader: OptionsReader<keyof CedarOptions>, given: Entities): Entities {
  try {
    return jsonCopy(given, "cedar.entities");
  } catch {
    reader.note("entities", "must hold nothing but JSON");
    return [];
  }
}

/** What Cedar says of entities names them, and they may be of people: the place is enough. */
function checkList(module: Cedar, reader: OptionsReader<keyof CedarOptions>, list: Entities): void {
  const isWrong = (entities: Entities): boolean =>
    attempt(() => module.checkParseEntities({ entities: entities as never })) !== undefined;
  if (!isWrong(list)) return;
  const index = list.findIndex((entity) => isWrong([entity]));
  if (index === -1)
    reader.note("entities", "must not repeat an entity, or have one among its own ancestors");
  else reader.problem("entities", `entities in the JSON format of Cedar: see entry ${index}`);
}

/** Parses policies and schema, once. @returns Whether there is a schema. */
function prepare(module: Cedar, reader: OptionsReader<keyof CedarOptions>, id: string): boolean {
  const policies = reader.raw("policies");
  const isRecord =
    isPlainObject(policies) &&
    Object.keys(policies).length > 0 &&
    Object.values(policies).every((text) => typeof text === "string" && text !== "");
  if ((typeof policies !== "string" || policies.trim() === "") && !isRecord) {
    reader.problem("policies", "policies in Cedar: a text, or an object of texts by name");
    return false;
  }
  const set = { staticPolicies: policies as string };
  const parsed = attempt(() => module.preparsePolicySet(id, set));
  if (parsed !== undefined) {
    reader.note("policies", `must be policies in Cedar${placeOf(parsed, policies)}`);
    return false;
  }
  const schema = reader.raw("schema");
  if (schema === undefined) return false;
  if ((typeof schema !== "string" || schema.trim() === "") && !isPlainObject(schema)) {
    reader.problem("schema", "a schema of Cedar, as a text or as JSON");
    return false;
  }
  const failed = attempt(() => module.preparseSchema(id, schema as string));
  if (failed !== undefined) {
    reader.note("schema", `must be a schema of Cedar${placeOf(failed, schema)}`);
    return false;
  }
  const validated = module.validate({ schema: schema as string, policies: set });
  const faults = validated.type === "success" ? validated.validationErrors : [];
  for (const { error } of faults)
    reader.note("policies", `must fit the schema: ${textOf([error])}`);
  if (validated.type !== "success") reader.note("policies", "must fit the schema");
  return true;
}

type Located = Failure & { readonly sourceLocations?: readonly { readonly start: number }[] };

/** What is wrong; `undefined` when nothing is. */
function attempt(
  parse: () => { readonly type: string; readonly errors?: readonly Located[] },
): Located | undefined {
  try {
    const answer = parse();
    return answer.type === "success" ? undefined : (answer.errors?.[0] ?? { message: "" });
  } catch {
    return { message: "" };
  }
}

/** Where the mistake is. The words of the parser quote the text, which may be something else, such as a secret. */
function placeOf({ sourceLocations }: Located, source: unknown): string {
  const start = sourceLocations?.[0]?.start;
  if (start === undefined || typeof source !== "string") return "";
  const lines = Buffer.from(source).subarray(0, start).toString().split("\n");
  return `: see line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`;
}

function textOf([failure]: readonly Failure[]): string {
  return String(failure?.message ?? "").slice(0, MAX_TEXT);
}
