import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import request from "supertest";
import { afterEach, describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import {
  type AuditLog,
  type AuditLogOptions,
  auditEvent,
  auditFields,
  auditLog,
  fileSink,
  getRequestId,
} from "./index.js";

type AuditRecord = Readonly<Record<string, unknown>>;

interface Started {
  readonly log: AuditLog;
  /** Without the records of the log about itself. */
  readonly records: () => readonly AuditRecord[];
}

function start(options: AuditLogOptions = {}): Started {
  const path = join(mkdtempSync(join(tmpdir(), "audit-")), "audit.jsonl");
  const log = auditLog({ sinks: [fileSink({ path, write: "record" })], ...options });
  const records = () => {
    const lines = readFileSync(path, "utf8").trim().split("\n");
    return lines
      .map((line) => JSON.parse(line) as AuditRecord)
      .filter((record) => !String(record["event.name"]).startsWith("sys_monitor"));
  };
  return { log, records };
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe.each(expressVersions)("events of the app on Express %s", (major, express) => {
  it("tell a failed login that is answered with a redirect from a success", async () => {
    const { log, records } = start({ service: { name: "shop" } });
    const app = express();
    app.use(log);
    app.post("/login", (req, res) => {
      auditEvent(req, "authn_login_fail", { method: "password" });
      res.redirect("/login?failed");
    });
    await request(app).post("/login").set("User-Agent", "test").expect(302);
    const [event, answered] = records();
    expect(event).toMatchObject({
      "app.method": "password",
      "audit.actor.id": "anonymous",
      "audit.event.source": "app",
      "audit.outcome": "failure",
      "audit.severity": "WARN",
      "client.address": "127.0.0.1",
      "event.name": "authn_login_fail",
      "http.request.method": "POST",
      "http.route": "/login",
      "service.name": "shop",
      "user_agent.original": "test",
    });
    expect(answered).toMatchObject({
      "audit.events.names": ["authn_login_fail"],
      "audit.outcome": "failure",
      "event.name": "api_request",
      "http.response.status_code": 302,
    });
    for (const member of ["http.request.id", "trace_id", "span_id"])
      expect(event?.[member]).toBe(answered?.[member]);
    expect(event).not.toHaveProperty(["app.failed"]);
  });

  it("leave the outcome of the request as it is when nothing failed", async () => {
    const { log, records } = start();
    const app = express();
    app.use(log);
    app.post("/users", (req, res) => {
      auditEvent(req, "user_created", { userId: "u-1" });
      auditEvent(req, "order_shipped");
      auditEvent(req, "order_shipped");
      res.status(201).end();
    });
    await request(app).post("/users").expect(201);
    expect(records().map((one) => [one["event.name"], one["audit.outcome"]])).toEqual([
      ["user_created", "success"],
      ["order_shipped", "success"],
      ["order_shipped", "success"],
      ["api_request", "success"],
    ]);
    expect(records().at(-1)?.["audit.events.names"]).toEqual(["user_created", "order_shipped"]);
    // Of a success, the address is cut.
    expect(records()[0]?.["client.address"]).toBe("127.0.0.0");
  });

  it("are graded by what came of them where OWASP has two grades, unless the app says another one", () => {
    const { log, records } = start();
    log.event(null, "upload_validation", { file: "f-1" });
    log.event(null, "upload_validation", { file: "f-2" }, { outcome: "failure" });
    log.event(null, "upload_validation", { file: "f-3" }, { outcome: "failure", severity: "WARN" });
    log.event(null, "user_created", {}, { outcome: "failure" });
    expect(records().map((one) => one["audit.severity"])).toEqual([
      "INFO",
      "CRITICAL",
      "WARN",
      "WARN",
    ]);
  });

  it("take outcome and severity from the app", async () => {
    const { log, records } = start();
    const app = express();
    app.use(log);
    app.get("/", (req, res) => {
      auditEvent(
        req,
        "upload_validation",
        { scan: "virus" },
        { outcome: "failure", severity: "CRITICAL" },
      );
      res.end();
    });
    await request(app).get("/").expect(200);
    expect(records()[0]).toMatchObject({
      "audit.outcome": "failure",
      "audit.severity": "CRITICAL",
    });
    expect(records()[1]).toMatchObject({ "audit.outcome": "failure" });
  });

  it("are recorded of requests that `except` would leave out, and so are these", async () => {
    const { log, records } = start({ except: "GET /health" });
    const app = express();
    app.use(log);
    app.get("/health", (req, res) => {
      if (req.query["tell"] !== undefined) auditEvent(req, "disk_nearly_full");
      res.end();
    });
    await request(app).get("/health").expect(200);
    await request(app).get("/health?tell").expect(200);
    expect(records().map((one) => one["event.name"])).toEqual(["disk_nearly_full", "api_request"]);
  });

  it("are recorded in report mode", async () => {
    const { log, records } = start({ mode: "report" });
    const app = express();
    app.use(log);
    app.get("/", (req, res) => void res.json(auditEvent(req, "authz_fail")));
    expect((await request(app).get("/")).body).toBe(true);
    expect(records()).toHaveLength(2);
  });

  it("are recorded after the answer too, with the id of the request", async () => {
    const { log, records } = start();
    const app = express();
    app.use(log);
    let late: boolean | undefined;
    app.get("/", (req, res) => {
      res.end();
      setTimeout(() => {
        late = auditEvent(req, "mail_sent");
      }, 20);
    });
    await request(app).get("/").expect(200);
    await vi.waitFor(() => expect(late).toBe(true));
    const [answered, event] = records();
    expect(answered?.["event.name"]).toBe("api_request");
    expect(answered).not.toHaveProperty(["audit.events.names"]);
    expect(event).toMatchObject({
      "event.name": "mail_sent",
      "http.request.id": answered?.["http.request.id"],
    });
  });

  it("have a hundred records of one request, and are counted beyond that", async () => {
    const { log, records } = start();
    const app = express();
    app.use(log);
    const told: boolean[] = [];
    app.get("/", (req, res) => {
      for (let index = 0; index < 5000; index += 1)
        told.push(auditEvent(req, `step_${index % 50}`));
      auditEvent(req, "authn_login_fail");
      res.end();
    });
    await request(app).get("/").expect(200);
    expect(told.filter(Boolean)).toHaveLength(100);
    const answered = records().at(-1);
    expect(records()).toHaveLength(101);
    expect(answered?.["audit.events.names"]).toHaveLength(16);
    expect(answered).toMatchObject({ "audit.events.omitted": 4901, "audit.outcome": "failure" });
  });

  it("need an audit log in front", async () => {
    const app = express();
    app.get("/", (req, res) => void res.json(auditEvent(req, "authz_fail")));
    expect((await request(app).get("/")).body).toBe(false);
  });

  it("warn once of a name that is nearly one of the vocabulary, and record it", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const { log, records } = start();
    const misspelt = major.startsWith("4") ? "authn_login_fial" : "authn_login_afil";
    for (const name of [misspelt, misspelt, "order_shipped", "authz_fail"])
      expect(log.event(null, name)).toBe(true);
    expect(warned.mock.calls).toEqual([
      [
        `auditEvent: "${misspelt}" is not in the vocabulary of OWASP and was recorded as an event of your own. Did you mean "authn_login_fail"?`,
        { code: "EXPRESS_SECURE_API_AUDIT_EVENT" },
      ],
    ]);
    expect(records().map((record) => record["event.name"])).toContain(misspelt);
    warned.mockRestore();
  });

  it("never break a request, whatever is given", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const { log, records } = start();
    const app = express();
    app.use(log);
    const hostile = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error("zq9SECRETzq9");
        },
      },
    );
    const getter = {
      get outcome(): never {
        throw new Error("zq9SECRETzq9");
      },
    };
    const calls: readonly (readonly unknown[])[] = [
      ["Login_Fail"],
      ["login fail"],
      [`ghp_${"a".repeat(36)}`],
      ["__proto__"],
      ["x".repeat(65)],
      ["a__b"],
      [""],
      [7],
      [null],
      [undefined],
      [{}],
      ["log_dropped"],
      ["sys_monitor_disabled"],
      ["api_request"],
      ["connection_failed"],
      ["security_alert"],
      ["login_failed", hostile],
      ["login_failed", { password: "zq9SECRETzq9" }],
      ["login_failed", {}, getter],
      ["login_failed", {}, { outcome: "maybe" }],
      ["login_failed", {}, { severity: "INFO\nx" }],
      ["login_failed", {}, 7],
    ];
    app.get("/", (req, res) => {
      const anything = auditEvent as (...args: readonly unknown[]) => unknown;
      res.json(calls.map((call) => anything(req, ...call)));
    });
    const answer = await request(app).get("/").expect(200);
    expect(answer.body).toEqual(calls.map(() => false));
    expect(records().map((one) => one["event.name"])).toEqual([
      ...Array.from({ length: 6 }, () => "login_failed"),
      "api_request",
    ]);
    expect(JSON.stringify(records())).not.toContain("zq9SECRETzq9");
    expect(JSON.stringify(warned.mock.calls)).not.toContain("zq9SECRETzq9");
  });

  it("have one safe line each, whatever the fields hold", async () => {
    const { log, records } = start();
    const app = express();
    app.use(log);
    const text = 'a\r\nb\u2028"\u001b[31m\ud800';
    app.get("/", (req, res) => void res.json(auditEvent(req, "note_kept", { text })));
    expect((await request(app).get("/")).body).toBe(true);
    expect(records()).toHaveLength(2);
    expect(records()[0]?.["app.text"]).toBe('a\\u000d\\u000ab\\u2028"\\u001b[31m\\ud800');
  });

  it("say that one could not be made, where a property of the request throws", async () => {
    const { log, records } = start();
    const app = express();
    app.use(log);
    app.get("/", (req, res) => {
      const { baseUrl } = req;
      Object.defineProperty(req, "baseUrl", {
        configurable: true,
        get() {
          throw new Error("app");
        },
      });
      const told = auditEvent(req, "order_shipped");
      Object.defineProperty(req, "baseUrl", { value: baseUrl, writable: true });
      res.json(told);
    });
    expect((await request(app).get("/")).body).toBe(false);
    expect(records()[0]).toMatchObject({
      "event.name": "log_dropped",
      "audit.sink.name": "record",
    });
    expect(log.stats().lost).toBe(1);
  });

  it("need no request at hand: a helper that has none breaks nothing", () => {
    const { log, records } = start();
    for (const none of [null, undefined] as unknown as Parameters<typeof auditEvent>[0][]) {
      expect(auditEvent(none, "order_cancelled")).toBe(false);
      expect(auditFields(none, { orderId: "o-1" })).toBe(false);
      expect(getRequestId(none)).toBeUndefined();
      expect(log.event(none, "order_cancelled")).toBe(true);
    }
    expect(records().map((record) => record["event.name"])).toEqual([
      "order_cancelled",
      "order_cancelled",
    ]);
  });

  it("say so when the function is mounted", async () => {
    const app = express();
    app.use(auditEvent as never);
    expect((await request(app).get("/")).text).toContain("auditEvent is no middleware");
  });
});

