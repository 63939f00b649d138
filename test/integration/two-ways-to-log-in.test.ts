import type { ErrorRequestHandler, Express, RequestHandler } from "express";
import request, { type Test } from "supertest";
import { describe, expect, it, vi } from "vitest";
import { requireRole } from "../../src/authorization/index.js";
import { type Decision, decisionsOf } from "../../src/core/decision/decision.js";
import { getAuth, oauthGuard } from "../../src/oauth-guard/index.js";
import { getPrincipal, principalFrom } from "../../src/principal/index.js";
import { secureApi } from "../../src/secure-api/index.js";
import { createTestIssuer } from "../../src/testing/index.js";
import { expressVersions } from "../support/express.js";

type Mode = "enforce" | "report";

const issuer = createTestIssuer();
const token = issuer.mint({ sub: "token-user", roles: ["admin"] });

const optional = (mode: Mode = "enforce"): RequestHandler =>
  oauthGuard({ ...issuer.options(), optional: true, mode }) as RequestHandler;

/** The user of a session or of an API key, as another middleware has verified it. */
const session = (mode: Mode = "enforce"): RequestHandler =>
  principalFrom(
    ({ headers }) =>
      headers["x-session"] === undefined
        ? null
        : { subject: String(headers["x-session"]), roles: ["admin"] },
    { mode },
  ) as RequestHandler;

const gateway = (): RequestHandler =>
  principalFrom.header({
    name: "X-User",
    trustedPeers: ["127.0.0.1", "::1"],
  }) as RequestHandler;

const BOTH_ORDERS: readonly [
  string,
  (one: RequestHandler, two: RequestHandler) => RequestHandler[],
][] = [
  ["guard first", (guard, source) => [guard, source]],
  ["source first", (guard, source) => [source, guard]],
];

