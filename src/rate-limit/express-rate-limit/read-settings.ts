import { createCall } from "../../core/calls/create-call.js";
import { GUARD_OPTIONS, type Mode, readGuardOptions } from "../../core/guard/guard-options.js";
import { isPrintableAscii } from "../../core/http/header-values.js";
import type { OptionKeys } from "../../core/options/option-types.js";
import { type OptionsReader, readOptions } from "../../core/options/options-reader.js";
import { wrongChoice } from "../../core/options/spelling.js";
import { describeQuoted, describeValue, isPlainObject } from "../../core/options/value.js";
import type { OnDenied } from "../../core/refusal/deny.js";
import type { Settlement } from "./answers/settlement.js";
import { EXPRESS_RATE_LIMIT_HINTS, storeFault, VALIDATIONS } from "./options/hints.js";
import type {
  DraftHeadersVersion,
  ExpressRateLimitOptions,
  LegacyStore,
  Logger,
  Options,
  Store,
  ValueDeterminingMiddleware,
} from "./options/options.js";
import {
  parseKey,
  parseLimit,
  parseName,
  parseSubnet,
  parseTruth,
} from "./options/parse-answer.js";

/** A function of the app, with a deadline. What it returns is checked. @throws FunctionFailure */
type Call<T> = ValueDeterminingMiddleware<T>;

/** The options, checked, with every default filled in. */
export interface Settings {
  readonly mode: Mode;
  readonly onDenied: OnDenied;
  readonly windowMs: number;
  readonly limit: number | Call<number>;
  readonly draft: DraftHeadersVersion | false;
  readonly legacy: boolean;
  readonly name: string | Call<string> | undefined;
  readonly property: string;
  readonly settlement: Settlement | undefined;
  readonly key: Call<string> | undefined;
  readonly subnet: number | false | Call<number | false>;
  readonly skip: Call<boolean> | undefined;
  readonly retryAfter: number | Call<number> | undefined;
  readonly passOnStoreError: boolean;
  readonly store: Store | LegacyStore | undefined;
  readonly logger: Logger | undefined;
  /** Whether a check of express-rate-limit may warn. */
  readonly warns: (check: string) => boolean;
  /** What was given, without what is `undefined`. */
  readonly given: Partial<Options>;
}

type Reader = OptionsReader<keyof ExpressRateLimitOptions>;

const KEYS: OptionKeys<ExpressRateLimitOptions> = {
  windowMs: true,
  limit: true,
  max: true,
  message: true,
  statusCode: true,
  legacyHeaders: true,
  headers: true,
  standardHeaders: true,
  identifier: true,
  retryAfter: true,
  requestPropertyName: true,
  skipFailedRequests: true,
  skipSuccessfulRequests: true,
  requestWasSuccessful: true,
  keyGenerator: true,
  ipv6Subnet: true,
  handler: true,
  skip: true,
  store: true,
  passOnStoreError: true,
  validate: true,
  logger: true,
  ...GUARD_OPTIONS,
};
const DRAFTS = ["draft-6", "draft-7", "draft-8"] as const;
/** 100 years: more is a mistake, and would be no date in the end. */
const LONGEST_WINDOW_MS = 3_155_760_000_000;
const CALL = "rateLimit({ windowMs: 60000, limit: 100 })";

/** Reads the options of `rateLimit`. @throws {@link OptionsError} with every problem. */
export function readSettings(options: unknown): Settings {
  const reader = readOptions<ExpressRateLimitOptions>(
    "rateLimit",
    options,
    KEYS,
    EXPRESS_RATE_LIMIT_HINTS,
    CALL,
  );
  const guard = readGuardOptions(reader);
  const max = readLimit(reader, "max", 5);
  const headers = reader.boolean("headers", { default: true });
  const legacy = reader.boolean("legacyHeaders", { default: true });
  const settings: Settings = {
    mode: guard.mode,
    // As express-rate-limit: what fails is for the error handlers of the app.
    onDenied: reader.has("onDenied") ? guard.onDenied : "next",
    windowMs: reader.number("windowMs", { min: 1, max: LONGEST_WINDOW_MS, default: 60_000 }),
    limit: reader.has("limit") ? readLimit(reader, "limit", 5) : max,
    draft: readDraft(reader),
    legacy: reader.has("legacyHeaders") ? legacy : headers,
    name: readName(reader),
    property: readProperty(reader),
    settlement: readSettlement(reader),
    key: readCall(reader, "keyGenerator", parseKey),
    subnet: readSubnet(reader),
    skip: readCall(reader, "skip", parseTruth),
    retryAfter: readRetryAfter(reader),
    passOnStoreError: reader.boolean("passOnStoreError", { default: false }),
    store: readStore(reader),
    logger: readLogger(reader),
    warns: readValidate(reader),
    given: givenOf(reader),
  };
  reader.integer("statusCode", { min: 200, max: 599, default: 429 });
  reader.function("handler");
  reader.finish();
  return Object.freeze(settings);
}

