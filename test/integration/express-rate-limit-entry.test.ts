import type { ErrorRequestHandler, Express, Request, RequestHandler, Response } from "express";
import * as theirs from "express-rate-limit";
import request from "supertest";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import * as ours from "../../src/rate-limit/express-rate-limit/index.js";
import { auditRoutes } from "../../src/route-audit/index.js";
import { listenToDecisions } from "../support/decisions.js";
import { expressVersions } from "../support/express.js";
import { runOnApp } from "../support/guide-app.js";
import { firstCells, guideCode } from "../support/rate-limit-guide.js";

type Options = Partial<theirs.Options>;
type Fields = Readonly<Record<string, string>>;

const SECTION = "Change the import only";
const MINUTE = 60_000;
const decisions = listenToDecisions();
const QUIET = { error: () => undefined, warn: () => undefined };
const warnings: string[] = [];
const lines: string[] = [];
const later = () => new Promise((resolve) => setImmediate(resolve));

/** Both, with the same options, whatever their types. */
const both = (options: object, create = (given: object) => given) =>
  [
    theirs.rateLimit(create(options) as Options),
    ours.rateLimit(create(options)) as RequestHandler,
  ] as const;

const storeWith = (increment: () => unknown) => ({
  increment,
  decrement: () => undefined,
  resetKey: () => undefined,
});

