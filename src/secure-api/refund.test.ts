import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Express } from "express";
import request from "supertest";
import { describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import type { RateLimitRequest, RateLimitStore } from "../rate-limit/index.js";
import { createTestIssuer } from "../testing/index.js";
import { secureApi } from "./secure-api.js";
import type { SecureApiOptions } from "./secure-api-options.js";

const issuer = createTestIssuer();
const greedy = issuer.mint({ sub: "greedy" });
const modest = issuer.mint({ sub: "modest" });

const POLICIES = [
  { name: "address", limit: 4, window: "1h", key: "ip" },
  { name: "caller", limit: 1, window: "1h", key: "principal" },
] as const;

/** Counts down, without time, as a store of an app might. */
function countingStore(refund?: RateLimitStore["refund"]) {
  const spent = new Map<string, number>();
  const asked: RateLimitRequest[][] = [];
  const store: RateLimitStore = {
    async consume(requests) {
      const fits = requests.every(
        ({ policy, key, cost, burst }) => (spent.get(policy + key) ?? 0) + cost <= burst,
      );
      return requests.map(({ policy, key, cost, burst }) => {
        const used = (spent.get(policy + key) ?? 0) + (fits ? cost : 0);
        spent.set(policy + key, used);
        return { allowed: fits, remaining: burst - used, retryAfterMs: 1000, resetMs: 1000 };
      });
    },
    ...(refund === undefined ? {} : { refund }),
  };
  const giveBack: RateLimitStore["refund"] = async (requests) => {
    asked.push([...requests]);
    for (const { policy, key, cost } of requests) {
      spent.set(policy + key, (spent.get(policy + key) ?? 0) - cost);
    }
  };
  return { store, giveBack, asked };
}

describe.each(expressVersions)(
  "What the caller's own limit refuses, on Express %s,",
  (_major, express) => {
    function appWith(options: Partial<SecureApiOptions>): Express {
      vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
      const app = (express as unknown as () => Express)();
      app.use(
        secureApi({
          auditLog: false,
          rateLimit: { policies: POLICIES },
          oauthGuard: issuer.options(),
          ...options,
        }),
      );
      app.all(/^/, (_req, res) => void res.send("ok"));
      return app;
    }

    const as = (app: Express, token: string) =>
      request(app).get("/").auth(token, { type: "bearer" });

    it("does not drain the address quota of everyone behind his NAT", async () => {
      const app = appWith({});
      await as(app, greedy).expect(200);
      for (let n = 0; n < 10; n += 1) {
        const refused = await as(app, greedy).expect(429);
        expect(refused.body["violated-policies"]).toEqual(["caller"]);
        expect(refused.headers["ratelimit"]).toMatch(/^"address";r=3;t=\d+, "caller";r=0;t=\d+$/);
        expect(refused.headers["x-ratelimit-remaining"]).toBe("0");
      }
      const other = await as(app, modest).expect(200);
      expect(other.headers["ratelimit"]).toMatch(/^"address";r=2;/);
    });

    it("is given back on public routes, too", async () => {
      const app = appWith({ publicRoutes: ["GET /"] });
      await request(app).get("/").expect(200);
      for (let n = 0; n < 5; n += 1) {
        const refused = await request(app).get("/").expect(429);
        expect(refused.body["violated-policies"]).toEqual(["caller"]);
      }
    });

    it.each([5, 15])("is given back once, whatever it has cost (%s)", async (units) => {
      const [address, caller] = POLICIES;
      const costs = { limit: 40, cost: 10, costAfter: () => units };
      const app = appWith({ rateLimit: { policies: [{ ...address, ...costs }, caller] } });
      await as(app, greedy).expect(200);
      for (let n = 0; n < 4; n += 1) await as(app, greedy).expect(429);
      const other = await as(app, modest).expect(200);
      expect(other.headers["ratelimit"]).toMatch(`"address";r=${40 - units - 10};`);
    });

    it("is another matter than a 401, which keeps its charge", async () => {
      const app = appWith({});
      for (let n = 0; n < 4; n += 1) await as(app, "nonsense").expect(401);
      const refused = await as(app, modest).expect(429);
      expect(refused.body["violated-policies"]).toEqual(["address"]);
    });

    it("is given back in report mode, so that its records tell what enforcing would do", async () => {
      const app = appWith({ mode: "report" });
      const limits: string[] = [];
      const listen = (message: unknown): void => {
        const { guard, code } = message as { guard: string; code: string };
        if (guard === "rateLimit") limits.push(code);
      };
      subscribe("express-secure-api:decision", listen);
      for (let n = 0; n < 8; n += 1) await as(app, greedy).expect(200);
      unsubscribe("express-secure-api:decision", listen);
      const [first, second, ...rest] = limits;
      expect([first, second]).toEqual(["ok", "ok"]);
      expect(rest).toEqual(Array.from({ length: 7 }, () => ["ok", "rate_limit_exceeded"]).flat());
    });

    it("is given back to a store that can refund", async () => {
      const { giveBack, asked, store } = countingStore();
      const refunding = { ...store, refund: giveBack };
      const app = appWith({
        rateLimit: { policies: POLICIES, store: refunding, storeTimeout: "5s" },
      });
      await as(app, greedy).expect(200);
      for (let n = 0; n < 6; n += 1) await as(app, greedy).expect(429);
      expect(asked).toHaveLength(6);
      expect(asked[0]).toMatchObject([{ policy: "address", cost: 1, limit: 4 }]);
      await as(app, modest).expect(200);
    });

    it.each<[string, RateLimitStore["refund"]]>([
      ["cannot refund", undefined],
      ["rejects", () => Promise.reject(new Error("store down"))],
      [
        "throws",
        () => {
          throw new Error("store broken");
        },
      ],
    ])("keeps its charge when the store %s", async (_what, refund) => {
      const { store } = countingStore(refund);
      const app = appWith({ rateLimit: { policies: POLICIES, store, storeTimeout: "5s" } });
      await as(app, greedy).expect(200);
      for (let n = 0; n < 3; n += 1) await as(app, greedy).expect(429);
      const refused = await as(app, modest).expect(429);
      expect(refused.body["violated-policies"]).toEqual(["address"]);
    });
  },
);
