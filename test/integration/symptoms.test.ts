import type express5 from "express";
import type { Express, RequestHandler } from "express";
import request, { type Test } from "supertest";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  errorHandler,
  jsonBody,
  notFound,
  oauthGuard,
  rateLimit,
  requireRole,
  requireScope,
  secureApi,
  secureHeaders,
  validate,
} from "../../src/index.js";
import { createTestIssuer } from "../../src/testing/index.js";
import { listenToDecisions } from "../support/decisions.js";
import { expressVersions } from "../support/express.js";
import { guideSections } from "../support/guide.js";
import { codeSpans } from "../support/reference-pages.js";

/** A mistake, as the page of troubleshooting describes it. */
interface Symptom {
  /** Of the section. */
  readonly heading: string;
  /** In the first column; `none` where the page says so. */
  readonly reason: string;
  readonly status: number;
  mount(app: Express, express: typeof express5): void;
  /** Asks as another client before. */
  before?(app: Express): Test;
  ask(app: Express): Test;
}

const issuer = createTestIssuer();
const decisions = listenToDecisions();
const sections = guideSections("troubleshooting.md");

const PAGE = "https://app.example.com";
const cors = { origins: [PAGE] };
const body = {
  type: "object",
  required: ["sku"],
  properties: { sku: { type: "string" } },
} as const;
const ok: RequestHandler = (_req, res) => void res.json({});

