import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { Agent, get } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type RateLimiterAbstract,
  RateLimiterPostgres,
  RateLimiterRedis,
} from "rate-limiter-flexible";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { fromRateLimiterFlexible, type RateLimitPolicy, rateLimit } from "../../src/index.js";
import { postgresPool, redisClient } from "../support/databases.js";
import { expressVersions } from "../support/express.js";

/** Makes a limiter with a prefix of its own. */
type MakeLimiter = (options: {
  points: number;
  duration: number;
  blockDuration?: number;
}) => Promise<RateLimiterAbstract>;

let pool: Awaited<ReturnType<typeof postgresPool>>;
let redis: Awaited<ReturnType<typeof redisClient>>;
const run = randomUUID().slice(0, 8);
const tableName = `rate_limits_${run}`;
let made = 0;

const keyPrefix = () => {
  made += 1;
  return `esa-${run}-${made}`;
};

const DATABASES: readonly (readonly [name: string, client: () => unknown, make: MakeLimiter])[] = [
  [
    "PostgreSQL",
    () => pool,
    (options) =>
      new Promise((resolve, reject) => {
        const settings = { storeClient: pool, tableName, keyPrefix: keyPrefix(), ...options };
        const limiter: RateLimiterPostgres = new RateLimiterPostgres(settings, (error) => {
          if (error === undefined || error === null) resolve(limiter);
          else reject(error);
        });
      }),
  ],
  [
    "Redis",
    () => redis,
    async (options) =>
      new RateLimiterRedis({ storeClient: redis, keyPrefix: keyPrefix(), ...options }),
  ],
];

const FIXED = { algorithm: "fixed-window" } as const;
const KEYS = ["ada", "a\0b", "a b", "Ünï", "x".repeat(200)];
const closers: (() => unknown)[] = [];

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

beforeAll(async () => {
  [pool, redis] = await Promise.all([postgresPool(), redisClient()]);
});

afterAll(async () => {
  await pool?.query(`DROP TABLE IF EXISTS ${tableName}`);
  await pool?.end();
  const keys = (await redis?.keys(`esa-${run}-*`)) ?? [];
  if (keys.length > 0) await redis?.del(...keys);
  redis?.disconnect();
});

