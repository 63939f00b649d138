import express5, { type Express, type RequestHandler } from "express";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import { http2Request, http2Server } from "../../../test/support/http2.js";
import { getCspNonce } from "../get-csp-nonce.js";
import { secureHeaders } from "../secure-headers.js";
import type { SecureHeadersOptions } from "../secure-headers-options.js";

const NONCE = /'nonce-([\w-]{24})'/;
const POLICY = "content-security-policy";
const REPORT_ONLY = "content-security-policy-report-only";

function problemsOf(options: unknown): readonly string[] {
  try {
    secureHeaders(options as SecureHeadersOptions);
  } catch (error) {
    return (error as { readonly problems: readonly string[] }).problems;
  }
  return [];
}

describe.each(expressVersions)("a nonce on Express %s", (_major, express) => {
  const page: RequestHandler = (req, res) => {
    res.json({ local: res.locals["cspNonce"], read: getCspNonce(req) });
  };

  function appWith(options: SecureHeadersOptions, handler: RequestHandler = page): Express {
    const app = express().use(secureHeaders(options));
    app.get("/", handler);
    return app;
  }

  it.each<[string, SecureHeadersOptions, string]>([
    [
      "of the preset web",
      { preset: "web", csp: { nonce: true } },
      "default-src 'self';base-uri 'none';form-action 'self';frame-ancestors 'self';img-src 'self' data:;object-src 'none';script-src 'self' 'nonce-N';style-src 'self' 'nonce-N'",
    ],
    [
      "of the preset api, where nothing else may run",
      { csp: { nonce: "scriptSrc" } },
      "default-src 'none';base-uri 'none';form-action 'none';frame-ancestors 'none';script-src 'nonce-N'",
    ],
    [
      "with 'strict-dynamic', which is the choice of the app",
      {
        preset: "web",
        csp: { nonce: ["scriptSrc"] },
        helmet: {
          contentSecurityPolicy: { directives: { scriptSrc: ["'strict-dynamic'", "https:"] } },
        },
      },
      "default-src 'self';base-uri 'none';form-action 'self';frame-ancestors 'self';img-src 'self' data:;object-src 'none';script-src 'strict-dynamic' https: 'nonce-N'",
    ],
    [
      "with a directive for elements, which counts in the place of the other",
      {
        csp: { nonce: "scriptSrc" },
        helmet: {
          contentSecurityPolicy: {
            useDefaults: false,
            directives: {
              defaultSrc: "'none'",
              scriptSrc: "'self'",
              scriptSrcElem: "https://a.example",
            },
          },
        },
      },
      "default-src 'none';script-src 'self' 'nonce-N';script-src-elem https://a.example 'nonce-N'",
    ],
  ])("stands in the policy %s", async (_title, options, policy) => {
    const { headers, body } = await request(appWith(options)).get("/").expect(200);
    const [, nonce = "none"] = NONCE.exec(headers[POLICY] ?? "") ?? [];
    expect(headers[POLICY]?.replaceAll(nonce, "N")).toBe(policy);
    expect(body).toEqual({ local: nonce, read: nonce });
  });

  it("is another one for each answer, over a thousand of them", async () => {
    const app = appWith({ preset: "web", csp: { nonce: true } });
    const server = app.listen(0, "127.0.0.1");
    const seen = new Set<string>();
    try {
      for (let turn = 0; turn < 20; turn += 1) {
        const answers = await Promise.all(
          Array.from({ length: 50 }, () => request(server).get("/").expect(200)),
        );
        for (const { body } of answers) seen.add((body as { read: string }).read);
      }
    } finally {
      server.close();
    }
    expect(seen.size).toBe(1000);
    for (const nonce of seen) expect(nonce).toMatch(/^[\w-]{24}$/);
  });

  it("is one for the whole request where secureHeaders is mounted twice and in a mounted app", async () => {
    const inner = express().use(secureHeaders({ preset: "web", csp: { nonce: true } }));
    inner.get("/", page);
    const app = express().use(secureHeaders({ csp: { nonce: "scriptSrc" } }));
    app.use((_req, res, next) => {
      res.setHeader("X-Outer", String(res.locals["cspNonce"]));
      next();
    });
    app.use("/inner", inner);
    const { headers, body } = await request(app).get("/inner/").expect(200);
    const nonce = (body as { read: string }).read;
    expect(headers["x-outer"]).toBe(nonce);
    expect(headers[POLICY]?.split(`'nonce-${nonce}'`)).toHaveLength(3);
  });

  it("stands in the policy that only reports as well, where that governs scripts", async () => {
    const app = appWith({
      preset: "web",
      csp: { nonce: "scriptSrc", reportOnly: { scriptSrc: ["'self'"], imgSrc: "'self'" } },
    });
    const { headers, body } = await request(app).get("/").expect(200);
    const { read } = body as { read: string };
    expect(headers[POLICY]).toContain(`script-src 'self' 'nonce-${read}'`);
    expect(headers[REPORT_ONLY]).toBe(`script-src 'self' 'nonce-${read}';img-src 'self'`);
    const other = appWith({
      preset: "web",
      csp: { nonce: true, reportOnly: { imgSrc: "'self'" } },
    });
    const { headers: others } = await request(other).get("/").expect(200);
    expect(others[REPORT_ONLY]).toBe("img-src 'self'");
  });

  it("stands in place of its own source only, whatever else a directive holds", async () => {
    const directives = { imgSrc: ["https://a.example/{nonce}"] };
    const plain = appWith({ helmet: { contentSecurityPolicy: { directives } } }, (_req, res) => {
      res.json(res.locals);
    });
    const without = await request(plain).get("/").expect(200, {});
    expect(without.headers[POLICY]).toContain("img-src https://a.example/{nonce}");
    const app = appWith({
      csp: { nonce: true },
      helmet: { contentSecurityPolicy: { directives } },
    });
    const { headers } = await request(app).get("/").expect(200);
    expect(headers[POLICY]).toContain("img-src https://a.example/{nonce};");
    expect(headers[POLICY]).toMatch(NONCE);
  });

  it("stands in no policy of a 304 that writeHead is given", async () => {
    const app = appWith({ preset: "web", csp: { nonce: true } }, (req, res) => {
      res.writeHead(304, { "content-security-policy": `script-src 'nonce-${getCspNonce(req)}'` });
      res.end();
    });
    const { headers } = await request(app).get("/").expect(304);
    expect(headers[POLICY]).toBeUndefined();
  });

  it("keeps answers private beside cacheControl: authenticated, the default of the preset web", async () => {
    const options = { preset: "web", csp: { nonce: true }, cacheControl: "authenticated" } as const;
    const { headers } = await request(appWith(options)).get("/").expect(200);
    expect(headers["cache-control"]).toBe("private");
  });

  it("is given over HTTP/2", async () => {
    const server = http2Server(appWith({ preset: "web", csp: { nonce: true } }));
    try {
      const { headers, body } = await http2Request(server, { ":path": "/" });
      expect(String(headers[POLICY])).toContain(
        `'nonce-${(JSON.parse(body) as { read: string }).read}'`,
      );
    } finally {
      server.close();
    }
  });

  it.each<[string, SecureHeadersOptions, RequestHandler, string | undefined]>([
    ["keeps an answer that says nothing out of shared caches", {}, page, "private"],
    [
      "leaves alone what the handler says",
      {},
      (_req, res) => void res.set("Cache-Control", "public, max-age=60").end(),
      "public, max-age=60",
    ],
    [
      "leaves alone what the handler says in writeHead",
      {},
      (_req, res) => void res.writeHead(200, { "cache-control": "max-age=9" }).end(),
      "max-age=9",
    ],
    ["follows cacheControl: false", { cacheControl: false }, page, undefined],
    ["follows no-store", { cacheControl: "no-store" }, page, "no-store"],
  ])("%s", async (_title, options, handler, expected) => {
    const app = appWith({ preset: "web", csp: { nonce: true }, ...options }, handler);
    const { headers } = await request(app).get("/").expect(200);
    expect(headers["cache-control"]).toBe(expected);
  });

  it("is no-store for who is logged in, under the preset web", async () => {
    const app = appWith({ preset: "web", csp: { nonce: true } });
    const { headers } = await request(app).get("/").set("Cookie", "sid=1").expect(200);
    expect(headers["cache-control"]).toBe("no-store");
  });

  it("does not come with a 304, because the browser has a page with another one", async () => {
    const app = appWith(
      { preset: "web", csp: { nonce: true, reportOnly: { scriptSrc: "'self'" } } },
      (_req, res) => void res.set("ETag", '"1"').send("page"),
    );
    const first = await request(app).get("/").expect(200);
    expect(first.headers[POLICY]).toMatch(NONCE);
    const { headers } = await request(app).get("/").set("If-None-Match", '"1"').expect(304);
    expect([headers[POLICY], headers[REPORT_ONLY]]).toEqual([undefined, undefined]);
    expect(headers["x-content-type-options"]).toBe("nosniff");
    const plain = appWith({ preset: "web" }, (_req, res) => void res.set("ETag", '"1"').send("p"));
    const other = await request(plain).get("/").set("If-None-Match", '"1"').expect(304);
    expect(other.headers[POLICY]).toContain("default-src 'self'");
  });

  it("is there in report mode, in the policy that only reports", async () => {
    const app = appWith({ preset: "web", mode: "report", csp: { nonce: true } });
    const { headers, body } = await request(app).get("/").expect(200);
    const { read, local } = body as { read: string; local: string };
    expect(headers[REPORT_ONLY]).toContain(`script-src 'self' 'nonce-${read}'`);
    expect(local).toBe(read);
    expect([headers[POLICY], headers["cache-control"]]).toEqual([undefined, undefined]);
  });

  it("is in report mode that of the app, where a middleware in front made one", async () => {
    const app = express().use((_req, res, next) => {
      res.locals["cspNonce"] = "0123456789abcdef0123456789abcdef";
      next();
    });
    app.use(secureHeaders({ preset: "web", mode: "report", csp: { nonce: true } }));
    app.get("/", page);
    const { headers, body } = await request(app).get("/").expect(200);
    expect(body).toEqual({
      local: "0123456789abcdef0123456789abcdef",
      read: "0123456789abcdef0123456789abcdef",
    });
    expect(headers[REPORT_ONLY]).toContain("'nonce-0123456789abcdef0123456789abcdef'");
    const odd = express().use((_req, res, next) => {
      res.locals["cspNonce"] = "x'; script-src *";
      next();
    });
    odd.use(secureHeaders({ preset: "web", mode: "report", csp: { nonce: true } }));
    odd.get("/", page);
    const answer = await request(odd).get("/").expect(200);
    expect(answer.headers[REPORT_ONLY]).toMatch(NONCE);
    expect(answer.headers[REPORT_ONLY]).not.toContain("script-src *");
    expect((answer.body as { local: string }).local).toBe("x'; script-src *");
  });

  it("is none of getCspNonce where nobody gives it", async () => {
    let thrown: unknown;
    const app = appWith({ preset: "web" }, (req, res) => {
      try {
        getCspNonce(req);
      } catch (error) {
        thrown = error;
      }
      res.end();
    });
    const { headers } = await request(app).get("/").expect(200);
    expect(String(thrown)).toContain("no secureHeaders({ csp: { nonce: true } }) ran");
    expect(headers[POLICY]).not.toContain("nonce");
  });

  it("works behind a router without an app", async () => {
    const router = express.Router();
    router.use(secureHeaders({ preset: "web", csp: { nonce: true } }));
    router.get("/", (req, res) => void res.end(getCspNonce(req as never)));
    const { createServer } = await import("node:http");
    const server = createServer((req, res) => router(req as never, res as never, () => res.end()));
    const { headers, text } = await request(server).get("/").buffer(true);
    expect(headers[POLICY]).toContain(`'nonce-${text}'`);
  });
});

