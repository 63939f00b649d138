import type { ErrorRequestHandler, RequestHandler } from "express";
import fastCheck from "fast-check";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import type { Decision } from "../../core/decision/decision.js";
import { decisionsOf } from "../../core/decision/decision.js";
import { createGuard } from "../../core/guard/guard.js";
import { parseOriginEntry } from "../../core/http/origins/origin-entry.js";
import { HttpError } from "../../core/refusal/http-error.js";
import { isRefused } from "../../core/refusal/refused.js";
import { secureHeaders } from "../secure-headers.js";
import type { SecureHeadersOptions } from "../secure-headers-options.js";
import type { CorsOptions } from "./cors-options.js";

const APP = "https://app.example.com";
const EXPOSED =
  "RateLimit,RateLimit-Policy,X-RateLimit-Limit,X-RateLimit-Remaining,X-RateLimit-Reset,Retry-After,WWW-Authenticate,DPoP-Nonce,X-Request-Id";

function corsHeadersOf(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => name.startsWith("access-control-")),
  );
}

const sharedWithAll: RequestHandler = (_req, res, next) => {
  res.setHeader("Access-Control-Allow-Origin", "*");
  next();
};

function preflightHeaders(origin: string, method = "POST", names?: string): Record<string, string> {
  const headers = { Origin: origin, "Access-Control-Request-Method": method };
  return names === undefined ? headers : { ...headers, "Access-Control-Request-Headers": names };
}

