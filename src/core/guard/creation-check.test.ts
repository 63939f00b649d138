import request from "supertest";
import { afterEach, describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import { requireRole } from "../../authorization/index.js";
import { rateLimit } from "../../rate-limit/index.js";

function warningsOf(spy: { readonly mock: { readonly calls: readonly unknown[][] } }): unknown[] {
  return spy.mock.calls.map(([message, details]) => [
    String(message).split(":")[0],
    (details as { code: string }).code,
  ]);
}

/** "a limiter or guard created per request" */
describe.each(expressVersions)(
  "a guard that is made anew for each request on Express %s",
  (major, express) => {
    afterEach(() => {
      vi.restoreAllMocks();
      vi.resetModules();
    });

    // The count belongs to the process, so each major has a guard of its own.
    const [name, factory] =
      major === "4"
        ? (["rateLimit", () => rateLimit({ limit: 1, window: "1m" })] as const)
        : (["requireRole", () => requireRole("admin", { mode: "report" })] as const);

    it("is told once, when there were many of them", async () => {
      const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
      const app = express();
      app.use((req, res, next) => void factory()(req, res, next));
      app.get("/", (_req, res) => void res.send("ok"));
      for (let count = 0; count < 19; count += 1) await request(app).get("/").expect(200);
      expect(warn).not.toHaveBeenCalled();
      for (let count = 0; count < 30; count += 1) await request(app).get("/").expect(200);
      expect(warningsOf(warn)).toEqual([[name, "EXPRESS_SECURE_API_MADE_PER_REQUEST"]]);
    });

    it("is no guard that was made before, however many there are", async () => {
      const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
      const app = express();
      for (let count = 0; count < 60; count += 1)
        app.use(rateLimit({ limit: 100, window: "1m", mode: "report" }));
      app.get("/", (_req, res) => void res.send("ok"));
      await request(app).get("/").expect(200);
      expect(warn).not.toHaveBeenCalled();
    });
  },
);
