import type { Express } from "express";
import request from "supertest";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { createTestIssuer } from "../../src/testing/index.js";
import { listenToDecisions } from "../support/decisions.js";
import { expressVersions } from "../support/express.js";
import { guideSections } from "../support/guide.js";
import { codeOf, runOnApp } from "../support/guide-app.js";

const GUIDE = "harden-a-legacy-api-with-one-table.md";
const STEPS = ["1. The app", "2. The table, in report mode"];
const issuer = createTestIssuer();
const TOKENS: Readonly<Record<string, string>> = {
  "with the scope orders:write": issuer.mint({ sub: "ada", scope: "orders:write" }),
  "with the role admin": issuer.mint({ sub: "root", roles: ["admin"] }),
};
const ROWS =
  guideSections(GUIDE)
    .find(({ heading }) => heading === "3. Enforce")
    ?.tables[0]?.rows.map((row) => [row["request"]?.replaceAll("`", "") ?? "", row] as const) ?? [];

describe.each(expressVersions)("the guide with one table on Express %s", (major, express) => {
  const decisions = listenToDecisions();

  beforeEach(() => {
    vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
  });

  function build(mode: "enforce" | "report"): Express {
    const app = (express as unknown as () => Express)();
    const steps = STEPS.map((heading) => codeOf(GUIDE, heading, "js"));
    // Nothing else: the records of these requests would go to the standard output.
    const quiet = steps.join("\n").replace("secureApi({", "secureApi({ auditLog: false,");
    runOnApp(app, express, quiet, { mode, issuer: issuer.options() });
    return app;
  }

  function ask(app: Express, line: string, token?: string) {
    const [method = "", path = ""] = line.split(" ");
    const asked = request(app)[method.toLowerCase() as "get"](path);
    return token === undefined ? asked : asked.set("Authorization", `Bearer ${token}`);
  }

  it("has a table of answers", () => {
    expect(ROWS.length).toBeGreaterThan(5);
  });

  it.each(ROWS)("answers %s as the table says", async (line, row) => {
    const app = build("enforce");
    for (const [caller, status] of Object.entries(row)) {
      if (caller === "request") continue;
      await ask(app, line, TOKENS[caller]).expect(Number(status));
    }
  });

  it("sends browsers to the login, and lets forms name a method, in an app with sessions and pages", async () => {
    const app = (express as unknown as () => Express)();
    app.use((req, _res, next) => {
      const role = req.get("X-Test-Role");
      if (role !== undefined) Object.assign(req, { user: { id: 7, role } });
      if (req.query["_method"] === "DELETE") req.method = "DELETE";
      next();
    });
    const code = codeOf(GUIDE, "4. An app with sessions and pages", "js");
    runOnApp(app, express, code.replace("secureApi({", "secureApi({ auditLog: false,"), {});
    app.get(["/login", "/admin/users", "/account"], (_req, res) => void res.send("a page"));
    app.delete("/admin/users/:id", (_req, res) => void res.sendStatus(204));

    await request(app).get("/login").expect(200);
    for (const page of ["/account", "/admin/users"]) {
      const answer = await request(app).get(page).set("Accept", "text/html").expect(303);
      expect(answer.headers["location"]).toBe("/login");
      await request(app).get(page).expect(401);
    }
    await request(app).get("/account").set("X-Test-Role", "user").expect(200);
    await request(app).get("/admin/users").set("X-Test-Role", "user").expect(403);
    const form = "/admin/users/1?_method=DELETE";
    await request(app).post(form).set("X-Test-Role", "user").expect(403);
    await request(app).post(form).set("X-Test-Role", "admin").expect(204);
  });

  it("checks orders, and limits them for each caller", async () => {
    const app = build("enforce");
    const token = TOKENS["with the scope orders:write"];
    await ask(app, "POST /orders", token).send({ sku: "a" }).expect(422);
    const answer = await ask(app, "POST /orders", token)
      .send({ sku: "a", quantity: 1 })
      .expect(201);
    expect(answer.headers["ratelimit"]).toMatch(/"POST \/orders";r=18;/);
  });

  it("refuses nothing in report mode, and says which row would", async () => {
    const app = build("report");
    await ask(app, "GET /admin/users", TOKENS["with the scope orders:write"]).expect(200);
    await ask(app, "DELETE /orders/7").expect(204);
    await ask(app, "GET /debug/memory").expect(200);
    // Express 4 reads it as /admin/users, Express 5 does not.
    await ask(app, "GET /admin//users").expect(major === "4" ? 200 : 404);
    const refused = decisions.filter(({ outcome }) => outcome === "deny");
    expect(refused.map(({ row, code }) => [row, code])).toEqual([
      ["/admin/*", "access_denied"],
      ["/orders/*", "authentication_required"],
      ["DELETE /orders/:id", "authentication_required"],
      ["/debug/*", "access_denied"],
      [undefined, "ambiguous_request"],
      ["/admin/*", "authentication_required"],
    ]);
  });
});
