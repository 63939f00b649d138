import type { Request, Response } from "express";
import { createCall } from "../../core/calls/create-call.js";
import { wrongReturn } from "../../core/calls/user-function.js";
import { isSafeMethod } from "../../core/http/first-party.js";
import { isPrintableAscii } from "../../core/http/header-values.js";
import { readPathPatterns } from "../../core/http/read-path-patterns.js";
import type { OptionsReader } from "../../core/options/options-reader.js";
import { formatDuration } from "../../core/options/quantity.js";
import { foldBodyKey } from "./body-key.js";
import type { StoreAbilities } from "./policy.js";
import {
  type CostAfter,
  type CountFunction,
  isByCaller,
  type KeyName,
  type OnStoreError,
  type Policy,
  type RateLimitAlgorithm,
  type UserFunction,
} from "./policy.js";
import { type PolicyRate, readPolicyRate } from "./read-rate.js";
import { readStages } from "./read-stages.js";

/** What the place of a policy demands of it. */
export interface PolicyDemands {
  /** Whether `phase` has a meaning: only the preset has something to run before and after. */
  readonly phased: boolean;
  /** What the store can do; the memory of this process can do everything. */
  readonly store: StoreAbilities | undefined;
  /** What happens while the store fails, where the policy does not say it. */
  readonly onStoreError: OnStoreError;
}

type PolicyReader = OptionsReader<
  | "name"
  | "algorithm"
  | "limit"
  | "window"
  | "burst"
  | "tier"
  | "tiers"
  | "key"
  | "cost"
  | "match"
  | "warnAt"
  | "slowDown"
  | "onLimit"
  | "block"
  | "onStoreError"
  | "phase"
  | "count"
  | "costAfter"
>;

const ALGORITHMS = [
  "token-bucket",
  "leaky-bucket",
  "sliding-log",
  "fixed-window",
  "concurrency",
] as const satisfies readonly RateLimitAlgorithm[];
/** What others call them. A sliding window of two counters is no log: it is only nearly as exact. */
const ALIASES: Readonly<Record<string, RateLimitAlgorithm>> = {
  gcra: "token-bucket",
  tokenBucket: "token-bucket",
  leakyBucket: "leaky-bucket",
  queue: "leaky-bucket",
  slidingLog: "sliding-log",
  "sliding-window": "sliding-log",
  slidingWindow: "sliding-log",
  fixedWindow: "fixed-window",
  concurrent: "concurrency",
};
export const ON_STORE_ERROR = ["fallback", "reject", "dangerouslyOpen"] as const;
const MAX_NAME_LENGTH = 64;
const PHASES = ["before-auth", "after-auth", "after-body"] as const;
const NO_MATCH =
  'must be given with phase: "after-body", as in match: "POST /login": requests that it covers are refused without a body';

const NO_BODY =
  "such requests have no body, and those without one are not counted. Name the method of the form, such as POST";

/** Reads one policy; what is wrong is noted with the reader. */
export function readPolicy(reader: PolicyReader, demands: PolicyDemands): Policy {
  const { phased, store } = demands;
  const algorithm = readAlgorithm(reader, store);
  const rate = readPolicyRate(reader, algorithm, store !== undefined);
  const key = readKey(reader, phased);
  return Object.freeze({
    path: reader.path,
    name: readName(reader, store !== undefined) ?? defaultName(algorithm, rate),
    algorithm,
    ...rate,
    key,
    cost: readCost(reader, rate.burst),
    ...readPlace(reader, phased, key),
    count: readCount(reader, algorithm, store),
    costAfter: readCostAfter(reader, algorithm, store),
    resets: false,
    sharesRest: true,
    onStoreError: readOnStoreError(reader, demands),
    ...readStages(reader, algorithm, store),
  });
}

function defaultName(algorithm: RateLimitAlgorithm, rate: PolicyRate): string {
  const { limit, windowMs, tiers, rateFor } = rate;
  if (tiers !== undefined) return "tiers";
  if (rateFor !== undefined) return "by-request";
  if (limit === 0) return "none";
  const unit = algorithm === "concurrency" ? "at-once" : `per-${formatDuration(windowMs)}`;
  return `${limit}-${unit}`;
}

function readAlgorithm(
  reader: PolicyReader,
  store: StoreAbilities | undefined,
): RateLimitAlgorithm {
  const algorithm = reader.oneOf("algorithm", ALGORITHMS, { aliases: ALIASES });
  if (store === undefined || store.algorithms.includes(algorithm)) return algorithm;
  const known = store.algorithms.map((name) => `"${name}"`).join(" or ");
  reader.note("algorithm", `must be ${known}: the store does not know "${algorithm}"`);
  return algorithm;
}

/** Reads what happens while the store fails: of one policy, or of all that do not say it. */
export function readOnStoreError(
  reader: OptionsReader<"onStoreError">,
  demands: Pick<PolicyDemands, "store" | "onStoreError">,
): OnStoreError {
  if (demands.store === undefined) {
    if (reader.has("onStoreError")) reader.note("onStoreError", "must be left out without a store");
    return demands.onStoreError;
  }
  return reader.oneOf("onStoreError", ON_STORE_ERROR, { default: demands.onStoreError });
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
  if (isKeyName(key)) return key;
  if (!Array.isArray(key) || key.length < 2 || !key.every(isKeyName) || hasTwice(key)) {
    reader.problem("key", '"ip", "principal", "tenant", a list of several of them, or a function');
    return "ip";
  }
  return Object.freeze([...key]);
}

function isKeyName(value: unknown): value is KeyName {
  return value === "ip" || value === "principal" || value === "tenant";
}

function hasTwice(names: readonly KeyName[]): boolean {
  return new Set(names).size < names.length;
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
  return reader.integer("cost", { min: 1, max: Math.max(1, burst), default: 1 });
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
      const names = [key].flat().join('" and "');
      reader.note("phase", `must be left out with the key "${names}", which says when it runs`);
    }
    return isByCaller({ key }) ? "after-auth" : "before-auth";
  }
  return reader.oneOf("phase", PHASES, { required: true });
}

function readCount(
  reader: PolicyReader,
  algorithm: RateLimitAlgorithm,
  store: StoreAbilities | undefined,
): Policy["count"] {
  const count = reader.raw("count");
  if (count !== undefined && algorithm === "concurrency") {
    reader.note("count", 'must be left out with "concurrency": a request counts until it is over');
    return "all";
  }
  if (count !== undefined && count !== "all" && store?.refunds === false) {
    reader.note("count", "must be left out with a store without refund(), which cannot give back");
  }
  if (count === undefined) return "all";
  if (count === "all" || count === "failures" || count === "successes") return count;
  if (typeof count !== "function") {
    reader.problem("count", '"all", "failures", "successes" or a function');
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

function readCostAfter(
  reader: PolicyReader,
  algorithm: RateLimitAlgorithm,
  store: StoreAbilities | undefined,
): CostAfter | undefined {
  const costAfter = reader.function<CostAfter>("costAfter");
  if (costAfter === undefined) return undefined;
  if (reader.has("count")) {
    reader.note("costAfter", "must be left out with count: a cost of 0 gives the charge back");
  }
  if (algorithm === "concurrency") {
    reader.note(
      "costAfter",
      'must be left out with "concurrency": a request counts until it is over',
    );
  }
  if (store !== undefined && !(store.refunds && store.charges)) {
    reader.note("costAfter", "must be left out with a store without refund() and charge()");
  }
  const option = `${reader.path}.costAfter`;
  return createCall(costAfter as (req: Request, res: Response) => unknown, {
    option,
    parse: (value) => parseCost(option, value),
  });
}
