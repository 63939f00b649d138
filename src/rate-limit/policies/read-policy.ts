import { createCall } from "../../core/calls/create-call.js";
import { wrongReturn } from "../../core/calls/user-function.js";
import { isSafeMethod } from "../../core/http/first-party.js";
import { isPrintableAscii } from "../../core/http/header-values.js";
import { readPathPatterns } from "../../core/http/read-path-patterns.js";
import type { OptionsReader } from "../../core/options/options-reader.js";
import { formatDuration } from "../../core/options/quantity.js";
import { foldBodyKey } from "./body-key.js";
import type { CountFunction, Policy, UserFunction } from "./policy.js";

/** What the place of a policy demands of it. */
export interface PolicyDemands {
  /** Whether `phase` has a meaning: only the preset has something to run before and after. */
  readonly phased: boolean;
  /** Whether a store tells policies apart by their names. */
  readonly named: boolean;
  /** Whether what was counted can be given back. */
  readonly refunds: boolean;
}

type PolicyReader = OptionsReader<
  "name" | "limit" | "window" | "burst" | "key" | "cost" | "match" | "phase" | "count"
>;

const MAX_LIMIT = 1_000_000_000;
const MAX_NAME_LENGTH = 64;
const PHASES = ["before-auth", "after-auth", "after-body"] as const;
const NO_MATCH =
  'must be given with phase: "after-body", as in match: "POST /login": requests that it covers are refused without a body';

const NO_BODY =
  "such requests have no body, and those without one are not counted. Name the method of the form, such as POST";

/** Reads one policy; what is wrong is noted with the reader. */
export function readPolicy(reader: PolicyReader, demands: PolicyDemands): Policy {
  const { limit, windowMs, burst } = readRate(reader);
  const key = readKey(reader, demands.phased);
  return Object.freeze({
    path: reader.path,
    name: readName(reader, demands.named) ?? `${limit}-per-${formatDuration(windowMs)}`,
    limit,
    windowMs,
    burst,
    key,
    cost: readCost(reader, burst),
    ...readPlace(reader, demands.phased, key),
    count: readCount(reader, demands.refunds),
  });
}

/** Reads how much passes in which time. */
export function readRate(
  reader: OptionsReader<"limit" | "window" | "burst">,
): Pick<Policy, "limit" | "windowMs" | "burst"> {
  const limit = readLimit(reader);
  const windowMs = readWindow(reader);
  const maxBurst = reader.raw("limit") === limit ? limit : MAX_LIMIT;
  const burst = reader.integer("burst", { min: 1, max: maxBurst, default: limit });
  return { limit, windowMs, burst };
}

/** A limit of 0 is refused: it usually comes from a missing setting, and there are plainer ways to close a route. */
function readLimit(reader: OptionsReader<"limit">): number {
  if (reader.raw("limit") !== 0) {
    return reader.integer("limit", { required: true, min: 1, max: MAX_LIMIT });
  }
  const fix = "is a variable not set? To close a route, write deny: true in its row of secureApi";
  reader.note("limit", `must be a whole number from 1 to ${MAX_LIMIT}, got 0: ${fix}`);
  return 1;
}

function readWindow(reader: OptionsReader<"window">): number {
  const windowMs = reader.duration("window", {
    required: true,
    min: "1s",
    max: "366d",
    step: "1s",
  });
  // The header fields count in seconds, and so do the other stores.
  if (windowMs % 1000 !== 0) reader.note("window", "must be a whole number of seconds");
  return windowMs;
}

function readName(reader: PolicyReader, required: boolean): string | undefined {
  if (required && !reader.has("name")) {
    reader.note("name", "must be given: the store tells policies apart by it");
  }
  const name = reader.raw("name");
  if (required && typeof name === "string" && name.startsWith("report:")) {
    reader.note("name", 'must not begin with "report:", which tells the store of report mode');
  }
  const fits = typeof name !== "string" || (name.length <= MAX_NAME_LENGTH && isPrintable(name));
  if (fits) return reader.string("name");
  reader.problem("name", `at most ${MAX_NAME_LENGTH} printable ASCII characters`);
  return undefined;
}

function isPrintable(name: string): boolean {
  return name === "" || isPrintableAscii(name);
}

function readKey(reader: PolicyReader, phased: boolean): Policy["key"] {
  const key = reader.has("key") ? reader.raw("key") : "ip";
  if (typeof key === "function") {
    const option = `${reader.path}.key`;
    const parse = phased && reader.raw("phase") === "after-body" ? foldBodyKey : parseKey;
    return createCall(key as UserFunction<unknown>, {
      option,
      parse: (value) => parse(option, value),
    });
  }
  if (key !== "ip" && key !== "principal") {
    reader.problem("key", '"ip", "principal" or a function');
    return "ip";
  }
  return key;
}

function readCost(reader: PolicyReader, burst: number): Policy["cost"] {
  const cost = reader.raw("cost");
  if (typeof cost === "function") {
    const option = `${reader.path}.cost`;
    return createCall(cost as UserFunction<unknown>, {
      option,
      parse: (value) => parseCost(option, value),
    });
  }
  return reader.integer("cost", { min: 1, max: burst, default: 1 });
}

function parseKey(option: string, value: unknown): string | undefined {
  if (value === undefined || typeof value === "string") return value;
  const must = typeof value === "number" ? "a string, as String(…) makes of a number," : "a string";
  throw wrongReturn(option, `${must} or undefined`, value);
}

function parseCost(option: string, value: unknown): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw wrongReturn(option, "a whole number of at least 0", value);
}

/** Reads which requests are counted, and when. */
function readPlace(
  reader: PolicyReader,
  phased: boolean,
  key: Policy["key"],
): Pick<Policy, "match" | "phase"> {
  const match = readPathPatterns(reader, "match");
  const phase = readPhase(reader, phased, key);
  if (phase === "after-body") {
    if (!reader.has("match")) reader.note("match", NO_MATCH);
    const safe = match?.find(({ method }) => method !== undefined && isSafeMethod(method));
    if (safe !== undefined) {
      reader.note("match", `must not name ${safe.method} with phase: "after-body": ${NO_BODY}`);
    }
  }
  return { match, phase };
}

function readPhase(reader: PolicyReader, phased: boolean, key: Policy["key"]): Policy["phase"] {
  if (!phased) {
    if (reader.has("phase")) reader.note("phase", "belongs to secureApi: leave it out here");
    return undefined;
  }
  if (typeof key !== "function") {
    if (reader.has("phase")) {
      reader.note("phase", `must be left out with the key "${key}", which says when it runs`);
    }
    return key === "ip" ? "before-auth" : "after-auth";
  }
  return reader.oneOf("phase", PHASES, { required: true });
}

function readCount(reader: PolicyReader, refunds: boolean): Policy["count"] {
  const count = reader.raw("count");
  if (count !== undefined && count !== "all" && !refunds) {
    reader.note("count", "must be left out with a store without refund(), which cannot give back");
  }
  if (count === undefined || count === "all" || count === "failures") return count ?? "all";
  if (typeof count !== "function") {
    reader.problem("count", '"all", "failures" or a function');
    return "all";
  }
  const option = `${reader.path}.count`;
  return createCall(count as CountFunction, {
    option,
    parse(value) {
      if (typeof value === "boolean") return value;
      throw wrongReturn(option, "true or false", value);
    },
  });
}
