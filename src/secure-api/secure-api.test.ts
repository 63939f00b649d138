import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ErrorRequestHandler, Express, RequestHandler } from "express";
import request from "supertest";
import { describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { auditLog, fileSink } from "../audit-log/index.js";
import { requireScope } from "../authorization/index.js";
import { OptionsError } from "../core/options/options-error.js";
import { errorHandler, notFound } from "../errors/index.js";
import { reportCollector } from "../secure-headers/index.js";
import { livez, readyz } from "../server/index.js";
import { createTestIssuer } from "../testing/index.js";
import { secureApi } from "./secure-api.js";
import type { SecureApiOptions } from "./secure-api-options.js";

const ORIGIN = "https://app.example.com";

interface Setup {
  readonly app: Express;
  readonly mint: (claims?: Record<string, unknown>) => string;
  readonly close: () => Promise<void>;
  readonly records: () => Record<string, unknown>[];
}

function setup(
  express: typeof import("express"),
  options: Partial<SecureApiOptions> = {},
  parsers: readonly RequestHandler[] = [],
): Setup {
  const issuer = createTestIssuer();
  const path = join(mkdtempSync(join(tmpdir(), "secure-api-")), "audit.jsonl");
  const security = secureApi({
    auditLog: { sinks: [fileSink({ path, write: "record" })] },
    secureHeaders: { cors: { origins: [ORIGIN] } },
    rateLimit: false,
    oauthGuard: issuer.options(),
    jsonBody: {},
    publicRoutes: ["GET /health"],
    ...options,
  });
  const app = (express as unknown as () => Express)();
  app.use(security, ...parsers);
  app.get("/health", (_req, res) => void res.json({ status: "ok" }));
  app.get("/orders", requireScope("orders:read"), (_req, res) => void res.json([]));
  app.post("/orders", (req, res) => void res.status(201).json(req.body));
  app.use(notFound(), errorHandler());
  const records = (): Record<string, unknown>[] =>
    readFileSync(path, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((record) => record["http.request.method"] !== undefined);
  return { app, mint: (claims) => issuer.mint(claims), close: () => security.close(), records };
}

describe.each(expressVersions)("secureApi on Express %s", (_major, express) => {
  it("lets a valid token through every part and leaves one record with their decisions", async () => {
    const { app, mint, close, records } = setup(express as never, {
      rateLimit: {
        policies: [
          { limit: 10, window: "1m" },
          { limit: 20, window: "1m", key: "principal" },
        ],
      },
    });
    const answer = await request(app)
      .get("/orders")
      .set("Authorization", `Bearer ${mint({ scope: "orders:read" })}`)
      .expect(200);
    expect(answer.headers["x-content-type-options"]).toBe("nosniff");
    expect(answer.headers["ratelimit-policy"]).toBe('"10-per-1m";q=10;w=60, "20-per-1m";q=20;w=60');
    await close();
    expect(records()).toHaveLength(1);
    expect(records()[0]?.["audit.decisions"]).toEqual([
      "rateLimit:allow",
      "oauthGuard:allow",
      "rateLimit:allow",
      "requireScope:allow",
    ]);
  });

  it("answers a preflight before it asks for a token, and refuses a foreign one", async () => {
    const { app } = setup(express as never);
    const preflight = (origin: string) =>
      request(app)
        .options("/orders")
        .set({ Origin: origin, "Access-Control-Request-Method": "POST" });
    await preflight(ORIGIN).expect(204).expect("Access-Control-Allow-Origin", ORIGIN);
    const refused = await preflight("https://evil.example").expect(403);
    expect(refused.body.code).toBe("cors_not_allowed");
  });

  it("lets an allowed origin read the refusals of later parts", async () => {
    const { app } = setup(express as never);
    await request(app)
      .get("/orders")
      .set("Origin", ORIGIN)
      .expect(401)
      .expect("Access-Control-Allow-Origin", ORIGIN);
  });

  it("counts by address before it looks at tokens, and by principal after", async () => {
    const { app, mint } = setup(express as never, {
      rateLimit: {
        policies: [
          { name: "address", limit: 4, window: "1h", key: "ip" },
          { name: "caller", limit: 1, window: "1h", key: "principal" },
        ],
      },
    });
    const token = mint({ sub: "ada" });
    await request(app).post("/orders").set("Authorization", `Bearer ${token}`).send({}).expect(201);
    const second = await request(app)
      .post("/orders")
      .set("Authorization", `Bearer ${token}`)
      .send({})
      .expect(429);
    expect(second.body["violated-policies"]).toEqual(["caller"]);
    // What the limit of the caller refused costs the address nothing; what the guard refuses does.
    for (let n = 0; n < 3; n += 1) {
      await request(app).get("/orders").set("Authorization", "Bearer nonsense").expect(401);
    }
    await request(app).get("/orders").set("Authorization", "Bearer nonsense").expect(429);
  });

  it("reads no body for strangers", async () => {
    const { app, mint } = setup(express as never);
    const send = (token: string | undefined) => {
      const sent = request(app).post("/orders").type("json");
      return (token === undefined ? sent : sent.set("Authorization", `Bearer ${token}`)).send(
        '{"a":',
      );
    };
    await send(undefined).expect(401).expect("Connection", "close");
    const answer = await send(mint()).expect(400);
    expect(answer.body.code).toBe("malformed_json");
  });

  it("opens public routes narrowly, also to stale tokens", async () => {
    const { app } = setup(express as never);
    await request(app).get("/health").expect(200);
    await request(app).head("/health").expect(200);
    await request(app).get("/health").set("Authorization", "Bearer stale").expect(200);
    for (const path of [
      "/HEALTH",
      "/health/",
      "//health",
      "/./health",
      "/%68ealth",
      "/health;a=1",
    ]) {
      await request(app).get(path).expect(401);
    }
    await request(app).post("/health").expect(401);
    await request(app).get("/health").set("X-HTTP-Method-Override", "DELETE").expect(401);
  });

  it("keeps public routes open while the identity provider is down", async () => {
    const { app } = setup(express as never, {
      oauthGuard: { issuer: "http://127.0.0.1:1", audience: "https://api.example.com" },
    });
    await request(app).get("/health").expect(200);
    // Without keys nothing can be said about any token.
    const token = createTestIssuer({
      issuer: "http://127.0.0.1:1",
      audience: "https://api.example.com",
    }).mint();
    const answer = await request(app)
      .get("/orders")
      .set("Authorization", `Bearer ${token}`)
      .expect(503);
    expect(answer.body.code).toBe("keys_unavailable");
    expect(answer.headers["retry-after"]).toMatch(/^\d+$/);
  });

  it("changes nothing in report mode and records what it would have refused", async () => {
    const options = { mode: "report", rateLimit: { limit: 1, window: "1h" } } as const;
    const { app, close, records } = setup(express as never, options, [express.json()]);
    await request(app).post("/orders").send({ n: 1 }).expect(201, { n: 1 });
    const answer = await request(app)
      .post("/orders")
      .type("json")
      .send('{"n":1,"n":2}')
      .expect(201, { n: 2 });
    for (const name of [
      "ratelimit",
      "x-frame-options",
      "content-security-policy",
      "access-control-allow-origin",
    ]) {
      expect(answer.headers[name]).toBeUndefined();
    }
    await close();
    expect(records()).toHaveLength(2);
    expect(records()[1]?.["audit.decisions"]).toEqual([
      "rateLimit:report:rate_limit_exceeded",
      "oauthGuard:report:authentication_required",
      "jsonBody:report:duplicate_key",
    ]);
  });

  it("hands refusals to the app with onDenied, and keeps refusing when the app lets go", async () => {
    const issuer = createTestIssuer();
    const app = express();
    app.use(
      secureApi({
        auditLog: false,
        rateLimit: false,
        oauthGuard: issuer.options(),
        onDenied: "next",
      }),
    );
    const errors: unknown[] = [];
    app.use(((error, _req, _res, next) => {
      errors.push(error.code);
      next();
    }) as ErrorRequestHandler);
    app.get("/", requireScope("a"), (_req, res) => void res.send("open"));
    await request(app).get("/").expect(401).expect("WWW-Authenticate", 'Bearer realm="api"');
    expect(errors).toEqual(["authentication_required"]);
  });

  it("is harmless when mounted twice", async () => {
    const { app, mint, records, close } = setup(express as never);
    const outer = express();
    outer.use(secureApi({ auditLog: false, rateLimit: false, oauthGuard: false }));
    outer.use(app);
    await request(outer)
      .get("/orders")
      .set("Authorization", `Bearer ${mint({ scope: "orders:read" })}`)
      .expect(200);
    await close();
    expect(records()).toHaveLength(1);
  });

  it("names its parts in report mode in the first record of the log, and later the routes'", async () => {
    const path = join(mkdtempSync(join(tmpdir(), "secure-api-")), "audit.jsonl");
    const security = secureApi({
      mode: "report",
      auditLog: { sinks: [fileSink({ path, write: "record" })] },
      rateLimit: {
        policies: [
          { limit: 9, window: "1m" },
          { limit: 9, window: "1h", key: "principal" },
        ],
      },
      oauthGuard: { ...createTestIssuer().options(), mode: "enforce" },
      jsonBody: {},
    });
    const starts = (): readonly unknown[] =>
      readFileSync(path, "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .filter((record) => record["event.name"] === "sys_monitor_enabled")
        .map((record) => [record["audit.reason"], record["audit.reporting"]]);
    const app = express().use(security);
    app.get("/", requireScope("orders:read", { mode: "report" }));
    await new Promise((resolve) => setImmediate(resolve));
    const parts = ["auditLog", "jsonBody", "rateLimit", "secureHeaders"];
    expect(starts()).toEqual([["started", parts]]);
    vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    await request(app).get("/").expect(401);
    vi.restoreAllMocks();
    const all = ["auditLog", "jsonBody", "rateLimit", "requireScope", "secureHeaders"];
    expect(starts()).toEqual([
      ["started", parts],
      ["reporting_changed", all],
    ]);
    await security.close();
  });

  it("shows an audit log in front of it which of its parts report", async () => {
    const path = join(mkdtempSync(join(tmpdir(), "secure-api-")), "audit.jsonl");
    const log = auditLog({ sinks: [fileSink({ path, write: "record" })] });
    const rateLimit = { limit: 9, window: "1m", mode: "report" } as const;
    const app = express().use(log);
    app.use(express.Router().use(secureApi({ auditLog: false, rateLimit, oauthGuard: false })));
    await request(app).get("/").expect(404);
    await log.close();
    const [, second] = readFileSync(path, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((record) => record["event.name"] === "sys_monitor_enabled");
    expect(second).toMatchObject({ "audit.reporting": ["rateLimit"] });
  });

  it("does not warn about layers of Express itself that a bundler has renamed", async () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const app = express();
    app.use(secureApi({ auditLog: false, rateLimit: false, oauthGuard: false }));
    app.use(errorHandler());
    const { _router: router4 } = app as unknown as { _router?: { stack: { name: string }[] } };
    for (const layer of router4?.stack.slice(0, 2) ?? []) layer.name = `${layer.name}2`;
    await request(app).get("/");
    expect(warn).not.toHaveBeenCalled();
    warn.mockRestore();
  });

  it("warns once about layers in front of it and about a missing errorHandler", async () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const app = express();
    app.use(function earlyBird(_req, _res, next) {
      next();
    });
    app.use(secureApi({ auditLog: false, rateLimit: false, oauthGuard: false }));
    app.get("/", (_req, res) => void res.send("ok"));
    await request(app).get("/");
    await request(app).get("/");
    const codes = warn.mock.calls.map(([, details]) => (details as { code: string }).code);
    expect(codes).toEqual(["EXPRESS_SECURE_API_NOT_FIRST", "EXPRESS_SECURE_API_NO_ERROR_HANDLER"]);
    expect(String(warn.mock.calls[0]?.[0])).toContain("earlyBird");
    warn.mockRestore();
  });

  it("does not warn about what this library says to mount in front", async () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const app = express();
    app.post("/reports", reportCollector());
    app.get("/livez", livez());
    app.use("/readyz", readyz());
    app.use(secureApi({ auditLog: false, rateLimit: false, oauthGuard: false }), errorHandler());
    await request(app).get("/");
    expect(warn).not.toHaveBeenCalled();
    warn.mockRestore();
  });

  it("names a route in front of it by its path", async () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const app = express();
    app.get(["/open", /^\/x/], (_req, res) => void res.send("ok"));
    app.use(secureApi({ auditLog: false, rateLimit: false, oauthGuard: false }));
    await request(app).get("/");
    expect(String(warn.mock.calls[0]?.[0])).toContain(
      "not protected: the route /open,/^\\/x/. Mount",
    );
    warn.mockRestore();
  });

  it("takes an error handler of the app for one", async () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const app = express();
    app.use(secureApi({ auditLog: false, rateLimit: false, oauthGuard: false }));
    app.use(((_error, _req, res, _next) => void res.sendStatus(500)) as ErrorRequestHandler);
    await request(app).get("/").expect(404);
    expect(warn).not.toHaveBeenCalled();
    warn.mockRestore();
  });

  it("closes every part, also behind one that fails, and says so", async () => {
    const store = {
      consume: () => Promise.reject(new Error("unused")),
      close: () => Promise.reject(new Error("the store cannot be closed")),
    };
    const { close, records, app } = setup(express as never, {
      rateLimit: { policies: [{ name: "caller", limit: 1, window: "1s" }], store },
    });
    await request(app).get("/health").expect(200);
    await expect(close()).rejects.toThrow("the store cannot be closed");
    expect(records()).toHaveLength(1);
    // The audit log is closed: another request leaves no record.
    await request(app).get("/health");
    expect(records()).toHaveLength(1);
  });
});

