import { describe, expect, it } from "vitest";
import { OptionsError } from "../core/options/options-error.js";
import { rateLimitPhases } from "./phases.js";
import { rateLimit } from "./rate-limit.js";
import type { RateLimitStore } from "./stores/rate-limit-store.js";

const one = { limit: 10, window: "1m" };
const store: RateLimitStore = { consume: async () => [] };

type Wrong = readonly [options: unknown, problem: string];

describe("rateLimit, with wrong options, throws one OptionsError", () => {
  it.each<Wrong>([
    [
      undefined,
      "rateLimit.limit must be a whole number from 1 to 1000000000, got undefined: it is required",
    ],
    [
      {},
      'rateLimit.window must be a duration from 1s to 366d, such as "15m" (units ms, s, m, h, d), got undefined: it is required',
    ],
    [
      { ...one, limit: 0 },
      'rateLimit.limit must be a whole number from 1 to 1000000000, got 0: is a variable not set? To let nothing pass, write "none"',
    ],
    [{ ...one, limit: -1 }, "rateLimit.limit must be a whole number"],
    [{ ...one, limit: 1.5 }, "rateLimit.limit must be a whole number"],
    [{ ...one, limit: Number.NaN }, "got NaN: is it made of a variable that is not set?"],
    [{ ...one, limit: Number.POSITIVE_INFINITY }, "rateLimit.limit must be a whole number"],
    [{ ...one, limit: "10" }, "rateLimit.limit must be a whole number"],
    [{ ...one, window: 60_000 }, 'a bare number has no unit, write "1m"'],
    [{ ...one, window: "999ms" }, "rateLimit.window must be a duration from 1s to 366d"],
    [{ ...one, window: "367d" }, "rateLimit.window must be a duration from 1s to 366d"],
    [{ ...one, window: "1500ms" }, "rateLimit.window must be a whole number of seconds"],
    [{ ...one, burst: 0 }, "rateLimit.burst must be a whole number from 1 to 10, got 0"],
    [{ ...one, burst: 11 }, "rateLimit.burst must be a whole number from 1 to 10, got 11"],
    [{ ...one, name: "" }, "rateLimit.name must be a non-empty string, got an empty string"],
    [{ ...one, name: "n\u00e4me" }, "rateLimit.name must be at most 64 printable ASCII characters"],
    [{ ...one, name: "a\r\nb" }, "rateLimit.name must be at most 64 printable ASCII characters"],
    [
      { ...one, name: "x".repeat(65) },
      "rateLimit.name must be at most 64 printable ASCII characters",
    ],
    [{ ...one, name: "report:a", store }, 'rateLimit.name must not begin with "report:", which'],
    [
      { ...one, key: "user" },
      'rateLimit.key must be "ip", "principal", "tenant", a list of several of them, or a function',
    ],
    [
      { ...one, key: ["ip"] },
      'rateLimit.key must be "ip", "principal", "tenant", a list of several of them, or a function',
    ],
    [{ ...one, cost: 0 }, "rateLimit.cost must be a whole number from 1 to 10, got 0"],
    [{ ...one, burst: 2, cost: 3 }, "rateLimit.cost must be a whole number from 1 to 2, got 3"],
    [{ ...one, match: "login" }, 'rateLimit.match must start with "/": write "/login"'],
    [{ ...one, match: ["/a", "/a/"] }, 'rateLimit.match[1] must not end with "/": write "/a"'],
    [{ ...one, match: [] }, "rateLimit.match must be a non-empty string or a list of them"],
    [{ ...one, match: /a/ }, "rateLimit.match must be a non-empty string"],
    [{ ...one, phase: "before-auth" }, "rateLimit.phase belongs to secureApi: leave it out here"],
    [{ policies: [] }, "rateLimit.policies must be a non-empty list of options objects"],
    [{ policies: one }, "rateLimit.policies must be a non-empty list of options objects"],
    [
      { policies: [one], limit: 5 },
      "rateLimit.limit must stand in each of the policies, not beside them",
    ],
    [
      { policies: [one, { ...one, windw: "1m" }] },
      'rateLimit.policies[1] must not have an option "windw": did you mean "window"?',
    ],
    [
      { policies: [one, { ...one, key: "principal" }] },
      "rateLimit.policies[1].name must differ from that of policies[0]",
    ],
    [
      { policies: [{ ...one, phase: "after-auth" }] },
      "rateLimit.policies[0].phase belongs to secureApi",
    ],
    [{ ...one, store }, "rateLimit.name must be given: the store tells policies apart by it"],
    [
      { policies: [{ ...one, name: undefined }], store },
      "rateLimit.policies[0].name must be given",
    ],
    [
      { ...one, name: "a", store: {} },
      "rateLimit.store must be a RateLimitStore, an object with consume(requests), got an object",
    ],
    [
      { ...one, name: "a", store: { points: 1, consume: () => 1 } },
      "write fromRateLimiterFlexible(limiter)",
    ],
    [
      { ...one, name: "a", store: { increment: () => 1, decrement: () => 1 } },
      "got an object: a store of express-rate-limit cannot be used, write fromRateLimiterFlexible(limiter)",
    ],
    [
      { ...one, name: "a", store: { get: () => 1, incr: () => 1 } },
      "got an object: it takes no client, write redisStore(client)",
    ],
    [{ ...one, onStoreError: "reject" }, "rateLimit.onStoreError must be left out without a store"],
    [{ ...one, storeTimeout: "1s" }, "rateLimit.storeTimeout must be left out without a store"],
    [
      { ...one, name: "a", store, onStoreError: "open" },
      'rateLimit.onStoreError must be one of "fallback", "reject"',
    ],
    [
      { ...one, name: "a", store, storeTimeout: "61s" },
      "rateLimit.storeTimeout must be a duration",
    ],
    [{ ...one, headers: { ietf: "draft-10" } }, 'rateLimit.headers.ietf must be one of "draft-11"'],
    [
      { ...one, headers: { legacy: true } },
      'rateLimit.headers.legacy must be one of "epoch", "delta"',
    ],
    [{ ...one, headers: false }, "rateLimit.headers must be an options object, got false"],
    [{ ...one, ipv6Prefix: 16 }, "rateLimit.ipv6Prefix must be a whole number from 32 to 128"],
    [{ ...one, ipv6Prefix: 129 }, "rateLimit.ipv6Prefix must be a whole number from 32 to 128"],
    [{ ...one, maxKeys: 0 }, "rateLimit.maxKeys must be a whole number from 1 to 10000000"],
    [{ ...one, skip: true }, "rateLimit.skip must be a function, got true"],
    [{ ...one, mode: "shadow" }, 'rateLimit.mode must be one of "enforce", "report"'],
    [{ ...one, onDenied: 429 }, "rateLimit.onDenied must be"],
    [
      { limit: 10, windowMs: 60_000 },
      'rateLimit must not have an option "windowMs": did you mean "window"?',
    ],
    [{ ...one, max: 10 }, 'rateLimit must not have an option "max": did you mean "limit"?'],
    [{ ...one, keyGenerator: () => "" }, 'did you mean "key"?'],
    [{ ...one, algorithm: "fixedWindow" }, 'did you mean "fixed-window"?'],
    [{ ...one, algorithm: "sliding-window" }, 'did you mean "sliding-log"?'],
    [{ ...one, concurrency: 5 }, "rateLimit must not have an option with a name of 11 characters"],
    [
      { ...one, limit: 0 },
      'rateLimit.limit must be a whole number from 1 to 1000000000, got 0: is a variable not set? To let nothing pass, write "none"',
    ],
    [{ ...one, limit: "none" }, 'rateLimit.window must be left out with limit: "none"'],
    [{ ...one, algorithm: "leaky-bucket" }, "rateLimit.burst must be a whole number"],
    [
      { ...one, algorithm: "sliding-log", burst: 2 },
      'rateLimit.burst must be left out with "sliding-log"',
    ],
    [
      { ...one, algorithm: "sliding-log", limit: 1001 },
      "rateLimit.limit must be a whole number from 1 to 1000",
    ],
    [
      { ...one, algorithm: "fixed-window", burst: 2 },
      'rateLimit.burst must be left out with "fixed-window"',
    ],
    [
      { ...one, algorithm: "concurrency" },
      'rateLimit.window must be left out with "concurrency" in memory',
    ],
    [
      { limit: 5, algorithm: "concurrency", count: "failures" },
      'rateLimit.count must be left out with "concurrency"',
    ],
    [{ ...one, algorithm: undefined }, "rateLimit.algorithm must not be undefined"],
    [
      { ...one, tier: () => "a" },
      "rateLimit.limit must stand in each of the tiers, not beside them",
    ],
    [{ tiers: { a: one } }, "rateLimit.tier must be a function"],
    [{ tier: () => "a" }, "rateLimit.tiers must be an object with a rate for each tier"],
    [{ tier: () => "a", tiers: {} }, "rateLimit.tiers must be an object with a rate for each tier"],
    [
      { tier: () => "a", tiers: { a: { limit: 0, window: "1m" } } },
      'rateLimit.tiers["a"].limit must be a whole number from 1 to 1000000000, got 0',
    ],
    [
      { tier: () => "a", tiers: { a: null } },
      'rateLimit.tiers["a"] must be an options object, got null',
    ],
    [
      {
        algorithm: "sliding-log",
        tier: () => "a",
        tiers: { a: { limit: 1, window: "1m" }, b: { limit: 1, window: "2m" } },
      },
      'rateLimit.tiers must have one window with "sliding-log"',
    ],
    [
      {
        name: "a",
        algorithm: "concurrency",
        tier: () => "a",
        tiers: { a: { limit: 1, window: "1m" }, b: { limit: 1 }, c: { limit: "none" } },
        store: { ...store, algorithms: ["concurrency"] },
      },
      'rateLimit.tiers must have one window with "concurrency"',
    ],
    [
      { ...one, algorithm: "sliding-log", window: () => "1m" },
      'rateLimit.window must be a duration with "sliding-log"',
    ],
    [
      { ...one, maxWaiting: 5 },
      'rateLimit.maxWaiting must be left out without a policy with "leaky-bucket" or slowDown',
    ],
    [{ ...one, key: ["ip", "ip"] }, "a list of several of them"],
    [{ ...one, key: ["ip", "user"] }, "a list of several of them"],
    [
      {
        policies: [{ ...one, name: "a" }],
        store: { consume: async () => [] },
        onStoreError: "rejct",
      },
      'rateLimit.onStoreError must be one of "fallback", "reject", "dangerouslyOpen"',
    ],
    [
      { policies: [one], onStoreError: "reject" },
      "rateLimit.onStoreError must be left out without a store",
    ],
    [{ ...one, warnAt: 0 }, "rateLimit.warnAt must be above 0"],
    [{ ...one, warnAt: 80 }, "rateLimit.warnAt must be a number from 0 to 1, got 80"],
    [{ ...one, onLimit: "slow-down" }, 'rateLimit.onLimit must be "refuse" without slowDown'],
    [{ ...one, slowDown: { from: 1, step: "1s" } }, "rateLimit.slowDown.from must be below 1"],
    [
      { ...one, slowDown: { from: 0, step: "3s" } },
      "rateLimit.slowDown.step must not be longer than max",
    ],
    [{ ...one, slowDown: { step: "1s" } }, "rateLimit.slowDown.from must be a number from 0 to 1"],
    [{ ...one, block: { after: 0 } }, "rateLimit.block.after must be a whole number from 1"],
    [{ ...one, block: { durations: [] } }, "rateLimit.block.durations must be a non-empty list"],
    [
      { ...one, block: { durations: ["5m", "1m"] } },
      "rateLimit.block.durations[1] must not be shorter than the one before it",
    ],
    [
      { ...one, block: { after: "never", within: "1m" } },
      'rateLimit.block.within must be left out with after: "never"',
    ],
    [
      { ...one, block: {}, slowDown: { from: 0, step: "1s" }, onLimit: "slow-down" },
      'rateLimit.block must be left out with onLimit: "slow-down"',
    ],
    [
      { ...one, name: "a", store: { consume: async () => [] }, block: {} },
      "rateLimit.block must be left out: the store does not block keys",
    ],
    [{ ...one, keySecret: "x".repeat(32) }, "rateLimit.keySecret must be left out without a store"],
    [
      { ...one, name: "a", store: { consume: async () => [] }, keySecret: "short" },
      "rateLimit.keySecret must have at least 32 characters",
    ],
    [
      { ...one, name: "a", store: { consume: async () => [] }, keySecret: undefined },
      "rateLimit.keySecret must not be undefined",
    ],
    [
      { ...one, headers: { retryJitter: 10 } },
      "rateLimit.headers.retryJitter must be a number from 0 to 1, got 10",
    ],
    [{ ...one, fallbackShare: 0.5 }, "rateLimit.fallbackShare must be left out without a store"],
    [
      { ...one, name: "a", store: { consume: async () => [] }, fallbackShare: 0 },
      "rateLimit.fallbackShare must be above 0",
    ],
    [
      {
        ...one,
        name: "a",
        store: { consume: async () => [] },
        fallbackShare: 0.5,
        onStoreError: "reject",
      },
      'rateLimit.fallbackShare must be left out without onStoreError: "fallback"',
    ],
    [
      { ...one, name: "a", store: { consume: async () => [] }, algorithm: "sliding-log" },
      'rateLimit.algorithm must be "token-bucket": the store does not know "sliding-log"',
    ],
    [
      {
        limit: 1,
        algorithm: "concurrency",
        name: "a",
        store: { algorithms: ["concurrency"], consume: async () => [] },
      },
      'rateLimit.store must have refund() to know "concurrency"',
    ],
    [
      { ...one, count: "failure" },
      'rateLimit.count must be "all", "failures", "successes" or a function',
    ],
    [{ ...one, count: true }, "rateLimit.count must be"],
    [{ ...one, count: undefined }, "rateLimit.count must not be undefined"],
    [
      { ...one, name: "a", count: "failures", store: { consume: async () => [] } },
      "rateLimit.count must be left out with a store without refund()",
    ],
    [{ ...one, store: undefined }, "rateLimit.store must not be undefined"],
    [{ ...one, key: undefined }, "rateLimit.key must not be undefined"],
    [{ ...one, match: undefined }, "rateLimit.match must not be undefined"],
    [{ ...one, policies: undefined }, "rateLimit.policies must not be undefined"],
    [{ policies: [{ ...one, key: undefined }] }, "rateLimit.policies[0].key must not be undefined"],
    ["100/1m", "rateLimit must be an options object, got a string of 6 characters"],
  ])("%o", (options, problem) => {
    expect(() => rateLimit(options as never)).toThrow(OptionsError);
    expect(() => rateLimit(options as never)).toThrow(problem);
  });

  it("with every problem in it", () => {
    const options = { policies: [{ limit: 0 }, { window: "1h", key: 5 }], maxKeys: 0 };
    const problems = problemsOf(() => rateLimit(options as never));
    expect(problems.map((problem) => problem.split(" ")[0])).toEqual([
      "rateLimit.policies[0].limit",
      "rateLimit.policies[0].window",
      "rateLimit.policies[1].limit",
      "rateLimit.policies[1].key",
      "rateLimit.maxKeys",
    ]);
  });

  it("and takes nothing from a polluted prototype", () => {
    Object.defineProperty(Object.prototype, "limit", { value: 5, configurable: true });
    try {
      expect(() => rateLimit({ window: "1m" })).toThrow("rateLimit.limit");
    } finally {
      Reflect.deleteProperty(Object.prototype, "limit");
    }
  });

  it("and is not changed by what happens to the options afterwards", () => {
    const options = { limit: 1, window: "1m" };
    const limiter = rateLimit(Object.freeze(options));
    expect(
      JSON.parse((limiter as never as { expressSecureApiGuard: string }).expressSecureApiGuard),
    ).toEqual({
      guard: "rateLimit",
      kind: "limit",
      mode: "enforce",
      rule: "1-per-1m(1 per 1m and ip)",
    });
    expect(limiter.name).toBe("rateLimitMiddleware");
    expect(limiter).toHaveLength(3);
  });
});

