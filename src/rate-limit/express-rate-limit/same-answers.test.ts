import type { Express, Request, Response } from "express";
import * as theirs from "express-rate-limit";
import request from "supertest";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import * as ours from "./index.js";

/** What apps import, of either package. */
type Entry = typeof theirs;
type Options = Partial<theirs.Options>;

/** One request of a case: what it sends, or how much time passes before the next one. */
type Step = number | { readonly path?: string; readonly fields?: Readonly<Record<string, string>> };

interface Case {
  readonly options: Options | ((entry: Entry) => Options);
  readonly steps?: readonly Step[];
}

const MINUTE = 60_000;
const from = (address: string): Step => ({ fields: { "X-Forwarded-For": address } });
const as = (user: string): Step => ({ fields: { User: user } });
const answered = (status: number): Step => ({ fields: { Answer: String(status) } });
const THREE: readonly Step[] = [{}, 1500, {}, {}];
const userOf = (req: Request) => req.get("User") ?? "nobody";
const later = async <T>(value: T): Promise<T> => {
  await new Promise((resolve) => setImmediate(resolve));
  return value;
};

/** Counts in a map, as the stores of other packages do in a database. */
function storeOf(more: object = {}): theirs.Store {
  const hits = new Map<string, number>();
  const end = new Date(Date.now() + MINUTE);
  return {
    increment: (key) => {
      hits.set(key, (hits.get(key) ?? 0) + 1);
      return { totalHits: hits.get(key) ?? 0, resetTime: end };
    },
    decrement: (key) => void hits.set(key, (hits.get(key) ?? 0) - 1),
    resetKey: (key) => void hits.delete(key),
    ...more,
  };
}

function legacyStore(): theirs.LegacyStore {
  let hits = 0;
  const end = new Date(Date.now() + MINUTE);
  return {
    incr: (_key, callback) => {
      hits += 1;
      setImmediate(() => callback(undefined, hits, end));
    },
    decrement: () => {
      hits -= 1;
    },
    resetKey: () => {
      hits = 0;
    },
  };
}

const HEADERS = {
  "no options": { options: {}, steps: Array<Step>(7).fill({}) },
  "standardHeaders true": { options: { limit: 1, standardHeaders: true } },
  "standardHeaders false": { options: { limit: 1, standardHeaders: false } },
  "no header fields": { options: { limit: 1, legacyHeaders: false } },
  "headers false": { options: { limit: 1, headers: false, standardHeaders: "draft-7" } },
  "headers false beside legacyHeaders": { options: { headers: false, legacyHeaders: true } },
  "a window of parts of a second": {
    options: { windowMs: 1500.5, limit: 1, standardHeaders: "draft-8" },
    steps: [{}, 700, {}, 900, {}],
  },
  "a window of 90 seconds": { options: { windowMs: 90_000, standardHeaders: "draft-8" } },
  "a window of two hours": { options: { windowMs: 7_200_000, standardHeaders: "draft-8" } },
  "a window of three days": { options: { windowMs: 259_200_000, standardHeaders: "draft-8" } },
  "a window of an hour": { options: { windowMs: 3_600_000, standardHeaders: "draft-8" } },
  "a window of a day": { options: { windowMs: 86_400_000, standardHeaders: "draft-8" } },
  identifier: { options: { identifier: "api", standardHeaders: "draft-8" } },
  "identifier, a function": {
    options: {
      standardHeaders: "draft-8",
      identifier: (req) =>
        `${(req as unknown as { rateLimit: { limit: number } }).rateLimit.limit} for ${userOf(req)}`,
    },
  },
  "identifier, asynchronous": {
    options: { standardHeaders: "draft-8", identifier: () => later("api") },
  },
  retryAfter: { options: { limit: 1, retryAfter: 7 } },
  "retryAfter without header fields": {
    options: { limit: 1, retryAfter: 7, legacyHeaders: false },
  },
  "retryAfter, a function": { options: { limit: 1, retryAfter: () => 8 } },
  "retryAfter, asynchronous": { options: { limit: 1, retryAfter: () => later(9) } },
} satisfies Readonly<Record<string, Case>>;

