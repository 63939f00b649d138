import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Express } from "express";
import request from "supertest";
import { describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { fileSink } from "../audit-log/index.js";
import { secureApi } from "./secure-api.js";

describe.each(expressVersions)(
  "A flood of refused preflights, on Express %s,",
  (_major, express) => {
    it("has few records, although the limit of preflights counts and admits them", async () => {
      vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
      const path = join(mkdtempSync(join(tmpdir(), "refused-alike-")), "audit.jsonl");
      const security = secureApi({
        auditLog: { sinks: [fileSink({ path, write: "record" })] },
        secureHeaders: { cors: { origins: ["https://app.example.com"] } },
        rateLimit: { limit: 100, window: "1m" },
        oauthGuard: false,
      });
      const app = (express as unknown as () => Express)().use(security);
      const headers = { Origin: "https://evil.example", "Access-Control-Request-Method": "PUT" };
      for (let n = 0; n < 110; n += 1) await request(app).options("/").set(headers).expect(403);
      await security.close();
      const records = readFileSync(path, "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(records.filter((record) => "http.request.id" in record)).toHaveLength(100);
      const repeats = records.map((record) => record["audit.repeat.count"]).filter(Boolean);
      expect(repeats).toEqual([10]);
    });
  },
);
