import type { Express, Request, Response } from "express";
import request from "supertest";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { listenToDecisions } from "../../test/support/decisions.js";
import { expressVersions } from "../../test/support/express.js";
import type { RateLimitMiddleware } from "./limiter/place.js";
import { rateLimit } from "./rate-limit.js";
import type { RateLimitOptions } from "./rate-limit-options.js";
import type { RateLimitRequest, RateLimitStore } from "./stores/rate-limit-store.js";

const decisions = listenToDecisions();
let now = 0;

beforeEach(() => {
  now = 1_000_000;
  vi.spyOn(performance, "now").mockImplementation(() => now);
  // No jitter: Retry-After is as early as it may be.
  vi.spyOn(Math, "random").mockReturnValue(0);
});

afterEach(() => {
  vi.restoreAllMocks();
});

describe.each(expressVersions)("rateLimit in stages on Express %s", (_major, express) => {
  function appWith(limiter: RateLimitMiddleware): Express {
    const app = (express as unknown as () => Express)();
    app.use(limiter);
    app.get("/", (_req: Request, res: Response) => void res.send("ok"));
    return app;
  }

  function appOf(options: RateLimitOptions): Express {
    return appWith(rateLimit({ name: "test", ...options }));
  }

  it("warns when so much of a quota is spent", async () => {
    const app = appOf({ limit: 4, window: "1h", warnAt: 0.75 });
    for (let n = 0; n < 5; n += 1) await request(app).get("/");
    expect(decisions.map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ["allow", undefined],
      ["allow", undefined],
      ["allow", "near_limit"],
      ["allow", "near_limit"],
      ["deny", "limit_exceeded"],
    ]);
  });

  it.each([
    [0.07, 100, 7],
    [0.57, 100, 57],
    [1 / 49, 49, 1],
    [0.001, 1000, 1],
  ])(
    "takes the part %d of %d for %d units, to warn and to slow down",
    async (part, limit, units) => {
      const timers = vi.spyOn(globalThis, "setTimeout");
      const slowDown = { from: part, step: "7ms", max: "7ms" };
      const cost = (req: Request) => Number(req.query["cost"]);
      const app = appOf({ limit, window: "1h", warnAt: part, slowDown, cost });
      if (units > 1)
        await request(app)
          .get(`/?cost=${units - 1}`)
          .expect(200);
      expect(decisions.map(({ reason }) => reason).filter(Boolean)).toEqual([]);
      await request(app).get("/?cost=1").expect(200);
      expect(decisions.at(-1)?.reason).toBe("near_limit");
      expect(timers.mock.calls.filter(([, delay]) => delay === 7)).toEqual([]);
      await request(app).get("/?cost=1").expect(200);
      expect(timers.mock.calls.filter(([, delay]) => delay === 7)).toHaveLength(1);
    },
  );

  it("delays requests more and more, and refuses them at the limit", async () => {
    const timers = vi.spyOn(globalThis, "setTimeout");
    const slowDown = { from: 0.5, step: "3ms", max: "5ms" };
    const app = appOf({ limit: 5, window: "1h", slowDown });
    const statuses: number[] = [];
    for (let n = 0; n < 6; n += 1) statuses.push((await request(app).get("/")).status);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429]);
    const delays = timers.mock.calls.map(([, delay]) => delay).filter((delay) => (delay ?? 0) <= 5);
    expect(delays.filter((delay) => delay === 3)).toHaveLength(1);
    expect(delays.filter((delay) => delay === 5)).toHaveLength(2);
  });

  it("never refuses with onLimit: slow-down a key whose tier has become smaller", async () => {
    const slowDown = { from: 0.5, step: "1ms", max: "1ms" };
    const app = appOf({
      tier: (req) => String(req.get("tier")),
      tiers: { hour: { limit: 2, window: "1h" }, second: { limit: 2, window: "1s" } },
      slowDown,
      onLimit: "slow-down",
    });
    for (const tier of ["hour", "hour", "second", "second"]) {
      await request(app).get("/").set("tier", tier).expect(200);
    }
  });

  it("delays and never refuses with onLimit: slow-down", async () => {
    const slowDown = { from: 0, step: "1ms", max: "4ms" };
    const app = appOf({ limit: 2, window: "1h", slowDown, onLimit: "slow-down" });
    for (let n = 0; n < 6; n += 1) {
      const answer = await request(app).get("/").expect(200);
      expect(answer.headers["x-ratelimit-remaining"]).toBe(String(Math.max(0, 1 - n)));
    }
  });

  it("charges no other policy less for one that only slows down", async () => {
    const limiter = rateLimit({
      policies: [
        {
          name: "soft",
          limit: 1,
          window: "1h",
          slowDown: { from: 0, step: "1ms", max: "1ms" },
          onLimit: "slow-down",
        },
        { name: "hard", limit: 3, window: "1h" },
      ],
    });
    const app = appWith(limiter);
    for (let n = 0; n < 3; n += 1) await request(app).get("/").expect(200);
    const refused = await request(app).get("/").expect(429);
    expect(refused.body["violated-policies"]).toEqual(["hard"]);
  });

  it("blocks a key that keeps being refused, each time for longer", async () => {
    const block = { after: 2, within: "1m", durations: ["10m", "1h"] };
    const app = appOf({ limit: 1, window: "1s", block });
    await request(app).get("/").expect(200);
    await request(app).get("/").expect(429).expect("Retry-After", "1");
    await request(app).get("/").expect(429).expect("Retry-After", "600");
    now += 599_000;
    await request(app).get("/").expect(429).expect("Retry-After", "1");
    expect(decisions.at(-1)).toMatchObject({ outcome: "deny", reason: "key_blocked" });
    now += 1000;
    await request(app).get("/").expect(200);
    await request(app).get("/").expect(429);
    await request(app).get("/").expect(429).expect("Retry-After", "3600");
  });

  it("does not ask a store about a key that it blocks, and asks it again after ten seconds", async () => {
    let asked = 0;
    const store: RateLimitStore = {
      blocks: true,
      async consume(requests) {
        asked += 1;
        return requests.map(() => {
          return { allowed: false, remaining: 0, retryAfterMs: 60_000, resetMs: 0, blocked: true };
        });
      },
    };
    const app = appOf({ limit: 1, window: "1s", block: {}, store });
    await request(app).get("/").expect(429).expect("Retry-After", "60");
    now += 9000;
    await request(app).get("/").expect(429).expect("Retry-After", "51");
    expect(asked).toBe(1);
    now += 1000;
    await request(app).get("/").expect(429);
    expect(asked).toBe(2);
  });

  describe("by hand", () => {
    it("says what is left, forgets, charges and gives back", async () => {
      const limiter = rateLimit({ name: "test", limit: 5, window: "1h" });
      const app = appWith(limiter);
      const target = { key: "127.0.0.1" };
      await request(app).get("/").expect(200);
      expect(await limiter.peek(target)).toEqual([
        {
          policy: "test",
          limit: 5,
          remaining: 4,
          blocked: false,
          retryAfterMs: 0,
          resetMs: 720_000,
        },
      ]);
      await limiter.penalty(target, 3);
      await request(app).get("/").expect(200).expect("X-RateLimit-Remaining", "0");
      await limiter.reward(target, 2);
      await request(app).get("/").expect(200).expect("X-RateLimit-Remaining", "1");
      await limiter.penalty(target, 100);
      await request(app).get("/").expect(429);
      await limiter.reset(target);
      await request(app).get("/").expect(200).expect("X-RateLimit-Remaining", "4");
      await limiter.reward(target, 100);
      expect((await limiter.peek(target))[0]?.remaining).toBe(5);
    });

    it("names a caller by a request", async () => {
      const limiter = rateLimit({ name: "test", limit: 5, window: "1h", key: (req) => req.url });
      const app = (express as unknown as () => Express)();
      app.use(limiter);
      app.get("/", async (req, res) => {
        await limiter.reset({ req });
        res.json(await limiter.peek({ req }));
      });
      const answer = await request(app).get("/?a").expect(200);
      expect(answer.body[0].remaining).toBe(5);
    });

    it.each(["fixed-window", "sliding-log"] as const)("knows %s", async (algorithm) => {
      const limiter = rateLimit({ name: "test", limit: 5, window: "1h", algorithm });
      const target = { key: "10.0.0.1" };
      await limiter.penalty(target, 4);
      expect((await limiter.peek(target))[0]?.remaining).toBe(1);
      await limiter.reward(target, 2);
      expect((await limiter.peek(target))[0]?.remaining).toBe(3);
      await limiter.reset(target);
      expect((await limiter.peek(target))[0]?.remaining).toBe(5);
    });

    it("blocks and frees a key", async () => {
      const limiter = rateLimit({
        name: "test",
        limit: 5,
        window: "1h",
        block: { after: "never" },
      });
      const app = appWith(limiter);
      await limiter.block({ key: "127.0.0.1" }, "15m");
      await request(app).get("/").expect(429).expect("Retry-After", "900");
      expect((await limiter.peek({ key: "127.0.0.1" }))[0]).toMatchObject({
        blocked: true,
        retryAfterMs: 900_000,
      });
      await limiter.unblock({ key: "127.0.0.1" });
      await request(app).get("/").expect(200);
    });

    it("asks the store", async () => {
      const calls: [string, readonly RateLimitRequest[], number?][] = [];
      const note = (name: string) => async (given: readonly RateLimitRequest[], more?: number) => {
        calls.push(more === undefined ? [name, given] : [name, given, more]);
      };
      const store: RateLimitStore = {
        blocks: true,
        consume: async () => [{ allowed: true, remaining: 2, retryAfterMs: 0, resetMs: 9 }],
        refund: note("refund"),
        charge: note("charge"),
        reset: note("reset"),
        block: note("block"),
      };
      const limiter = rateLimit({ name: "test", limit: 5, window: "1h", block: {}, store });
      const target = { policy: "test", key: "::ffff:10.0.0.1" };
      expect((await limiter.peek(target))[0]).toMatchObject({ remaining: 2, resetMs: 9 });
      await limiter.penalty(target, 2);
      await limiter.reward(target);
      await limiter.reset(target);
      await limiter.block(target, "1h");
      await limiter.unblock(target);
      expect(calls.map(([name, [one], more]) => [name, one?.key, one?.cost, more])).toEqual([
        ["charge", "10.0.0.1", 2, undefined],
        ["refund", "10.0.0.1", 1, undefined],
        ["reset", "10.0.0.1", 1, undefined],
        ["block", "10.0.0.1", 1, 3_600_000],
        ["block", "10.0.0.1", 1, 0],
      ]);
    });

    it.each([
      [{}, "one of them"],
      [{ key: "" }, "one of them"],
      [{ key: "10.0.0.1", req: {} as Request }, "one of them"],
      [{ key: "not an address" }, "the key of a policy by address must be one"],
      [{ key: "10.0.0.1", policy: "other" }, "no policy with that name"],
      [{ key: "10.0.0.1", policy: undefined }, "policy must not be undefined"],
      [{ key: "10.0.0.1", polcy: "test" }, "is a name misspelt?"],
      [null as never, "one of them"],
    ])("refuses the target %j", async (target, message) => {
      const limiter = rateLimit({ name: "test", limit: 5, window: "1h" });
      await expect(limiter.peek(target)).rejects.toThrow(message);
      await expect(limiter.reset(target)).rejects.toThrow(TypeError);
    });

    it("refuses what the limiter, the policy or the store cannot do", async () => {
      const target = { key: "10.0.0.1" };
      const limiter = rateLimit({ name: "test", limit: 5, window: "1h" });
      await expect(limiter.block(target, "1h")).rejects.toThrow("must have block");
      await expect(limiter.penalty(target, 0.5)).rejects.toThrow("whole number");
      const blocking = rateLimit({ limit: 5, window: "1h", block: {} });
      await expect(blocking.block(target, "soon")).rejects.toThrow('from "1s" to "30d"');
      const dynamic = rateLimit({ limit: () => 5, window: "1h" });
      await expect(dynamic.peek(target)).rejects.toThrow("depends on the request");
      const store = { consume: () => Promise.reject(new Error("down")) };
      const stored = rateLimit({
        name: "a",
        limit: 5,
        window: "1h",
        store,
        onStoreError: "reject",
      });
      await expect(stored.peek(target)).rejects.toThrow("store");
      await expect(stored.reset(target)).rejects.toThrow("the rate-limit store has no reset()");
    });
  });
});
