// ESM JavaScript on Express 5: the preset, and the same objects through both doors.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import express from "express";
import "express-secure-api/augment";
import * as whole from "express-secure-api";
import { fileSink } from "express-secure-api/audit-log";
import { requireScope } from "express-secure-api/authorization";
import { errorHandler, HttpError, isHttpError, notFound } from "express-secure-api/errors";
import { secureApi } from "express-secure-api/secure-api";
import { createTestIssuer } from "express-secure-api/testing";
import { validate } from "express-secure-api/validate";
import requests from "./requests.cjs";

const require = createRequire(import.meta.url);
const required = require("express-secure-api/errors");
assert.equal(required.HttpError, HttpError);
assert.equal(whole.HttpError, HttpError);
assert.ok(new required.HttpError("not_found") instanceof HttpError);
assert.ok(isHttpError(new required.HttpError("not_found")));
assert.deepEqual(
  require("express-secure-api/augment"),
  await import("express-secure-api/augment").then(({ ...names }) => names),
);
assert.equal(require("express-secure-api/package.json").name, "express-secure-api");
assert.throws(() => require("express-secure-api/core/deny"), {
  code: "ERR_PACKAGE_PATH_NOT_EXPORTED",
});

const issuer = createTestIssuer();
const security = secureApi({
  auditLog: { sinks: [fileSink({ path: "audit.log" })] },
  oauthGuard: issuer.options(),
  rateLimit: { limit: 6, window: "1h" },
  jsonBody: {},
  publicRoutes: ["GET /health"],
});
const order = {
  type: "object",
  required: ["item"],
  properties: { item: { type: "string", maxLength: 100 } },
};

const app = express();
app.use(security);
app.get("/health", (_req, res) => res.json({ status: "ok" }));
app.post("/orders", requireScope("orders:write"), validate({ body: order }), (_req, res) =>
  res.sendStatus(201),
);
app.use(notFound(), errorHandler());

const reader = issuer.mint({ scope: "orders:read" });
const writer = issuer.mint({ scope: "orders:write" });
await requests.assertAnswers(app, [
  { request: "GET /health", status: 200 },
  { request: "POST /orders", status: 401, code: "authentication_required", body: { item: "pen" } },
  {
    request: "POST /orders",
    status: 403,
    code: "insufficient_scope",
    token: reader,
    body: { item: "pen" },
  },
  {
    request: "POST /orders",
    status: 422,
    code: "validation_failed",
    token: writer,
    body: { item: "pen", price: 0 },
  },
  { request: "POST /orders", status: 201, token: writer, body: { item: "pen" } },
  { request: "GET /nowhere", status: 404, code: "not_found", token: writer },
  { request: "GET /nowhere", status: 429, code: "rate_limit_exceeded", token: writer },
]);
await security.close();
