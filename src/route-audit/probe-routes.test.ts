import { request as sendRequest } from "node:http";
import type { ErrorRequestHandler, Express, RequestHandler } from "express";
import { afterEach, describe, expect, it, vi } from "vitest";
import { routerVersions } from "../../test/support/express.js";
import { guardFor, matrixApp } from "../../test/support/route-audit/matrix-app.js";
import { rateLimit } from "../rate-limit/index.js";
import { auditRoutes } from "./audit-routes.js";
import { probeRoutes } from "./probe-routes.js";

describe.each(routerVersions)("probeRoutes on Express %s", (version, express) => {
  const guard = guardFor();
  const handler = vi.fn<RequestHandler>((_req, res) => void res.send("secret"));

  afterEach(() => {
    handler.mockClear();
  });

  async function outcomeOf(app: Express, index = 0): Promise<string | undefined> {
    const found = auditRoutes(app).routes;
    const { routes } = await probeRoutes(app);
    expect(routes.map(({ method, path }) => `${method} ${path}`)).toEqual(
      found.map(({ method, path }) => `${method} ${path}`),
    );
    expect(handler).not.toHaveBeenCalled();
    return routes[index]?.outcome;
  }

  it("agrees with the audit about each route that it reaches", async () => {
    const { app, routes } = matrixApp(express, version === "4");
    const probed = (await probeRoutes(app)).routes;
    expect(probed).toHaveLength(routes.length);
    const bad = probed.filter(({ outcome }, index) => {
      const status = routes[index]?.[2];
      if (status === "guarded") return outcome !== "refused";
      return status === "public" && outcome !== "reached";
    });
    expect(bad).toEqual([]);
    const unreached = probed.filter(
      ({ outcome }, index) => routes[index]?.[2] === "open" && outcome !== "reached",
    );
    // Guards without a brand, or with one that does not count; and what is called behind a guard of the same path.
    expect(unreached.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "GET /report",
      "GET /limit",
      "GET /wrapped",
      "GET /twice",
      "PUT /put-only",
    ]);
  });

  it("finds a handler that answers in front of the guard", async () => {
    const app = express();
    app.get("/leak", (_req, res) => void res.send("leak"), guard, handler);
    expect(auditRoutes(app).routes[0]).toMatchObject({ status: "guarded" });
    expect(await outcomeOf(app)).toBe("answered");
  });

  it("finds one that does so for HEAD alone", async () => {
    const app = express();
    const peek: RequestHandler = (req, res, next) =>
      req.method === "HEAD" ? void res.end() : next();
    app.get("/leak", peek, guard, handler);
    expect(await outcomeOf(app)).toBe("answered");
  });

  it("finds a middleware that answers for a path in upper case", async () => {
    const app = express();
    app.use((req, res, next) => (req.path === "/A" ? void res.send("leak") : next()));
    app.get("/a", guard, handler);
    expect(await outcomeOf(app)).toBe("answered");
  });

  it("finds an error handler that goes on past the guard", async () => {
    const goOn: ErrorRequestHandler = (_error, _req, _res, next) => next();
    const app = express();
    app.use(express.json(), guard, goOn);
    app.post("/orders", handler);
    expect(auditRoutes(app).routes[0]).toMatchObject({ status: "guarded" });
    const { routes } = await probeRoutes(app);
    expect(routes[0]).toMatchObject({
      outcome: "reached",
      answers: [{ method: "POST", url: "/orders", status: 299, outcome: "reached" }],
    });
    expect(handler).not.toHaveBeenCalled();
  });

  it("takes a redirect to a login page for a refusal, when a guard sends it", async () => {
    const app = express();
    const login = guardFor();
    const redirect: RequestHandler = (_req, res) => res.redirect("/login");
    Object.assign(redirect, login);
    app.get("/page", redirect, handler);
    expect(await outcomeOf(app)).toBe("refused");
  });

  it("takes the error of a guard for a refusal, whatever an error handler answers", async () => {
    const app = express();
    const refuse: RequestHandler = (_req, _res, next) => next(new Error("no"));
    Object.assign(refuse, guardFor());
    const page: ErrorRequestHandler = (_error, _req, res, _next) => void res.send("Sorry");
    app.get("/page", refuse, handler);
    app.use(page);
    expect(await outcomeOf(app)).toBe("refused");
  });

  it("is not stopped by limits by address and redirects to https", async () => {
    const app = express();
    app.use((req, res, next) =>
      req.secure ? next() : res.redirect(`https://x.example${req.url}`),
    );
    app.use(rateLimit({ limit: 1, window: "1h" }));
    app.get("/open", handler);
    expect(await outcomeOf(app)).toBe("reached");
  });

  it("proves nothing where something else refuses", async () => {
    const app = express();
    app.use((_req, res) => void res.sendStatus(503));
    app.get("/a", guard, handler);
    expect(await outcomeOf(app)).toBe("unproven");
  });

  it("tries routes behind others of the same path", async () => {
    const app = express();
    app.get("/users/:id", guard, handler);
    app.get("/users/me", handler);
    app.get("/:any/me", handler);
    const { routes } = await probeRoutes(app);
    expect(routes.map(({ outcome }) => outcome)).toEqual(["refused", "refused", "reached"]);
  });

  it("leads requests past what is to be skipped", async () => {
    const session = vi.fn<RequestHandler>((_req, res) => void res.sendStatus(500));
    const app = express();
    app.use(session);
    app.get("/a", handler);
    const { routes } = await probeRoutes(app, { skip: [session] });
    expect(routes[0]?.outcome).toBe("reached");
    expect(session).not.toHaveBeenCalled();
  });

  it("runs no handler of a route, whatever those in front do to the request", async () => {
    const app = express();
    const router = express.Router();
    router.post("/derived", handler);
    app.use((req, res, next) => {
      if (req.url === "/derived") router(Object.create(req), res, next);
      else next();
    });
    app.post("/derived", guard, handler);
    const change: RequestHandler = (req, _res, next) => {
      req.method = "PURGE";
      req.route = undefined;
      next();
    };
    app.post("/changed", change, handler);
    const { routes } = await probeRoutes(app);
    expect(routes.map(({ outcome }) => outcome)).toEqual(["refused", "reached"]);
    expect(handler).not.toHaveBeenCalled();
  });

  it("keeps a request from its handler that comes there when the probe has ended", async () => {
    const app = express();
    const late: (() => void)[] = [];
    app.use((_req, res, next) => {
      res.send("early");
      late.push(next);
    });
    app.post("/signup", handler);
    await probeRoutes(app);
    expect(late.length).toBeGreaterThan(0);
    for (const next of late) next();
    expect(handler).not.toHaveBeenCalled();
  });

  it("finds a handler with a brand that demands nothing", async () => {
    const app = express();
    const forged = guardFor({ kind: "audit" });
    const leak: RequestHandler = (_req, res) => void res.send("leak");
    app.get("/leak", Object.assign(leak, forged), guard, handler);
    expect(await outcomeOf(app)).toBe("answered");
  });

  it("leaves the app as it was, also when it fails", async () => {
    const app = express();
    app.get("/a", handler);
    await probeRoutes(app);
    expect(() => probeRoutes(app, { skip: "session" as never })).toThrow(
      "probeRoutes.skip must be a middleware that is mounted in the app",
    );
    const server = app.listen(0, "127.0.0.1");
    await new Promise((resolve) => void server.once("listening", resolve));
    const { port } = server.address() as { port: number };
    const status = await new Promise((resolve) => {
      sendRequest({ port, path: "/a" }, (res) => resolve(res.resume().statusCode)).end();
    });
    server.close();
    expect(status).toBe(200);
    expect(handler).toHaveBeenCalledOnce();
  });

  it("is told apart from requests that others send meanwhile", async () => {
    const app = express();
    app.get("/a", handler);
    const server = app.listen(0, "127.0.0.1");
    await new Promise((resolve) => void server.once("listening", resolve));
    const { port } = server.address() as { port: number };
    const slow: RequestHandler = (_req, _res, next) => void setTimeout(next, 50);
    app.get("/b", slow, handler);
    const probed = probeRoutes(app);
    const status = await new Promise((resolve) => {
      sendRequest({ port, path: "/a" }, (res) => resolve(res.resume().statusCode)).end();
    });
    server.close();
    expect(status).toBe(200);
    await probed;
    expect(handler).toHaveBeenCalledOnce();
  });
});
