import type { Request, Response } from "express";
import { createCall } from "../../core/calls/create-call.js";
import { isThenable, wrongReturn } from "../../core/calls/user-function.js";
import type { OptionKeys } from "../../core/options/option-types.js";
import type { OptionsReader } from "../../core/options/options-reader.js";
import { foldBodyKey } from "../policies/body-key.js";
import { addressKey } from "../policies/charges.js";
import type { Policy, Rate, UserFunction } from "../policies/policy.js";
import type { AccountSlowDown, FailureLimit } from "./login-throttle-options.js";

type Key = string | undefined | null;
type LoginReader = OptionsReader<
  "user" | "failed" | "pair" | "address" | "account" | "onStoreError"
>;

const LIMIT_KEYS: OptionKeys<FailureLimit> = { limit: true, window: true };
const ACCOUNT_KEYS: OptionKeys<AccountSlowDown> = {
  after: true,
  window: true,
  step: true,
  max: true,
};
/** Of more failures than this the account is no further slowed down. */
const ACCOUNT_DEPTH = 10;

/** Reads the three limits of a login; what is wrong is noted with the reader. */
export function readLoginPolicies(
  reader: LoginReader,
  ipv6Prefix: number,
  stored: boolean,
): readonly Policy[] {
  const user = readUser(reader);
  const count = readFailed(reader);
  if (!stored && reader.has("onStoreError")) {
    reader.note("onStoreError", "must be left out without a store");
  }
  const common = {
    algorithm: "sliding-log",
    rateFor: undefined,
    tiers: undefined,
    warnAt: undefined,
    slowDown: undefined,
    soft: false,
    blocking: undefined,
    onStoreError: reader.oneOf("onStoreError", ["fallback", "reject"]),
    cost: 1,
    match: undefined,
    // It sees the body, and refuses what it cannot count.
    phase: "after-body",
    count,
    costAfter: undefined,
    resets: false,
    sharesRest: true,
  } as const satisfies Partial<Policy>;
  const pair = readLimit(reader, "pair", { limit: 5, windowMs: 900_000 });
  const address = readLimit(reader, "address", { limit: 100, windowMs: 86_400_000 });
  const account = readAccount(reader);
  return [
    {
      ...common,
      ...pair,
      path: `${reader.path}.pair`,
      name: "login",
      key: pairKey(user, ipv6Prefix),
      resets: true,
      sharesRest: false,
    },
    {
      ...common,
      ...address,
      // One number per key: a botnet would fill logs of this length.
      algorithm: "token-bucket",
      path: `${reader.path}.address`,
      name: "login-address",
      key: "ip",
    },
    ...(account === undefined
      ? []
      : [
          {
            ...common,
            ...account,
            path: `${reader.path}.account`,
            name: "login-account",
            key: user,
            sharesRest: false,
          },
        ]),
  ];
}

/** The name of the account, looked up once per request. */
function readUser(reader: LoginReader): UserFunction<Key> {
  const user = reader.function<UserFunction<unknown>>("user", { required: true });
  const option = `${reader.path}.user`;
  const call = createCall<Key, Request>(user ?? (() => undefined), {
    option,
    parse: (value) => foldBodyKey(option, value),
  });
  const names = new WeakMap<Request, Key | Promise<Key>>();
  return (req) => {
    let name = names.get(req);
    if (name === undefined && !names.has(req)) {
      name = call(req);
      names.set(req, name);
    }
    return name;
  };
}

function pairKey(user: UserFunction<Key>, ipv6Prefix: number): UserFunction<Key> {
  return (req) => {
    const name = user(req);
    // Not later: the address is gone as soon as the client is.
    const address = addressKey(req, ipv6Prefix);
    return isThenable(name) ? name.then((found) => paired(found, address)) : paired(name, address);
  };
}

function paired(name: Key, address: string): Key {
  return name === null ? null : `${address}\n${name ?? ""}`;
}

function readFailed(reader: LoginReader): Policy["count"] {
  const failed = reader.function<(req: Request, res: Response) => unknown>("failed");
  if (failed === undefined) return "failures";
  const option = `${reader.path}.failed`;
  return createCall(failed, {
    option,
    parse(value) {
      if (typeof value === "boolean") return value;
      throw wrongReturn(option, "true or false", value);
    },
  });
}

function readLimit(
  reader: LoginReader,
  name: "pair" | "address",
  defaults: Omit<Rate, "burst">,
): Rate {
  const options = reader.object<FailureLimit>(name, LIMIT_KEYS, {}, '{ limit: 5, window: "15m" }');
  if (options === undefined) return { ...defaults, burst: defaults.limit };
  const limit = options.integer("limit", { required: true, min: 1, max: 1000 });
  const windowMs = readWindow(options, { required: true });
  return { limit, windowMs, burst: limit };
}

function readAccount(
  reader: LoginReader,
): (Rate & Pick<Policy, "algorithm" | "slowDown" | "soft">) | undefined {
  if (reader.raw("account") === false) return undefined;
  const options =
    reader.object<AccountSlowDown>("account", ACCOUNT_KEYS, {}, "{ after: 10 }") ??
    reader.nested<AccountSlowDown>("account", {}, ACCOUNT_KEYS);
  const after = options.integer("after", { min: 1, max: 1_000_000, default: 10 });
  const windowMs = readWindow(options, { default: "1h" });
  const stepMs = options.duration("step", { min: "1ms", max: "1m", default: "200ms" });
  const maxMs = options.duration("max", { min: "1ms", max: "1m", default: "5s" });
  if (stepMs > maxMs) options.note("step", "must not be longer than max");
  const limit = after * ACCOUNT_DEPTH;
  return {
    algorithm: "token-bucket",
    limit,
    windowMs: windowMs * ACCOUNT_DEPTH,
    burst: limit,
    slowDown: { from: 1 / ACCOUNT_DEPTH, stepMs, maxMs },
    soft: true,
  };
}

function readWindow(
  options: OptionsReader<"window">,
  presence: { readonly required: true } | { readonly default: string },
): number {
  const windowMs = options.duration("window", { ...presence, min: "1s", max: "366d", step: "1s" });
  if (windowMs % 1000 !== 0) options.note("window", "must be a whole number of seconds");
  return windowMs;
}
