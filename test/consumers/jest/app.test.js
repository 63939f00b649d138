const express = require("express");
const { oauthGuard } = require("express-secure-api/oauth-guard");
const { createTestIssuer } = require("express-secure-api/testing");
const request = require("supertest");
const app = require("./app.js");

// Version 4 of jwks-rsa cannot be loaded here: the import above fails if anything tries.
jest.mock("jwks-rsa", () => {
  throw new Error("jwks-rsa was loaded");
});

test("an app with a discovery guard can be imported and asks for a token", async () => {
  const answer = await request(app).get("/").expect(401);
  expect(answer.headers["www-authenticate"]).toMatch(/^Bearer /);
  expect(answer.body.code).toBe("authentication_required");
});

test("tokens of the test issuer are verified", async () => {
  const issuer = createTestIssuer();
  const own = express().use(oauthGuard(issuer.options()));
  own.get("/", (_req, res) => res.json([]));
  await request(own).get("/").set("Authorization", `Bearer ${issuer.mint()}`).expect(200);
});
