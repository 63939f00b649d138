import { readFileSync } from "node:fs";
import { createServer, request as httpsRequest } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Express } from "express";
import helmet, { type HelmetOptions } from "helmet";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import { secureHeaders } from "../secure-headers.js";
import type { SecureHeadersOptions } from "../secure-headers-options.js";

const fixtures = join(process.cwd(), "src/secure-headers/fixtures");
const certificate = {
  key: readFileSync(join(fixtures, "test-key.pem")),
  cert: readFileSync(join(fixtures, "test-certificate.pem")),
};
/** What Express and Node add by themselves. */
const PLATFORM = ["connection", "content-length", "content-type", "date", "etag", "keep-alive"];

const WEB_CSP =
  "default-src 'self';base-uri 'none';form-action 'self';frame-ancestors 'self';img-src 'self' data:;object-src 'none'";

type Fields = Readonly<Record<string, string | string[] | undefined>>;

function ownFields(headers: Fields): Fields {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !PLATFORM.includes(name)));
}

/** The header fields of one answer over TLS. */
async function overTls(app: Express, host: string): Promise<Fields> {
  const server = createServer(certificate, app as never);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  try {
    const { port } = server.address() as AddressInfo;
    return await new Promise((done, fail) => {
      const tls = { ca: certificate.cert, servername: "api.example.com", agent: false };
      httpsRequest({ port, host: "127.0.0.1", headers: { host }, ...tls }, (answer) => {
        answer.resume();
        answer.on("end", () => done(answer.headers));
      })
        .on("error", fail)
        .end();
    });
  } finally {
    server.close();
  }
}

