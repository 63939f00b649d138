import { mkdtempSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Express } from "express";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { auditLog, fileSink } from "./index.js";

// Once an app is done with a request, Express takes back what it set on it: `baseUrl` is undefined then.
describe.each(expressVersions)(
  "records of requests that no handler answers on Express %s",
  (_major, express) => {
    function appWithLog(): { app: Express; records: () => readonly Record<string, unknown>[] } {
      const path = join(mkdtempSync(join(tmpdir(), "audit-")), "audit.jsonl");
      const app = express();
      // Express prints the errors that it answers itself, except where this is set.
      app.set("env", "test");
      app.use(auditLog({ sinks: [fileSink({ path, write: "record" })] }));
      const records = () =>
        readFileSync(path, "utf8")
          .split("\n")
          .slice(0, -1)
          .map((line) => JSON.parse(line))
          .filter((record) => "http.request.id" in record);
      return { app, records };
    }

    it.each([
      ["throws", 500],
      ["passes on", 404],
    ])(
      "names the route of a handler that %s, and Express's own page answers",
      async (what, status) => {
        const { app, records } = appWithLog();
        const router = express.Router();
        router.get("/orders/:id", (_req, _res, next) => {
          if (what === "throws") throw new Error("boom");
          next();
        });
        app.use("/v1", router);
        app.get("/health", (_req, _res, next) => next(what === "throws" ? new Error("boom") : ""));
        await request(app).get("/v1/orders/42").expect(status);
        await request(app).get("/health").expect(status);
        expect(records()).toMatchObject([
          { "event.name": "api_request", "http.route": "/v1/orders/:id" },
          { "event.name": "api_request", "http.route": "/health" },
        ]);
      },
    );

    it("names the route when the server answers for the app", async () => {
      const { app, records } = appWithLog();
      app.get("/health", (_req, _res, next) => next());
      const server = createServer((req, res) => {
        (app as unknown as (...args: unknown[]) => void)(req, res, () => res.end("fine"));
      });
      await request(server).get("/health").expect(200);
      expect(records()).toMatchObject([{ "event.name": "api_request", "http.route": "/health" }]);
    });
  },
);