const LIMITS = {
  "limit 0": { options: { limit: 0 } },
  "max 0": { options: { max: 0, standardHeaders: "draft-6" } },
  max: { options: { max: 2 } },
  "limit beside max": { options: { max: 1, limit: 2 } },
  "limit Infinity": { options: { limit: Number.POSITIVE_INFINITY } },
  "limit with a fraction": { options: { limit: 1.5 } },
  "limit, a function": {
    options: { limit: (req) => (userOf(req) === "a" ? 1 : 2) },
    steps: [as("a"), as("a"), as("b")],
  },
  "max, asynchronous": { options: { max: () => later(1) } },
  undefined: {
    options: { limit: undefined, windowMs: undefined, store: undefined } as unknown as Options,
  },
  "the next window": { options: { limit: 1 }, steps: [{}, {}, MINUTE - 1, {}, 1, {}, {}] },
} satisfies Readonly<Record<string, Case>>;

const REFUSALS = {
  "message, a text": { options: { limit: 0, message: "slow down" } },
  "message, an object": { options: { limit: 0, message: { error: "slow down" } } },
  "message, a list": { options: { limit: 0, message: ["slow", "down"] } },
  "message, bytes": { options: { limit: 0, message: Buffer.from("slow down") } },
  "message, null": { options: { limit: 0, message: null } },
  "message, empty": { options: { limit: 0, message: "" } },
  "message, a promise": { options: { limit: 0, message: Promise.resolve("lost") } },
  "message, a function": {
    options: { limit: 0, message: (req: Request) => `slow down, ${userOf(req)}` },
  },
  "message, asynchronous": { options: { limit: 0, message: () => later({ error: "slow down" }) } },
  "message, a function that answers": {
    options: { limit: 0, message: (_req: Request, res: Response) => void res.end("by itself") },
  },
  statusCode: { options: { limit: 0, statusCode: 503 } },
  "statusCode 200": { options: { limit: 0, statusCode: 200 } },
  handler: {
    options: {
      limit: 0,
      statusCode: 420,
      message: "slow down",
      handler: (req, res, _next, used) => {
        const { statusCode, message, windowMs, limit, requestPropertyName, legacyHeaders } = used;
        const info = (req as unknown as Record<string, unknown>)[requestPropertyName];
        res.status(statusCode).json({ message, windowMs, limit, legacyHeaders, info });
      },
    },
  },
  "handler, asynchronous": {
    options: {
      limit: 0,
      handler: async (_req, res) => void res.status(418).send(await later("tea")),
    },
  },
  "handler that calls next": { options: { limit: 0, handler: (_req, _res, next) => next() } },
  "handler that calls next later": {
    options: { limit: 0, handler: (_req, _res, next) => void setImmediate(next) },
  },
  "handler that calls next with an error": {
    options: { limit: 0, handler: (_req, _res, next) => next(new Error("slow down")) },
  },
} satisfies Readonly<Record<string, Case>>;

const KEYS = {
  "skip, a function": {
    options: { limit: 1, skip: (req) => userOf(req) === "a" },
    steps: [as("a"), as("a"), {}, {}],
  },
  "skip, asynchronous": {
    options: { limit: 0, skip: (req) => later(userOf(req) === "a") },
    steps: [as("a"), {}],
  },
  "skip that returns a text": { options: { limit: 0, skip: (req) => userOf(req) as never } },
  "skip that returns nothing": { options: { limit: 0, skip: () => undefined as never } },
  "skip that returns an object": { options: { limit: 0, skip: (req) => req as never } },
  keyGenerator: { options: { limit: 1, keyGenerator: userOf }, steps: [as("a"), as("a"), as("b")] },
  "keyGenerator, asynchronous": {
    options: { limit: 1, keyGenerator: (req) => later(userOf(req)) },
    steps: [as("a"), as("a"), as("b")],
  },
  "keyGenerator that returns an empty text": { options: { limit: 1, keyGenerator: () => "" } },
  "keyGenerator with ipKeyGenerator": {
    options: ({ ipKeyGenerator }) => ({
      limit: 1,
      keyGenerator: (req) => ipKeyGenerator(req.ip ?? ""),
    }),
    steps: [from("2001:db8::1"), from("2001:db8::2"), from("2001:db8:0:1ff::1")],
  },
  "an IPv6 network": {
    options: { limit: 1 },
    steps: [from("2001:db8:0:100::1"), from("2001:db8:0:1ff::2"), from("2001:db8:0:200::1")],
  },
  "an IPv4-mapped address": {
    options: { limit: 1 },
    steps: [from("::ffff:192.0.2.1"), from("192.0.2.1"), from("::ffff:192.0.2.2")],
  },
  "ipv6Subnet 64": {
    options: { limit: 1, ipv6Subnet: 64 },
    steps: [from("2001:db8:0:100::1"), from("2001:db8:0:100::2"), from("2001:db8:0:101::1")],
  },
  "ipv6Subnet 60": {
    options: { limit: 1, ipv6Subnet: 60 },
    steps: [from("2001:db8:0:10f::1"), from("2001:db8:0:100::2")],
  },
  "ipv6Subnet false": {
    options: { limit: 1, ipv6Subnet: false },
    steps: [from("2001:db8::1"), from("2001:db8::1"), from("2001:db8::2")],
  },
  "ipv6Subnet, a function": {
    options: { limit: 1, ipv6Subnet: () => 48 },
    steps: [from("2001:db8:0:100::1"), from("2001:db8:0:200::2"), from("192.0.2.1")],
  },
  "ipv6Subnet, asynchronous": {
    options: { limit: 1, ipv6Subnet: () => later(48) },
    steps: [from("2001:db8:0:100::1"), from("2001:db8:0:200::2")],
  },
  requestPropertyName: { options: { requestPropertyName: "quota" } },
} satisfies Readonly<Record<string, Case>>;

