import request from "supertest";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import type { Decision } from "../../core/decision/decision.js";
import { decisionsOf } from "../../core/decision/decision.js";
import { pendingVerdicts } from "../../core/decision/pending-verdict.js";
import { rateLimit } from "../rate-limit.js";
import type { RateLimitOptions } from "../rate-limit-options.js";
import type { RateLimitRequest, RateLimitResult, RateLimitStore } from "./rate-limit-store.js";

type Reply = readonly RateLimitResult[];

const admitted: RateLimitResult = { allowed: true, remaining: 7, retryAfterMs: 0, resetMs: 18_000 };
const unhandled: unknown[] = [];
const noteUnhandled = (reason: unknown): void => void unhandled.push(reason);
process.on("unhandledRejection", noteUnhandled);

let now = 0;

beforeEach(() => {
  now = 5_000_000;
  vi.spyOn(performance, "now").mockImplementation(() => now);
});

afterEach(async () => {
  vi.restoreAllMocks();
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(unhandled).toEqual([]);
});

afterAll(() => {
  process.off("unhandledRejection", noteUnhandled);
});

/** Ways a store can fail; each must end the same way. */
const failures: readonly (readonly [how: string, consume: RateLimitStore["consume"]])[] = [
  ["hangs", () => new Promise<Reply>(() => {})],
  [
    "throws",
    () => {
      throw new Error("down");
    },
  ],
  ["rejects", () => Promise.reject(new Error("down"))],
  ["rejects without a reason", () => Promise.reject()],
  ["returns nothing", () => undefined as never],
  [
    "returns a thenable that throws",
    () =>
      ({
        get then() {
          throw new Error("trap");
        },
      }) as never,
  ],
  ["answers null", async () => null as never],
  ["answers too little", async () => []],
  ["answers too much", async () => [admitted, admitted]],
  ["answers with a hole", async () => [undefined as never]],
  ["answers yes instead of true", async () => [{ ...admitted, allowed: "yes" as never }]],
  ["answers NaN left", async () => [{ ...admitted, remaining: Number.NaN }]],
  ["answers a negative number left", async () => [{ ...admitted, remaining: -1 }]],
  ["answers a fraction left", async () => [{ ...admitted, remaining: 0.5 }]],
  ["answers more left than there can be", async () => [{ ...admitted, remaining: 11 }]],
  [
    "answers an infinite wait",
    async () => [{ ...admitted, retryAfterMs: Number.POSITIVE_INFINITY }],
  ],
  ["answers a negative reset", async () => [{ ...admitted, resetMs: -5 }]],
  ["answers a reset in words", async () => [{ ...admitted, resetMs: "18s" as never }]],
  [
    "answers with a trap",
    async () => [
      {
        ...admitted,
        get allowed(): boolean {
          throw new Error("trap");
        },
      },
    ],
  ],
];

