import { once } from "node:events";
import { createServer, request as httpRequest } from "node:http";
import { connect, constants } from "node:http2";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Express, Request, RequestHandler } from "express";
import request from "supertest";
import { afterEach, describe, expect, it, vi } from "vitest";
import { listenToDecisions } from "../../test/support/decisions.js";
import { expressVersions } from "../../test/support/express.js";
import { http2Request, http2Server } from "../../test/support/http2.js";
import { rateLimit } from "./rate-limit.js";
import type { RateLimitOptions } from "./rate-limit-options.js";
import type { RateLimitRequest, RateLimitStore } from "./stores/rate-limit-store.js";

const decisions = listenToDecisions();
const LOGIN = { name: "login", limit: 2, window: "1h" } as const;

afterEach(() => {
  vi.restoreAllMocks();
});

/** Counts down, without time, as a store of an app might. */
function countingStore(): RateLimitStore & { readonly refunded: RateLimitRequest[] } {
  const spent = new Map<string, number>();
  const refunded: RateLimitRequest[] = [];
  return {
    refunded,
    async consume(requests) {
      return requests.map(({ policy, key, cost, burst }) => {
        const used = spent.get(policy + key) ?? 0;
        const allowed = used + cost <= burst;
        if (allowed) spent.set(policy + key, used + cost);
        const remaining = Math.max(0, burst - used - (allowed ? cost : 0));
        return { allowed, remaining, retryAfterMs: 1000, resetMs: 1000 };
      });
    },
    async refund(requests) {
      refunded.push(...requests);
      for (const { policy, key, cost } of requests) {
        spent.set(policy + key, (spent.get(policy + key) ?? 0) - cost);
      }
    },
  };
}

describe.each(expressVersions)("rateLimit with costAfter on Express %s", (_major, express) => {
  function appWith(options: Partial<RateLimitOptions>): Express {
    const app = (express as unknown as () => Express)();
    app.use(rateLimit({ name: "bytes", limit: 100, window: "1h", ...options } as RateLimitOptions));
    app.get("/:size", (req, res) => void res.send("x".repeat(Number(req.params["size"]))));
    return app;
  }

  const bytes = (_req: unknown, res: { getHeader(name: string): unknown }): number =>
    Number(res.getHeader("content-length"));

  it.each([false, true])("charges what the answer has cost (later: %s)", async (later) => {
    const app = appWith({
      costAfter: (req, res) => (later ? Promise.resolve(bytes(req, res)) : bytes(req, res)),
      cost: 10,
    });
    const left = async (size: number) => {
      const answer = await request(app).get(`/${size}`);
      await sleep(10);
      return [answer.status, answer.headers["x-ratelimit-remaining"]];
    };
    expect(await left(40)).toEqual([200, "90"]);
    expect(await left(3)).toEqual([200, "50"]);
    expect(await left(500)).toEqual([200, "47"]);
    expect(await left(1)).toEqual([429, "0"]);
  });

  it.each([
    () => Number.NaN,
    () => -1,
    () => Promise.reject(new Error("lost")),
    () => {
      throw new Error("lost");
    },
  ])("keeps the first charge when the function fails: %s", async (costAfter) => {
    vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const app = appWith({ costAfter, cost: 10 });
    for (const left of ["90", "80"]) {
      await request(app).get("/1").expect(200).expect("X-RateLimit-Remaining", left);
    }
  });

  it("charges in memory what memory has counted in place of a store", async () => {
    vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const charged: unknown[] = [];
    const store: RateLimitStore = {
      consume: () => Promise.reject(new Error("down")),
      refund: async () => undefined,
      charge: async (requests) => void charged.push(requests),
    };
    const app = appWith({ store, costAfter: bytes, cost: 10 });
    await request(app).get("/40").expect(200).expect("X-RateLimit-Remaining", "90");
    await sleep(10);
    await request(app).get("/40").expect(200).expect("X-RateLimit-Remaining", "50");
    expect(charged).toEqual([]);
  });

  it.each(["token-bucket", "fixed-window", "sliding-log"] as const)(
    "keeps with %s no key in memory to which everything was given back",
    async (algorithm) => {
      const key = (req: Request) => req.get("user");
      const app = appWith({ algorithm, key, maxKeys: 1, count: "failures" });
      for (const user of ["a", "b", "c"]) {
        await request(app).get("/1").set("user", user).expect(200);
        await sleep(10);
      }
      expect(decisions.map(({ reason }) => reason)).toEqual([undefined, undefined, undefined]);
    },
  );

  it("charges and gives back in a store", async () => {
    const calls: string[] = [];
    const store: RateLimitStore = {
      consume: async () => [{ allowed: true, remaining: 5, retryAfterMs: 0, resetMs: 0 }],
      refund: async ([one]) => void calls.push(`refund ${one?.cost}`),
      charge: async ([one]) => void calls.push(`charge ${one?.cost}`),
    };
    const app = appWith({ store, costAfter: bytes, cost: 10 });
    await request(app).get("/40").expect(200);
    await request(app).get("/3").expect(200);
    await request(app).get("/10").expect(200);
    await expect.poll(() => calls).toEqual(["charge 30", "refund 7"]);
  });
});

