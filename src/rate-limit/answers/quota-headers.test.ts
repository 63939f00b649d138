import * as theirs from "express-rate-limit";
import fc from "fast-check";
import { parseDictionary, parseList } from "structured-headers";
import request from "supertest";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import { ratePolicy } from "../../../test/support/rate-limit-policy.js";
import * as entry from "../express-rate-limit/index.js";
import { rateLimit } from "../rate-limit.js";
import { quotaReporter, setQuotaHeaders } from "./quota-headers.js";

let now = 0;

beforeEach(() => {
  vi.spyOn(Math, "random").mockReturnValue(0);
  now = 5_000_000;
  vi.spyOn(performance, "now").mockImplementation(() => now);
  vi.spyOn(Date, "now").mockImplementation(() => 1_800_000_000_500 + now - 5_000_000);
});

afterEach(() => {
  vi.restoreAllMocks();
});

describe.each(expressVersions)("the quota fields on Express %s", (_major, express) => {
  it.each([
    ["express-rate-limit", theirs.rateLimit],
    ["its entry", entry.rateLimit as unknown as typeof theirs.rateLimit],
  ])("stand beside those of %s, in front and behind", async (_name, other) => {
    const app = express();
    const old = (identifier: string) =>
      other({ identifier, standardHeaders: "draft-8", validate: false });
    const first = rateLimit({ name: "first", limit: 10, window: "1m" });
    app.use(old("front"), first, old("between"), rateLimit({ limit: 2, window: "1m" }));
    app.get("/", (_req, res) => void res.send("ok"));
    for (const status of [200, 200, 429]) {
      const { headers } = await request(app).get("/").expect(status);
      for (const field of ["ratelimit", "ratelimit-policy"]) {
        const names = parseList(headers[field] as string).map(([name]) => name);
        expect(names).toEqual(["front", "between", "first", "2-per-1m"]);
      }
    }
  });

  it("take the place of a dictionary of draft 7", async () => {
    const app = express();
    app.use(theirs.rateLimit({ standardHeaders: "draft-7", validate: false }));
    app.use(rateLimit({ name: "new", limit: 10, window: "1m" }));
    app.get("/", (_req, res) => void res.send("ok"));
    const { headers } = await request(app).get("/").expect(200);
    expect(headers["ratelimit"]).toMatch(/^"new";r=9;t=\d+$/);
    expect(headers["ratelimit-policy"]).toBe('"new";q=10;w=60');
  });

  it("stand on every response and parse as RFC 9651 lists", async () => {
    const app = express();
    app.use(
      rateLimit({
        policies: [
          { name: "burst", limit: 60, burst: 2, window: "1m" },
          { name: "daily", limit: 1000, window: "1d" },
        ],
      }),
    );
    app.get("/", (_req, res) => void res.status(304).end());
    const seen: unknown[] = [];
    for (const status of [304, 304, 429]) {
      const answer = await request(app).get("/").expect(status);
      const field = (name: string) =>
        parseList(answer.headers[name] as string).map(([item, params]) => [
          item,
          Object.fromEntries(params),
        ]);
      expect(field("ratelimit-policy")).toEqual([
        ["burst", { q: 60, w: 60 }],
        ["daily", { q: 1000, w: 86_400 }],
      ]);
      seen.push(field("ratelimit"));
      expect(answer.headers["x-ratelimit-limit"]).toBe("60");
    }
    // With r units left, t is the time in which r units come back; with none, the time to wait.
    expect(seen).toEqual([
      [
        ["burst", { r: 1, t: 1 }],
        ["daily", { r: 999, t: 86_314 }],
      ],
      [
        ["burst", { r: 0, t: 1 }],
        ["daily", { r: 998, t: 86_228 }],
      ],
      [
        ["burst", { r: 0, t: 1 }],
        ["daily", { r: 998, t: 86_228 }],
      ],
    ]);
  });

  it.each([
    [
      "draft-8",
      {
        ratelimit: '"burst";r=1;t=1, "daily";r=999;t=87',
        "ratelimit-policy": '"burst";q=60;w=60, "daily";q=1000;w=86400',
      },
    ],
    [
      "draft-7",
      { ratelimit: "limit=60, remaining=1, reset=1", "ratelimit-policy": "60;w=60, 1000;w=86400" },
    ],
    [
      "draft-6",
      {
        "ratelimit-limit": "60",
        "ratelimit-remaining": "1",
        "ratelimit-reset": "1",
        "ratelimit-policy": "60;w=60, 1000;w=86400",
      },
    ],
  ] as const)("are written as %s writes them", async (ietf, fields) => {
    const app = express();
    const policies = [
      { name: "burst", limit: 60, burst: 2, window: "1m" },
      { name: "daily", limit: 1000, window: "1d" },
    ];
    app.use(rateLimit({ policies, headers: { ietf, legacy: false } }));
    app.get("/", (_req, res) => void res.end());
    const answer = await request(app).get("/").expect(200);
    const sent = Object.entries(answer.headers).filter(([name]) => name.startsWith("ratelimit"));
    expect(Object.fromEntries(sent)).toEqual(fields);
    for (const value of Object.values(fields)) {
      expect(() =>
        value.startsWith("limit=") ? parseDictionary(value) : parseList(value),
      ).not.toThrow();
    }
  });

  it("make Retry-After later at random, and never earlier", async () => {
    const app = express();
    app.use(rateLimit({ limit: 1, window: "100s" }));
    app.get("/", (_req, res) => void res.end());
    await request(app).get("/").expect(200);
    for (const [random, seconds] of [
      [0, "100"],
      [0.5, "105"],
      [0.999, "109"],
    ] as const) {
      vi.spyOn(Math, "random").mockReturnValue(random);
      await request(app).get("/").expect(429).expect("Retry-After", seconds);
    }
  });

  it("show the policy with the fewest units left in X-RateLimit-*, with the reset in epoch seconds", async () => {
    const app = express();
    app.use(
      rateLimit({
        policies: [
          { name: "wide", limit: 1000, window: "1h" },
          { name: "narrow", limit: 10, window: "1m" },
        ],
      }),
    );
    app.get("/", (_req, res) => void res.send("ok"));
    await request(app)
      .get("/")
      .expect("X-RateLimit-Limit", "10")
      .expect("X-RateLimit-Remaining", "9")
      // One unit is missing and comes back in 6 s: 1,800,000,000.5 + 6, rounded up.
      .expect("X-RateLimit-Reset", "1800000007");
  });

  it("count the reset from now when they are told to, and are left out when they are told to", async () => {
    const app = express();
    const window = "1m";
    app.get("/delta", rateLimit({ limit: 4, window, headers: { legacy: "delta" } }), ok);
    app.get("/ietf", rateLimit({ limit: 4, window, headers: { legacy: false } }), ok);
    app.get("/legacy", rateLimit({ limit: 4, window, headers: { ietf: false } }), ok);
    app.get("/none", rateLimit({ limit: 1, window, headers: { ietf: false, legacy: false } }), ok);
    await request(app).get("/delta").expect("X-RateLimit-Reset", "15");
    const namesOf = async (path: string) =>
      Object.keys((await request(app).get(path)).headers).filter((name) =>
        name.includes("ratelimit"),
      );
    expect(await namesOf("/ietf")).toEqual(["ratelimit-policy", "ratelimit"]);
    expect(await namesOf("/legacy")).toEqual([
      "x-ratelimit-limit",
      "x-ratelimit-remaining",
      "x-ratelimit-reset",
    ]);
    expect(await namesOf("/none")).toEqual([]);
    // Retry-After belongs to the refusal, not to these fields.
    await request(app).get("/none").expect(429).expect("Retry-After", "60");
  });

  it("list the policies of all limiters of a request", async () => {
    const app = express();
    app.use(rateLimit({ name: "all", limit: 100, window: "1m" }));
    app.use(
      rateLimit({ name: "quiet", limit: 1, window: "1h", headers: { ietf: false, legacy: false } }),
    );
    app.get("/", rateLimit({ name: "route", limit: 2, window: "10s" }), ok);
    await request(app)
      .get("/")
      .expect(200)
      .expect("RateLimit-Policy", '"all";q=100;w=60, "route";q=2;w=10')
      .expect("RateLimit", '"all";r=99;t=60, "route";r=1;t=5')
      .expect("X-RateLimit-Limit", "2");
    // The quiet limiter refuses: what the first one said stays.
    await request(app).get("/").expect(429).expect("RateLimit", '"all";r=98;t=59');
  });

  function ok(_req: unknown, res: import("express").Response): void {
    res.send("ok");
  }
});

