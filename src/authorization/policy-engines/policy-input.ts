import type { Request } from "express";
import { FunctionFailure } from "../../core/calls/function-failure.js";
import { describeValue, isPlainObject } from "../../core/options/value.js";
import { PRINCIPAL_LISTS, type Principal } from "../../core/principal/principal.js";
import type { PolicyAction, PolicyInput, PolicyResource, PolicySubject } from "./policy-engine.js";

/** What the app says of a request; what it leaves out comes from the principal and the method. */
export interface PolicyQuestion {
  /** @default the principal: `user` or `service`, its subject (of a service without one, its client), and its lists of names as properties */
  readonly subject?: PolicySubject;
  /** @default the method of the request, `GET` for HEAD */
  readonly action?: PolicyAction;
  readonly resource: PolicyResource;
  readonly context?: Readonly<Record<string, unknown>>;
}

/** {@link PolicyQuestion}, with nothing but what was checked. */
export type CheckedQuestion = Omit<PolicyInput, "subject" | "action"> & {
  readonly subject: PolicySubject | undefined;
  readonly action: PolicyAction | undefined;
};

const PARTS: readonly string[] = ["subject", "action", "resource", "context"];

/**
 * Checks what the app says of a request. Own members only: a polluted `Object.prototype` must not name another subject.
 *
 * @throws TypeError when something is missing, unknown or of the wrong type. It names the place, and no value.
 */
export function parseQuestion(value: unknown): CheckedQuestion {
  const question = objectAt("the question", value);
  refuseOthers("the question", question, PARTS);
  return {
    subject: partOf(question, "subject", subjectAt),
    action: partOf(question, "action", actionAt),
    resource: resourceAt(ownOf(question, "resource")),
    context: partOf(question, "context", (part) => objectAt("context", part)),
  };
}

/**
 * What the engine is asked.
 *
 * @param option - The rule, in words.
 * @throws {@link FunctionFailure} when neither the question nor the principal says who asks.
 */
export function completeInput(
  { subject, action, resource, context }: CheckedQuestion,
  principal: Principal,
  req: Request,
  option: string,
): PolicyInput {
  return {
    subject: subject ?? subjectOf(principal, option),
    action: action ?? { name: routedMethod(req) },
    resource,
    ...(context === undefined ? {} : { context }),
  };
}

/**
 * The method whose handler runs: Express answers HEAD with that of GET, so what is forbidden for one is for the other,
 * and `get`, which clients may write over HTTP/2, as well.
 */
function routedMethod(req: Request): string {
  const method = req.method.toUpperCase();
  return method === "HEAD" ? "GET" : method;
}

/** A list that may lack names is left out: an empty one would say that there are none. */
function subjectOf(principal: Principal, option: string): PolicySubject {
  const { kind, subject, clientId, issuer, tenant, undetermined } = principal;
  // A client may be called like a user (RFC 9700 §4.15): it is none, whatever kind the token says.
  const id = kind === "user" ? subject : subject || clientId;
  if (id === undefined || id === "") {
    // Policies would take all who have no name for one.
    const nameless = new TypeError(
      "the principal has no subject, and is no service with a client: give a subject",
    );
    throw new FunctionFailure(option, "wrong_return", nameless);
  }
  const properties: Record<string, unknown> = {};
  if (issuer !== undefined) properties["issuer"] = issuer;
  if (clientId !== undefined) properties["clientId"] = clientId;
  if (tenant !== undefined) properties["tenant"] = tenant;
  for (const list of PRINCIPAL_LISTS) {
    if (!undetermined.includes(list)) properties[list] = principal[list];
  }
  return { type: kind, id, properties };
}

function subjectAt(value: unknown): PolicySubject {
  const { id, ...rest } = resourceAt(value, "subject");
  return { ...rest, id: textAt("subject.id", id) };
}

function resourceAt(value: unknown, where = "resource"): PolicyResource {
  const entity = objectAt(where, value);
  refuseOthers(where, entity, ["type", "id", "properties"]);
  const type = textAt(`${where}.type`, ownOf(entity, "type"));
  const properties = propertiesAt(where, entity);
  // Given as undefined it is a mistake, as a parameter is that the route does not have.
  if (!Object.hasOwn(entity, "id")) return { type, ...properties };
  return { type, id: textAt(`${where}.id`, entity["id"]), ...properties };
}

function actionAt(value: unknown): PolicyAction {
  const action = objectAt("action", value);
  refuseOthers("action", action, ["name", "properties"]);
  return { name: textAt("action.name", ownOf(action, "name")), ...propertiesAt("action", action) };
}

function propertiesAt(
  where: string,
  entity: Readonly<Record<string, unknown>>,
): { readonly properties?: Readonly<Record<string, unknown>> } {
  const value = ownOf(entity, "properties");
  return value === undefined ? {} : { properties: objectAt(`${where}.properties`, value) };
}

function partOf<T>(
  question: Readonly<Record<string, unknown>>,
  name: string,
  read: (part: unknown) => T,
): T | undefined {
  // Given as undefined it is a mistake, and the default would be another question.
  return Object.hasOwn(question, name) ? read(question[name]) : undefined;
}

function ownOf(bag: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(bag, name) ? bag[name] : undefined;
}

function objectAt(where: string, value: unknown): Readonly<Record<string, unknown>> {
  if (isPlainObject(value)) return value;
  throw new TypeError(`${where} must be a plain object, got ${describeValue(value)}`);
}

function textAt(where: string, value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  throw new TypeError(`${where} must be a non-empty string, got ${describeValue(value)}`);
}

function refuseOthers(where: string, bag: object, known: readonly string[]): void {
  for (const name of Object.keys(bag)) {
    if (!known.includes(name)) {
      throw new TypeError(`${where} must have no members but ${known.join(", ")}`);
    }
  }
}
