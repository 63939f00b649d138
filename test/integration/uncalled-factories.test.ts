import type { Express, NextFunction, Request, RequestHandler, Response } from "express";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { cedar } from "../../src/authorization/cedar/index.js";
import { opaWasm } from "../../src/authorization/opa-wasm/index.js";
import * as library from "../../src/index.js";
import {
  all,
  allowFields,
  any,
  auditEvent,
  auditFields,
  auditLog,
  auth0,
  authenticated,
  authentik,
  authorize,
  authzen,
  childLogger,
  claim,
  clerk,
  cognito,
  createTokenVerifier,
  declarePublic,
  defineRoles,
  duende,
  enrichPrincipal,
  entra,
  errorHandler,
  fileSink,
  firebase,
  formBody,
  fromRateLimiterFlexible,
  getAuth,
  getCspNonce,
  getPrincipal,
  getRequestContext,
  getRequestId,
  googleIap,
  HttpError,
  isHttpError,
  jsonBody,
  keycloak,
  loginThrottle,
  not,
  notFound,
  oauthGuard,
  okta,
  opa,
  openTelemetryMetrics,
  owner,
  ownParam,
  permission,
  policy,
  principalFrom,
  prometheusMetrics,
  rateLimit,
  redisStore,
  reportCollector,
  requireOwnership,
  requirePermission,
  requireRole,
  requireScope,
  requireStepUp,
  rfc9068,
  role,
  sameTenant,
  scope,
  secureApi,
  secureHeaders,
  session,
  stdoutSink,
  stepUp,
  structuralGuard,
  supabase,
  validate,
  when,
  workos,
  zitadel,
} from "../../src/index.js";
import * as expressRateLimit from "../../src/rate-limit/express-rate-limit/index.js";
import * as routeAudit from "../../src/route-audit/index.js";
import * as server from "../../src/server/index.js";
import { createTestIssuer } from "../../src/testing/index.js";
import { expressVersions } from "../support/express.js";

/** Every factory of middlewares, and how the message says to call it. */
const FACTORIES: Readonly<Record<string, readonly [factory: unknown, call: string]>> = {
  secureApi: [
    secureApi,
    'secureApi({ oauthGuard: { issuer, audience }, rateLimit: { limit: 100, window: "1m" } })',
  ],
  oauthGuard: [
    oauthGuard,
    'oauthGuard({ issuer: "https://issuer.example", audience: "https://api.example" })',
  ],
  requireRole: [requireRole, 'requireRole("admin")'],
  requirePermission: [requirePermission, 'requirePermission("orders:write")'],
  "requirePermission.any": [requirePermission.any, 'requirePermission.any("orders:write")'],
  requireStepUp: [requireStepUp, 'requireStepUp({ maxAge: "5m" })'],
  declarePublic: [declarePublic, 'declarePublic("probe of the load balancer")'],
  requireScope: [requireScope, 'requireScope("orders:read")'],
  "requireScope.any": [requireScope.any, 'requireScope.any("orders:read")'],
  authorize: [authorize, 'authorize(role("admin"))'],
  allowFields: [allowFields, 'allowFields({ write: ["name"] })'],
  requireOwnership: [requireOwnership, 'requireOwnership({ load, owner: "userId" })'],
  ownParam: [ownParam, 'ownParam("userId")'],
  principalFrom: [principalFrom, "principalFrom((req) => …)"],
  "principalFrom.header": [
    principalFrom.header,
    'principalFrom.header({ name: "X-Authenticated-User", trustedPeers: ["10.0.0.5"] })',
  ],
  enrichPrincipal: [enrichPrincipal, "enrichPrincipal(async (principal) => …)"],
  session: [session, "session((session) => …)"],
  formBody: [formBody, "formBody()"],
  jsonBody: [jsonBody, "jsonBody()"],
  structuralGuard: [structuralGuard, "structuralGuard()"],
  validate: [validate, "validate({ body: schema })"],
  loginThrottle: [loginThrottle, "loginThrottle({ user: (req) => req.body?.email })"],
  rateLimit: [rateLimit, 'rateLimit({ limit: 100, window: "1m" })'],
  secureHeaders: [secureHeaders, "secureHeaders()"],
  loadShedding: [server.loadShedding, "loadShedding()"],
  requestDeadline: [server.requestDeadline, 'requestDeadline({ timeout: "30s" })'],
  "secureHeaders.override": [secureHeaders().override, 'headers.override("swagger-ui")'],
  reportCollector: [reportCollector, "reportCollector()"],
  auditLog: [auditLog, "auditLog()"],
  errorHandler: [errorHandler, "errorHandler()"],
  notFound: [notFound, "notFound()"],
  livez: [server.livez, "livez()"],
  readyz: [server.readyz, "readyz()"],
};

