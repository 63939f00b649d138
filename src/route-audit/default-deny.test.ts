import { createRequire } from "node:module";
import { join } from "node:path";
import type Express5 from "express";
import type { Express, Request, RequestHandler } from "express";
import request from "supertest";
import { describe, expect, it, vi } from "vitest";
import { routerVersions } from "../../test/support/express.js";
import { guardFor } from "../../test/support/route-audit/matrix-app.js";
import { requireRole } from "../authorization/index.js";
import { decisionsOf } from "../core/decision/decision.js";
import { markGuard } from "../core/guard/guard-mark.js";
import { principalFrom } from "../principal/index.js";
import { defaultDeny } from "./default-deny.js";

const answer: RequestHandler = (_req, res) => void res.send("ok");

/** Loads the package anew, as another version of it would be. */
function anotherCopyOf(name: string): typeof Express5 {
  const load = createRequire(join(process.cwd(), "package.json"));
  for (const path of Object.keys(load.cache)) {
    if (/node_modules[\\/](?:express\d?|router)[\\/]/.test(path)) delete load.cache[path];
  }
  return load(name) as typeof Express5;
}

describe.each(routerVersions)("defaultDeny on Express %s", (_version, express) => {
  async function statusOf(app: Express, path: string): Promise<number> {
    return (await request(app).get(path).set("Authorization", "Bearer x")).status;
  }

  it("refuses with 403 what no guard has let pass", async () => {
    const app = defaultDeny(express());
    let decisions: unknown;
    app.use((req, res, next) => {
      res.on("finish", () => {
        decisions = decisionsOf(req);
      });
      next();
    });
    app.get("/open", answer);
    app.get("/guarded", guardFor(), answer);
    const { body } = await request(app)
      .get("/open")
      .expect(403)
      .expect("Content-Type", "application/problem+json");
    expect(body).toMatchObject({ code: "access_denied" });
    expect(decisions).toMatchObject([
      { guard: "defaultDeny", outcome: "deny", enforced: true, reason: "no_guard", status: 403 },
    ]);
    expect(await statusOf(app, "/guarded")).toBe(200);
    await request(app).get("/guarded").expect(401);
    await request(app).get("/nothing").expect(404);
    await request(app).head("/open").expect(403);
  });

  it.each<[string, Parameters<typeof guardFor>[0], number]>([
    ["optional authentication", { optional: true }, 403],
    ["a guard that only reports", { mode: "report" }, 403],
    ["a limit", { kind: "limit" }, 403],
    ["authorization", { kind: "authorization" }, 200],
    ["a declaration that it is public", { kind: "public", rule: "status" }, 200],
  ])("decides about %s as the audit does", async (_what, about, status) => {
    const app = defaultDeny(express());
    app.get("/a", guardFor(about), answer);
    expect(await statusOf(app, "/a")).toBe(status);
  });

  it("holds for routes, routers and apps that are added later", async () => {
    const app = express();
    app.get("/first", answer);
    expect(defaultDeny(app)).toBe(app);
    defaultDeny(app);
    const router = express.Router();
    app.use("/router", router);
    expect(await statusOf(app, "/first")).toBe(403);
    router.get("/a", answer);
    const sub = express();
    app.use("/sub", sub);
    sub.get("/a", answer);
    sub.get("/b", guardFor(), answer);
    app.use("/hidden", (req, res, next) => router(req, res, next));
    app.use("/behind", guardFor(), router);
    for (const path of ["/router/a", "/sub/a", "/hidden/a"]) {
      expect(await statusOf(app, path), path).toBe(403);
    }
    expect(await statusOf(app, "/sub/b")).toBe(200);
    expect(await statusOf(app, "/behind/a")).toBe(200);
  });

  it("lets handlers run that a guard of the route follows, and no others", async () => {
    const app = defaultDeny(express());
    const calls: string[] = [];
    const load: RequestHandler = (_req, _res, next) => {
      calls.push("load");
      next();
    };
    app.get("/loaded", load, guardFor(), answer);
    app.get("/late", answer, guardFor());
    app.get("/skips", (_req, _res, next) => next("route"), guardFor(), answer);
    app.get("/skips", answer);
    expect(await statusOf(app, "/loaded")).toBe(200);
    expect(calls).toEqual(["load"]);
    expect(await statusOf(app, "/late")).toBe(403);
    expect(await statusOf(app, "/skips")).toBe(403);
  });

  it.each<[string, (req: Request) => void]>([
    ["changes the method", (req) => void Object.assign(req, { method: "PURGE" })],
    ["takes the route away", (req) => void Reflect.deleteProperty(req, "route")],
    ["puts another route in its place", (req) => void Object.assign(req, { route: { stack: [] } })],
    [
      "hides the route",
      (req) => void Object.defineProperty(req, "route", { get: () => undefined }),
    ],
  ])("refuses behind a handler that %s", async (_what, change) => {
    const app = defaultDeny(express());
    const handler = vi.fn(answer);
    const changing: RequestHandler = (req, _res, next) => {
      change(req);
      next();
    };
    app.get("/one", changing, handler);
    app.route("/many").all(changing).get(handler).post(handler);
    app.all("/all", changing, handler);
    app.get("/guarded", changing, guardFor(), answer);
    for (const path of ["/one", "/many", "/all"]) expect(await statusOf(app, path), path).toBe(403);
    expect(await statusOf(app, "/guarded")).toBe(200);
    expect(handler).not.toHaveBeenCalled();
  });

  it("refuses in routes that something calls by hand", async () => {
    const app = defaultDeny(express());
    const handler = vi.fn(answer);
    const route = express.Router().route("/a");
    route.get((req, _res, next) => {
      req.route = undefined;
      next();
    }, handler);
    const { dispatch } = route as unknown as { dispatch: RequestHandler };
    app.use((req, res, next) => dispatch.call(route, req, res, next));
    expect(await statusOf(app, "/a")).toBe(403);
    expect(handler).not.toHaveBeenCalled();
  });

  it("refuses in routers and apps of a copy of Express that is loaded later", async () => {
    const app = defaultDeny(express());
    app.get("/first", answer);
    expect(await statusOf(app, "/first")).toBe(403);
    const handler = vi.fn(answer);
    for (const name of ["express", "express4"]) {
      const router = anotherCopyOf(name).Router();
      router.get("/a", handler);
      app.use(`/${name}`, router);
      expect(await statusOf(app, `/${name}/a`), name).toBe(403);
      const mounted = anotherCopyOf(name)();
      mounted.get("/a", handler);
      app.use(`/app-${name}`, mounted);
      expect(await statusOf(app, `/app-${name}/a`), name).toBe(403);
    }
    expect(handler).not.toHaveBeenCalled();
  });

  it("knows on which paths the parts of a preset run", async () => {
    const app = defaultDeny(express());
    const pass: RequestHandler = (_req, _res, next) => next();
    const part = { guard: "g", kind: "authentication", mode: "enforce" } as const;
    const preset = { guard: "secureApi", kind: "preset", mode: "enforce" } as const;
    app.use(
      "/a",
      markGuard(pass, {
        ...preset,
        parts: [{ ...part, at: ["/a/in/*"], except: ["GET /a/in/open"] }],
      }),
    );
    app.get("/a/:x/:y", answer);
    expect(await statusOf(app, "/a/in/x")).toBe(200);
    expect(await statusOf(app, "/a/in/open")).toBe(200);
    expect(await statusOf(app, "/a/out/x")).toBe(403);
  });

  it("works with guards of ours", async () => {
    const app = defaultDeny(express());
    app.use(
      principalFrom((req) =>
        req.headers.authorization === undefined
          ? null
          : { subject: "ann", issuer: "https://id.example", roles: ["admin"] },
      ),
    );
    app.get("/admin", requireRole("admin"), answer);
    app.get("/open", answer);
    expect(await statusOf(app, "/admin")).toBe(200);
    await request(app).get("/admin").expect(401);
    await request(app).get("/open").expect(403);
  });

  it("only records in report mode", async () => {
    const app = defaultDeny(express(), { mode: "report" });
    let decisions: unknown;
    app.get("/open", (req, res) => {
      decisions = decisionsOf(req);
      res.send("ok");
    });
    expect(await statusOf(app, "/open")).toBe(200);
    expect(decisions).toMatchObject([{ guard: "defaultDeny", enforced: false }]);
  });

  it("leaves other apps alone", async () => {
    defaultDeny(express());
    const other = express();
    other.get("/a", answer);
    expect(await statusOf(other, "/a")).toBe(200);
  });

  it.each([undefined, () => undefined])("says that %s is no app", (app) => {
    expect(() => defaultDeny(app as never)).toThrow("defaultDeny: expected an Express app");
  });
});
