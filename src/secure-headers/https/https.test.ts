import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer as createHttpServer, request as httpRequest, type Server } from "node:http";
import { createServer as createTlsServer, request as httpsRequest } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { Request } from "express";
import request from "supertest";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import { http2Request, http2Server } from "../../../test/support/http2.js";
import { type Decision, decisionsOf } from "../../core/decision/decision.js";
import { secureApi } from "../../secure-api/index.js";
import { createTestIssuer } from "../../testing/index.js";
import { secureHeaders } from "../secure-headers.js";
import type { SecureHeadersOptions } from "../secure-headers-options.js";
import type { HttpsOptions } from "./https-options.js";

const HOST = "api.example.com";
// Others may come late, of functions that took too long in an earlier test.
const NOT_CONFIRMED = "EXPRESS_SECURE_API_TLS_NOT_CONFIRMED";
const BROWSER = {
  Accept: "text/html,application/xhtml+xml,*/*;q=0.8",
  "Upgrade-Insecure-Requests": "1",
};
const PROGRAM = { Accept: "*/*" };

describe.each(expressVersions)("https on Express %s", (_major, express) => {
  let warnings: string[];

  beforeEach(() => {
    warnings = [];
    vi.spyOn(process, "emitWarning").mockImplementation((_warning, options) => {
      warnings.push((options as { code: string }).code);
    });
  });
  afterEach(() => vi.restoreAllMocks());

  function appWith(
    https: HttpsOptions = { host: HOST },
    options: SecureHeadersOptions = {},
    trustProxy?: unknown,
  ) {
    const decisions: (readonly Decision[])[] = [];
    const app = express();
    if (trustProxy !== undefined) app.set("trust proxy", trustProxy);
    app.use((req, _res, next) => {
      decisions.push(decisionsOf(req));
      next();
    });
    app.use(secureHeaders({ https, ...options }));
    app.use((_req, res) => void res.json({ ok: true }));
    return { app, decisions };
  }

  describe("with the policy hybrid", () => {
    it.each(["get", "head"] as const)(
      "redirects a browser that opens a page: %s",
      async (method) => {
        const { app, decisions } = appWith();
        const answer = await request(app)[method]("/docs/a?b=c%20d").set(BROWSER).expect(308);
        expect(answer.headers["location"]).toBe("https://api.example.com/docs/a?b=c%20d");
        expect(answer.headers["cache-control"]).toBe("no-store");
        expect(answer.headers["x-content-type-options"]).toBe("nosniff");
        expect(answer.headers["strict-transport-security"]).toBeUndefined();
        expect(decisions[0]).toEqual([
          {
            guard: "secureHeaders",
            outcome: "deny",
            enforced: true,
            code: "https_required",
            status: 308,
            reason: "redirected_to_https",
          },
        ]);
      },
    );

    it.each<[string, "get" | "post" | "put" | "delete" | "options", Record<string, string>]>([
      ["a program", "get", PROGRAM],
      ["a program without Accept", "get", { Accept: "" }],
      ["a script of a page", "get", { ...PROGRAM, Origin: "http://app.example.com" }],
      ["a script that wants HTML", "get", { ...BROWSER, "X-Requested-With": "XMLHttpRequest" }],
      ["a form", "post", BROWSER],
      [
        "a preflight",
        "options",
        { Origin: "https://a.example", "Access-Control-Request-Method": "PUT" },
      ],
      [
        "a request that names another method",
        "get",
        { ...BROWSER, "X-HTTP-Method-Override": "DELETE" },
      ],
      ["PUT", "put", BROWSER],
      ["DELETE", "delete", BROWSER],
    ])("refuses %s with 403", async (_title, method, headers) => {
      const { app, decisions } = appWith(
        { host: HOST },
        { cors: { origins: "https://a.example" } },
      );
      const answer = await request(app)[method]("/").set(headers).expect(403);
      expect(answer.body.code).toBe("https_required");
      expect(answer.headers["location"]).toBeUndefined();
      expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
      expect(decisions[0]).toMatchObject([{ code: "https_required", reason: "plain_http" }]);
    });

    it("refuses a GET with content, which it does not read", async () => {
      const { app } = appWith();
      await request(app).get("/").set(BROWSER).send({ a: 1 }).expect(403);
    });

    it("takes the host from the options, whatever the request says", async () => {
      const { app } = appWith({ host: "api.example.com:8443" }, {}, "loopback");
      const answer = await request(app)
        .get("/x")
        .set({
          ...BROWSER,
          Host: "evil.example",
          "X-Forwarded-Host": "evil.example",
          "X-Forwarded-Proto": "http",
        })
        .expect(308);
      expect(answer.headers["location"]).toBe("https://api.example.com:8443/x");
    });
  });

  it("redirects every GET and HEAD with the policy redirect, and refuses the rest", async () => {
    const { app } = appWith({ policy: "redirect", host: HOST });
    const answer = await request(app).get("/a").set(PROGRAM).expect(308);
    expect(answer.headers["location"]).toBe("https://api.example.com/a");
    await request(app).head("/a").set(PROGRAM).expect(308);
    await request(app).post("/a").set(BROWSER).send({ a: 1 }).expect(403);
    await request(app).options("/a").expect(403);
  });

  it("redirects nothing with the policy reject", async () => {
    const { app } = appWith({ policy: "reject" });
    const answer = await request(app).get("/").set(BROWSER).expect(403);
    expect(answer.body.code).toBe("https_required");
  });

  describe("a credential in plain text", () => {
    it.each<[string, string, Record<string, string>]>([
      ["a bearer token", "/", { Authorization: "Bearer t" }],
      ["a cookie", "/", { Cookie: "sid=1" }],
      ["a key", "/", { "X-API-Key": "k" }],
      ["a token in the query", "/?access_token=t", {}],
      ["a token in the query, encoded", "/?a=1&acc%65ss_token=t", {}],
      ["a key in the query", "/?API_KEY=t", {}],
      ["a list of tokens in the query", "/?access_token[]=t", {}],
      ["a token in the query, as qs reads it", "/?a=1&%5Baccess_token%5D=t", {}],
      ["a token in an object in the query", "/?auth[access_token]=t", {}],
    ])("is refused, never redirected, and told of: %s", async (_title, path, headers) => {
      const told: string[] = [];
      const { app, decisions } = appWith({
        policy: "redirect",
        host: HOST,
        onPlaintextCredential: (req) => void told.push(req.originalUrl),
      });
      const answer = await request(app)
        .get(path)
        .set({ ...BROWSER, ...headers })
        .expect(403);
      expect(answer.headers["location"]).toBeUndefined();
      expect(answer.body.code).toBe("https_required");
      expect(decisions[0]).toMatchObject([{ reason: "plaintext_credential" }]);
      expect(told).toEqual([path]);
    });

    it.each<[string, (req: Request) => void | Promise<void>]>([
      [
        "throws",
        () => {
          throw new Error("the database is gone");
        },
      ],
      ["is rejected", async () => Promise.reject(new Error("the database is gone"))],
      ["never answers", () => new Promise<void>(() => undefined)],
      ["returns something else", () => ({ then: 1 }) as never],
    ])("is refused when the function of the app %s", async (_title, onPlaintextCredential) => {
      const { app } = appWith({ host: HOST, onPlaintextCredential });
      await request(app).get("/").set("Authorization", "Bearer t").expect(403);
      await request(app).get("/").set("Authorization", "Bearer t").expect(403);
    });

    it("is not told of where a proxy may have ended TLS: all tokens would be revoked", async () => {
      const tell = vi.fn();
      const { app } = appWith({ host: HOST, onPlaintextCredential: tell });
      const headers = { Authorization: "Bearer t", "X-Forwarded-Proto": "https" };
      await request(app).get("/").set(headers).expect(403);
      expect(tell).not.toHaveBeenCalled();
    });
  });

  describe("behind a proxy", () => {
    it("lets pass what a trusted proxy says came over TLS", async () => {
      const { app, decisions } = appWith({ host: HOST }, {}, "loopback");
      const headers = { Authorization: "Bearer t", "X-Forwarded-Proto": "https" };
      await request(app).get("/").set(headers).expect(200);
      await request(app).post("/").set(headers).expect(200);
      expect(decisions.flat()).toEqual([]);
    });

    it("redirects what a trusted proxy says came in plain text", async () => {
      const { app } = appWith({ host: HOST }, {}, 1);
      const headers = { ...BROWSER, "X-Forwarded-Proto": "http", "X-Forwarded-For": "192.0.2.1" };
      await request(app).get("/").set(headers).expect(308);
    });

    it.each<[string, Record<string, string>, unknown?]>([
      ["X-Forwarded-Proto without trust", { "X-Forwarded-Proto": "https" }],
      ["X-Forwarded-Proto in capitals", { "X-Forwarded-Proto": "HTTPS" }, "loopback"],
      ["Forwarded", { Forwarded: 'for=192.0.2.1;proto="https"' }, "loopback"],
      ["X-Forwarded-Ssl", { "X-Forwarded-Ssl": "on" }, "loopback"],
      ["CloudFront-Forwarded-Proto", { "CloudFront-Forwarded-Proto": "https" }],
      ["CF-Visitor", { "CF-Visitor": '{"scheme":"https"}' }],
      ["X-ARR-SSL", { "X-ARR-SSL": "2048|256|CN=x" }],
      ["Fastly-SSL", { "Fastly-SSL": "1" }],
      ["X-Scheme", { "X-Scheme": "https", "X-Forwarded-Proto": "http" }, "loopback"],
      [
        "a load balancer before a proxy that replaces its word",
        { "X-Forwarded-Port": "443", "X-Forwarded-Proto": "http", "X-Forwarded-For": "192.0.2.1" },
        "loopback",
      ],
      ["a proxy that only names itself", { Via: "1.1 varnish" }],
      ["a load balancer that only traces", { "X-Amzn-Trace-Id": "Root=1-67891233-abc" }],
      ["a proxy that says nothing of it", { "X-Forwarded-For": "192.0.2.1" }, "loopback"],
      ["a proxy that says nothing of it, untrusted", { "X-Real-IP": "192.0.2.1" }],
      [
        "what browsers send over TLS only",
        { "Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate" },
      ],
    ])("redirects nothing without end: %s", async (_title, headers, trustProxy) => {
      const { app, decisions } = appWith(
        { policy: "redirect", host: HOST },
        { hsts: false },
        trustProxy,
      );
      for (const _time of [1, 2]) {
        const answer = await request(app)
          .get("/")
          .set({ ...BROWSER, ...headers })
          .expect(403);
        expect(answer.body.code).toBe("https_required");
      }
      expect(decisions[0]).toMatchObject([{ reason: "tls_not_confirmed" }]);
      expect(warnings.filter((code) => code === NOT_CONFIRMED)).toHaveLength(1);
    });

    it("redirects nothing to a proxy that speaks HTTP/1.0, as nginx does by default", async () => {
      const { app } = appWith({ policy: "redirect", host: HOST }, { hsts: false });
      const server = createHttpServer(app).listen(0, "127.0.0.1");
      await once(server, "listening");
      const answerTo = async (head: string): Promise<string> => {
        const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
        socket.write(`GET / HTTP/1.0\r\nHost: backend\r\nConnection: close\r\n${head}\r\n`);
        return text(socket);
      };
      try {
        expect(await answerTo("")).toMatch(/^HTTP\/1\.1 403 /);
        expect(warnings.filter((code) => code === NOT_CONFIRMED)).toHaveLength(1);
        // It says what it spoke.
        expect(await answerTo("X-Forwarded-Proto: http\r\n")).toMatch(/^HTTP\/1\.1 308 /);
      } finally {
        server.close();
      }
    });

    it("believes no client that is no trusted proxy", async () => {
      const { app } = appWith({ host: HOST }, {}, "10.0.0.0/8");
      await request(app).post("/").set("X-Forwarded-Proto", "https").expect(403);
    });
  });

  it("answers exempt paths over plain HTTP, in their exact spelling", async () => {
    const { app, decisions } = appWith({
      host: HOST,
      exempt: ["GET /healthz", "/.well-known/acme-challenge/*"],
    });
    await request(app).get("/healthz").set("Authorization", "Bearer t").expect(200);
    await request(app).get("/.well-known/acme-challenge/abc").expect(200);
    expect(decisions.flat()).toEqual([]);
    for (const path of ["/healthz/", "/HEALTHZ", "//healthz", "/x/../healthz"])
      await request(app).get(path).set(PROGRAM).expect(403);
    await request(app).post("/healthz").expect(403);
  });

  describe("puts only what is safe into Location", () => {
    let server: Server;
    afterEach(() => {
      server.closeAllConnections();
      server.close();
    });

    async function raw(target: string): Promise<string> {
      const { app } = appWith();
      server = createHttpServer(app).listen(0, "127.0.0.1");
      await once(server, "listening");
      const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
      socket.end(
        Buffer.from(
          `GET ${target} HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\nConnection: close\r\n\r\n`,
          "latin1",
        ),
      );
      return text(socket);
    }

    it.each([
      ["//evil.example/a", "https://api.example.com//evil.example/a"],
      ["/\\evil.example", "https://api.example.com/%5Cevil.example"],
      ["/@evil.example", "https://api.example.com/@evil.example"],
      ["/a%0d%0aSet-Cookie:x", "https://api.example.com/a%0d%0aSet-Cookie:x"],
      ['/"<b>', "https://api.example.com/%22%3Cb%3E"],
      ["http://evil.example/a?b", "https://api.example.com/a?b"],
      ["http://evil.example?b", "https://api.example.com/?b"],
    ])("%s", async (target, location) => {
      const answer = await raw(target);
      expect(answer).toMatch(/^HTTP\/1\.1 308 /);
      expect(answer.split("\r\n").filter((line) => /^location:/i.test(line))).toEqual([
        `Location: ${location}`,
      ]);
      expect(new URL(location).host).toBe(HOST);
    });

    it.each([
      ["/caf\u00e9", "/caf%E9"],
      ["/a b\r\nSet-Cookie: x", "/a%20b%0D%0ASet-Cookie:%20x"],
      ["/\u{1f600}\ud800", "/%F0%9F%98%80%EF%BF%BD"],
    ])("encodes what something in front made of the URL: %j", async (url, path) => {
      const { app } = appWith();
      server = createHttpServer((req, res) => {
        req.url = url;
        app(req, res);
      });
      const answer = await request(server).get("/").set(BROWSER).expect(308);
      expect(answer.headers["location"]).toBe(`https://api.example.com${path}`);
    });

    it("keeps the whole path below a mount", async () => {
      const app = express();
      app.use("/v1", secureHeaders({ https: { host: HOST } }));
      const answer = await request(app).get("/v1/a?b").set(BROWSER).expect(308);
      expect(answer.headers["location"]).toBe("https://api.example.com/v1/a?b");
      server = createHttpServer(app);
    });
  });

  it("lets pass what came over TLS, without asking a proxy", async () => {
    const read = (name: string) => readFileSync(join(__dirname, "../fixtures", name));
    const [key, cert] = [read("test-key.pem"), read("test-certificate.pem")];
    const server = createTlsServer({ key, cert }, appWith().app).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const sent = httpsRequest({
      port,
      host: "127.0.0.1",
      rejectUnauthorized: false,
      method: "POST",
    });
    sent.end();
    const [answer] = await once(sent, "response");
    expect(answer.statusCode).toBe(200);
    answer.resume();
    server.close();
    server.closeAllConnections();
  });

  it("judges a Unix socket by what its proxy says", async () => {
    const folder = mkdtempSync(join(tmpdir(), "https-"));
    const socketPath = join(folder, "s");
    try {
      for (const [trust, proto, status] of [
        [1, "https", 200],
        [1, "http", 308],
        ["loopback", "https", 403],
      ] as const) {
        const server = createHttpServer(appWith({ host: HOST }, {}, trust).app).listen(socketPath);
        await once(server, "listening");
        const headers = { ...BROWSER, "X-Forwarded-Proto": proto, Host: HOST };
        const sent = httpRequest({ socketPath, headers, agent: false });
        sent.end();
        const [answer] = await once(sent, "response");
        answer.resume();
        expect([trust, proto, answer.statusCode]).toEqual([trust, proto, status]);
        server.closeAllConnections();
        server.close();
        await once(server, "close");
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("judges HTTP/2 as well, and takes its https scheme for a proxy's word", async () => {
    const server = http2Server(appWith({ host: HOST }).app);
    try {
      const plain = { ":path": "/a", ":method": "GET", accept: "text/html" };
      const redirected = await http2Request(server, plain);
      expect([redirected.status, redirected.headers["location"]]).toEqual([
        308,
        "https://api.example.com/a",
      ]);
      const refused = await http2Request(server, { ...plain, ":scheme": "https" });
      expect(refused.status).toBe(403);
      expect(JSON.parse(refused.body).code).toBe("https_required");
    } finally {
      server.close();
    }
  });

  it("refuses nothing in report mode, tells the app nothing, and records what it would do", async () => {
    const tell = vi.fn();
    const { app, decisions } = appWith(
      { host: HOST, onPlaintextCredential: tell },
      { mode: "report", hosts: "api.example.com" },
    );
    await request(app)
      .get("/")
      .set({ ...BROWSER, Host: HOST })
      .expect(200, { ok: true });
    await request(app)
      .get("/")
      .set({ Authorization: "Bearer t", Host: "evil.example" })
      .expect(200);
    expect(tell).not.toHaveBeenCalled();
    expect(decisions).toMatchObject([
      [
        {
          enforced: false,
          code: "https_required",
          status: 308,
          reason: "redirected_to_https",
          first: true,
        },
      ],
      [
        { enforced: false, status: 403, reason: "plaintext_credential", first: true },
        { enforced: false, code: "misdirected_request", follows: "secureHeaders" },
      ],
    ]);
  });

  it("refuses before anything else of the preset reads the request", async () => {
    const limits = vi.fn(() => "key");
    const app = express();
    app.use(
      secureApi({
        auditLog: false,
        oauthGuard: createTestIssuer().options(),
        secureHeaders: { https: { policy: "reject" }, cors: { origins: "https://a.example" } },
        rateLimit: { limit: 1, window: "1m", key: limits, phase: "before-auth" },
        jsonBody: {},
        publicRoutes: ["GET /health"],
      }),
    );
    app.use((_req, res) => void res.end());
    const answer = await request(app).post("/orders").send({ a: 1 }).expect(403);
    expect(answer.body.code).toBe("https_required");
    await request(app).get("/health").expect(403);
    const preflight = { Origin: "https://a.example", "Access-Control-Request-Method": "PUT" };
    await request(app).options("/orders").set(preflight).expect(403);
    expect(limits).not.toHaveBeenCalled();
  });
});

describe("the options of https", () => {
  it.each<[unknown, string]>([
    [undefined, "secureHeaders.https must not be undefined: is it read from a variable"],
    [
      true,
      'secureHeaders.https must be false or an options object, got true: write https: { host: "api.example.com" }',
    ],
    [
      "redirect",
      "secureHeaders.https must be false or an options object, got a string of 8 characters",
    ],
    [{}, "secureHeaders.https.host must be a host"],
    [{ host: undefined }, "secureHeaders.https.host must not be undefined"],
    [
      { host: "https://api.example.com/" },
      'secureHeaders.https.host must be a host without scheme and path: write "api.example.com"',
    ],
    [
      { host: "api.example.com:443" },
      'secureHeaders.https.host must leave the ports of URLs out: write "api.example.com"',
    ],
    [{ host: "*.example.com" }, 'secureHeaders.https.host must be one host, without "*"'],
    [{ host: "localhost:*" }, 'secureHeaders.https.host must be one host, without "*"'],
    [
      { host: "API.example.com" },
      'secureHeaders.https.host must be a host as browsers send it: write "api.example.com"',
    ],
    [
      { policy: "reject", host: "api.example.com" },
      'secureHeaders.https.host must be left out with policy: "reject"',
    ],
    [
      { policy: "strict", host: "api.example.com" },
      'secureHeaders.https.policy must be one of "hybrid", "redirect", "reject"',
    ],
    [
      { host: "api.example.com", exempt: "/*" },
      'secureHeaders.https.exempt must not cover every route, as "/*" does: write https: false',
    ],
    [
      { host: "api.example.com", onPlaintextCredential: "revoke" },
      "secureHeaders.https.onPlaintextCredential must be a function",
    ],
    [
      { host: "api.example.com", onPlaintextCredential: undefined },
      "secureHeaders.https.onPlaintextCredential must not be undefined",
    ],
  ])("refuses %j", (https, problem) => {
    expect(() => secureHeaders({ https } as SecureHeadersOptions)).toThrow(problem);
  });

  it("takes false for off", () => {
    expect(() => secureHeaders({ https: false })).not.toThrow();
  });
});