describe.each(expressVersions)("rateLimit with a store on Express %s", (_major, express) => {
  function appWith(
    store: RateLimitStore,
    options: Partial<RateLimitOptions> = {},
    decisions: Decision[] = [],
  ) {
    const app = express();
    app.use((req, res, next) => {
      // In report mode the request does not wait for the store, and so the decision comes later.
      res.on("finish", async () => {
        await pendingVerdicts(req);
        decisions.push(...decisionsOf(req));
      });
      next();
    });
    app.use(
      rateLimit({ name: "test", limit: 10, window: "1m", store, storeTimeout: "20ms", ...options }),
    );
    app.get("/", (_req, res) => void res.send("ok"));
    return app;
  }

  it("asks once for all policies that apply, and sends what the store says", async () => {
    const asked: (readonly RateLimitRequest[])[] = [];
    const store: RateLimitStore = {
      consume: async (requests) => {
        asked.push(requests);
        return [admitted, { allowed: true, remaining: 0, retryAfterMs: 4200, resetMs: 9000 }];
      },
    };
    const app = express();
    const policies = [
      { name: "client", limit: 10, window: "1m" },
      { name: "elsewhere", limit: 1, window: "1m", match: "/other" },
      { name: "tenant", limit: 3, window: "9s", burst: 2, cost: 2, key: () => "acme" },
    ];
    app.use(rateLimit({ policies, store }));
    app.get("/", (_req, res) => void res.send("ok"));
    await request(app)
      .get("/")
      .expect(200, "ok")
      .expect("RateLimit-Policy", '"client";q=10;w=60, "tenant";q=3;w=9')
      .expect("RateLimit", '"client";r=7;t=42, "tenant";r=0;t=5')
      .expect("X-RateLimit-Remaining", "0");
    expect(asked).toEqual([
      [
        {
          policy: "client",
          key: "127.0.0.1",
          algorithm: "token-bucket",
          limit: 10,
          windowMs: 60_000,
          burst: 10,
          cost: 1,
        },
        {
          policy: "tenant",
          key: "=acme",
          algorithm: "token-bucket",
          limit: 3,
          windowMs: 9000,
          burst: 2,
          cost: 2,
        },
      ],
    ]);
  });

  it("shows the store pseudonyms, if there is a secret", async () => {
    const keys: string[] = [];
    const consume = async (requests: readonly RateLimitRequest[]) => {
      keys.push(...requests.map(({ key }) => key));
      return [admitted];
    };
    for (const secret of ["a", "a", "b"]) {
      const app = appWith({ consume }, { keySecret: secret.repeat(32) });
      await request(app).get("/").expect(200);
    }
    expect(keys[0]).toMatch(/^~[\w-]{43}$/);
    expect(keys[1]).toBe(keys[0]);
    expect(keys[2]).not.toBe(keys[0]);
  });

  it("refuses what the store refuses", async () => {
    const decisions: Decision[] = [];
    const store = {
      consume: async () => [{ allowed: false, remaining: 0, retryAfterMs: 4001, resetMs: 9000 }],
    };
    const app = appWith(store, {}, decisions);
    const refused = await request(app).get("/").expect(429).expect("Retry-After", "5");
    expect(refused.headers["ratelimit"]).toBe('"test";r=0;t=5');
    expect(decisions).toMatchObject([
      { outcome: "deny", reason: "limit_exceeded", policy: "test" },
    ]);
  });

  it("refuses a cost above the burst even when the store admits it", async () => {
    const app = appWith({ consume: async () => [admitted] }, { cost: () => 11 });
    const refused = await request(app).get("/").expect(429);
    expect(refused.headers["retry-after"]).toBeUndefined();
  });

  it.each(failures)(
    "counts in memory, with the same limit, when the store %s",
    async (_how, consume) => {
      const decisions: Decision[] = [];
      const app = appWith({ consume }, { limit: 10, burst: 10, cost: 5 }, decisions);
      for (const status of [200, 200, 429]) await request(app).get("/").expect(status);
      expect(decisions.map(({ outcome, reason }) => [outcome, reason])).toEqual([
        ["allow", "store_fallback"],
        ["allow", "store_fallback"],
        ["deny", "store_fallback"],
      ]);
    },
  );

  it.each(failures)(
    "answers 503 where that is chosen, when the store %s",
    async (_how, consume) => {
      const decisions: Decision[] = [];
      const app = appWith({ consume }, { onStoreError: "reject" }, decisions);
      const answer = await request(app).get("/").expect(503).expect("Retry-After", "1");
      expect(JSON.parse(answer.text)).toEqual({
        type: "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity",
        title: "Service Unavailable",
        status: 503,
        detail: "Requests cannot be counted at the moment.",
        code: "rate_limit_unavailable",
      });
      expect(decisions).toEqual([
        {
          guard: "rateLimit",
          outcome: "error",
          enforced: true,
          code: "rate_limit_unavailable",
          status: 503,
          reason: "store_unavailable",
        },
      ]);
    },
  );

  it("leaves a store alone for a second after five failures, then tries it with one request", async () => {
    let calls = 0;
    let healthy = false;
    const store: RateLimitStore = {
      consume: async () => {
        calls += 1;
        if (!healthy) throw new Error("down");
        return [admitted];
      },
    };
    const app = appWith(store);
    for (let count = 0; count < 8; count += 1) await request(app).get("/").expect(200);
    expect(calls).toBe(5);
    now += 999;
    await request(app).get("/").expect(200);
    expect(calls).toBe(5);
    now += 1;
    await request(app).get("/");
    await request(app).get("/");
    expect(calls).toBe(6);
    healthy = true;
    now += 1000;
    await request(app).get("/").expect("X-RateLimit-Remaining", "7");
    await request(app).get("/").expect("X-RateLimit-Remaining", "7");
    expect(calls).toBe(8);
  });

  it("sends one request ahead, not all of them, to a store that may have recovered", async () => {
    let calls = 0;
    let answer: (reply: Reply) => void = () => {};
    const store: RateLimitStore = {
      consume: () => {
        calls += 1;
        if (calls <= 5) return Promise.reject(new Error("down"));
        return new Promise((resolve) => {
          answer = resolve;
        });
      },
    };
    const app = appWith(store, { storeTimeout: "10s" });
    const server = app.listen(0, "127.0.0.1");
    try {
      for (let count = 0; count < 5; count += 1) await request(server).get("/").expect(200);
      now += 1000;
      const probe = request(server)
        .get("/")
        .then((response) => response);
      await vi.waitFor(() => expect(calls).toBe(6));
      await request(server).get("/").expect(200);
      expect(calls).toBe(6);
      answer([admitted]);
      expect((await probe).headers["x-ratelimit-remaining"]).toBe("7");
    } finally {
      server.close();
    }
  });

  it("asks a store that fails now and then each time", async () => {
    let calls = 0;
    const store: RateLimitStore = {
      consume: async () => {
        calls += 1;
        if (calls % 5 !== 0) throw new Error("down");
        return [admitted];
      },
    };
    const app = appWith(store);
    for (let count = 0; count < 10; count += 1) await request(app).get("/").expect(200);
    expect(calls).toBe(10);
  });

  it("ignores an answer that comes too late, good or bad", async () => {
    const late: ((bad: boolean) => void)[] = [];
    const store: RateLimitStore = {
      consume: () =>
        new Promise((resolve, reject) => {
          late.push((bad) => (bad ? reject(new Error("late")) : resolve([admitted])));
        }),
    };
    const limiter = rateLimit({
      name: "a",
      limit: 10,
      window: "1m",
      store,
      storeTimeout: "20ms",
    });
    const app = express();
    let passed = 0;
    app.use((req, res, next) => {
      limiter(req, res, (error?: unknown) => {
        passed += 1;
        next(error);
      });
    });
    app.get("/", (_req, res) => void res.send("ok"));
    for (const bad of [true, false]) {
      await request(app).get("/").expect(200, "ok");
      late.pop()?.(bad);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(passed).toBe(2);
  });

  it("sets no field on a response that something else sent meanwhile", async () => {
    const errors: unknown[] = [];
    const app = express();
    app.use((_req, res, next) => {
      next();
      res.send("early");
    });
    app.use(
      rateLimit({ name: "a", limit: 1, window: "1m", store: { consume: async () => [admitted] } }),
    );
    app.use((_req, res, next) => {
      if (!res.headersSent) next();
    });
    app.use(
      (error: unknown, _req: unknown, _res: unknown, _next: unknown) => void errors.push(error),
    );
    await request(app).get("/").expect(200, "early");
    expect(errors).toEqual([]);
  });

  it("counts under names of its own in report mode, and lets an outage pass", async () => {
    const asked: string[] = [];
    const store: RateLimitStore = {
      consume: async ([first]) => {
        asked.push(first?.policy ?? "");
        throw new Error("down");
      },
    };
    const decisions: Decision[] = [];
    const app = appWith(store, { mode: "report", onStoreError: "reject" }, decisions);
    await request(app).get("/").expect(200);
    expect(asked).toEqual(["report:test"]);
    await expect
      .poll(() => decisions)
      .toMatchObject([
        { outcome: "error", enforced: false, code: "rate_limit_unavailable", first: true },
      ]);
  });

  it("closes the store with the middleware", async () => {
    let closed = 0;
    const close = async (): Promise<void> => {
      closed += 1;
    };
    await rateLimit({
      name: "a",
      limit: 1,
      window: "1m",
      store: { consume: async () => [], close },
    }).close();
    expect(closed).toBe(1);
    await rateLimit({
      name: "a",
      limit: 1,
      window: "1m",
      store: { consume: async () => [] },
    }).close();
    await rateLimit({ limit: 1, window: "1m" }).close();
  });
});
