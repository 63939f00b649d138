import { devNull } from "node:os";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { fileSink } from "../audit-log/index.js";
import { secureApi } from "./index.js";

describe.each(expressVersions)("the audit log of a preset on Express %s", (_major, express) => {
  it("can be asked how it is doing", async () => {
    const security = secureApi({
      oauthGuard: false,
      rateLimit: false,
      auditLog: { sinks: [fileSink({ path: devNull })] },
    });
    const app = express().use(security, (_req, res) => void res.end());
    await request(app).get("/").expect(200);
    await security.auditLog?.flush();
    expect(security.auditLog?.health()).toMatchObject({ status: "ok", sinks: [{ pending: 0 }] });
    expect(security.auditLog?.stats().records).toBeGreaterThanOrEqual(2);
    await security.close();
    expect(security.auditLog?.health().status).toBe("failing");
  });

  it("is not there with auditLog: false", () => {
    const security = secureApi({ oauthGuard: false, rateLimit: false, auditLog: false });
    expect(security.auditLog).toBeUndefined();
  });
});