const MIXED: readonly Step[] = [200, 304, 302, 400, 500, 200, 404].map(answered);
const COUNTS = {
  skipSuccessfulRequests: { options: { limit: 3, skipSuccessfulRequests: true }, steps: MIXED },
  skipFailedRequests: { options: { limit: 3, skipFailedRequests: true }, steps: MIXED },
  "skip all": {
    options: { limit: 0, skipFailedRequests: true, skipSuccessfulRequests: true },
    steps: MIXED,
  },
  requestWasSuccessful: {
    options: {
      limit: 3,
      skipSuccessfulRequests: true,
      requestWasSuccessful: (_req, res) => res.statusCode === 302,
    },
    steps: MIXED,
  },
  "requestWasSuccessful, asynchronous": {
    options: {
      limit: 3,
      skipFailedRequests: true,
      requestWasSuccessful: (_req, res) => later(res.statusCode === 302),
    },
    steps: MIXED,
  },
  "requestWasSuccessful alone": {
    options: { limit: 3, requestWasSuccessful: () => true },
    steps: MIXED,
  },
  "a store": { options: () => ({ limit: 1, store: storeOf(), standardHeaders: "draft-7" }) },
  "an asynchronous store": {
    options: () => {
      const store = storeOf();
      return {
        limit: 1,
        store: { ...store, increment: (key: string) => later(store.increment(key) as never) },
      };
    },
  },
  "a store without times": {
    options: () => ({
      limit: 1,
      store: storeOf({ increment: () => ({ totalHits: 2, resetTime: undefined }) }),
      standardHeaders: "draft-8",
    }),
  },
  "a store of the time before 6": {
    options: () => ({ limit: 1, store: legacyStore(), standardHeaders: "draft-6" }),
  },
  "a store of its own memory": {
    options: ({ MemoryStore }) => ({ limit: 1, store: new MemoryStore() }),
  },
  "a store that takes back": {
    options: () => ({ limit: 3, store: storeOf(), skipFailedRequests: true }),
    steps: MIXED,
  },
  "a store that fails, passOnStoreError": {
    options: () => ({
      limit: 0,
      passOnStoreError: true,
      store: storeOf({ increment: () => Promise.reject(new Error("down")) }),
      logger: QUIET,
    }),
  },
  "a store that cannot take back": {
    options: () => ({
      limit: 2,
      skipSuccessfulRequests: true,
      store: storeOf({ decrement: () => Promise.reject(new Error("down")) }),
      logger: QUIET,
    }),
    steps: MIXED,
  },
  "a store that cannot start": {
    options: () => ({
      limit: 2,
      store: storeOf({ init: () => Promise.reject(new Error("down")) }),
      logger: QUIET,
    }),
  },
} satisfies Readonly<Record<string, Case>>;
const QUIET = { error: () => undefined, warn: () => undefined };

