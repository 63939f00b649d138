import { mkdtempSync } from "node:fs";
import { request as send } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Express, RequestHandler } from "express";
import request from "supertest";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import { type Decision, decisionsOf } from "../../core/decision/decision.js";
import { OptionsError } from "../../core/options/options-error.js";
import { secureHeaders } from "../../secure-headers/index.js";
import { rateLimit } from "../rate-limit.js";
import type { RateLimitOptions } from "../rate-limit-options.js";

const APP = "https://app.example.com";
const PREFLIGHT = { Origin: APP, "Access-Control-Request-Method": "POST" };
const FOREIGN = { ...PREFLIGHT, Origin: "https://evil.example" };
const CROSS_SITE = { "Sec-Fetch-Site": "cross-site", Cookie: "session=1" };
const TWO = { limit: 100, window: "1h", preflight: { limit: 2, window: "1h" } } as const;

let warned: string[] = [];
beforeEach(() => {
  warned = [];
  vi.spyOn(process, "emitWarning").mockImplementation(((_: string, { code }: { code: string }) => {
    warned.push(code);
  }) as never);
});

describe.each(expressVersions)("rateLimit().preflight on Express %s", (_major, express) => {
  interface Setup {
    readonly app: Express;
    readonly decisions: (readonly Decision[])[];
  }

  function appWith(
    options: RateLimitOptions,
    headers: Parameters<typeof secureHeaders>[0] = {},
  ): Setup {
    const limiter = rateLimit(options);
    const shown = secureHeaders({ cors: { origins: [APP] }, ...headers });
    return mount(limiter.preflight, shown, limiter);
  }

  function mount(...handlers: readonly RequestHandler[]): Setup {
    const decisions: (readonly Decision[])[] = [];
    const app = (express as unknown as () => Express)();
    app.use((req, _res, next) => {
      decisions.push(decisionsOf(req));
      next();
    });
    app.use(...handlers);
    app.all(/^/, (_req, res) => void res.send("app"));
    return { app, decisions };
  }

  const preflight = (app: Express, headers: Record<string, string> = PREFLIGHT) =>
    request(app).options("/").set(headers);

  it("answers preflights beyond its limit with 429, and names itself", async () => {
    const { app, decisions } = appWith(TWO);
    await preflight(app).expect(204);
    await preflight(app).expect(204);
    const refused = await preflight(app).expect(429);
    expect(refused.body).toMatchObject({
      code: "rate_limit_exceeded",
      "violated-policies": ["preflight"],
    });
    expect(Number(refused.headers["retry-after"])).toBeGreaterThan(1000);
    expect(decisions[0]).toMatchObject([
      { guard: "rateLimit", outcome: "allow", policy: "preflight" },
      { guard: "secureHeaders", reason: "preflight_allowed" },
    ]);
    expect(decisions[2]).toMatchObject([
      { guard: "rateLimit", outcome: "deny", reason: "limit_exceeded", policy: "preflight" },
    ]);
  });

  it("puts CORS headers on its refusal for a listed origin only, and always Vary", async () => {
    const { app } = appWith(TWO);
    for (let n = 0; n < 2; n += 1) await preflight(app);
    const listed = await preflight(app).expect(429);
    expect(listed.headers["access-control-allow-origin"]).toBe(APP);
    expect(listed.headers["vary"]).toContain("Origin");
    const foreign = await preflight(app, FOREIGN).expect(429);
    expect(foreign.headers["access-control-allow-origin"]).toBeUndefined();
    expect(foreign.headers["vary"]).toContain("Origin");
  });

  it("adds no header to an allowed preflight", async () => {
    const { app } = appWith(TWO);
    const counted = await preflight(app).expect(204);
    const alone = mount(secureHeaders({ cors: { origins: [APP] } }));
    const uncounted = await preflight(alone.app).expect(204);
    expect(Object.keys(counted.headers)).toEqual(Object.keys(uncounted.headers));
  });

  it("counts refused preflights and refused cross-site requests together", async () => {
    const { app } = appWith({ ...TWO, preflight: { limit: 3, window: "1h" } });
    await preflight(app, FOREIGN).expect(403);
    await preflight(app, { ...PREFLIGHT, "Access-Control-Request-Method": "PURGE" }).expect(204);
    await request(app).post("/").set(CROSS_SITE).expect(403);
    await request(app).post("/").set(CROSS_SITE).expect(429);
    await preflight(app).expect(429);
  });

  it("lets listed pages read the 429 of a request that would be refused", async () => {
    const { app } = appWith(TWO);
    for (let n = 0; n < 2; n += 1) await preflight(app);
    const refused = await request(app)
      .post("/")
      .set({ ...CROSS_SITE, Origin: APP })
      .expect(429);
    expect(refused.headers["access-control-allow-origin"]).toBe(APP);
    expect(refused.headers["access-control-expose-headers"]).toContain("Retry-After");
  });

  it("leaves every other request to the ordinary policies", async () => {
    const { app } = appWith({ ...TWO, limit: 5 });
    for (let n = 0; n < 2; n += 1) await preflight(app).expect(204);
    await preflight(app).expect(429);
    await request(app).options("/").expect(200);
    await request(app).get("/").set("Origin", "https://evil.example").expect(200);
    await request(app).post("/").set("Sec-Fetch-Site", "cross-site").expect(200);
    const last = await request(app).get("/").set("Origin", APP).expect(200);
    expect(last.headers["ratelimit"]).toMatch(/;r=1;/);
  });

  it("does not ask the app about the origin when the limit is spent", async () => {
    const origins = vi.fn(async () => true);
    const { app } = appWith(TWO, { cors: { origins } });
    for (let n = 0; n < 2; n += 1) await preflight(app).expect(204);
    for (let n = 0; n < 3; n += 1) {
      const refused = await preflight(app).expect(429);
      expect(refused.headers["access-control-allow-origin"]).toBeUndefined();
    }
    expect(origins).toHaveBeenCalledTimes(2);
  });

  it("counts an address once for all of its IPv6 network", async () => {
    const { app } = appWith(TWO);
    app.set("trust proxy", 1);
    const from = (address: string) => preflight(app).set("X-Forwarded-For", address);
    await from("2001:db8:1:100::1").expect(204);
    await from("2001:db8:1:1ff::9").expect(204);
    await from("2001:db8:1:1aa::3").expect(429);
    await from("198.51.100.1").expect(204);
  });

  it("counts requests over a Unix socket together", async () => {
    const path = join(mkdtempSync(join(tmpdir(), "preflight-")), "socket");
    const server = appWith(TWO).app.listen(path);
    const statusOf = () =>
      new Promise((resolve, reject) => {
        send({ socketPath: path, path: "/", method: "OPTIONS", headers: PREFLIGHT }, (res) => {
          res.resume();
          resolve(res.statusCode);
        })
          .on("error", reject)
          .end();
      });
    try {
      await new Promise((resolve) => server.once("listening", resolve));
      expect([await statusOf(), await statusOf(), await statusOf()]).toEqual([204, 204, 429]);
    } finally {
      server.close();
    }
  });

  it("counts in memory, so that no preflight waits for a store or fails with it", async () => {
    const consume = vi.fn(() => Promise.reject(new Error("store down")));
    const { app } = appWith({ ...TWO, name: "a", store: { consume }, onStoreError: "reject" });
    for (let n = 0; n < 2; n += 1) await preflight(app).expect(204);
    await preflight(app).expect(429);
    expect(consume).not.toHaveBeenCalled();
    await request(app).get("/").expect(503);
  });

  it("does not ask skip, which may wait", async () => {
    const skip = vi.fn(async () => true);
    const { app } = appWith({ ...TWO, skip });
    for (let n = 0; n < 2; n += 1) await preflight(app).expect(204);
    await preflight(app).expect(429);
    expect(skip).not.toHaveBeenCalled();
  });

  it("does not count again what the limiter in front of secureHeaders has counted", async () => {
    const limiter = rateLimit(TWO);
    const { app } = mount(limiter.preflight, limiter, secureHeaders({ cors: { origins: [APP] } }));
    for (let n = 0; n < 4; n += 1) await preflight(app).expect(204);
  });

  it("counts a request once when everything is mounted twice", async () => {
    const limiter = rateLimit(TWO);
    const shown = secureHeaders({ cors: { origins: [APP] } });
    const { app } = mount(limiter.preflight, limiter.preflight, shown, shown, limiter);
    await preflight(app).expect(204);
    await preflight(app).expect(204);
    await preflight(app).expect(429);
  });

  it("stands beside that of another limiter", async () => {
    const [strict, mild] = [rateLimit(TWO), rateLimit({ limit: 9, window: "1h" })];
    const shown = secureHeaders({ cors: { origins: [APP] } });
    for (const limiters of [
      [strict, mild],
      [mild, strict],
    ]) {
      const { app } = mount(...limiters.map((limiter) => limiter.preflight), shown, mild);
      await preflight(app);
      await preflight(app);
      await preflight(app).expect(429);
    }
  });

  it("blocks nothing in report mode, and records what it would refuse", async () => {
    const { app, decisions } = appWith({ ...TWO, mode: "report" });
    for (let n = 0; n < 2; n += 1) await preflight(app).expect(204);
    const third = await preflight(app).expect(204);
    expect(third.headers["retry-after"]).toBeUndefined();
    expect(decisions[2]).toMatchObject([
      { guard: "rateLimit", outcome: "deny", enforced: false, status: 429, policy: "preflight" },
      { guard: "secureHeaders", outcome: "allow" },
    ]);
  });

  it("counts for a secureHeaders that reports, too, and then the ordinary policies do not", async () => {
    const { app, decisions } = appWith({ ...TWO, mode: "report" }, { mode: "report" });
    for (let n = 0; n < 3; n += 1) await preflight(app).expect(200);
    expect(decisions.map((list) => list.map(({ guard, code }) => `${guard}:${code}`))).toEqual([
      ["rateLimit:ok", "secureHeaders:ok"],
      ["rateLimit:ok", "secureHeaders:ok"],
      ["rateLimit:rate_limit_exceeded", "secureHeaders:ok"],
    ]);
  });

  it("leaves preflights to the ordinary policies when secureHeaders only reports", async () => {
    const { app } = appWith({ ...TWO, limit: 4 }, { mode: "report" });
    for (let n = 0; n < 4; n += 1) await preflight(app).expect(200);
    const refused = await preflight(app).expect(429);
    expect(refused.body["violated-policies"]).toEqual(["4-per-1h"]);
  });

  it("hands its refusal to onDenied of the limiter", async () => {
    const onDenied: RateLimitOptions["onDenied"] = (_error, _req, res) =>
      void res.status(420).end();
    const { app } = appWith({ ...TWO, onDenied });
    for (let n = 0; n < 2; n += 1) await preflight(app);
    await preflight(app).expect(420);
  });

  it("warns once when options are given and it is not mounted", async () => {
    const code = "EXPRESS_SECURE_API_PREFLIGHT_NOT_MOUNTED";
    const limiter = rateLimit(TWO);
    const { app } = mount(secureHeaders({ cors: { origins: [APP] } }), limiter);
    for (let n = 0; n < 3; n += 1) await request(app).get("/");
    expect(warned).toEqual([code]);
    for (const quiet of [appWith(TWO).app, mount(rateLimit({ limit: 9, window: "1h" })).app]) {
      await request(quiet).get("/").expect(200);
    }
    expect(warned).toEqual([code]);
  });

  it("warns once when it is mounted behind what answers preflights, where it has no effect", async () => {
    const limiter = rateLimit(TWO);
    const { app } = mount(secureHeaders({ cors: { origins: [APP] } }), limiter.preflight, limiter);
    await request(app).get("/").expect(200);
    expect(warned).toEqual([]);
    for (let n = 0; n < 3; n += 1) await request(app).get("/").set("Origin", APP).expect(200);
    expect(warned).toEqual(["EXPRESS_SECURE_API_PREFLIGHT_NOT_MOUNTED"]);
    const reporting = mount(
      secureHeaders({ mode: "report", cors: { origins: [APP] } }),
      limiter.preflight,
      secureHeaders({ cors: { origins: [APP] } }),
    );
    await request(reporting.app).get("/").set("Origin", APP).expect(200);
    expect(warned).toHaveLength(1);
  });

  it("admits 1,000 a minute by default", async () => {
    const limiter = rateLimit({ limit: 1, window: "1h" });
    expect(JSON.parse(markOf(limiter.preflight)).rule).toBe("preflight(1000 per 1m and ip)");
  });
});

describe("the option preflight", () => {
  it.each([
    [{ limit: 0, window: "1m" }, "rateLimit.preflight.limit must be"],
    [{ limit: 10 }, "rateLimit.preflight.window must be"],
    [{ limit: 10, window: "1m", burst: 11 }, "rateLimit.preflight.burst must be"],
    [
      { limit: 10, window: "1500ms" },
      "rateLimit.preflight.window must be a whole number of seconds",
    ],
    [{ limit: 10, window: "1m", key: "ip" }, 'rateLimit.preflight must not have an option "key"'],
    [true, "rateLimit.preflight must be"],
    [100, "rateLimit.preflight must be"],
    [false, "rateLimit.preflight must be left out here"],
  ])("refuses %o at start-up", (preflight, problem) => {
    const create = () => rateLimit({ limit: 1, window: "1m", preflight: preflight as never });
    expect(create).toThrow(OptionsError);
    expect(create).toThrow(problem);
  });
});

function markOf(middleware: unknown): string {
  return (middleware as { readonly expressSecureApiGuard: string }).expressSecureApiGuard;
}
