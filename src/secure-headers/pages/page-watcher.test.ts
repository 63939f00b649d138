import { Readable } from "node:stream";
import type { ErrorRequestHandler, Express, RequestHandler } from "express";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import { http2Request, http2Server } from "../../../test/support/http2.js";
import { decisionsOf } from "../../core/decision/decision.js";
import { reportedChanges } from "../../core/decision/report-mode.js";
import { HttpError } from "../../core/refusal/http-error.js";
import { errorHandler } from "../../errors/index.js";
import { secureHeaders } from "../secure-headers.js";
import type { SecureHeadersOptions } from "../secure-headers-options.js";

const page: RequestHandler = (_req, res) => void res.send("<!doctype html><p>hello</p>");
const TYPE_UNKNOWN = { "Content-Type": "unknown/unknown" };
const NAVIGATION = { Accept: "text/html", "Sec-Fetch-Mode": "navigate" };
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
  async function changesOf(app: Express, path: string, sent = {}): Promise<readonly string[]> {
    changes = [];
    await request(app).get(path).set(sent).buffer(true);
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
    ["a failed login", (_req, res) => void res.status(401).send("<p>Wrong password</p>")],
    ["a failure", (_req, res) => void res.status(500).send("<p>Sorry</p>")],
    ["a status of the app's own", (_req, res) => void res.status(299).send("<p>x</p>")],
    ["a choice, which leads nowhere", (_req, res) => void res.status(300).send("<p>x</p>")],
    [
      "a failure under a policy of the app",
      (_req, res) => {
        res.status(403).set("Content-Security-Policy", "default-src 'none'; img-src *").send("x");
      },
    ],
    ["an error that the app words", (_req, _res, next) => next(new Error("no"))],
  ])("are known whatever the status: %s", async (title, handler) => {
    const app = appWith((routes) => {
      routes.get("/", handler);
      if (title.startsWith("an error"))
        routes.use(((_error, _req, res, _next) => {
          res.status(500).send("<p>Sorry</p>");
        }) as ErrorRequestHandler);
    });
    expect(await changesOf(app, "/")).toEqual(["page_affected"]);
  });

  it("are not hidden by a failure where no route answers", async () => {
    const app = appWith((routes) => {
      routes.use("/page", page);
      routes.use((_req, res) => void res.status(404).send("<p>Not here</p>"));
    });
    expect(await changesOf(app, "/wrong")).toEqual(["page_affected"]);
    expect(await changesOf(app, "/page")).toEqual(["page_affected"]);
    expect(await changesOf(app, "/wrong/too")).toEqual([]);
  });

  const HTML = "<!DOCTYPE html><p>hello</p>";
  it.each<[string, RequestHandler]>([
    ["end", (_req, res) => void res.end(HTML)],
    ["end with bytes", (_req, res) => void res.end(Buffer.from(HTML))],
    ["end with other bytes", (_req, res) => void res.end(new Uint8Array(Buffer.from(HTML)))],
    ["end with an encoding", (_req, res) => void res.end(Buffer.from(HTML).toString("hex"), "hex")],
    ["writeHead", (_req, res) => void res.writeHead(200).end(HTML)],
    ["writeHead and fields", (_req, res) => void res.writeHead(200, { "X-A": "1" }).end(HTML)],
    [
      "write",
      (_req, res) => {
        res.write(HTML);
        res.end("more");
      },
    ],
    [
      "blanks in front",
      (_req, res) => {
        res.write("\n  ");
        res.end(`\n${HTML}`);
      },
    ],
    [
      "flushHeaders",
      (_req, res) => {
        res.flushHeaders();
        res.end(HTML);
      },
    ],
    ["a stream", (_req, res) => void Readable.from([Buffer.from(HTML)]).pipe(res)],
    ["a comment", (_req, res) => void res.end("<!--x--><p>x")],
    ["XML", (_req, res) => void res.end('<?xml version="1.0"?><html></html>')],
    ["PDF", (_req, res) => void res.end("%PDF-1.7")],
    ["a type that says nothing", (_req, res) => void res.writeHead(200, TYPE_UNKNOWN).end(HTML)],
    ["a type that is none", (_req, res) => void res.setHeader("Content-Type", "html").end(HTML)],
    ["a failure", (_req, res) => void res.writeHead(401).end(HTML)],
  ])("without a type, which browsers would show as text, are known by %s", async (_t, handler) => {
    const app = appWith((routes) => void routes.get("/", handler));
    expect(await changesOf(app, "/")).toEqual(["page_affected", "untyped_page"]);
    expect(await changesOf(app, "/")).toEqual([]);
  });

  it("without a type are known over HTTP/2", async () => {
    const app = appWith((routes) => void routes.get("/", (_req, res) => void res.end(HTML)));
    const server = http2Server(app);
    try {
      const answer = await http2Request(server, { ":path": "/" });
      expect(answer.body).toBe(HTML);
      expect(changes).toEqual(["page_affected", "untyped_page"]);
    } finally {
      server.close();
    }
  });

  it("without a type are known in a mounted app, and where it leaves the answer to the app around it", async () => {
    const inner = express().use((req, res, next) => {
      if (req.path === "/answer") res.end(HTML);
      else next();
    });
    const guarded = express().use(secureHeaders({ mode: "report" }), inner);
    let seen: readonly string[] = [];
    const app = express().use((req, res, next) => {
      res.on("finish", () => {
        seen = reportedChanges(req);
      });
      next();
    });
    app.use(guarded, (_req, res) => void res.end(HTML));
    await request(app).get("/answer").buffer(true);
    expect(seen).toEqual(["page_affected", "untyped_page"]);
    const other = express().use((req, res, next) => {
      res.on("finish", () => {
        seen = reportedChanges(req);
      });
      next();
    });
    other.use(express().use(secureHeaders({ mode: "report" })), (_req, res) => void res.end(HTML));
    await request(other).get("/later").buffer(true);
    expect(seen).toEqual(["page_affected", "untyped_page"]);
  });

  it("without a type stay pages where browsers may guess", async () => {
    const app = appWith((routes) => void routes.get("/", (_req, res) => void res.end(HTML)), {
      helmet: { xContentTypeOptions: false },
    });
    expect(await changesOf(app, "/")).toEqual(["page_affected"]);
  });

  it.each<[string, RequestHandler]>([
    ["data", data],
    ["a text", (_req, res) => void res.type("text/plain").send("<p>")],
    ["another type with the same start", (_req, res) => void res.type("text/html-x").end("x")],
    ["data without a type", (_req, res) => void res.end('{"a":"<p>"}')],
    ["a text without a type", (_req, res) => void res.end("hello <p>")],
    ["a tag that browsers do not look for", (_req, res) => void res.end("<form>")],
    ["a longer tag", (_req, res) => void res.end("<pre>")],
    ["a byte order mark, which stands for a text", (_req, res) => void res.end("\uFEFF<p>x")],
    ["a body without a type and bytes", (_req, res) => void res.end()],
    ["a typed body with a page in it", (_req, res) => void res.type("css").end("<p>x")],
    ["a redirect", (_req, res) => void res.redirect("/elsewhere")],
    ["a redirect with a text", (_req, res) => void res.status(303).location("/").send("<p>")],
    ["nothing", (_req, res) => void res.sendStatus(204)],
    ["what was not modified", (_req, res) => void res.status(304).type("html").end()],
    ["an error that Express words", (_req, _res, next) => next(new Error("no"))],
    ["a path that nobody answers", (_req, _res, next) => next("router")],
    ["an error that errorHandler words", (_req, _res, next) => next(new HttpError("not_found"))],
  ])("are not %s", async (_title, handler) => {
    const app = appWith((routes) => {
      routes.get("/", handler);
      if (_title.includes("errorHandler")) routes.use(errorHandler({ html: true }));
    });
    expect(await changesOf(app, "/", NAVIGATION)).toEqual([]);
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