beforeEach(() => {
  warnings.length = 0;
  lines.length = 0;
  vi.useFakeTimers({ toFake: ["Date", "performance"] });
  vi.spyOn(process, "emitWarning").mockImplementation((_text, options) => {
    warnings.push((options as { code: string }).code);
  });
  for (const method of ["warn", "error"] as const)
    vi.spyOn(console, method).mockImplementation((...args) => void lines.push(args.join(" ")));
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe.each(expressVersions)(
  "the entry for express-rate-limit, on Express %s",
  (_major, express) => {
    const seen: unknown[] = [];
    const answering: ErrorRequestHandler = (error, _req, res, _next) => {
      seen.push(error);
      res.status(error.status ?? 500).send(`error handler: ${error.message}`);
    };

    function appOf(limiter: RequestHandler, ...errors: readonly ErrorRequestHandler[]): Express {
      seen.length = 0;
      const app = express();
      app.set("env", "test").set("trust proxy", 1);
      const route: RequestHandler = (req, res) => void res.json(Object(req).rateLimit?.key ?? null);
      app.use(limiter, route, ...errors, route);
      return app;
    }
    const get = (app: Express, fields: Fields = {}) => request(app).get("/").set(fields);
    const from = (address: string): Fields => ({ "X-Forwarded-For": address });
    async function statuses(limiter: RequestHandler, ...sent: readonly Fields[]) {
      const app = appOf(limiter);
      const found: number[] = [];
      for (const fields of sent) found.push((await get(app, fields)).status);
      return found;
    }
    const wrong = (options: object): void => {
      expect(() => ours.rateLimit(options)).toThrow(/^rateLimit/);
      expect(() => theirs.rateLimit(options)).not.toThrow();
    };

    const DIFFERENCES: Readonly<Record<string, () => unknown>> = {
      "an option that is unknown, or of the wrong type": () => {
        for (const options of [
          { windowMS: 1 },
          { windowMs: "15m" },
          { windowMs: Number.NaN },
          { limit: Number.NaN },
          { limit: -1 },
          { standardHeaders: "draft-9" },
          { validate: { unknown: true } },
          { validate: { ip: "no" } },
          { statusCode: "429" },
          { skipFailedRequests: 1 },
          { ipv6Subnet: 12 },
          { requestPropertyName: "" },
          { requestPropertyName: "__proto__" },
          { identifier: "über" },
          { retryAfter: -1 },
          { handler: "send" },
          { passOnStoreError: "no" },
        ])
          wrong(options);
        for (const store of [
          {},
          { increment: 1 },
          null,
          "redis",
          { consume() {} },
          { sendCommand() {} },
        ])
          expect(() => ours.rateLimit({ store: store as never })).toThrow(
            "rateLimit.store must be a store",
          );
        const logger = { error: () => undefined };
        expect(() => ours.rateLimit({ logger: logger as never })).toThrow(
          "rateLimit.logger must be",
        );
      },
      '`limit: "100"`, as variables are': async () => {
        wrong({ limit: "100" });
        expect(await statuses(theirs.rateLimit({ limit: "1" as never }), {}, {})).toEqual([
          200, 429,
        ]);
      },
      "`ipv6Subnet` beside `keyGenerator`": () =>
        wrong({ ipv6Subnet: 64, keyGenerator: () => "all" }),
      "`store: undefined`, and every other option": async () => {
        const [their, our] = both({ store: undefined, limit: undefined, skip: undefined });
        expect(warnings).toEqual(["EXPRESS_SECURE_API_STORE_UNSET"]);
        const six = Array<Fields>(6).fill({});
        expect(await statuses(our, ...six)).toEqual(await statuses(their, ...six));
      },
      "the store or a function fails": async () => {
        const boom = new Error("no connection");
        const fail = () => {
          throw boom;
        };
        for (const options of [
          { store: storeWith(fail) },
          { skip: fail },
          { keyGenerator: fail },
          { limit: fail },
        ]) {
          const [their, our] = both(options);
          expect((await get(appOf(their, answering))).status).toBe(500);
          expect(seen).toEqual([boom]);
          const { status, headers } = await get(appOf(our, answering));
          expect(status).toBe(503);
          expect(Number(headers["retry-after"])).toBeGreaterThan(0);
          const [error] = seen as [{ cause: Error & { cause?: unknown } }];
          expect([error.cause, error.cause.cause]).toContain(boom);
          const careless: ErrorRequestHandler = (_error, _req, _res, next) => next();
          expect((await get(appOf(their, careless))).status).toBe(200);
          expect((await get(appOf(our, careless))).status).toBe(503);
        }
      },
      "the store does not answer": async () => {
        vi.useFakeTimers({ toFake: ["Date", "performance", "setTimeout", "clearTimeout"] });
        let asked = 0;
        const increment = () => {
          asked += 1;
          return new Promise(() => undefined);
        };
        const app = appOf(ours.rateLimit({ store: storeWith(increment) as never }));
        const send = async (isAsked: boolean) => {
          const [before, answer] = [asked, get(app).then((res) => res)];
          for (let turn = 0; isAsked && asked === before && turn < 1000; turn += 1) await later();
          if (isAsked) vi.advanceTimersByTime(5000);
          expect((await answer).status).toBe(503);
          expect(asked - before).toBe(isAsked ? 1 : 0);
        };
        for (let n = 0; n < 5; n += 1) await send(true);
        await send(false);
        vi.advanceTimersByTime(1000);
        await send(true);
      },
      "the store gives no count, or `limit` returns `NaN`": async () => {
        for (const hits of [Number.NaN, undefined, "many", -1, {}]) {
          const store = storeWith(() => ({ totalHits: hits, resetTime: undefined }));
          const [their, our] = both({ store, limit: 1, logger: QUIET });
          expect(await statuses(their, {}, {})).toEqual([200, 200]);
          expect(await statuses(our, {}, {})).toEqual([503, 503]);
        }
        const [their, our] = both({ limit: () => Number.NaN, logger: QUIET });
        expect(await statuses(their, {}, {})).toEqual([200, 200]);
        expect(await statuses(our, {}, {})).toEqual([503, 503]);
      },
      'a `limit` function that gives `"100"`, as databases do': async () => {
        const limits: unknown[] = [];
        for (const limiter of both({ limit: async () => "1" })) {
          const app = express();
          app.use(limiter, (req: Request, res: Response) => {
            limits.push(Object(req).rateLimit.limit);
            res.end();
          });
          expect((await get(app)).status).toBe(200);
          expect((await get(app)).status).toBe(429);
        }
        expect(limits).toEqual(["1", 1]);
        for (const text of ["", "1.5", "-1", "1e9", " 1", "unset", "9".repeat(16)]) {
          const app = appOf(ours.rateLimit({ limit: (() => text) as never }));
          expect((await get(app)).status, text).toBe(503);
        }
      },
      "`passOnStoreError: true`": async () => {
        const store = storeWith(() => Promise.reject(new Error("no connection")));
        const [their, our] = both({ store, passOnStoreError: true, identifier: "all", limit: 0 });
        expect(await statuses(their, {}, {})).toEqual([200, 200]);
        expect(lines.length).toBe(2);
        expect(await statuses(our, {}, {})).toEqual([200, 200]);
        const decision = { outcome: "allow", reason: "store_bypassed", policy: "all" };
        expect(decisions).toMatchObject([decision, decision]);
      },
      "`handler` fails": async () => {
        const boom = new Error("no template");
        const handler = () => {
          throw boom;
        };
        const [their, our] = both({ limit: 0, handler });
        expect((await get(appOf(their))).status).toBe(500);
        const { status } = await get(appOf(our, answering));
        expect([status, seen]).toMatchObject([429, [{ code: "rate_limit_exceeded", cause: boom }]]);
        expect((await get(appOf(our))).status).toBe(429);
      },
      "the same limiter twice on one request": async () => {
        const twice = (limiter: RequestHandler): RequestHandler => {
          const router = express.Router();
          router.use(limiter, limiter);
          return router as unknown as RequestHandler;
        };
        const [their, our] = both({ limit: 2, validate: false });
        expect(await statuses(twice(their), {}, {}, {})).toEqual([200, 429, 429]);
        expect(await statuses(twice(our), {}, {}, {})).toEqual([200, 200, 429]);
      },
      "keys in memory": async () => {
        const keyGenerator = (req: { get(name: string): string }) => req.get("User");
        const users = ["a", "b", "c", "d"].map((User) => ({ User }));
        const [their] = both({ limit: 1, keyGenerator });
        expect(await statuses(their, ...users)).toEqual([200, 200, 200, 200]);
        const store = new ours.MemoryStore({ maxKeys: 2 });
        const our = ours.rateLimit({ limit: 1, keyGenerator: keyGenerator as never, store });
        expect(await statuses(our, ...users)).toEqual([200, 200, 200, 429]);
        expect(decisions.at(-1)).toMatchObject({ outcome: "deny", reason: "keys_exhausted" });
      },
      "`windowMs` beyond 24.8 days, in memory": async () => {
        const [their, our] = both({ limit: 1, windowMs: 30 * 86_400_000, logger: QUIET });
        const apps = [appOf(their), appOf(our)];
        for (const app of apps) await get(app).expect(200);
        vi.useRealTimers();
        await new Promise((resolve) => setTimeout(resolve, 20));
        expect(
          (await Promise.all(apps.map((app) => get(app)))).map(({ status }) => status),
        ).toEqual([200, 429]);
      },
      "a client behind NAT64, an address with a port": async () => {
        for (const [addresses, their, our] of [
          [
            ["64:ff9b::192.0.2.1", "64:ff9b::192.0.2.2"],
            [200, 429],
            [200, 200],
          ],
          [
            ["192.0.2.1:1024", "192.0.2.1:1025"],
            [200, 200],
            [200, 429],
          ],
        ] as const) {
          const limiters = both({ limit: 1, logger: QUIET });
          expect(await statuses(limiters[0], ...addresses.map(from))).toEqual(their);
          expect(await statuses(limiters[1], ...addresses.map(from))).toEqual(our);
        }
      },
      "no address, as on a Unix socket": async () => {
        const without =
          (limiter: RequestHandler): RequestHandler =>
          (req, res, next) => {
            Object.defineProperty(req, "ip", { value: undefined });
            Object.defineProperty(req.socket, "remoteAddress", { value: undefined });
            limiter(req, res, next);
          };
        const [their, our] = both({ limit: 1 });
        expect((await get(appOf(without(their)))).body).toBeNull();
        expect((await get(appOf(without(our)))).body).toBe("unknown");
        expect(warnings).toContain("EXPRESS_SECURE_API_NO_CLIENT_ADDRESS");
      },
      "a `keyGenerator` that returns an object": async () => {
        const [their, our] = both({ limit: 1, keyGenerator: () => ({}) });
        expect(await statuses(their, {}, {})).toEqual([200, 200]);
        expect(await statuses(our, {}, {})).toEqual([503, 503]);
      },
      "a `keyGenerator` that returns a number, `null` or `undefined`": async () => {
        for (const [key, shown] of [
          [7, 7],
          [null, null],
          [undefined, null],
        ] as const) {
          const [their, our] = both({ keyGenerator: () => key as unknown as string });
          expect((await get(appOf(their))).body).toBe(shown);
          expect((await get(appOf(our))).body).toBe(String(key));
        }
      },
      "`ipv6Subnet: false`": async () => {
        const [their, our] = both({ limit: 1, ipv6Subnet: false });
        const sent = ["2001:db8::1", "2001:DB8::1", "2001:db8:0::1"].map(from);
        expect(await statuses(their, ...sent)).toEqual([200, 200, 200]);
        expect(await statuses(our, ...sent)).toEqual([200, 429, 429]);
      },
      'an `identifier` with `"`': async () => {
        const [their, our] = both({ identifier: 'a "b"', standardHeaders: "draft-8" });
        expect((await get(appOf(their))).headers["ratelimit"]).toBe('"a "b""; r=4; t=60');
        expect((await get(appOf(our))).headers["ratelimit"]).toBe('"a \\"b\\""; r=4; t=60');
      },
      "its lines in the console, and `debug`": async () => {
        const shared = new ours.MemoryStore();
        ours.rateLimit({ limit: 0, store: shared });
        ours.rateLimit({ store: shared });
        const app = appOf(ours.rateLimit({ keyGenerator: (req) => String(req.ip) }));
        await get(app, from("2001:db8::1"));
        await get(app, from("2001:db8::1"));
        class DatabaseStore {
          increment = () => ({ totalHits: 1, resetTime: undefined });
          decrement = () => undefined;
          resetKey = () => undefined;
        }
        const router = express.Router();
        for (let n = 0; n < 2; n += 1) router.use(ours.rateLimit({ store: new DatabaseStore() }));
        await get(appOf(router as unknown as RequestHandler));
        expect(warnings).toEqual([
          "EXPRESS_SECURE_API_LIMIT_ZERO",
          "EXPRESS_SECURE_API_STORE_SHARED",
          "EXPRESS_SECURE_API_WHOLE_ADDRESS_KEY",
          "EXPRESS_SECURE_API_DOUBLE_COUNT",
        ]);
        expect(lines).toEqual([]);
      },
    };

    it.each(firstCells(SECTION))(
      "differs from express-rate-limit as the guide says: %s",
      async (cell) => {
        expect(DIFFERENCES).toHaveProperty([cell]);
        await DIFFERENCES[cell]?.();
      },
    );

    it("has no difference without a row", () => {
      expect(Object.keys(DIFFERENCES)).toEqual(firstCells(SECTION));
    });

    it("limits as the code of the guide", async () => {
      const app = express();
      runOnApp(app, express, guideCode(SECTION).join("\n"), {});
      app.get(["/", "/health"], (_req, res) => void res.send("ok"));
      for (let n = 0; n < 100; n += 1) await request(app).get("/").expect(200);
      await request(app).get("/").expect(429, "Too many requests, please try again later.");
      await request(app).get("/health").expect(200);
    });

    it("stands beside another copy of the library", async () => {
      vi.resetModules();
      const copy = await import("../../src/rate-limit/express-rate-limit/index.js");
      expect(copy.rateLimit).not.toBe(ours.rateLimit);
      const app = express();
      app.use(copy.rateLimit({ limit: 2 }), ours.rateLimit({ limit: 1 }));
      app.get("/", (_req, res) => void res.send("ok"));
      await get(app).expect(200);
      await get(app).expect(429);
    });

    it("is silent where validate says so", async () => {
      const validate = {
        limit: false,
        unsharedStore: false,
        keyGeneratorIpFallback: false,
        trustProxy: false,
      };
      const store = new ours.MemoryStore();
      for (const limit of [0, 1])
        await get(
          appOf(ours.rateLimit({ limit, store, validate, keyGenerator: (req) => String(req.ip) })),
          from("2001:db8::1"),
        );
      ours.rateLimit({ limit: 0, validate: false });
      const app = express();
      app.set("trust proxy", true);
      app.use(ours.rateLimit({ validate: { default: false } }));
      await get(app, from("192.0.2.1"));
      expect(warnings).toEqual([]);
    });

    it("warns of a trust proxy setting that trusts everybody, or nobody", async () => {
      for (const [setting, code] of [
        [true, "EXPRESS_SECURE_API_PERMISSIVE_TRUST_PROXY"],
        [false, "EXPRESS_SECURE_API_UNTRUSTED_FORWARDED_FOR"],
      ] as const) {
        warnings.length = 0;
        const app = express();
        app.set("trust proxy", setting);
        app.use(ours.rateLimit());
        await get(app, from("192.0.2.1"));
        expect(warnings).toEqual([code]);
      }
    });

    it("warns of a Forwarded that nobody reads, unless it is told not to", async () => {
      for (const [validate, codes] of [
        [true, ["EXPRESS_SECURE_API_UNREAD_FORWARDED"]],
        [{ forwardedHeader: false }, []],
      ] as const) {
        warnings.length = 0;
        const app = express();
        app.use(ours.rateLimit({ validate }));
        await get(app, { Forwarded: "for=192.0.2.1" });
        expect(warnings).toEqual(codes);
      }
    });

    it("is recorded, and seen by the route audit", async () => {
      const app = express();
      app.get(
        "/",
        ours.rateLimit({ limit: 1, windowMs: 15 * MINUTE, identifier: "login" }),
        (_req, res) => void res.end(),
      );
      await get(app);
      await get(app);
      expect(decisions).toMatchObject([
        { guard: "rateLimit", outcome: "allow", code: "ok" },
        {
          guard: "rateLimit",
          outcome: "deny",
          enforced: true,
          code: "rate_limit_exceeded",
          reason: "limit_exceeded",
          status: 429,
          policy: "login",
        },
      ]);
      const guards = auditRoutes(app).routes.flatMap((route) => route.guards);
      expect(JSON.stringify(guards)).toContain('"windowSeconds":900');
      expect(guards).toMatchObject([{ guard: "rateLimit", kind: "limit", rule: "login" }]);
    });

    it("refuses nothing, sends nothing and spends nothing in report mode", async () => {
      const counted: string[] = [];
      const store = {
        ...storeWith(() => undefined),
        increment: (key: string) => ({ totalHits: counted.push(key), resetTime: undefined }),
      };
      const app = appOf(
        ours.rateLimit({
          mode: "report",
          limit: 1,
          store,
          standardHeaders: true,
          keyGenerator: () => "all",
        }),
      );
      for (let n = 0; n < 3; n += 1) {
        const { status, headers, body } = await get(app);
        expect([status, body]).toEqual([200, null]);
        expect(Object.keys(headers).filter((name) => name.includes("ratelimit"))).toEqual([]);
      }
      expect(counted).toEqual(Array(3).fill("report:all"));
      expect(decisions.map(({ outcome, enforced }) => [outcome, enforced])).toEqual([
        ["allow", false],
        ["deny", false],
        ["deny", false],
      ]);
    });
  },
);