/** The same, of the door for apps that come from express-rate-limit, whose names others have as well. */
const OF_EXPRESS_RATE_LIMIT: Readonly<Record<string, readonly [unknown, message: string]>> = {
  rateLimit: [
    expressRateLimit.rateLimit,
    "rateLimit must be called before it is mounted: write app.use(rateLimit({ windowMs: 60000, limit: 100 }))",
  ],
  default: [
    expressRateLimit.default,
    "rateLimit must be called before it is mounted: write app.use(rateLimit({ windowMs: 60000, limit: 100 }))",
  ],
  ipKeyGenerator: [
    expressRateLimit.ipKeyGenerator,
    "ipKeyGenerator must be called, and what it makes is no middleware: write app.use(rateLimit({ keyGenerator }))",
  ],
};

/** What makes something that is handed to a factory, and what the message says to mount. */
const MAKERS: Readonly<Record<string, readonly [maker: unknown, mounted: string]>> = {
  authenticated: [authenticated, "authorize(authenticated())"],
  role: [role, 'authorize(role("admin"))'],
  scope: [scope, 'authorize(scope("orders:read"))'],
  "scope.any": [scope.any, 'authorize(scope.any("orders:read"))'],
  permission: [permission, 'authorize(permission("orders:write"))'],
  "permission.any": [permission.any, 'authorize(permission.any("orders:write"))'],
  claim: [claim, 'authorize(claim("email_verified", true))'],
  stepUp: [stepUp, 'authorize(stepUp({ maxAge: "5m" }))'],
  when: [when, 'authorize(when("own record", async (principal, req) => …))'],
  defineRoles: [defineRoles, 'defineRoles({ admin: {} }).requireRole("admin")'],
  policy: [
    policy,
    'authorize(policy(engine, (principal, req) => ({ resource: { type: "order", id: … } })))',
  ],
  authzen: [authzen, 'authorize(policy(authzen({ url: "https://pdp.example.com" }), …))'],
  opa: [
    opa,
    'authorize(policy(opa({ url: "http://127.0.0.1:8181", path: "httpapi/authz/allow" }), …))',
  ],
  cedar: [cedar, "authorize(policy(cedar({ policies }), …))"],
  opaWasm: [opaWasm, 'authorize(policy(opaWasm({ policy: readFileSync("policy.wasm") }), …))'],
  all: [all, 'authorize(all(role("admin"), scope("orders:write")))'],
  any: [any, 'authorize(any(role("admin"), scope("orders:write")))'],
  not: [not, 'authorize(not(role("suspended")))'],
  owner: [owner, 'authorize(owner("userId"), { load })'],
  sameTenant: [sameTenant, 'authorize(sameTenant("userId"), { load })'],
  stdoutSink: [stdoutSink, "auditLog({ sinks: [stdoutSink()] })"],
  fileSink: [fileSink, 'auditLog({ sinks: [fileSink({ path: "audit.jsonl" })] })'],
  prometheusMetrics: [prometheusMetrics, "auditLog({ metrics: prometheusMetrics({ client }) })"],
  openTelemetryMetrics: [
    openTelemetryMetrics,
    "auditLog({ metrics: openTelemetryMetrics({ api }) })",
  ],
  redisStore: [redisStore, "rateLimit({ limit, window, name, store: redisStore(client) })"],
  fromRateLimiterFlexible: [
    fromRateLimiterFlexible,
    'rateLimit({ limit, window, algorithm: "fixed-window", name, store: fromRateLimiterFlexible(limiter) })',
  ],
  rfc9068: [rfc9068, "oauthGuard({ issuer, audience, principal: rfc9068() })"],
  keycloak: [
    keycloak,
    'oauthGuard({ issuer, audience, principal: keycloak({ clientId: "my-api" }) })',
  ],
  auth0: [
    auth0,
    'oauthGuard({ issuer, audience, principal: auth0({ rolesClaim: "https://api.example.com/roles" }) })',
  ],
  authentik: [
    authentik,
    'oauthGuard({ issuer, audience, principal: authentik({ groups: { "orders editors": "editor" } }) })',
  ],
  clerk: [clerk, "oauthGuard({ issuer, audience, principal: clerk() })"],
  cognito: [
    cognito,
    'oauthGuard({ issuer, audience: null, clientIds, principal: cognito({ groups: { editors: "editor" } }) })',
  ],
  duende: [duende, "oauthGuard({ issuer, audience, principal: duende() })"],
  entra: [entra, "oauthGuard({ issuer, audience, principal: entra() })"],
  firebase: [
    firebase,
    'oauthGuard({ issuer, audience, principal: firebase({ roles: ["admin", "editor"] }) })',
  ],
  googleIap: [googleIap, "oauthGuard({ issuer, audience, principal: googleIap() })"],
  okta: [
    okta,
    'oauthGuard({ issuer, audience, principal: okta({ groups: { "orders-editors": "editor" } }) })',
  ],
  supabase: [
    supabase,
    'oauthGuard({ issuer, audience, principal: supabase({ rolesClaim: ["app_metadata", "role"] }) })',
  ],
  workos: [workos, "oauthGuard({ issuer, audience, principal: workos() })"],
  zitadel: [
    zitadel,
    'oauthGuard({ issuer, audience, principal: zitadel({ orgId: "69234237810729019" }) })',
  ],
  createTokenVerifier: [createTokenVerifier, "oauthGuard({ issuer, audience })"],
  createTestIssuer: [createTestIssuer, "oauthGuard(createTestIssuer().options())"],
};

