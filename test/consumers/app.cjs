// CommonJS JavaScript on Express 4, one middleware at a time.
const { body } = require("express-validator");
const express = require("express");
require("express-secure-api/augment");
const { auditLog, fileSink } = require("express-secure-api/audit-log");
const { keycloak } = require("express-secure-api/claims");
const { errorHandler, notFound } = require("express-secure-api/errors");
const { oauthGuard } = require("express-secure-api/oauth-guard");
const { rateLimit } = require("express-secure-api/rate-limit");
const { requireRole } = require("express-secure-api/authorization");
const { secureHeaders } = require("express-secure-api/secure-headers");
const { createTestIssuer } = require("express-secure-api/testing");
const { validate } = require("express-secure-api/validate");
const { assertAnswers } = require("./requests.cjs");

const issuer = createTestIssuer();
const log = auditLog({ sinks: [fileSink({ path: "audit.log" })] });
const limiter = rateLimit({ limit: 5, window: "1h" });

const app = express();
app.use(log, secureHeaders(), limiter, express.json());
app.use(oauthGuard({ ...issuer.options(), principal: keycloak({ clientId: "orders" }) }));
app.post(
  "/orders",
  requireRole("editor"),
  validate({ chains: [body("item").isString()], unknown: "reject" }),
  (_req, res) => void res.sendStatus(201),
);
app.use(notFound(), errorHandler());

const reader = issuer.mint();
const editor = issuer.mint({ resource_access: { orders: { roles: ["editor"] } } });

assertAnswers(app, [
  { request: "POST /orders", status: 401, code: "authentication_required", body: { item: "pen" } },
  {
    request: "POST /orders",
    status: 403,
    code: "access_denied",
    token: reader,
    body: { item: "pen" },
  },
  {
    request: "POST /orders",
    status: 422,
    code: "validation_failed",
    token: editor,
    body: { item: 1 },
  },
  { request: "POST /orders", status: 201, token: editor, body: { item: "pen" } },
  { request: "GET /nowhere", status: 404, code: "not_found", token: editor },
  { request: "GET /nowhere", status: 429, code: "rate_limit_exceeded", token: editor },
]).then(() => Promise.all([log.close(), limiter.close()]));
