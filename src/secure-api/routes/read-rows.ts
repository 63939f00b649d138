import { METHODS } from "node:http";
import type { Guard } from "../../core/guard/guard.js";
import { guardMark } from "../../core/guard/guard-mark.js";
import { type Mode, readMode } from "../../core/guard/guard-options.js";
import type { Middleware } from "../../core/guard/middleware.js";
import { type PathPattern, parsePathPattern } from "../../core/http/path-pattern.js";
import type { OptionsReader } from "../../core/options/options-reader.js";
import { describeValue, isHarmless, isPlainObject } from "../../core/options/value.js";
import { isRefused } from "../../core/refusal/refused.js";
import type { RowPolicy } from "../../rate-limit/row-policy.js";
import type { Validator } from "../../validate/index.js";
import { type Access, readAccess, readReason } from "./read-access.js";
import {
  AUTHORIZATION_NAMES,
  createDenial,
  createMethodRefusal,
  type RowSettings,
  readAuthorization,
  readValidate,
} from "./row-guards.js";
import { ROW_HINTS, ROW_KEYS, type RouteRow } from "./row-options.js";
import { checkParameterNames, parametersOf, withParams } from "./row-params.js";

/** One row of the table, checked. */
export interface Row {
  /** Where it stands, as users write it. */
  readonly path: string;
  readonly order: number;
  readonly pattern: PathPattern;
  readonly except: readonly PathPattern[];
  readonly mode: Mode;
  readonly access: Access;
  /** Whether what it says of that is enforced; `undefined` where it says nothing. */
  readonly decides: Mode | undefined;
  /** Why it is public, or credentials are optional. */
  readonly openBecause: string | undefined;
  /** The methods that are enabled, HEAD with GET; `undefined` for all. */
  readonly methods: readonly string[] | undefined;
  readonly refuseMethod: Guard;
  /** What decides who may call. */
  readonly guards: readonly Middleware[];
  /** Whether something in the row may look at a parameter of its pattern, as `ownParam` does. */
  readonly readsParameters: boolean;
  readonly validator: Validator<unknown> | undefined;
  /** The validator, with the parameters of the pattern. */
  readonly validation: readonly Middleware[];
  /** Whether the validator wants a body that something has parsed. */
  readonly takesBody: boolean;
  readonly limits: readonly RowPolicy[];
}

/** What is a reason for a row. */
const ASKING = (Object.keys(ROW_KEYS) as (keyof RouteRow)[]).filter(
  (name) => name !== "mode" && name !== "except",
);

type RowReader = OptionsReader<keyof RouteRow>;

const EXAMPLE = '{ requireScope: "orders:write" }';
const NOTHING =
  'must ask for something: write authorize: authenticated(), public: "why it is open", deny: true, or what else the row is for';

/** Reads the rows of the table; what is wrong is noted with the reader, each at its row. */
export function readRows(reader: OptionsReader<"routes">, settings: RowSettings): readonly Row[] {
  const table = reader.raw("routes");
  if (table === undefined) return [];
  const path = `${reader.path}.routes`;
  if (!isPlainObject(table)) {
    const must = `must be an object of rows by their patterns, got ${describeValue(table)}`;
    reader.problems.note(path, `${must}: write { "POST /orders": ${EXAMPLE} }`);
    return [];
  }
  const entries = Object.entries(table);
  if (entries.length === 0) reader.problems.note(path, "must have at least one row, got none");
  return entries.flatMap(([text, value], order) => {
    const pattern = parsePathPattern(text);
    if (isRefused(pattern)) {
      reader.problems.note(`${path}${nameOf(text, order)}`, pattern.refused);
      return [];
    }
    // What stands in place of a row may be anything, and so may the name in front of it.
    const isRow = isPlainObject(value);
    const key = (isRow ? `routes["${text}"]` : `routes${nameOf(text, order)}`) as "routes";
    const row = reader.nested<RouteRow>(key, value, ROW_KEYS, ROW_HINTS, exampleFor(value));
    if (!isRow) return [];
    const read = readRow(row, pattern, order, settings);
    // What a row with a misspelt name lacks follows from that.
    if (Object.keys(value).some((name) => !Object.hasOwn(ROW_KEYS, name))) {
      return [{ ...read, access: "restricted" as const }];
    }
    if (ASKING.every((name) => !row.has(name))) row.note("", NOTHING);
    return [read];
  });
}

/** What is written in place of a value that is no row. */
function exampleFor(value: unknown): string {
  if (typeof value !== "function") return EXAMPLE;
  return guardMark(value) === undefined ? EXAMPLE : '{ use: requireRole("admin") }';
}

/** A text that is long enough for a secret in the wrong place is not printed. */
function nameOf(text: string, order: number): string {
  return isHarmless(text) ? `["${text}"]` : ` (row ${order + 1})`;
}

