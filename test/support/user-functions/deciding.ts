import type { RequestHandler } from "express";
import { body } from "express-validator";
import { cedar } from "../../../src/authorization/cedar/index.js";
import { opaWasm } from "../../../src/authorization/opa-wasm/index.js";
import { markGuard } from "../../../src/core/guard/guard-mark.js";
import { createPrincipal, setPrincipalSource } from "../../../src/core/principal/principal.js";
import * as library from "../../../src/index.js";
import * as expressRateLimit from "../../../src/rate-limit/express-rate-limit/index.js";
import { createTestIssuer } from "../../../src/testing/index.js";
import { overloaded } from "../overload.js";

export type Mode = "enforce" | "report";
export type UserFunction = (...args: readonly never[]) => unknown;

/** One option that is a function and decides about requests. The guard is mounted at `/:a`, the request goes to `/1`. */
export interface DecidingSite {
  readonly mount: (decide: UserFunction, mode: Mode) => unknown;
  /** What lets the request pass. */
  readonly right: (...args: readonly never[]) => unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** The code of the refusal. @default "check_unavailable" */
  readonly code?: string;
  /** @default "5" */
  readonly retryAfter?: string;
  /** Of an option with a deadline of its own, in milliseconds. @default that of all functions */
  readonly deadline?: number;
  /** For a function that must not look something up: what it returns at once is its answer. */
  readonly synchronous?: true;
}

const { allowFields, authorize, owner, requireOwnership, sameTenant } = library;
const { enrichPrincipal, fromRateLimiterFlexible, oauthGuard, principalFrom, rateLimit } = library;
const { policy, redisStore, session, validate } = library;
const issuer = createTestIssuer();
const token = { authorization: `Bearer ${issuer.mint()}` };
const one = { limit: 100, window: "1m" };

const KEYS = { headers: token, code: "keys_unavailable" } as const;
const STORE = { code: "rate_limit_unavailable", retryAfter: "1" } as const;

const enriching = (enrich: never, mode: Mode): unknown =>
  library.secureApi({
    auditLog: false,
    oauthGuard: false,
    // It names the caller, and records nothing of it.
    authenticate: markGuard(((req, res, next) => withCaller(req, res, next)) as RequestHandler, {
      guard: "session",
      kind: "authentication",
      mode,
    }) as never,
    rateLimit: false,
    secureHeaders: { mode: "report", crossOriginGuard: false },
    enrich,
    mode,
  });

/** The same function, alone and beside its options. */
const ENRICHING: Readonly<Record<string, DecidingSite>> = {
  "secureApi.enrich": {
    mount: (lookUp, mode) => enriching(lookUp as never, mode),
    right: () => ({ roles: ["admin"] }),
  },
  "secureApi.enrich.lookUp": {
    mount: (lookUp, mode) => enriching({ lookUp } as never, mode),
    right: () => ({ roles: ["admin"] }),
  },
};

/** What a session middleware does. */
export const withSession: RequestHandler = (req, _res, next) => {
  Object.assign(req, { session: {} });
  next();
};

/** What a guard in front does. */
export const withCaller: RequestHandler = (req, _res, next) => {
  setPrincipalSource(req, createPrincipal({ subject: "alice", tenant: "acme" }));
  next();
};

export const behind =
  (first: RequestHandler, second: RequestHandler): RequestHandler =>
  (req, res, next) =>
    first(req, res, () => second(req, res, next));

/** What a parser leaves. */
export const withBody: RequestHandler = (req, _res, next) => {
  Object.assign(req, { body: { user: "alice" } });
  next();
};

const withObject = (guard: (load: () => object) => RequestHandler) =>
  behind(
    withCaller,
    guard(() => ({})),
  );

/** Keys and the like may stand in an entry of `issuer` as well. */
const entry = (options: object, mode: Mode): unknown => {
  const { issuer: name, audience, ...keys } = issuer.options();
  return oauthGuard({ audience, issuer: [{ issuer: name, ...keys, ...options }], mode } as never);
};
const fetchFrom = (options: object) => (fetch: UserFunction, mode: Mode) =>
  oauthGuard({
    issuer: "https://issuer.test/",
    audience: "https://api.test/",
    ...options,
    keys: { fetch: fetch as never },
    mode,
  });

function flexible(methods: object): library.RateLimitStore {
  const answer = async () => ({ consumedPoints: 1, msBeforeNext: 1 });
  const calls = { consume: answer, get: answer, penalty: answer, reward: answer, set: answer };
  const limiter = { points: 100, duration: 60, ...calls, delete: answer, ...methods };
  return fromRateLimiterFlexible(limiter);
}

const ADMITTED = "1 99 0 600 0 0 -;";