describe.each(expressVersions)("on Express %s", (_major, express) => {
  describe.each(DATABASES)("fromRateLimiterFlexible with %s", (name, client, make) => {
    beforeEach(({ skip }) => {
      if (client() === undefined) skip(`${name} is missing`);
    });

    // The machine may be busy: these tests are about counts, not about time.
    const patient = { storeTimeout: "20s", onStoreError: "reject" } as const;

    async function serve(limiter: ReturnType<typeof rateLimit>) {
      const app = express();
      app.use(limiter);
      app.get("/", (req, res) => void res.sendStatus(Number(req.query["status"] ?? 200)));
      const server = app.listen(0);
      closers.push(() => server.close());
      await once(server, "listening");
      const { port } = server.address() as AddressInfo;
      const agent = new Agent({ keepAlive: true, maxSockets: 50 });
      closers.push(() => agent.destroy());
      return (path = "/", key = "ada") =>
        new Promise<number>((resolve, reject) => {
          get({ port, path, agent, headers: { "X-Key": key } }, (res) => {
            res.resume().once("end", () => resolve(res.statusCode ?? 0));
          }).once("error", reject);
        });
    }

    const times = <T>(count: number, act: (index: number) => Promise<T>) =>
      Promise.all(Array.from({ length: count }, (_none, index) => act(index)));
    const consumed = async (limiter: RateLimiterAbstract, key: string) =>
      (await limiter.get(key))?.consumedPoints ?? 0;

    it("admits exactly the limit, and charges no more", async () => {
      const limiter = await make({ points: 100, duration: 600 });
      const store = fromRateLimiterFlexible(limiter);
      const rate = { name: "api", limit: 100, window: "10m", ...FIXED } as const;
      const send = await serve(rateLimit({ ...rate, key: () => "ada", store, ...patient }));
      const answers = await times(300, () => send());
      expect(answers.filter((status) => status === 200)).toHaveLength(100);
      expect(answers.filter((status) => status === 429)).toHaveLength(200);
      await vi.waitFor(async () => expect(await consumed(limiter, "api:=ada")).toBe(100));
    });

    it("counts two policies all or nothing, with costs", async () => {
      const user = await make({ points: 60, duration: 600 });
      const tenant = await make({ points: 1000, duration: 600 });
      const cost = (req: { query: Record<string, unknown> }) => Number(req.query["cost"]);
      const rate = { window: "10m", key: () => "ada", cost, ...FIXED } as const;
      const policies: RateLimitPolicy[] = [
        { name: "user", limit: 60, ...rate },
        { name: "tenant", limit: 1000, ...rate },
      ];
      const store = fromRateLimiterFlexible({ user, tenant });
      const send = await serve(rateLimit({ policies, store, ...patient }));
      const costs = Array.from({ length: 120 }, (_none, index) => 1 + (index % 3));
      const answers = await times(120, (index) => send(`/?cost=${costs[index]}`));
      const admitted = costs
        .filter((_cost, index) => answers[index] === 200)
        .reduce((sum, one) => sum + one, 0);
      expect(admitted).toBeGreaterThan(0);
      expect(admitted).toBeLessThanOrEqual(60);
      await vi.waitFor(async () => {
        expect(await consumed(user, "user:=ada")).toBe(admitted);
        expect(await consumed(tenant, "tenant:=ada")).toBe(admitted);
      });
    });

    it("takes every key, and gives back what was no failure", async () => {
      const limiter = await make({ points: 2, duration: 600 });
      const store = fromRateLimiterFlexible(limiter);
      let key = "";
      const rate = { name: "log in", limit: 2, window: "10m", ...FIXED } as const;
      const handler = rateLimit({
        ...rate,
        key: () => key,
        count: "failures",
        store,
        ...patient,
      });
      const send = await serve(handler);
      for (key of KEYS) {
        const left = async () => (await handler.peek({ key }))[0]?.remaining;
        for (let index = 0; index < 3; index += 1) {
          expect(await send()).toBe(200);
          await vi.waitFor(async () => expect(await left()).toBe(2));
        }
        expect([await send("/?status=401"), await send("/?status=401")]).toEqual([401, 401]);
        expect(await send()).toBe(429);
      }
    });

    it("blocks, forgets, charges and gives back by hand", async () => {
      const limiter = await make({ points: 3, duration: 600 });
      const store = fromRateLimiterFlexible(limiter);
      const rate = { name: "api", limit: 3, window: "10m", ...FIXED } as const;
      const block = { after: "never" } as const;
      const handler = rateLimit({ ...rate, key: () => "ada", block, store, ...patient });
      const send = await serve(handler);
      const target = { key: "ada" };
      const left = async () => (await handler.peek(target))[0]?.remaining;
      await handler.penalty(target, 50);
      expect([await left(), await send()]).toEqual([0, 429]);
      await handler.reward(target, 50);
      await vi.waitFor(async () => expect(await left()).toBe(3));
      await handler.block(target, "1h");
      expect(await times(5, () => send())).toEqual(Array(5).fill(429));
      // What is refused is given back, also of a block.
      await vi.waitFor(async () => expect(await consumed(limiter, "api:=ada")).toBe(1_000_003));
      const [state] = await handler.peek(target);
      expect(state?.blocked).toBe(true);
      expect(state?.retryAfterMs).toBeGreaterThan(3_500_000);
      await handler.unblock(target);
      expect([await send(), await left()]).toEqual([200, 2]);
      await handler.reset(target);
      expect(await left()).toBe(3);
    });

    it("keeps a key blocked that the limiter has blocked", async () => {
      const limiter = await make({ points: 2, duration: 600, blockDuration: 3600 });
      const store = fromRateLimiterFlexible(limiter);
      const rate = { name: "api", limit: 2, window: "10m", ...FIXED } as const;
      const handler = rateLimit({ ...rate, key: () => "ada", store, ...patient });
      const send = await serve(handler);
      const answers = await times(20, () => send());
      expect(answers.filter((status) => status === 200)).toHaveLength(2);
      expect(await send()).toBe(429);
      const [state] = await handler.peek({ key: "ada" });
      expect(state).toMatchObject({ blocked: true, remaining: 0 });
      expect(state?.retryAfterMs).toBeGreaterThan(3_500_000);
    });

    it("opens the next window with no more than its limit", async () => {
      const limiter = await make({ points: 3, duration: 1 });
      const store = fromRateLimiterFlexible(limiter);
      const asked = {
        policy: "a",
        key: "k",
        limit: 3,
        burst: 3,
        windowMs: 1000,
        cost: 3,
        ...FIXED,
      };
      const [result] = await store.consume([asked]);
      expect(result?.allowed).toBe(true);
      await new Promise((resolve) => setTimeout(resolve, (result?.resetMs ?? 0) + 20));
      await store.refund?.([{ ...asked, receipt: undefined }]);
      await store.refund?.([{ ...asked, receipt: result?.receipt }]);
      expect(await store.consume([asked])).toMatchObject([{ allowed: true, remaining: 0 }]);
    });

    it.runIf(name === "Redis")("leaves no key without an end", async () => {
      const keys = (await redis?.keys(`esa-${run}-*`)) ?? [];
      expect(keys.length).toBeGreaterThan(0);
      for (const key of keys) expect(await redis?.pttl(key)).not.toBe(-1);
    });
  });
});
