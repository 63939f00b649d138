import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Express, RequestHandler } from "express";
import request from "supertest";
import { beforeEach, describe, expect, it, vi } from "vitest";
import {
  auditLog,
  enrichPrincipal,
  fileSink,
  principalFrom,
  requireRole,
} from "../../src/index.js";
import { expressVersions } from "../support/express.js";

type Row = { roles: string[] } | null;

describe.each(expressVersions)(
  "the record of an enriched caller on Express %s",
  (_major, express) => {
    beforeEach(() => {
      vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    });

    async function recordOf(lookUp: () => Promise<Row>, status: number) {
      const path = join(mkdtempSync(join(tmpdir(), "enriched-")), "audit.jsonl");
      const log = auditLog({ sinks: [fileSink({ path, write: "record" })] });
      const app = (express as unknown as () => Express)();
      const guards = [log, principalFrom(() => ({ subject: "alice" })), enrichPrincipal(lookUp)];
      app.use(...(guards as unknown as RequestHandler[]));
      app.get(
        "/",
        requireRole("owner") as unknown as RequestHandler,
        (_req, res) => void res.json({}),
      );
      await request(app).get("/").expect(status);
      await log.close();
      return readFileSync(path, "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .find((record) => record["http.request.method"] === "GET");
    }

    it.each<[string, () => Promise<Row>, number, string]>([
      [
        "has the roles of the database, when a later guard refuses",
        async () => ({ roles: ["admin"] }),
        403,
        "allow",
      ],
      [
        "names the caller also when the database fails",
        () => Promise.reject(new Error("gone")),
        503,
        "error:check_unavailable",
      ],
      [
        "names the caller also when the account is gone",
        async () => null,
        401,
        "deny:authentication_required",
      ],
    ])("%s", async (_what, lookUp, status, decision) => {
      const record = await recordOf(lookUp, status);
      expect(record?.["audit.actor.id"]).toBe("alice");
      const decisions = record?.["audit.decisions"] as readonly string[];
      expect(decisions.slice(0, 2)).toEqual(["principalFrom:allow", `enrichPrincipal:${decision}`]);
      if (status === 403) expect(record?.["user.roles"]).toEqual(["admin"]);
    });
  },
);
