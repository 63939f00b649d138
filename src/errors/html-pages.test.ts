import { createHash } from "node:crypto";
import type { Express } from "express";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { createGuard } from "../core/guard/guard.js";
import { HttpError } from "../core/refusal/http-error.js";
import { requestId } from "../core/refusal/problem-details.js";
import { errorHandler } from "./error-handler.js";
import { htmlOrProblem } from "./html-or-problem.js";
import { notFound } from "./not-found.js";

const CHROMIUM =
  "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7";
const NAVIGATES = { "Sec-Fetch-Mode": "navigate", Accept: CHROMIUM };
const BRAND = Symbol.for("express-secure-api.http-error/1");
const SCRIPT = `<script>alert("1")</script>&'`;

describe.each(expressVersions)("pages for browsers on Express %s", (_major, express) => {
  function failing(error: unknown): Express {
    const app = express();
    app.use((req, res, next) => {
      requestId.set(req, "id-1");
      res.setHeader("Content-Security-Policy", "default-src 'none'");
      res.setHeader("ETag", '"x"');
      next();
    });
    app.all("/", (_req, _res, next) => next(error));
    app.use(notFound({ html: true }), errorHandler({ html: true, onError: () => undefined }));
    return app;
  }
  function refusing(onDenied: typeof htmlOrProblem | "respond"): Express {
    const guard = createGuard("fake", "authentication", { mode: "enforce", onDenied });
    const headers = { "WWW-Authenticate": 'Basic realm="x"', "Retry-After": "5" };
    const app = express();
    app.use(
      guard.middleware((req, res, next) => {
        guard.refuse(new HttpError("authentication_required", { headers }), req, res, next);
      }),
    );
    app.use((_req, res) => void res.send("reached"));
    return app;
  }

  it("have status, detail, code and request id, and allow nothing but their style", async () => {
    const answer = await request(failing(new HttpError("conflict")))
      .get("/")
      .set(NAVIGATES)
      .expect(409);
    expect(answer.headers).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      vary: "Accept, Sec-Fetch-Mode",
    });
    expect(answer.headers["etag"]).toBeUndefined();
    const [, title] = /<title>(.*?)<\/title>/.exec(answer.text) ?? [];
    expect(title).toBe("409 Conflict");
    expect(answer.text).toContain("<h1>409 Conflict</h1>");
    expect(answer.text).toContain("<p>The request conflicts with the state of the resource.</p>");
    expect(answer.text).toContain("<dd>conflict</dd>");
    expect(answer.text).toContain("<dd>id-1</dd>");
    expect(answer.text).not.toMatch(/<script|\son\w+=|\sstyle=|https?:/);
    const [, style = ""] = /<style>(.*?)<\/style>/.exec(answer.text) ?? [];
    const hash = createHash("sha256").update(style).digest("base64");
    expect(answer.headers["content-security-policy"]).toBe(
      `default-src 'none';style-src 'sha256-${hash}';base-uri 'none';form-action 'none';frame-ancestors 'none'`,
    );
    expect(Number(answer.headers["content-length"])).toBe(Buffer.byteLength(answer.text));
  });

  it.each<[string, Record<string, string>]>([
    ["a browser that navigates", NAVIGATES],
    ["a navigation, whatever it accepts", { "Sec-Fetch-Mode": "navigate", Accept: "*/*" }],
    ["an old browser", { Accept: "text/html,application/xhtml+xml,*/*;q=0.8" }],
    ["an old browser of another make", { Accept: "text/html, application/xml;q=0.9, */*;q=0.8" }],
    ["HTML, rather than JSON", { Accept: "application/json;q=0.5, TEXT/HTML ; level=1" }],
    ["any text, rather than anything", { Accept: "text/*, */*;q=0.1" }],
  ])("are for %s", async (_title, headers) => {
    const app = failing(new HttpError("conflict"));
    await request(app)
      .get("/")
      .set(headers)
      .expect(409)
      .expect("Content-Type", /^text\/html/);
  });

  it.each<[string, Record<string, string>]>([
    ["fetch", { "Sec-Fetch-Mode": "cors", Accept: "*/*" }],
    ["fetch that asks for HTML", { "Sec-Fetch-Mode": "cors", Accept: "text/html" }],
    ["fetch of its own origin", { "Sec-Fetch-Mode": "same-origin", Accept: "text/html" }],
    ["an image", { "Sec-Fetch-Mode": "no-cors", Accept: "image/*" }],
    ["a WebSocket", { "Sec-Fetch-Mode": "websocket" }],
    ["two modes", { "Sec-Fetch-Mode": "navigate, cors", Accept: "text/html" }],
    ["an empty mode", { "Sec-Fetch-Mode": "", Accept: "text/html" }],
    [
      "XMLHttpRequest of jQuery",
      { "X-Requested-With": "XMLHttpRequest", Accept: "text/html, */*; q=0.01" },
    ],
    ["jQuery", { Accept: "application/json, text/javascript, */*; q=0.01" }],
    ["axios", { Accept: "application/json, text/plain, */*" }],
    ["curl", { Accept: "*/*" }],
    ["nobody in particular", {}],
    ["both alike", { Accept: "text/html, application/json" }],
    ["both alike, by a range", { Accept: "text/html;q=0.8, */*;q=0.8" }],
    ["problem documents", { Accept: "text/html;q=0.5, application/problem+json" }],
    ["HTML not at all", { Accept: "text/html;q=0" }],
    ["a weight that is none", { Accept: "text/html;q=..." }],
    ["a name that only begins so", { Accept: "text/htmlx" }],
    ["a very long list", { Accept: `text/html,${"a/b,".repeat(1000)}` }],
  ])("are not for %s", async (_title, headers) => {
    const answer = await request(failing(new HttpError("conflict")))
      .get("/")
      .set(headers)
      .expect(409);
    expect(answer.headers["content-type"]).toBe("application/problem+json");
    expect(answer.headers["vary"]).toBe("Accept, Sec-Fetch-Mode");
    expect(answer.headers["content-security-policy"]).toBe("default-src 'none'");
    expect(JSON.parse(answer.text)).toMatchObject({ code: "conflict", requestId: "id-1" });
  });

  it("are sent by errorHandler and notFound only if the app says so", async () => {
    const app = express();
    app.get("/", (_req, _res, next) => next(new HttpError("conflict")));
    app.use(notFound(), errorHandler());
    for (const path of ["/", "/nowhere"]) {
      const answer = await request(app).get(path).set(NAVIGATES);
      expect(answer.headers["content-type"]).toBe("application/problem+json");
      expect(answer.headers["vary"]).toBeUndefined();
    }
  });

  it("say that there is nothing at an address", async () => {
    const answer = await request(failing(undefined)).get("/nowhere").set(NAVIGATES).expect(404);
    expect(answer.text).toContain("<h1>404 Not Found</h1>");
    expect(answer.text).toContain("<dd>not_found</dd>");
  });

  it("show nothing of an unknown error", async () => {
    const answer = await request(failing(new Error("password=hunter2")))
      .get("/")
      .set(NAVIGATES)
      .expect(500);
    expect(answer.text).toContain("<dd>internal_error</dd>");
    expect(answer.text).not.toContain("hunter2");
  });

  it("escape whatever they show", async () => {
    const error = Object.assign(new Error(SCRIPT), { status: 400, expose: true });
    const app = failing(error);
    const answer = await request(app).get("/").set(NAVIGATES).expect(400);
    expect(answer.text).not.toContain("<script");
    expect(answer.text).toContain("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;");
  });

  it("escape what a forged error says, and refuse what is no text", async () => {
    const forged = (members: object): Error =>
      Object.assign(new Error("x"), {
        [BRAND]: true,
        headers: {},
        toProblem: () => ({ title: SCRIPT, status: 409, detail: SCRIPT, code: SCRIPT, ...members }),
      });
    const answer = await request(failing(forged({})))
      .get("/")
      .set(NAVIGATES)
      .expect(409);
    expect(answer.text).not.toContain("<script");
    for (const members of [
      { title: undefined },
      { detail: { toString: () => SCRIPT } },
      { code: 5 },
    ]) {
      const odd = await request(failing(forged(members)))
        .get("/")
        .set(NAVIGATES)
        .expect(500);
      expect(odd.text).toContain("<dd>internal_error</dd>");
    }
  });

  it("have no body on HEAD", async () => {
    const answer = await request(failing(new HttpError("conflict")))
      .head("/")
      .set(NAVIGATES)
      .expect(409);
    expect(answer.headers["content-type"]).toBe("text/html; charset=utf-8");
    expect(answer.text ?? "").toBe("");
  });

  it("keep what Vary says already", async () => {
    const app = express();
    app.get("/", (_req, res, next) => {
      res.vary("Origin");
      next(new HttpError("conflict"));
    });
    app.use(errorHandler({ html: true }));
    await request(app).get("/").set(NAVIGATES).expect("Vary", "Origin, Accept, Sec-Fetch-Mode");
  });

  it("keep header fields of the refusal of a guard, with onDenied: htmlOrProblem", async () => {
    const app = refusing(htmlOrProblem);
    const page = await request(app).get("/").set(NAVIGATES).expect(401);
    const problem = await request(app).get("/").set("Sec-Fetch-Mode", "cors").expect(401);
    for (const { headers } of [page, problem])
      expect(headers).toMatchObject({ "www-authenticate": 'Basic realm="x"', "retry-after": "5" });
    expect(page.text).toContain("<h1>401 Unauthorized</h1>");
    const plain = await request(refusing("respond")).get("/").set("Sec-Fetch-Mode", "cors");
    expect(JSON.parse(problem.text)).toEqual(JSON.parse(plain.text));
  });

  it("are not sent by htmlOrProblem for errors that are no refusals", async () => {
    const app = express();
    app.get("/ours", (_req, _res, next) => next(new HttpError("conflict")));
    app.get("/theirs", (_req, _res, next) => next(new Error("x")));
    app.use(htmlOrProblem);
    app.use(errorHandler({ onError: () => undefined }));
    await request(app).get("/ours").set(NAVIGATES).expect(409).expect("Content-Type", /html/);
    await request(app)
      .get("/theirs")
      .set(NAVIGATES)
      .expect(500)
      .expect("Content-Type", /problem/);
  });

  it("are problem documents where a property of the request throws", async () => {
    const app = express();
    app.get("/", (req, _res, next) => {
      Object.defineProperty(req.headers, "sec-fetch-mode", {
        get() {
          throw new Error("x");
        },
      });
      next(new HttpError("conflict"));
    });
    app.use(errorHandler({ html: true }));
    await request(app)
      .get("/")
      .set(NAVIGATES)
      .expect(409)
      .expect("Content-Type", /problem/);
  });
});

describe("the options for pages", () => {
  it.each<[string, () => unknown, string]>([
    ["errorHandler", () => errorHandler({ html: "true" as never }), "html must be true or false"],
    ["notFound", () => notFound({ html: 1 as never }), "notFound.html must be true or false, got"],
    ["notFound", () => notFound({ page: true } as never), "notFound must not have an option"],
    ["notFound", () => notFound(null as never), "notFound must be an options object, got null"],
  ])("of %s are checked", (_name, create, problem) => {
    expect(create).toThrow(problem);
  });

  it("of onDenied is handed over uncalled", () => {
    expect(htmlOrProblem as unknown as () => void).toThrow(
      "htmlOrProblem must not be called: write onDenied: htmlOrProblem",
    );
  });
});
