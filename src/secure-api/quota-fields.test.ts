import type { Express, RequestHandler, Response } from "express";
import request from "supertest";
import { describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { createTestIssuer } from "../testing/index.js";
import { secureApi } from "./secure-api.js";
import type { SecureApiOptions } from "./secure-api-options.js";

const issuer = createTestIssuer();
const token = issuer.mint({ sub: "somebody" });
const ADDRESS = { name: "address", limit: 40, window: "1h", key: "ip" } as const;
const CALLER = { name: "caller", limit: 10, window: "1h", key: "principal" } as const;
const BOTH = '"address";q=40;w=3600, "caller";q=10;w=3600';

describe.each(expressVersions)(
  "The quota fields of a preset with limits in front of and behind the guard, on Express %s,",
  (_major, express) => {
    /** Counts how often a field is written. */
    function appWith(options: Partial<SecureApiOptions>): [Express, Map<string, number>] {
      vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
      const writes = new Map<string, number>();
      const count: RequestHandler = (_req, res, next) => {
        const { setHeader } = res;
        res.setHeader = function setAndCount(this: Response, name: string, value: string) {
          writes.set(name, (writes.get(name) ?? 0) + 1);
          return setHeader.call(this, name, value);
        } as typeof setHeader;
        next();
      };
      const security = secureApi({
        auditLog: false,
        rateLimit: { policies: [ADDRESS, CALLER] },
        oauthGuard: issuer.options(),
        ...options,
      });
      const app = (express as unknown as () => Express)();
      app.use(count, security);
      app.all(/^/, (_req, res) => void res.send("ok"));
      return [app, writes];
    }

    it("are written once, for the limits of both", async () => {
      const [app, writes] = appWith({});
      const answer = await request(app).get("/").auth(token, { type: "bearer" }).expect(200);
      expect(answer.headers).toMatchObject({
        "ratelimit-policy": BOTH,
        "x-ratelimit-limit": "10",
        "x-ratelimit-remaining": "9",
      });
      expect([writes.get("RateLimit"), writes.get("X-RateLimit-Limit")]).toEqual([1, 1]);
    });

    it.each<[string, Partial<SecureApiOptions>]>([
      ["at once", {}],
      ["by the app's error handler", { onDenied: "next" }],
      ["by a function", { onDenied: (error, _req, res) => void res.status(error.status).end() }],
    ])("stand on a refusal between them that is answered %s", async (_how, options) => {
      const [app] = appWith(options);
      app.use(((error, _req, res, _next) => {
        res.status(error.status).end();
      }) as import("express").ErrorRequestHandler);
      const answer = await request(app).get("/").expect(401);
      expect(answer.headers).toMatchObject({
        "ratelimit-policy": '"address";q=40;w=3600',
        "x-ratelimit-limit": "40",
        "x-ratelimit-remaining": "39",
      });
    });

    it.each<[string, Partial<SecureApiOptions>]>([
      [
        "no limit behind the guard covers the route",
        { rateLimit: { policies: [ADDRESS, { ...CALLER, match: "/orders" }] } },
      ],
      ["a key of the app is looked up", { rateLimit: { policies: [ADDRESS, lookedUp()] } }],
    ])("stand on the answer when %s", async (_when, options) => {
      const [app] = appWith(options);
      const answer = await request(app).get("/").auth(token, { type: "bearer" }).expect(200);
      expect(answer.headers["ratelimit-policy"]).toContain('"address";q=40;w=3600');
      expect(answer.headers["x-ratelimit-limit"]).toBeDefined();
    });

    it("stand on the 503 of a function behind the guard that fails", async () => {
      const key = () => Promise.reject(new Error("no database"));
      const [app] = appWith({
        rateLimit: { policies: [ADDRESS, { ...CALLER, key, phase: "after-auth" }] },
      });
      const answer = await request(app).get("/").auth(token, { type: "bearer" }).expect(503);
      expect(answer.headers["ratelimit-policy"]).toBe('"address";q=40;w=3600');
    });

    it("are not written in report mode", async () => {
      const [app, writes] = appWith({ mode: "report" });
      await request(app).get("/").auth(token, { type: "bearer" }).expect(200);
      await request(app).get("/").expect(200);
      expect(writes.has("RateLimit")).toBe(false);
    });
  },
);

function lookedUp() {
  return { ...CALLER, key: async () => "tenant", phase: "after-auth" } as const;
}
