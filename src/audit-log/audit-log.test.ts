import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { recordDecision } from "../core/decision/decision.js";
import { createGuard } from "../core/guard/guard.js";
import { createPrincipal, setPrincipalSource } from "../core/principal/principal.js";
import { HttpError } from "../core/refusal/http-error.js";
import { requestId } from "../core/refusal/problem-details.js";
import { errorHandler } from "../errors/index.js";
import { type AuditLog, type AuditLogOptions, auditLog, fileSink } from "./index.js";

type Records = readonly Record<string, unknown>[];

function newLog(options: AuditLogOptions = {}): {
  audit: AuditLog;
  records: () => Records;
  lines: () => string[];
} {
  const path = join(mkdtempSync(join(tmpdir(), "audit-")), "audit.jsonl");
  // "record": what an immediate answers, as Express's own final handler does, is read here before its turn is over.
  const audit = auditLog({ sinks: [fileSink({ path, write: "record" })], ...options });
  const lines = () => readFileSync(path, "utf8").split("\n").slice(0, -1);
  const records = () =>
    lines()
      .map((line) => JSON.parse(line))
      .filter((record) => "http.request.id" in record);
  return { audit, records, lines };
}

const denyRole = createGuard("requireRole", "authorization", {
  mode: "enforce",
  onDenied: "respond",
});
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe.each(expressVersions)("auditLog on Express %s", (_major, express) => {
  it("writes one record per request with what happened, as JSON with sorted names", async () => {
    const { audit, records, lines } = newLog({ service: { name: "orders", version: "1.4.2" } });
    const app = express();
    app.use(audit);
    app.use((req, _res, next) => {
      setPrincipalSource(req, () =>
        createPrincipal({
          subject: "u1",
          issuer: "https://idp.test",
          clientId: "web",
          tenant: "acme",
          roles: ["editor"],
        }),
      );
      recordDecision(req, {
        guard: "oauthGuard",
        outcome: "allow",
        enforced: true,
        code: "ok",
        token: "jti-1",
      });
      next();
    });
    const router = express.Router();
    router.post("/orders/:id", (_req, res) => void res.status(201).json({ done: true }));
    app.use("/v1", router);
    const answer = await request(app)
      .post("/v1/orders/42?key=1")
      .set("User-Agent", "shop/1.0")
      .send({ a: 1 })
      .expect(201);

    expect(records()).toHaveLength(1);
    const [record = {}] = records();
    expect(record).toMatchObject({
      "audit.action": "CREATE",
      "audit.actor.client_id": "web",
      "audit.actor.id": "https://idp.test u1",
      "audit.actor.tenant": "acme",
      "audit.actor.type": "user",
      "audit.decisions": ["oauthGuard:allow"],
      "audit.outcome": "success",
      "audit.schema.version": "1",
      "audit.severity": "INFO",
      "audit.token.id": "jti-1",
      "client.address": "127.0.0.0",
      "event.name": "api_request",
      "http.request.body.size": 7,
      "http.request.id": answer.headers["x-request-id"],
      "http.request.method": "POST",
      "http.response.status_code": 201,
      "http.route": "/v1/orders/:id",
      "service.name": "orders",
      "service.version": "1.4.2",
      trace_flags: "02",
      "user_agent.original": "shop/1.0",
    });
    expect(record["http.request.id"]).toMatch(UUID);
    expect(record["trace_id"]).toMatch(/^[0-9a-f]{32}$/);
    expect(record["span_id"]).toMatch(/^[0-9a-f]{16}$/);
    expect(record["http.response.size"]).toBeGreaterThan(100);
    for (const absent of [
      "url.path",
      "user.roles",
      "audit.aborted",
      "error.type",
      "audit.reason",
      "audit.reported.first",
    ]) {
      expect(record).not.toHaveProperty([absent]);
    }
    for (const line of lines()) {
      const names = Object.keys(JSON.parse(line));
      expect(names).toEqual([...names].sort());
      expect(JSON.stringify(JSON.parse(line))).toBe(line);
    }
  });

  it("tells a refusal in full: event, reason, rule, address, roles, and the path where no route matched", async () => {
    const { audit, records } = newLog();
    const app = express();
    app.use(audit, (req, res, next) => {
      setPrincipalSource(req, () => createPrincipal({ subject: "u1", roles: ["reader"] }));
      denyRole.refuse(new HttpError("access_denied"), req, res, next, {
        reason: "missing_role",
        rule: "role(admin)",
      });
    });
    const answer = await request(app).delete("/admin/users/7?confirm=yes").expect(403);
    expect(answer.body.requestId).toBe(answer.headers["x-request-id"]);
    expect(records()[0]).toMatchObject({
      "audit.action": "DELETE",
      "audit.decisions": ["requireRole:deny:access_denied"],
      "audit.outcome": "failure",
      "audit.reason": "missing_role",
      "audit.rule": "role(admin)",
      "audit.severity": "CRITICAL",
      "client.address": "127.0.0.1",
      "error.type": "access_denied",
      "event.name": "authz_fail",
      "http.response.status_code": 403,
      "url.path": "/admin/users/7",
      "user.roles": ["reader"],
    });
    expect(records()[0]).not.toHaveProperty(["http.route"]);
  });

  it("gives the route's template, also when an error handler answered", async () => {
    const { audit, records } = newLog();
    const app = express();
    app.use(audit);
    const router = express.Router();
    router.get("/orders/:id", () => {
      throw new Error("boom");
    });
    app.use("/v1", router);
    app.use("/tenants/:tenant", router);
    app.use(errorHandler());
    await request(app).get("/v1/orders/42").expect(500);
    await request(app).get("/tenants/4711/orders/42").expect(500);
    expect(records().map((record) => record["http.route"])).toEqual([
      "/v1/orders/:id",
      "/tenants/:tenant/orders/:id",
    ]);
    expect(records()[0]).toMatchObject({
      "error.type": "Error",
      "event.name": "api_request",
      "audit.severity": "ERROR",
    });
    expect(records()[0]).not.toHaveProperty(["url.path"]);
  });

  it("names the app's own 401, 403 and 429 as the OWASP vocabulary does, and others an ordinary request", async () => {
    const { audit, records } = newLog();
    const app = express();
    app.use(audit);
    app.get("/:status", (req, res) => void res.status(Number(req.params.status)).end());
    for (const status of [200, 304, 401, 403, 404, 429, 500]) await request(app).get(`/${status}`);
    expect(records().map((record) => `${record["event.name"]} ${record["audit.outcome"]}`)).toEqual(
      [
        "api_request success",
        "api_request success",
        "authn_login_fail failure",
        "authz_fail failure",
        "api_request failure",
        "excess_rate_limit_exceeded failure",
        "api_request failure",
      ],
    );
  });

  it("records HEAD, streams and unknown methods", async () => {
    const { audit, records } = newLog();
    const app = express();
    app.use(audit);
    app.get("/stream", (_req, res) => {
      res.write("a");
      setTimeout(() => res.end("b".repeat(5000)), 5);
    });
    app.use((_req, res) => void res.status(204).end());
    await request(app).head("/x").expect(204);
    await request(app).get("/stream").expect(200);
    const agent = request(app) as unknown as Record<string, (path: string) => request.Test>;
    await agent["purge"]?.("/x").expect(204);
    expect(records().map((record) => record["http.request.method"])).toEqual([
      "HEAD",
      "GET",
      "_OTHER",
    ]);
    expect(records()[1]?.["http.response.size"]).toBeGreaterThan(5000);
    expect(records()[2]?.["audit.action"]).toBe("EXECUTE");
  });

  it("writes one record when it is mounted twice, on two levels", async () => {
    const { audit, records } = newLog();
    const second = newLog();
    const app = express();
    const router = express.Router();
    router.use(audit, second.audit);
    router.get("/", (_req, res) => void res.end("ok"));
    app.use(audit, audit, router);
    const answer = await request(app).get("/").expect(200);
    expect(records()).toHaveLength(1);
    expect(second.records()).toHaveLength(0);
    expect(records()[0]?.["http.request.id"]).toBe(answer.headers["x-request-id"]);
  });

  it("shares the request id with the handlers", async () => {
    const { audit, records } = newLog();
    const app = express();
    app.use(audit);
    app.get("/", (req, res) => void res.json([requestId.get(req)]));
    const answer = await request(app).get("/");
    expect(answer.body).toEqual([records()[0]?.["http.request.id"]]);
  });

  it("records only the header fields that are allowed, and no user agent without it", async () => {
    const { audit, records } = newLog({ fields: { headers: ["Referer", "Accept-Language"] } });
    const app = express();
    app.use(audit, (_req, res) => void res.end());
    await request(app).get("/").set({
      Referer: "https://u:pw@a.test/p?q=secret",
      "User-Agent": "x",
      "X-Other": "y",
      Accept: "z",
    });
    const names = Object.keys(records()[0] ?? {}).filter((name) => /header|agent/.test(name));
    expect(names).toEqual(["http.request.header.referer"]);
    expect(records()[0]?.["http.request.header.referer"]).toBe(
      "https://REDACTED@a.test/p?REDACTED",
    );
  });

  it("numbers its records without gaps", async () => {
    const { audit, lines } = newLog();
    const app = express();
    app.use(audit, (_req, res) => void res.end());
    await request(app).get("/");
    await request(app).get("/");
    const ids = lines().map((line) => String(JSON.parse(line)["audit.record.id"]));
    expect(ids.map((id) => id.replace(/^.*-/, ""))).toEqual(["1", "2", "3"]);
    expect(new Set(ids.map((id) => id.slice(0, 36))).size).toBe(1);
  });
});
