import cors from "cors";
import type { Express, RequestHandler } from "express";
import helmet from "helmet";
import request, { type Test } from "supertest";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type SecureHeadersOptions, secureHeaders } from "../../src/secure-headers/index.js";
import { expressVersions } from "../support/express.js";
import { guideSections } from "../support/guide.js";

const LISTED = "https://a.example";
const sections = guideSections("migrate-from-helmet-and-cors.md");

/** The first column of the table of a section. */
function firstCells(heading: string): readonly string[] {
  const table = sections.find((section) => section.heading === heading)?.tables[0];
  return (table?.rows ?? []).map((row) => row[table?.head[0] ?? ""] ?? "");
}

/** Wrong options, as somebody writes them without types. */
const wrong = (options: unknown) => () => secureHeaders(options as SecureHeadersOptions);

beforeEach(() => {
  vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
});

afterEach(() => {
  vi.restoreAllMocks();
});

describe.each(expressVersions)("on Express %s", (_major, express) => {
  const appOf = (front: RequestHandler): Express => {
    const app = express();
    app.set("env", "test").set("trust proxy", true);
    app.use(front);
    app.all("/", (req, res) => void res.send(`${req.method} of the app`));
    return app;
  };
  const ours = (options: SecureHeadersOptions): Express => appOf(secureHeaders(options));
  const sharing = (options: object = {}): Express =>
    ours({ cors: { origins: [LISTED], ...options } });
  const theirs = (options?: object): Express => appOf(cors(options) as RequestHandler);
  const preflight = (app: Express, origin = LISTED, headers = "x-trace"): Test =>
    request(app).options("/").set({
      Origin: origin,
      "Access-Control-Request-Method": "PUT",
      "Access-Control-Request-Headers": headers,
    });
  const readers = async (app: Express, ...origins: readonly string[]): Promise<unknown> => {
    const allowed: string[] = [];
    for (const origin of origins) {
      const { headers } = await request(app).get("/").set("Origin", origin).expect(200);
      if ([origin, "*"].includes(headers["access-control-allow-origin"] ?? ""))
        allowed.push(origin);
    }
    return allowed;
  };

  const CORS: Readonly<Record<string, () => unknown>> = {
    "no options: every origin": async () => {
      expect(await readers(theirs(), "https://x.example")).toHaveLength(1);
      expect(wrong({ cors: {} })).toThrow("secureHeaders.cors.origins");
    },
    '`origin: "https://a.example"`': async () => {
      expect(
        await readers(ours({ cors: { origins: LISTED } }), LISTED, "https://x.example"),
      ).toEqual([LISTED]);
    },
    "`origin: /\\.example\\.com$/`": async () => {
      const asked = ["https://a.example.com", "https://a.b.example.com", "http://a.example.com"];
      expect(await readers(theirs({ origin: /\.example\.com$/ }), ...asked)).toEqual(asked);
      const app = ours({ cors: { origins: "https://*.example.com" } });
      expect(await readers(app, ...asked)).toEqual([asked[0]]);
      expect(wrong({ cors: { origins: /\.example\.com$/ } })).toThrow("secureHeaders.cors.origins");
    },
    "`origin: true`": () => {
      expect(wrong({ cors: { origins: true } })).toThrow("secureHeaders.cors.origins");
      expect(wrong({ cors: { origin: true } })).toThrow("origin");
    },
    '`origin: "*", credentials: true`': () => {
      expect(wrong({ cors: { origins: "*", credentials: true } })).toThrow("secureHeaders.cors");
    },
    "`origin: (origin, callback) => …`": async () => {
      const app = ours({ cors: { origins: async (origin) => origin === LISTED } });
      expect(await readers(app, LISTED, "https://x.example")).toEqual([LISTED]);
    },
    "`maxAge: 600`": async () => {
      for (const app of [theirs({ maxAge: 600 }), sharing({ maxAge: "10m" })]) {
        const { headers } = await preflight(app, LISTED, "content-type").expect(204);
        expect(headers["access-control-max-age"]).toBe("600");
      }
      expect(wrong({ cors: { origins: LISTED, maxAge: 600 } })).toThrow(
        "secureHeaders.cors.maxAge",
      );
    },
    "`exposedHeaders`": async () => {
      const exposed = async (app: Express): Promise<readonly string[]> => {
        const { headers } = await request(app).get("/").set("Origin", LISTED);
        return String(headers["access-control-expose-headers"]).split(/,\s*/);
      };
      expect(await exposed(theirs({ exposedHeaders: ["X-Total"] }))).toEqual(["X-Total"]);
      const all = await exposed(sharing({ exposedHeaders: ["X-Total"] }));
      expect(all).toEqual(expect.arrayContaining(["X-Total", "Retry-After"]));
    },
    "`preflightContinue`, `optionsSuccessStatus`": () => {
      for (const option of [{ preflightContinue: true }, { optionsSuccessStatus: 200 }]) {
        expect(wrong({ cors: { origins: LISTED, ...option } })).toThrow(Object.keys(option)[0]);
      }
    },
    "`allowedHeaders` left out: whatever the page asks for is allowed": async () => {
      const allowed = async (app: Express): Promise<unknown> =>
        (await preflight(app).expect(204)).headers["access-control-allow-headers"];
      expect(await allowed(theirs())).toBe("x-trace");
      expect(await allowed(sharing())).toMatch(/^Authorization, ?Content-Type$/i);
    },
    "every OPTIONS is answered": async () => {
      expect((await request(theirs()).options("/")).text).toBe("");
      expect((await request(sharing()).options("/").expect(200)).text).toBe("OPTIONS of the app");
    },
    "a preflight from a foreign origin is answered 204": async () => {
      await preflight(theirs({ origin: [LISTED] }), "https://x.example").expect(204);
      const { body } = await preflight(sharing(), "https://x.example").expect(403);
      expect(body.code).toBe("cors_not_allowed");
    },
  };

  const headersOf = async (app: Express, https = false): Promise<Record<string, string>> =>
    (
      await request(app)
        .get("/")
        .set({ Host: "api.example.com", "X-Forwarded-Proto": https ? "https" : "http" })
    ).headers;
  /** A value of a header field of helmet, and ours over plain HTTP and over TLS. */
  const fieldOf = async (name: string): Promise<readonly (string | undefined)[]> => {
    const [their, our] = [appOf(helmet() as RequestHandler), ours({})];
    const found = [await headersOf(their), await headersOf(our), await headersOf(our, true)];
    return found.map((headers) => headers[name.toLowerCase()]);
  };
  const policy = (value: object, theirOwn: object = value) => ({
    ours: wrong({ helmet: { contentSecurityPolicy: value } }),
    theirs: () => helmet({ contentSecurityPolicy: theirOwn }),
  });

  const HELMET: Readonly<Record<string, () => unknown>> = {
    "`Content-Security-Policy`": async () => {
      const [their = "", our = ""] = await fieldOf("Content-Security-Policy");
      expect(their.split(";")).toHaveLength(11);
      expect(our.split(";")).toHaveLength(4);
      const app = ours({ helmet: { contentSecurityPolicy: { useDefaults: true } } });
      expect((await headersOf(app))["content-security-policy"]).toBe(their);
    },
    "`Strict-Transport-Security`": async () => {
      const [their, plain, tls] = await fieldOf("Strict-Transport-Security");
      expect(their).toMatch(/^max-age=31536000/);
      expect(plain).toBeUndefined();
      expect(tls).toMatch(/^max-age=63072000/);
    },
    "`X-Frame-Options`": async () => {
      expect(await fieldOf("X-Frame-Options")).toEqual(["SAMEORIGIN", "DENY", "DENY"]);
    },
    "`Cache-Control`": async () => {
      expect(await fieldOf("Cache-Control")).toEqual([undefined, "no-store", "no-store"]);
      expect(await headersOf(ours({ cacheControl: false }))).not.toHaveProperty("cache-control");
    },
    "`Cross-Origin-Opener-Policy`, `Origin-Agent-Cluster`, `X-DNS-Prefetch-Control`, `X-Download-Options`, `X-Permitted-Cross-Domain-Policies`, `X-XSS-Protection`":
      async () => {
        const on = await headersOf(
          ours({
            helmet: {
              crossOriginOpenerPolicy: true,
              originAgentCluster: true,
              xDnsPrefetchControl: true,
              xDownloadOptions: true,
              xPermittedCrossDomainPolicies: true,
              xXssProtection: true,
            },
          }),
        );
        const cell = firstCells("helmet").find((one) => one.includes("`X-XSS-Protection`")) ?? "";
        const names = [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
        expect(names).toHaveLength(6);
        for (const name of names) {
          const [their, our] = await fieldOf(name);
          expect(our, name).toBeUndefined();
          expect(on[name.toLowerCase()], name).toBe(their);
        }
      },
    "unknown option": () => {
      expect(() => helmet({ frameguards: true } as object)).not.toThrow();
      expect(wrong({ helmet: { frameguards: true } })).toThrow("frameguards");
    },
    "unknown CSP directive, such as `frameAncestor`": () => {
      const { ours, theirs } = policy({ directives: { frameAncestor: ["'none'"] } });
      expect(theirs).not.toThrow();
      expect(ours).toThrow("frameAncestor");
    },
    'a text for `true` or `false`, such as `reportOnly: "false"`': async () => {
      const { ours, theirs } = policy({ reportOnly: "false" });
      const headers = await headersOf(appOf(theirs() as RequestHandler));
      expect(headers).toHaveProperty("content-security-policy-report-only");
      expect(ours).toThrow("reportOnly");
    },
    "function in a CSP directive": async () => {
      const { ours, theirs } = policy({ directives: { scriptSrc: [() => "'nonce-1'"] } });
      const headers = await headersOf(appOf(theirs() as RequestHandler));
      expect(headers["content-security-policy"]).toContain("'nonce-1'");
      expect(ours).toThrow("scriptSrc");
    },
    "fixed nonce in a CSP directive, such as `'nonce-abc'`": async () => {
      const { ours, theirs } = policy({ directives: { scriptSrc: ["'nonce-abc'"] } });
      const headers = await headersOf(appOf(theirs() as RequestHandler));
      expect(headers["content-security-policy"]).toContain("'nonce-abc'");
      expect(ours).toThrow("one that never changes stops nothing");
    },
    "`report-to` in a policy": async () => {
      const { ours, theirs } = policy({ directives: { reportTo: "csp" } });
      const headers = await headersOf(appOf(theirs() as RequestHandler));
      expect(headers["content-security-policy"]).toContain("report-to csp");
      expect(ours).toThrow("must not have report-to without an endpoint of that name");
    },
  };

  it.each(firstCells("cors"))("cors: %s", async (cell) => {
    expect(CORS).toHaveProperty([cell]);
    await CORS[cell]?.();
  });

  it.each(firstCells("helmet"))("helmet: %s", async (cell) => {
    expect(HELMET).toHaveProperty([cell]);
    await HELMET[cell]?.();
  });

  it("has no check without a row", () => {
    expect(Object.keys(CORS)).toEqual(firstCells("cors"));
    expect(Object.keys(HELMET)).toEqual(firstCells("helmet"));
  });

  it.each(["https://a.example/", "https://A.example", "https://a.example:443", ""])(
    "refuses an origin that can never match: %j",
    (origin) => {
      expect(wrong({ cors: { origins: origin.split(",") } })).toThrow("secureHeaders.cors.origins");
    },
  );
});
