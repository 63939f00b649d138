// The oldest supported peers under the oldest supported Jest, whose resolver does not know `exports`.
const express = require("express");
const { body } = require("express-validator");
const { RateLimiterMemory } = require("rate-limiter-flexible");
const request = require("supertest");
const { fileSink } = require("express-secure-api/audit-log");
const { errorHandler, notFound } = require("express-secure-api/errors");
const { fromRateLimiterFlexible, rateLimit } = require("express-secure-api/rate-limit");
const { secureApi } = require("express-secure-api/secure-api");
const { createTestIssuer } = require("express-secure-api/testing");
const { validate } = require("express-secure-api/validate");

const issuer = createTestIssuer();
const security = secureApi({
  auditLog: { sinks: [fileSink({ path: "audit.log" })] },
  oauthGuard: issuer.options(),
  rateLimit: { limit: 100, window: "1h" },
  jsonBody: {},
});
const limiter = new RateLimiterMemory({ points: 3, duration: 60 });
const slow = rateLimit({
  name: "orders",
  limit: 3,
  window: "1m",
  algorithm: "fixed-window",
  store: fromRateLimiterFlexible(limiter),
});

const app = express();
app.use(security);
app.post(
  "/orders",
  slow,
  validate({ chains: [body("item").isString()], unknown: "reject" }),
  (_req, res) => void res.sendStatus(201),
);
app.use(notFound(), errorHandler());
afterAll(() => Promise.all([security.close(), slow.close()]));

function order(sent) {
  const sending = request(app).post("/orders").set("Authorization", `Bearer ${issuer.mint()}`);
  return sending.send(sent);
}

test("the preset works, with chains of express-validator and a limiter of rate-limiter-flexible", async () => {
  await request(app).post("/orders").send({ item: "pen" }).expect(401);
  await order({ item: "pen" }).expect(201);
  const invalid = await order({ item: 1 }).expect(422);
  expect(invalid.body.errors).toMatchObject([{ pointer: "#/item", code: "invalid" }]);
  await order({ item: "pen", price: 0 }).expect(422);
  await order({ item: "pen" }).expect(429);
});
