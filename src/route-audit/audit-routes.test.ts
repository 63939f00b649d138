import { describe, expect, it } from "vitest";
import { routerVersions } from "../../test/support/express.js";
import { matrixApp } from "../../test/support/route-audit/matrix-app.js";
import { auditRoutes } from "./audit-routes.js";

describe.each(routerVersions)("auditRoutes on Express %s", (version, express) => {
  it("finds each route with its status", () => {
    const { app, routes } = matrixApp(express, version === "4");
    const found = auditRoutes(app).routes.map(({ method, path, status }) => [method, path, status]);
    expect(found).toEqual(routes);
    expect(routes.length).toBeGreaterThan(60);
  });
});