/** They stand around the app, and what the message says to write. */
const AROUND: Readonly<Record<string, readonly [maker: unknown, instead: string]>> = {
  alertTo: [library.alertTo, 'alertTo(limiter, { rules: ["auth-burst"], for: "10m" })'],
  auditTls: [server.auditTls, 'await auditTls("127.0.0.1", 8443)'],
  createSecureServer: [
    server.createSecureServer,
    'createSecureServer(app, { keyFile: "privkey.pem", certFile: "fullchain.pem" }).listen(443)',
  ],
  tlsOptions: [server.tlsOptions, "https.createServer({ ...tlsOptions(), key, cert }, app)"],
  hardenServer: [server.hardenServer, "hardenServer(app.listen(3000))"],
  gracefulShutdown: [server.gracefulShutdown, "gracefulShutdown(app.listen(3000))"],
};

/** They look at a request or an error, or note something about it; nothing comes of mounting them. */
const READERS: Readonly<Record<string, unknown>> = {
  auditEvent,
  auditFields,
  childLogger,
  extendDeadline: server.extendDeadline,
  getDeadlineSignal: server.getDeadlineSignal,
  getAuth,
  getClientCertificate: server.getClientCertificate,
  getCspNonce,
  getPrincipal,
  getRequestContext,
  getRequestId,
  isHttpError,
};
/** They look at an app. */
const { UnguardedRoutesError: _class, ...TOOLS } = routeAudit;
/** Handed over as they are; mounted, they are error handlers. */
const HANDED_OVER = ["htmlOrProblem"];

it("names every function that the library exports", () => {
  const functions = Object.entries({
    ...library,
    ...routeAudit,
    ...server,
    createTestIssuer,
  })
    .filter(([name, value]) => typeof value === "function" && /^[a-z]/.test(name))
    .map(([name]) => name);
  const known = [FACTORIES, MAKERS, AROUND, READERS, TOOLS]
    .flatMap(Object.keys)
    .concat(HANDED_OVER);
  expect(functions.filter((name) => !known.includes(name))).toEqual([]);
  const others = Object.entries(expressRateLimit).filter(
    ([name, value]) => typeof value === "function" && /^[a-z]/.test(name),
  );
  expect(others.map(([name]) => name).sort()).toEqual(Object.keys(OF_EXPRESS_RATE_LIMIT).sort());
});