describe.each(expressVersions)("rateLimit with count on Express %s", (_major, express) => {
  function appWith(options: Partial<RateLimitOptions>, ...after: RequestHandler[]): Express {
    const app = (express as unknown as () => Express)();
    app.use(rateLimit({ ...LOGIN, ...options } as RateLimitOptions), ...after);
    app.all("/:status", (req, res) => void res.status(Number(req.params["status"])).send("x"));
    return app;
  }

  it("charges successes only, if asked to", async () => {
    const app = appWith({ count: "successes" });
    for (let n = 0; n < 3; n += 1) await request(app).get("/404").expect(404);
    for (let n = 0; n < 2; n += 1) await request(app).get("/200").expect(200);
    await request(app).get("/404").expect(429);
  });

  it.each([200, 201, 204, 299, 304])(
    "gives the charge back for an answer of %i",
    async (status) => {
      const app = appWith({ count: "failures" });
      for (let n = 0; n < 6; n += 1) {
        const answer = await request(app).get(`/${status}`).expect(status);
        expect(answer.headers["x-ratelimit-remaining"]).toBe("1");
      }
    },
  );

  it.each([300, 302, 303, 400, 401, 403, 404, 422, 500, 503])(
    "keeps the charge for an answer of %i",
    async (status) => {
      const app = appWith({ count: "failures" });
      for (let n = 0; n < 2; n += 1) await request(app).get(`/${status}`).expect(status);
      const refused = await request(app).get("/200").expect(429);
      expect(refused.body.code).toBe("rate_limit_exceeded");
    },
  );

  it("does not forget failures at a success", async () => {
    const app = appWith({ count: "failures" });
    await request(app).get("/401").expect(401);
    for (let n = 0; n < 3; n += 1) await request(app).get("/200").expect(200);
    await request(app).get("/401").expect(401);
    await request(app).get("/200").expect(429);
  });

  it("lets no more requests run at once than the limit has, whatever they will answer", async () => {
    let running = 0;
    let most = 0;
    const app = appWith({ count: "failures" }, async (_req, res) => {
      running += 1;
      most = Math.max(most, running);
      await sleep(50);
      running -= 1;
      res.sendStatus(401);
    });
    const server = createServer(app);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const answers = await Promise.all(Array.from({ length: 20 }, () => request(server).get("/")));
    server.close();
    expect(most).toBe(2);
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(2);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(18);
  });

  it("keeps the charge of a client that leaves before the answer", async () => {
    const [came, left] = [vi.fn(), vi.fn()];
    const app = appWith({ count: "failures" }, (req, res, next) => {
      if (req.path !== "/hang") return next();
      came();
      res.on("close", left);
    });
    const server = createServer(app);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    for (let n = 1; n <= 2; n += 1) {
      const client = httpRequest({ port, path: "/hang" });
      client.on("error", () => undefined).end();
      await vi.waitUntil(() => came.mock.calls.length === n);
      client.destroy();
      await vi.waitUntil(() => left.mock.calls.length === n);
    }
    expect((await request(server).get("/200")).status).toBe(429);
    server.close();
    await once(server, "close");
  });

  it.each<[string, Partial<RateLimitOptions>]>([
    ["in memory", {}],
    ["in a store", { store: countingStore(), storeTimeout: "5s" }],
  ])(
    "keeps the charge of a client that leaves in the middle of an answer, counted %s",
    async (_where, options) => {
      const ended = vi.fn();
      const app = appWith(
        { count: "failures", name: `half-${_major}`, ...options },
        (req, res, next) => {
          if (req.path !== "/half") return next();
          res.writeHead(200, { "Content-Length": 8 });
          res.write("half");
          res.on("close", () => res.end(() => ended()));
        },
      );
      const server = createServer(app);
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const { port } = server.address() as AddressInfo;
      for (let n = 1; n <= 2; n += 1) {
        const client = httpRequest({ port, path: "/half" }, (answer) => {
          answer.on("error", () => undefined);
          answer.once("data", () => client.destroy());
        });
        client.on("error", () => undefined).end();
        await vi.waitUntil(() => ended.mock.calls.length === n);
      }
      expect((await request(server).get("/200")).status).toBe(429);
      server.close();
    },
  );

  it.each<[string, RequestHandler[]]>([
    [
      "changes the status behind its answer",
      [
        (_req, res) => {
          res.status(401).send("no");
          res.status(200);
        },
      ],
    ],
    [
      "lets the next one answer as well",
      [
        (_req, res, next) => {
          res.status(401).send("no");
          next();
        },
        (_req, res, next) => {
          try {
            res.status(200).send("yes");
          } catch {
            next();
          }
        },
      ],
    ],
  ])("keeps the charge of a failure whose handler %s", async (_how, handlers) => {
    const app = appWith({ count: "failures" }, ...handlers, (_req, res) => void res.status(204));
    for (let n = 0; n < 2; n += 1) await request(app).get("/").expect(401);
    await request(app).get("/").expect(429);
  });

  it.each(["/hang", "/slow", "/half"])(
    "keeps the charge of a client that cancels over HTTP/2: %s",
    async (path) => {
      const [came, left] = [vi.fn(), vi.fn()];
      const app = appWith({ count: "failures" }, (req, res, next) => {
        if (req.path !== path) return next();
        came();
        if (path === "/half") res.write("half");
        res.on("close", () => {
          left();
          if (path === "/slow") res.status(401).end();
        });
      });
      const server = http2Server(app);
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
      try {
        for (let n = 1; n <= 2; n += 1) {
          const stream = session.request({ ":path": path });
          stream.on("error", () => undefined);
          await vi.waitUntil(() => came.mock.calls.length === n);
          stream.close(constants.NGHTTP2_CANCEL);
          await vi.waitUntil(() => left.mock.calls.length === n);
        }
        expect((await http2Request(server, { ":path": "/200" })).status).toBe(429);
      } finally {
        session.destroy();
        server.close();
      }
    },
  );

  it("asks a function, which may decide by what the handler left", async () => {
    const app = appWith(
      {
        count: (req, res) =>
          res.statusCode === 302 && (req as { user?: string }).user === undefined,
      },
      (req, res, next) => {
        if (req.query["as"] === "alice") (req as { user?: string }).user = "alice";
        if (req.path === "/login") res.redirect("/");
        else next();
      },
    );
    for (let n = 0; n < 4; n += 1) await request(app).get("/login?as=alice").expect(302);
    for (let n = 0; n < 4; n += 1) await request(app).get("/500").expect(500);
    for (let n = 0; n < 2; n += 1) await request(app).get("/login").expect(302);
    await request(app).get("/login?as=alice").expect(429);
  });

  it.each<[string, () => unknown]>([
    [
      "throws",
      () => {
        throw new Error("boom");
      },
    ],
    [
      "rejects",
      async () => {
        throw new Error("boom");
      },
    ],
    ["returns the wrong type", () => "false"],
    ["returns nothing", () => undefined],
    ["promises the wrong type", async () => 0],
    ["never answers", () => new Promise(() => undefined)],
    [
      "returns a then that throws",
      () => ({
        then() {
          throw new Error("boom");
        },
      }),
    ],
  ])("keeps the charge when the function %s, and answers as usual", async (_how, count) => {
    vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const app = appWith({ count: count as never });
    for (let n = 0; n < 2; n += 1) await request(app).get("/200").expect(200);
    await request(app).get("/200").expect(429);
  });

  it("gives the charge back once an async function says so", async () => {
    let asked = 0;
    const app = appWith({
      count: async (_req, res) => {
        asked += 1;
        return res.statusCode !== 200;
      },
    });
    for (let n = 1; n <= 5; n += 1) {
      await request(app).get("/200").expect(200);
      await vi.waitUntil(() => asked === n);
      await new Promise((resolve) => setImmediate(resolve));
    }
  });

  it("tells of a function that fails, once", async () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const app = appWith({ count: () => 1 as never });
    for (let n = 0; n < 2; n += 1) await request(app).get("/200").expect(200);
    const told = warn.mock.calls.filter(([text]) => String(text).startsWith("rateLimit.count"));
    expect(told).toHaveLength(1);
  });

  it("gives back only what its own policy took", async () => {
    const app = appWith({
      ...({ name: undefined, limit: undefined, window: undefined } as object),
      policies: [
        { name: "all", limit: 5, window: "1h" },
        { name: "failures", limit: 1, window: "1h", count: "failures", cost: 1 },
      ],
    });
    for (let n = 0; n < 5; n += 1) await request(app).get("/200").expect(200);
    const refused = await request(app).get("/200").expect(429);
    expect(refused.body["violated-policies"]).toEqual(["all"]);
  });

  it("gives back through a store, once, and not what was refused", async () => {
    const store = countingStore();
    const app = appWith({ count: "failures", store, storeTimeout: "5s" });
    for (let n = 0; n < 4; n += 1) await request(app).get("/200").expect(200);
    expect(store.refunded).toHaveLength(4);
    for (let n = 0; n < 2; n += 1) await request(app).get("/401").expect(401);
    await request(app).get("/200").expect(429);
    expect(store.refunded).toHaveLength(4);
    expect(store.refunded[0]).toMatchObject({ policy: "login", cost: 1 });
  });

  it("keeps the charge where onDenied answers a refusal with 200", async () => {
    const app = appWith({
      count: "failures",
      onDenied: (_error, _req, res) => void res.status(200).send("slow down"),
    });
    for (let n = 0; n < 2; n += 1) await request(app).get("/401").expect(401);
    for (let n = 0; n < 3; n += 1) {
      expect((await request(app).get("/200")).text).toBe("slow down");
    }
  });

  it("gives back in report mode as well, so that its records tell what enforcing would do", async () => {
    const app = appWith({ count: "failures", mode: "report" });
    for (let n = 0; n < 6; n += 1) await request(app).get("/200").expect(200);
    const store = countingStore();
    const stored = appWith({ count: "failures", mode: "report", store, storeTimeout: "5s" });
    for (let n = 0; n < 6; n += 1) await request(stored).get("/200").expect(200);
    await vi.waitUntil(() => store.refunded.length === 6);
    expect(store.refunded[0]).toMatchObject({ policy: "report:login" });
  });

  it("gives back over HTTP/2", async () => {
    const server = http2Server(appWith({ count: "failures" }));
    try {
      for (let n = 0; n < 4; n += 1) {
        expect((await http2Request(server, { ":path": "/200" })).status).toBe(200);
      }
    } finally {
      server.close();
    }
  });
});