describe.each(expressVersions)(
  "Two ways to log in on one app, on Express %s",
  (_major, express) => {
    let decisions: readonly Decision[] = [];

    function appWith(handlers: readonly RequestHandler[]): Express {
      vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
      const app = (express as unknown as () => Express)();
      app.use((req, res, next) => {
        res.on("close", () => {
          decisions = decisionsOf(req);
        });
        next();
      });
      app.use(...handlers);
      app.get("/", (req, res) => {
        res.json({
          caller: getPrincipal(req)?.subject ?? null,
          auth: getAuth(req)?.subject ?? null,
        });
      });
      app.get("/admin", requireRole("admin"), (req, res) => {
        res.json({ caller: getPrincipal(req)?.subject });
      });
      app.use(((_error, _req, res, _next) => {
        res.status(500).json({ failed: true });
      }) as ErrorRequestHandler);
      return app;
    }

    const withToken = (sent: Test): Test => sent.set("Authorization", `Bearer ${token}`);
    const withSession = (sent: Test): Test => sent.set("X-Session", "session-user");

    describe.each(BOTH_ORDERS)("in either order: %s", (_order, ordered) => {
      it("whoever speaks counts", async () => {
        const app = appWith(ordered(optional(), session()));
        await withToken(request(app).get("/admin")).expect(200, { caller: "token-user" });
        await withSession(request(app).get("/admin")).expect(200, { caller: "session-user" });
        await withSession(request(app).get("/")).expect(200, {
          caller: "session-user",
          auth: null,
        });
        const behindGateway = appWith(ordered(optional(), gateway()));
        await request(behindGateway)
          .get("/")
          .set("X-User", "ada")
          .expect({ caller: "ada", auth: null });
      });

      it("nobody speaking is anonymous", async () => {
        const app = appWith(ordered(optional(), session()));
        await request(app).get("/").expect(200, { caller: null, auth: null });
        await request(app).get("/admin").expect(401);
      });

      it("both speaking is the conflict: a clear 400, not a 500", async () => {
        const app = appWith(ordered(optional(), session()));
        const answer = await withSession(withToken(request(app).get("/"))).expect(400);
        expect(answer.body.code).toBe("invalid_request");
        expect(decisions.at(-1)).toMatchObject({
          outcome: "deny",
          enforced: true,
          status: 400,
          reason: "conflicting_credentials",
        });
        const behindGateway = appWith(ordered(optional(), gateway()));
        await withToken(request(behindGateway).get("/")).set("X-User", "ada").expect(400);
      });

      it("a defective token is refused, whoever else speaks", async () => {
        const app = appWith(ordered(optional(), session()));
        await withSession(request(app).get("/"))
          .set("Authorization", "Bearer nonsense")
          .expect(401);
      });

      it("an anonymous principal gives way to a caller, and stays without one", async () => {
        const visitor = principalFrom(() => ({ kind: "anonymous", subject: "visitor" }));
        const app = appWith(ordered(optional(), visitor as RequestHandler));
        await withToken(request(app).get("/")).expect(200, {
          caller: "token-user",
          auth: "token-user",
        });
        await request(app).get("/").expect(200, { caller: "visitor", auth: null });
      });

      it("a guard that is not optional wants a token of everybody", async () => {
        const guard = oauthGuard(issuer.options()) as RequestHandler;
        const app = appWith(ordered(guard, session()));
        await withSession(request(app).get("/")).expect(401);
        await withToken(request(app).get("/")).expect(200);
      });

      it("a reporting guard never changes what an enforcing source decides", async () => {
        const app = appWith(ordered(optional("report"), session()));
        await withSession(request(app).get("/admin")).expect(200, { caller: "session-user" });
        await withSession(withToken(request(app).get("/admin"))).expect(200, {
          caller: "session-user",
        });
        // Without the guard nobody would call here.
        await withToken(request(app).get("/admin")).expect(401);
        await request(app).get("/admin").set("Authorization", "Bearer nonsense").expect(401);
        await request(app).get("/").expect(200);
      });

      it("a reporting source never changes what an enforcing guard decides", async () => {
        const app = appWith(ordered(optional(), session("report")));
        await withToken(request(app).get("/admin")).expect(200, { caller: "token-user" });
        await withSession(withToken(request(app).get("/admin"))).expect(200, {
          caller: "token-user",
        });
        await withSession(request(app).get("/admin")).expect(401);
      });

      it("two reporting ones report the conflict and let pass", async () => {
        const app = appWith(ordered(optional("report"), session("report")));
        await withSession(withToken(request(app).get("/"))).expect(200);
        expect(decisions.at(-1)).toMatchObject({
          outcome: "deny",
          enforced: false,
          reason: "conflicting_credentials",
        });
      });
    });

    it.each<[string, () => RequestHandler]>([
      ['oauthGuard({ mode: "report" })', () => oauthGuard({ ...issuer.options(), mode: "report" })],
      [
        'secureApi({ mode: "report" })',
        () =>
          secureApi({
            mode: "report",
            auditLog: false,
            rateLimit: false,
            oauthGuard: issuer.options(),
          }),
      ],
    ] as [string, () => RequestHandler][])(
      "%s followed by an enforcing principalFrom changes nothing",
      async (_what, reporting) => {
        const app = appWith([reporting(), session()]);
        await request(app).get("/").expect(200, { caller: null, auth: null });
        await withSession(request(app).get("/admin")).expect(200, { caller: "session-user" });
        await withToken(request(app).get("/admin")).expect(401);
      },
    );

    it("the public routes of the preset know the session", async () => {
      const security = secureApi({
        auditLog: false,
        rateLimit: false,
        oauthGuard: { ...issuer.options(), optional: true },
        publicRoutes: ["GET /"],
      });
      const app = appWith([security as RequestHandler, session()]);
      const sent = request(app).get("/").set("Authorization", "Bearer stale");
      await withSession(sent).expect(200, { caller: "session-user", auth: null });
    });
  },
);