describe.each(expressVersions)("secureHeaders with cors on Express %s", (_major, express) => {
  function appWith(cors: CorsOptions, options: SecureHeadersOptions = {}) {
    const decisions: (readonly Decision[])[] = [];
    const app = express();
    app.use((req, _res, next) => {
      decisions.push(decisionsOf(req));
      next();
    });
    app.use(secureHeaders({ cors, ...options }));
    app.options("/", (_req, res) => void res.set("Allow", "GET").end("from the app"));
    app.get("/", (_req, res) => void res.json({ ok: true }));
    app.post("/", (_req, res) => void res.json({ ok: true }));
    return { app, decisions };
  }

  it("answers an allowed preflight with 204 and without a Content-Length", async () => {
    const { app, decisions } = appWith({ origins: [APP], credentials: true, maxAge: "1h" });
    const answer = await request(app)
      .options("/")
      .set(preflightHeaders(APP, "PUT", "authorization,content-type"))
      .expect(204);
    expect(corsHeadersOf(answer.headers)).toEqual({
      "access-control-allow-origin": APP,
      "access-control-allow-credentials": "true",
      "access-control-allow-methods": "GET,HEAD,POST,PUT,PATCH,DELETE",
      "access-control-allow-headers": "Authorization,Content-Type",
      "access-control-max-age": "3600",
    });
    expect(answer.headers["content-length"]).toBeUndefined();
    expect(answer.headers["vary"]).toBe(
      "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
    );
    expect(answer.headers["x-powered-by"]).toBeUndefined();
    expect(decisions[0]).toMatchObject([
      { outcome: "allow", enforced: true, reason: "preflight_allowed" },
    ]);
  });

  it("answers a preflight for a foreign origin with 403 and no CORS header", async () => {
    const { app, decisions } = appWith({ origins: [APP], credentials: true });
    const answer = await request(app)
      .options("/")
      .set(preflightHeaders("https://evil.example", "PURGE", "x-secret"))
      .expect(403);
    expect(answer.body).toMatchObject({
      code: "cors_not_allowed",
      detail: "Cross-origin requests from this origin are not allowed.",
    });
    expect(corsHeadersOf(answer.headers)).toEqual({});
    expect(answer.headers["vary"]).toContain("Origin");
    expect(answer.text).not.toContain("evil");
    expect(decisions[0]).toMatchObject([
      {
        outcome: "deny",
        enforced: true,
        code: "cors_not_allowed",
        status: 403,
        reason: "origin_not_allowed",
        cors: { origin: "https://evil.example", method: "PURGE", headers: ["x-secret"] },
      },
    ]);
  });

  it.each([
    ["a method", preflightHeaders(APP, "PURGE"), "method_not_allowed", { method: "PURGE" }],
    [
      "a method in lower case",
      preflightHeaders(APP, "put"),
      "method_not_allowed",
      { method: "put" },
    ],
    [
      "a header",
      preflightHeaders(APP, "POST", "content-type, x-secret,X-Other"),
      "header_not_allowed",
      { method: "POST", headers: ["x-secret", "x-other"] },
    ],
  ])(
    "answers a listed origin that asks for %s off the list with what is allowed: its browser names the rest",
    async (_title, headers, reason, cors) => {
      const { app, decisions } = appWith(
        { origins: [APP], credentials: true },
        { onDenied: (_error, _req, res) => void res.status(418).end() },
      );
      const answer = await request(app).options("/").set(headers).expect(204);
      expect(corsHeadersOf(answer.headers)).toEqual({
        "access-control-allow-origin": APP,
        "access-control-allow-credentials": "true",
        "access-control-allow-methods": "GET,HEAD,POST,PUT,PATCH,DELETE",
        "access-control-allow-headers": "Authorization,Content-Type",
      });
      expect(answer.headers["vary"]).toBe(
        "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
      );
      const code = "cors_not_allowed";
      const expected = { outcome: "deny", enforced: true, code, status: 204, reason };
      expect(decisions[0]).toMatchObject([{ ...expected, cors: { origin: APP, ...cors } }]);
    },
  );

  it.each(["GET", "HEAD", "POST"])(
    "refuses %s off the list with 403, because browsers take it for allowed in any 204",
    async (method) => {
      const { app, decisions } = appWith({ origins: [APP], methods: ["PUT"] });
      const answer = await request(app)
        .options("/")
        .set(preflightHeaders(APP, method, "content-type"))
        .expect(403);
      expect(answer.body).toMatchObject({
        code: "cors_not_allowed",
        detail: "Cross-origin requests with this method are not allowed.",
      });
      expect(corsHeadersOf(answer.headers)).toEqual({
        "access-control-allow-origin": APP,
        "access-control-allow-methods": "PUT",
        "access-control-allow-headers": "Authorization,Content-Type",
      });
      expect(decisions[0]).toMatchObject([
        { status: 403, reason: "method_not_allowed", cors: { origin: APP, method } },
      ]);
    },
  );

  it("records origin and names as bounded text, whatever the client sends", async () => {
    const { app, decisions } = appWith({ origins: [APP] });
    const names = Array.from({ length: 30 }, (_, index) => `x-${index}-${"n".repeat(100)}`);
    await request(app)
      .options("/")
      .set(preflightHeaders(APP, "PURGE", `a b,,${names.join(",")}`))
      .expect(204);
    await request(app)
      .options("/")
      .set(preflightHeaders("https://user:secret@app.example.com", `M${"M".repeat(500)}`))
      .expect(403);
    await request(app)
      .options("/")
      .set(preflightHeaders(`https://${"a".repeat(5000)}`))
      .expect(403);
    const [first, second, third] = decisions.map(([decision]) => decision?.cors);
    expect(first?.headers).toHaveLength(8);
    for (const name of first?.headers ?? []) expect(name.length).toBeLessThanOrEqual(64);
    expect(second).toEqual({ origin: "malformed", method: "malformed" });
    expect(third).toEqual({ origin: "malformed", method: "POST" });
    expect(Object.isFrozen(first) && Object.isFrozen(first?.headers)).toBe(true);
  });

  it.each([
    ["https://evil.example/reset/s3cr3t", "malformed"],
    ["https://evil.example/", "malformed"],
    ["data:s3cr3t", "malformed"],
    ["https://eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl", "malformed"],
    ["https://evil.example:8443", "https://evil.example:8443"],
    ["http://[2001:db8::1]:80", "http://[2001:db8::1]:80"],
    ["chrome-extension://abcdefghijklmnop", "chrome-extension://abcdefghijklmnop"],
    ["file://", "file://"],
    ["null", "null"],
  ])("records the origin %s as %s: only as browsers write one", async (origin, recorded) => {
    const { app, decisions } = appWith({ origins: [APP] });
    await request(app).options("/").set(preflightHeaders(origin)).expect(403);
    expect(decisions[0]?.[0]?.cors?.origin).toBe(recorded);
  });

  it.each<[string, Record<string, string>]>([
    ["without Origin", { "Access-Control-Request-Method": "POST" }],
    ["without Access-Control-Request-Method", { Origin: APP }],
    ["without either", {}],
  ])("passes OPTIONS %s on to the app", async (_title, headers) => {
    const { app } = appWith({ origins: [APP] });
    const answer = await request(app).options("/").set(headers).expect(200);
    expect(answer.text).toBe("from the app");
    expect(answer.headers["access-control-allow-methods"]).toBeUndefined();
  });

  it("passes a preflight on to the app when cors is off", async () => {
    const app = express().use(secureHeaders());
    app.options("/", (_req, res) => void res.end("from the app"));
    const answer = await request(app).options("/").set(preflightHeaders(APP)).expect(200);
    expect(answer.text).toBe("from the app");
    expect(corsHeadersOf(answer.headers)).toEqual({});
  });

  it("lets pages of a listed origin read the answer, and the headers of this library", async () => {
    const { app, decisions } = appWith({ origins: APP, exposedHeaders: ["ETag", "retry-after"] });
    const answer = await request(app).get("/").set("Origin", APP).expect(200);
    expect(corsHeadersOf(answer.headers)).toEqual({
      "access-control-allow-origin": APP,
      "access-control-expose-headers": `${EXPOSED},ETag`,
    });
    expect(answer.headers["vary"]).toBe("Origin");
    expect(decisions[0]).toMatchObject([{ outcome: "allow", reason: "origin_allowed" }]);
  });

  it("keeps the answer from other pages, without blocking the request", async () => {
    const { app, decisions } = appWith({ origins: [APP], credentials: true });
    const answer = await request(app).get("/").set("Origin", "https://evil.example").expect(200);
    expect(corsHeadersOf(answer.headers)).toEqual({});
    expect(answer.headers["vary"]).toBe("Origin");
    expect(decisions[0]).toMatchObject([
      {
        outcome: "allow",
        reason: "response_not_shared",
        cors: { origin: "https://evil.example" },
      },
    ]);
  });

  it("varies on Origin without one in the request, and keeps what already varies", async () => {
    const app = express().use((_req, res, next) => {
      res.setHeader("Vary", "Accept-Encoding");
      next();
    });
    app.use(secureHeaders({ cors: { origins: [APP] } }));
    app.get("/", (_req, res) => void res.vary("Accept").end());
    const answer = await request(app)
      .get("/")
      .expect(200)
      .expect("Vary", "Accept-Encoding, Origin, Accept");
    expect(corsHeadersOf(answer.headers)).toEqual({});
  });

  it("shares with everybody when origins is *, without Vary and also without Origin", async () => {
    const { app } = appWith({
      origins: "*",
      allowedHeaders: ["*", "Authorization"],
      exposedHeaders: "*",
    });
    for (const headers of [{}, { Origin: "null" }, { Origin: "https://any.example" }]) {
      const answer = await request(app).get("/").set(headers).expect(200);
      expect(corsHeadersOf(answer.headers)).toEqual({
        "access-control-allow-origin": "*",
        "access-control-expose-headers": "*",
      });
      expect(answer.headers["vary"]).toBeUndefined();
    }
    const preflight = await request(app)
      .options("/")
      .set(preflightHeaders("https://any.example", "POST", "x-any,authorization"));
    expect(preflight.status).toBe(204);
    expect(preflight.headers["access-control-allow-headers"]).toBe("*,Authorization");
  });

  it("does not take * for Authorization, as not all browsers do", async () => {
    const { app, decisions } = appWith({ origins: "*", allowedHeaders: "*" });
    await request(app)
      .options("/")
      .set(preflightHeaders(APP, "POST", "x-any"))
      .expect(204);
    // A browser that takes * for Authorization finds no star here, and none has to be told twice.
    const refused = await request(app)
      .options("/")
      .set(preflightHeaders(APP, "POST", "x-any,authorization,x-other"))
      .expect(204);
    expect(refused.headers["access-control-allow-headers"]).toBe("x-any,x-other");
    const alone = await request(app)
      .options("/")
      .set(preflightHeaders(APP, "POST", "Authorization"))
      .expect(204);
    expect(alone.headers["access-control-allow-headers"]).toBeUndefined();
    expect(decisions.slice(1)).toMatchObject([
      [{ reason: "header_not_allowed", cors: { headers: ["authorization"] } }],
      [{ reason: "header_not_allowed", cors: { headers: ["authorization"] } }],
    ]);
  });

  it("sends no star with an allowed preflight: browsers that take it for Authorization would remember that", async () => {
    const { app } = appWith({ origins: "*", allowedHeaders: "*" });
    const named = await request(app)
      .options("/")
      .set(preflightHeaders(APP, "PUT", "x-any,x-other"))
      .expect(204);
    expect(named.headers["access-control-allow-headers"]).toBe("x-any,x-other");
    expect(named.headers["vary"]).toContain("Access-Control-Request-Headers");
    const none = await request(app).options("/").set(preflightHeaders(APP, "PUT")).expect(204);
    expect(none.headers["access-control-allow-headers"]).toBeUndefined();
    expect(none.headers["access-control-max-age"]).toBe("600");
  });

  it("refuses a request to the private network with 403: browsers that only warn would go on after a 204", async () => {
    const { app, decisions } = appWith(
      { origins: [APP] },
      { onDenied: (error, _req, res) => void res.status(error.status).json(error.toProblem()) },
    );
    const answer = await request(app)
      .options("/")
      .set({ ...preflightHeaders(APP, "PUT"), "Access-Control-Request-Private-Network": "true" })
      .expect(403);
    expect(answer.headers["access-control-allow-origin"]).toBe(APP);
    expect(answer.body.detail).toBe("Requests to the private network are not allowed.");
    expect(decisions[0]).toMatchObject([
      { outcome: "deny", reason: "private_network_not_allowed", status: 403 },
    ]);
  });

  it("takes back what a middleware before it has allowed", async () => {
    const app = express().use((_req, res, next) => {
      res.setHeader("Access-Control-Allow-Origin", "*");
      res.setHeader("Access-Control-Allow-Credentials", "true");
      next();
    });
    app.use(secureHeaders({ cors: { origins: [APP] } }));
    app.get("/", (_req, res) => void res.end());
    const foreign = await request(app).get("/").set("Origin", "https://evil.example");
    expect(corsHeadersOf(foreign.headers)).toEqual({});
    const listed = await request(app).get("/").set("Origin", APP);
    expect(listed.headers["access-control-allow-credentials"]).toBeUndefined();
    for (const names of ["content-type", "x-secret"]) {
      const own = await request(app)
        .options("/")
        .set(preflightHeaders(APP, "POST", names));
      expect(own.headers["access-control-allow-credentials"]).toBeUndefined();
    }
    const preflight = await request(app)
      .options("/")
      .set(preflightHeaders("https://evil.example"))
      .expect(403);
    expect(corsHeadersOf(preflight.headers)).toEqual({});
  });

  it.each([
    [401, "invalid_token", "WWW-Authenticate", 'Bearer error="invalid_token"'],
    [429, "rate_limit_exceeded", "Retry-After", "30"],
  ] as const)(
    "keeps a %s of a later guard readable across origins",
    async (status, code, name, value) => {
      const guard = createGuard("fake", "authentication", { mode: "enforce", onDenied: "respond" });
      const app = express().use(secureHeaders({ cors: { origins: [APP] } }));
      app.use(
        guard.middleware((req, res, next) => {
          guard.refuse(new HttpError(code, { headers: { [name]: value } }), req, res, next);
        }),
      );
      const answer = await request(app)
        .get("/")
        .set("Origin", APP)
        .expect(status)
        .expect(name, value);
      expect(answer.headers["access-control-allow-origin"]).toBe(APP);
      expect(answer.headers["access-control-expose-headers"]?.split(",")).toContain(name);
    },
  );

  it("hands refused preflights to onDenied", async () => {
    const { app } = appWith(
      { origins: [APP] },
      { onDenied: (_error, _req, res) => void res.status(418).end() },
    );
    await request(app).options("/").set(preflightHeaders("https://evil.example")).expect(418);
  });

  it("asks a function about well-formed origins only, with the request", async () => {
    const asked: string[] = [];
    const { app } = appWith({
      origins: (origin, req) => {
        asked.push(`${req.method} ${origin}`);
        return origin.endsWith(".example.com");
      },
    });
    const allowed = await request(app).get("/").set("Origin", "https://a.example.com");
    expect(allowed.headers["access-control-allow-origin"]).toBe("https://a.example.com");
    for (const origin of [
      "null",
      "https://x@a.example.com",
      "https://evil.example/.example.com",
      "https://a, https://b.example.com",
      "evil.example.com",
    ]) {
      const { headers } = await request(app).get("/").set("Origin", origin);
      expect(headers["access-control-allow-origin"]).toBeUndefined();
    }
    expect(asked).toEqual(["GET https://a.example.com"]);
  });

  it.each<[string, () => unknown]>([
    [
      "throws",
      () => {
        throw new Error("secret detail");
      },
    ],
    [
      "throws undefined",
      () => {
        throw undefined;
      },
    ],
    ["promises a string", () => Promise.resolve("https://app.example.com")],
    ["returns a promise that is rejected", () => Promise.reject(new Error("secret detail"))],
    ["returns a string", () => "https://app.example.com"],
  ])("grants nothing and refuses the preflight when the function %s", async (_title, origins) => {
    const { app, decisions } = appWith({ origins: origins as never });
    const careless: ErrorRequestHandler = (_error, _req, _res, next) => next();
    app.use(careless);
    const foreign = { "Sec-Fetch-Site": "cross-site", Cookie: "session=1" };
    const plain = await request(app).get("/").set("Origin", APP).expect(200);
    const unsafe = await request(app).post("/").set("Origin", APP).set(foreign).expect(403);
    const preflight = await request(app).options("/").set(preflightHeaders(APP)).expect(403);
    expect(preflight.body.code).toBe("cors_not_allowed");
    expect(unsafe.body.code).toBe("cross_origin_blocked");
    for (const answer of [plain, unsafe, preflight]) {
      expect(corsHeadersOf(answer.headers)).toEqual({});
      expect(answer.headers["vary"]).toContain("Origin");
    }
    const reason = /string/.test(_title) ? "wrong_return" : "function_failed";
    expect(decisions[0]).toEqual([
      {
        guard: "secureHeaders",
        outcome: "error",
        enforced: true,
        code: "check_unavailable",
        reason,
        cors: { origin: APP },
      },
    ]);
    expect(decisions[2]).toMatchObject([{ outcome: "deny", status: 403, reason }]);
  });

  it("takes an async function, for origins that stand in a database", async () => {
    const origins = async (origin: string): Promise<boolean> => {
      await new Promise((resolve) => setImmediate(resolve));
      return origin === APP;
    };
    const { app } = appWith({ origins });
    const allowed = await request(app).get("/").set("Origin", APP).expect(200);
    expect(allowed.headers["access-control-allow-origin"]).toBe(APP);
    await request(app).options("/").set(preflightHeaders(APP)).expect(204);
    const other = await request(app).get("/").set("Origin", "https://evil.example").expect(200);
    expect(corsHeadersOf(other.headers)).toEqual({});
    await request(app).options("/").set(preflightHeaders("https://evil.example")).expect(403);
  });

  it("decides and changes nothing in report mode", async () => {
    const { app, decisions } = appWith({ origins: [APP] }, { mode: "report" });
    const preflight = await request(app)
      .options("/")
      .set(preflightHeaders("https://evil.example"))
      .expect(200);
    expect(preflight.text).toBe("from the app");
    const allowed = await request(app).options("/").set(preflightHeaders(APP)).expect(200);
    expect(allowed.text).toBe("from the app");
    const foreign = await request(app).get("/").set("Origin", "https://evil.example").expect(200);
    const header = await request(app)
      .options("/")
      .set(preflightHeaders(APP, "POST", "x-trace,content-type"))
      .expect(200);
    for (const { headers } of [preflight, allowed, foreign, header]) {
      expect(corsHeadersOf(headers)).toEqual({});
      expect(headers["vary"]).toBeUndefined();
    }
    expect(decisions).toMatchObject([
      [
        {
          outcome: "deny",
          enforced: false,
          code: "cors_not_allowed",
          reason: "origin_not_allowed",
          first: true,
          cors: { origin: "https://evil.example", method: "POST" },
        },
      ],
      [{ outcome: "allow", enforced: false, reason: "preflight_allowed" }],
      [
        {
          outcome: "deny",
          enforced: false,
          code: "cors_not_allowed",
          reason: "response_not_shared",
          cors: { origin: "https://evil.example" },
        },
      ],
      [
        {
          outcome: "deny",
          enforced: false,
          code: "cors_not_allowed",
          status: 204,
          reason: "header_not_allowed",
          cors: { origin: APP, method: "POST", headers: ["x-trace"] },
        },
      ],
    ]);
  });

  it.each<[string, CorsOptions["origins"]]>([
    ["is not listed", "https://other.example.com"],
    ["is listed", APP],
    [
      "cannot be decided about",
      () => {
        throw new Error("x");
      },
    ],
  ])(
    "leaves the CORS headers of the app alone in report mode when the origin %s",
    async (_title, origins) => {
      const app = express().use(sharedWithAll);
      app.use(secureHeaders({ mode: "report", cors: { origins } }));
      app.get("/", (_req, res) => void res.end());
      const answer = await request(app).get("/").set("Origin", APP).expect(200);
      expect(corsHeadersOf(answer.headers)).toEqual({ "access-control-allow-origin": "*" });
    },
  );

  it("takes back what was allowed before when the function throws", async () => {
    const origins = () => {
      throw new Error("x");
    };
    const app = express().use(sharedWithAll, secureHeaders({ cors: { origins } }));
    const answer = await request(app).get("/").set("Origin", APP).expect(404);
    expect(corsHeadersOf(answer.headers)).toEqual({});
  });

  describe("probed with origins that resemble the listed ones", () => {
    const cors: CorsOptions = {
      origins: [
        APP,
        "https://example.com:8443",
        "https://*.shop.example",
        "capacitor://localhost",
        "http://localhost:3000",
      ],
      credentials: true,
    };

    it.each([
      APP,
      "https://example.com:8443",
      "https://a.shop.example",
      "https://xn--a-b.shop.example",
      "capacitor://localhost",
      "http://localhost:3000",
    ])("allows %s", async (origin) => {
      const { app } = appWith(cors);
      await request(app)
        .get("/")
        .set("Origin", origin)
        .expect("Access-Control-Allow-Origin", origin);
    });

    it.each([
      "null",
      "NULL",
      "*",
      "https://",
      "https://evil.example",
      "https://evil-app.example.com",
      "https://app.example.com.evil.example",
      "https://app.example.comevil.example",
      "https://app-example.com",
      "https://appXexample.com",
      "https://a.app.example.com",
      "https://example.com",
      "http://app.example.com",
      "HTTPS://app.example.com",
      "https://APP.example.com",
      "https://app.example.com.",
      "https://app.example.com:443",
      "https://app.example.com:8443",
      "https://example.com:8444",
      "https://user@app.example.com",
      "https://app.example.com@evil.example",
      "https://app.example.com/",
      "https://app.example.com?",
      "https://app.example.com#",
      "https://app.example.com, https://evil.example",
      "https://shop.example",
      "https://.shop.example",
      "https://a.b.shop.example",
      "https://evil.example/.shop.example",
      "https://evil.example#.shop.example",
      "https://evil@a.shop.example",
      "https://a.shop.example:8443",
      "https://a.shop.example.evil.example",
      "http://a.shop.example",
      "https://ashop.example",
      "https://A.shop.example",
      "https://evil.example:80.shop.example",
      "http://localhost",
      "http://localhost:30001",
      "http://localhost.evil.example:3000",
      "capacitor://localhost.evil.example",
      "file://",
    ])("finds no way in as %s", async (origin) => {
      const { app } = appWith(cors);
      const answer = await request(app).get("/").set("Origin", origin).expect(200);
      expect(corsHeadersOf(answer.headers)).toEqual({});
      expect(answer.headers["vary"]).toBe("Origin");
      const preflight = await request(app).options("/").set(preflightHeaders(origin)).expect(403);
      expect(corsHeadersOf(preflight.headers)).toEqual({});
    });
  });
});

