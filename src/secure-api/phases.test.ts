import type { Express, Request, Response } from "express";
import request from "supertest";
import { describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import type { RateLimitPolicy } from "../rate-limit/index.js";
import { createTestIssuer } from "../testing/index.js";
import { secureApi } from "./secure-api.js";

const issuer = createTestIssuer();
const greedy = issuer.mint({ sub: "greedy" });
const modest = issuer.mint({ sub: "modest" });

/** What refuses the greedy one after one request. */
const CALLER: RateLimitPolicy = { name: "caller", limit: 1, window: "1h", key: "principal" };

describe.each(expressVersions)(
  "Algorithms and stages in the phases of the preset, on Express %s,",
  (_major, express) => {
    function appWith(
      policies: readonly RateLimitPolicy[],
      handle: (req: Request, res: Response) => void = (_req, res) => void res.send("ok"),
    ): Express {
      vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
      const app = (express as unknown as () => Express)();
      app.use(
        secureApi({ auditLog: false, rateLimit: { policies }, oauthGuard: issuer.options() }),
      );
      app.get("/", handle);
      return app;
    }

    const as = (app: Express, token: string) =>
      request(app).get("/").auth(token, { type: "bearer" });

    async function refusedBy(app: Express, policy: string, times = 10): Promise<void> {
      for (let turn = 0; turn < times; turn += 1) {
        const { body } = await as(app, greedy).expect(429);
        expect(body["violated-policies"]).toEqual([policy]);
      }
    }

    it("a place among what runs at the same time is free again when a later limit refuses", async () => {
      const waiting: Response[] = [];
      const app = appWith(
        [{ name: "parallel", algorithm: "concurrency", limit: 2, key: "ip" }, CALLER],
        (_req, res) => void waiting.push(res),
      );
      const first = as(app, greedy).then(({ status }) => status);
      while (waiting.length < 1) await new Promise(setImmediate);
      await refusedBy(app, "caller");
      const second = as(app, modest).then(({ status }) => status);
      while (waiting.length < 2) await new Promise(setImmediate);
      const { body } = await as(app, issuer.mint({ sub: "third" })).expect(429);
      expect(body["violated-policies"]).toEqual(["parallel"]);
      for (const res of waiting) res.send("ok");
      expect([await first, await second]).toEqual([200, 200]);
    });

    it("a place in the queue of a leaky bucket is free again when a later limit refuses", async () => {
      const app = appWith([
        { name: "even", algorithm: "leaky-bucket", limit: 20, window: "1s", burst: 3, key: "ip" },
        CALLER,
      ]);
      await as(app, greedy).expect(200);
      // More than the queue holds, one after the other; each has waited for its turn in vain.
      await refusedBy(app, "caller", 8);
      const answer = await as(app, modest).expect(200);
      expect(answer.headers["ratelimit"]).toMatch(/^"even";r=[12];/);
    });

    it("what a later limit refuses is no step towards a block", async () => {
      const app = appWith([
        { name: "address", limit: 3, window: "1h", key: "ip", block: { after: 2 } },
        CALLER,
      ]);
      await as(app, greedy).expect(200);
      await refusedBy(app, "caller");
      await as(app, modest).expect(200);
    });

    it("what a later limit refuses slows nobody down", async () => {
      const app = appWith([
        {
          name: "address",
          limit: 10,
          window: "1h",
          key: "ip",
          slowDown: { from: 0.5, step: "20s", max: "20s" },
        },
        CALLER,
      ]);
      await as(app, greedy).expect(200);
      await refusedBy(app, "caller");
      await as(app, modest).timeout(5000).expect(200);
    });

    it.each<[string, Partial<RateLimitPolicy>]>([
      ["a sliding log", { algorithm: "sliding-log" }],
      ["a fixed window", { algorithm: "fixed-window" }],
      ["a token bucket", {}],
    ])(
      "%s in front of authentication gets back what a later limit refuses",
      async (_name, more) => {
        const app = appWith([
          { name: "address", limit: 3, window: "1h", key: "ip", ...more },
          CALLER,
        ]);
        await as(app, greedy).expect(200);
        await refusedBy(app, "caller");
        await as(app, modest).expect(200);
        await as(app, issuer.mint({ sub: "third" })).expect(200);
        const { body } = await as(app, issuer.mint({ sub: "fourth" })).expect(429);
        expect(body["violated-policies"]).toEqual(["address"]);
      },
    );

    it("a limit of failures counts a 401 behind it once, and no refusal of a later limit", async () => {
      const app = appWith([
        { name: "failures", limit: 2, window: "1h", key: "ip", count: "failures" },
        CALLER,
      ]);
      await as(app, greedy).expect(200);
      await refusedBy(app, "caller", 5);
      await request(app).get("/").expect(401);
      await as(app, modest).expect(200);
      await request(app).get("/").expect(401);
      const { body } = await as(app, issuer.mint({ sub: "third" })).expect(429);
      expect(body["violated-policies"]).toEqual(["failures"]);
    });

    it("what a request has cost afterwards is charged in its phase, and nothing for a refused one", async () => {
      const app = appWith([
        { name: "bytes", limit: 100, window: "1h", key: "ip", costAfter: () => 40 },
        { ...CALLER, limit: 2 },
      ]);
      await as(app, greedy).expect(200);
      await as(app, greedy).expect(200);
      await refusedBy(app, "caller", 5);
      const { headers } = await as(app, modest).expect(200);
      // Two requests of 40 units, and the one unit of this one, until it is answered.
      expect(headers["ratelimit"]).toMatch(/^"bytes";r=19;/);
    });

    it("the charge of an earlier phase stands until the later one has decided", async () => {
      let isHeld = false;
      let goOn: (() => void) | undefined;
      const app = appWith([
        { name: "address", limit: 2, window: "1h", key: "ip" },
        {
          name: "slow",
          limit: 1,
          window: "1h",
          phase: "after-auth",
          key: async (req) => {
            await new Promise<void>((resolve) => {
              if (isHeld) goOn = resolve;
              else resolve();
            });
            return req.get("Authorization");
          },
        },
      ]);
      await as(app, greedy).expect(200);
      // This one will be refused by the later limit. Until then its unit is taken: another one may be refused for it.
      isHeld = true;
      const doomed = as(app, greedy).then(({ body }) => body["violated-policies"]);
      while (goOn === undefined) await new Promise(setImmediate);
      isHeld = false;
      const { body } = await as(app, modest).expect(429);
      expect(body["violated-policies"]).toEqual(["address"]);
      goOn();
      expect(await doomed).toEqual(["slow"]);
      await as(app, modest).expect(200);
    });

    it("known callers pass an address that floods the guard, and new ones wait behind it for their turn", async () => {
      const app = (express as unknown as () => Express)();
      app.use(
        secureApi({
          auditLog: false,
          rateLimit: { limit: 1000, window: "1m" },
          oauthGuard: { ...issuer.options(), failedVerifications: { limit: 5, window: "1h" } },
        }),
      );
      app.get("/", (_req, res) => void res.send("ok"));
      await as(app, greedy).expect(200);
      const forged = `${greedy.slice(0, -20)}${"A".repeat(20)}`;
      const flood = Array.from({ length: 40 }, () => as(app, forged).expect(401));
      await Promise.all([...flood, as(app, greedy).expect(200), as(app, modest).expect(200)]);
    });
  },
);
