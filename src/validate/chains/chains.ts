import type { Request } from "express";
import { promiseOf } from "../../core/calls/follow.js";
import { type KnownNames, withoutClientNames } from "../issues/client-names.js";
import type { Part } from "../issues/field-error.js";
import type { Issue } from "../issues/issue.js";
import type { UnknownFields } from "../json-schema/json-schema.js";
import {
  addField,
  createFieldTree,
  type FieldTree,
  parseFieldPath,
  pickKnown,
} from "./chain-fields.js";

/** A validation chain of express-validator 6 or 7, or anything of it that has `run`: `checkSchema()`, `oneOf()`. */
export interface RunnableChain {
  run(req: object): Promise<unknown>;
}

/** The parts as the chains left them, and what they found wrong. */
export interface ChainsResult {
  readonly values: Readonly<Partial<Record<Part, unknown>>>;
  readonly issues: readonly (readonly [part: Part, issue: Issue])[];
  /** What chains and custom validators put on the request, beside its parts. */
  readonly assigned: Readonly<Record<string, unknown>>;
}

/** What is used of express-validator's contexts: one for each chain that ran. */
interface ChainContext {
  readonly fields: readonly string[];
  readonly locations: readonly Part[];
  readonly stack: readonly object[];
  readonly bail: boolean;
  readonly errors: readonly ChainError[];
  getData(): readonly FieldInstance[];
}

interface FieldInstance {
  readonly location: Part;
  readonly path: string;
  readonly originalPath: string;
}

interface ChainError {
  /** Only version 7 names it. */
  readonly type?: string;
  /** Errors of `oneOf()` and of unknown fields have none. */
  readonly location?: Part;
  readonly path?: string;
  /** The path, as version 6 calls it. */
  readonly param?: string;
  readonly value?: unknown;
  readonly fields?: readonly { readonly location: Part; readonly path: string }[];
}

type Found = [part: Part, issue: Issue];

/** Where express-validator keeps its contexts on a request. */
const CONTEXTS = "express-validator#contexts";

/** Parts in which unknown fields count; the others always hold more than a route asks for. */
const EXACT: readonly Part[] = ["body", "query"];

/**
 * Runs the chains on a stand-in for the request, whose parts are copies: what sanitizers do to a query is not lost on
 * Express 5, and a refused or merely reported request keeps its own values.
 *
 * @param parts - The values of the request: `body` undefined when there is none.
 */
export async function runChains(
  chains: readonly RunnableChain[],
  unknown: UnknownFields,
  req: Request,
  parts: Readonly<Record<Part, unknown>>,
): Promise<ChainsResult> {
  const standIn = createStandIn(req, structuredClone(parts));
  const earlier = contextsOf(req).length;
  for (const chain of chains) await promiseOf(chain.run(standIn));
  const contexts = contextsOf(standIn).slice(earlier);
  if (contexts.length === 0)
    throw new Error("validate: the chains are not those of express-validator 6 or 7");

  const trees = knownFields(contexts);
  const issues: Found[] = [
    ...contexts.flatMap((context) => context.errors.flatMap(toIssues)),
    ...containersForScalars(contexts, parts),
  ];
  const values: Partial<Record<Part, unknown>> = {};
  const bailed = contexts.some((context) => context.bail && context.errors.length > 0);
  for (const [part, tree] of trees) {
    const exact = EXACT.includes(part);
    const left: Issue[] = [];
    const picked = pickKnown(standIn[part], tree, left);
    values[part] = exact && unknown !== "strip" ? standIn[part] : picked;
    // After a bail, the fields of the chains that did not run are not known.
    if (exact && unknown === "reject" && !bailed) issues.push(...left.map((i): Found => [part, i]));
  }
  const assigned = Object.fromEntries(Object.entries(standIn).filter(([name]) => !(name in parts)));
  const known = namesIn(contexts.flatMap(({ fields }) => fields));
  return { values, issues: issues.flatMap((found) => tellable(found, parts, known)), assigned };
}

/** The member names that the fields of a chain have, as far as it tells without having run. */
export function namesOfChain(chain: RunnableChain): KnownNames {
  const { builder } = chain as { builder?: { build?: () => { fields?: unknown } } };
  const fields = builder?.build?.().fields;
  return namesIn(Array.isArray(fields) ? fields.map(String) : []);
}