describe("the quota fields", () => {
  it("parse whatever the policy is called", () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.integer({ min: 32, max: 126 }).map((code) => String.fromCharCode(code)),
          minLength: 1,
        }),
        fc.integer({ min: 1, max: 1_000_000_000 }),
        fc.integer({ min: 1, max: 366 * 86_400 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat(366 * 86_400_000),
        (name, limit, seconds, share, wait) => {
          const remaining = Math.floor(limit * share);
          const whole = ratePolicy({ name, limit, windowMs: seconds * 1000 });
          const reporter = quotaReporter(
            whole,
            { ietf: "draft-11", legacy: "delta", retryJitter: 0 },
            {},
          );
          const fields = new Map<string, string>();
          const res = {
            getHeader: () => undefined,
            setHeader: (field: string, value: string) => void fields.set(field, value),
          };
          const result = { allowed: true, remaining, retryAfterMs: wait, resetMs: wait };
          const quota = reporter(result, { policy: whole, key: "", cost: 1 });
          setQuotaHeaders(res as never, [quota]);
          expect(parseList(fields.get("RateLimit-Policy") ?? "")).toEqual([
            [name, new Map(Object.entries({ q: limit, w: seconds }))],
          ]);
          const [[item, params] = []] = parseList(fields.get("RateLimit") ?? "");
          expect(item).toBe(name);
          expect(params?.get("r")).toBe(remaining);
          expect(Number.isInteger(params?.get("t"))).toBe(true);
          expect(Number(params?.get("t"))).toBeGreaterThanOrEqual(1);
        },
      ),
    );
  });
});
