import { isPlainObject } from "../../core/options/value.js";
import { collectFailures } from "../evaluation/collect-failures.js";
import { Evaluation } from "../evaluation/evaluation.js";
import { preparePlan, tracksAtRunTime } from "../evaluation/plan.js";
import { inPlace, type Program } from "../evaluation/program.js";
import { Work, WorkExceeded } from "../evaluation/work.js";
import { namesInJsonSchema, withoutClientNames } from "../issues/client-names.js";
import { type Issue, MAX_ISSUES, type PartCheck } from "../issues/issue.js";
import { sizeOf } from "../keywords/size.js";
import { compileSchema, lintSchema } from "./ajv.js";
import { toIssue } from "./ajv-issues.js";
import { repairForAjv } from "./ajv-repairs.js";
import { closeSchema } from "./close-schema.js";

/** What happens to members that a schema does not name. */
export type UnknownFields = "reject" | "strip" | "allow";

/** How a JSON Schema is checked. */
interface JsonSchemaManner {
  /** The most issues that are collected. */
  readonly maxIssues?: number | undefined;
  /** Is told the work of each pass; every schema is evaluated then. For tests. */
  readonly onWork?: ((spent: number) => void) | undefined;
}

/**
 * The work of one pass, for each byte of value and schema. Deciding takes one pass, stripping two more, telling what is
 * wrong one.
 */
const WORK_PER_BYTE = 8;

/** The same where the value is large, or the schema: beyond the base, only the value counts. */
const LARGE = { base: 100_000, perByte: 1.5 };

/** More alternatives, patterns of member names and so on than this multiply the work too much to go uncounted. */
const UNCOUNTED_ALTERNATIVES = 32;

/** The work of defaults beyond which they make too much of many small objects to go uncounted. */
const UNCOUNTED_DEFAULTS = 32;

/** Compiled code asks each object for each of its properties. */
const UNCOUNTED_PROPERTIES = 100;

/** A value that nobody can check within bounds. */
const TOO_COMPLEX: Issue = { path: [], code: "too_complex" };

/**
 * A check against a JSON Schema 2020-12. Defaults are filled in; nothing is coerced.
 *
 * Code that ajv compiles decides where each value is looked at a few times. Where subschemas can repeat, an evaluation
 * decides that counts its work and remembers each pair of schema and value; also where alternatives or references say which
 * members are known, because there, ajv knows every member that is called as one of `Object.prototype`. And it finds what is
 * wrong.
 *
 * @throws Error when the schema is wrong.
 */
export function createJsonSchemaCheck(
  schema: object,
  unknown: UnknownFields,
  { maxIssues = MAX_ISSUES, onWork }: JsonSchemaManner = {},
): PartCheck {
  const { $schema: dialect } = schema as { $schema?: unknown };
  if (
    dialect !== undefined &&
    !/^https?:\/\/json-schema\.org\/draft\/2020-12\/schema#?$/.test(String(dialect))
  ) {
    throw new Error("$schema must be JSON Schema 2020-12");
  }
  try {
    lintSchema(schema);
  } catch (error) {
    // ajv follows a reference for ever that this finds.
    if (error instanceof RangeError) preparePlan(schema);
    throw error;
  }
  // A copy in any case: the app may change its object later.
  const copy = structuredClone(schema);
  repairForAjv(copy);
  const closed = unknown === "allow" ? copy : (closeSchema(copy) as object);
  const program = preparePlan(closed);
  const schemaSize = sizeOf(closed);
  const known = namesInJsonSchema(closed);
  const strips = unknown === "strip";
  const isCounted = onWork !== undefined || canRepeat(program) || tracksAtRunTime(program);
  const isValid = isCounted ? undefined : compileSchema(closed, program.tracks);

  /** The work of one pass. It is taken from the value as it was sent: defaults make more of it. */
  function limitOf(value: unknown): number {
    const size = sizeOf(value);
    return Math.min(WORK_PER_BYTE * (size + schemaSize), LARGE.base + LARGE.perByte * size);
  }

  function within<T>(limit: number, pass: (work: Work) => T): T {
    const work = new Work(limit);
    try {
      return pass(work);
    } catch (error) {
      // Where an app allows 1,000 levels, a schema of several steps for each can exhaust the stack.
      if (error instanceof RangeError)
        throw new WorkExceeded("the value is too deep for the schema");
      throw error;
    } finally {
      onWork?.(work.spent);
    }
  }

  function decide(value: unknown, limit: number): boolean {
    if (isValid !== undefined) return isValid(value);
    return within(limit, (work) => {
      return new Evaluation(program, work, false).check(program.root, value) !== undefined;
    });
  }

  /** Removes, in one pass, what no schema names. @returns Whether the rest fits. */
  function strip(value: unknown, limit: number): boolean {
    const unknownMembers = within(limit, (work) => {
      const evaluation = new Evaluation(program, work, true);
      return evaluation.check(program.root, value) === undefined ? [] : evaluation.unknown;
    });
    for (const [object, name] of unknownMembers) Reflect.deleteProperty(object, name);
    // Once more: other keywords, such as minProperties, may have counted what is gone.
    return unknownMembers.length > 0 && decide(value, limit);
  }

  return (value) => {
    // Most values are right, and most schemas not counted: those need no limit.
    let limit = isCounted ? limitOf(value) : 0;
    try {
      if (decide(value, limit)) return { value };
      if (!isCounted) limit = limitOf(value);
      if (strips && strip(value, limit)) return { value };
    } catch (error) {
      if (!(error instanceof WorkExceeded)) throw error;
      return { value, issues: [TOO_COMPLEX] };
    }
    const failures = within(limit, (work) =>
      collectFailures(program, value, maxIssues, work, strips),
    );
    const issues = withoutClientNames(failures.map(toIssue), value, known);
    return { value, issues: issues.length === 0 ? [{ path: [], code: "invalid" }] : issues };
  };
}

/** Whether the value can be meant as a JSON Schema: a plain object with a keyword that says something. */
export function isJsonSchema(value: unknown): value is Readonly<Record<string, unknown>> {
  return isPlainObject(value) && ASSERTIONS.some((keyword) => Object.hasOwn(value, keyword));
}

const ASSERTIONS = [
  "$schema",
  "$ref",
  "type",
  "properties",
  "required",
  "enum",
  "const",
  "allOf",
  "anyOf",
  "oneOf",
];

/**
 * Whether the work can be more than a few times that of looking at each value: alternatives that references can repeat,
 * or many of them, many defaults or properties. Other schemas are not counted.
 */
function canRepeat(program: Program): boolean {
  let alternatives = patternsIn(program);
  let defaults = 0;
  for (const plan of program.plans) {
    alternatives += inPlace(plan).length;
    if (plan.contains !== undefined || plan.names !== undefined) alternatives += 1;
    for (const { list } of [plan.memberDefaults ?? [], plan.itemDefaults ?? []].flat()) {
      for (const { work } of list) defaults += work;
    }
    if (plan.properties.size > UNCOUNTED_PROPERTIES) return true;
  }
  return (
    alternatives > UNCOUNTED_ALTERNATIVES ||
    defaults > UNCOUNTED_DEFAULTS ||
    (program.refers && alternatives > 1)
  );
}

function patternsIn({ plans }: Program): number {
  return plans.reduce((count, { patterns }) => count + patterns.length, 0);
}