/** A client of ioredis whose server does not know the script yet. */
function redisWith(methods: object): library.RateLimitStore {
  const evalsha = () => Promise.reject(new Error("NOSCRIPT No matching script."));
  const on = () => undefined;
  return redisStore({ status: "ready", connect: on, on, evalsha, eval: evalsha, ...methods });
}

const FIXED = { algorithm: "fixed-window" };
const stored = (store: library.RateLimitStore, mode: Mode, more: object = {}) =>
  rateLimit({ ...one, name: "a", store, onStoreError: "reject", mode, ...more });

/** A limiter of the door for express-rate-limit. Its store is one of a database, in memory. */
const compatible = (options: object, mode: Mode) =>
  expressRateLimit.rateLimit({ mode, ...options });
const fromIPv6: RequestHandler = (req, _res, next) => {
  Object.defineProperty(req, "ip", { value: "2001:db8::1" });
  next();
};
const hit = { totalHits: 1, resetTime: undefined };
const storeWith = (methods: object) => ({
  increment: () => hit,
  decrement: () => undefined,
  resetKey: () => undefined,
  ...methods,
});

/** The two kinds of functions that describe a part of the request. */
function partSites(part: "body" | "query" | "params" | "headers" | "cookies") {
  const value = { a: "1" };
  const headers = { cookie: "a=1" };
  const compiled: DecidingSite = {
    mount: (check, mode) => validate({ [part]: check, mode } as never),
    right: () => true,
    headers,
  };
  const standard: DecidingSite = {
    mount: (check, mode) =>
      validate({
        [part]: { "~standard": { version: 1, vendor: "test", validate: check } },
        ...(part === "body" || part === "query" ? { unknown: "allow" } : {}),
        mode,
      } as never),
    right: () => ({ value }),
    headers,
  };
  return { [`validate.${part}`]: compiled, [`validate.${part}.~standard.validate`]: standard };
}

const order = { resource: { type: "order", id: "1" } };
const asked = (engine: library.PolicyEngine, mode: Mode, question: unknown = () => order) =>
  behind(withCaller, authorize(policy(engine, question as () => typeof order), { mode }));
const POLICY = { code: "policy_unavailable" } as const;

/** The two engines that are asked over HTTP; no request is sent. */
function httpSites(
  name: string,
  create: (options: Partial<library.HttpEngineOptions>) => library.PolicyEngine,
) {
  const right = async () => Response.json({ decision: true, result: true });
  const token: DecidingSite = {
    mount: (give, mode) => asked(create({ token: give as () => string, fetch: right }), mode),
    right: () => "secret",
  };
  const fetching: DecidingSite = {
    mount: (fetch, mode) => asked(create({ fetch: fetch as never }), mode),
    right,
    deadline: 250,
    ...POLICY,
  };
  return { [`${name}.token`]: token, [`${name}.fetch`]: fetching };
}

/** What the rate of a request depends on. */
function rateSites(
  name: string,
  mount: (options: object, mode: Mode) => RequestHandler,
): Record<string, DecidingSite> {
  const rate = { limit: 100, window: "1m", burst: 9 };
  const site = (option: keyof typeof rate): DecidingSite => ({
    mount: (give, mode) => mount({ ...rate, [option]: give }, mode),
    right: () => rate[option],
  });
  return {
    [`${name}.limit`]: site("limit"),
    [`${name}.window`]: site("window"),
    [`${name}.burst`]: site("burst"),
    [`${name}.tier`]: {
      mount: (tier, mode) => mount({ tier, tiers: { free: one } }, mode),
      right: () => "free",
    },
  };
}

