import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import request from "supertest";
import { describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { createGuard, type Mode } from "../core/guard/guard.js";
import { HttpError, outageError } from "../core/refusal/http-error.js";
import { type AuditLog, auditLog, fileSink } from "./index.js";

function newLog(): { audit: AuditLog; records: () => Record<string, unknown>[] } {
  const path = join(mkdtempSync(join(tmpdir(), "audit-")), "audit.jsonl");
  const audit = auditLog({ sinks: [fileSink({ path })], service: { name: "orders" } });
  const records = () =>
    readFileSync(path, "utf8")
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  return { audit, records };
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

describe("the log's own records", () => {
  it("name every guard in report mode once the start-up tick is over, without any request", async () => {
    const { audit, records } = newLog();
    createGuard("lateGuardOfTheTick", "authorization", { mode: "report", onDenied: "respond" });
    await vi.waitFor(() => expect(records()).toHaveLength(1));
    expect(records()[0]).toMatchObject({
      "audit.actor.type": "system",
      "audit.reason": "started",
      "audit.reporting": expect.arrayContaining(["lateGuardOfTheTick"]),
      "event.name": "sys_monitor_enabled",
      "service.name": "orders",
    });
    await audit.close();
  });

  it("come before the first request's, and again when guards were made after the start", async () => {
    const [, express] = expressVersions[1] ?? [];
    const early = newLog();
    const app = express?.().use(early.audit, (_req, res) => void res.end());
    await new Promise((resolve) => setImmediate(resolve));
    createGuard("guardMadeAfterTheStart", "limit", { mode: "report", onDenied: "respond" });
    await request(app as never).get("/");
    await request(app as never).get("/");
    expect(early.records().map((record) => [record["event.name"], record["audit.reason"]])).toEqual(
      [
        ["sys_monitor_enabled", "started"],
        ["sys_monitor_enabled", "reporting_changed"],
        ["api_request", undefined],
        ["api_request", undefined],
      ],
    );
    expect(early.records()[1]?.["audit.reporting"]).toContain("guardMadeAfterTheStart");
  });

  it("end with the counts when the log is closed, once", async () => {
    const { audit, records } = newLog();
    await new Promise((resolve) => setImmediate(resolve));
    await Promise.all([audit.close(), audit.close()]);
    await audit.close();
    expect(records().map((record) => record["event.name"])).toEqual([
      "sys_monitor_enabled",
      "sys_monitor_disabled",
    ]);
    expect(records()[1]).toMatchObject({ "audit.lost": 0, "audit.records": 1 });
    for (const record of records()) expect(Object.keys(record)).toEqual(Object.keys(record).sort());
    expect(audit.stats()).toEqual({ records: 2, lost: 0, pending: 0, failing: false });
  });

  it("are none when the log is closed in the tick of its creation", async () => {
    const { audit, records } = newLog();
    await audit.close();
    expect(records()).toEqual([]);
  });
});