describe("rateLimitPhases", () => {
  const key = () => "k";

  it("splits the policies around authentication", () => {
    const ruleOf = (handler: unknown): string =>
      JSON.parse((handler as { expressSecureApiGuard: string }).expressSecureApiGuard).rule;
    const { before, after } = rateLimitPhases({
      policies: [
        { ...one, name: "a" },
        { ...one, name: "b", key: "principal" },
        { ...one, name: "c", key, phase: "before-auth" },
        { ...one, name: "d", key, phase: "after-auth" },
      ],
    });
    expect(ruleOf(before)).toBe("a(10 per 1m and ip), c(10 per 1m and key)");
    expect(ruleOf(after)).toBe("b(10 per 1m and principal), d(10 per 1m and key)");
  });

  it("leaves out a half without policies, also in the short form", () => {
    expect(rateLimitPhases(one).after).toBeUndefined();
    expect(rateLimitPhases(one).before).toBeTypeOf("function");
    const { before, after } = rateLimitPhases({ ...one, key, phase: "after-auth" });
    expect(before).toBeUndefined();
    expect(after).toBeTypeOf("function");
  });

  it.each<Wrong>([
    [
      { policies: [one, { ...one, name: "f", key }] },
      'rateLimit.policies[1].phase must be one of "before-auth", "after-auth", "after-body", got undefined: it is required',
    ],
    [{ ...one, key, phase: "later" }, "rateLimit.phase must be one of"],
    [{ ...one, phase: "after-auth" }, 'rateLimit.phase must be left out with the key "ip"'],
    [
      { ...one, key, phase: "after-body", match: "HEAD /a" },
      'rateLimit.match must not name HEAD with phase: "after-body"',
    ],
    [
      { ...one, name: "a", store, onStoreError: "reject", preflight: false, maxKeys: 10 },
      'rateLimit.maxKeys must be left out with onStoreError: "reject" and preflight: false',
    ],
    [
      { ...one, key: "principal", phase: "before-auth" },
      'rateLimit.phase must be left out with the key "principal"',
    ],
  ])("refuses %o", (options, problem) => {
    expect(() => rateLimitPhases(options as never)).toThrow(OptionsError);
    expect(() => rateLimitPhases(options as never)).toThrow(problem);
  });

  it("closes the store once, whichever halves there are", async () => {
    let closed = 0;
    const close = async (): Promise<void> => {
      closed += 1;
    };
    const closing = { ...store, close };
    const policies = [
      { ...one, name: "a" },
      { ...one, name: "b", key: "principal" as const },
    ];
    await rateLimitPhases({ policies, store: closing }).close();
    await rateLimitPhases({ policies: policies.slice(1), store: closing }).close();
    expect(closed).toBe(2);
    await rateLimitPhases(one).close();
  });
});

function problemsOf(create: () => unknown): readonly string[] {
  try {
    create();
  } catch (error) {
    if (error instanceof OptionsError) return error.problems;
  }
  throw new Error("no OptionsError");
}
