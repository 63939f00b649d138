import { readFileSync } from "node:fs";
import { createServer, request as httpsRequest } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import request from "supertest";
import { describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import type { Decision } from "../../core/decision/decision.js";
import { decisionsOf } from "../../core/decision/decision.js";
import { secureHeaders } from "../secure-headers.js";
import type { SecureHeadersOptions } from "../secure-headers-options.js";

const APP = "https://app.example.com";
const EVIL = "https://evil.example";
const COOKIE = { Cookie: "sid=1" };
const CROSS = { "Sec-Fetch-Site": "cross-site" };

describe.each(expressVersions)("the cross-origin guard on Express %s", (_major, express) => {
  function appWith(options: SecureHeadersOptions, trustProxy?: string) {
    const decisions: (readonly Decision[])[] = [];
    const app = express();
    if (trustProxy !== undefined) app.set("trust proxy", trustProxy);
    app.use((req, _res, next) => {
      decisions.push(decisionsOf(req));
      next();
    });
    app.use(secureHeaders(options));
    app.use((_req, res) => void res.json({ ok: true }));
    return { app, decisions };
  }
  const withCredentials: SecureHeadersOptions = { cors: { origins: [APP], credentials: true } };
  const withoutCredentials: SecureHeadersOptions = { cors: { origins: [APP] } };

  it.each<[string, SecureHeadersOptions, Record<string, string>, string]>([
    ["from another site", withCredentials, { ...COOKIE, ...CROSS, Origin: EVIL }, "cross_site"],
    [
      "from another site that hides its origin",
      withCredentials,
      { ...COOKIE, ...CROSS, Origin: "null" },
      "null_origin",
    ],
    ["from another site without Origin", withCredentials, { ...COOKIE, ...CROSS }, "cross_site"],
    [
      "from a sibling subdomain",
      withCredentials,
      { ...COOKIE, "Sec-Fetch-Site": "same-site", Origin: "https://blog.example.com" },
      "same_site",
    ],
    [
      "with an unknown site value",
      withCredentials,
      { ...COOKIE, "Sec-Fetch-Site": "elsewhere" },
      "cross_site",
    ],
    [
      "with an empty site value",
      withCredentials,
      { ...COOKIE, "Sec-Fetch-Site": "" },
      "cross_site",
    ],
    [
      "with a site field twice",
      withCredentials,
      { ...COOKIE, "Sec-Fetch-Site": "same-origin, cross-site" },
      "cross_site",
    ],
    [
      "from an old browser on another site",
      withCredentials,
      { ...COOKIE, Origin: EVIL },
      "origin_mismatch",
    ],
    [
      "from an old browser that hides its origin",
      withCredentials,
      { ...COOKIE, Origin: "null" },
      "null_origin",
    ],
    [
      "with two origins",
      withCredentials,
      { ...COOKIE, Origin: `${APP}, ${EVIL}` },
      "origin_mismatch",
    ],
    [
      "with userinfo before its own host",
      withCredentials,
      { ...COOKIE, Host: "api.example.com", Origin: "http://evil@api.example.com" },
      "origin_mismatch",
    ],
    [
      "from its own host on another port",
      withCredentials,
      { ...COOKIE, Host: "api.example.com", Origin: "http://api.example.com:8080" },
      "origin_mismatch",
    ],
    [
      "from its own host by an untrusted proxy's word",
      withCredentials,
      { ...COOKIE, "X-Forwarded-Host": "evil.example", Origin: EVIL },
      "origin_mismatch",
    ],
    [
      "with Basic authentication",
      withCredentials,
      { Authorization: "Basic dTpw", ...CROSS },
      "cross_site",
    ],
    [
      "with basic authentication in lower case",
      withCredentials,
      { Authorization: "basic dTpw", ...CROSS },
      "cross_site",
    ],
    [
      "with Digest authentication",
      withCredentials,
      { Authorization: 'Digest username="u"', ...CROSS },
      "cross_site",
    ],
    [
      "with Negotiate authentication",
      withCredentials,
      { Authorization: "Negotiate YII", ...CROSS },
      "cross_site",
    ],
    [
      "with NTLM authentication",
      withCredentials,
      { Authorization: "NTLM TlRM", ...CROSS },
      "cross_site",
    ],
    [
      "with a certificate that a proxy has checked",
      withCredentials,
      { "Client-Cert": ":MIIB:", ...CROSS },
      "cross_site",
    ],
    [
      "with a bearer token and a cookie",
      withCredentials,
      { ...COOKIE, Authorization: "Bearer t", ...CROSS },
      "cross_site",
    ],
    [
      "from a listed origin without credentials",
      withoutCredentials,
      { ...COOKIE, ...CROSS, Origin: APP },
      "credentials_not_allowed",
    ],
    [
      "from anywhere when origins is *",
      { cors: { origins: "*" } },
      { ...COOKIE, ...CROSS, Origin: EVIL },
      "credentials_not_allowed",
    ],
    [
      "from another site without any cors",
      { crossOriginGuard: true },
      { ...COOKIE, ...CROSS, Origin: EVIL },
      "cross_site",
    ],
    [
      "from another site with guard options alone",
      { crossOriginGuard: {} },
      { ...COOKIE, ...CROSS, Origin: EVIL },
      "cross_site",
    ],
  ])("refuses an unsafe request %s", async (_title, options, headers, reason) => {
    const { app, decisions } = appWith(options);
    const answer = await request(app).post("/").set(headers).expect(403);
    expect(answer.headers["content-type"]).toBe("application/problem+json");
    expect(answer.headers["cache-control"]).toBe("no-store");
    expect(answer.body.code).toBe("cross_origin_blocked");
    expect(decisions[0]).toMatchObject([
      {
        guard: "secureHeaders",
        outcome: "deny",
        enforced: true,
        code: "cross_origin_blocked",
        reason,
        status: 403,
      },
    ]);
  });

  it.each<[string, SecureHeadersOptions, Record<string, string>]>([
    [
      "from a listed origin with credentials",
      withCredentials,
      { ...COOKIE, ...CROSS, Origin: APP },
    ],
    ["from a listed origin in an old browser", withCredentials, { ...COOKIE, Origin: APP }],
    ["from its own page", withCredentials, { ...COOKIE, "Sec-Fetch-Site": "same-origin" }],
    [
      "from its own page that hides its origin",
      withCredentials,
      { ...COOKIE, "Sec-Fetch-Site": "same-origin", Origin: "null" },
    ],
    ["from the address bar", withCredentials, { ...COOKIE, "Sec-Fetch-Site": "none" }],
    [
      "from its own page in an old browser",
      withCredentials,
      { ...COOKIE, Host: "api.example.com:3000", Origin: "http://api.example.com:3000" },
    ],
    [
      "from its own page behind TLS that nobody told us of",
      withCredentials,
      { ...COOKIE, Host: "api.example.com", Origin: "https://api.example.com" },
    ],
    ["from no browser", withCredentials, COOKIE],
    ["from Node's fetch", withCredentials, { ...COOKIE, "Sec-Fetch-Mode": "cors" }],
    [
      "with a bearer token alone, from anywhere",
      withCredentials,
      { Authorization: "Bearer t", ...CROSS, Origin: EVIL },
    ],
    [
      "with a bearer token from a listed origin",
      withoutCredentials,
      { Authorization: "Bearer t", ...CROSS, Origin: APP },
    ],
    ["with nothing, from anywhere", withCredentials, { ...CROSS, Origin: EVIL }],
    [
      "from anywhere, guard off",
      { ...withCredentials, crossOriginGuard: false },
      { ...COOKIE, ...CROSS, Origin: EVIL },
    ],
    ["from anywhere, neither cors nor guard given", {}, { ...COOKIE, ...CROSS, Origin: EVIL }],
  ])("lets an unsafe request pass %s", async (_title, options, headers) => {
    const { app } = appWith(options);
    await request(app).post("/").set(headers).expect(200);
  });

  it.each(["post", "put", "patch", "delete"] as const)("counts %s as unsafe", async (method) => {
    const { app } = appWith(withCredentials);
    await request(app)
      [method]("/")
      .set({ ...COOKIE, ...CROSS })
      .expect(403);
  });

  it("counts QUERY as unsafe", async () => {
    const { app } = appWith(withCredentials);
    const spoofed = express().use((req, res) => {
      req.method = "QUERY";
      app(req, res);
    });
    await request(spoofed)
      .post("/")
      .set({ ...COOKIE, ...CROSS })
      .expect(403);
  });

  it.each(["get", "head", "options", "trace"] as const)("counts %s as safe", async (method) => {
    const { app } = appWith(withCredentials);
    await request(app)
      [method]("/")
      .set({ ...COOKIE, ...CROSS, Origin: EVIL })
      .expect(200);
  });

  it.each<[string, string, Record<string, string>]>([
    ["X-HTTP-Method-Override", "/", { "X-HTTP-Method-Override": "DELETE" }],
    ["X-HTTP-Method", "/", { "X-HTTP-Method": "DELETE" }],
    ["X-Method-Override", "/", { "X-Method-Override": "DELETE" }],
    ["_method in the query", "/?_method=DELETE", {}],
    ["_method, encoded", "/?a=1&%5F%6dethod=DELETE", {}],
    ["_method behind a broken escape", "/?a=%zz%e9&_method=DELETE", {}],
    ["_method as a list", "/?_method[]=DELETE", {}],
    ["_method in brackets", "/?[_method]=DELETE", {}],
  ])("counts GET with %s as unsafe", async (_title, path, headers) => {
    const { app } = appWith(withCredentials);
    await request(app)
      .get(path)
      .set({ ...COOKIE, ...CROSS, ...headers })
      .expect(403);
  });

  it("takes the host from a trusted proxy", async () => {
    const headers = {
      ...COOKIE,
      Host: "10.0.0.7:3000",
      "X-Forwarded-Host": "api.example.com, inner",
      "X-Forwarded-Proto": "https",
    };
    const { app } = appWith(withCredentials, "loopback");
    await request(app)
      .post("/")
      .set({ ...headers, Origin: "https://api.example.com" })
      .expect(200);
    await request(app)
      .post("/")
      .set({ ...headers, Origin: "http://api.example.com" })
      .expect(403);
    await request(app)
      .post("/")
      .set({ ...headers, Origin: "https://10.0.0.7:3000" })
      .expect(403);
  });

  it("lets exempt paths pass, in their exact spelling only", async () => {
    const { app, decisions } = appWith({
      crossOriginGuard: { exempt: ["POST /payments/return", "/hooks/*"] },
    });
    const headers = { ...COOKIE, ...CROSS, Origin: EVIL };
    await request(app).post("/payments/return").set(headers).expect(200);
    await request(app).post("/hooks/a/b").set(headers).expect(200);
    expect(decisions[0]).toMatchObject([{ outcome: "allow", reason: "exempt_path" }]);
    await request(app).put("/payments/return").set(headers).expect(403);
    for (const path of [
      "/payments/return/",
      "/Payments/return",
      "//payments/return",
      "/payments/%72eturn",
      "/hooks/../orders",
      "/hooks/%2e%2e/orders",
    ]) {
      await request(app).post(path).set(headers).expect(403);
    }
    await request(app)
      .post("/hooks/a")
      .set({ ...headers, "X-HTTP-Method-Override": "DELETE" })
      .expect(403);
  });

  describe("on the paths of always", () => {
    const login: SecureHeadersOptions = { crossOriginGuard: { always: ["POST /login"] } };
    const foreign = { ...CROSS, Origin: EVIL };

    it.each<[string, string, Record<string, string>, string]>([
      ["without any credential", "/login", foreign, "cross_site"],
      ["without Sec-Fetch-Site", "/login", { Origin: EVIL }, "origin_mismatch"],
      ["from a sibling subdomain", "/login", { "Sec-Fetch-Site": "same-site" }, "same_site"],
      ["from a sandboxed frame", "/login", { ...CROSS, Origin: "null" }, "null_origin"],
      ["with a bearer token", "/login", { ...foreign, Authorization: "Bearer t" }, "cross_site"],
      ["in other letters", "/LOGIN", foreign, "cross_site"],
      ["with a slash at the end", "/login/", foreign, "cross_site"],
      ["with two slashes", "//login", foreign, "cross_site"],
      ["encoded", "/%6Cogin", foreign, "cross_site"],
      ["with a query", "/login?next=/", foreign, "cross_site"],
    ])("refuses a request of another site %s", async (_title, path, headers, reason) => {
      const { app, decisions } = appWith(login);
      const answer = await request(app).post(path).set(headers).expect(403);
      expect(answer.headers["content-type"]).toBe("application/problem+json");
      expect(answer.body.code).toBe("cross_origin_blocked");
      expect(decisions[0]).toMatchObject([{ outcome: "deny", enforced: true, reason }]);
    });

    it.each<[string, "get" | "post" | "put", string, Record<string, string>]>([
      ["its own page", "post", "/login", { "Sec-Fetch-Site": "same-origin" }],
      ["the address bar", "post", "/login", { "Sec-Fetch-Site": "none" }],
      ["no browser", "post", "/login", {}],
      ["another site, to another path", "post", "/orders", foreign],
      ["another site, below the path", "post", "/login/help", foreign],
      ["another site, with another method", "put", "/login", foreign],
      ["another site, with a safe method", "get", "/login", foreign],
    ])("lets a request of %s pass", async (_title, method, path, headers) => {
      const { app } = appWith(login);
      await request(app)[method](path).set(headers).expect(200);
    });

    it("refuses a GET that names the method otherwise", async () => {
      const { app } = appWith(login);
      await request(app).get("/login?_method=POST").set(foreign).expect(403);
      await request(app)
        .get("/login")
        .set({ ...foreign, "X-HTTP-Method-Override": "POST" })
        .expect(403);
    });

    it("still looks at credentials on all other paths", async () => {
      const { app } = appWith(login);
      await request(app)
        .post("/orders")
        .set({ ...COOKIE, ...foreign })
        .expect(403);
    });

    it.each<[string, SecureHeadersOptions["cors"], number]>([
      ["lets listed origins with credentials pass", { origins: [APP], credentials: true }, 200],
      ["refuses listed origins without credentials", { origins: [APP] }, 403],
      ["refuses everybody with origins *", { origins: "*" }, 403],
    ])("%s", async (_title, cors, status) => {
      const { app } = appWith({ cors, crossOriginGuard: { always: "/login" } });
      await request(app)
        .post("/login")
        .set({ ...CROSS, Origin: APP })
        .expect(status);
    });

    it("makes the exceptions of exempt", async () => {
      const guard = { always: "/account/*", exempt: "POST /account/saml" };
      const { app, decisions } = appWith({ crossOriginGuard: guard });
      await request(app).post("/account/saml").set(foreign).expect(200);
      await request(app).post("/account/login").set(foreign).expect(403);
      expect(decisions[0]).toMatchObject([{ outcome: "allow", reason: "exempt_path" }]);
    });

    it("holds below the path of a router", async () => {
      const app = express().use(
        "/shop",
        secureHeaders({ crossOriginGuard: { always: "/shop/login" } }),
      );
      app.use((_req, res) => void res.json({ ok: true }));
      await request(app).post("/shop/login").set(foreign).expect(403);
    });

    it("warns once of patterns that no request can match where it is mounted", async () => {
      const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
      const app = express().use("/shop", secureHeaders(login));
      app.use((_req, res) => void res.json({ ok: true }));
      for (const _ of [1, 2]) await request(app).post("/shop/login").set(foreign).expect(200);
      const told = warned.mock.calls.map(([message, options]) => [message, options]);
      warned.mockRestore();
      expect(told).toEqual([
        [
          expect.stringContaining("secureHeaders: no request can match these patterns"),
          { code: "EXPRESS_SECURE_API_UNREACHABLE_PATTERN", type: "SecurityWarning" },
        ],
      ]);
    });

    it("refuses nothing in report mode and records what it would have refused", async () => {
      const { app, decisions } = appWith({ ...login, mode: "report" });
      await request(app).post("/login").set(foreign).expect(200);
      expect(decisions[0]).toMatchObject([
        { outcome: "deny", enforced: false, code: "cross_origin_blocked", reason: "cross_site" },
      ]);
    });
  });

  it("tells a listed page about the refusal, and no other", async () => {
    const { app } = appWith(withoutCredentials);
    await request(app)
      .post("/")
      .set({ ...COOKIE, ...CROSS, Origin: APP })
      .expect(403)
      .expect("Access-Control-Allow-Origin", APP);
    const foreign = await request(app)
      .post("/")
      .set({ ...COOKIE, ...CROSS, Origin: EVIL })
      .expect(403);
    expect(foreign.headers["access-control-allow-origin"]).toBeUndefined();
  });

  it("does not take a form post for a page that wants to read the answer", async () => {
    const { app, decisions } = appWith({
      cors: { origins: [APP] },
      crossOriginGuard: { exempt: "POST /payments/return" },
    });
    const headers = { ...COOKIE, ...CROSS, Origin: EVIL };
    await request(app)
      .post("/payments/return")
      .set({ ...headers, "Sec-Fetch-Mode": "navigate" });
    await request(app)
      .post("/payments/return")
      .set({ ...headers, "Sec-Fetch-Mode": "cors" });
    expect(decisions).toMatchObject([
      [{ reason: "exempt_path" }],
      [{ reason: "response_not_shared" }],
    ]);
  });

  it("records one decision about an unsafe request that it let pass", async () => {
    const { app, decisions } = appWith({ crossOriginGuard: true });
    await request(app)
      .post("/")
      .set({ Authorization: "Bearer t", ...CROSS })
      .expect(200);
    await request(app)
      .get("/")
      .set({ ...COOKIE, ...CROSS })
      .expect(200);
    expect(decisions).toMatchObject([[{ outcome: "allow", reason: "no_ambient_credential" }], []]);
  });

  it("refuses nothing in report mode and records what it would have refused", async () => {
    const { app, decisions } = appWith({ ...withCredentials, mode: "report" });
    await request(app)
      .post("/")
      .set({ ...COOKIE, ...CROSS, Origin: EVIL })
      .expect(200);
    expect(decisions[0]).toMatchObject([
      {
        outcome: "deny",
        enforced: false,
        code: "cross_origin_blocked",
        reason: "cross_site",
        status: 403,
        first: true,
      },
    ]);
  });

  it("counts a client certificate as an ambient credential", async () => {
    const { app } = appWith(withCredentials);
    const folder = join(process.cwd(), "src/secure-headers/fixtures");
    const key = readFileSync(join(folder, "test-key.pem"));
    const cert = readFileSync(join(folder, "test-certificate.pem"));
    const server = createServer(
      { key, cert, ca: cert, requestCert: true, rejectUnauthorized: false },
      app as never,
    );
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const { port } = server.address() as AddressInfo;
    const post = (identity: object): Promise<number | undefined> =>
      new Promise((done, fail) => {
        const target = {
          port,
          host: "127.0.0.1",
          method: "POST",
          path: "/",
          headers: { ...CROSS, "content-length": 0 },
        };
        httpsRequest(
          { ...target, ca: cert, servername: "api.example.com", agent: false, ...identity },
          (answer) => {
            answer.resume().on("end", () => done(answer.statusCode));
          },
        )
          .on("error", fail)
          .end();
      });
    try {
      expect(await post({ key, cert })).toBe(403);
      expect(await post({})).toBe(200);
    } finally {
      server.close();
    }
  });
});
