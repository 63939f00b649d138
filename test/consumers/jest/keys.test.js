const { once } = require("node:events");
const { createServer } = require("node:http");
const express = require("express");
const { oauthGuard } = require("express-secure-api/oauth-guard");
const { createTestIssuer } = require("express-secure-api/testing");
const request = require("supertest");

// The first fetch loads what verifies tokens, on a machine that may be busy.
jest.setTimeout(30_000);

let server;
let issuer;

beforeAll(async () => {
  server = createServer((req, res) => {
    const metadata = { issuer: issuer.issuer, jwks_uri: `${issuer.issuer}/keys` };
    res.end(JSON.stringify(req.url === "/keys" ? issuer.jwks : metadata));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
});

afterAll(() => void server.close());

test.each(["RS256", "ES256", "EdDSA"])("%s keys are fetched over HTTP", async (algorithm) => {
  issuer = createTestIssuer({ issuer: `http://127.0.0.1:${server.address().port}`, algorithm });
  const guard = oauthGuard({ issuer: issuer.issuer, audience: issuer.audience });
  await guard.ready();
  const app = express().use(guard);
  app.get("/", (_req, res) => res.json([]));
  const call = (token) => request(app).get("/").set("Authorization", `Bearer ${token}`);
  await call(issuer.mint()).expect(200);
  await call(issuer.mint({}, { forged: true })).expect(401);
  await guard.close();
});
