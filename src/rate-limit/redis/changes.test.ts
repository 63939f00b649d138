import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type FrozenClient, frozenClient } from "../../../test/support/redis/frozen-clock.js";
import { RedisServer, withoutRedis } from "../../../test/support/redis/redis-server.js";
import type { RateLimitAlgorithm } from "../policies/policy.js";
import type {
  RateLimitRequest,
  RateLimitResult,
  RateLimitStore,
} from "../stores/rate-limit-store.js";
import { redisStore } from "./redis-store.js";

const START = 1_700_000_000_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const login: RateLimitRequest = {
  policy: "login",
  key: "192.0.2.1",
  algorithm: "token-bucket",
  limit: 2,
  windowMs: MINUTE,
  burst: 2,
  cost: 1,
};
const blocking = {
  after: 3,
  withinMs: 10 * MINUTE,
  durationsMs: [MINUTE, 5 * MINUTE],
  forgetMs: HOUR,
};
const algorithms: readonly RateLimitAlgorithm[] = [
  "token-bucket",
  "leaky-bucket",
  "sliding-log",
  "fixed-window",
  "concurrency",
];

describe.skipIf(withoutRedis)("redisStore", () => {
  let server: RedisServer;
  let frozen: FrozenClient;
  let store: Required<Omit<RateLimitStore, "close">>;
  let now = START;

  beforeAll(async () => {
    server = await RedisServer.start();
    frozen = frozenClient(server.port);
    store = redisStore(frozen.client) as typeof store;
  });
  beforeEach(async () => {
    await frozen.flush();
    await at(START);
  });
  afterAll(async () => {
    frozen?.close();
    await server?.stop();
  });

  async function at(ms: number): Promise<void> {
    now = ms;
    await frozen.setTime(ms * 1000);
  }

  async function ask(request: Partial<RateLimitRequest> = {}): Promise<RateLimitResult> {
    const [answer] = await store.consume([{ ...login, ...request }]);
    if (answer === undefined) throw new Error("no answer");
    return answer;
  }

  /** The third refusal at the limit. */
  async function provoke(): Promise<RateLimitResult> {
    let last = await ask({ blocking });
    while (!last.blocked) last = await ask({ blocking });
    return last;
  }

  describe.each(algorithms)("with %s", (algorithm) => {
    it("gives a charge back, exactly once", async () => {
      const { receipt } = await ask({ algorithm, cost: 2 });
      expect(receipt?.length).toBeLessThanOrEqual(128);
      await store.refund([{ ...login, algorithm, cost: 2, receipt }]);
      expect(await ask({ algorithm, cost: 0 })).toMatchObject({ remaining: 2, resetMs: 0 });
      await ask({ algorithm, cost: 2 });
      await store.refund([{ ...login, algorithm, cost: 2, receipt }]);
      expect(await ask({ algorithm, cost: 0 })).toMatchObject({ remaining: 0 });
    });

    it("gives back a part of a charge, and of more no more than was charged", async () => {
      const many = { ...login, algorithm, limit: 10, burst: 10 };
      const { receipt } = await ask({ ...many, cost: 7 });
      await store.refund([{ ...many, cost: 2, receipt }]);
      expect(await ask({ ...many, cost: 0 })).toMatchObject({ remaining: 5 });
      const soft = { ...many, policy: "soft", soft: true };
      await ask({ ...soft, cost: 4 });
      const partly = await ask({ ...soft, cost: Number.MAX_SAFE_INTEGER });
      await store.refund([{ ...soft, cost: Number.MAX_SAFE_INTEGER, receipt: partly.receipt }]);
      expect(await ask({ ...soft, cost: 0 })).toMatchObject({ remaining: 6 });
    });

    it("keeps all of a charge that was short where what was used is more than it", async () => {
      const soft = { ...login, algorithm, limit: 10, burst: 10, soft: true };
      await ask({ ...soft, cost: 6 });
      // Four are left for ten: eight of them were used, or three.
      const { receipt } = await ask({ ...soft, cost: 10 });
      await store.refund([{ ...soft, cost: 2, receipt }]);
      expect(await ask({ ...soft, cost: 0 })).toMatchObject({ remaining: 0 });
      await store.refund([{ ...soft, cost: 7, receipt }]);
      expect(await ask({ ...soft, cost: 0 })).toMatchObject({ remaining: 1 });
    });

    it("gives nothing back of what was charged after a reset", async () => {
      const { receipt } = await ask({ algorithm });
      await store.reset([{ ...login, algorithm }]);
      expect(await ask({ algorithm })).toMatchObject({ remaining: 1 });
      await store.refund([{ ...login, algorithm, receipt }]);
      expect(await ask({ algorithm, cost: 0 })).toMatchObject({ remaining: 1 });
    });

    it("charges without asking until nothing is left, and never more", async () => {
      await store.charge([{ ...login, algorithm }]);
      expect(await ask({ algorithm, cost: 0 })).toMatchObject({ remaining: 1 });
      await store.charge([{ ...login, algorithm, cost: 2 }]);
      await store.charge([{ ...login, algorithm, cost: 2 }]);
      const empty = await ask({ algorithm });
      expect(empty).toMatchObject({ allowed: false, remaining: 0 });
      await at(now + empty.retryAfterMs);
      expect(await ask({ algorithm })).toMatchObject({ allowed: true });
    });

    it("charges what is left, and admits, where a policy is soft", async () => {
      const soft = { algorithm, soft: true };
      expect(await ask({ ...soft })).toMatchObject({ allowed: true, remaining: 1 });
      const partly = await ask({ ...soft, cost: 2 });
      expect(partly).toMatchObject({ allowed: true, remaining: 0 });
      expect(await ask({ ...soft })).toMatchObject({ allowed: true, remaining: 0, receipt: "-" });
      // One unit was charged, and one comes back.
      await store.refund([{ ...login, ...soft, cost: 2, receipt: partly.receipt }]);
      expect(await ask({ algorithm, cost: 0 })).toMatchObject({ remaining: 1 });
    });

    it("gives units by hand, of whichever charge", async () => {
      await ask({ algorithm });
      await ask({ algorithm });
      await store.refund([{ ...login, algorithm, receipt: undefined }]);
      expect(await ask({ algorithm, cost: 0 })).toMatchObject({ remaining: 1 });
      await store.refund([{ ...login, algorithm, cost: 2, receipt: undefined }]);
      expect(await ask({ algorithm, cost: 0 })).toMatchObject({ remaining: 2, resetMs: 0 });
      await store.refund([{ ...login, algorithm, receipt: "-" }]);
    });

    it("goes on when the clock of the server is set back", async () => {
      await ask({ algorithm, cost: 2 });
      await at(START - HOUR);
      expect(await ask({ algorithm })).toMatchObject({ allowed: false });
      await at(now + MINUTE);
      expect(await ask({ algorithm })).toMatchObject({ allowed: true });
    });

    it("refuses what costs more than there can be, and admits what costs nothing", async () => {
      expect(await ask({ algorithm, cost: 3 })).toMatchObject({ allowed: false, remaining: 2 });
      await ask({ algorithm, cost: 2 });
      const peek = await ask({ algorithm, cost: 0 });
      expect(peek).toMatchObject({ allowed: true, remaining: 0, retryAfterMs: 0 });
      expect(peek.receipt).toBe("-");
    });

    it("applies another limit of the same policy at once", async () => {
      await ask({ algorithm, cost: 2 });
      const more = { algorithm, limit: 4, burst: 4, windowMs: 2 * MINUTE };
      expect((await ask({ ...more, cost: 0 })).remaining).toBeGreaterThanOrEqual(2);
      await ask({ ...more, cost: 1 });
      expect(await ask({ algorithm })).toMatchObject({ allowed: false, remaining: 0 });
    });
  });

  it("gives the turn of nobody in a queue to another one when somebody leaves", async () => {
    const queue = { algorithm: "leaky-bucket", limit: 60, burst: 10 } as const;
    const turns = [];
    for (const _place of [0, 1, 2, 3]) turns.push(await ask(queue));
    expect(turns.map(({ delayMs }) => delayMs)).toEqual([0, 1000, 2000, 3000]);
    await store.refund([{ ...login, ...queue, receipt: turns[1]?.receipt }]);
    expect(await ask(queue)).toMatchObject({ delayMs: 4000 });
    const last = await ask(queue);
    await store.refund([{ ...login, ...queue, receipt: last.receipt }]);
    expect(await ask(queue)).toMatchObject({ delayMs: 5000 });
  });

  it("blocks a key that keeps being refused, for longer each time", async () => {
    expect(await provoke()).toMatchObject({ allowed: false, retryAfterMs: MINUTE });
    await at(now + 59_999);
    expect(await ask({ blocking })).toMatchObject({ blocked: true, retryAfterMs: 1 });
    await at(now + 1);
    expect(await ask({ blocking })).toMatchObject({ allowed: true, blocked: false });
    for (const _again of [2, 3]) {
      expect(await provoke()).toMatchObject({ retryAfterMs: 5 * MINUTE });
      await at(now + 5 * MINUTE);
    }
  });

  it("forgets the blocks after a time without one, and refusals after theirs", async () => {
    await provoke();
    await at(now + MINUTE + HOUR);
    expect(await provoke()).toMatchObject({ retryAfterMs: MINUTE });
    await store.reset([login]);
    await ask({ blocking, cost: 2 });
    for (const _refusal of [1, 2]) {
      expect(await ask({ blocking, cost: 2 })).toMatchObject({ allowed: false, blocked: false });
    }
    await at(now + 10 * MINUTE);
    await ask({ blocking, cost: 2 });
    expect(await ask({ blocking, cost: 2 })).toMatchObject({ allowed: false, blocked: false });
  });

  it("counts refusals for the policy that refuses, and charges no other one", async () => {
    const wide = { ...login, policy: "wide", limit: 100, burst: 100, blocking };
    for (let n = 0; n < 8; n += 1) await store.consume([wide, { ...login, blocking }]);
    const [left, tight] = await store.consume([
      { ...wide, cost: 0 },
      { ...login, blocking, cost: 0 },
    ]);
    expect(left).toMatchObject({ allowed: true, remaining: 98, blocked: false });
    expect(tight).toMatchObject({ allowed: false, blocked: true });
  });

  it("blocks when it is told to, and ends a block", async () => {
    await store.block([{ ...login, blocking }], 5000);
    expect(await ask({ blocking })).toMatchObject({
      allowed: false,
      blocked: true,
      retryAfterMs: 5000,
    });
    expect(await ask({ blocking, cost: 0 })).toMatchObject({
      allowed: false,
      blocked: true,
      remaining: 2,
    });
    await store.block([{ ...login, blocking }], 0);
    expect(await ask({ blocking })).toMatchObject({ allowed: true, blocked: false, remaining: 1 });
    await store.block([{ ...login, blocking }], 5000);
    await at(now + 5000);
    expect(await ask({ blocking })).toMatchObject({ allowed: true, blocked: false });
    await store.block([{ ...login, blocking }], 5000);
    await store.reset([login]);
    expect(await ask({ blocking })).toMatchObject({ allowed: true, remaining: 1 });
  });

  it("ends a block in time when the clock of the server is set back", async () => {
    await store.block([{ ...login, blocking }], 5000);
    await at(START - HOUR);
    expect(await ask({ blocking })).toMatchObject({ blocked: true });
    await at(now + 5000);
    expect(await ask({ blocking })).toMatchObject({ allowed: true });
  });

  it("counts in whole numbers, however they divide, and the largest ones", async () => {
    const day = { limit: 999_999_937, burst: 999_999_937, windowMs: 366 * 24 * HOUR };
    expect(await ask({ ...day, cost: 999_999_936 })).toMatchObject({ allowed: true, remaining: 1 });
    expect(await ask({ ...day })).toMatchObject({ allowed: true, remaining: 0 });
    expect(await ask({ ...day })).toMatchObject({ allowed: false, remaining: 0 });
    const slow = { policy: "slow", limit: 1, burst: 1, windowMs: 366 * 24 * HOUR };
    await ask(slow);
    const never = await ask({ ...slow, cost: 1_000_000_000 });
    expect(never.allowed).toBe(false);
    expect(never.retryAfterMs).toBeLessThanOrEqual(Number.MAX_SAFE_INTEGER);
  });

  it("keeps policies and keys apart, whatever is in them", async () => {
    const pairs = [
      ["a", "=b"],
      ["a}:b", "="],
      ["b", "=}:a"],
      ["a:block", "=b"],
      ["a", "=%7d"],
      ["a", "=}"],
      ["a", "=\ud800"],
      ["a", "=\udfff"],
      ["a", "=\ufffd"],
      ["a", ""],
      ["a", "%"],
      ["report:a", "=b"],
    ] as const;
    for (const [policy, key] of pairs) {
      expect(await ask({ policy, key }), `${policy} ${key}`).toMatchObject({ remaining: 1 });
    }
    expect(new Set(await server.command("--scan", "--pattern", "rate-limit*")).size).toBe(12);
  });

  it("refuses more units than one set should hold", async () => {
    const big = { limit: 10_001, burst: 10_001 };
    await expect(ask({ ...big, algorithm: "sliding-log" })).rejects.toThrow(RangeError);
    const most = { limit: 10_000, burst: 10_000, cost: 10_000 };
    expect(await ask({ ...most, algorithm: "sliding-log" })).toMatchObject({ remaining: 0 });
  });
});
