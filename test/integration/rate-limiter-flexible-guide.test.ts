import type { Express } from "express";
import { RateLimiterMemory, RateLimiterUnion } from "rate-limiter-flexible";
import request from "supertest";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { fromRateLimiterFlexible, type RateLimitOptions, rateLimit } from "../../src/index.js";
import { expressVersions } from "../support/express.js";
import { firstCellsOf, guideSections, guideText } from "../support/guide.js";
import { runOnApp } from "../support/guide-app.js";

const GUIDE = "migrate-from-rate-limiter-flexible.md";
const TABLE = "Each option and method";

const sections = guideSections(GUIDE);
const codeUnder = (heading: string, at = 0): string => {
  const code = sections.find((one) => one.heading === heading)?.blocks("js")[at];
  if (code === undefined) throw new Error(`the guide has no code under ${heading}`);
  return code;
};
const before = /^```js\n([\s\S]*?)^```$/m.exec(guideText(GUIDE))?.[1] ?? "";

const FIXED = { algorithm: "fixed-window" } as const;
const KEY = { key: "127.0.0.1" };

beforeEach(() => {
  vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe.each(expressVersions)("an app with rate-limiter-flexible on Express %s", (_m, express) => {
  const guesses: string[] = [];
  let open = (): void => undefined;
  /** Passwords are looked at until so many have come, so that parallel guesses meet. */
  let gate: Promise<void> = Promise.resolve();
  let wanted = 0;
  const checkPassword = async (_email: string, password: string) => {
    guesses.push(password);
    if (guesses.length >= wanted) open();
    await gate;
    return password === "right";
  };

  function run(code: string): Express {
    const app = express();
    app.set("env", "test").use(express.json());
    runOnApp(app, express, code, { checkPassword });
    app.get("/", (_req, res) => void res.send("ok"));
    return app;
  }
  const statuses = async (app: Express, count: number): Promise<readonly number[]> => {
    const found: number[] = [];
    for (let index = 0; index < count; index += 1) {
      found.push((await request(app).get("/")).status);
    }
    return found;
  };

  it.each([
    ["before", before],
    ["without a database", codeUnder("Without a database")],
    ["with the limiter as the store", codeUnder("With the limiter as the store")],
  ])("refuses the same requests: %s", async (_stage, code) => {
    const app = run(code);
    expect(await statuses(app, 7)).toEqual([200, 200, 200, 200, 200, 429, 429]);
    const refused = await request(app).get("/").expect(429);
    expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
  });

  it("answers a failure of the database with 429 and NaN, before, and counts in memory, after", async () => {
    const fails = vi.spyOn(RateLimiterMemory.prototype, "consume");
    fails.mockRejectedValue(new Error("connection lost"));
    await request(run(before)).get("/").expect(429).expect("Retry-After", "NaN");
    await request(run(codeUnder("With the limiter as the store")))
      .get("/")
      .expect(200);
  });

  it("lets all parallel guesses reach the password, before, and five, after", async () => {
    for (const [at, reached] of [
      [0, 100],
      [1, 5],
    ] as const) {
      guesses.splice(0);
      wanted = reached;
      gate = new Promise((resolve) => {
        open = resolve;
      });
      const server = run(codeUnder("Logins", at)).listen(0);
      const login = (password: string) =>
        request(server).post("/login").send({ email: "ada@example.com", password });
      const answers = await Promise.all(Array.from({ length: 100 }, () => login("wrong")));
      expect(guesses).toHaveLength(reached);
      expect(answers.filter(({ status }) => status === 401)).toHaveLength(reached);
      await login("wrong").expect(429);
      server.close();
    }
  });

  it("forgets failures after a success, before and after", async () => {
    for (const at of [0, 1]) {
      const app = run(codeUnder("Logins", at));
      const login = (password: string) =>
        request(app).post("/login").send({ email: "ada@example.com", password });
      for (let round = 0; round < 2; round += 1) {
        for (let index = 0; index < 4; index += 1) await login("wrong").expect(401);
        await login("right").expect(200);
      }
    }
  });

  it("charges all or nothing, which a union does not", async () => {
    const [second, hour] = [
      new RateLimiterMemory({ points: 3, duration: 1000, keyPrefix: "a" }),
      new RateLimiterMemory({ points: 100, duration: 3600, keyPrefix: "b" }),
    ];
    const union = new RateLimiterUnion(second, hour);
    for (let index = 0; index < 10; index += 1) await union.consume("k").catch(() => undefined);
    expect((await hour.get("k"))?.consumedPoints).toBe(10);
    const app = run(
      codeUnder("Union and burst")
        .replace("duration: 1 }", "duration: 60 }")
        .replace('"1s"', '"1m"'),
    );
    expect(await statuses(app, 10)).toEqual([200, 200, 200, ...Array<number>(7).fill(429)]);
    const { headers } = await request(app).get("/");
    expect(headers["ratelimit"]).toContain('"hour";r=97');
  });

  it("admits a burst, and then the rate", async () => {
    let now = performance.now();
    vi.spyOn(performance, "now").mockImplementation(() => now);
    const app = run(codeUnder("Union and burst", 1));
    expect(await statuses(app, 8)).toEqual([...Array<number>(7).fill(200), 429]);
    now += 1001;
    expect(await statuses(app, 3)).toEqual([200, 200, 429]);
  });

  const limiterOf = (options: object = {}) =>
    rateLimit({ name: "api", limit: 3, window: "1m", ...FIXED, ...options } as RateLimitOptions);
  const behind = (limiter: ReturnType<typeof rateLimit>): Express => {
    const app = express();
    app.use(limiter);
    app.get("/", (_req, res) => void res.send("ok"));
    return app;
  };
  const left = async (limiter: ReturnType<typeof rateLimit>) =>
    (await limiter.peek(KEY))[0]?.remaining;
  const store = (options: object = {}) =>
    fromRateLimiterFlexible(new RateLimiterMemory({ points: 3, duration: 60, ...options }));
  const refusesLimiter = (options: object) =>
    expect(() =>
      fromRateLimiterFlexible(
        Object.assign(new RateLimiterMemory({ points: 3, duration: 60 }), options),
      ),
    ).toThrow("must");
  const hint = (options: object, text: string) =>
    expect(() => rateLimit({ limit: 3, window: "1m", ...options } as RateLimitOptions)).toThrow(
      text,
    );

  const ROWS: Readonly<Record<string, () => unknown>> = {
    "`points: 100`": () => hint({ points: 100 }, "limit"),
    "`duration: 60`": () => hint({ duration: 60 }, '60 is "1m"'),
    '`keyPrefix: "api"`': () => hint({ keyPrefix: "api" }, "name"),
    "`consume(key)`": async () => {
      expect(await statuses(behind(limiterOf()), 4)).toEqual([200, 200, 200, 429]);
    },
    "`consume(key, 5)`": async () => {
      expect(await statuses(behind(limiterOf({ cost: 2 })), 2)).toEqual([200, 429]);
    },
    "`consume()` charges what it refuses": async () => {
      const theirs = new RateLimiterMemory({ points: 3, duration: 60 });
      for (let index = 0; index < 6; index += 1) await theirs.consume("k").catch(() => undefined);
      expect((await theirs.get("k"))?.consumedPoints).toBe(6);
      const limiter = limiterOf({
        store: store(),
        cost: (req: { query: object }) => ("two" in req.query ? 2 : 1),
      });
      const app = behind(limiter);
      await request(app).get("/?two").expect(200);
      await request(app).get("/?two").expect(429);
      await request(app).get("/").expect(200);
    },
    "`blockDuration: 600`": async () => {
      hint({ blockDuration: 600 }, 'block: { after: 1, durations: ["5m"] }');
      for (const options of [
        { block: { after: 1, durations: ["10m"] } },
        { store: store({ blockDuration: 600 }) },
      ]) {
        const app = behind(limiterOf(options));
        expect(await statuses(app, 4)).toEqual([200, 200, 200, 429]);
        await request(app)
          .get("/")
          .expect(429)
          .expect("Retry-After", /^6\d\d$/);
      }
    },
    "`blockOnConsumed`, `inMemoryBlockOnConsumed`": () => {
      refusesLimiter({ blockOnConsumed: 9 });
      refusesLimiter({ inMemoryBlockOnConsumed: 9 });
    },
    "`insuranceLimiter`": async () => {
      refusesLimiter({ insuranceLimiter: new RateLimiterMemory({ points: 3, duration: 60 }) });
      const failing = new RateLimiterMemory({ points: 3, duration: 60 });
      failing.consume = () => Promise.reject(new Error("connection lost"));
      const app = behind(limiterOf({ store: fromRateLimiterFlexible(failing) }));
      expect(await statuses(app, 4)).toEqual([200, 200, 200, 429]);
    },
    "`execEvenly: true`": () => {
      refusesLimiter({ execEvenly: true });
      limiterOf({ algorithm: "leaky-bucket", burst: 2 });
    },
    "`get(key)`": async () => expect(await left(limiterOf({ store: store() }))).toBe(3),
    "`penalty(key, 5)`": async () => {
      const limiter = limiterOf({ store: store() });
      await limiter.penalty(KEY, 5);
      expect(await left(limiter)).toBe(0);
    },
    "`reward(key, 5)`": async () => {
      const limiter = limiterOf({ store: store() });
      await limiter.penalty(KEY, 2);
      await limiter.reward(KEY, 5);
      expect(await left(limiter)).toBe(3);
    },
    "`block(key, 3600)`": async () => {
      const limiter = limiterOf({ store: store(), block: { after: "never" } });
      await limiter.block(KEY, "1h");
      expect(await statuses(behind(limiter), 1)).toEqual([429]);
    },
    "`delete(key)`": async () => {
      const limiter = limiterOf({ store: store() });
      expect(await statuses(behind(limiter), 4)).toEqual([200, 200, 200, 429]);
      await limiter.reset(KEY);
      expect(await left(limiter)).toBe(3);
    },
    "`set(key, points, duration)`": () => expect(limiterOf()).not.toHaveProperty("set"),
    "`RateLimiterUnion`": () => {
      const one = new RateLimiterMemory({ points: 3, duration: 60 });
      expect(() => fromRateLimiterFlexible(new RateLimiterUnion(one) as never)).toThrow("must");
    },
    "`BurstyRateLimiter`": () => limiterOf({ algorithm: "token-bucket", burst: 2 }),
    "`RateLimiterQueue`": () => limiterOf({ algorithm: "leaky-bucket", burst: 2 }),
    "`RLWrapperBlackAndWhite`": async () => {
      const app = behind(limiterOf({ skip: () => true }));
      expect(await statuses(app, 5)).toEqual(Array(5).fill(200));
    },
    "`RLWrapperTimeouts`": async () => {
      const slow = new RateLimiterMemory({ points: 3, duration: 60 });
      slow.consume = () => new Promise(() => undefined);
      const options = { store: fromRateLimiterFlexible(slow), onStoreError: "reject" };
      expect(await statuses(behind(limiterOf(options)), 1)).toEqual([503]);
    },
    "a limiter for each plan": async () => {
      const plan = (name: string, limit: number) => ({
        name,
        limit,
        window: "1m",
        ...FIXED,
        key: () => "ada",
        cost: (req: { headers: object }) => ("paid" in req.headers === (name === "paid") ? 1 : 0),
      });
      const app = behind(rateLimit({ policies: [plan("free", 1), plan("paid", 2)] }));
      expect(await statuses(app, 2)).toEqual([200, 429]);
      for (const status of [200, 200, 429])
        await request(app).get("/").set("Paid", "1").expect(status);
    },
  };

  it.each(firstCellsOf(sections, TABLE).map((cell) => [cell] as const))("%s", async (cell) => {
    expect(ROWS).toHaveProperty([cell]);
    await ROWS[cell]?.();
  });

  it("has no check without a row", () => {
    expect(Object.keys(ROWS)).toEqual(firstCellsOf(sections, TABLE));
  });
});
