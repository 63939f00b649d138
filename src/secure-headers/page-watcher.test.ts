import type { Express, RequestHandler } from "express";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { decisionsOf } from "../core/decision/decision.js";
import { reportedChanges } from "../core/decision/report-mode.js";
import { type SecureHeadersOptions, secureHeaders } from "./secure-headers.js";

const page: RequestHandler = (_req, res) => void res.send("<!doctype html><p>hello</p>");
const data: RequestHandler = (_req, res) => void res.json({ ok: true });

describe.each(expressVersions)("pages in report mode on Express %s", (_major, express) => {
  /** What the last answer was recorded to change. */
  let changes: readonly string[] = [];

  function appWith(build: (app: Express) => void, options: SecureHeadersOptions = {}): Express {
    const app = express();
    app.use((req, res, next) => {
      res.on("finish", () => {
        const ofHeaders = decisionsOf(req).filter(({ guard }) => guard === "secureHeaders");
        expect(ofHeaders.map(({ reason }) => reason)).toEqual(reportedChanges(req));
        changes = reportedChanges(req);
      });
      next();
    });
    app.use(secureHeaders({ mode: "report", ...options }));
    build(app);
    return app;
  }
  async function changesOf(app: Express, path: string): Promise<readonly string[]> {
    changes = [];
    await request(app).get(path);
    return changes;
  }

  it("are recorded once for each route, whatever paths clients ask for", async () => {
    const app = appWith((routes) => {
      routes.get("/orders/:id", page).get("/about", page);
    });
    expect(await changesOf(app, "/orders/1")).toEqual(["page_affected"]);
    expect(await changesOf(app, "/orders/2")).toEqual([]);
    expect(await changesOf(app, "/about")).toEqual(["page_affected"]);
    expect(await changesOf(app, "/about")).toEqual([]);
  });

  it("are recorded once for all that no route answers", async () => {
    const app = appWith((routes) => void routes.use(page));
    expect(await changesOf(app, "/a")).toEqual(["page_affected"]);
    expect(await changesOf(app, "/b")).toEqual([]);
  });

  it("are recorded in routers and mounted apps", async () => {
    const app = appWith((routes) => {
      routes.use("/router", express.Router().get("/", page));
      routes.use("/app", express().get("/", page));
    });
    expect(await changesOf(app, "/router")).toEqual(["page_affected"]);
    expect(await changesOf(app, "/app")).toEqual(["page_affected"]);
  });

  it.each<[string, RequestHandler]>([
    ["res.type", (_req, res) => void res.type("html").send("x")],
    ["XHTML", (_req, res) => void res.type("application/xhtml+xml").send("x")],
    ["other letters", (_req, res) => void res.setHeader("content-type", "Text/HTML").end("x")],
    ["writeHead", (_req, res) => void res.writeHead(200, { "Content-Type": "text/html" }).end("x")],
    [
      "writeHead with a list",
      (_req, res) => void res.writeHead(200, ["Content-Type", "text/html"]).end("x"),
    ],
    [
      "a policy of the app, which may be helmet's",
      (_req, res) => void res.set("Content-Security-Policy", "default-src 'self'").send("x"),
    ],
  ])("are known by %s", async (_title, handler) => {
    const app = appWith((routes) => void routes.get("/", handler));
    expect(await changesOf(app, "/")).toEqual(["page_affected"]);
  });

  it.each<[string, RequestHandler]>([
    ["data", data],
    ["a text", (_req, res) => void res.type("text/plain").send("<p>")],
    ["another type with the same start", (_req, res) => void res.type("text/html-x").end("x")],
    ["no type", (_req, res) => void res.end("<p>")],
    ["a redirect", (_req, res) => void res.redirect("/elsewhere")],
    ["a failure", (_req, res) => void res.status(500).send("<p>")],
    ["nothing", (_req, res) => void res.sendStatus(204)],
  ])("are not %s", async (_title, handler) => {
    const app = appWith((routes) => void routes.get("/", handler));
    expect(await changesOf(app, "/")).toEqual([]);
  });

  it("are not recorded when the headers are sent", async () => {
    const app = appWith((routes) => void routes.get("/", page), { mode: "enforce" });
    expect(await changesOf(app, "/")).toEqual([]);
  });

  it("change nothing but the header that only reports", async () => {
    const app = appWith((routes) => void routes.get("/", page));
    const plain = express().get("/", page);
    const [ours, theirs] = [await request(app).get("/"), await request(plain).get("/")];
    const { "content-security-policy-report-only": policy, date: _d, ...others } = ours.headers;
    const { date: _e, ...expected } = theirs.headers;
    expect(policy).toContain("default-src 'none'");
    expect(others).toEqual(expected);
    expect(ours.text).toBe(theirs.text);
  });
});
