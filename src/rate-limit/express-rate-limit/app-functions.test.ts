import type { ErrorRequestHandler, Express, RequestHandler } from "express";
import request from "supertest";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { listenToDecisions } from "../../../test/support/decisions.js";
import { expressVersions } from "../../../test/support/express.js";
import { boom, FAILURES } from "../../../test/support/user-functions/failures.js";
import { type ExpressRateLimitOptions, rateLimit } from "./index.js";

const decisions = listenToDecisions();
const storeWith = (methods: object) => ({
  increment: () => ({ totalHits: 1, resetTime: undefined }),
  decrement: () => undefined,
  resetKey: () => undefined,
  ...methods,
});
const settle = async () => {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

beforeEach(() => {
  vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe.each(expressVersions)(
  "functions of apps from express-rate-limit, on Express %s",
  (_major, express) => {
    let reached = 0;

    /** With an error handler that goes on, and the route once more behind it. */
    function appOf(
      options: ExpressRateLimitOptions,
      ...handlers: readonly ErrorRequestHandler[]
    ): Express {
      reached = 0;
      const route: RequestHandler = (_req, res) => {
        reached += 1;
        res.send("reached");
      };
      const careless: ErrorRequestHandler = (_error, _req, _res, next) => next();
      const app = express();
      app.set("env", "test");
      app.use(rateLimit(options), route);
      if (handlers.length > 0) app.use(...handlers);
      app.use(careless, route);
      return app;
    }

    /** Sends a request to a function that may never settle: time passes by itself. */
    async function get(app: Express, called: () => boolean) {
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
      const answer = request(app)
        .get("/")
        .then((res) => res);
      for (let turn = 0; turn < 100 && !called(); turn += 1) await settle();
      await settle();
      vi.advanceTimersByTime(5000);
      return answer;
    }

    it.each(FAILURES)("a handler that %s refuses all the same", async (how, fail) => {
      let called = false;
      const handler = (): unknown => {
        called = true;
        return fail(() => undefined);
      };
      const { status, body } = await get(appOf({ limit: 0, handler }), () => called);
      expect([status, body.code], how).toEqual([429, "rate_limit_exceeded"]);
      expect(reached).toBe(0);
      expect(decisions.some(({ outcome, enforced }) => outcome === "deny" && enforced)).toBe(true);
      expect(decisions.some(({ outcome }) => outcome === "allow")).toBe(false);
    });

    it.each(FAILURES)("a message that %s refuses all the same", async (how, fail) => {
      let called = false;
      const message = (): unknown => {
        called = true;
        return fail(() => undefined);
      };
      const { status } = await get(appOf({ limit: 0, message }), () => called);
      expect(status, how).toBe(429);
      expect(reached).toBe(0);
    });

    it("a handler that fails leaves the answer to the error handlers of the app", async () => {
      const seen: unknown[] = [];
      const app = appOf(
        { limit: 0, handler: () => Promise.reject(boom) },
        (error, _req, res, _next) => {
          seen.push(error);
          res.status(error.status).send("by the error handler");
        },
      );
      const { status, text, headers } = await request(app).get("/");
      expect([status, text]).toEqual([429, "by the error handler"]);
      expect(headers["retry-after"]).toBe("60");
      expect(seen).toMatchObject([{ code: "rate_limit_exceeded", cause: boom }]);
      expect(decisions.at(-1)).toMatchObject({ outcome: "deny", reason: "handler_failed" });
    });

    it("a handler that answers after its time ends no process", async () => {
      let answer = (): unknown => undefined;
      const app = appOf({
        limit: 0,
        handler: (_req, res) => {
          answer = () => res.status(420).send("late");
        },
      });
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
      const pending = request(app)
        .get("/")
        .then((res) => res);
      for (let turn = 0; turn < 100 && decisions.length === 0; turn += 1) await settle();
      vi.advanceTimersByTime(5000);
      expect((await pending).status).toBe(429);
      expect(answer).not.toThrow();
    });

    it("a handler that answers and then fails is right", async () => {
      const app = appOf({
        limit: 0,
        handler: async (_req, res) => {
          res.status(420).send("calm down");
          throw boom;
        },
      });
      const { status, text } = await request(app).get("/");
      await settle();
      expect([status, text]).toEqual([420, "calm down"]);
      expect(decisions).toHaveLength(1);
    });

    it("a handler decides that a request passes, at once or later, and the record says so", async () => {
      for (const handler of [
        (_req: unknown, _res: unknown, next: () => void) => next(),
        (_req: unknown, _res: unknown, next: () => void) => void setImmediate(next),
      ]) {
        await request(appOf({ limit: 0, handler, identifier: "all" }))
          .get("/")
          .expect(200, "reached");
        expect(reached).toBe(1);
        expect(decisions.at(-1)).toMatchObject({
          guard: "rateLimit",
          outcome: "allow",
          reason: "passed_by_handler",
          policy: "all",
        });
      }
    });

    it("an error handler that goes on does not let a refused request pass", async () => {
      const handler = (_req: unknown, _res: unknown, next: (error: unknown) => void) => next(boom);
      const { status } = await request(appOf({ limit: 0, handler })).get("/");
      expect([status, reached]).toEqual([429, 0]);
    });

    it.each(FAILURES)("an identifier that %s is replaced by the usual name", async (how, fail) => {
      let called = false;
      const identifier = (): never => {
        called = true;
        return fail(() => "name") as never;
      };
      const app = appOf({ identifier, standardHeaders: "draft-8" });
      const { status, headers } = await get(app, () => called);
      expect([status, headers["ratelimit"]], how).toEqual([200, '"5-in-1min"; r=4; t=60']);
    });

    it.each(FAILURES)(
      "a retryAfter that %s is replaced by the rest of the window",
      async (how, fail) => {
        let called = false;
        const retryAfter = (): never => {
          called = true;
          return fail(() => 1) as never;
        };
        const { status, headers } = await get(appOf({ limit: 0, retryAfter }), () => called);
        expect([status, headers["retry-after"]], how).toEqual([429, "60"]);
      },
    );

    it.each(FAILURES)("a requestWasSuccessful that %s leaves the hit", async (how, fail) => {
      let called = false;
      const requestWasSuccessful = (): never => {
        called = true;
        return fail(() => true) as never;
      };
      const limiter = { limit: 1, skipSuccessfulRequests: true, requestWasSuccessful };
      const app = appOf(limiter);
      await get(app, () => called);
      vi.useRealTimers();
      await settle();
      expect((await request(app).get("/")).status, how).toBe(429);
    });

    const methods = ["init", "decrement", "get", "resetKey", "resetAll", "shutdown"] as const;
    it.each(methods.flatMap((method) => FAILURES.map((failure) => [method, ...failure] as const)))(
      "a store whose %s %s breaks no request, and ends no process",
      async (method, _how, fail) => {
        const told: unknown[] = [];
        const logger = { error: (error: unknown) => told.push(error), warn: () => undefined };
        const store = storeWith({ [method]: () => fail(() => undefined) });
        const app = appOf({ store, skipSuccessfulRequests: true, logger });
        expect((await request(app).get("/")).status).toBe(200);
        await settle();
      },
    );

    it.each(FAILURES)("a logger that %s breaks nothing", async (_how, fail) => {
      const logger = {
        error: () => fail(() => undefined) as never,
        warn: () => undefined,
      };
      const store = storeWith({
        increment: () => Promise.reject(boom),
        init: () => Promise.reject(boom),
      });
      const app = appOf({ store, logger, passOnStoreError: true });
      expect((await request(app).get("/")).status).toBe(200);
      await settle();
    });

    it("tells the logger what express-rate-limit tells it", async () => {
      const told: unknown[] = [];
      const logger = { error: (...args: unknown[]) => void told.push(args), warn: () => undefined };
      const rejecting = () => Promise.reject(boom);
      const store = storeWith({ init: rejecting, decrement: rejecting });
      await request(appOf({ store, logger, skipSuccessfulRequests: true })).get("/");
      const down = storeWith({ increment: rejecting });
      await request(appOf({ store: down, logger, passOnStoreError: true })).get("/");
      await settle();
      expect(told).toEqual([
        [boom, "express-rate-limit: async error during store initialization."],
        [boom, "express-rate-limit: error from store during decrement."],
        [boom, "express-rate-limit: error from store, allowing request without rate-limiting."],
      ]);
    });
  },
);
