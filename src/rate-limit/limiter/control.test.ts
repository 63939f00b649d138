import type { Express, Request, Response } from "express";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import { rateLimit } from "../rate-limit.js";
import type { RateLimitRefund, RateLimitStore } from "../stores/rate-limit-store.js";
import type { RateLimitMiddleware } from "./place.js";

const ADDRESS = "127.0.0.1";

describe.each(expressVersions)("keys by hand and by fault, on Express %s", (_major, express) => {
  function appWith(limiter: RateLimitMiddleware): Express {
    const app = (express as unknown as () => Express)();
    app.set("trust proxy", 1);
    app.use(limiter);
    app.use((_req: Request, res: Response) => void res.send("ok"));
    return app;
  }

  async function from(app: Express, address: string): Promise<number> {
    return (await request(app).get("/").set("X-Forwarded-For", address)).status;
  }

  it("blocks nobody for a quota that strangers share", async () => {
    const limiter = rateLimit({
      name: "a",
      limit: 1,
      window: "1h",
      maxKeys: 1,
      block: { after: 2 },
    });
    const app = appWith(limiter);
    expect(await from(app, "10.0.0.1")).toBe(200);
    expect(await from(app, "10.0.0.2")).toBe(200);
    for (let n = 0; n < 5; n += 1) expect(await from(app, "10.0.0.3")).toBe(429);
    expect((await limiter.peek({ key: "10.0.0.3" }))[0]?.blocked).toBe(false);
    for (let n = 0; n < 2; n += 1) expect(await from(app, "10.0.0.1")).toBe(429);
    expect((await limiter.peek({ key: "10.0.0.1" }))[0]?.blocked).toBe(true);
  });

  it("blocks a key by hand while many others are being refused", async () => {
    const limiter = rateLimit({
      name: "a",
      limit: 1,
      window: "1h",
      maxKeys: 2,
      block: { after: 9 },
    });
    const app = appWith(limiter);
    for (const address of ["10.0.0.1", "10.0.0.2"]) {
      for (let n = 0; n < 3; n += 1) await from(app, address);
    }
    await limiter.block({ key: "10.0.0.9" }, "1h");
    expect((await limiter.peek({ key: "10.0.0.9" }))[0]?.blocked).toBe(true);
  });

  it("says so when there is no room for a block by hand", async () => {
    const limiter = rateLimit({ name: "a", limit: 1, window: "1h", maxKeys: 1, block: {} });
    await limiter.block({ key: "10.0.0.1" }, "1h");
    await expect(limiter.block({ key: "10.0.0.2" }, "1h")).rejects.toThrow("maxKeys");
    await limiter.unblock({ key: "10.0.0.2" });
    await limiter.unblock({ key: "10.0.0.1" });
    await limiter.block({ key: "10.0.0.2" }, "1h");
    expect((await limiter.peek({ key: "10.0.0.2" }))[0]?.blocked).toBe(true);
  });

  it("blocks under all policies or under none", async () => {
    const limiter = rateLimit({
      policies: [
        { name: "a", limit: 1, window: "1h", block: {} },
        { name: "b", limit: 1, window: "1h" },
      ],
    });
    await expect(limiter.block({ key: ADDRESS }, "1h")).rejects.toThrow("must have block");
    expect((await limiter.peek({ key: ADDRESS }))[0]?.blocked).toBe(false);
  });

  it("refuses a request that no policy counts", async () => {
    const limiter = rateLimit({ name: "a", limit: 1, window: "1h", match: "/login" });
    const app = (express as unknown as () => Express)();
    app.get("/other", async (req: Request, res: Response) => {
      const outcome = limiter.reset({ req });
      res.send(
        await outcome.then(
          () => "done",
          (error: Error) => `${error.name}: ${error.message}`,
        ),
      );
    });
    const answer = await request(app).get("/other");
    expect(answer.text).toBe("TypeError: no policy counts the request");
  });

  it.each(["penalty", "reward"] as const)("has no %s for what runs", async (act) => {
    const limiter = rateLimit({ name: "a", algorithm: "concurrency", limit: 2 });
    await expect(limiter[act]({ key: ADDRESS })).rejects.toThrow(TypeError);
    expect((await limiter.peek({ key: ADDRESS }))[0]?.remaining).toBe(2);
  });

  describe("in a store", () => {
    const blocked = {
      allowed: false,
      remaining: 0,
      retryAfterMs: 60_000,
      resetMs: 0,
      blocked: true,
    };
    const free = { allowed: true, remaining: 1, retryAfterMs: 0, resetMs: 0 };

    it("believes in no block of a request that is admitted", async () => {
      const store: RateLimitStore = {
        blocks: true,
        consume: async () => [{ ...free, retryAfterMs: 60_000, blocked: true }],
      };
      const app = appWith(rateLimit({ name: "a", limit: 9, window: "1h", block: {}, store }));
      expect(await from(app, "10.0.0.1")).toBe(200);
      expect(await from(app, "10.0.0.1")).toBe(200);
    });

    it("forgets what the store has said about a block while that was ended", async () => {
      let isBlocked = true;
      let ask: (() => void) | undefined;
      const store: RateLimitStore = {
        blocks: true,
        consume: async () => [isBlocked ? blocked : free],
        async block() {
          await new Promise<void>((resolve) => {
            ask = resolve;
          });
          isBlocked = false;
        },
      };
      const limiter = rateLimit({ name: "a", limit: 9, window: "1h", block: {}, store });
      const app = appWith(limiter);
      const unblocked = limiter.unblock({ key: "10.0.0.1" });
      await expect.poll(() => ask).toBeDefined();
      expect(await from(app, "10.0.0.1")).toBe(429);
      ask?.();
      await unblocked;
      expect(await from(app, "10.0.0.1")).toBe(200);
    });

    it("gives back a place that the store has given too late", async () => {
      const refunds: RateLimitRefund[] = [];
      let answer = (): void => undefined;
      const store: RateLimitStore = {
        algorithms: ["concurrency", "token-bucket"],
        consume: (requests) =>
          new Promise((resolve) => {
            answer = () => resolve(requests.map(() => ({ ...free, receipt: "7" })));
          }),
        refund: async (given) => void refunds.push(...given),
      };
      const limiter = rateLimit({
        policies: [
          { name: "a", algorithm: "concurrency", limit: 9 },
          { name: "b", limit: 9, window: "1h" },
        ],
        store,
        storeTimeout: "20ms",
      });
      expect(await from(appWith(limiter), "10.0.0.1")).toBe(200);
      answer();
      await expect.poll(() => refunds.length).toBe(1);
      expect(refunds[0]).toMatchObject({ policy: "a", cost: 1, receipt: "7" });
    });

    it("gives back of the charge what costAfter says", async () => {
      const refunds: RateLimitRefund[] = [];
      const store: RateLimitStore = {
        consume: async () => [{ ...free, receipt: "7" }],
        refund: async (given) => void refunds.push(...given),
        charge: async () => undefined,
      };
      const options = { name: "a", limit: 9, window: "1h", cost: 5, costAfter: () => 2, store };
      expect(await from(appWith(rateLimit(options)), "10.0.0.1")).toBe(200);
      await expect.poll(() => refunds.length).toBe(1);
      expect(refunds[0]).toMatchObject({ cost: 3, receipt: "7" });
    });
  });
});
