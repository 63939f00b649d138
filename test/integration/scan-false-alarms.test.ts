import type { Express, RequestHandler } from "express";
import { describe, expect, it } from "vitest";
import { errorHandler, notFound } from "../../src/errors/index.js";
import { rateLimit } from "../../src/rate-limit/index.js";
import { type SecureHeadersOptions, secureHeaders } from "../../src/secure-headers/index.js";
import { expressVersions } from "../support/express.js";
import { rulesOf, scanOf } from "../support/scan.js";

const LISTED = "https://app.example.com";

describe.each(expressVersions)("a scan of what is right (Express %s)", (_major, express) => {
  const appWith = (options: SecureHeadersOptions, use: (app: Express) => void): Express => {
    const app = express();
    app.use(secureHeaders(options));
    use(app);
    app.use(notFound());
    app.use(errorHandler());
    return app;
  };
  const data: RequestHandler = (_req, res) => void res.json({});
  const page: RequestHandler = (_req, res) => void res.type("html").send("<h1>Shop</h1>");

  it.each<[string, Express, object?]>([
    [
      "an API that every page may read",
      appWith({ cors: { origins: "*" } }, (app) => app.get("/", data)),
    ],
    [
      "a pattern for the subdomains of the company",
      appWith({ cors: { origins: "https://*.example.com", credentials: true } }, (app) =>
        app.get("/", data),
      ),
      { origin: LISTED },
    ],
    [
      "a root that redirects",
      appWith({}, (app) => {
        app.get("/", (_req, res) => res.redirect("/docs/"));
        app.get("/docs", data);
      }),
    ],
    [
      "a root that redirects to a login elsewhere",
      appWith({}, (app) => app.get("/", (_req, res) => res.redirect("https://idp.example.com/"))),
    ],
    [
      "an app behind a prefix",
      express().use(
        "/api",
        appWith({}, (app) => app.get("/orders", data)),
      ),
      { path: "/api" },
    ],
    [
      "an API that names its one origin on every answer, which then depends on nothing",
      appWith({}, (app) => {
        app.use((_req, res, next) => {
          res.set("Access-Control-Allow-Origin", LISTED);
          next();
        });
        app.get("/", data);
      }),
      { origin: LISTED },
    ],
    [
      "a limit that has room again at a time that is near",
      (() => {
        let isFirst = true;
        return appWith({}, (app) =>
          app.get("/", (_req, res) => {
            if (isFirst) res.status(429).set("Retry-After", new Date().toUTCString());
            isFirst = false;
            res.json({});
          }),
        );
      })(),
    ],
    ["an app with pages", appWith({ preset: "web" }, (app) => app.get("/", page))],
    [
      "an app with pages that a cookie opens",
      appWith({ preset: "web", cors: { origins: LISTED, credentials: true } }, (app) =>
        app.get("/", (_req, res) => {
          res.cookie("sid", "1", { httpOnly: true, sameSite: "lax" });
          res.cookie("XSRF-TOKEN", "2", { sameSite: "lax" });
          res.type("html").send("<p>");
        }),
      ),
    ],
    [
      "a root without content",
      appWith({}, (app) => app.get("/", (_req, res) => void res.status(204).end())),
    ],
    [
      "a stream that does not end",
      appWith({}, (app) =>
        app.get("/", (_req, res) => {
          res.type("text/event-stream");
          const timer = setInterval(() => res.write("data: 1\n\n"), 20);
          res.on("close", () => clearInterval(timer));
          res.write(":\n\n");
        }),
      ),
    ],
  ])("gives the top grade to %s", { timeout: 120_000 }, async (_what, app, settings = {}) => {
    const report = await scanOf(app, settings);
    expect(rulesOf(report).filter((rule) => rule !== "page-permissions")).toEqual([]);
    expect(report).toMatchObject({ grade: "A+", unchecked: [] });
  });

  it("waits for a limit that has room again soon", { timeout: 60_000 }, async () => {
    let refused = 0;
    const app = express();
    app.use(secureHeaders(), rateLimit({ limit: 10, window: "2s" }));
    app.use((_req, res, next) => {
      res.on("finish", () => {
        refused += Number(res.statusCode === 429);
      });
      next();
    });
    app.get("/", data);
    app.use(notFound(), errorHandler());
    expect(await scanOf(app)).toMatchObject({ grade: "A+", unchecked: [] });
    expect(refused).toBe(0);
  });

  it("scans a server that takes its time", { timeout: 120_000 }, async () => {
    const slow = express();
    slow.use((_req, _res, next) => setTimeout(next, 150));
    slow.use(appWith({}, (app) => app.get("/", data)));
    slow.disable("x-powered-by");
    expect(await scanOf(slow)).toMatchObject({ grade: "A+", unchecked: [] });
  });

  it("gives no better grade when a limit keeps it from looking", async () => {
    const app = appWith({}, (inner) => {
      inner.use(rateLimit({ limit: 3, window: "1h" }));
      inner.get("/", data);
    });
    const report = await scanOf(app);
    expect(report.unchecked.map(({ check }) => check)).toEqual(
      expect.arrayContaining(["errors", "cors", "methods"]),
    );
    expect(report.unchecked[0]?.why).toContain("was answered 429");
    expect(report.grade).toBe("F");
  });
});