describe("a pattern", () => {
  it("matches exactly the https origins with one more label, for any URL", () => {
    const entry = parseOriginEntry("https://*.shop.example");
    if (isRefused(entry) || entry.pattern === undefined) throw new Error("no pattern");
    const run = secureHeaders({ cors: { origins: "https://*.shop.example" } });
    const part = fastCheck.constantFrom(
      "https://",
      "http://",
      "a",
      "b-1",
      ".",
      "shop",
      "example",
      "@",
      ":",
      "/",
      "443",
      "evil",
      "?",
      "#",
      "\\",
    );
    fastCheck.assert(
      fastCheck.property(fastCheck.array(part, { maxLength: 10 }), (parts) => {
        const origin = parts.join("");
        const set = new Map<string, unknown>();
        const res = {
          setHeader: (name: string, value: unknown) => void set.set(name, value),
          getHeader: () => undefined,
          getHeaderNames: () => [],
          removeHeader: () => undefined,
        };
        run(
          {
            method: "GET",
            headers: { origin, "sec-fetch-site": "same-origin" },
            socket: {},
            originalUrl: "/",
          } as never,
          res as never,
          () => {},
        );
        expect(set.has("Access-Control-Allow-Origin")).toBe(
          hasOneLabelBefore(origin, "shop.example"),
        );
      }),
      { numRuns: 3000, examples: [[["https://", "a", ".", "shop", ".", "example"]]] },
    );
  });
});

/** Decided by the URL parser, not by text. */
function hasOneLabelBefore(origin: string, domain: string): boolean {
  if (!URL.canParse(origin)) return false;
  const url = new URL(origin);
  if (url.protocol !== "https:" || url.origin !== origin) return false;
  const labels = url.hostname.split(".");
  return labels.length === 3 && labels[0] !== "" && labels.slice(1).join(".") === domain;
}
