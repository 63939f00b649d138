import { once } from "node:events";
import { type ClientRequest, createServer, request as httpRequest, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Express, Request, Response } from "express";
import request from "supertest";
import { afterEach, describe, expect, it, vi } from "vitest";
import { allAtOnce } from "../../test/support/all-at-once.js";
import { listenToDecisions } from "../../test/support/decisions.js";
import { expressVersions } from "../../test/support/express.js";
import { http2Request, http2Server } from "../../test/support/http2.js";
import { rateLimit } from "./rate-limit.js";
import type { RateLimitOptions } from "./rate-limit-options.js";
import type { RateLimitRefund, RateLimitStore } from "./stores/rate-limit-store.js";

const decisions = listenToDecisions();
const servers: Server[] = [];

afterEach(async () => {
  vi.useRealTimers();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function listen(app: Express): Promise<number> {
  const server = createServer(app);
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

function open(port: number, path = "/"): ClientRequest {
  const sent = httpRequest({ host: "127.0.0.1", port, path, agent: false });
  sent.on("error", () => undefined);
  sent.end();
  return sent;
}

async function eventually(check: () => void): Promise<void> {
  await expect
    .poll(() => {
      check();
      return true;
    })
    .toBe(true);
}

describe.each(expressVersions)("rateLimit on Express %s", (_major, express) => {
  function appWith(options: RateLimitOptions, handler = answer): Express {
    const app = (express as unknown as () => Express)();
    app.use(rateLimit(options));
    app.get("/", handler);
    return app;
  }

  describe("with a concurrency policy", () => {
    const options: RateLimitOptions = { name: "open", algorithm: "concurrency", limit: 2 };

    it("admits so many requests at the same time, and the next one when one is over", async () => {
      const waiting: Response[] = [];
      const app = appWith(options, (_req, res) => void waiting.push(res));
      const port = await listen(app);
      open(port);
      open(port);
      await eventually(() => expect(waiting).toHaveLength(2));
      const refused = await request(app).get("/").expect(429);
      expect(refused.headers).toMatchObject({
        "ratelimit-policy": '"open";q=2;qu="concurrent-requests"',
        ratelimit: '"open";r=0',
        "retry-after": "1",
      });
      expect(refused.body["violated-policies"]).toEqual(["open"]);
      waiting[0]?.end("done");
      await eventually(() => expect(waiting[0]?.closed).toBe(true));
      open(port);
      await eventually(() => expect(waiting).toHaveLength(3));
    });

    it("frees the place of a client that has left", async () => {
      const waiting: Response[] = [];
      const port = await listen(appWith(options, (_req, res) => void waiting.push(res)));
      for (let round = 0; round < 4; round += 1) {
        waiting.length = 0;
        const both = [open(port), open(port)];
        await eventually(() => expect(waiting).toHaveLength(2));
        for (const one of both) one.destroy();
        await eventually(() => expect(waiting.every(({ closed }) => closed)).toBe(true));
      }
      expect(decisions.filter(({ outcome }) => outcome === "deny")).toEqual([]);
    });

    it("counts over HTTP/2", async () => {
      const server = http2Server(appWith({ ...options, limit: 1 }));
      for (let n = 0; n < 3; n += 1) {
        expect((await http2Request(server, { ":path": "/" })).status).toBe(200);
      }
      server.close();
    });

    it("gives the place back to a store, with what the store gave for it", async () => {
      const refunds: RateLimitRefund[] = [];
      const store: RateLimitStore = {
        algorithms: ["concurrency"],
        consume: async (requests) =>
          requests.map(({ limit }) => {
            return {
              allowed: true,
              remaining: limit - 1,
              retryAfterMs: 0,
              resetMs: 0,
              receipt: "7",
            };
          }),
        refund: async (given) => void refunds.push(...given),
      };
      await request(appWith({ ...options, store }))
        .get("/")
        .expect(200);
      await eventually(() => expect(refunds).toHaveLength(1));
      expect(refunds[0]).toMatchObject({
        policy: "open",
        limit: 2,
        windowMs: 300_000,
        receipt: "7",
      });
    });
  });

  describe("with a leaky bucket", () => {
    const options: RateLimitOptions = {
      name: "queue",
      algorithm: "leaky-bucket",
      limit: 20,
      window: "1s",
      burst: 3,
    };

    it("lets requests wait for their turn, and refuses those for which the queue has no room", async () => {
      const app = (express as unknown as () => Express)();
      app.use(allAtOnce(6), rateLimit({ ...options, limit: 4 }), answer);
      const port = await listen(app);
      const started = performance.now();
      const answers = await Promise.all(
        Array.from({ length: 6 }, () => fetch(`http://127.0.0.1:${port}/`)),
      );
      const statuses = answers.map(({ status }) => status).sort();
      expect(statuses).toEqual([200, 200, 200, 429, 429, 429]);
      // The third one had two in front of it, at 250 ms each.
      expect(performance.now() - started).toBeGreaterThanOrEqual(499);
    });

    it("gives up a request whose client has left, and its place to the next one", async () => {
      const reached: string[] = [];
      const slow: RateLimitOptions = { ...options, limit: 2, window: "1m", burst: 2 };
      const arrived: string[] = [];
      const app = (express as unknown as () => Express)();
      app.use((req, _res, next) => {
        arrived.push(req.url);
        next();
      });
      app.use(rateLimit(slow));
      app.use((req, res) => {
        reached.push(req.url);
        res.end();
      });
      const port = await listen(app);
      await fetch(`http://127.0.0.1:${port}/`);
      const left = open(port, "/?left");
      await eventually(() => expect(arrived).toContain("/?left"));
      expect((await fetch(`http://127.0.0.1:${port}/?full`)).status).toBe(429);
      left.destroy();
      await eventually(() => expect(decisions.at(-1)?.reason).toBe("client_left"));
      open(port, "/?next");
      await eventually(() => expect(arrived).toContain("/?next"));
      expect((await fetch(`http://127.0.0.1:${port}/?full`)).status).toBe(429);
      expect(reached).toEqual(["/"]);
    });

    it("lets no more wait in this process than maxWaiting says", async () => {
      const wide = appWith({
        ...options,
        limit: 2,
        window: "1m",
        burst: 2,
        key: keyOf,
        maxWaiting: 1,
      });
      const server = createServer(wide);
      servers.push(server);
      await once(server.listen(0, "127.0.0.1"), "listening");
      const { port } = server.address() as AddressInfo;
      await fetch(`http://127.0.0.1:${port}/?a`);
      await fetch(`http://127.0.0.1:${port}/?b`);
      const came = once(server, "request");
      open(port, "/?a");
      await came;
      const refused = await fetch(`http://127.0.0.1:${port}/?b`);
      expect(refused.status).toBe(429);
      expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(25);
      expect(decisions.at(-1)).toMatchObject({
        outcome: "deny",
        reason: "queue_full",
        policy: "queue",
      });
    });

    it("delays nothing in report mode", async () => {
      const app = appWith({ ...options, limit: 1, window: "1m", burst: 1, mode: "report" });
      for (let n = 0; n < 3; n += 1) await request(app).get("/").expect(200);
    });
  });

  it("blocks with a limit of none, without a time to come back", async () => {
    const refused = await request(appWith({ limit: "none" }))
      .get("/")
      .expect(429);
    expect(refused.headers["retry-after"]).toBeUndefined();
    expect(refused.headers["ratelimit-policy"]).toBe('"none";q=0');
    expect(refused.headers["ratelimit"]).toBe('"none";r=0');
  });

  it.each(["token-bucket", "fixed-window", "sliding-log"] as const)(
    "says with %s when a request passes that costs something, to one that costs nothing",
    async (algorithm) => {
      const cost = (req: Request) => (req.method === "HEAD" ? 0 : 1);
      const app = appWith({ name: "a", algorithm, limit: 2, window: "1h", cost });
      for (let n = 0; n < 2; n += 1) await request(app).get("/").expect(200);
      const { headers } = await request(app).head("/").expect(200);
      const [, t] = /^"a";r=0;t=(\d+)$/.exec(headers["ratelimit"] ?? "") ?? [];
      expect(Number(t)).toBeGreaterThanOrEqual(1799);
    },
  );

  describe("with tiers", () => {
    const options: RateLimitOptions = {
      name: "plan",
      tier: (req) => String(req.headers["x-plan"]),
      tiers: {
        free: { limit: 2, window: "1m" },
        paid: { limit: 20, window: "10s", burst: 4 },
        gone: { limit: "none" },
      },
    };

    it.each(["token-bucket", "fixed-window"] as const)(
      "admits with %s what costs nothing, whatever another tier has spent",
      async (algorithm) => {
        const app = appWith({
          ...options,
          algorithm,
          tiers: { free: { limit: 3, window: "1h" }, paid: { limit: 1, window: "1s" } },
          cost: (req) => (req.headers["x-plan"] === "free" ? 3 : 0),
        });
        await request(app).get("/").set("X-Plan", "free").expect(200);
        const answer = await request(app).get("/").set("X-Plan", "paid").expect(200);
        expect(answer.headers["x-ratelimit-remaining"]).toBe("0");
      },
    );

    it("counts each tier by its own rate, under one name", async () => {
      const app = appWith(options);
      const free = await request(app).get("/").set("X-Plan", "free").expect(200);
      expect(free.headers["ratelimit-policy"]).toBe('"plan";q=2;w=60');
      expect(free.headers["x-ratelimit-limit"]).toBe("2");
      const paid = await request(appWith(options)).get("/").set("X-Plan", "paid").expect(200);
      expect(paid.headers["ratelimit-policy"]).toBe('"plan";q=20;w=10');
      expect(paid.headers["ratelimit"]).toBe('"plan";r=3;t=2');
      await request(app).get("/").set("X-Plan", "gone").expect(429);
    });

    it("refuses a request whose tier does not exist, and one whose lookup fails", async () => {
      const app = appWith(options);
      await request(app).get("/").set("X-Plan", "toString").expect(503);
      expect(decisions.at(-1)).toMatchObject({ outcome: "error", reason: "wrong_return" });
      const broken = appWith({ ...options, tier: () => Promise.reject(new Error("no database")) });
      await request(broken).get("/").expect(503);
      expect(decisions.at(-1)).toMatchObject({ outcome: "error", reason: "function_failed" });
    });
  });

  it.each([
    { limit: (req: Request) => (req.headers["x-plan"] === "gone" ? "none" : 2), window: "1h" },
    {
      tier: (req: Request) => String(req.headers["x-plan"]),
      tiers: { free: { limit: 2, window: "1h" }, gone: { limit: "none" } },
    },
  ])("keeps the log of a key to which nothing is open for a while: %o", async (rate) => {
    vi.useFakeTimers({ toFake: ["performance"] });
    const app = appWith({ algorithm: "sliding-log", ...rate } as RateLimitOptions);
    const get = (plan: string) => request(app).get("/").set("X-Plan", plan);
    await get("free").expect(200);
    await get("free").expect(200);
    vi.advanceTimersByTime(1500);
    await get("gone").expect(429);
    await get("free").expect(429);
  });

  describe("with functions", () => {
    it.each([false, true])("asks for limit, window and burst (later: %s)", async (later) => {
      const give = <T>(value: T): T | Promise<T> => (later ? Promise.resolve(value) : value);
      const app = appWith({
        limit: (req) => give(Number(req.headers["x-limit"])),
        window: () => give("30s"),
        burst: () => give(5),
      });
      const answer = await request(app).get("/").set("X-Limit", "12").expect(200);
      expect(answer.headers["ratelimit-policy"]).toBe('"by-request";q=12;w=30');
      expect(answer.headers["x-ratelimit-remaining"]).toBe("4");
    });

    it.each([
      ["limit", Number.NaN],
      ["limit", 0],
      ["limit", -1],
      ["limit", 1.5],
      ["limit", 1e12],
      ["limit", undefined],
      ["limit", "many"],
      ["window", 60],
      ["window", "0s"],
      ["window", "1500ms"],
      ["window", "1000d"],
      ["burst", 0],
      ["burst", Number.POSITIVE_INFINITY],
    ])("refuses a request for which %s gives %s", async (name, value) => {
      const options = { limit: 5, window: "1m", [name]: () => value } as RateLimitOptions;
      await request(appWith(options)).get("/").expect(503);
      expect(decisions.at(-1)).toMatchObject({ outcome: "error", reason: "wrong_return" });
    });
  });

  describe("whose store fails", () => {
    const store: RateLimitStore = { consume: () => Promise.reject(new Error("down")) };
    const one = { name: "a", limit: 8, window: "1m", store } as const;

    it("counts a share of the limit in memory", async () => {
      const app = appWith({ ...one, fallbackShare: 0.25 });
      for (let n = 0; n < 2; n += 1) {
        const answer = await request(app).get("/").expect(200);
        expect(answer.headers["ratelimit-policy"]).toBe('"a";q=2;w=60');
      }
      await request(app).get("/").expect(429);
    });

    it("admits one request in memory, however small the share", async () => {
      for (const cost of [3, () => 3]) {
        for (const limit of [8, () => 8]) {
          const app = appWith({ ...one, limit, cost, fallbackShare: 0.01 });
          await request(app).get("/").expect(200);
          const refused = await request(app).get("/").expect(429);
          expect(Number(refused.headers["retry-after"])).toBeGreaterThan(1);
        }
      }
    });

    it.each([4, () => 4])(
      "admits no request then that costs more than burst: %s",
      async (burst) => {
        const app = appWith({ ...one, burst, cost: () => 5, fallbackShare: 0.5 });
        const refused = await request(app).get("/").expect(429);
        expect(refused.headers).not.toHaveProperty("retry-after");
      },
    );

    it("counts nothing under a policy that is open then, and says so", async () => {
      const app = appWith({ ...one, limit: 1, onStoreError: "dangerouslyOpen" });
      for (let n = 0; n < 3; n += 1) {
        const answer = await request(app).get("/").expect(200);
        expect(answer.headers["ratelimit"]).toBeUndefined();
      }
      expect(decisions.at(-1)).toMatchObject({ outcome: "allow", reason: "store_open" });
    });

    it("does for each policy what that says", async () => {
      const policies = [
        { name: "open", limit: 1, window: "1m", onStoreError: "dangerouslyOpen" },
        { name: "kept", limit: 2, window: "1m" },
      ] as const;
      const app = appWith({ policies, store });
      for (let n = 0; n < 2; n += 1) {
        const answer = await request(app).get("/").expect(200);
        expect(answer.headers["ratelimit-policy"]).toBe('"kept";q=2;w=60');
      }
      await request(app).get("/").expect(429);
      const strict = appWith({
        policies: [...policies, { name: "strict", limit: 9, window: "1m", onStoreError: "reject" }],
        store,
      });
      await request(strict).get("/").expect(503);
    });

    it.each([
      () => false,
      () => "yes" as never,
      () => Promise.reject(new Error("lost")) as never,
      () => {
        throw new Error("lost");
      },
    ])("is not asked while it says that it is not ready: %s", async (isReady) => {
      let asked = 0;
      const idle: RateLimitStore = {
        isReady,
        consume: () => {
          asked += 1;
          return new Promise(() => undefined);
        },
      };
      const app = appWith({ ...one, store: idle });
      await request(app).get("/").expect(200);
      expect(asked).toBe(0);
      expect(decisions.at(-1)).toMatchObject({ outcome: "allow", reason: "store_fallback" });
    });
  });
});

function answer(_req: Request, res: Response): void {
  res.send("ok");
}

function keyOf(req: Request): string {
  return req.url;
}
