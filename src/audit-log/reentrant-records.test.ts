import type { Request } from "express";
import request from "supertest";
import { describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { auditLog, stdoutSink } from "./index.js";

describe.each(expressVersions)("a record on Express %s", (_major, express) => {
  it("that is caused while another is made, and cannot be made, is counted", async () => {
    vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const audit = auditLog({ sinks: [stdoutSink()], alerts: false });
    const app = express();
    let current: Request | undefined;
    // Asked while the record of the request is made.
    app.set("trust proxy", () => {
      if (current === undefined) return false;
      Object.defineProperty(current, "route", {
        get() {
          throw new Error("no");
        },
      });
      audit.event(current, "order_shipped");
      return false;
    });
    app.use(audit, (req, res) => {
      current = req;
      res.end();
    });
    await request(app).get("/").set("X-Forwarded-For", "192.0.2.1").expect(200);
    await expect.poll(() => audit.stats().lost).toBe(1);
    await audit.close();
  });

  it("is not left out by a sample that cannot look at the request", async () => {
    const audit = auditLog({ sinks: [stdoutSink()], sample: { success: 0 } });
    const app = express();
    app.use(audit, (req, res) => {
      Object.defineProperty(req, "originalUrl", {
        get() {
          throw new Error("no");
        },
      });
      res.end();
    });
    await request(app).get("/").expect(200);
    await expect.poll(() => audit.stats().records).toBe(2);
    await audit.close();
  });
});
