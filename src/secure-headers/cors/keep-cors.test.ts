import cors from "cors";
import type { Express, RequestHandler } from "express";
import request from "supertest";
import { afterEach, describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import { secureApi } from "../../secure-api/index.js";
import { secureHeaders } from "../secure-headers.js";

const ours = "https://app.example";
const other = "https://evil.example";
const named = { origins: [ours] };

afterEach(() => {
  vi.restoreAllMocks();
});

describe.each(expressVersions)("cors of the app behind ours on Express %s", (_major, express) => {
  function appWith(...front: unknown[]): Express {
    vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const app = (express as unknown as () => Express)();
    app.use(...(front as RequestHandler[]));
    app.get("/", (_req, res) => void res.json({}));
    app.get("/head", (_req, res) => {
      res.writeHead(200, { "access-control-allow-origin": "*" }).end();
    });
    return app;
  }

  /** Whether a page of the origin may read the answer, with and without credentials. */
  async function mayRead(app: Express, origin: string, path = "/") {
    const { headers } = await request(app).get(path).set("Origin", origin);
    const allowed = headers["access-control-allow-origin"];
    const bare = allowed === "*" || allowed === origin;
    const credentials = headers["access-control-allow-credentials"] === "true";
    return { bare, credentials: allowed === origin && credentials };
  }

  it.each<[string, unknown]>([
    ["cors()", cors()],
    ["cors with every origin", cors({ origin: true, credentials: true })],
    ["cors with a function", cors({ origin: (_o, done) => done(null, other), credentials: true })],
  ])("shares with nobody whom ours does not name: %s", async (_what, theirs) => {
    for (const front of [
      secureHeaders({ cors: named }),
      secureApi({
        auditLog: false,
        oauthGuard: false,
        rateLimit: false,
        secureHeaders: { cors: named },
      }),
    ]) {
      const app = appWith(front, theirs);
      for (const path of ["/", "/head"]) {
        expect(await mayRead(app, other, path)).toEqual({ bare: false, credentials: false });
      }
      expect(await mayRead(app, ours)).toEqual({ bare: true, credentials: false });
    }
  });

  it("leaves to an inner secureHeaders what more it shares", async () => {
    const app = appWith(
      secureHeaders({ cors: named }),
      secureHeaders({ cors: { origins: [other], credentials: true } }),
    );
    expect(await mayRead(app, other)).toEqual({ bare: true, credentials: true });
  });

  it("leaves the app's own alone in report mode, without cors, and for its own pages", async () => {
    const theirs = cors({ origin: true, credentials: true });
    const all = { bare: true, credentials: true };
    expect(
      await mayRead(appWith(secureHeaders({ cors: named, mode: "report" }), theirs), other),
    ).toEqual(all);
    expect(await mayRead(appWith(secureHeaders(), theirs), other)).toEqual(all);
    const app = appWith(secureHeaders({ cors: named }), theirs);
    const own = await request(app).get("/").set({ Origin: "http://a.test", Host: "a.test" });
    expect(own.status).toBe(200);
  });

  it("leaves less than ours as it is", async () => {
    const app = appWith(secureHeaders({ cors: { origins: [ours], credentials: true } }), ((
      _req,
      res,
      next,
    ) => {
      res.removeHeader("Access-Control-Allow-Origin");
      next();
    }) as RequestHandler);
    expect((await mayRead(app, ours)).bare).toBe(false);
  });

  it("is warned of once for each app", async () => {
    const app = appWith(secureHeaders({ cors: named }), cors());
    for (const _ of [1, 2]) await request(app).get("/").set("Origin", other);
    await request(app).get("/");
    const warnings = vi.mocked(process.emitWarning).mock.calls as unknown as [
      string,
      { code: string },
    ][];
    expect(warnings.map(([, { code }]) => code)).toEqual(["EXPRESS_SECURE_API_CORS_OVERRIDDEN"]);
  });
});
