import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RequestHandler } from "express";
import request from "supertest";
import { describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { createGuard } from "../core/guard/guard.js";
import type { Mode } from "../core/guard/guard-options.js";
import { HttpError, outageError } from "../core/refusal/http-error.js";
import { secureApi } from "../secure-api/index.js";
import { secureHeaders } from "../secure-headers/index.js";
import { type AuditLog, auditLog, fileSink } from "./index.js";

function newLog(options: { readonly mode?: Mode } = {}): {
  audit: AuditLog;
  records: () => Record<string, unknown>[];
} {
  const path = join(mkdtempSync(join(tmpdir(), "audit-")), "audit.jsonl");
  const audit = auditLog({
    sinks: [fileSink({ path, write: "record" })],
    service: { name: "orders" },
    ...options,
  });
  const records = () =>
    readFileSync(path, "utf8")
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  return { audit, records };
}

async function nextTurn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

function refusing(
  name: string,
  mode: Mode,
  status: number,
): ReturnType<ReturnType<typeof createGuard>["middleware"]> {
  const guard = createGuard(name, "authorization", { mode, onDenied: "respond" });
  return guard.middleware((req, res, next) => {
    const error =
      status === 503 ? outageError("keys_unavailable", undefined) : new HttpError("access_denied");
    guard.refuse(error, req, res, next, { reason: "missing_role", rule: "role(admin)" });
  });
}

describe.each(expressVersions)("report-mode records on Express %s", (_major, express) => {
  it("say what would change although nothing would be refused", async () => {
    const { audit, records } = newLog();
    const app = express().use(audit, secureHeaders({ mode: "report", cookies: "enforce" }));
    app.get("/", (_req, res) => void res.cookie("sid", "s3cr3t").send("<p>hello</p>"));
    await request(app).get("/").expect(200);
    expect(records().at(-1)).toMatchObject({
      "audit.decisions": ["secureHeaders:allow", "secureHeaders:allow"],
      "audit.outcome": "success",
      "audit.reported.changes": ["cookie_completed", "page_affected"],
      "http.route": "/",
    });
    expect(records().at(-1)).not.toHaveProperty(["audit.reported.first"]);
    expect(JSON.stringify(records())).not.toContain("s3cr3t");
  });

  it("say what would have been answered, and that the request was served", async () => {
    const { audit, records } = newLog();
    const app = express();
    app.use(audit);
    app.get(
      "/orders/:id",
      refusing("requireRole", "report", 403),
      refusing("validate", "report", 403),
      (_req, res) => {
        res.json([]);
      },
    );
    await request(app).get("/orders/1").expect(200);
    expect(records().at(-1)).toMatchObject({
      "audit.decisions": ["requireRole:report:access_denied", "validate:report:access_denied"],
      "audit.outcome": "success",
      "audit.reported.code": "access_denied",
      "audit.reported.count": 2,
      "audit.reported.first": "requireRole",
      "audit.reported.reason": "missing_role",
      "audit.reported.rule": "role(admin)",
      "audit.reported.status": 403,
      "event.name": "api_request",
      "http.response.status_code": 200,
      "http.route": "/orders/:id",
    });
    expect(records().at(-1)).not.toHaveProperty(["audit.reason"]);
  });

  it("tell an outage apart, and an enforced refusal behind a reported one", async () => {
    const { audit, records } = newLog();
    const app = express();
    app.use(audit, refusing("oauthGuard", "report", 503), refusing("requireRole", "enforce", 403));
    await request(app).get("/").expect(403);
    expect(records().at(-1)).toMatchObject({
      "audit.decisions": ["oauthGuard:report:keys_unavailable", "requireRole:deny:access_denied"],
      "audit.outcome": "failure",
      "audit.reason": "missing_role",
      "audit.reported.first": "oauthGuard",
      "audit.reported.status": 503,
      "event.name": "authz_fail",
    });
  });
});

describe.each(expressVersions)("the guards in report mode on Express %s", (_major, express) => {
  /** The records about the log itself, each as why it was written and whom it names. */
  function startsOf(records: readonly Record<string, unknown>[]): readonly unknown[] {
    return records
      .filter((record) => record["event.name"] === "sys_monitor_enabled")
      .map((record) => [record["audit.reason"], record["audit.reporting"]]);
  }

  it("are named, sorted, before the record of the app's first request, wherever they stand", async () => {
    const { audit, records } = newLog();
    const router = express.Router().use(refusing("zeta", "report", 403));
    router.use(express.Router().use(refusing("alpha", "report", 403)));
    const app = express().use(audit);
    app.use("/api", router, refusing("enforcing", "enforce", 403));
    app.post("/orders", refusing("requireRole", "report", 403));
    app.use((_req, res) => void res.end());
    await nextTurn();
    await request(app).get("/");
    await request(app).get("/");
    expect(startsOf(records())).toEqual([
      ["started", []],
      ["reporting_changed", ["alpha", "requireRole", "zeta"]],
    ]);
    expect(records().map((record) => record["event.name"])).toEqual([
      "sys_monitor_enabled",
      "sys_monitor_enabled",
      "api_request",
      "api_request",
    ]);
  });

  it.each<[string, readonly RequestHandler[], boolean]>([
    ["only guards that report", [refusing("alpha", "report", 403)], true],
    [
      "one that enforces as well",
      [refusing("alpha", "report", 403), refusing("beta", "enforce", 403)],
      false,
    ],
    ["no guard at all", [], false],
  ])("are followed by what that means, with %s", async (_what, guards, unprotected) => {
    const { audit, records } = newLog();
    const app = express().use(audit, ...guards, (_req, res) => void res.end());
    await nextTurn();
    await request(app).get("/");
    const notices = records().flatMap((record) => record["audit.notice"] ?? []);
    const notice = "nothing is protected yet: every guard that this log knows only reports";
    expect(notices).toEqual(unprotected ? [notice] : []);
  });

  it("mean that nothing is protected in a preset that only reports, from the start on", async () => {
    const path = join(mkdtempSync(join(tmpdir(), "audit-")), "audit.jsonl");
    const sinks = [fileSink({ path, write: "record" })];
    const limits = { limit: 100, window: "1m" } as const;
    const preset = secureApi({
      mode: "report",
      auditLog: { sinks },
      oauthGuard: false,
      rateLimit: limits,
    });
    await nextTurn();
    const [first = "{}"] = readFileSync(path, "utf8").split("\n");
    expect(JSON.parse(first)).toMatchObject({
      "audit.notice": expect.stringContaining("nothing is protected yet"),
      "audit.reporting": ["auditLog", "rateLimit", "secureHeaders"],
    });
    await preset.close();
  });

  it("are those of the log's own app, not of another one in the process", async () => {
    const [one, other] = [newLog(), newLog()];
    const apps = [one, other].map(({ audit }, index) =>
      express().use(audit, refusing(`guardOfApp${index}`, "report", 403), (_req, res) => {
        res.end();
      }),
    );
    await nextTurn();
    for (const app of apps) await request(app).get("/").expect(200);
    expect(startsOf(one.records()).at(-1)).toEqual(["reporting_changed", ["guardOfApp0"]]);
    expect(startsOf(other.records()).at(-1)).toEqual(["reporting_changed", ["guardOfApp1"]]);
  });

  it("are named app by app where apps share a log", async () => {
    const { audit, records } = newLog();
    const apps = ["first", "second", "third"].map((name) =>
      express().use(
        audit,
        refusing(name === "third" ? "first" : name, "report", 403),
        (_req, res) => {
          res.end();
        },
      ),
    );
    await nextTurn();
    for (const app of [...apps, ...apps]) await request(app).get("/").expect(200);
    expect(startsOf(records())).toEqual([
      ["started", []],
      ["reporting_changed", ["first"]],
      ["reporting_changed", ["first", "second"]],
    ]);
  });

  it("are named at their first decision where the app does not show them", async () => {
    const { audit, records } = newLog();
    const app = express().use(audit);
    app.use(
      "/sub",
      express().use(refusing("hidden", "report", 403), refusing("veiled", "report", 403)),
    );
    app.use((_req, res) => void res.end());
    await request(app).get("/");
    expect(startsOf(records())).toEqual([["started", []]]);
    await request(app).get("/sub");
    await request(app).get("/sub");
    expect(startsOf(records())).toEqual([
      ["started", []],
      ["reporting_changed", ["hidden", "veiled"]],
    ]);
    expect(
      records()
        .map((record) => record["http.request.method"] ?? "-")
        .join(" "),
    ).toBe("- GET - GET GET");
  });

  it("are named at their first decision, too, when they let pass and are made after the start", async () => {
    const { audit, records } = newLog();
    const app = express().use(audit);
    await request(app).get("/").expect(404);
    const guard = createGuard("late", "limit", { mode: "report", onDenied: "respond" });
    app.use(
      guard.middleware((req, _res, next) => {
        guard.allow(req);
        next();
      }),
    );
    await request(app).get("/").expect(404);
    expect(startsOf(records()).at(-1)).toEqual(["reporting_changed", ["late"]]);
  });

  it("do not cost a request when the app cannot be looked at", async () => {
    const { audit, records } = newLog();
    const app = express().use(audit);
    const odd = Object.defineProperty(((_req, res) => void res.end()) as RequestHandler, "stack", {
      get: () => {
        throw new Error("nobody looks at me");
      },
    });
    app.use(refusing("requireRole", "report", 403), odd);
    await request(app).get("/").expect(200);
    expect(startsOf(records()).at(-1)).toEqual(["reporting_changed", ["requireRole"]]);
  });

  it("are named no more when the log is closed", async () => {
    const { audit, records } = newLog();
    const app = express().use(audit, refusing("requireRole", "report", 403));
    await nextTurn();
    await audit.close();
    await request(app).get("/").expect(404);
    expect(records().map((record) => record["event.name"])).toEqual([
      "sys_monitor_enabled",
      "sys_monitor_disabled",
    ]);
  });
});

describe("the log's own records", () => {
  it("begin when the start-up tick is over, without any request", async () => {
    const { audit, records } = newLog();
    await vi.waitFor(() => expect(records()).toHaveLength(1));
    expect(records()[0]).toMatchObject({
      "audit.actor.type": "system",
      "audit.reason": "started",
      "audit.reporting": [],
      "event.name": "sys_monitor_enabled",
      "service.name": "orders",
    });
    await audit.close();
  });

  it("begin with the name of the log itself when it only reports", async () => {
    const { audit, records } = newLog({ mode: "report" });
    await vi.waitFor(() => expect(records()).toHaveLength(1));
    expect(records()[0]).toMatchObject({
      "audit.reason": "started",
      "audit.reporting": ["auditLog"],
    });
    await audit.close();
  });

  it("end with the counts when the log is closed, once", async () => {
    const { audit, records } = newLog();
    await nextTurn();
    await Promise.all([audit.close(), audit.close()]);
    await audit.close();
    expect(records().map((record) => record["event.name"])).toEqual([
      "sys_monitor_enabled",
      "sys_monitor_disabled",
    ]);
    expect(records()[1]).toMatchObject({ "audit.lost.count": 0, "audit.records": 1 });
    for (const record of records()) expect(Object.keys(record)).toEqual(Object.keys(record).sort());
    expect(audit.stats()).toMatchObject({ records: 2, lost: 0, pending: 0, failing: false });
  });

  it("are none when the log is closed in the tick of its creation", async () => {
    const { audit, records } = newLog();
    await audit.close();
    expect(records()).toEqual([]);
  });
});
