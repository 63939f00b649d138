import type { Express, RequestHandler } from "express";
import { describe, expect, it, vi } from "vitest";
import { routerVersions } from "../../test/support/express.js";
import { guardFor } from "../../test/support/route-audit/matrix-app.js";
import { layerClassesOf } from "../core/app/app-layers.js";
import { markGuard } from "../core/guard/guard-mark.js";
import { auditRoutes } from "./audit-routes.js";

const answer: RequestHandler = (_req, res) => void res.send("ok");
const [FEW, MANY] = [40, 400];

describe.each(routerVersions)("the work of auditRoutes on Express %s", (_version, express) => {
  /** How often the audit had a layer match a path, for each route. */
  function matchesPerRoute(app: Express, count: number): number {
    const spies = [...layerClassesOf(app)].map((layerClass) =>
      vi.spyOn(layerClass as { match: () => unknown }, "match"),
    );
    expect(auditRoutes(app).routes).toHaveLength(count);
    const calls = spies.reduce((sum, { mock }) => sum + mock.calls.length, 0);
    for (const spy of spies) spy.mockRestore();
    return calls / count;
  }

  function routesOf(count: number, prefix = "/r"): readonly string[] {
    return Array.from({ length: count }, (_, index) => `${prefix}${index}/:id`);
  }

  it.each<[string, (count: number) => Express]>([
    [
      "routes with parameters",
      (count) => {
        const app = express();
        for (const path of routesOf(count)) app.get(path, guardFor(), answer);
        return app;
      },
    ],
    [
      "routes that begin with a parameter",
      (count) => {
        const app = express();
        for (const path of routesOf(count)) app.get(`/:tenant${path}`, guardFor(), answer);
        return app;
      },
    ],
    [
      "routers without a path of their own",
      (count) => {
        const app = express();
        for (const path of routesOf(count)) {
          const router = express.Router();
          router.use("/x", guardFor());
          router.get(path, answer);
          app.use(router);
        }
        return app;
      },
    ],
    [
      "mounted routers",
      (count) => {
        const app = express();
        const router = express.Router();
        for (const path of routesOf(count / 4)) router.post(path, answer);
        for (const mount of ["/a", "/b", "/c/:d", "/e"]) app.use(mount, router);
        return app;
      },
    ],
    [
      "patterns that cover no route",
      (count) => {
        const app = express();
        const part = { guard: "g", kind: "authorization", mode: "enforce" } as const;
        const parts = routesOf(count, "/z").map((pattern) => ({ ...part, at: [pattern] }));
        app.use(markGuard((_req, _res, next) => next(), { ...part, kind: "preset", parts }));
        for (const path of routesOf(count)) app.get(path, answer);
        return app;
      },
    ],
  ])("stays the same for each route: %s", (_what, appOf) => {
    const few = matchesPerRoute(appOf(FEW), FEW);
    expect(few).toBeGreaterThan(1);
    expect(matchesPerRoute(appOf(MANY), MANY)).toBeLessThanOrEqual(few * 1.1);
  });
});