/** Makes the call of a function, if it is given. */
function readCall<T>(
  reader: Reader,
  key:
    | "keyGenerator"
    | "skip"
    | "limit"
    | "max"
    | "identifier"
    | "ipv6Subnet"
    | "requestWasSuccessful"
    | "retryAfter",
  parse: (value: unknown, option: string) => T,
): Call<T> | undefined {
  const decide = reader.function<ValueDeterminingMiddleware<unknown>>(key);
  if (decide === undefined) return undefined;
  const option = `rateLimit.${key}`;
  return createCall(decide, { option, parse: (value) => parse(value, option) });
}

function readLimit(reader: Reader, key: "limit" | "max", fallback: number): number | Call<number> {
  const value = reader.raw(key);
  if (typeof value === "function") return readCall(reader, key, parseLimit) ?? fallback;
  if (value === undefined) return fallback;
  // `Infinity` is spelt out: nothing that is not set looks like it.
  if (typeof value === "number" && value >= 0) return value;
  const got = typeof value === "number" ? String(value) : describeQuoted(value, /^\d+$/);
  reader.note(key, `must be a number of at least 0 or a function that returns one, got ${got}`);
  return fallback;
}

function readDraft(reader: Reader): DraftHeadersVersion | false {
  const value = reader.raw("standardHeaders");
  if (value === undefined || value === false) return false;
  if (value === true) return "draft-6";
  const draft = DRAFTS.find((one) => one === value);
  if (draft === undefined)
    reader.note("standardHeaders", `${wrongChoice(value, DRAFTS)}; true is "draft-6"`);
  return draft ?? false;
}

function readName(reader: Reader): string | Call<string> | undefined {
  if (typeof reader.raw("identifier") === "function")
    return readCall(reader, "identifier", parseName);
  const name = reader.string("identifier");
  if (name !== undefined && !isPrintableAscii(name))
    reader.note("identifier", "must be printable ASCII: it stands in header fields");
  return name;
}

function readProperty(reader: Reader): string {
  const name = reader.string("requestPropertyName", { default: "rateLimit" }) ?? "rateLimit";
  if (name === "__proto__")
    reader.note("requestPropertyName", "must not be the prototype of the request");
  return name;
}

function readSettlement(reader: Reader): Settlement | undefined {
  const skipsFailed = reader.boolean("skipFailedRequests", { default: false });
  const skipsSuccessful = reader.boolean("skipSuccessfulRequests", { default: false });
  const wasSuccessful = readCall(reader, "requestWasSuccessful", parseTruth);
  return skipsFailed || skipsSuccessful
    ? { skipsFailed, skipsSuccessful, wasSuccessful }
    : undefined;
}

function readSubnet(reader: Reader): number | false | Call<number | false> {
  const value = reader.raw("ipv6Subnet");
  if (value !== undefined && reader.has("keyGenerator"))
    reader.note(
      "ipv6Subnet",
      "must be left out beside keyGenerator, which decides instead: give it to ipKeyGenerator there",
    );
  if (value === false) return false;
  if (typeof value === "function") return readCall(reader, "ipv6Subnet", parseSubnet) ?? 56;
  return reader.integer("ipv6Subnet", { min: 32, max: 128, default: 56 });
}

function readRetryAfter(reader: Reader): number | Call<number> | undefined {
  const value = reader.raw("retryAfter");
  if (value === undefined) return undefined;
  if (typeof value === "function") return readCall(reader, "retryAfter", parseLimit);
  return reader.integer("retryAfter", { min: 0, max: 31_622_400 });
}

function readStore(reader: Reader): Store | LegacyStore | undefined {
  const store = reader.raw("store");
  if (store === undefined) return undefined;
  const fault = storeFault(store);
  if (fault !== undefined) reader.note("store", `${fault}, got ${describeValue(store)}`);
  return store as Store | LegacyStore;
}

function readLogger(reader: Reader): Logger | undefined {
  const logger = reader.raw("logger") as Partial<Logger> | null | undefined;
  if (logger === undefined) return undefined;
  if (typeof logger?.error === "function" && typeof logger.warn === "function")
    return logger as Logger;
  reader.note(
    "logger",
    `must be an object with the functions error and warn, got ${describeValue(logger)}`,
  );
  return undefined;
}

function readValidate(reader: Reader): (check: string) => boolean {
  const value = reader.raw("validate");
  if (value === undefined || typeof value === "boolean") return () => value !== false;
  if (!isPlainObject(value)) {
    reader.problem("validate", "true, false or an object of checks");
    return () => true;
  }
  const checks = new Map<string, boolean>();
  for (const name of Object.keys(value)) {
    const on = value[name];
    if (!VALIDATIONS.has(name))
      reader.note(
        "validate",
        `must name checks of express-rate-limit only: ${[...VALIDATIONS].join(", ")}`,
      );
    else if (on !== undefined && typeof on !== "boolean")
      reader.note("validate", `must hold true or false for ${name}, got ${describeValue(on)}`);
    else if (on !== undefined) checks.set(name, on);
  }
  return (check) => checks.get(check) ?? checks.get("default") ?? true;
}

function givenOf(reader: Reader): Partial<Options> {
  const names = Object.keys(KEYS) as (keyof ExpressRateLimitOptions)[];
  const own = names.filter((name) => !Object.hasOwn(GUARD_OPTIONS, name) && reader.has(name));
  return Object.fromEntries(own.map((name) => [name, reader.raw(name)]));
}
