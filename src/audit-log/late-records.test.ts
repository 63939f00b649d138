import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Express, RequestHandler } from "express";
import request from "supertest";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { concludeLater } from "../core/decision/pending-verdict.js";
import { createGuard } from "../core/guard/guard.js";
import { HttpError } from "../core/refusal/http-error.js";
import { type AuditLog, auditLog, fileSink } from "./index.js";

let audit: AuditLog;
let records: () => Record<string, unknown>[];
/** Lets the guard know its verdict. */
let decide: () => void;

beforeEach(() => {
  const path = join(mkdtempSync(join(tmpdir(), "audit-")), "audit.jsonl");
  audit = auditLog({ sinks: [fileSink({ path, write: "record" })] });
  records = () =>
    readFileSync(path, "utf8")
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line))
      .filter((record) => record["event.name"] === "api_request");
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Refuses, but only later. */
function refuseLater(): RequestHandler {
  const guard = createGuard("oauthGuard", "authentication", {
    mode: "report",
    onDenied: "respond",
  });
  return guard.middleware((req, res, next) => {
    const decided = new Promise<void>((resolve) => {
      decide = resolve;
    });
    const error = new HttpError("access_denied");
    concludeLater(
      req,
      decided.then(() => () => guard.refuse(error, req, res, () => undefined)),
    );
    next();
  });
}

describe.each(expressVersions)(
  "the record waits for a verdict, on Express %s",
  (_major, express) => {
    function app(): Express {
      const created = express();
      created.use(audit, refuseLater());
      created.get("/", (_req, res) => void res.send("ok"));
      return created;
    }

    it("and is written once it is known, with the duration and size of the answer", async () => {
      const real = performance.now.bind(performance);
      let late = 0;
      vi.spyOn(performance, "now").mockImplementation(() => real() + late);
      await request(app()).get("/").expect(200, "ok");
      late = 3_600_000;
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(records()).toEqual([]);
      decide();
      await expect.poll(records).toHaveLength(1);
      const [record] = records();
      expect(record).toMatchObject({
        "audit.decisions": ["oauthGuard:report:access_denied"],
        "audit.outcome": "success",
        "audit.reported.first": "oauthGuard",
      });
      expect(record).not.toHaveProperty("audit.pending");
      // That of the answer, which was an hour ago.
      expect(record?.["duration_us"]).toBeLessThan(3_600_000_000);
      await audit.close();
      expect(records()).toHaveLength(1);
    });

    it("within a bound, and else says pending", async () => {
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
      await request(app()).get("/").expect(200);
      vi.advanceTimersByTime(9_999);
      expect(records()).toEqual([]);
      vi.advanceTimersByTime(1);
      expect(records()).toMatchObject([{ "audit.decisions": [], "audit.pending": true }]);
      decide();
      await new Promise((resolve) => setImmediate(resolve));
      expect(records()).toHaveLength(1);
    });

    it("and is not lost when the log closes", async () => {
      await request(app()).get("/").expect(200);
      await audit.close();
      expect(records()).toMatchObject([{ "audit.pending": true }]);
    });
  },
);
