/** One limit of a limiter. */
export interface LimitDetails {
  readonly name: string;
  /** Units per window. */
  readonly limit: number;
  /** 0 for what runs at the same time, and for a limit of 0. */
  readonly windowSeconds: number;
  /** What is counted together: requests of an address, of a principal, or of a key that the app computes. */
  readonly by: "address" | "principal" | "key";
  /** Patterns of the only paths where it counts; everywhere when it is left out. */
  readonly on?: readonly string[] | undefined;
}

/** What an authorization guard demands, as data. */
export type Requirement =
  | {
      readonly type: "scope" | "role" | "permission";
      readonly names: readonly string[];
      /** Whether all of the names are needed, or any one of them. */
      readonly match: "all" | "any";
    }
  | { readonly type: "all" | "any"; readonly of: readonly Requirement[] }
  | { readonly type: "not"; readonly of: Requirement }
  /** A rule about the object that the request is for, such as that the caller owns it; or any other rule. In words. */
  | { readonly type: "object" | "other"; readonly rule: string };

/** What the documents about routes say of a guard beyond its brand. Plain data. */
export interface GuardDetails {
  readonly limits?: readonly LimitDetails[] | undefined;
  /** Header fields that a limiter puts on answers that it counted. */
  readonly headers?: readonly string[] | undefined;
  /** The JSON Schema of each part of the request that is validated; `true` for a schema that cannot be shown as one. */
  readonly schemas?: Readonly<Record<string, unknown>> | undefined;
  /** Media types of a body that are taken. */
  readonly contentTypes?: readonly string[] | undefined;
  /** The status of what does not fit a schema. */
  readonly status?: number | undefined;
  readonly requirement?: Requirement | undefined;
  /** Those of the guards that a preset runs, in the order of the `parts` of its brand. */
  readonly parts?: readonly (GuardDetails | null)[] | undefined;
}

const DETAILS = Symbol.for("express-secure-api.guard-details/1");
/** Deeper requirements are cut off: whoever describes a guard may have made a circle. */
const MAX_DEPTH = 20;

/**
 * Lets a middleware say more about itself than its brand holds. `describe` is called when somebody asks, never at a
 * request. What wraps a middleware, such as a tracer, copies its brand but not this: the documents then say that the
 * details are not known.
 */
export function giveDetails<T extends object>(handler: T, describe: () => GuardDetails): T {
  return Object.defineProperty(handler, DETAILS, { value: { describe } });
}

/**
 * What a middleware says about itself, as frozen copies of what can be understood; `undefined` when it says nothing. The
 * symbol is a registered one, so that other copies of this library, and guards of others, can be asked as well.
 */
export function guardDetails(handler: object): GuardDetails | undefined {
  try {
    const given = (handler as { [DETAILS]?: { describe?: () => unknown } })[DETAILS];
    return typeof given?.describe === "function" ? parseDetails(given.describe(), 0) : undefined;
  } catch {
    return undefined;
  }
}

/** Understands only what it knows: the formats rely on the types. */
function parseDetails(value: unknown, depth: number): GuardDetails | undefined {
  if (!isRecord(value) || depth > MAX_DEPTH) return undefined;
  const { limits, headers, schemas, contentTypes, status, requirement, parts } = value;
  const known: GuardDetails = {
    limits: listOf(limits, parseLimit),
    headers: texts(headers),
    schemas: isRecord(schemas) ? parseSchemas(schemas) : undefined,
    contentTypes: texts(contentTypes),
    status: isRefusal(status) ? status : undefined,
    requirement: parseRequirement(requirement, 0),
    parts: Array.isArray(parts)
      ? Object.freeze(parts.map((part) => parseDetails(part, depth + 1) ?? null))
      : undefined,
  };
  return Object.freeze(withoutUndefined(known));
}

function parseLimit(value: unknown): LimitDetails | undefined {
  if (!isRecord(value)) return undefined;
  const { name, limit, windowSeconds, by, on } = value;
  if (typeof name !== "string" || !isAmount(limit) || !isAmount(windowSeconds)) return undefined;
  const whom = by === "address" || by === "principal" ? by : "key";
  const known: LimitDetails = { name, limit, windowSeconds, by: whom, on: texts(on) };
  return Object.freeze(withoutUndefined(known));
}

function parseRequirement(value: unknown, depth: number): Requirement | undefined {
  if (!isRecord(value) || depth > MAX_DEPTH) return undefined;
  const { type, names, match, of, rule } = value;
  switch (type) {
    case "scope":
    case "role":
    case "permission": {
      const list = texts(names);
      if (list === undefined || (match !== "all" && match !== "any")) return undefined;
      return Object.freeze({ type, names: list, match });
    }
    case "all":
    case "any": {
      const list = listOf(of, (item) => parseRequirement(item, depth + 1));
      return list === undefined ? undefined : Object.freeze({ type, of: list });
    }
    case "not": {
      const inner = parseRequirement(of, depth + 1);
      return inner === undefined ? undefined : Object.freeze({ type, of: inner });
    }
    case "object":
    case "other":
      return typeof rule === "string" ? Object.freeze({ type, rule }) : undefined;
    default:
      return undefined;
  }
}

function parseSchemas(given: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const schemas = Object.entries(given).map(([part, schema]) => [part, plainCopy(schema)] as const);
  return Object.freeze(Object.fromEntries(schemas));
}

/** What is no JSON, such as a circle, cannot be shown. */
function plainCopy(schema: unknown): unknown {
  try {
    const copy: unknown = JSON.parse(JSON.stringify(schema) ?? "true");
    return isRecord(copy) ? deepFrozen(copy) : true;
  } catch {
    return true;
  }
}

function deepFrozen<T extends object>(value: T): T {
  for (const member of Object.values(value)) {
    if (typeof member === "object" && member !== null) deepFrozen(member);
  }
  return Object.freeze(value);
}

/** All of the items, or nothing: half a list would say that there are no more. */
function listOf<T>(
  value: unknown,
  parse: (item: unknown) => T | undefined,
): readonly T[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const items = value.map(parse).filter((item) => item !== undefined);
  return items.length === value.length ? Object.freeze(items) : undefined;
}

function texts(value: unknown): readonly string[] | undefined {
  return listOf(value, (item) => (typeof item === "string" ? item : undefined));
}

/** Of 4xx or 5xx (RFC 9110 §15.5, §15.6). */
function isRefusal(value: unknown): value is number {
  return isAmount(value) && Number.isInteger(value) && value >= 400 && value <= 599;
}

/** What JSON can hold, and is no debt. */
function isAmount(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(
    Object.entries(value).filter(([, member]) => member !== undefined),
  ) as T;
}
