import type { Express, Request, RequestHandler } from "express";
import type { Options, Store } from "express-rate-limit";
import request from "supertest";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  type RateLimitOptions,
  type RateLimitPolicy,
  rateLimit,
} from "../../src/rate-limit/index.js";
import { secureHeaders } from "../../src/secure-headers/index.js";
import { firstCells, versions } from "../support/rate-limit-guide.js";

type Fields = Readonly<Record<string, string>>;
const FIXED = { algorithm: "fixed-window" };
type Rows = Readonly<Record<string, () => unknown>>;

/** Options, as somebody writes them who has copied those of the old package. */
const wrong = (options: unknown) => () => rateLimit(options as RateLimitOptions);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date", "performance"] });
  vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
  // No jitter: Retry-After is as early as it may be.
  vi.spyOn(Math, "random").mockReturnValue(0);
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe.each(versions)("on Express %s, beside %s", (_major, name, express, old) => {
  const major = name.endsWith("-7") ? 7 : 8;
  const appOf = (...fronts: readonly RequestHandler[]): Express => {
    const app = express();
    app.set("env", "test").set("trust proxy", 1);
    app.use((req, res, next) => {
      Object.assign(req, { user: { id: Number(req.get("User") ?? 0) } });
      res.locals["known"] = true;
      next();
    });
    app.use(...fronts);
    app.use((req, res) => {
      const status = Number(req.get("Answer") ?? 200);
      if (status === 302) res.redirect("/elsewhere");
      else res.status(status).send(status === 304 ? undefined : "ok");
    });
    app.use(
      (
        error: Error,
        _req: unknown,
        res: { status(n: number): { send(t: string): void } },
        _next: unknown,
      ) => {
        res.status(500).send(`error handler: ${error.message}`);
      },
    );
    return app;
  };
  const theirs = (options: Partial<Options> = {}) =>
    appOf(old.rateLimit({ windowMs: 60_000, limit: 1, validate: false, ...options }));
  const ours = (options: object = {}) =>
    appOf(rateLimit({ limit: 1, window: "1m", ...options } as RateLimitOptions));
  const get = (app: Express, fields: Fields = {}, path = "/") => request(app).get(path).set(fields);
  /** The statuses of requests with these header fields, one after the other. */
  async function statuses(app: Express, ...sent: readonly Fields[]): Promise<readonly number[]> {
    const found: number[] = [];
    for (const fields of sent) found.push((await get(app, fields)).status);
    return found;
  }
  const answers = (app: Express, ...sent: readonly number[]) =>
    statuses(app, ...sent.map((status) => ({ Answer: String(status) })));
  const user = (id: number): Fields => ({ User: String(id) });
  const from = (address: string): Fields => ({ "X-Forwarded-For": address });
  const quotaFields = async (app: Express): Promise<Fields> => {
    const { headers } = await get(app);
    const found = Object.entries(headers as Fields);
    return Object.fromEntries(found.filter(([field]) => field.includes("ratelimit")));
  };
  const failing = () => {
    throw new Error("no connection");
  };
  const theirStore = (): Store => ({ increment: failing, decrement: failing, resetKey: failing });
  const ourStore = { consume: failing };
  const storing = (options: object = {}) => ours({ name: "all", store: ourStore, ...options });
  const spellings = ["/login", "/LOGIN", "//login", "/%6Cogin"];

  const DIFFERENCES: Rows = {
    windows: async () => {
      const [their, our] = [theirs({ limit: 100 }), ours({ limit: 100 })];
      const passed = async (app: Express, count: number): Promise<number> =>
        (await statuses(app, ...Array<Fields>(count).fill({}))).filter((one) => one === 200).length;
      for (const app of [their, our]) expect(await passed(app, 1)).toBe(1);
      vi.advanceTimersByTime(59_900);
      expect(await passed(their, 99)).toBe(99);
      expect(await passed(our, 101)).toBe(100);
      vi.advanceTimersByTime(600);
      expect(await passed(their, 100)).toBe(100);
      expect(await passed(our, 2)).toBe(1);
    },
    "`Retry-After`": async () => {
      const silent = theirs({ legacyHeaders: false });
      await statuses(silent, {}, {});
      expect((await get(silent).expect(429)).headers).not.toHaveProperty("retry-after");
      const [their, our] = [
        theirs({ limit: 2 }),
        ours({ limit: 2, headers: { ietf: false, legacy: false } }),
      ];
      for (const [app, seconds] of [
        [their, "60"],
        [our, "30"],
      ] as const) {
        await statuses(app, {}, {});
        expect((await get(app).expect(429)).headers["retry-after"]).toBe(seconds);
      }
    },
    "what is refused": async () => {
      const limiter = (limit: number, windowMs: number) =>
        old.rateLimit({ limit, windowMs, validate: false });
      const their = appOf(limiter(3, 3_600_000), limiter(1, 1000));
      const policies = [
        { name: "a", limit: 3, window: "1h" },
        { name: "b", limit: 1, window: "1s" },
      ];
      const our = appOf(rateLimit({ policies }));
      for (const app of [their, our])
        expect(await statuses(app, {}, {}, {})).toEqual([200, 429, 429]);
      vi.advanceTimersByTime(1000);
      expect(await statuses(their, {})).toEqual([429]);
      expect(await statuses(our, {})).toEqual([200]);
    },
    "a success, with `skipSuccessfulRequests`": async () => {
      for (const [status, their, our] of [
        [200, 200, 200],
        [304, 304, 304],
        [302, 302, 429],
        [401, 429, 429],
        [500, 429, 429],
      ] as const) {
        expect(await answers(theirs({ skipSuccessfulRequests: true }), status, status)).toEqual([
          status,
          their,
        ]);
        expect(await answers(ours({ count: "failures" }), status, status)).toEqual([status, our]);
      }
    },
    "spellings of a path (`/LOGIN`, `//login`, `/%6Cogin`)": async () => {
      const skip = (req: { path: string }) => req.path !== "/login";
      const [their, our] = [theirs({ skip }), ours({ match: "/login" })];
      for (const path of spellings) await get(their, {}, path).expect(200);
      await get(our, {}, "/login").expect(200);
      for (const path of spellings) await get(our, {}, path).expect(429);
    },
    "preflights that `secureHeaders` answers": async () => {
      const limiter = rateLimit({ limit: 1, window: "1m", preflight: { limit: 2, window: "1m" } });
      const cors = { origins: ["https://app.example.com"] };
      const app = appOf(limiter.preflight, secureHeaders({ cors }), limiter);
      const preflight = () =>
        request(app).options("/").set({
          Origin: "https://app.example.com",
          "Access-Control-Request-Method": "PUT",
        });
      for (let n = 0; n < 2; n += 1) await preflight().expect(204);
      await preflight().expect(429);
      await get(app).expect(200);
    },
  };

  const OPTIONS: Rows = {
    "no options: 5 requests per minute": async () => {
      const app = appOf(old.rateLimit());
      vi.spyOn(console, "error").mockImplementation(() => undefined);
      expect(await statuses(app, {}, {}, {}, {}, {}, {})).toEqual([200, 200, 200, 200, 200, 429]);
      expect(wrong({})).toThrow(/rateLimit\.limit must [\s\S]*rateLimit\.window must /);
    },
    "`windowMs: 60_000`": async () => {
      for (const app of [theirs(), ours()]) {
        expect(await statuses(app, {}, {})).toEqual([200, 429]);
        vi.advanceTimersByTime(60_000);
        expect(await statuses(app, {})).toEqual([200]);
      }
      expect(wrong({ limit: 1, windowMs: 60_000 })).toThrow('60000 is "1m"');
      for (const window of ["500ms", "367d", 60_000]) {
        expect(wrong({ limit: 1, window })).toThrow("rateLimit.window must be a duration");
      }
      vi.useRealTimers();
      const month = theirs({ windowMs: 40 * 86_400_000 });
      await get(month).expect(200);
      await new Promise((resolve) => setTimeout(resolve, 20));
      await get(month).expect(200);
      expect(await statuses(ours({ window: "40d" }), {}, {})).toEqual([200, 429]);
    },
    "`limit: 100`, `max: 100`": async () => {
      const { limit: _limit, ...withMax } = { limit: 0, max: 1 };
      for (const app of [
        theirs({ limit: 1 }),
        appOf(old.rateLimit({ ...withMax, validate: false })),
        ours(),
      ]) {
        expect(await statuses(app, {}, {})).toEqual([200, 429]);
      }
      expect(wrong({ max: 1, window: "1m" })).toThrow('did you mean "limit"?');
    },
    "`limit: 0`, which blocks everybody": async () => {
      expect(await statuses(theirs({ limit: 0 }), {})).toEqual([429]);
      expect(await statuses(ours({ limit: "none", window: undefined }), {})).toEqual([429]);
      expect(wrong({ limit: 0, window: "1m" })).toThrow("rateLimit.limit must be");
    },
    "`limit: (req) => …`": async () => {
      const paying = (req: { get(name: string): string | undefined }) => req.get("User") === "7";
      const their = theirs({ limit: (req) => (paying(req) ? 3 : 1) });
      const our = ours({ limit: (req: Request) => (paying(req) ? 3 : 1) });
      const paid = { ...user(7), ...from("192.0.2.7") };
      for (const app of [their, our]) {
        const found = await statuses(app, {}, {}, paid, paid, paid, paid);
        expect(found).toEqual([200, 429, 200, 200, 200, 429]);
      }
    },
    '`standardHeaders: "draft-6"`, `"draft-7"`': async () => {
      const six = await quotaFields(theirs({ standardHeaders: "draft-6", legacyHeaders: false }));
      expect(Object.keys(six).sort()).toEqual([
        "ratelimit-limit",
        "ratelimit-policy",
        "ratelimit-remaining",
        "ratelimit-reset",
      ]);
      const seven = await quotaFields(theirs({ standardHeaders: "draft-7", legacyHeaders: false }));
      expect(seven["ratelimit"]).toBe("limit=1, remaining=0, reset=60");
      const ourFields = (ietf: string) =>
        quotaFields(ours({ ...FIXED, headers: { ietf, legacy: false } }));
      expect(Object.keys(await ourFields("draft-6")).sort()).toEqual(Object.keys(six).sort());
      expect((await ourFields("draft-7"))["ratelimit"]).toBe("limit=1, remaining=0, reset=60");
    },
    '`standardHeaders: "draft-8"`': async () => {
      const their = theirs({ standardHeaders: "draft-8", identifier: "all", limit: 100 });
      const our = ours({ name: "all", limit: 100 });
      expect((await quotaFields(their))["ratelimit-policy"]).toMatch(/^"all"; q=100; w=60; pk=:/);
      expect((await quotaFields(our))["ratelimit-policy"]).toBe('"all";q=100;w=60');
      for (const app of [their, our]) await statuses(app, ...Array<Fields>(48).fill({}));
      expect((await quotaFields(their))["ratelimit"]).toBe('"all"; r=50; t=60');
      expect((await quotaFields(our))["ratelimit"]).toBe('"all";r=50;t=30');
      const eight = ours({ name: "all", limit: 100, headers: { ietf: "draft-8" } });
      expect((await quotaFields(eight))["ratelimit-policy"]).toMatch(/^"all"; ?q=100; ?w=60$/);
    },
    "`standardHeaders: false`, its default": async () => {
      const names = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"];
      for (const app of [theirs(), ours({ headers: { ietf: false } })]) {
        expect(Object.keys(await quotaFields(app)).sort()).toEqual(names);
      }
    },
    "`legacyHeaders: true`, its default": async () => {
      const reset = String(Math.ceil(Date.now() / 1000) + 60);
      const expected = {
        "x-ratelimit-limit": "1",
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": reset,
      };
      for (const app of [theirs(), ours()]) expect(await quotaFields(app)).toMatchObject(expected);
    },
    "`legacyHeaders: false`": async () => {
      const off = [theirs({ legacyHeaders: false }), ours({ headers: { legacy: false } })];
      for (const app of off) {
        expect(Object.keys(await quotaFields(app)).filter((field) => /^x-/.test(field))).toEqual(
          [],
        );
      }
    },
    "`identifier`": async () => {
      expect((await quotaFields(ours({ name: "mine" })))["ratelimit-policy"]).toMatch(/^"mine";/);
      expect(wrong({ limit: 1, window: "1m", identifier: "mine" })).toThrow('"name"');
    },
    "`message`": async () => {
      const onDenied: RateLimitOptions["onDenied"] = (error, _req, res) => {
        res.status(error.status).json({ error: "slow down" });
      };
      for (const app of [theirs({ message: { error: "slow down" } }), ours({ onDenied })]) {
        await get(app).expect(200);
        const { headers } = await get(app).expect(429, { error: "slow down" });
        expect(headers["retry-after"]).toBe("60");
        expect(headers["x-ratelimit-limit"]).toBe("1");
      }
    },
    "`statusCode: 503`": async () => {
      const onDenied: RateLimitOptions["onDenied"] = (_error, _req, res) => {
        res.status(503).send("busy");
      };
      for (const app of [theirs({ statusCode: 503 }), ours({ onDenied })]) {
        expect(await statuses(app, {}, {})).toEqual([200, 503]);
      }
    },
    "`handler: (req, res, next, options) => …`": async () => {
      const their = theirs({ handler: (_req, _res, next) => next(new Error("mine")) });
      const our = ours({
        onDenied: (_error: unknown, _req: unknown, _res: unknown, next: (e: Error) => void) =>
          next(new Error("mine")),
      });
      await get(their).expect(200);
      await get(their).expect(500, "error handler: mine");
      await get(our).expect(200);
      await get(our).expect(500, "error handler: mine");
    },
    "a `handler` that calls `next()`, so that the request passes": async () => {
      const pass = (...given: readonly unknown[]) => (given[2] as () => void)();
      const onDenied = (...given: readonly unknown[]) => (given[3] as () => void)();
      expect(await statuses(theirs({ handler: pass }), {}, {})).toEqual([200, 200]);
      // The error handler of this app answers everything with 500.
      const refused = ours({ onDenied });
      await get(refused).expect(200);
      expect((await get(refused)).status).not.toBe(200);
      expect(await statuses(ours({ mode: "report" }), {}, {})).toEqual([200, 200]);
    },
    "`keyGenerator: (req, res) => …`": async () => {
      const their = theirs({ keyGenerator: async (req) => req.get("User") ?? "" });
      const our = ours({ key: async (req: { get(n: string): string }) => req.get("User") });
      for (const app of [their, our]) {
        expect(await statuses(app, user(1), user(2), user(1))).toEqual([200, 200, 429]);
      }
    },
    "a `keyGenerator` that returns a number": async () => {
      const id = (req: object) => (req as { user: { id: number } }).user.id;
      const their = theirs({ keyGenerator: (req) => id(req) as unknown as string });
      const our = ours({ key: (req: object) => String(id(req)) });
      for (const app of [their, our]) {
        expect(await statuses(app, user(1), user(2), user(1))).toEqual([200, 200, 429]);
      }
      vi.mocked(process.emitWarning).mockClear();
      expect(await statuses(ours({ key: id }), user(1))).toEqual([503]);
      const told = JSON.stringify(vi.mocked(process.emitWarning).mock.calls);
      expect(told).toContain("must return a string, as String(…) makes of a number, or undefined");
    },
    "a `keyGenerator` that returns `undefined`: all such callers share one quota": async () => {
      const nobody = () => undefined as unknown as string;
      const sent = [from("192.0.2.1"), from("192.0.2.2"), from("192.0.2.1")];
      expect(await statuses(theirs({ keyGenerator: nobody }), ...sent)).toEqual([200, 429, 429]);
      expect(await statuses(ours({ key: nobody }), ...sent)).toEqual([200, 200, 429]);
    },
    "`ipKeyGenerator(req.ip)` in a `keyGenerator`": async () => {
      const app = ours({ key: (req: { get(n: string): string | undefined }) => req.get("User") });
      const sent = [
        from("2001:db8::1"),
        from("2001:db8::2"),
        { ...from("2001:db8::1"), ...user(1) },
      ];
      expect(await statuses(app, ...sent)).toEqual([200, 429, 200]);
    },
    "`ipv6Subnet: 56`, its default since 8": async () => {
      const sent = [
        from("2001:db8:0:100::1"),
        from("2001:db8:0:1ff::2"),
        from("2001:db8:0:200::1"),
      ];
      const shared = [200, 429, 200];
      expect(await statuses(theirs(), ...sent)).toEqual(major === 7 ? [200, 200, 200] : shared);
      for (const app of [ours(), ours({ ipv6Prefix: 56 })]) {
        expect(await statuses(app, ...sent)).toEqual(shared);
      }
      expect(wrong({ limit: 1, window: "1m", ipv6Subnet: 56 })).toThrow("ipv6Prefix");
    },
    "`ipv6Subnet: false`": async () => {
      const sent = [from("2001:db8::1"), from("2001:db8::2"), from("2001:db8::1")];
      const options = { ipv6Subnet: false } as Partial<Options>;
      for (const app of [theirs(options), ours({ ipv6Prefix: 128 })]) {
        expect(await statuses(app, ...sent)).toEqual([200, 200, 429]);
      }
    },
    "`skip: (req, res) => …`": async () => {
      const skip = async (req: { get(n: string): string | undefined }) => req.get("User") === "1";
      for (const app of [theirs({ skip }), ours({ skip })]) {
        expect(await statuses(app, user(1), user(1), {}, {})).toEqual([200, 200, 200, 429]);
      }
      const careless = () => undefined as unknown as boolean;
      expect(await statuses(theirs({ skip: careless }), {})).toEqual([200]);
      expect(await statuses(ours({ skip: careless }), {})).toEqual([503]);
    },
    "`skipSuccessfulRequests: true`": async () => {
      for (const app of [theirs({ skipSuccessfulRequests: true }), ours({ count: "failures" })]) {
        expect(await answers(app, 200, 200, 401, 200)).toEqual([200, 200, 401, 429]);
      }
    },
    "`skipFailedRequests: true`": async () => {
      const count = "successes";
      const policies: RateLimitPolicy[] = [
        { name: "done", limit: 1, window: "1m", count },
        { name: "all", limit: 4, window: "1m" },
      ];
      for (const app of [theirs({ skipFailedRequests: true }), ours({ count })]) {
        expect(await answers(app, 401, 500, 404, 200, 200)).toEqual([401, 500, 404, 200, 429]);
      }
      const both = appOf(rateLimit({ policies }));
      expect(await answers(both, 401, 401, 401, 401, 401)).toEqual([401, 401, 401, 401, 429]);
    },
    "`requestWasSuccessful`, with `skipSuccessfulRequests`": async () => {
      const their = theirs({
        skipSuccessfulRequests: true,
        requestWasSuccessful: (_req, res) => res.statusCode !== 401,
      });
      const count: RateLimitOptions["count"] = (_req, res) => res.statusCode === 401;
      for (const app of [their, ours({ count })]) {
        expect(await answers(app, 302, 500, 401, 200)).toEqual([302, 500, 401, 429]);
      }
    },
    "`store`": () => {
      const sentence = "a store of express-rate-limit cannot be used";
      expect(wrong({ name: "all", limit: 1, window: "1m", store: theirStore() })).toThrow(sentence);
    },
    "`passOnStoreError: true`": async () => {
      const their = theirs({ store: theirStore(), passOnStoreError: true });
      vi.spyOn(console, "error").mockImplementation(() => undefined);
      expect(await statuses(their, {}, {})).toEqual([200, 200]);
      expect(await statuses(storing(), {}, {})).toEqual([200, 429]);
    },
    "`passOnStoreError: false`, its default: the error goes to the error handler": async () => {
      await get(theirs({ store: theirStore() })).expect(500, "error handler: no connection");
      const { body } = await get(storing({ onStoreError: "reject" })).expect(503);
      expect(body.code).toBe("rate_limit_unavailable");
    },
    "`validate`": async () => {
      const errors = vi.spyOn(console, "error").mockImplementation(() => undefined);
      const warnings = vi.mocked(process.emitWarning);
      const app = (front: RequestHandler) => appOf(front).set("trust proxy", true);
      await get(app(old.rateLimit({ limit: 1 })), from("192.0.2.1")).expect(200);
      expect(String(errors.mock.calls)).toContain("ERR_ERL_PERMISSIVE_TRUST_PROXY");
      warnings.mockClear();
      await get(app(rateLimit({ limit: 1, window: "1m" })), from("192.0.2.1")).expect(200);
      expect(JSON.stringify(warnings.mock.calls)).toContain("PERMISSIVE_TRUST_PROXY");
      expect(wrong({ limit: 1, window: "1m", validate: false })).toThrow(
        "wrong options are errors",
      );
    },
    "`logger`": () => {
      expect(wrong({ limit: 1, window: "1m", logger: console })).toThrow("audit log");
    },
    "`requestPropertyName`, `req.rateLimit`": async () => {
      const seen: unknown[] = [];
      const look: RequestHandler = (req, res, next) => {
        seen.push(
          (req as { rateLimit?: object }).rateLimit,
          res.getHeader("X-RateLimit-Remaining"),
        );
        next();
      };
      await get(appOf(old.rateLimit({ limit: 3, validate: false }), look)).expect(200);
      expect(seen).toEqual([expect.objectContaining({ limit: 3, remaining: 2 }), "2"]);
      seen.length = 0;
      await get(appOf(rateLimit({ limit: 3, window: "1m" }), look)).expect(200);
      expect(seen.map(String)).toEqual(["undefined", "2"]);
    },
    "`resetKey()`, `getKey()`": () => {
      expect(old.rateLimit({ validate: false })).toHaveProperty("resetKey");
      const limiter = rateLimit({ limit: 1, window: "1m" });
      expect(limiter).not.toHaveProperty("resetKey");
      expect(limiter.reset).toBeInstanceOf(Function);
      expect(limiter.peek).toBeInstanceOf(Function);
    },
  };

  const tables = [
    ["What counts differently", DIFFERENCES],
    ["Each option", OPTIONS],
  ] as const;
  const cells = tables.flatMap(([heading, rows]) =>
    firstCells(heading).map((cell) => [heading, cell, rows] as const),
  );

  it.each(cells)("%s: %s", async (_heading, cell, rows) => {
    expect(rows).toHaveProperty([cell]);
    await rows[cell]?.();
  });

  it.each(tables)("%s: has no check without a row", (heading, rows) => {
    expect(Object.keys(rows)).toEqual(firstCells(heading));
  });
});
