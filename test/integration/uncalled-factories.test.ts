import type { Express, NextFunction, Request, RequestHandler, Response } from "express";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { cedar } from "../../src/authorization/cedar/index.js";
import { opaWasm } from "../../src/authorization/opa-wasm/index.js";
import * as library from "../../src/index.js";
import {
  all,
  any,
  auditFields,
  auditLog,
  authenticated,
  authorize,
  authzen,
  createTokenVerifier,
  enrichPrincipal,
  errorHandler,
  fileSink,
  formBody,
  fromRateLimiterFlexible,
  getAuth,
  getPrincipal,
  getRequestId,
  HttpError,
  isHttpError,
  jsonBody,
  keycloak,
  not,
  notFound,
  oauthGuard,
  opa,
  policy,
  principalFrom,
  rateLimit,
  requireRole,
  requireScope,
  rfc9068,
  role,
  scope,
  secureApi,
  secureHeaders,
  session,
  stdoutSink,
  structuralGuard,
  validate,
} from "../../src/index.js";
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
  requireScope: [requireScope, 'requireScope("orders:read")'],
  "requireScope.any": [requireScope.any, 'requireScope.any("orders:read")'],
  authorize: [authorize, 'authorize(role("admin"))'],
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
  rateLimit: [rateLimit, 'rateLimit({ limit: 100, window: "1m" })'],
  secureHeaders: [secureHeaders, "secureHeaders()"],
  auditLog: [auditLog, "auditLog()"],
  errorHandler: [errorHandler, "errorHandler()"],
  notFound: [notFound, "notFound()"],
};

/** What makes something that is handed to a factory, and what the message says to mount. */
const MAKERS: Readonly<Record<string, readonly [maker: unknown, mounted: string]>> = {
  authenticated: [authenticated, "authorize(authenticated())"],
  role: [role, 'authorize(role("admin"))'],
  scope: [scope, 'authorize(scope("orders:read"))'],
  "scope.any": [scope.any, 'authorize(scope.any("orders:read"))'],
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
  stdoutSink: [stdoutSink, "auditLog({ sinks: [stdoutSink()] })"],
  fileSink: [fileSink, 'auditLog({ sinks: [fileSink({ path: "audit.jsonl" })] })'],
  fromRateLimiterFlexible: [
    fromRateLimiterFlexible,
    "rateLimit({ limit, window, name, store: fromRateLimiterFlexible(limiter) })",
  ],
  rfc9068: [rfc9068, "oauthGuard({ issuer, audience, principal: rfc9068() })"],
  keycloak: [
    keycloak,
    'oauthGuard({ issuer, audience, principal: keycloak({ clientId: "my-api" }) })',
  ],
  createTokenVerifier: [createTokenVerifier, "oauthGuard({ issuer, audience })"],
  createTestIssuer: [createTestIssuer, "oauthGuard(createTestIssuer().options())"],
};

/** They look at a request or an error, or note something about it; nothing comes of mounting them. */
const READERS: Readonly<Record<string, unknown>> = {
  auditFields,
  getAuth,
  getPrincipal,
  getRequestId,
  isHttpError,
};
/** Handed over as they are; mounted, they are error handlers. */
const HANDED_OVER = ["htmlOrProblem"];

it("names every function that the library exports", () => {
  const functions = Object.entries({ ...library, createTestIssuer })
    .filter(([name, value]) => typeof value === "function" && /^[a-z]/.test(name))
    .map(([name]) => name);
  const known = [FACTORIES, MAKERS, READERS].flatMap(Object.keys).concat(HANDED_OVER);
  expect(functions.filter((name) => !known.includes(name))).toEqual([]);
});

describe("a function that has no options", () => {
  it.each(Object.entries({ authenticated, rfc9068, stdoutSink }))(
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
