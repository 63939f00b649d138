import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Express } from "express";
import request from "supertest";
import { describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { fileSink } from "../audit-log/index.js";
import type { Mode } from "../core/guard/guard-options.js";
import { secureApi } from "./secure-api.js";

const APP = "https://app.example.com";

describe.each(expressVersions)(
  "The record of what CORS refuses, on Express %s,",
  (_major, express) => {
    async function recordOf(mode: Mode, headers: Record<string, string>, method = "options") {
      vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
      const path = join(mkdtempSync(join(tmpdir(), "cors-record-")), "audit.jsonl");
      const security = secureApi({
        mode,
        auditLog: { sinks: [fileSink({ path, write: "record" })] },
        secureHeaders: { cors: { origins: [APP] } },
        rateLimit: false,
        oauthGuard: false,
      });
      const app = (express as unknown as () => Express)().use(security);
      app.all(/^/, (_req, res) => void res.end());
      await request(app)[method as "options"]("/").set(headers);
      await security.close();
      const lines = readFileSync(path, "utf8").trim().split("\n");
      const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
      return records.find((record) => record["http.request.method"] !== undefined);
    }

    it.each<[Mode, string]>([
      ["enforce", "audit.reason"],
      ["report", "audit.reported.reason"],
    ])("names origin, method and headers, with mode %s", async (mode, reason) => {
      const record = await recordOf(mode, {
        Origin: APP,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,x-trace,x-tenant",
      });
      expect(record).toMatchObject({
        "audit.cors.origin": APP,
        "audit.cors.method": "POST",
        "audit.cors.headers": ["x-trace", "x-tenant"],
        [reason]: "header_not_allowed",
      });
    });

    it.each<Mode>(["enforce", "report"])(
      "names the origin whose page cannot read an answer, with mode %s",
      async (mode) => {
        const record = await recordOf(mode, { Origin: "https://other.example.com" }, "get");
        expect(record).toMatchObject({ "audit.cors.origin": "https://other.example.com" });
        expect(record).not.toHaveProperty(["audit.cors.method"]);
      },
    );

    it("says nothing about CORS when nothing is refused", async () => {
      const record = await recordOf("enforce", { Origin: APP }, "get");
      expect(Object.keys(record ?? {}).filter((name) => name.startsWith("audit.cors"))).toEqual([]);
    });
  },
);