/** By option, as `functionOptions` names it. */
export const DECIDING: Readonly<Record<string, DecidingSite>> = {
  "loadShedding.priority": {
    mount: (priority, mode) => overloaded({ priority: priority as never, mode }),
    right: () => "critical",
  },
  "rateLimit.key": {
    mount: (key, mode) => rateLimit({ ...one, key, mode } as never),
    right: () => "alice",
  },
  "rateLimit.key, after the body": {
    mount: (key, mode) =>
      library.secureApi({
        auditLog: false,
        oauthGuard: false,
        secureHeaders: false,
        jsonBody: {},
        rateLimit: { ...one, phase: "after-body", match: "/*", key },
        mode,
      } as never),
    right: () => "alice",
  },
  "rateLimit.cost": {
    mount: (cost, mode) => rateLimit({ ...one, cost, mode } as never),
    right: () => 1,
  },
  "rateLimit.policies.key": {
    mount: (key, mode) =>
      rateLimit({
        policies: [
          { ...one, name: "a" },
          { ...one, name: "b", key },
        ],
        mode,
      } as never),
    right: () => "alice",
  },
  "rateLimit.policies.cost": {
    mount: (cost, mode) =>
      rateLimit({
        policies: [
          { ...one, name: "a" },
          { ...one, name: "b", cost },
        ],
        mode,
      } as never),
    right: () => 1,
  },
  ...rateSites("rateLimit", (options, mode) => rateLimit({ ...options, mode } as never)),
  ...rateSites("rateLimit.policies", (options, mode) =>
    rateLimit({ policies: [{ ...one, name: "a" }, options], mode } as never),
  ),
  "loginThrottle.user": {
    mount: (user, mode) =>
      behind(withBody, library.loginThrottle({ user: user as () => string, mode })),
    right: () => "alice",
  },
  "loginThrottle.store.consume": {
    mount: (consume, mode) =>
      behind(
        withBody,
        library.loginThrottle({
          user: () => "alice",
          store: {
            algorithms: ["sliding-log", "token-bucket"],
            soft: true,
            consume: consume as never,
            refund: async () => undefined,
            reset: async () => undefined,
          },
          onStoreError: "reject",
          mode,
        }),
      ),
    // As little as that is spent, nothing is delayed.
    right: () =>
      [4, 99, 99].map((remaining) => ({ allowed: true, remaining, retryAfterMs: 0, resetMs: 0 })),
    ...STORE,
  },
  "rateLimit.skip": {
    mount: (skip, mode) => rateLimit({ ...one, skip, mode } as never),
    right: () => true,
  },
  "rateLimit.store.consume": {
    mount: (consume, mode) => stored({ consume } as never, mode),
    right: () => [{ allowed: true, remaining: 1, retryAfterMs: 0, resetMs: 0 }],
    ...STORE,
  },
  "fromRateLimiterFlexible.consume": {
    mount: (consume, mode) => stored(flexible({ consume }), mode, FIXED),
    right: () => ({ consumedPoints: 1, msBeforeNext: 1 }),
    ...STORE,
  },
  "fromRateLimiterFlexible.get": {
    mount: (get, mode) => stored(flexible({ get }), mode, { ...FIXED, cost: () => 0 }),
    right: () => ({ consumedPoints: 1, msBeforeNext: 1 }),
    ...STORE,
  },
  "express-rate-limit: rateLimit.skip": {
    mount: (skip, mode) => compatible({ skip }, mode),
    right: () => true,
  },
  "express-rate-limit: rateLimit.keyGenerator": {
    mount: (keyGenerator, mode) => compatible({ keyGenerator }, mode),
    right: () => "alice",
  },
  "express-rate-limit: rateLimit.limit": {
    mount: (limit, mode) => compatible({ limit }, mode),
    right: () => 5,
  },
  "express-rate-limit: rateLimit.max": {
    mount: (max, mode) => compatible({ max }, mode),
    right: () => 5,
  },
  "express-rate-limit: rateLimit.ipv6Subnet": {
    mount: (ipv6Subnet, mode) => behind(fromIPv6, compatible({ ipv6Subnet }, mode)),
    right: () => 64,
  },
  "express-rate-limit: rateLimit.store.increment": {
    mount: (increment, mode) => compatible({ store: storeWith({ increment }) }, mode),
    right: () => hit,
    ...STORE,
  },
  "express-rate-limit: rateLimit.store.incr": {
    mount: (incr, mode) =>
      compatible(
        {
          store: {
            decrement: () => undefined,
            resetKey: () => undefined,
            // A function that calls back: with what it would return, at once or later.
            incr(key: never, done: (error: unknown, hits: unknown) => void) {
              const answer = incr(key);
              if (answer === hit) done(undefined, hit.totalHits);
              if (!(answer instanceof Promise)) return answer;
              return answer.then((later) => done(undefined, later?.totalHits));
            },
          },
        },
        mode,
      ),
    right: () => hit,
    ...STORE,
  },
  "redisStore.evalsha": {
    mount: (evalsha, mode) => stored(redisWith({ evalsha }), mode),
    right: () => ADMITTED,
    ...STORE,
  },
  "redisStore.eval": {
    mount: (evaluate, mode) => stored(redisWith({ eval: evaluate }), mode),
    right: () => ADMITTED,
    ...STORE,
  },
  "redisStore.evalSha": {
    mount: (evalSha, mode) => {
      const client = { isOpen: true, isReady: true, on: () => undefined, eval: evalSha, evalSha };
      return stored(redisStore(client), mode);
    },
    right: () => ADMITTED,
    ...STORE,
  },
  principalFrom: {
    mount: (derive, mode) => principalFrom(derive as never, { mode }),
    right: () => ({ subject: "alice" }),
  },
  "secureApi.authenticate": {
    mount: (derive, mode) =>
      library.secureApi({
        auditLog: false,
        oauthGuard: false,
        rateLimit: false,
        secureHeaders: { mode: "report", crossOriginGuard: false },
        authenticate: principalFrom(derive as never),
        mode,
      }),
    right: () => ({ subject: "alice" }),
  },
  ...ENRICHING,
  session: {
    mount: (derive, mode) => behind(withSession, session(derive as never, { mode })),
    right: () => ({ subject: "alice" }),
  },
  enrichPrincipal: {
    mount: (lookUp, mode) => behind(withCaller, enrichPrincipal(lookUp as never, { mode })),
    right: () => ({ roles: ["admin"] }),
  },
  when: {
    mount: (condition, mode) =>
      behind(
        withCaller,
        library.authorize(library.when("own record", condition as never), { mode }),
      ),
    right: () => true,
  },
  claim: {
    mount: (fits, mode) =>
      behind(withCaller, library.authorize(library.claim("level", fits as never), { mode })),
    right: () => true,
  },
  "enrichPrincipal, with a cache": {
    mount: (lookUp, mode) =>
      behind(withCaller, enrichPrincipal(lookUp as never, { mode, cache: { time: "1m" } })),
    right: () => ({ roles: ["admin"] }),
  },
  owner: {
    mount: (pick, mode) => withObject((load) => authorize(owner(pick as never), { load, mode })),
    right: () => "alice",
  },
  sameTenant: {
    mount: (pick, mode) =>
      withObject((load) => authorize(sameTenant(pick as never), { load, mode })),
    right: () => ["acme"],
  },
  "authorize.load": {
    mount: (load, mode) => behind(withCaller, authorize(owner("of"), { load, mode } as never)),
    right: () => ({ of: "alice" }),
  },
  "requireOwnership.load": {
    mount: (load, mode) =>
      behind(withCaller, requireOwnership({ load, owner: "of", mode } as never)),
    right: () => ({ of: ["alice"] }),
  },
  "requireOwnership.owner": {
    mount: (pick, mode) =>
      withObject((load) => requireOwnership({ load, owner: pick as never, mode })),
    right: () => "alice",
  },
  "allowFields.write": {
    mount: (write, mode) => allowFields({ write, mode } as never),
    right: () => ["a"],
  },
  "allowFields.read": {
    mount: (read, mode) => allowFields({ read, mode } as never),
    right: () => ["reached"],
  },
  "oauthGuard.jwks": {
    mount: (jwks, mode) => oauthGuard({ ...issuer.options(), jwks, mode } as never),
    right: () => issuer.jwks,
    ...KEYS,
  },
  "oauthGuard.issuer.jwks": {
    mount: (jwks, mode) => entry({ jwks }, mode),
    right: () => issuer.jwks,
    ...KEYS,
  },
  "oauthGuard.keys.fetch": {
    mount: fetchFrom({ jwksUri: "https://issuer.test/jwks" }),
    right: async () => Response.json(issuer.jwks),
    ...KEYS,
    retryAfter: "1",
  },
  "oauthGuard.keys.fetch, of metadata": {
    mount: fetchFrom({}),
    right: async (url: string) =>
      Response.json(
        url.endsWith("/jwks")
          ? issuer.jwks
          : { issuer: "https://issuer.test/", jwks_uri: "https://issuer.test/jwks" },
      ),
    ...KEYS,
    retryAfter: "1",
  },
  "oauthGuard.principal.kind": {
    mount: (kind, mode) => oauthGuard({ ...issuer.options(), principal: { kind }, mode } as never),
    right: () => "user",
    headers: token,
  },
  "oauthGuard.issuer.principal.kind": {
    mount: (kind, mode) => entry({ principal: { kind } }, mode),
    right: () => "user",
    headers: token,
  },
  policy: {
    mount: (question, mode) =>
      asked({ name: "a", decide: () => ({ allow: true }) }, mode, question),
    right: () => order,
  },
  "policy.decide": {
    mount: (decide, mode) => asked({ name: "a", decide: decide as never }, mode),
    right: () => ({ allow: true }),
  },
  ...httpSites("authzen", (options) => library.authzen({ url: "https://pdp.test", ...options })),
  ...httpSites("opa", (options) =>
    library.opa({ url: "https://opa.test", path: "a/allow", ...options }),
  ),
  "cedar.entities": {
    mount: (entities, mode) =>
      asked(
        cedar({ policies: "permit(principal, action, resource);", entities: entities as never }),
        mode,
      ),
    right: () => [],
  },
  "opaWasm.policy.evaluate": {
    mount: (evaluate, mode) => asked(opaWasm({ policy: { evaluate: evaluate as never } }), mode),
    right: () => [{ result: true }],
    synchronous: true,
    ...POLICY,
  },
  ...partSites("body"),
  ...partSites("query"),
  ...partSites("params"),
  ...partSites("headers"),
  ...partSites("cookies"),
  "validate.chains.run": {
    mount: (run, mode) => validate({ chains: [{ run }], unknown: "allow", mode } as never),
    right: (req) => body("a").optional().run(req),
  },
};