describe("secureApi's options", () => {
  function problemsOf(options: unknown): readonly string[] {
    try {
      secureApi(options as SecureApiOptions);
    } catch (error) {
      if (error instanceof OptionsError) return error.problems;
      throw error;
    }
    return [];
  }

  it("must say oauthGuard and rateLimit", () => {
    expect(problemsOf({})).toEqual([
      "secureApi.rateLimit must be an options object or false, got undefined: it is required",
      "secureApi.oauthGuard must be an options object or false, got undefined: it is required",
    ]);
  });

  it("lists the problems of all parts at once", () => {
    const problems = problemsOf({
      oauthGuard: { issuer: "https://idp.example.com" },
      rateLimit: { limit: 10, window: 60_000 },
      helmet: {},
      publicRoutes: ["health"],
    });
    expect(problems).toEqual([
      'secureApi must not have an option "helmet": leave it out, the headers are sent by default; single ones are changed or turned off in secureHeaders: { helmet: { … } }',
      'secureApi.publicRoutes[0] must start with "/": write "/health"',
      expect.stringMatching(
        /^secureApi\.rateLimit\.window .*write "1m" for milliseconds or "1000m" for seconds$/,
      ),
      expect.stringMatching(/^secureApi\.oauthGuard\.audience /),
    ]);
  });

  it("hands undefined on to the parts, which tell an unset variable from an option left out", () => {
    const part = { mode: undefined, onDenied: undefined };
    const problems = problemsOf({
      oauthGuard: { ...createTestIssuer().options(), ...part, scopes: undefined },
      rateLimit: { limit: 10, window: "1m", ...part, store: undefined },
      secureHeaders: { ...part, hsts: undefined },
    });
    expect(problems).toEqual([
      expect.stringContaining("secureApi.rateLimit.store must not be undefined"),
      expect.stringContaining("secureApi.oauthGuard.scopes must not be undefined"),
    ]);
  });

  it.each(["rows", "other", "https"])("does not know %s", (name) => {
    expect(problemsOf({ oauthGuard: false, rateLimit: false, [name]: {} })[0]).toContain(
      `must not have an option "${name}"`,
    );
  });

  it("takes no other value for a part", () => {
    expect(problemsOf({ oauthGuard: true, rateLimit: null })).toEqual([
      expect.stringContaining("secureApi.rateLimit must be an options object, got null"),
      expect.stringContaining("secureApi.oauthGuard must be an options object, got true"),
    ]);
  });

  it("closes what it opened when another part is wrong", async () => {
    const path = join(mkdtempSync(join(tmpdir(), "secure-api-")), "audit.jsonl");
    const sink = fileSink({ path });
    const close = vi.spyOn(sink as unknown as { close(): void }, "close");
    const problems = problemsOf({
      auditLog: { sinks: [sink] },
      oauthGuard: false,
      rateLimit: { limit: 0.5 },
    });
    expect(problems).not.toEqual([]);
    await vi.waitFor(() => expect(close).toHaveBeenCalledOnce());
  });

  it("fails with its own error when another part cannot be closed", async () => {
    const unhandled = vi.fn();
    process.once("unhandledRejection", unhandled);
    const store = {
      consume: () => Promise.reject(new Error("unused")),
      close: () => Promise.reject(new Error("the store cannot be closed")),
    };
    const rateLimit = { policies: [{ name: "caller", limit: 1, window: "1s" }], store };
    const problems = problemsOf({ auditLog: false, rateLimit, oauthGuard: {} });
    expect(problems[0]).toMatch(/^secureApi\.oauthGuard\./);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(unhandled).not.toHaveBeenCalled();
    process.removeListener("unhandledRejection", unhandled);
  });
});