describe("events of the app", () => {
  it.each([undefined, 1, "x", {}])("belong to no request where %j is given as one", (req) => {
    const { log, records } = start();
    expect(log.event(req as never, "job_done")).toBe(true);
    expect(records().filter((one) => one["event.name"] === "job_done")).toHaveLength(1);
    expect(auditEvent(req as never, "job_done")).toBe(false);
    expect(auditFields(req as never, { a: 1 })).toBe(false);
  });

  it("can belong to no request", () => {
    const { log, records } = start();
    expect(log.event(null, "sys_startup", { jobs: 3 })).toBe(true);
    expect(records()).toHaveLength(1);
    expect(records()[0]).toMatchObject({
      "app.jobs": 3,
      "audit.actor.id": "application",
      "audit.actor.type": "system",
      "audit.severity": "WARN",
      "event.name": "sys_startup",
    });
    expect(records()[0]).not.toHaveProperty(["http.request.id"]);
  });

  it("are in no log that is closed, and are counted", async () => {
    const { log, records } = start();
    log.event(null, "sys_startup");
    await log.close();
    expect(log.event(null, "sys_shutdown")).toBe(false);
    expect(records().map((one) => one["event.name"])).not.toContain("sys_shutdown");
    expect(log.stats().lost).toBe(1);
  });
});
