const request = require("supertest");

jest.mock("./security.js", () => {
  const production = jest.requireActual("./security.js");
  const guard = { ...production.oauthGuard, ...require("./issuer.js").options() };
  return { ...production, auditLog: false, oauthGuard: guard };
});

let app;
let issuer;

beforeEach(() => {
  jest.resetModules();
  issuer = require("./issuer.js");
  app = require("./app.js");
});

afterEach(() => app.locals.security.close());

function ask(claims) {
  return request(app)
    .get("/orders")
    .set("Authorization", `Bearer ${issuer.mint(claims)}`);
}

test("shows orders to those who may read them, and to nobody else", async () => {
  await ask({ scope: "orders:read" }).expect(200);
  await ask().expect(403);
  await ask({ scope: "orders:read", exp: 1 }).expect(401);
  await request(app).get("/orders").expect(401);
});

test("answers 429 once the limit is spent", async () => {
  for (let sent = 0; sent < 5; sent += 1) await ask({ scope: "orders:read" }).expect(200);
  await ask({ scope: "orders:read" }).expect(429);
});

test("has a quota of its own in every test", async () => {
  await ask({ scope: "orders:read" }).expect(200);
});
