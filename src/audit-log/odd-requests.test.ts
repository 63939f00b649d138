import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { recordDecision } from "../core/decision/decision.js";
import { createGuard } from "../core/guard/guard.js";
import { createPrincipal, setPrincipalSource } from "../core/principal/principal.js";
import { HttpError } from "../core/refusal/http-error.js";
import { type AuditLog, type AuditLogOptions, auditLog, fileSink } from "./index.js";

type Records = readonly Record<string, unknown>[];

function newLog(options: AuditLogOptions = {}): {
  audit: AuditLog;
  records: () => Records;
  lines: () => string[];
} {
  const path = join(mkdtempSync(join(tmpdir(), "audit-")), "audit.jsonl");
  const audit = auditLog({ sinks: [fileSink({ path })], ...options });
  const lines = () => readFileSync(path, "utf8").split("\n").slice(0, -1);
  const records = () =>
    lines()
      .map((line) => JSON.parse(line))
      .filter((record) => "http.request.id" in record);
  return { audit, records, lines };
}

const denyRole = createGuard("requireRole", "authorization", {
  mode: "enforce",
  onDenied: "respond",
});

describe.each(expressVersions)("records of odd requests on Express %s", (_major, express) => {
  it("writes a record that says so when the app's own settings throw while a record is made", async () => {
    const { audit, records } = newLog();
    const app = express();
    app.use(audit);
    app.get("/", (req, res) => {
      Object.defineProperty(req, "ip", {
        get() {
          throw new Error("broken trust proxy");
        },
      });
      res.end("fine");
    });
    const answer = await request(app).get("/").expect(200);
    expect(records()[0]).toMatchObject({
      "event.name": "log_dropped",
      "http.request.id": answer.headers["x-request-id"],
    });
  });

  it("calls the actor unknown when the app's mapping of claims fails", async () => {
    const { audit, records } = newLog();
    const app = express();
    app.use(audit, (req, res) => {
      setPrincipalSource(req, () => {
        throw new Error("mapping");
      });
      res.end();
    });
    await request(app).get("/").expect(200);
    expect(records()[0]).toMatchObject({
      "audit.actor.id": "unknown",
      "audit.actor.type": "unknown",
    });
  });

  it("does not break a request whose answer was begun before", async () => {
    const { audit, records } = newLog();
    const app = express();
    app.use((_req, res, next) => {
      res.write("begun");
      next();
    });
    app.use(audit, (_req, res) => void res.end());
    const answer = await request(app).get("/").expect(200);
    expect(answer.headers["x-request-id"]).toBeUndefined();
    expect(records()[0]).toMatchObject({ "audit.outcome": "success" });
  });

  it("keeps a record small whatever is in the request", async () => {
    const { audit, lines } = newLog();
    const app = express();
    app.use(audit, (req, res, next) => {
      const roles = Array.from({ length: 1500 }, (_, index) => `role-${index}-${"r".repeat(300)}`);
      setPrincipalSource(req, () =>
        createPrincipal({ subject: "s".repeat(5000), tenant: "t".repeat(5000), roles }),
      );
      for (let index = 0; index < 500; index += 1) {
        recordDecision(req, {
          guard: `guard${index}`,
          outcome: "allow",
          enforced: true,
          code: "ok",
        });
      }
      denyRole.refuse(new HttpError("access_denied"), req, res, next);
    });
    await request(app)
      .get(`/${"p/".repeat(3000)}`)
      .set("User-Agent", "a".repeat(5000))
      .expect(403);
    const [, line = ""] = lines();
    expect(Buffer.byteLength(line)).toBeLessThan(8192);
    expect(JSON.parse(line)["audit.decisions"].at(-1)).toBe("...+461");
  });
});
