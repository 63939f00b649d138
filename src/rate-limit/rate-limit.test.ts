import { AsyncLocalStorage } from "node:async_hooks";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Request } from "express";
import request from "supertest";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import type { Decision } from "../core/decision/decision.js";
import { decisionsOf } from "../core/decision/decision.js";
import { createPrincipal, setPrincipalSource } from "../core/principal/principal.js";
import { rateLimit } from "./rate-limit.js";
import type { RateLimitOptions } from "./rate-limit-options.js";

let now = 0;

beforeEach(() => {
  vi.spyOn(Math, "random").mockReturnValue(0);
  now = 5_000_000;
  vi.spyOn(performance, "now").mockImplementation(() => now);
});

afterEach(() => {
  vi.restoreAllMocks();
});

describe.each(expressVersions)("rateLimit on Express %s", (_major, express) => {
  function appWith(options: RateLimitOptions, decisions: Decision[] = []) {
    const app = express();
    app.set("trust proxy", 1);
    app.use((req, res, next) => {
      res.on("finish", () => decisions.push(...decisionsOf(req)));
      next();
    });
    app.use(rateLimit(options));
    app.all(["/", "/login", "/login/:step"], (_req, res) => void res.send("ok"));
    return app;
  }

  it("answers 429 with Retry-After once the limit is spent, and lets pass what waits so long", async () => {
    const decisions: Decision[] = [];
    const app = appWith({ limit: 2, window: "1m" }, decisions);
    await request(app).get("/").expect(200, "ok");
    now += 1500;
    await request(app).get("/").expect(200, "ok");
    const refused = await request(app).get("/").expect(429).expect("Retry-After", "29");
    expect(refused.headers["content-type"]).toBe("application/problem+json");
    expect(refused.headers["cache-control"]).toBe("no-store");
    expect(JSON.parse(refused.text)).toEqual({
      type: "https://iana.org/assignments/http-problem-types#quota-exceeded",
      title: "Too Many Requests",
      status: 429,
      detail: "Too many requests: try again later.",
      code: "rate_limit_exceeded",
      "violated-policies": ["2-per-1m"],
    });
    now += 28_499;
    await request(app).get("/").expect(429).expect("Retry-After", "1");
    now += 1;
    await request(app).get("/").expect(200);
    expect(decisions).toEqual([
      { guard: "rateLimit", outcome: "allow", enforced: true, code: "ok" },
      { guard: "rateLimit", outcome: "allow", enforced: true, code: "ok" },
      ...Array.from({ length: 2 }, () => ({
        guard: "rateLimit",
        outcome: "deny",
        enforced: true,
        code: "rate_limit_exceeded",
        status: 429,
        reason: "limit_exceeded",
        policy: "2-per-1m",
      })),
      { guard: "rateLimit", outcome: "allow", enforced: true, code: "ok" },
    ]);
  });

  it("spends the burst at once and gives the rest evenly", async () => {
    const app = appWith({ limit: 60, burst: 2, window: "1m" });
    for (const status of [200, 200, 429]) await request(app).get("/").expect(status);
    now += 1000;
    for (const status of [200, 429]) await request(app).get("/").expect(status);
  });

  it.each(["HEAD", "OPTIONS", "PATCH", "DELETE"])(
    "counts %s like any other method",
    async (method) => {
      const app = appWith({ limit: 1, window: "1m" });
      const verb = method.toLowerCase() as "head" | "options" | "patch" | "delete";
      await request(app)[verb]("/").expect(200);
      await request(app).get("/").expect(429);
      await request(app)[verb]("/").expect(429);
    },
  );

  it("charges nothing to any policy when one of them refuses", async () => {
    const narrow = { name: "narrow", limit: 1, window: "1s" } as const;
    const wide = { name: "wide", limit: 3, window: "1h" } as const;
    const app = appWith({ policies: [wide, narrow] });
    await request(app).get("/").expect(200);
    for (let count = 0; count < 5; count += 1) {
      const refused = await request(app).get("/").expect(429).expect("Retry-After", "1");
      expect(JSON.parse(refused.text)["violated-policies"]).toEqual(["narrow"]);
    }
    now += 1000;
    await request(app).get("/").expect(200);
    now += 1000;
    await request(app).get("/").expect(200);
    const refused = await request(app).get("/").expect(429);
    expect(JSON.parse(refused.text)["violated-policies"]).toEqual(["wide", "narrow"]);
    // The longer of the two waits: 1,200 s for one unit, less the 2 s that have passed.
    expect(refused.headers["retry-after"]).toBe("1198");
  });

  it("counts a user and a client of one name, and users of two issuers, each by itself", async () => {
    const callers = {
      user: { subject: "alice" },
      client: { kind: "service", clientId: "alice" },
      account: { kind: "service", subject: "alice" },
      "user of a token": { subject: "alice", issuer: "https://a.example" },
      "client of a token": { kind: "service", clientId: "alice", issuer: "https://a.example" },
      "who is called like a client": { subject: "service:alice" },
    } as const;
    const app = express();
    app.use((req, _res, next) => {
      const init = callers[req.get("x-caller") as keyof typeof callers];
      setPrincipalSource(req, createPrincipal(init));
      next();
    });
    app.use(rateLimit({ limit: 1, window: "1m", key: "principal" }));
    app.get("/", (_req, res) => void res.send("ok"));
    for (const status of [200, 429]) {
      for (const name of Object.keys(callers)) {
        await request(app).get("/").set("X-Caller", name).expect(status);
      }
    }
  });

  it("counts principals by their id, whatever their address, and others by address", async () => {
    const app = express();
    app.set("trust proxy", 1);
    app.use((req, _res, next) => {
      const subject = req.get("x-test-subject");
      setPrincipalSource(req, () => (subject === undefined ? null : createPrincipal({ subject })));
      next();
    });
    app.use(rateLimit({ limit: 1, window: "1m", key: "principal" }));
    app.get("/", (_req, res) => void res.send("ok"));
    const from = (address: string, subject?: string) => {
      const call = request(app).get("/").set("X-Forwarded-For", address);
      return subject === undefined ? call : call.set("x-test-subject", subject);
    };
    await from("198.51.100.1", "ann").expect(200);
    await from("198.51.100.2", "ann").expect(429);
    await from("198.51.100.1", "bob").expect(200);
    await from("198.51.100.1").expect(200);
    await from("198.51.100.1").expect(429);
    await from("198.51.100.2").expect(200);
    // A subject that is spelt like an address does not spend the quota of that address.
    await from("198.51.100.9", "198.51.100.3").expect(200);
    await from("198.51.100.3").expect(200);
  });

  it.each([
    // Whoever shares the tenant shares the quota; without one, the address counts.
    ["tenant", [200, 429, 200, 200, 429, 200]],
    // Each combination has a quota of its own.
    [
      ["ip", "principal"],
      [200, 200, 200, 200, 429, 429],
    ],
    [
      ["ip", "tenant"],
      [200, 200, 200, 200, 429, 429],
    ],
  ] as const)("counts by %s", async (key, statuses) => {
    const app = express();
    app.set("trust proxy", 1);
    app.use((req, _res, next) => {
      const [subject, tenant, issuer] = (req.get("x-caller") ?? "").split(" ");
      const init = { subject, tenant: tenant === "-" ? undefined : tenant, issuer };
      setPrincipalSource(req, () => (subject === "" ? null : createPrincipal(init)));
      next();
    });
    app.use(rateLimit({ limit: 1, window: "1m", key }));
    app.get("/", (_req, res) => void res.send("ok"));
    const calls = [
      ["198.51.100.1", "ann acme https://a.example"],
      ["198.51.100.2", "bob acme https://a.example"],
      ["198.51.100.3", "eve acme https://b.example"],
      ["198.51.100.9", ""],
      ["198.51.100.9", ""],
    ] as const;
    const seen: number[] = [];
    for (const [address, caller] of calls) {
      const call = request(app).get("/").set("X-Forwarded-For", address);
      seen.push((await (caller === "" ? call : call.set("x-caller", caller))).status);
    }
    // The address of somebody else, and the caller of the first request.
    const again = key === "tenant" ? "198.51.100.8" : "198.51.100.1";
    const caller = key === "tenant" ? "dan -" : "ann acme https://a.example";
    const last = request(app).get("/").set("X-Forwarded-For", again).set("x-caller", caller);
    seen.push((await last).status);
    expect(seen).toEqual(statuses);
  });

  it("counts by the key of a function, and by address when it has none", async () => {
    const app = appWith({ limit: 1, window: "1m", key: (req) => req.get("x-tenant") });
    const from = (address: string, tenant: string) =>
      request(app).get("/").set("X-Forwarded-For", address).set("x-tenant", tenant);
    const long = "t".repeat(5000);
    await from("198.51.100.1", "one").expect(200);
    await from("198.51.100.2", "one").expect(429);
    await from("198.51.100.1", long).expect(200);
    await from("198.51.100.1", `${long}x`).expect(200);
    await from("198.51.100.1", long).expect(429);
    for (const empty of [
      request(app).get("/").set("X-Forwarded-For", "198.51.100.1"),
      from("198.51.100.2", ""),
    ]) {
      await empty.expect(200);
    }
    await from("198.51.100.2", "").expect(429);
    await request(app).get("/").set("X-Forwarded-For", "198.51.100.1").expect(429);
    // A key that is spelt like an address does not spend the quota of that address.
    await from("198.51.100.1", "198.51.100.3").expect(200);
    await from("198.51.100.3", "").expect(200);
  });

  it("charges what the request costs, and gives no Retry-After when it can never pass", async () => {
    const decisions: Decision[] = [];
    const cost = (req: Request): number => Number(req.query["cost"]);
    const app = appWith({ limit: 10, window: "10s", cost }, decisions);
    await request(app).get("/?cost=8").expect(200).expect("X-RateLimit-Remaining", "2");
    await request(app).get("/?cost=5").expect(429).expect("Retry-After", "3");
    await request(app).get("/?cost=2").expect(200);
    await request(app).get("/?cost=0").expect(200);
    const never = await request(app).get("/?cost=11").expect(429);
    expect(never.headers["retry-after"]).toBeUndefined();
    expect(decisions.at(-1)).toMatchObject({ outcome: "deny", reason: "cost_exceeds_burst" });
  });

  it("takes a fixed cost", async () => {
    const app = appWith({ limit: 4, window: "1m", cost: 2 });
    for (const status of [200, 200, 429]) await request(app).get("/").expect(status);
  });

  it.each([
    ["key", { key: () => 7 }],
    ["key", { key: () => Promise.reject(new Error("promised")) }],
    ["key", { key: () => null }],
    ["key", { key: throwing }],
    ["cost", { cost: () => Number.NaN }],
    ["cost", { cost: () => -1 }],
    ["cost", { cost: () => 0.5 }],
    ["cost", { cost: () => "1" }],
    ["cost", { cost: async () => "1" }],
    ["cost", { cost: throwing }],
    ["skip", { skip: () => "yes" }],
    ["skip", { skip: () => undefined }],
    ["skip", { skip: async () => undefined }],
    ["skip", { skip: throwing }],
  ])(
    "answers 503 when the %s function fails or returns the wrong type: %o",
    async (_name, wrong) => {
      const decisions: Decision[] = [];
      const options = { limit: 10, window: "1m", onDenied: "next", ...wrong } as RateLimitOptions;
      const app = appWith(options, decisions);
      let cause: unknown;
      app.use((error: Error, _req: Request, res: import("express").Response, _next: () => void) => {
        cause = (error.cause as Error).cause;
        res.status(503).send(error.message);
      });
      const answer = await request(app).get("/").expect(503);
      expect(answer.text).toBe("The request cannot be checked at the moment.");
      const message = (cause as Error).message;
      expect(message).toMatch(
        /^rateLimit\.(key|cost|skip) must return|^the app's own mistake$|^promised$/,
      );
      expect(decisions).toEqual([
        {
          guard: "rateLimit",
          outcome: "error",
          enforced: true,
          code: "check_unavailable",
          status: 503,
          reason: message.includes("must return") ? "wrong_return" : "function_failed",
        },
      ]);
    },
  );

  describe("with functions that look something up first", () => {
    const later = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

    it("takes an async key, cost and skip", async () => {
      const app = appWith({
        limit: 4,
        window: "1h",
        key: (req) => later().then(() => req.get("x-user")),
        cost: (req) => later().then(() => (req.get("x-cost") === undefined ? 1 : 3)),
        skip: (req) => later().then(() => req.get("x-admin") !== undefined),
      });
      await request(app).get("/").set({ "X-User": "a", "X-Cost": "3" }).expect(200);
      await request(app).get("/").set({ "X-User": "a", "X-Cost": "3" }).expect(429);
      await request(app).get("/").set({ "X-User": "b", "X-Cost": "3" }).expect(200);
      // Without a key, the address counts.
      await request(app).get("/").expect(200).expect("X-RateLimit-Remaining", "3");
      const skipped = await request(app)
        .get("/")
        .set({ "X-User": "a", "X-Admin": "1" })
        .expect(200);
      expect(skipped.headers).not.toHaveProperty("x-ratelimit-limit");
    });

    it("admits no more than the limit when many requests wait for their keys at the same time", async () => {
      let turn = 0;
      const key = async (): Promise<string> => {
        turn += 1;
        for (let left = turn % 3; left > 0; left -= 1) await later();
        return "shared";
      };
      const app = appWith({
        policies: [
          { limit: 5, window: "1h", key },
          { limit: 100, window: "1m" },
        ],
      });
      const answers = await Promise.all(
        Array.from({ length: 12 }, async () => await request(app).get("/")),
      );
      const statuses = answers.map(({ status }) => status);
      expect(statuses.filter((status) => status === 200)).toHaveLength(5);
      expect(statuses.filter((status) => status === 429)).toHaveLength(7);
      // What the one policy refused cost nothing in the other.
      const allowed = answers.filter(({ status }) => status === 200);
      const left = allowed.map(({ headers }) => headers["ratelimit"]);
      expect(left.some((text) => text?.includes('"100-per-1m";r=95'))).toBe(true);
    });

    it("counts a request once in report mode, too, where it goes on at once and comes by again", async () => {
      const decisions: Decision[] = [];
      const key = (): Promise<string> => later().then(() => "shared");
      const limiter = rateLimit({ limit: 2, window: "1h", key, mode: "report" });
      const app = express();
      app.use((req, res, next) => {
        res.on("close", () =>
          setImmediate(() => setImmediate(() => decisions.push(...decisionsOf(req)))),
        );
        next();
      });
      app.use(limiter, limiter);
      app.get("/", (_req, res) => void res.end());
      for (let sent = 0; sent < 2; sent += 1) await request(app).get("/").expect(200);
      for (let turn = 0; turn < 5; turn += 1) await later();
      expect(decisions).toMatchObject([{ outcome: "allow" }, { outcome: "allow" }]);
    });
  });

  it("counts only what the patterns match, however the path is spelt", async () => {
    const decisions: Decision[] = [];
    const app = appWith({ limit: 1, window: "1h", match: ["POST /login/*"] }, decisions);
    await request(app).get("/login").expect(200);
    expect(decisions).toEqual([
      {
        guard: "rateLimit",
        outcome: "allow",
        enforced: true,
        code: "ok",
        reason: "no_policy_applies",
      },
    ]);
    await request(app).post("/login").expect(200);
    for (const path of ["/login", "/LOGIN", "/login/", "//login", "/%6Cogin", "/login/otp"]) {
      await request(app).post(path).expect(429);
    }
  });

  it("counts nothing of what is skipped", async () => {
    const decisions: Decision[] = [];
    const skip = (req: Request): boolean => req.get("x-probe") === "1";
    const app = appWith({ limit: 1, window: "1m", skip }, decisions);
    for (let count = 0; count < 3; count += 1) {
      const answer = await request(app).get("/").set("x-probe", "1").expect(200);
      expect(answer.headers["ratelimit"]).toBeUndefined();
    }
    expect(decisions[0]).toMatchObject({ outcome: "allow", reason: "skipped" });
    for (const status of [200, 429]) await request(app).get("/").expect(status);
  });

  it("gives new clients one shared quota when it holds as many keys as it may, and says so", async () => {
    const decisions: Decision[] = [];
    const app = appWith({ limit: 1, window: "1m", maxKeys: 2 }, decisions);
    const from = (address: string) => request(app).get("/").set("X-Forwarded-For", address);
    await from("198.51.100.1").expect(200);
    await from("198.51.100.2").expect(200);
    await from("198.51.100.3").expect(200);
    await from("198.51.100.4").expect(429);
    await from("198.51.100.1").expect(429);
    expect(decisions.map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ["allow", undefined],
      ["allow", undefined],
      ["allow", "keys_exhausted"],
      ["deny", "keys_exhausted"],
      ["deny", "limit_exceeded"],
    ]);
    now += 60_000;
    await from("198.51.100.4").expect(200);
    await from("198.51.100.5").expect(200);
  });

  it.each(["token-bucket", "sliding-log", "fixed-window"] as const)(
    "goes on counting with %s when the clock of the machine is set, forwards or back",
    async (algorithm) => {
      const app = appWith({ limit: 1, window: "1m", algorithm });
      const started = Date.now();
      const clock = vi.spyOn(Date, "now");
      await request(app).get("/").expect(200);
      for (const days of [400, -400]) {
        clock.mockReturnValue(started + days * 86_400_000);
        await request(app).get("/").expect(429).expect("Retry-After", "60");
      }
      now += 60_000;
      await request(app).get("/").expect(200);
    },
  );

  it("counts a request once when it is mounted twice", async () => {
    const limiter = rateLimit({ limit: 2, window: "1m" });
    const app = express();
    app.use(limiter);
    app.get("/", limiter, (_req, res) => void res.send("ok"));
    const first = await request(app).get("/").expect(200);
    expect(first.headers["x-ratelimit-remaining"]).toBe("1");
    await request(app).get("/").expect(200);
    await request(app).get("/").expect(429);
  });

  it("counts for each limiter by itself, also when their policies have the same name", async () => {
    const app = express();
    app.get("/a", rateLimit({ limit: 1, window: "1m" }), (_req, res) => void res.send("ok"));
    app.get("/b", rateLimit({ limit: 1, window: "1m" }), (_req, res) => void res.send("ok"));
    await request(app).get("/a").expect(200);
    await request(app).get("/b").expect(200);
    await request(app).get("/a").expect(429);
  });

  it("refuses every request, and says why, when it is mounted without being called", async () => {
    const app = express();
    app.use(rateLimit as never);
    app.get("/", (_req, res) => void res.send("ok"));
    app.use((error: Error, _req: Request, res: import("express").Response, _next: () => void) => {
      res.status(500).send(`${error.name}: ${error.message}`);
    });
    const answer = await request(app).get("/").expect(500);
    expect(answer.text).toMatch(/^OptionsError: rateLimit must be called before it is mounted/);
  });

  it("hands the refusal on, or to a function, as the app wants it", async () => {
    const app = appWith({
      limit: 1,
      window: "1m",
      onDenied: (error, _req, res) => void res.status(error.status).json({ oops: error.code }),
    });
    await request(app).get("/").expect(200);
    await request(app)
      .get("/")
      .expect(429, { oops: "rate_limit_exceeded" })
      .expect("Retry-After", "60")
      .expect("RateLimit", '"1-per-1m";r=0;t=60');
  });

  it("keeps no context of a request alive", async () => {
    setFlagsFromString("--expose-gc");
    const collectGarbage = runInNewContext("gc") as () => void;
    const storage = new AsyncLocalStorage<object>();
    const contexts: WeakRef<object>[] = [];
    const app = express();
    app.set("trust proxy", 1);
    app.use((_req, _res, next) => {
      const context = {};
      contexts.push(new WeakRef(context));
      storage.run(context, next);
    });
    app.use(rateLimit({ limit: 5, window: "60d" }));
    app.get("/", (_req, res) => void res.send("ok"));
    for (let index = 0; index < 20; index += 1) {
      await request(app).get("/").set("X-Forwarded-For", `198.51.100.${index}`).expect(200);
    }
    await vi.waitFor(() => {
      collectGarbage();
      const alive = contexts.filter((context) => context.deref() !== undefined);
      // The sockets of the last requests may not be closed yet.
      expect(alive.length).toBeLessThan(10);
    });
  });
});

function throwing(): never {
  throw new Error("the app's own mistake");
}
