import cors from "cors";
import type { RequestHandler } from "express";
import helmet from "helmet";
import { describe, expect, it } from "vitest";
import { errorHandler, notFound } from "../../src/errors/index.js";
import { expressVersions } from "../support/express.js";
import { rulesOf, scanOf } from "../support/scan.js";

const LISTED = "https://app.example.com";
type Policy = cors.CorsOptions;

describe.each(expressVersions)("a scan of CORS on Express %s", (_major, express) => {
  it.each<[string, Policy | RequestHandler, string[], string?]>([
    ["all origins", {}, []],
    ["one origin", { origin: LISTED, credentials: true }, []],
    [
      "one origin of a list",
      { origin: [LISTED], credentials: true, allowedHeaders: ["X-A"] },
      [],
      LISTED,
    ],
    ["all origins with credentials", { credentials: true }, ["cors-star-credentials"]],
    ["every origin repeated", { origin: true }, ["cors-reflected"]],
    [
      "every origin repeated, with credentials",
      { origin: true, credentials: true },
      ["cors-any-origin-credentials"],
    ],
    ["null", { origin: [LISTED, "null"] }, ["cors-null"]],
    [
      "null with credentials",
      { origin: [LISTED, "null"], credentials: true },
      ["cors-null-credentials"],
    ],
    [
      "an expression without an end",
      { origin: /^https:\/\/app\.example\.com/, credentials: true, allowedHeaders: ["X-A"] },
      ["cors-look-alike-credentials", "cors-loose", "cors-neighbour-credentials"],
      LISTED,
    ],
    [
      "an expression without a beginning, without credentials",
      { origin: /example\.com$/ },
      ["cors-look-alike"],
      LISTED,
    ],
    [
      "an expression with bare dots",
      { origin: /^https:\/\/app.example.com$/, credentials: true, allowedHeaders: ["X-A"] },
      ["cors-look-alike-credentials"],
      LISTED,
    ],
    [
      "an expression that ignores case",
      { origin: /^https:\/\/app\.example\.com$/i },
      ["cors-loose"],
      LISTED,
    ],
    [
      "plain HTTP of the same host",
      {
        origin: [LISTED, "http://app.example.com"],
        credentials: true,
        allowedHeaders: ["X-A"],
      },
      ["cors-neighbour-credentials"],
      LISTED,
    ],
    [
      "any header, with credentials",
      { origin: [LISTED], credentials: true },
      ["cors-any-header"],
      LISTED,
    ],
    [
      "a listed origin without Vary",
      (req, res, next) => {
        if (req.get("origin") === LISTED) res.set("Access-Control-Allow-Origin", LISTED);
        next();
      },
      ["cors-vary-missing"],
      LISTED,
    ],
    [
      "the private network",
      (req, res, next) => {
        if (req.get("access-control-request-private-network")) {
          res.set("Access-Control-Allow-Private-Network", "true");
        }
        res.set("Access-Control-Allow-Origin", "*");
        next();
      },
      ["cors-private-network"],
    ],
  ])("finds %s: %j", async (_what, policy, expected, origin) => {
    const app = express();
    app.use(helmet());
    app.use(typeof policy === "function" ? (policy as RequestHandler) : cors(policy));
    app.get("/", (_req, res) => void res.json({}));
    app.use(notFound(), errorHandler());
    const report = await scanOf(app, { origin });
    expect(rulesOf(report)).toEqual(expected);
    expect(report.unchecked).toEqual([]);
  });

  it("says when the origin that looks listed is not", async () => {
    const app = express();
    app.use(helmet());
    app.use(notFound(), errorHandler());
    const report = await scanOf(app, { origin: LISTED });
    expect(rulesOf(report)).toEqual(["origin-not-allowed"]);
    expect(report.unchecked).toMatchObject([{ check: "cors", severity: "critical" }]);
    expect(report.grade).toBe("F");
  });
});

