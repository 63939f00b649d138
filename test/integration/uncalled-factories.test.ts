import type { NextFunction, Request, RequestHandler, Response } from "express";
import request from "supertest";
import { describe, expect, it } from "vitest";
import {
  auditLog,
  authorize,
  errorHandler,
  jsonBody,
  notFound,
  oauthGuard,
  principalFrom,
  rateLimit,
  requireRole,
  requireScope,
  secureApi,
  secureHeaders,
  structuralGuard,
  validate,
} from "../../src/index.js";
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
  jsonBody: [jsonBody, "jsonBody()"],
  structuralGuard: [structuralGuard, "structuralGuard()"],
  validate: [validate, "validate({ body: schema })"],
  rateLimit: [rateLimit, 'rateLimit({ limit: 100, window: "1m" })'],
  secureHeaders: [secureHeaders, "secureHeaders()"],
  auditLog: [auditLog, "auditLog()"],
  errorHandler: [errorHandler, "errorHandler()"],
  notFound: [notFound, "notFound()"],
};

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
});