describe("csp", () => {
  it.each<[string, object, string]>([
    [
      "a nonce from an unset variable",
      { csp: { nonce: undefined } },
      "secureHeaders.csp.nonce must not be undefined",
    ],
    [
      "a nonce as a text",
      { csp: { nonce: "true" } },
      'csp.nonce must be true, "scriptSrc" or "styleSrc", got a string of 4 characters',
    ],
    [
      "an unknown directive",
      { csp: { nonce: ["scriptSrc", "imgSrc"] } },
      "csp.nonce[1] must be true,",
    ],
    ["no directive", { csp: { nonce: [] } }, "got an empty list"],
    [
      "a nonce beside 'unsafe-inline'",
      { preset: "helmet", csp: { nonce: true } },
      "csp.nonce must not be for style-src with 'unsafe-inline'",
    ],
    [
      "a nonce without a policy",
      { csp: { nonce: true }, helmet: { contentSecurityPolicy: false } },
      "csp.nonce must be left out when helmet.contentSecurityPolicy is false",
    ],
    [
      "a nonce of a function",
      { helmet: { contentSecurityPolicy: { directives: { scriptSrc: [() => "'nonce-1'"] } } } },
      "Write csp: { nonce: true }",
    ],
    [
      "a nonce that never changes",
      { helmet: { contentSecurityPolicy: { directives: { scriptSrc: ["'nonce-abc'"] } } } },
      'directives["scriptSrc"] must not hold a nonce, one that never changes stops nothing',
    ],
    ["directives in csp", { csp: { directives: {} } }, "the policy itself stands in helmet"],
    [
      "no directives to report on",
      { csp: { reportOnly: {} } },
      "csp.reportOnly must be an object of directives",
    ],
    [
      "a policy that is a text",
      { csp: { reportOnly: "img-src 'self'" } },
      "csp.reportOnly must be an object of directives",
    ],
    [
      "a misspelt directive",
      { csp: { reportOnly: { imgSource: "'self'" } } },
      'did you mean "img-src"?',
    ],
    [
      "a null directive",
      { csp: { reportOnly: { imgSrc: null } } },
      "must not have img-src as null",
    ],
    [
      "what only enforces",
      { csp: { reportOnly: { sandbox: [], imgSrc: "'self'" } } },
      "must not have sandbox: browsers ignore it",
    ],
    [
      "what helmet refuses",
      { csp: { reportOnly: { imgSrc: "self" } } },
      "csp.reportOnly must be what helmet accepts",
    ],
    [
      "two policies that only report",
      {
        csp: { reportOnly: { imgSrc: "'self'" } },
        helmet: { contentSecurityPolicy: { reportOnly: true } },
      },
      "there is one such header",
    ],
    [
      "a nonce with 'unsafe-inline' in the second policy",
      { csp: { nonce: "scriptSrc", reportOnly: { scriptSrc: "'unsafe-inline'" } } },
      "csp.reportOnly must not be for script-src with 'unsafe-inline'",
    ],
  ])("refuses %s", (_title, options, problem) => {
    expect(problemsOf(options).join("\n")).toContain(problem);
  });

  it("tells of a misspelt directive once, also where it is the only one", () => {
    expect(problemsOf({ csp: { reportOnly: { scriptsrc: ["'self'"] } } })).toHaveLength(1);
    expect(problemsOf({ csp: { reportOnly: {} } })).toHaveLength(1);
  });

  it("refuses getCspNonce where it is mounted uncalled", async () => {
    const app = express5().use(getCspNonce as never);
    await request(app).get("/").expect(500);
  });
});
