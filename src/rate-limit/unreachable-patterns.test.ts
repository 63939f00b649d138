import type { Express, RequestHandler } from "express";
import request from "supertest";
import { afterEach, describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { rateLimit } from "./index.js";

const CODE = "EXPRESS_SECURE_API_UNREACHABLE_PATTERN";

afterEach(() => {
  vi.restoreAllMocks();
});

describe.each(expressVersions)(
  "patterns that no request can match, on Express %s,",
  (major, express) => {
    function warningsOf(): () => readonly string[] {
      const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
      return () =>
        warn.mock.calls
          .filter(([, details]) => (details as { code?: string }).code === CODE)
          .map(([text]) => String(text));
    }

    function appWith(mount: string | RegExp, limiter: RequestHandler): Express {
      const app = (express as unknown as () => Express)();
      app.use(mount, limiter);
      app.use((_req, res) => void res.send("ok"));
      return app;
    }

    it("are named in a warning, once: such a limit counts nothing", async () => {
      const warnings = warningsOf();
      const limiter = rateLimit({ limit: 1, window: "1h", match: ["POST /login", "/reset"] });
      const app = appWith("/auth", limiter);
      for (let n = 0; n < 3; n += 1) await request(app).post("/auth/login").expect(200);
      expect(warnings()).toEqual([
        "rateLimit: no request can match these patterns, because it is mounted at /auth and patterns are held against the whole path: POST /login, /reset. Put the path of the mount in front of them.",
      ]);
    });

    it("are found in a router, which knows nothing of its path", async () => {
      const warnings = warningsOf();
      const router = express.Router();
      router.use(rateLimit({ policies: [{ limit: 1, window: "1h", match: "/login" }] }));
      await request(appWith("/auth", router)).get("/auth/login").expect(200);
      expect(warnings()).toHaveLength(1);
    });

    it.each([
      ["the app itself", "/", "/login"],
      ["the path that they begin with", "/auth", "/auth/login"],
      ["every path, by a star", major === "4" ? "*" : "/{*any}", "/other"],
      ["every path, by an expression", /.*/, "/other"],
      ["a path with a parameter", "/:tenant", "/acme/other"],
    ])("are none where the limiter is mounted at %s", async (_where, mount, path) => {
      const warnings = warningsOf();
      const match = ["/auth/login", ...(mount === "/" ? ["/login"] : [])];
      const app = appWith(mount, rateLimit({ limit: 1, window: "1h", match }));
      await request(app).get(path).expect(200);
      expect(warnings()).toEqual([]);
    });
  },
);
