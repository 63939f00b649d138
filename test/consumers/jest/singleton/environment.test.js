const { once } = require("node:events");
const { createServer } = require("node:http");
const { createTestIssuer } = require("express-secure-api/testing");
const request = require("supertest");

let app;
let issuer;
let server;

beforeAll(async () => {
  server = createServer((req, res) => {
    const metadata = { issuer: issuer.issuer, jwks_uri: `${issuer.issuer}/keys` };
    res.end(JSON.stringify(req.url === "/keys" ? issuer.jwks : metadata));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  process.env.ISSUER = `http://127.0.0.1:${server.address().port}`;
  issuer = createTestIssuer({ issuer: process.env.ISSUER, audience: "https://api.example.com" });
  app = require("./app.js");
});

afterAll(async () => {
  await app.locals.security.close();
  server.close();
});

test("fetches the keys of the issuer that the environment names", async () => {
  const token = issuer.mint({ scope: "orders:read" });
  await request(app).get("/orders").set("Authorization", `Bearer ${token}`).expect(200);
  await request(app).get("/orders").expect(401);
});