function readRow(reader: RowReader, pattern: PathPattern, order: number, given: RowSettings): Row {
  const { text } = pattern;
  const mode = reader.has("mode") ? readMode(reader) : given.mode;
  const settings = { ...given, mode };
  const guards = readAuthorization(reader, text, settings);
  const validator = readValidate(reader, text, settings);
  checkParameterNames(reader, text);
  // A guard under `use` may as well validate, or let pass whoever sends nothing.
  const restricts =
    AUTHORIZATION_NAMES.some((name) => reader.has(name)) || guards.some(isAuthorization);
  const access = readAccess(reader, pattern, restricts);
  const methods = readMethods(reader, pattern);
  const limits = readLimits(reader, text);
  checkMembers(reader, pattern);
  return {
    path: reader.path,
    order,
    pattern,
    except: readExcept(reader, pattern, access),
    mode,
    access,
    decides: access === "denied" ? mode : strictestOf(guards.filter(isAuthorization)),
    openBecause:
      access === "public" || access === "optional" ? readReason(reader, access) : undefined,
    methods,
    refuseMethod: createMethodRefusal(text, settings),
    guards: access === "denied" ? [createDenial(text, settings)] : guards,
    readsParameters: parametersOf(text).length > 0 && mayReadParameters(reader),
    validator,
    validation:
      validator === undefined
        ? []
        : [withParams(parametersOf(text), validator as unknown as Middleware)],
    takesBody: wantsBody(reader.raw("validate")),
    limits,
  };
}

/** Whether the guard lets nobody pass who is not known. */
function isAuthorization(guard: Middleware): boolean {
  const mark = guardMark(guard);
  return mark?.kind === "authorization" && mark.optional !== true;
}

/** Names of roles and scopes look at nothing but the caller; a rule may hold a function of the app. */
function mayReadParameters(reader: RowReader): boolean {
  const given = reader.raw("validate");
  const validates = isPlainObject(given) && ("params" in given || "chains" in given);
  return validates || (["ownParam", "authorize", "use"] as const).some((name) => reader.has(name));
}

function strictestOf(guards: readonly Middleware[]): Mode | undefined {
  const modes = guards.map((guard) => guardMark(guard)?.mode);
  return modes.includes("enforce") ? "enforce" : modes[0];
}

function readMethods(reader: RowReader, pattern: PathPattern): readonly string[] | undefined {
  const given = reader.strings("methods", {
    check: (method) =>
      METHODS.includes(method) && method !== "CONNECT"
        ? undefined
        : 'must be a method that this Node.js knows, in upper case, such as "GET"',
  });
  if (given === undefined) return undefined;
  if (pattern.method !== undefined) {
    reader.note(
      "methods",
      `must stand in a row without a method: the pattern says ${pattern.method}`,
    );
  }
  return given.includes("GET") && !given.includes("HEAD") ? [...given, "HEAD"] : given;
}

function readLimits(reader: RowReader, text: string): readonly RowPolicy[] {
  const given = reader.raw("rateLimit");
  if (given === undefined) return [];
  const isList = Array.isArray(given);
  const values: readonly unknown[] = isList ? Array.from(given) : [given];
  if (values.length === 0) reader.problem("rateLimit", "a policy or a non-empty list of them");
  if (reader.raw("mode") === "report") {
    reader.note(
      "mode",
      'must not be "report" beside rateLimit: the mode of limits is that of secureApi.rateLimit',
    );
  }
  // All problems of limits are those of one part of the preset, which knows itself by its own name.
  const path = `${reader.path.slice("secureApi.".length)}.rateLimit`;
  return values.map((value, index) => ({
    path: isList ? `${path}[${index}]` : path,
    value,
    pattern: text,
    name: index === 0 ? text.slice(0, 64) : `${text.slice(0, 60)} ${index + 1}`,
  }));
}

function readExcept(reader: RowReader, row: PathPattern, access: Access): readonly PathPattern[] {
  const patterns: PathPattern[] = [];
  reader.strings("except", {
    check(text) {
      const pattern = parsePathPattern(text);
      if (isRefused(pattern)) return pattern.refused;
      patterns.push(pattern);
      return undefined;
    },
  });
  if (reader.has("except") && (access === "unsaid" || access === "public")) {
    reader.note("except", `must stand in a row that says who may call; ${row.text} does not`);
  }
  return patterns;
}

function checkMembers(reader: RowReader, { method }: PathPattern): void {
  if (method === undefined && wantsBody(reader.raw("validate"))) {
    const sentence =
      'must stand in a row with a method, as in "POST /orders": every GET would need a body';
    reader.problems.note(`${reader.path}.validate.body`, sentence);
  }
}

function wantsBody(validation: unknown): boolean {
  return isPlainObject(validation) && validation["body"] !== undefined;
}
