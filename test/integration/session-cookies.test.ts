import { createRequire } from "node:module";
import { join } from "node:path";
import type { Express, RequestHandler } from "express";
import request from "supertest";
import { afterEach, describe, expect, it, vi } from "vitest";
import { decisionsOf } from "../../src/core/decision/decision.js";
import { type SecureHeadersOptions, secureHeaders } from "../../src/secure-headers/index.js";
import { expressVersions } from "../support/express.js";

// Their types are packages of their own, and are not needed for one call.
const load = createRequire(join(process.cwd(), "package.json"));
const expressSession = load("express-session") as (options: object) => RequestHandler;
const cookieSession = load("cookie-session") as (options: object) => RequestHandler;

type WithSession = { session: Record<string, unknown> };

/** Middlewares as old apps mount them: without a word about the cookie, or with the wrong ones. */
const SESSIONS: readonly (readonly [string, () => RequestHandler, readonly string[]])[] = [
  [
    "express-session",
    () => expressSession({ secret: "x".repeat(32), resave: false, saveUninitialized: false }),
    ["connect.sid"],
  ],
  [
    "express-session with httpOnly: false",
    () => {
      const cookie = { httpOnly: false };
      return expressSession({ secret: "x", resave: false, saveUninitialized: false, cookie });
    },
    ["connect.sid"],
  ],
  ["cookie-session", () => cookieSession({ keys: ["x".repeat(32)] }), ["session", "session.sig"]],
  [
    "cookie-session with httpOnly: false",
    () => cookieSession({ name: "sess", keys: ["x"], httpOnly: false }),
    ["sess", "sess.sig"],
  ],
];

describe.each(expressVersions)(
  "real sessions behind secureHeaders on Express %s",
  (_major, express) => {
    afterEach(() => vi.restoreAllMocks());

    function appWith(session: RequestHandler, options: SecureHeadersOptions): Express {
      const app = express().use(secureHeaders(options), session);
      app.post("/login", (req, res) => {
        (req as unknown as WithSession).session["user"] = "alice";
        res.json({ reasons: decisionsOf(req).map(({ reason }) => reason) });
      });
      app.get("/me", (req, res) => {
        res.json({ user: (req as unknown as WithSession).session["user"] ?? null });
      });
      return app;
    }

    it.each(SESSIONS)(
      "%s gets the attributes that its cookies lack, and works",
      async (_title, make, names) => {
        const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
        const agent = request.agent(appWith(make(), { cookies: "enforce" }));
        const answer = await agent.post("/login").expect(200);
        const cookies = answer.headers["set-cookie"] as unknown as readonly string[];
        expect(cookies.map((cookie) => cookie.split("=", 1)[0])).toEqual(names);
        for (const cookie of cookies) {
          expect(cookie.match(/; HttpOnly/gi)).toHaveLength(1);
          expect(cookie.match(/; SameSite=Lax/gi)).toHaveLength(1);
          expect(cookie).not.toMatch(/; Secure/i);
        }
        expect(warned).not.toHaveBeenCalled();
        expect((await agent.get("/me").expect(200)).body).toEqual({ user: "alice" });
        expect((await request(appWith(make(), {})).get("/me")).body).toEqual({ user: null });
      },
    );

    it.each(SESSIONS)("%s gets Secure behind a proxy that ends TLS", async (_title, make) => {
      const app = appWith(make(), { cookies: "enforce" }).set("trust proxy", "loopback");
      const answer = await request(app)
        .post("/login")
        .set("X-Forwarded-Proto", "https")
        .expect(200);
      const cookies = answer.headers["set-cookie"] as unknown as readonly string[];
      for (const cookie of cookies) expect(cookie.match(/; Secure/gi)).toHaveLength(1);
    });

    it.each(SESSIONS)(
      "%s is warned of, once for each name, and keeps its cookies",
      async (_title, make, names) => {
        const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
        const app = appWith(make(), {});
        const plain = express().use(make());
        plain.post("/login", (req, res) => {
          (req as unknown as WithSession).session["user"] = "alice";
          res.json({});
        });
        const attributes = async (of: Express): Promise<readonly string[]> => {
          const { headers } = await request(of).post("/login").expect(200);
          const cookies = headers["set-cookie"] as unknown as readonly string[];
          return cookies.map((cookie) => cookie.replace(/=[^;]*/, ""));
        };
        expect(await attributes(app)).toEqual(await attributes(plain));
        await attributes(app);
        const told = warned.mock.calls.map(
          ([message]) => /cookie "(.*?)"/.exec(String(message))?.[1],
        );
        expect(told).toEqual(names);
      },
    );

    it.each(SESSIONS)("%s is not touched in report mode", async (_title, make) => {
      const app = appWith(make(), { cookies: "enforce", mode: "report" });
      const { headers } = await request(app).post("/login").expect(200);
      const cookies = headers["set-cookie"] as unknown as readonly string[];
      for (const cookie of cookies) expect(cookie).not.toMatch(/SameSite/i);
    });
  },
);
