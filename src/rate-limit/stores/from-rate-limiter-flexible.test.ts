import { BurstyRateLimiter, RateLimiterMemory, RateLimiterUnion } from "rate-limiter-flexible";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import { OptionsError } from "../../core/options/options-error.js";
import { rateLimit } from "../rate-limit.js";
import type { RateLimitOptions } from "../rate-limit-options.js";
import { fromRateLimiterFlexible } from "./from-rate-limiter-flexible.js";

describe.each(expressVersions)("fromRateLimiterFlexible on Express %s", (_major, express) => {
  function appWith(limiter: RateLimiterMemory, options: Partial<RateLimitOptions> = {}) {
    const app = express();
    const store = fromRateLimiterFlexible(limiter);
    app.use(rateLimit({ name: "flexible", limit: 2, window: "1m", store, ...options }));
    app.get("/", (_req, res) => void res.send("ok"));
    return app;
  }

  it("counts in the limiter, with our answers", async () => {
    const limiter = new RateLimiterMemory({ points: 2, duration: 60 });
    const app = appWith(limiter);
    await request(app).get("/").expect(200).expect("RateLimit", '"flexible";r=1;t=30');
    await request(app).get("/").expect(200).expect("X-RateLimit-Remaining", "0");
    const refused = await request(app).get("/").expect(429).expect("Retry-After", /^6\d$/);
    expect(refused.body.code).toBe("rate_limit_exceeded");
    expect((await limiter.get("flexible:127.0.0.1"))?.consumedPoints).toBe(3);
  });

  it("keeps the counts of policies apart that share the limiter, whatever is in their names", async () => {
    const limiter = new RateLimiterMemory({ points: 2, duration: 60 });
    for (const [name, key] of [
      ["a", "b:=c"],
      ["a:=b", "c"],
      ["a%3A=b", "c"],
    ] as const) {
      const app = appWith(limiter, { name, key: () => key });
      await request(app).get("/").expect(200).expect("X-RateLimit-Remaining", "1");
    }
  });

  it("charges costs, looks only at a cost of 0, and does not charge what can never pass", async () => {
    const limiter = new RateLimiterMemory({ points: 2, duration: 60 });
    const app = appWith(limiter, { cost: (req) => Number(req.query["cost"]) });
    await request(app).get("/?cost=0").expect(200).expect("X-RateLimit-Remaining", "2");
    const never = await request(app).get("/?cost=3").expect(429);
    expect(never.headers["retry-after"]).toBeUndefined();
    await request(app).get("/?cost=2").expect(200).expect("X-RateLimit-Remaining", "0");
    await request(app).get("/?cost=1").expect(429);
    await request(app).get("/?cost=0").expect(200);
  });

  it("falls back to memory when the limiter rejects with an error or answers nonsense", async () => {
    const limiter = new RateLimiterMemory({ points: 2, duration: 60 });
    const app = appWith(limiter);
    limiter.consume = () => Promise.reject(new Error("connection lost"));
    await request(app).get("/").expect(200);
    limiter.consume = () => Promise.resolve(undefined as never);
    await request(app).get("/").expect(200);
    await request(app).get("/").expect(429);
  });
});

describe("fromRateLimiterFlexible", () => {
  const limiter = new RateLimiterMemory({ points: 2, duration: 60 });

  it.each([
    [undefined, "must have points, duration, consume() and get(), got undefined"],
    [{ consume: () => Promise.resolve() }, "must have points, duration, consume() and get()"],
    [
      new RateLimiterUnion(
        limiter,
        new RateLimiterMemory({ points: 1, duration: 1, keyPrefix: "b" }),
      ),
      "must have points",
    ],
    [new BurstyRateLimiter(limiter, limiter), "must have points, duration"],
    [
      new RateLimiterMemory({ points: 0.5, duration: 60 }),
      "must have whole points of at least 1, got 0.5",
    ],
    [
      new RateLimiterMemory({ points: 2, duration: 0 }),
      "must have a duration of whole seconds, at least 1, got 0",
    ],
    [
      new RateLimiterMemory({ points: 2, duration: 1.9 }),
      "must have a duration of whole seconds, at least 1, got 1.9",
    ],
    [
      new RateLimiterMemory({ points: 2, duration: 60, execEvenly: true }),
      "must not delay requests: leave out execEvenly",
    ],
    [
      new RateLimiterMemory({ points: 2, duration: 2_592_000 }),
      "must have a duration of at most 2147483 seconds",
    ],
    [
      new RateLimiterMemory({ points: 2, duration: 60, blockDuration: 2_592_000 }),
      "at most 2147483 seconds",
    ],
  ])("refuses at start-up what it cannot count with: %o", (unfit, problem) => {
    const create = () => fromRateLimiterFlexible(unfit as never);
    expect(create).toThrow(OptionsError);
    expect(create).toThrow(problem);
  });

  it.each([
    [
      { limit: 3, window: "1m" },
      "rateLimit.store must fit the policy: the limiter has 2 points, the limit is 3",
    ],
    [
      { limit: 2, window: "1h" },
      "rateLimit.store must fit the policy: the duration of the limiter is 60 seconds, the window 3600",
    ],
    [
      { limit: 2, window: "1m", burst: 1 },
      "rateLimit.store must fit the policy: the limiter counts in fixed windows and has no burst: leave it out",
    ],
  ])("does not fit the policy %o", (policy, problem) => {
    const store = fromRateLimiterFlexible(limiter);
    expect(() => rateLimit({ name: "a", ...policy, store })).toThrow(problem);
  });

  it("refuses several policies, which it could not count all or nothing", () => {
    const policies = ["a", "b"].map((name) => ({ name, limit: 2, window: "1m" }));
    expect(() => rateLimit({ policies, store: fromRateLimiterFlexible(limiter) })).toThrow(
      "rateLimit.store must be able to count several policies all or nothing",
    );
  });
});
