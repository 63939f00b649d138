import {
  BurstyRateLimiter,
  type IRateLimiterOptions,
  RateLimiterMemory,
  RateLimiterUnion,
  RLWrapperTimeouts,
} from "rate-limiter-flexible";
import request from "supertest";
import { afterEach, describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import { FAILURES } from "../../../test/support/user-functions/failures.js";
import { OptionsError } from "../../core/options/options-error.js";
import { rateLimit } from "../rate-limit.js";
import type { RateLimitOptions, RateLimitPolicy } from "../rate-limit-options.js";
import { fromRateLimiterFlexible } from "./from-rate-limiter-flexible.js";

const FIXED = { algorithm: "fixed-window" } as const;
const memory = (options: Partial<IRateLimiterOptions> = {}) =>
  new RateLimiterMemory({ points: 2, duration: 60, ...options });

afterEach(() => vi.useRealTimers());

describe.each(expressVersions)("fromRateLimiterFlexible on Express %s", (_major, express) => {
  function behind(limiter: ReturnType<typeof rateLimit>) {
    const app = express();
    app.use(limiter);
    app.get("/", (req, res) => void res.sendStatus(Number(req.query["status"] ?? 200)));
    return app;
  }

  function limiterOf(limiter: RateLimiterMemory, options: Partial<RateLimitOptions> = {}) {
    const store = fromRateLimiterFlexible(limiter);
    const rate = { limit: limiter.points, window: "1m" as const, ...FIXED };
    return rateLimit({ name: "flexible", ...rate, store, onStoreError: "reject", ...options });
  }

  const appWith = (limiter: RateLimiterMemory, options: Partial<RateLimitOptions> = {}) =>
    behind(limiterOf(limiter, options));

  const costs = (req: { query: Record<string, unknown> }) => Number(req.query["cost"] ?? 1);
  const consumed = async (limiter: RateLimiterMemory, key = "flexible:127.0.0.1") =>
    (await limiter.get(key))?.consumedPoints ?? 0;

  it("counts in the limiter, with our answers, and what is refused costs nothing", async () => {
    const limiter = memory();
    const app = appWith(limiter);
    await request(app).get("/").expect(200).expect("RateLimit", '"flexible";r=1;t=60');
    await request(app).get("/").expect(200).expect("X-RateLimit-Remaining", "0");
    const refused = await request(app).get("/").expect(429).expect("Retry-After", /^6\d$/);
    expect(refused.body.code).toBe("rate_limit_exceeded");
    expect(await consumed(limiter)).toBe(2);
  });

  it("keeps the counts of policies apart that share the limiter, whatever is in their names", async () => {
    const limiter = memory();
    for (const [name, key] of [
      ["a", "b:=c"],
      ["a:=b", "c"],
      ["a%3A=b", "c"],
      ["a b", "c"],
      ["a%20b", "c"],
    ] as const) {
      const app = appWith(limiter, { name, key: () => key });
      await request(app).get("/").expect(200).expect("X-RateLimit-Remaining", "1");
    }
  });

  it("gives databases no key with blanks or other characters that some of them refuse", async () => {
    const limiter = memory();
    const seen: string[] = [];
    const { consume } = limiter;
    limiter.consume = (key, points) => {
      seen.push(String(key));
      return consume.call(limiter, key, points);
    };
    for (const key of ["a\0b", "a b", "é", "\ud800"]) {
      const app = appWith(limiter, { name: "my policy", key: () => key });
      await request(app).get("/").expect(200).expect("X-RateLimit-Remaining", "1");
    }
    expect(new Set(seen).size).toBe(4);
    for (const key of seen) expect(key).toMatch(/^my%20policy:#[\w-]{43}$/);
  });

  it("charges costs, looks only at a cost of 0, and does not charge what can never pass", async () => {
    const limiter = memory({ points: 10 });
    const app = appWith(limiter, { cost: costs });
    await request(app).get("/?cost=0").expect(200).expect("X-RateLimit-Remaining", "10");
    const never = await request(app).get("/?cost=11").expect(429);
    expect(never.headers["retry-after"]).toBeUndefined();
    await request(app).get("/?cost=8").expect(200).expect("X-RateLimit-Remaining", "2");
    await request(app).get("/?cost=5").expect(429).expect("X-RateLimit-Remaining", "2");
    await request(app).get("/?cost=2").expect(200).expect("X-RateLimit-Remaining", "0");
    await request(app).get("/?cost=0").expect(200);
  });

  it("admits exactly the limit of parallel requests", async () => {
    const limiter = memory({ points: 20 });
    const server = appWith(limiter).listen(0);
    const answers = await Promise.all(Array.from({ length: 60 }, () => request(server).get("/")));
    server.close();
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(20);
    expect(await consumed(limiter)).toBe(20);
  });

  it("counts several policies all or nothing, each in its limiter", async () => {
    const [client, user] = [memory({ points: 5 }), memory({ points: 1, duration: 3600 })];
    const rate = { ...FIXED, key: () => "ada" };
    const policies: RateLimitPolicy[] = [
      { name: "client", limit: 5, window: "1m", ...FIXED },
      { name: "user", limit: 1, window: "1h", ...rate },
    ];
    const store = fromRateLimiterFlexible({ client, user });
    const app = behind(rateLimit({ policies, store, onStoreError: "reject" }));
    await request(app).get("/").expect(200);
    for (let index = 0; index < 8; index += 1) {
      const refused = await request(app).get("/").expect(429);
      expect(refused.body["violated-policies"]).toEqual(["user"]);
      expect(refused.headers["ratelimit"]).toContain('"client";r=4');
    }
    expect(await consumed(client, "client:127.0.0.1")).toBe(1);
    expect(await consumed(user, "user:=ada")).toBe(1);
  });

  it("gives back what was charged when another limiter fails", async () => {
    const [a, b] = [memory(), memory()];
    b.consume = () => Promise.reject(new Error("connection lost"));
    const policies = ["a", "b"].map((name) => ({ name, limit: 2, window: "1m", ...FIXED }));
    const store = fromRateLimiterFlexible({ a, b });
    const app = behind(rateLimit({ policies, store, onStoreError: "reject" }));
    await request(app).get("/").expect(503);
    await vi.waitFor(async () => expect(await consumed(a, "a:127.0.0.1")).toBe(0));
  });

  it("falls back to memory when the limiter rejects with an error or answers nonsense", async () => {
    const limiter = memory();
    const app = appWith(limiter, { onStoreError: "fallback" });
    limiter.consume = () => Promise.reject(new Error("connection lost"));
    await request(app).get("/").expect(200);
    limiter.consume = () => Promise.resolve(undefined as never);
    await request(app).get("/").expect(200);
    await request(app).get("/").expect(429);
  });

  it.each(FAILURES)(
    "refuses what the limiter refuses though its reward() %s",
    async (_how, fail) => {
      const limiter = memory();
      limiter.reward = (() => fail(() => undefined)) as never;
      const app = appWith(limiter);
      await request(app).get("/").expect(200);
      await request(app).get("/").expect(200);
      await request(app).get("/").expect(429);
    },
  );

  it.each(["penalty", "set", "delete"] as const)("says that %s() has failed", async (name) => {
    const limiter = memory();
    Object.assign(limiter, { [name]: () => Promise.reject(new Error("connection lost")) });
    const handler = limiterOf(limiter, { block: { after: "never" } });
    const target = { key: "127.0.0.1" };
    const acts = {
      penalty: () => handler.penalty(target),
      set: () => handler.block(target, "1h"),
      delete: () => handler.reset(target),
    };
    await expect(acts[name]()).rejects.toThrow("connection lost");
  });

  it("counts failures only, and gives back what was none", async () => {
    const limiter = memory();
    const app = appWith(limiter, { count: "failures" });
    for (let index = 0; index < 4; index += 1) await request(app).get("/").expect(200);
    await request(app).get("/?status=401").expect(401);
    await request(app).get("/?status=401").expect(401);
    await request(app).get("/").expect(429);
    expect(await consumed(limiter)).toBe(2);
  });

  it("charges what a request has cost in the end, at most what is left", async () => {
    const limiter = memory({ points: 10 });
    const costAfter = costs;
    const app = appWith(limiter, { cost: 5, costAfter });
    await request(app).get("/?cost=3").expect(200);
    await vi.waitFor(async () => expect(await consumed(limiter)).toBe(3));
    await request(app).get("/?cost=40").expect(200);
    await vi.waitFor(async () => expect(await consumed(limiter)).toBe(10));
  });

  it("obeys by hand: looks, charges, gives back, blocks and forgets", async () => {
    const limiter = memory();
    const handler = limiterOf(limiter, { block: { after: "never" } });
    const app = behind(handler);
    const target = { key: "127.0.0.1" };
    await handler.penalty(target, 5);
    expect(await handler.peek(target)).toMatchObject([{ remaining: 0, blocked: false }]);
    await handler.reward(target, 5);
    expect(await handler.peek(target)).toMatchObject([{ remaining: 2 }]);
    expect(await consumed(limiter)).toBe(0);
    await handler.block(target, "1h");
    const blocked = await request(app).get("/").expect(429);
    expect(blocked.body.type).toContain("#abnormal-usage-detected");
    expect(Number(blocked.headers["retry-after"])).toBeGreaterThan(3500);
    await handler.reward(target, 5);
    expect(await handler.peek(target)).toMatchObject([{ remaining: 0, blocked: true }]);
    await handler.unblock(target);
    await request(app).get("/").expect(200);
    await handler.unblock(target);
    expect(await handler.peek(target)).toMatchObject([{ remaining: 1 }]);
    await handler.reset(target);
    expect(await handler.peek(target)).toMatchObject([{ remaining: 2 }]);
    await expect(handler.block(target, "30d")).rejects.toThrow("RateLimiterMemory blocks for at");
    await expect(
      fromRateLimiterFlexible(limiter).block?.([storeRequest()], 30 * 86_400_000),
    ).rejects.toThrow(RangeError);
  });

  it("leaves a key blocked that the limiter has blocked, whatever it refuses", async () => {
    const limiter = memory({ points: 4, blockDuration: 600 });
    const app = appWith(limiter, { cost: costs });
    await request(app).get("/?cost=2").expect(200);
    await request(app)
      .get("/?cost=3")
      .expect(429)
      .expect("Retry-After", /^6\d\d$/);
    for (let index = 0; index < 3; index += 1) {
      const refused = await request(app).get("/?cost=1").expect(429);
      expect(refused.body.type).toContain("#abnormal-usage-detected");
    }
    expect((await limiter.get("flexible:127.0.0.1"))?.msBeforeNext).toBeGreaterThan(590_000);
  });

  it("leaves a key blocked whose parallel requests were refused before the block was written", async () => {
    const limiter = memory({ blockDuration: 600 });
    const consume = limiter.consume.bind(limiter);
    // As the databases do: the block is a call of its own, behind those of other requests.
    limiter.consume = async (key, points) => {
      limiter.blockDuration = 0;
      try {
        return await consume(key, points);
      } catch (refusal) {
        limiter.blockDuration = 600;
        const count = (refusal as { consumedPoints: number }).consumedPoints;
        await new Promise((resolve) => setTimeout(resolve, 30));
        if (count === 3) await limiter.set(String(key), 3, 600);
        throw refusal;
      }
    };
    const server = appWith(limiter, { storeTimeout: "20s" }).listen(0);
    await Promise.all(Array.from({ length: 12 }, () => request(server).get("/")));
    await request(server)
      .get("/")
      .expect(429)
      .expect("Retry-After", /^6\d\d$/);
    server.close();
  });

  it("reports with counts of its own", async () => {
    const limiter = memory();
    const app = appWith(limiter, { mode: "report" });
    for (let index = 0; index < 3; index += 1) await request(app).get("/").expect(200);
    await vi.waitFor(async () =>
      expect(await consumed(limiter, "report%3Aflexible:127.0.0.1")).toBe(2),
    );
    expect(await consumed(limiter)).toBe(0);
  });
});

const storeRequest = (cost = 1) => ({
  policy: "a",
  key: "k",
  limit: 2,
  burst: 2,
  windowMs: 60_000,
  cost,
  ...FIXED,
});

describe("a refund", () => {
  it("does not reach into the next window", async () => {
    vi.useFakeTimers({ toFake: ["Date", "performance", "setTimeout", "clearTimeout"] });
    const limiter = memory();
    const store = fromRateLimiterFlexible(limiter);
    const [result] = await store.consume([storeRequest()]);
    vi.advanceTimersByTime(60_001);
    await store.consume([storeRequest()]);
    await store.refund?.([{ ...storeRequest(), receipt: result?.receipt }]);
    expect((await limiter.get("a:k"))?.consumedPoints).toBe(1);
  });

  it("of what was refused does not reach into the next window either", async () => {
    vi.useFakeTimers({ toFake: ["Date", "performance", "setTimeout", "clearTimeout"] });
    const limiter = memory();
    const store = fromRateLimiterFlexible(limiter);
    await store.consume([storeRequest(2)]);
    vi.advanceTimersByTime(59_900);
    await store.consume([storeRequest()]);
    await vi.advanceTimersByTimeAsync(0);
    expect((await limiter.get("a:k"))?.consumedPoints).toBe(3);
  });

  it("never leaves more than the limit, even when the window ends meanwhile", async () => {
    const limiter = memory();
    const store = fromRateLimiterFlexible(limiter);
    const { reward } = limiter;
    limiter.reward = async (key, points) => {
      await limiter.delete(key);
      return reward.call(limiter, key, points);
    };
    await store.consume([storeRequest(2)]);
    await store.refund?.([{ ...storeRequest(2), receipt: undefined }]);
    expect((await limiter.get("a:k"))?.consumedPoints).toBe(0);
    await store.refund?.([{ ...storeRequest(2), receipt: undefined }]);
    expect((await limiter.get("a:k"))?.consumedPoints).toBe(0);
  });

  it("does not end a block of the limiter", async () => {
    const limiter = memory({ blockDuration: 600 });
    const store = fromRateLimiterFlexible(limiter);
    const [first] = await store.consume([storeRequest(2)]);
    await store.consume([storeRequest()]);
    await store.refund?.([{ ...storeRequest(2), receipt: first?.receipt }]);
    expect(await store.consume([storeRequest()])).toMatchObject([
      { allowed: false, blocked: true },
    ]);
  });
});

describe("a block by hand", () => {
  it("is no success when the limiter has not kept it", async () => {
    const limiter = memory();
    limiter.set = () => Promise.resolve({} as never);
    const store = fromRateLimiterFlexible(limiter);
    await expect(store.block?.([storeRequest()], 1000)).rejects.toThrow("has kept no block");
  });
});

describe("the readiness of the store", () => {
  const withClient = (client: object) =>
    fromRateLimiterFlexible(Object.assign(memory(), { client })).isReady?.();
  const duplicate = () => undefined;

  it.each([
    [{ status: "ready", duplicate }, true],
    [{ status: "wait", duplicate }, true],
    [{ status: "reconnecting", duplicate }, false],
    [{ status: "end", duplicate }, false],
    [{ isReady: true, duplicate }, true],
    [{ isReady: false, duplicate }, false],
    [{ duplicate }, true],
    [{ status: "idle" }, true],
  ])("is that of its client: %o", (client, ready) => {
    expect(withClient(client)).toBe(ready);
  });
});

describe("fromRateLimiterFlexible", () => {
  const limiter = memory();
  class RateLimiterNonAtomic extends RateLimiterMemory {}
  /** A limiter with properties of those of Redis, whose constructors talk to a client. */
  const like = (properties: object) => Object.assign(memory(), properties);

  it.each([
    [undefined, "must have points, duration, consume() and get(), got undefined"],
    [{}, "must have points, duration, consume() and get()"],
    [{ consume: () => Promise.resolve() }, "must have points, duration, consume() and get()"],
    [{ a: limiter, b: {} }, "each limiter must have points, duration"],
    [new RateLimiterUnion(limiter, memory({ keyPrefix: "b" })), "must have points"],
    [new BurstyRateLimiter(limiter, limiter), "must have points, duration"],
    [
      new RLWrapperTimeouts({ limiter, timeoutMs: 5 }),
      "must have whole points of at least 1, got 0",
    ],
    [memory({ points: 0.5 }), "must have whole points of at least 1, got 0.5"],
    [memory({ duration: 0 }), "must have a duration of whole seconds, at least 1, got 0"],
    [memory({ duration: 1.9 }), "must have a duration of whole seconds, at least 1, got 1.9"],
    [{ a: memory({ duration: 1.9 }) }, "must have a duration of whole seconds, at least 1"],
    [memory({ blockDuration: 0.5 }), "must have a blockDuration of whole seconds, got 0.5"],
    [memory({ execEvenly: true }), "must not delay requests: leave out execEvenly"],
    [memory({ duration: 2_592_000 }), "must have a duration of at most 2147483 seconds"],
    [memory({ blockDuration: 2_592_000 }), "at most 2147483 seconds"],
    [like({ inMemoryBlockOnConsumed: 2 }), "must not block in memory"],
    [like({ blockOnConsumed: 9 }), "must not wait with a block: leave out blockOnConsumed"],
    [like({ insuranceLimiter: limiter }), "must have no insuranceLimiter"],
    [new RateLimiterNonAtomic({ points: 2, duration: 60 }), "must count at once what it reads"],
    [
      like({
        client: { sendCommand() {}, isOpen: true },
        _incrTtlLuaScript: "",
        useRedisPackage: false,
      }),
      "must have useRedisPackage: true",
    ],
  ])("refuses at start-up what it cannot count with: %o", (unfit, problem) => {
    const create = () => fromRateLimiterFlexible(unfit as never);
    expect(create).toThrow(OptionsError);
    expect(create).toThrow(problem);
  });

  it("refuses two scripts for one client of Redis, of which both limiters would use the later one", () => {
    const client = { defineCommand: () => undefined };
    const of = (script: string) => like({ client, _incrTtlLuaScript: script });
    fromRateLimiterFlexible(of("one"));
    expect(() => fromRateLimiterFlexible(of("one"))).not.toThrow();
    expect(() => fromRateLimiterFlexible(of("two"))).toThrow("must have a client of its own");
  });

  it.each([
    [
      { ...FIXED, limit: 3, window: "1m" },
      "rateLimit.store must fit the policy: the limiter has 2 points, the limit is 3",
    ],
    [
      { ...FIXED, limit: 2, window: "1h" },
      "rateLimit.store must fit the policy: the duration of the limiter is 60 seconds, the window 3600",
    ],
    [{ limit: 2, window: "1m" }, 'rateLimit.algorithm must be "fixed-window"'],
    [{ algorithm: "sliding-log", limit: 2, window: "1m" }, 'algorithm must be "fixed-window"'],
    [
      { ...FIXED, limit: () => 2, window: "1m" },
      "rateLimit.store must fit the policy: a limiter has one rate",
    ],
    [
      { ...FIXED, tier: () => "a", tiers: { a: { limit: 2, window: "1m" } } },
      "rateLimit.store must fit the policy: a limiter has one rate",
    ],
    [
      { ...FIXED, limit: 2, window: "1m", block: {} },
      'rateLimit.store must fit the policy: block must be { after: "never" }',
    ],
  ])("does not fit the policy %o", (policy, problem) => {
    const store = fromRateLimiterFlexible(limiter);
    expect(() => rateLimit({ name: "a", ...policy, store } as RateLimitOptions)).toThrow(problem);
  });

  it("refuses several policies for one limiter, and a policy without a limiter", () => {
    const policies = ["a", "b"].map((name) => ({ name, limit: 2, window: "1m", ...FIXED }));
    expect(() => rateLimit({ policies, store: fromRateLimiterFlexible(limiter) })).toThrow(
      "rateLimit.store must have a limiter for each policy: write fromRateLimiterFlexible({ … })",
    );
    expect(() => rateLimit({ policies, store: fromRateLimiterFlexible({ a: limiter }) })).toThrow(
      "rateLimit.store must have a limiter for rateLimit.policies[1], by the name of that policy",
    );
  });
});
