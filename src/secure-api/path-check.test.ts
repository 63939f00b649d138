import { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Express, Request, Response } from "express";
import { afterEach, describe, expect, it, vi } from "vitest";
import Transport from "winston-transport";
import { listenToDecisions } from "../../test/support/decisions.js";
import { expressVersions } from "../../test/support/express.js";
import { createTestIssuer } from "../testing/index.js";
import { type AmbiguousKind, type SecureApiOptions, secureApi } from "./index.js";

const decisions = listenToDecisions();
const issuer = createTestIssuer();

afterEach(() => {
  vi.restoreAllMocks();
});

describe.each(expressVersions)("The check of paths on Express %s", (_major, express) => {
  let reached = 0;

  function appWith(options: Partial<SecureApiOptions> = {}, mount = "/"): Express {
    vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const app = (express as unknown as () => Express)();
    const parts = { auditLog: false, oauthGuard: false, rateLimit: false, paths: {} } as const;
    app.use(mount, secureApi({ ...parts, ...options }));
    app.use((_req, res) => {
      reached += 1;
      res.end();
    });
    return app;
  }

  /** As it comes over the wire: clients would mend such targets. */
  function send(app: Express, url: string, method = "GET", headers: Record<string, string> = {}) {
    reached = 0;
    const req = new IncomingMessage({ remoteAddress: "127.0.0.1" } as Socket);
    Object.assign(req, { method, url, headers: { host: "api.test", ...headers }, complete: true });
    const res = new ServerResponse(req);
    app(req as Request, res as Response);
    res.emit("finish");
    return { status: res.statusCode, reached };
  }

  it("sees a slash too many where the preset is mounted at a path", () => {
    const app = appWith({}, "/api");
    for (const url of ["/api//admin", "/api//", "/api///admin?a=//", "/api/admin//b"]) {
      expect(send(app, url)).toEqual({ status: 400, reached: 0 });
      expect(decisions.at(-1)).toMatchObject({ reason: "empty_segment" });
    }
    for (const url of ["/api", "/api/", "/api/admin/", "/api/admin?a=//b", "/api?//"]) {
      expect(send(app, url)).toEqual({ status: 200, reached: 1 });
    }
    const free = appWith({ paths: { allow: "empty-segment" } }, "/api");
    expect(send(free, "/api//admin")).toEqual({ status: 200, reached: 1 });
    const outer = (express as unknown as () => Express)();
    outer.use("/v1", (req, res, next) => {
      if (req.get("x-rewrite") !== undefined) req.url = "/api/other";
      app(req, res, next);
    });
    expect(send(outer, "/v1/api//admin").status).toBe(400);
    expect(send(outer, "/v1/a//b", "GET", { "x-rewrite": "1" }).status).toBe(200);
  });

  it.each<[string, string, AmbiguousKind | undefined]>([
    ["/a/../b", "dot_segment", "dot-segment"],
    ["/a/.", "dot_segment", "dot-segment"],
    ["/a/%2e%2E/b", "dot_segment", "dot-segment"],
    ["/a//b", "empty_segment", "empty-segment"],
    ["//a", "empty_segment", "empty-segment"],
    ["//", "empty_segment", "empty-segment"],
    ["/a//", "empty_segment", "empty-segment"],
    ["/a\\b", "backslash", "backslash"],
    ["/a%5cb", "backslash", "backslash"],
    ["/a%2Fb", "encoded_slash", "encoded-slash"],
    ["/a%2fb?x", "encoded_slash", "encoded-slash"],
    ["/a%", "undecodable", "undecodable"],
    ["/a%E9/b", "undecodable", "undecodable"],
    ["/a?_method=PUT", "method_override", "method-override"],
    ["/a%00", "nul", undefined],
    ["a/b", "not_absolute", undefined],
  ])("refuses %s, unless its kind is allowed", (url, reason, kind) => {
    expect(send(appWith(), url)).toEqual({ status: 400, reached: 0 });
    expect(decisions).toMatchObject([{ guard: "secureApi", code: "ambiguous_request", reason }]);
    if (kind === undefined) return;
    expect(send(appWith({ paths: { allow: kind } }), url)).toEqual({ status: 200, reached: 1 });
    const others: readonly AmbiguousKind[] = [
      "dot-segment",
      "empty-segment",
      "backslash",
      "encoded-slash",
      "undecodable",
      "method-override",
    ];
    const allow = others.filter((other) => other !== kind);
    expect(send(appWith({ paths: { allow } }), url).status).toBe(400);
  });

  it.each([
    "/",
    "/a",
    "/a/",
    "/.well-known/x",
    "/a/..b/c.",
    "/a%20b/%C3%A9",
    "/a;b=c",
    "/a?b=//../%2F",
    "http://api.test/a",
    "/a%252e",
  ])("lets %s pass", (url) => {
    expect(send(appWith(), url)).toEqual({ status: 200, reached: 1 });
  });

  it("knows OPTIONS *, and fields that name another method", () => {
    expect(send(appWith(), "*", "OPTIONS").reached).toBe(1);
    expect(send(appWith(), "*", "GET").status).toBe(400);
    for (const field of ["x-http-method-override", "x-http-method", "x-method-override"])
      expect(send(appWith(), "/a", "POST", { [field]: "PUT" }).status).toBe(400);
  });

  it.each(["get", "Get", "post", "options", "gEt"])("knows that %s is another method", (method) => {
    expect(send(appWith(), "/a", method)).toEqual({ status: 400, reached: 0 });
    expect(decisions).toMatchObject([{ code: "ambiguous_request", reason: "method_override" }]);
    expect(send(appWith({ paths: { allow: "method-override" } }), "/a", method).reached).toBe(1);
  });

  it("judges dots beside slashes that are allowed", () => {
    const app = appWith({ paths: { allow: ["encoded-slash", "backslash", "undecodable"] } });
    for (const url of ["/a%2F..%2Fb", "/a%5c..", "/%/%2e%2e/", "/%E9%2f%2e%2e"])
      expect(send(app, url).status).toBe(400);
    expect(send(app, "/%%00").status).toBe(400);
  });

  it("reports in report mode, by itself as well", () => {
    for (const options of [{ mode: "report" }, { paths: { mode: "report" } }] as const)
      expect(send(appWith(options), "/a//b")).toEqual({ status: 200, reached: 1 });
    expect(decisions).toMatchObject([{ enforced: false }, { enforced: false }]);
  });

  it("stands in front of limits and authentication, also on public routes", () => {
    const rateLimit = { limit: 1, window: "1m" };
    const app = appWith({ rateLimit, oauthGuard: issuer.options(), publicRoutes: ["/a/*"] });
    for (let count = 0; count < 3; count += 1) expect(send(app, "/a//b").status).toBe(400);
    expect(send(app, "/a/b").status).toBe(200);
  });

  it("is not there without paths and routes", () => {
    expect(send(appWith({ paths: undefined }), "/a//b").reached).toBe(1);
  });

  it("fills no log in a flood, and names rows in records", async () => {
    const lines: Record<string, unknown>[] = [];
    const sink = new Transport({
      log(info, next) {
        lines.push(JSON.parse(info[Symbol.for("message")]));
        next();
      },
    });
    vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const security = secureApi({
      auditLog: { sinks: [sink] },
      oauthGuard: { ...issuer.options(), optional: true },
      rateLimit: { limit: 1000, window: "1m" },
      routes: {
        "GET /a": { requireRole: "x" },
        "POST /a": { requireRole: "x" },
        "/b": { requireRole: "x" },
        "PUT /b": { requireRole: "y" },
        "PUT /c": { requireRole: "y", mode: "report" },
      },
      otherwise: "authenticated",
    });
    const app = (express as unknown as () => Express)();
    app.use(security);
    for (let count = 0; count < 150; count += 1) send(app, "/a//b");
    send(app, "/b");
    send(app, "/c", "PUT");
    await security.close();
    const [start] = lines;
    expect(start).toMatchObject({
      "event.name": "sys_monitor_enabled",
      "audit.otherwise": ["/a except GET, POST, HEAD", "/c except PUT"],
    });
    expect(lines.filter((line) => line["audit.reason"] === "empty_segment")).toHaveLength(101);
    expect(lines.find((line) => line["audit.repeat.count"])).toMatchObject({
      "audit.repeat.count": 50,
    });
    expect(lines.find((line) => line["audit.row"] === "/b")).toMatchObject({
      "http.response.status_code": 401,
      "audit.reason": "no_principal",
    });
    expect(lines.find((line) => line["audit.reported.row"] === "PUT /c")).toMatchObject({
      "http.response.status_code": 401,
    });
  });
});