const SYMPTOMS: readonly Symptom[] = [
  {
    heading: "Every request is 401",
    reason: "unknown_issuer",
    status: 401,
    mount: (app) => app.use(oauthGuard({ ...issuer.options(), issuer: "https://issuer.test" })),
    ask: (app) => bearer(request(app).get("/")),
  },
  {
    heading: "Every request is 401",
    reason: "malformed_token",
    status: 401,
    mount: (app) => app.use(oauthGuard(issuer.options())),
    ask: (app) => request(app).get("/").set("Authorization", "Bearer 8f2d3c413f1e4a439a0f"),
  },
  {
    heading: "Every request is 401",
    reason: "no_principal",
    status: 401,
    mount: (app) => app.use(requireRole("admin"), oauthGuard(issuer.options())),
    ask: (app) => bearer(request(app).get("/")),
  },
  {
    heading: "A public route is 401",
    reason: "no_credentials",
    status: 401,
    mount: (app) => app.use(preset({ publicRoutes: ["GET /health"] })),
    ask: (app) => request(app).get("/health/"),
  },
  {
    heading: "A public route is 401",
    reason: "no_principal",
    status: 401,
    mount(app) {
      app.use(preset({ publicRoutes: ["GET /health"] }));
      app.get("/health", requireScope("health:read"), ok);
    },
    ask: (app) => request(app).get("/health"),
  },
  {
    heading: "It works in curl, and not in the browser",
    reason: "none",
    status: 200,
    mount: (app) => app.use(secureHeaders()),
    ask: (app) => request(app).get("/").set("Origin", PAGE),
  },
  {
    heading: "It works in curl, and not in the browser",
    reason: "response_not_shared",
    status: 200,
    mount: (app) => app.use(secureHeaders({ cors })),
    ask: (app) => request(app).get("/").set("Origin", "https://app.example.com:8443"),
  },
  {
    heading: "It works in curl, and not in the browser",
    reason: "cross_site",
    status: 403,
    mount: (app) => app.use(secureHeaders({ cors })),
    ask: (app) => withCookie(app, "https://other.example.net", "cross-site"),
  },
  {
    heading: "It works in curl, and not in the browser",
    reason: "same_site",
    status: 403,
    mount: (app) => app.use(secureHeaders({ cors })),
    ask: (app) => withCookie(app, "https://blog.example.com", "same-site"),
  },
  {
    heading: "It works in curl, and not in the browser",
    reason: "credentials_not_allowed",
    status: 403,
    mount: (app) => app.use(secureHeaders({ cors })),
    ask: (app) => withCookie(app, PAGE, "same-site"),
  },
  {
    heading: "The preflight fails",
    reason: "no_credentials",
    status: 401,
    mount: (app) => app.use(oauthGuard(issuer.options()), secureHeaders({ cors })),
    ask: (app) => preflight(app, PAGE, "GET"),
  },
  {
    heading: "The preflight fails",
    reason: "origin_not_allowed",
    status: 403,
    mount: (app) => app.use(secureHeaders({ cors })),
    ask: (app) => preflight(app, `${PAGE}:8443`, "GET"),
  },
  {
    heading: "The preflight fails",
    reason: "method_not_allowed",
    status: 204,
    mount: (app) => app.use(secureHeaders({ cors: { ...cors, methods: ["GET"] } })),
    ask: (app) => preflight(app, PAGE, "DELETE"),
  },
  {
    heading: "The preflight fails",
    reason: "header_not_allowed",
    status: 204,
    mount: (app) => app.use(secureHeaders({ cors })),
    ask: (app) => preflight(app, PAGE, "GET").set("Access-Control-Request-Headers", "x-tenant"),
  },
  {
    heading: "403 although the user has the role",
    reason: "missing_role",
    status: 403,
    mount: (app) => app.use(oauthGuard(issuer.options()), requireRole("admin")),
    ask: (app) => bearer(request(app).get("/"), { realm_access: { roles: ["admin"] } }),
  },
  {
    heading: "403 although the user has the role",
    reason: "missing_scope",
    status: 403,
    mount: (app) => app.use(oauthGuard(issuer.options()), requireScope("orders:read")),
    ask: (app) => bearer(request(app).get("/"), { scope: "openid" }),
  },
  {
    heading: "503 since the deployment",
    reason: "keys_unreachable",
    status: 503,
    mount(app) {
      const down = new TypeError("fetch failed", { cause: { code: "ECONNREFUSED" } });
      const keys = { fetch: () => Promise.reject(down) };
      const { issuer: name, audience } = issuer;
      app.use(oauthGuard({ issuer: name, audience, keys }));
    },
    ask: (app) => bearer(request(app).get("/")),
  },
  {
    heading: "503 since the deployment",
    reason: "function_failed",
    status: 503,
    mount(app) {
      const key = () => Promise.reject(new Error("no database"));
      app.use(rateLimit({ limit: 10, window: "1m", key }));
    },
    ask: (app) => request(app).get("/"),
  },
  {
    heading: "503 since the deployment",
    reason: "store_unavailable",
    status: 503,
    mount(app) {
      const store = { consume: () => Promise.reject(new Error("no store")) };
      app.use(rateLimit({ name: "a", limit: 1, window: "1m", store, onStoreError: "reject" }));
    },
    ask: (app) => request(app).get("/"),
  },
  {
    heading: "404, 413, 415 or 422 although the request is right",
    reason: "none",
    status: 404,
    mount: (app) => app.use(notFound()),
    ask: (app) => request(app).get("/"),
  },
  {
    heading: "404, 413, 415 or 422 although the request is right",
    reason: "media_type",
    status: 415,
    mount(app, express) {
      app.use(express.json(), express.urlencoded({ extended: false }), validate({ body }));
    },
    ask: (app) => request(app).post("/").type("form").send("sku=1"),
  },
  {
    heading: "404, 413, 415 or 422 although the request is right",
    reason: "unknown_field",
    status: 422,
    mount: (app) => app.use(validate({ query: { type: "object", properties: {} } })),
    ask: (app) => request(app).get("/?utm_source=mail"),
  },
  {
    heading: "404, 413, 415 or 422 although the request is right",
    reason: "missing_body",
    status: 400,
    mount: (app) => app.use(jsonBody(), validate({ body })),
    ask: (app) => request(app).post("/").type("json"),
  },
  {
    heading: "404, 413, 415 or 422 although the request is right",
    reason: "invalid_…",
    status: 422,
    mount: (app) => app.use(jsonBody(), validate({ body })),
    ask: (app) => request(app).post("/").send({ sku: 1 }),
  },
  {
    heading: "404, 413, 415 or 422 although the request is right",
    reason: "none",
    status: 413,
    mount: (app) => app.use(jsonBody({ limit: "1kb" })),
    ask: (app) =>
      request(app)
        .post("/")
        .send({ note: "x".repeat(2000) }),
  },
  {
    heading: "500 internal_error",
    reason: "application_error",
    status: 500,
    mount: (app) => app.use(validate({ body }), jsonBody()),
    ask: (app) => request(app).post("/").send({ sku: "a" }),
  },
  {
    heading: "500 internal_error",
    reason: "none",
    status: 500,
    mount(app) {
      app.set("env", "test");
      app.use(() => {
        throw new Error("a bug");
      });
      app.use(errorHandler());
    },
    ask: (app) => request(app).get("/"),
  },
  {
    heading: "Nobody is ever limited",
    reason: "no_policy_applies",
    status: 200,
    mount: (app) => app.use(rateLimit({ limit: 1, window: "1m", match: "POST /login" })),
    ask: (app) => request(app).get("/login"),
  },
  {
    heading: "Nobody is ever limited",
    reason: "skipped",
    status: 200,
    mount: (app) => app.use(rateLimit({ limit: 1, window: "1m", skip: () => true })),
    ask: (app) => request(app).get("/"),
  },
  {
    heading: "429 for everyone at once",
    reason: "limit_exceeded",
    status: 429,
    mount: (app) => app.use(rateLimit({ limit: 1, window: "1m" })),
    before: (app) => request(app).get("/").set("X-Forwarded-For", "198.51.100.7"),
    ask: (app) => request(app).get("/").set("X-Forwarded-For", "203.0.113.9"),
  },
  {
    heading: "429 for everyone at once",
    reason: "keys_exhausted",
    status: 200,
    mount: (app) => {
      app.set("trust proxy", "loopback");
      app.use(rateLimit({ limit: 1, window: "1m", maxKeys: 1 }));
    },
    before: (app) => request(app).get("/").set("X-Forwarded-For", "198.51.100.7"),
    ask: (app) => request(app).get("/").set("X-Forwarded-For", "203.0.113.9"),
  },
];