describe("a function that has no options", () => {
  it.each(Object.entries({ authenticated, clerk, duende, rfc9068, stdoutSink, workos }))(
    "says so when %s gets some",
    (name, make) => {
      const given = make as (...args: readonly unknown[]) => unknown;
      for (const options of [{ mode: "report" }, {}, "zq9SECRETzq9", null])
        expect(() => given(options)).toThrow(`${name} must be called without options, it has none`);
      expect(() => given("zq9SECRETzq9")).not.toThrow("zq9SECRETzq9");
      expect(() => given(undefined)).not.toThrow();
    },
  );
});

describe.each(expressVersions)("a factory mounted uncalled on Express %s", (_major, express) => {
  it.each(Object.entries(FACTORIES))("says how to call %s", async (name, [factory, call]) => {
    const app = express();
    app.use(factory as RequestHandler);
    app.get("/", (_req, res) => void res.send("reached"));
    app.use((error: Error, _req: Request, res: Response, _next: NextFunction) => {
      res.status(500).send(`${error.name}: ${error.message}`);
    });
    const answer = await request(app).get("/").expect(500);
    expect(answer.text).toBe(
      `OptionsError: ${name} must be called before it is mounted: write app.use(${call})`,
    );
  });

  it.each(Object.entries(MAKERS))(
    "says that %s makes no middleware",
    async (name, [maker, mounted]) => {
      const app = express();
      app.use(maker as RequestHandler);
      app.use((error: Error, _req: Request, res: Response, _next: NextFunction) => {
        res.status(500).send(`${error.name}: ${error.message}`);
      });
      const answer = await request(app).get("/").expect(500);
      expect(answer.text).toBe(
        `OptionsError: ${name} must be called, and what it makes is no middleware: write app.use(${mounted})`,
      );
    },
  );

  it.each(Object.entries(AROUND))("says where %s stands", async (name, [maker, instead]) => {
    const app = express();
    app.use(maker as RequestHandler);
    app.use((error: Error, _req: Request, res: Response, _next: NextFunction) => {
      res.status(500).send(`${error.name}: ${error.message}`);
    });
    const answer = await request(app).get("/").expect(500);
    expect(answer.text).toBe(`OptionsError: ${name} is no middleware: write ${instead}`);
  });

  it.each(Object.entries(OF_EXPRESS_RATE_LIMIT))(
    "says how to call %s of the door for express-rate-limit",
    async (_name, [factory, message]) => {
      const app = express();
      app.use(factory as RequestHandler);
      app.use((error: Error, _req: Request, res: Response, _next: NextFunction) => {
        res.status(500).send(`${error.name}: ${error.message}`);
      });
      const answer = await request(app).get("/").expect(500);
      expect(answer.text).toBe(`OptionsError: ${message}`);
    },
  );

  it.each(Object.entries(TOOLS))("says that %s wants the app", async (name, tool) => {
    const app = express();
    app.use(tool as unknown as RequestHandler);
    app.use((error: Error, _req: Request, res: Response, _next: NextFunction) => {
      res.status(500).send(`${error.name}: ${error.message}`);
    });
    const answer = await request(app).get("/").expect(500);
    expect(answer.text).toBe(`OptionsError: ${name} is no middleware: call it with the app`);
  });

  it.each(Object.entries(READERS))("says that %s is no middleware", async (name, reader) => {
    for (const mount of [
      (app: Express) => app.use(reader as RequestHandler),
      (app: Express) => app.get("/", reader as RequestHandler),
    ]) {
      const app = express();
      mount(app);
      app.get("/", (_req, res) => void res.send("reached"));
      app.use((error: Error, _req: Request, res: Response, _next: NextFunction) => {
        res.status(500).send(`${error.name}: ${error.message}`);
      });
      const answer = await request(app).get("/").expect(500);
      expect(answer.text).toBe(`MountingError: ${name} is no middleware: call it in a handler`);
    }
  });
});

it("readers may be handed to functions of lists", () => {
  const errors: unknown[] = [new HttpError("not_found"), new Error("x")];
  expect(errors.filter(isHttpError)).toHaveLength(1);
  expect([{} as Request].map(getRequestId)).toEqual([undefined]);
});
