// An app that needs what the library loads late: the parser of fetched keys and the schema compiler.
const { generateKeyPairSync, sign } = require("node:crypto");
const { createServer } = require("node:http");
const express = require("express");
const { errorHandler, notFound } = require("express-secure-api/errors");
const { oauthGuard } = require("express-secure-api/oauth-guard");
const { validate } = require("express-secure-api/validate");
const { assertAnswers } = require("./requests.cjs");

const audience = "https://api.example.com";
const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const keys = createServer((_req, res) => {
  const jwk = { ...publicKey.export({ format: "jwk" }), kid: "a", use: "sig", alg: "ES256" };
  res.setHeader("Content-Type", "application/json").end(JSON.stringify({ keys: [jwk] }));
});

function mint(issuer) {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: issuer, aud: audience, sub: "a", client_id: "b", jti: "c" };
  const text = [
    { alg: "ES256", typ: "at+jwt", kid: "a" },
    { ...claims, iat: now, exp: now + 60 },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  const signature = sign("sha256", Buffer.from(text), {
    key: privateKey,
    dsaEncoding: "ieee-p1363",
  });
  return `${text}.${signature.toString("base64url")}`;
}

keys.listen(0, "127.0.0.1", async () => {
  const issuer = `http://127.0.0.1:${keys.address().port}`;
  const guard = oauthGuard({ issuer, audience, jwksUri: `${issuer}/keys` });
  const order = { type: "object", required: ["item"], properties: { item: { type: "string" } } };
  const app = express();
  app.use(express.json(), guard);
  app.post("/orders", validate({ body: order }), (_req, res) => void res.sendStatus(201));
  app.use(notFound(), errorHandler());
  const token = mint(issuer);
  await assertAnswers(app, [
    { request: "POST /orders", status: 401, code: "authentication_required", body: {} },
    { request: "POST /orders", status: 422, code: "validation_failed", token, body: {} },
    { request: "POST /orders", status: 201, token, body: { item: "pen" } },
  ]);
  await guard.close();
  keys.close();
  keys.closeAllConnections();
});