/** Every draft with each kind of limit. */
const DRAFTS = (["draft-6", "draft-7", "draft-8"] as const).flatMap((standardHeaders) =>
  [true, false].map(
    (legacyHeaders) =>
      [
        `${standardHeaders}, legacyHeaders ${legacyHeaders}`,
        {
          options: { limit: 2, standardHeaders, legacyHeaders },
          steps: [...THREE, 58_000, {}, 2000, {}],
        },
      ] as const,
  ),
);

const CASES: readonly (readonly [string, Case])[] = [
  ...DRAFTS,
  ...[HEADERS, LIMITS, REFUSALS, KEYS, COUNTS].flatMap((cases) => Object.entries(cases)),
];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date", "performance"], now: new Date("2026-01-01T00:00:00.250Z") });
  vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
  for (const method of ["warn", "error"] as const)
    vi.spyOn(console, method).mockImplementation(() => undefined);
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe.each(expressVersions)(
  "the entry for express-rate-limit, on Express %s",
  (_major, express) => {
    function appOf(...limiters: readonly ReturnType<Entry["rateLimit"]>[]): Express {
      const app = express();
      app.set("env", "test").set("trust proxy", true);
      app.use(...limiters);
      app.use((req: Request, res: Response) => {
        const { rateLimit, quota } = req as unknown as Record<
          string,
          { key?: unknown; current?: unknown }
        >;
        const status = Number(req.get("Answer") ?? 200);
        const seen = {
          rateLimit,
          quota,
          current: rateLimit?.current,
          enumerated: Object.keys(rateLimit ?? {}),
        };
        if (status === 302) res.redirect("/elsewhere");
        else res.status(status).json(status === 304 ? undefined : seen);
      });
      app.use((error: Error, _req: Request, res: Response, _next: unknown) => {
        res.status(500).send(`error handler: ${error.message}`);
      });
      return app;
    }

    async function answers(entry: Entry, { options, steps = THREE }: Case): Promise<unknown> {
      vi.setSystemTime(new Date("2026-01-01T00:00:00.250Z"));
      const limiter = entry.rateLimit(typeof options === "function" ? options(entry) : options);
      const app = appOf(limiter);
      const found: unknown[] = [];
      for (const step of steps) {
        if (typeof step === "number") vi.advanceTimersByTime(step);
        else {
          const { status, headers, text } = await request(app)
            .get(step.path ?? "/")
            .set(step.fields ?? {});
          // Without a reset, it is the one of Node.js, which keeps it for a second of its own.
          if (headers["x-ratelimit-reset"] === undefined) delete headers["date"];
          found.push({ status, headers, text });
          // What is taken back after the answer takes some turns.
          await later(await later(undefined));
        }
      }
      return found;
    }

    it.each(CASES)("answers as express-rate-limit does: %s", async (_name, one) => {
      const expected = await answers(theirs, one);
      expect(await answers(ours as unknown as Entry, one)).toEqual(expected);
    });

    it("sends the fields of several limiters as express-rate-limit does", async () => {
      const found = [];
      for (const { rateLimit } of [theirs, ours as unknown as Entry]) {
        vi.setSystemTime(new Date("2026-01-01T00:00:00.250Z"));
        const one = rateLimit({ limit: 5, standardHeaders: "draft-8", identifier: "one" });
        const two = rateLimit({ limit: 3, windowMs: 1000, standardHeaders: "draft-8" });
        const { status, headers, text } = await request(appOf(one, two)).get("/");
        found.push({ status, headers, text });
      }
      expect(found[1]).toEqual(found[0]);
    });

    it("tells and forgets the hits of a key", async () => {
      for (const { rateLimit } of [theirs, ours as unknown as Entry]) {
        const limiter = rateLimit({ limit: 1, keyGenerator: userOf });
        const app = appOf(limiter);
        expect(await limiter.getKey("a")).toBeUndefined();
        await request(app).get("/").set("User", "a").expect(200);
        await request(app).get("/").set("User", "a").expect(429);
        const resetTime = new Date(Date.now() + MINUTE);
        expect(await limiter.getKey("a")).toEqual({ totalHits: 2, resetTime });
        await limiter.resetKey("a");
        expect(await limiter.getKey("a")).toBeUndefined();
        await request(app).get("/").set("User", "a").expect(200);
        const without = rateLimit({ store: storeOf() });
        expect(() => without.getKey("a")).toThrow(Error);
      }
    });
  },
);