describe.each(expressVersions)("the presets on Express %s", (_major, express) => {
  function appWith(options: SecureHeadersOptions): Express {
    const app = express().use(secureHeaders(options));
    app.get("/", (_req, res) => void res.json({ ok: true }));
    return app;
  }

  it.each<[string, HelmetOptions]>([
    ["without options", {}],
    ["with a header off", { contentSecurityPolicy: false, xFrameOptions: false }],
    ["with other directives", { contentSecurityPolicy: { directives: { imgSrc: ["*"] } } }],
    ["with a policy and no directives", { contentSecurityPolicy: { reportOnly: true } }],
    [
      "with directives alone",
      { contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'self'"] } } },
    ],
    [
      "without an upgrade",
      { contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } } },
    ],
    ["with another HSTS", { hsts: { maxAge: 60 } }],
    ["with HSTS off", { strictTransportSecurity: false }],
    ["with COEP on", { crossOriginEmbedderPolicy: true, referrerPolicy: true }],
    ["with X-Powered-By", { xPoweredBy: false }],
  ])("helmet is helmet %s, over plain HTTP and TLS", async (_title, settings) => {
    const theirs = express().use(helmet(settings));
    theirs.get("/", (_req, res) => void res.json({ ok: true }));
    const ours = appWith({ preset: "helmet", helmet: settings });
    const plain = ownFields((await request(ours).get("/").expect(200)).headers);
    expect(plain).toEqual(ownFields((await request(theirs).get("/").expect(200)).headers));
    expect(Object.keys(plain).length).toBeGreaterThanOrEqual(10);
    for (const host of ["api.example.com", "localhost"])
      expect(ownFields(await overTls(ours, host))).toEqual(ownFields(await overTls(theirs, host)));
  });

  it("helmet keeps the names of the header fields in helmet's spelling", async () => {
    const app = express().use(secureHeaders({ preset: "helmet" }));
    const names: string[] = [];
    app.get("/", (_req, res) => {
      names.push(...(res as unknown as { getRawHeaderNames(): string[] }).getRawHeaderNames());
      res.end();
    });
    await request(app).get("/").expect(200);
    const theirs: string[] = [];
    helmet()(
      {} as never,
      { setHeader: (name: string) => theirs.push(name), removeHeader() {} } as never,
      () => {},
    );
    expect(names).toEqual(theirs);
  });

  it("helmet sends HSTS by our rules once hsts is given", async () => {
    const app = appWith({ preset: "helmet", hsts: { maxAge: "1d" } });
    const { headers } = await request(app).get("/").expect(200);
    expect(headers["strict-transport-security"]).toBeUndefined();
    expect((await overTls(app, "api.example.com"))["strict-transport-security"]).toBe(
      "max-age=86400; includeSubDomains",
    );
    const off = await overTls(appWith({ preset: "helmet", hsts: false }), "api.example.com");
    expect(off["strict-transport-security"]).toBeUndefined();
  });

  it("web sends exactly its headers", async () => {
    const { headers } = await request(appWith({ preset: "web" }))
      .get("/")
      .expect(200);
    const { "permissions-policy": features, ...others } = ownFields(headers);
    expect(others).toEqual({
      "content-security-policy": WEB_CSP,
      "cross-origin-opener-policy": "same-origin-allow-popups",
      "cross-origin-resource-policy": "same-origin",
      "origin-agent-cluster": "?1",
      "referrer-policy": "strict-origin-when-cross-origin",
      "x-content-type-options": "nosniff",
      "x-dns-prefetch-control": "off",
      "x-frame-options": "SAMEORIGIN",
      "x-permitted-cross-domain-policies": "none",
    });
    expect(features).toMatch(/^(?:[a-z-]+=\(\), )+[a-z-]+=\(\)$/);
    for (const name of ["camera", "geolocation", "local-network-access", "microphone", "payment"])
      expect(features).toContain(`${name}=()`);
  });

  it.each([
    [
      "api.example.com",
      `${WEB_CSP};upgrade-insecure-requests`,
      "max-age=63072000; includeSubDomains",
    ],
    ["localhost", WEB_CSP, undefined],
    ["127.0.0.1", WEB_CSP, undefined],
  ])("web over TLS to %s has the policy and HSTS that fit", async (host, policy, hsts) => {
    const headers = await overTls(appWith({ preset: "web" }), host);
    expect(headers["content-security-policy"]).toBe(policy);
    expect(headers["strict-transport-security"]).toBe(hsts);
  });

  it.each<[string, object, string]>([
    [
      "adds to the app's directives",
      { directives: { scriptSrc: ["'self'", "https://cdn.example"] } },
      "default-src 'self';base-uri 'none';form-action 'self';frame-ancestors 'self';img-src 'self' data:;object-src 'none';script-src 'self' https://cdn.example;upgrade-insecure-requests",
    ],
    [
      "is not added when the app says no",
      { directives: { upgradeInsecureRequests: null } },
      WEB_CSP,
    ],
    [
      "is not added twice",
      { directives: { "upgrade-insecure-requests": [] } },
      `${WEB_CSP};upgrade-insecure-requests`,
    ],
  ])("the upgrade of web over TLS %s", async (_title, contentSecurityPolicy, policy) => {
    const app = appWith({ preset: "web", helmet: { contentSecurityPolicy } });
    const headers = await overTls(app, "api.example.com");
    expect(headers["content-security-policy"]).toBe(policy);
  });

  it.each(["api", "web", "helmet"] as const)(
    "%s has exactly the app's directives with useDefaults: false, over plain HTTP and TLS",
    async (preset) => {
      const directives = { defaultSrc: ["'self'"], imgSrc: ["https://img.example"] };
      const contentSecurityPolicy = { useDefaults: false, directives };
      const options = { preset, helmet: { contentSecurityPolicy } };
      const policy = "default-src 'self';img-src https://img.example";
      const plain = await request(appWith(options)).get("/");
      expect(plain.headers["content-security-policy"]).toBe(policy);
      const headers = await overTls(appWith(options), "api.example.com");
      expect(headers["content-security-policy"]).toBe(policy);
      const reporting = await request(appWith({ ...options, mode: "report" })).get("/");
      expect(reporting.headers["content-security-policy-report-only"]).toBe(policy);
    },
  );

  it.each(["api", "web", "helmet"] as const)(
    "%s has helmet's own directives with useDefaults: true, and those of the app",
    async (preset) => {
      const directives = { imgSrc: ["https://img.example"], upgradeInsecureRequests: null };
      const contentSecurityPolicy = { useDefaults: true, directives };
      const theirs = express().use(helmet({ contentSecurityPolicy }));
      theirs.get("/", (_req, res) => void res.end());
      const expected = (await request(theirs).get("/")).headers["content-security-policy"];
      const headers = await overTls(
        appWith({ preset, helmet: { contentSecurityPolicy } }),
        "api.example.com",
      );
      expect(headers["content-security-policy"]).toBe(expected);
    },
  );

  it("report mode leaves out the upgrade wherever it stands in the policy", async () => {
    const directives = { upgradeInsecureRequests: [], defaultSrc: ["'self'"] };
    const contentSecurityPolicy = { useDefaults: false, directives };
    const app = appWith({ mode: "report", helmet: { contentSecurityPolicy } });
    const { headers } = await request(app).get("/");
    expect(headers["content-security-policy-report-only"]).toBe("default-src 'self'");
  });

  it("report mode tries out the policy of the innermost, and none in place of the app's own", async () => {
    const app = express().use(secureHeaders({ mode: "report" }));
    app.use("/page", secureHeaders({ mode: "report", preset: "web" }));
    app.use("/own", (_req, res, next) => {
      res.setHeader("Content-Security-Policy-Report-Only", "default-src https:");
      next();
    });
    const off = { contentSecurityPolicy: false } as const;
    app.use("/none", secureHeaders({ mode: "report", helmet: off }));
    app.use(secureHeaders({ mode: "report", preset: "web" }));
    app.use((_req, res) => void res.end());
    const policyOf = async (path: string): Promise<string | undefined> =>
      (await request(app).get(path)).headers["content-security-policy-report-only"];
    expect(await policyOf("/page")).toBe(WEB_CSP);
    expect(await policyOf("/own")).toBe("default-src https:");
    expect(await policyOf("/none")).toBe(WEB_CSP);
    const outer = express().use(secureHeaders({ mode: "report" }));
    outer.use(secureHeaders({ mode: "report", helmet: off }), (_req, res) => void res.end());
    const { headers } = await request(outer).get("/");
    expect(headers["content-security-policy-report-only"]).toContain("default-src 'none'");
  });

  it("web adds no policy over TLS where the app has none, or one that only reports", async () => {
    const none = await overTls(
      appWith({ preset: "web", helmet: { contentSecurityPolicy: false } }),
      "api.example.com",
    );
    expect(none["content-security-policy"]).toBeUndefined();
    const reportOnly = {
      preset: "web",
      helmet: { contentSecurityPolicy: { reportOnly: true } },
    } as const;
    const headers = await overTls(appWith(reportOnly), "api.example.com");
    expect(headers["content-security-policy"]).toBeUndefined();
    expect(headers["content-security-policy-report-only"]).toBe(WEB_CSP);
  });

  it.each<[string, SecureHeadersOptions, Record<string, string>, string | undefined]>([
    ["web without credentials", { preset: "web" }, {}, undefined],
    ["web with a cookie", { preset: "web" }, { Cookie: "a=1" }, "no-store"],
    ["web with Authorization", { preset: "web" }, { Authorization: "Bearer x" }, "no-store"],
    ["web with no-store", { preset: "web", cacheControl: "no-store" }, {}, "no-store"],
    ["web with none", { preset: "web", cacheControl: false }, { Cookie: "a=1" }, undefined],
    ["api, authenticated only", { cacheControl: "authenticated" }, {}, undefined],
    ["api, authenticated", { cacheControl: "authenticated" }, { Cookie: "a=1" }, "no-store"],
    ["helmet", { preset: "helmet" }, { Cookie: "a=1" }, undefined],
    ["helmet with no-store", { preset: "helmet", cacheControl: "no-store" }, {}, "no-store"],
  ])("Cache-Control of %s", async (_title, options, sent, expected) => {
    const { headers } = await request(appWith(options)).get("/").set(sent).expect(200);
    expect(headers["cache-control"]).toBe(expected);
  });

  it.each(["web", "helmet"] as const)(
    "%s in report mode sends its policy as report-only and nothing else",
    async (preset) => {
      const { headers } = await request(appWith({ preset, mode: "report" }))
        .get("/")
        .expect(200);
      const { "x-powered-by": powered, ...others } = ownFields(headers);
      expect(powered).toBe("Express");
      expect(Object.keys(others)).toEqual(["content-security-policy-report-only"]);
      // Browsers ignore it there, and say so on every page.
      expect(others["content-security-policy-report-only"]).not.toContain(
        "upgrade-insecure-requests",
      );
    },
  );
});
