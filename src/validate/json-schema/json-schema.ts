import { isPlainObject } from "../../core/options/value.js";
import { collectFailures } from "../evaluation/collect-failures.js";
import { Evaluation } from "../evaluation/evaluation.js";
import { inPlace, type Program, preparePlan, tracksAtRunTime } from "../evaluation/plan.js";
import { Work, WorkExceeded } from "../evaluation/work.js";
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
  /** Is told the work of each pass; every schema is counted then. For tests. */
  readonly onWork?: ((spent: number) => void) | undefined;
}

/**
 * The work of one pass, for each byte of value and schema. Deciding takes at most two passes, stripping and telling
 * what is wrong one more each.
 */
const WORK_PER_BYTE = 8;

/** More alternatives than this, and their number multiplies the work too much to go uncounted. */
const UNCOUNTED_ALTERNATIVES = 32;

/** A value that nobody can check within bounds. */
const TOO_COMPLEX: Issue = { path: [], code: "too_complex" };

/**
 * A check against a JSON Schema 2020-12. Defaults are filled in; nothing is coerced.
 *
 * Compiled code decides. Where subschemas can repeat, it counts its work, and where that runs out, an evaluation that
 * remembers each pair of schema and value decides instead. It decides alone where alternatives or references say which
 * members are known: there, ajv knows every member that is called as one of `Object.prototype`. And it finds what is
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
  lintSchema(schema);
  // A copy in any case: the app may change its object later.
  const copy = structuredClone(schema);
  repairForAjv(copy);
  const closed = unknown === "allow" ? copy : (closeSchema(copy) as object);
  const program = preparePlan(closed);
  const schemaSize = sizeOf(closed);
  const strips = unknown === "strip";
  const counts = onWork !== undefined || canRepeat(program);
  let counted = new Work(0);
  const isValid = tracksAtRunTime(program)
    ? undefined
    : compileSchema(closed, {
        tracks: program.tracks,
        spend: counts ? (amount) => counted.spend(amount) : undefined,
      });

  function limitOf(value: unknown): number {
    return WORK_PER_BYTE * (sizeOf(value) + schemaSize);
  }

  /** Runs one pass within its bound. */
  function within<T>(value: unknown, pass: (work: Work) => T): T {
    const work = new Work(limitOf(value));
    try {
      return pass(work);
    } finally {
      onWork?.(work.spent);
    }
  }

  function decide(value: unknown): boolean {
    if (isValid !== undefined) {
      if (!counts) return isValid(value);
      try {
        return within(value, (work) => {
          counted = work;
          return isValid(value);
        });
      } catch (error) {
        if (!(error instanceof WorkExceeded)) throw error;
      }
    }
    return within(value, (work) => {
      return new Evaluation(program, work, false).check(program.root, value) !== undefined;
    });
  }

  /** Removes, in one pass, what no schema names. @returns Whether the rest fits. */
  function strip(value: unknown): boolean {
    const unknownMembers = within(value, (work) => {
      const evaluation = new Evaluation(program, work, true);
      return evaluation.check(program.root, value) === undefined ? [] : evaluation.unknown;
    });
    for (const [object, name] of unknownMembers) Reflect.deleteProperty(object, name);
    // Once more: other keywords, such as minProperties, may have counted what is gone.
    return unknownMembers.length > 0 && decide(value);
  }

  return (value) => {
    try {
      if (decide(value) || (strips && strip(value))) return { value };
    } catch (error) {
      if (!(error instanceof WorkExceeded)) throw error;
      return { value, issues: [TOO_COMPLEX] };
    }
    const failures = within(value, (work) =>
      collectFailures(program, value, maxIssues, work, strips),
    );
    const issues: Issue[] = failures.map(toIssue);
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
 * Whether many subschemas can look at one value: alternatives that references can repeat, or many of them. Other
 * schemas look at each value a few times at most, and are not counted.
 */
function canRepeat({ plans, refers }: Program): boolean {
  let alternatives = 0;
  for (const plan of plans) {
    alternatives += inPlace(plan).length + plan.patterns.length;
    if (plan.contains !== undefined || plan.names !== undefined) alternatives += 1;
  }
  return alternatives > UNCOUNTED_ALTERNATIVES || (refers && alternatives > 1);
}