/** Wildcards stand for names that the client chooses. Header fields are found in lower case. */
function namesIn(fields: readonly string[]): KnownNames {
  const names = new Set<string>();
  for (const name of fields.flatMap(parseFieldPath)) {
    if (!/^\*+$/.test(name)) names.add(name).add(name.toLowerCase());
  }
  return names;
}

function tellable(
  [part, issue]: Found,
  parts: Readonly<Record<Part, unknown>>,
  known: KnownNames,
): Found[] {
  return withoutClientNames([issue], parts[part], known).map((told): Found => [part, told]);
}

/** Whether a chain can look at the part, as far as it tells. */
export function mayRead(chain: RunnableChain, part: Part): boolean {
  const { builder } = chain as { builder?: { build?: () => { locations?: unknown } } };
  const locations = builder?.build?.().locations;
  return !Array.isArray(locations) || locations.includes(part);
}

/** Own parts over the request: assigning them would call the getter of Express 5. */
function createStandIn(req: Request, parts: object): Record<string, unknown> {
  const standIn = Object.create(req);
  for (const [name, value] of Object.entries(parts)) {
    Object.defineProperty(standIn, name, { value, writable: true, enumerable: true });
  }
  return standIn;
}

function contextsOf(req: object): readonly ChainContext[] {
  const contexts: unknown = (req as Record<string, unknown>)[CONTEXTS];
  return Array.isArray(contexts) ? contexts : [];
}

/** The fields of each part; of `oneOf()` those of the alternative that holds. */
function knownFields(contexts: readonly ChainContext[]): ReadonlyMap<Part, FieldTree> {
  const trees = new Map<Part, FieldTree>();
  const add = (part: Part, path: string): void => {
    const tree = trees.get(part) ?? createFieldTree();
    trees.set(part, tree);
    addField(tree, part === "headers" ? path.toLowerCase() : path);
  };
  for (const context of contexts) {
    for (const part of context.locations) for (const path of context.fields) add(part, path);
    if (isAlternative(context)) {
      for (const { location, originalPath } of context.getData()) add(location, originalPath);
    }
  }
  return trees;
}

/**
 * Lists and objects that a chain took for text. Its standard validators look at each item of a list, so an empty one
 * passes them all, and at an object as "[object Object]". What the chains in `oneOf()` expect is not in sight: there
 * every list and object counts.
 */
function containersForScalars(
  contexts: readonly ChainContext[],
  parts: Readonly<Record<Part, unknown>>,
): Found[] {
  const found = new Map<string, Found>();
  for (const context of contexts) {
    if (!isAlternative(context) && !context.stack.some(isStandardItem)) continue;
    for (const { location, path } of context.getData()) {
      const segments = parseFieldPath(path);
      if (!isContainerAt(parts[location], segments)) continue;
      found.set(`${location}:${path}`, [location, { path: segments, code: "type" }]);
    }
  }
  return [...found.values()];
}

/** `oneOf()` leaves a context without fields, which holds the data of the alternatives that are valid. */
function isAlternative(context: ChainContext): boolean {
  return context.fields.length === 0;
}

/** Validators and sanitizers of validator.js, which know only text; custom ones have no options. */
function isStandardItem(item: object): boolean {
  return "options" in item && (item as { custom?: unknown }).custom !== true;
}

function isContainerAt(root: unknown, segments: readonly string[]): boolean {
  let value = root;
  for (const segment of segments) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, segment)) return false;
    value = (value as Record<string, unknown>)[segment];
  }
  return typeof value === "object" && value !== null;
}

function toIssues(error: ChainError): Found[] {
  if (error.type === "unknown_fields") {
    return (error.fields ?? []).map(({ location, path }) => {
      const segments = parseFieldPath(path);
      return [
        location,
        { path: segments.slice(0, -1), code: "unknown_field", name: segments.at(-1) },
      ];
    });
  }
  if (error.location === undefined) return [["body", { path: [], code: "alternatives" }]];
  const code = error.value === undefined ? "required" : "invalid";
  return [[error.location, { path: parseFieldPath(error.path ?? error.param ?? ""), code }]];
}