describe.each(expressVersions)("a scan of answers on Express %s", (_major, express) => {
  const found = async (handler: RequestHandler, settings = {}, credentials?: string) => {
    const app = express();
    app.use(helmet());
    app.all("/", handler);
    app.use(notFound(), errorHandler());
    const headers = { Authorization: `Bearer ${credentials}` };
    const given = credentials === undefined ? undefined : { headers, secrets: [credentials] };
    return scanOf(app, settings, given);
  };

  it.each<[string, RequestHandler, string[]]>([
    [
      "a 401 without a challenge",
      (_req, res) => void res.status(401).json({}),
      ["challenge-missing"],
    ],
    ["a 405 without Allow", (_req, res) => void res.status(405).json({}), ["allow-missing"]],
    [
      "quota fields that nobody can read",
      (_req, res) => void res.set("RateLimit", 'default;r="').json({}),
      ["rate-limit-syntax"],
    ],
    [
      "quota fields that no number gave",
      (_req, res) => void res.set("X-RateLimit-Reset", "NaN").json({}),
      ["rate-limit-syntax"],
    ],
    [
      "a Retry-After that is neither",
      (_req, res) => void res.set("Retry-After", "soon").json({}),
      ["rate-limit-syntax"],
    ],
    [
      "quota fields of every draft",
      (_req, res) =>
        void res
          .set("RateLimit", '"default";r=50;t=30, "a,b";r=1')
          .set("RateLimit-Policy", '"default";q=100;w=60;pk=:cGsx:')
          .set("RateLimit-Limit", "100, 100;w=60")
          .set("X-RateLimit-Reset", "1700000000")
          .json({}),
      [],
    ],
    [
      "the quota field of draft 7",
      (_req, res) => void res.set("RateLimit", "limit=100, remaining=50, reset=5").json({}),
      [],
    ],
    [
      "a page in place of an error",
      (_req, res) => void res.status(400).send("<p>no"),
      ["error-html"],
    ],
    [
      "a path of the server",
      (_req, res) => void res.status(400).json({ error: "in /srv/shop/app.js" }),
      ["error-path"],
    ],
    [
      "a fault for a token that is none",
      (req, res) => void res.status(req.get("authorization") ? 500 : 200).json({}),
      ["error-5xx"],
    ],
    [
      "the words of a package",
      (req, res) =>
        void (req.get("authorization")
          ? res.status(401).set("WWW-Authenticate", "Bearer").json({ message: "jwt malformed" })
          : res.json({})),
      ["error-internals"],
    ],
    [
      "session cookies that lack everything",
      (_req, res) => void res.cookie("connect.sid", "a").cookie("theme", "b").json({}),
      ["cookie-http-only", "cookie-same-site"],
    ],
    [
      "a cookie that breaks its own promise",
      (_req, res) => void res.cookie("__Host-a", "b", { path: "/x" }).json({}),
      ["cookie-prefix"],
    ],
    [
      "a page without a policy that holds",
      (_req, res) => {
        res.set("Content-Security-Policy", "default-src * 'unsafe-inline'; frame-ancestors *");
        res.removeHeader("Referrer-Policy");
        res.send("<h1>");
      },
      ["page-csp-unsafe", "page-framing", "page-permissions", "page-referrer"],
    ],
    [
      "a header that is sent twice",
      (_req, res) => {
        res.setHeader("X-Frame-Options", ["DENY", "SAMEORIGIN"]);
        res.json({});
      },
      ["header-twice"],
    ],
    [
      "TRACE",
      (req, res) =>
        void (req.method === "TRACE"
          ? res.type("message/http").send(JSON.stringify(req.headers))
          : res.json({})),
      ["trace-enabled"],
    ],
    [
      "links to a host that a client names",
      (req, res) =>
        void res.redirect(`https://${req.get("x-forwarded-host") ?? "a.example"}/login`),
      ["forwarded-host"],
    ],
  ])("finds %s", async (_what, handler, expected) => {
    const report = await found(handler);
    expect(rulesOf(report)).toEqual(expected);
    expect(report.unchecked).toEqual([]);
  });

  it("shows what a policy says of scripts, however long it is", async () => {
    const app = express().use((_req, res) => {
      const long = `img-src ${"https://images.example.com ".repeat(10)}`;
      res.set("Content-Security-Policy", `${long}; script-src 'self' 'unsafe-inline'`);
      res.send("<h1>");
    });
    const { findings } = await scanOf(app);
    expect(findings.find(({ rule }) => rule === "page-csp-unsafe")?.seen).toBe(
      "script-src 'self' 'unsafe-inline'",
    );
  });

  it("finds markup of the path in an error page", async () => {
    const app = express();
    app.use(helmet());
    app.use((req, res) => void res.status(404).send(`<p>${decodeURIComponent(req.path)}`));
    const report = await scanOf(app);
    expect(rulesOf(report)).toContain("error-markup");
  });

  it("finds a header that changes the method", async () => {
    const app = express();
    app.use((req, _res, next) => {
      const method = req.get("x-http-method-override");
      if (method !== undefined && req.method === "POST") req.method = method;
      next();
    });
    app.get("/", (_req, res) => void res.json({}));
    expect(rulesOf(await scanOf(app))).toContain("method-override");
    const pages = express();
    pages.use((req, _res, next) => {
      if (req.query["_method"] !== undefined) req.method = String(req.query["_method"]);
      next();
    });
    pages.get(/.*/, (_req, res) => void res.send("<h1>"));
    expect(rulesOf(await scanOf(pages))).toContain("method-override");
  });

  it.each<[string, string | undefined, string[]]>([
    ["for everybody", "public, max-age=60", ["private-shared"]],
    ["for whoever asks", undefined, ["private-kept"]],
    ["for nobody", "no-store", []],
    ["for the user", "private, max-age=60", []],
  ])("looks at answers with credentials that are kept %s", async (_what, value, expected) => {
    const handler: RequestHandler = (req, res) => {
      if (req.get("authorization") !== "Bearer s3cret-token") {
        res.status(401).set("WWW-Authenticate", "Bearer").json({});
        return;
      }
      if (value !== undefined) res.set("Cache-Control", value);
      res.json({});
    };
    const report = await found(handler, {}, "s3cret-token");
    expect(rulesOf(report)).toEqual(expected);
    expect(report.unchecked).toEqual([]);
    const refused = await found(handler, {}, "another-token");
    expect(refused.unchecked).toMatchObject([{ check: "caching", severity: "high" }]);
  });

  it("shows no part of a secret that stands where a text is cut", async () => {
    const secret = "s3cret-".repeat(12);
    // Lines of errors are looked at up to 400 characters, content up to 64 KB.
    const lines = `${"x".repeat(299)}\n`.repeat(300);
    for (const before of ["x".repeat(330), lines.slice(0, 64 * 1024 - 60)]) {
      const report = await scanOf(
        (req, res) => {
          const text = `${before} SyntaxError ${req.headers.authorization}`;
          res.writeHead(400, { "Content-Type": "application/json" }).end(text);
        },
        {},
        { headers: { Authorization: secret }, secrets: [secret] },
      );
      expect(JSON.stringify(report)).not.toContain("s3cret");
    }
  });

  it("shows no secret that the server repeats", async () => {
    const report = await found(
      (req, res) => {
        const token = req.get("authorization") ?? "none";
        res.set("Cache-Control", `public, max-age=5, x="${token}"`).set("X-Powered-By", token);
        res.status(token.includes("s3cret") ? 200 : 403).json({});
      },
      {},
      "s3cret-token",
    );
    expect(rulesOf(report)).toContain("private-shared");
    expect(JSON.stringify(report)).not.toContain("s3cret");
    expect(JSON.stringify(report)).toContain("[hidden]");
  });
});