beforeEach(() => {
  vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
});

afterEach(() => {
  vi.restoreAllMocks();
});

describe.each(expressVersions)("the page of troubleshooting on Express %s", (_major, express) => {
  it.each(SYMPTOMS)("tells of “$heading”: $reason, $status", async (symptom) => {
    const app = express();
    symptom.mount(app, express);
    app.use(ok);
    await symptom.before?.(app);
    const { status } = await symptom.ask(app);
    const reason = decisions.at(-1)?.reason ?? "none";
    expect([status, symptom.reason.replace("…", "body")]).toEqual([symptom.status, reason]);
  });
});

describe("the page of troubleshooting", () => {
  it.each(SYMPTOMS)("has a row for “$heading”: $reason", ({ heading, reason }) => {
    const rows = sections
      .filter((section) => section.heading === heading)
      .flatMap(({ tables }) => tables.flatMap((table) => table.rows));
    const cells = rows.map((row) => row["reason"] ?? "");
    expect(cells.flatMap((cell) => (cell.startsWith("none") ? "none" : codeSpans(cell)))).toContain(
      reason,
    );
  });
});

function bearer(test: Test, claims: object = {}): Test {
  return test.set("Authorization", `Bearer ${issuer.mint({ ...claims })}`);
}

function withCookie(app: Express, origin: string, site: string): Test {
  const fields = { Origin: origin, "Sec-Fetch-Site": site, Cookie: "session=1" };
  return request(app).post("/").set(fields);
}

function preflight(app: Express, origin: string, method: string): Test {
  return request(app).options("/").set({ Origin: origin, "Access-Control-Request-Method": method });
}

function preset(more: { readonly publicRoutes: readonly string[] }): ReturnType<typeof secureApi> {
  return secureApi({
    auditLog: false,
    secureHeaders: false,
    rateLimit: false,
    oauthGuard: issuer.options(),
    ...more,
  });
}
