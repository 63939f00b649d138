import type { ErrorRequestHandler } from "express";
import request from "supertest";
import { describe, expect, it } from "vitest";
import Transport from "winston-transport";
import { expressVersions } from "../../test/support/express.js";
import { createGuard } from "../core/guard/guard.js";
import { HttpError } from "../core/refusal/http-error.js";
import * as library from "../index.js";
import { type AuditLogOptions, auditLog, getRequestId } from "./index.js";

const MESSAGE = Symbol.for("message");
const guard = createGuard("requireRole", "authorization", { mode: "enforce", onDenied: "respond" });

describe.each(expressVersions)("getRequestId on Express %s", (_major, express) => {
  function newApp(options: AuditLogOptions = {}) {
    const recorded: string[] = [];
    const seen: (string | undefined)[] = [];
    const sink = new Transport({
      log(info, next) {
        const id = JSON.parse(info[MESSAGE])["http.request.id"];
        if (id !== undefined) recorded.push(id);
        next();
      },
    });
    const app = express();
    app.use(auditLog({ ...options, sinks: [sink] }));
    return { app, recorded, seen };
  }

  it.each<[string, AuditLogOptions]>([
    ["by default", {}],
    ["in report mode", { mode: "report" }],
  ])(
    "gives the id that stands in the record and on problem documents, %s",
    async (_when, options) => {
      const { app, recorded, seen } = newApp(options);
      app.use((req, res, next) => {
        seen.push(getRequestId(req));
        guard.refuse(new HttpError("access_denied"), req, res, next);
      });
      const answer = await request(app).get("/").expect(403);
      expect(seen).toEqual([JSON.parse(answer.text).requestId]);
      expect(recorded).toEqual(seen);
      expect(answer.headers["x-request-id"]).toBe(options.mode === "report" ? undefined : seen[0]);
    },
  );

  it("gives it in routers, mounted apps, error handlers, and after an await", async () => {
    const { app, recorded, seen } = newApp();
    const router = express.Router();
    router.get("/x", (req, _res, next) => {
      seen.push(getRequestId(req));
      void (async () => {
        await new Promise((resolve) => setImmediate(resolve));
        seen.push(getRequestId(req));
        next(new Error("x"));
      })();
    });
    const inner = express();
    inner.use("/b", router);
    app.use("/a", inner);
    app.use(((_error, req, res, _next) => {
      seen.push(getRequestId(req));
      res.status(500).end();
    }) as ErrorRequestHandler);
    await request(app).get("/a/b/x").expect(500);
    expect(recorded).toHaveLength(1);
    expect(seen).toEqual([recorded[0], recorded[0], recorded[0]]);
  });

  it("gives the id of a trusted peer", async () => {
    const { app, recorded } = newApp({ requestId: { trustedPeers: ["127.0.0.0/8", "::1"] } });
    app.use((req, res) => void res.json(getRequestId(req)));
    const answer = await request(app).get("/").set("X-Request-Id", "req-12345678");
    expect(answer.body).toBe("req-12345678");
    expect(recorded).toEqual(["req-12345678"]);
  });

  it("gives nothing where no log ran in front", async () => {
    const app = express();
    app.use((req, res) => void res.json({ id: getRequestId(req) ?? "none" }));
    const answer = await request(app).get("/").set("X-Request-Id", "req-12345678");
    expect(answer.body).toEqual({ id: "none" });
  });
});

describe("the root", () => {
  it("exports it, and auditFields", () => {
    expect(library.getRequestId).toBe(getRequestId);
    expect(library.auditFields).toBeTypeOf("function");
  });
});
