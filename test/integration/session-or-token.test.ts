import type { Express, RequestHandler } from "express";
import request, { type Test } from "supertest";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { createTestIssuer } from "../../src/testing/index.js";
import { expressVersions } from "../support/express.js";
import { codeOf, runOnApp } from "../support/guide-app.js";

const issuer = createTestIssuer();
const token = issuer.mint({ sub: "token-user" });
const GUARD = /\{ issuer: [^}]+optional: true \}/;
const KEY = "a key that only the robot knows";

describe.each(expressVersions)("the guide session or token on Express %s", (_major, express) => {
  beforeEach(() => {
    vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
  });

  function build(limit = 300): Express {
    const app = (express as unknown as () => Express)();
    const sessions: RequestHandler = (req, _res, next) => {
      const userId = req.get("x-session-user");
      Object.assign(req, { session: userId === undefined ? {} : { userId } });
      next();
    };
    app.use(sessions);
    const code = codeOf("session-or-token.md", "Who calls", "ts")
      .replace(GUARD, "tokens")
      .replace("limit: 300", `limit: ${limit}`)
      .replace("secureApi({", "secureApi({ auditLog: false,");
    expect(code).toContain("oauthGuard: tokens,");
    runOnApp(app, express, code, { tokens: { ...issuer.options(), optional: true } });
    app.all(["/import", "/orders"], (_req, res) => void res.json({ reached: true }));
    return app;
  }

  const withToken = (sent: Test): Test => sent.auth(token, { type: "bearer" });
  const withSession = (sent: Test): Test => sent.set("X-Session-User", "ada");
  const withKey = (sent: Test): Test => sent.set("X-API-Key", KEY);

  it("knows the callers of tokens, sessions and keys", async () => {
    const app = build();
    const me = (): Test => request(app).get("/me");
    await withToken(me()).expect(200, { subject: "token-user", byToken: true });
    await withSession(me()).expect(200, { subject: "ada", byToken: false });
    await withKey(me()).expect(200, { subject: "robot", byToken: false });
    await withKey(request(app).post("/import")).expect(200);
    const refused = await withSession(request(app).post("/import")).expect(403);
    expect(refused.body.code).toBe("access_denied");
  });

  it("answers 401 to nobody, and to a key or a token that is wrong", async () => {
    const app = build();
    const nobody = await request(app).get("/me").expect(401);
    expect(nobody.body.code).toBe("authentication_required");
    await request(app).get("/me").set("X-API-Key", "guessed").expect(401);
    const wrong = await withSession(request(app).get("/me"))
      .set("Authorization", "Bearer nonsense")
      .expect(401);
    expect(wrong.body.code).toBe("invalid_token");
    // A guard on the route is what refuses nobody.
    await request(app).get("/orders").expect(200);
  });

  it("answers 400 to two callers at once", async () => {
    const app = build();
    for (const both of [
      withToken(withSession(request(app).get("/me"))),
      withToken(withKey(request(app).get("/me"))),
      withKey(withSession(request(app).get("/me"))),
    ]) {
      const answer = await both.expect(400);
      expect(answer.body.code).toBe("invalid_request");
    }
  });

  it("refuses what pages of other sites send with a cookie, and nothing else", async () => {
    const app = build();
    const foreign = { Origin: "https://evil.example", "Sec-Fetch-Site": "cross-site" };
    const send = (): Test => request(app).post("/import").set(foreign);
    const refused = await withSession(send().set("Cookie", "sid=1")).expect(403);
    expect(refused.body.code).toBe("cross_origin_blocked");
    await withKey(send()).expect(200);
  });

  it("counts each caller by itself", async () => {
    const app = build(1);
    for (const who of [withToken, withSession, withKey]) {
      await who(request(app).get("/orders")).expect(200);
      await who(request(app).get("/orders")).expect(429);
    }
  });
});
