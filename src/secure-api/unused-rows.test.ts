import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Express } from "express";
import request from "supertest";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { fileSink } from "../audit-log/index.js";
import { createTestIssuer } from "../testing/index.js";
import { type SecureApiOptions, secureApi } from "./index.js";

const issuer = createTestIssuer();

describe.each(expressVersions)("rows without a route on Express %s", (_major, express) => {
  const warn = vi.fn();
  beforeEach(() => {
    warn.mockReset();
    vi.spyOn(process, "emitWarning").mockImplementation(warn);
  });

  function setUp(options: Partial<SecureApiOptions>) {
    const path = join(mkdtempSync(join(tmpdir(), "secure-api-")), "audit.jsonl");
    const security = secureApi({
      mode: "report",
      auditLog: { sinks: [fileSink({ path, write: "record" })] },
      oauthGuard: issuer.options(),
      rateLimit: false,
      otherwise: "authenticated",
      ...options,
    });
    const app = (express as unknown as () => Express)();
    app.use(security);
    app.get("/orders/:id", (_req, res) => void res.end());
    const unused = (): unknown[] =>
      readFileSync(path, "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .filter((record) => record["audit.reason"] === "unused_rows")
        .map((record) => [record["event.name"], record["audit.unused"]]);
    return { app, security, unused };
  }

  const told = (): boolean =>
    warn.mock.calls.some(([, { code }]) => code === "EXPRESS_SECURE_API_UNUSED_ROWS");

  it("are in a record of the audit log once, when the table reports", async () => {
    const routes = { "GET /orders/*": { requireRole: "a" }, "GET /oders": { requireRole: "a" } };
    const { app, security, unused } = setUp({ routes });
    await request(app).get("/orders/1").expect(200);
    await vi.waitFor(() => expect(unused()).toEqual([["sys_monitor_enabled", ["GET /oders"]]]));
    await request(app).get("/orders/1").expect(200);
    await security.close();
    expect(unused()).toHaveLength(1);
  });

  it("are at most a hundred in the record", async () => {
    const rows = Array.from({ length: 300 }, (_, n) => [`GET /gone/${n}`, { requireRole: "a" }]);
    const { app, unused } = setUp({ routes: Object.fromEntries(rows) });
    await request(app).get("/orders/1").expect(200);
    await vi.waitFor(() => expect(unused()).toHaveLength(1));
    const [[, names]] = unused() as [[string, string[]]];
    expect(names).toHaveLength(100);
  });

  it("make no record when each has a route, or after the log was closed", async () => {
    const { app, unused } = setUp({ routes: { "/orders/*": { requireRole: "a" } } });
    await request(app).get("/orders/1").expect(200);
    const closed = setUp({ routes: { "/gone": { requireRole: "a" } } });
    await request(closed.app).get("/orders/1").expect(200);
    await closed.security.close();
    await vi.waitFor(() => expect(told()).toBe(true));
    expect(unused()).toEqual([]);
  });

  it("are warned of without an audit log", async () => {
    const routes = { "/gone": { requireRole: "a" } };
    const { app } = setUp({ routes, auditLog: false });
    await request(app).get("/orders/1").expect(200);
    await vi.waitFor(() => expect(told()).toBe(true));
  });
});
