import type { Express, RequestHandler, Response } from "express";
import expressSession from "express-session";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import { secureHeaders } from "../secure-headers.js";
import type { SecureHeadersOptions } from "../secure-headers-options.js";

const sessions = expressSession({ secret: "s", resave: false, saveUninitialized: true });
const set = (res: Response): Response => res.cookie("a", "1");

describe.each(expressVersions)("answers that set a cookie on Express %s", (_major, express) => {
  function appWith(
    options: SecureHeadersOptions,
    handler: RequestHandler,
    ...behind: RequestHandler[]
  ): Express {
    const app = (express as unknown as () => Express)();
    app.use(secureHeaders(options), ...behind);
    app.get("/", handler);
    return app;
  }

  it.each<[string, RequestHandler]>([
    ["res.cookie", (_req, res) => void set(res).send("page")],
    ["a redirect", (_req, res) => void set(res).redirect("/login")],
    ["writeHead", (_req, res) => void res.writeHead(200, { "set-cookie": ["a=1"] }).end("page")],
    ["writeHead and a list", (_req, res) => void res.writeHead(200, ["Set-Cookie", "a=1"]).end()],
  ])("are not stored by caches, set by %s, with the preset web", async (_how, handler) => {
    const answer = await request(appWith({ preset: "web" }, handler)).get("/");
    expect(answer.headers["set-cookie"]?.[0]).toContain("a=1");
    expect(answer.headers["cache-control"]).toBe("no-store");
  });

  it("are not stored when express-session makes the first visit a session", async () => {
    const app = appWith({ preset: "web" }, (_req, res) => void res.send("page"), sessions as never);
    const answer = await request(app).get("/").expect(200);
    expect(answer.headers["set-cookie"]).toHaveLength(1);
    expect(answer.headers["cache-control"]).toBe("no-store");
  });

  it("keep what the handler says about caches", async () => {
    const app = appWith(
      { preset: "web" },
      (_req, res) => void set(res).set("Cache-Control", "private, max-age=60").send("page"),
    );
    await request(app).get("/").expect("Cache-Control", "private, max-age=60");
    const late = appWith(
      { preset: "web" },
      (_req, res) => void set(res).writeHead(200, { "cache-control": "private" }).end(),
    );
    await request(late).get("/").expect("Cache-Control", "private");
  });

  it.each<[string, SecureHeadersOptions]>([
    ["cacheControl is off", { preset: "web", cacheControl: false }],
    ["it only reports", { preset: "web", mode: "report" }],
    ["the preset is helmet", { preset: "helmet" }],
  ])("are as the app sends them where %s", async (_why, options) => {
    const answer = await request(appWith(options, (_req, res) => void set(res).send("a"))).get("/");
    expect(answer.headers["cache-control"]).toBeUndefined();
  });

  it("change nothing for others: a page without a cookie may be cached", async () => {
    const app = appWith({ preset: "web" }, (_req, res) => void res.send("page"));
    expect((await request(app).get("/")).headers["cache-control"]).toBeUndefined();
  });
});
