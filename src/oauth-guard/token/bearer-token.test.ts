import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import { createTestIssuer } from "../../testing/index.js";
import { getAuth, oauthGuard } from "../index.js";
import { isB64Token } from "./bearer-token.js";

const issuer = createTestIssuer();

describe.each(expressVersions)("bearer credentials on Express %s", (_major, express) => {
  function appWith(options: object = {}) {
    const app = express();
    app.use(oauthGuard({ ...issuer.options(), ...options }));
    app.get("/", (req, res) => void res.json({ subject: getAuth(req)?.subject ?? null }));
    return app;
  }

  it("lets a valid token pass and gives the handler its claims", async () => {
    const answer = await request(appWith())
      .get("/")
      .set("Authorization", `Bearer ${issuer.mint({ sub: "alice" })}`);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ subject: "alice" });
    expect(answer.headers["www-authenticate"]).toBeUndefined();
  });

  it.each(["bearer ", "BEARER ", "Bearer   "])(
    "accepts the scheme written as %j",
    async (scheme) => {
      await request(appWith())
        .get("/")
        .set("Authorization", `${scheme}${issuer.mint()}`)
        .expect(200);
    },
  );

  it.each([
    ["no Authorization field", undefined],
    ["another scheme", "Basic dXNlcjpwYXNz"],
    ["a longer scheme that starts alike", "BearerX abc"],
    ["an empty field", ""],
  ])("answers 401 without error to %s", async (_name, value) => {
    const call = request(appWith()).get("/");
    const answer = await (value === undefined ? call : call.set("Authorization", value));
    expect(answer.status).toBe(401);
    expect(answer.headers["www-authenticate"]).toBe('Bearer realm="api"');
    expect(answer.headers["content-type"]).toBe("application/problem+json");
    expect(answer.headers["cache-control"]).toBe("no-store");
    expect(JSON.parse(answer.text)).toEqual({
      title: "Unauthorized",
      status: 401,
      detail: "The request is not authenticated.",
      code: "authentication_required",
    });
  });

  it("names realm and scope in the challenge", async () => {
    const app = appWith({ realm: "orders", scopes: ["orders:read", "orders:write"] });
    const answer = await request(app).get("/").expect(401);
    expect(answer.headers["www-authenticate"]).toBe(
      'Bearer realm="orders", scope="orders:read orders:write"',
    );
  });

  it.each([
    ["no token", "Bearer"],
    ["a comma", "Bearer abc, Bearer def"],
    ["a space inside", "Bearer abc def"],
    ["a quote", 'Bearer "abc"'],
    ["a character beyond ASCII", "Bearer ab\u00e4c"],
    ["= in the middle", "Bearer ab=c"],
    ["nothing but =", "Bearer ==="],
    ["a tab instead of a space", "Bearer\tabc"],
  ])("answers 400 invalid_request to credentials with %s", async (_name, value) => {
    const answer = await request(appWith()).get("/").set("Authorization", value).expect(400);
    expect(answer.body.code).toBe("invalid_request");
    expect(answer.headers["www-authenticate"]).toBe(
      'Bearer realm="api", error="invalid_request", error_description="The bearer credentials are malformed"',
    );
  });

  it("answers 400 to a repeated Authorization field, even when both hold a valid token", async () => {
    const server = createServer(appWith()).listen(0, "127.0.0.1");
    await once(server, "listening");
    const field = `Authorization: Bearer ${issuer.mint()}\r\n`;
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    socket.end(
      `GET / HTTP/1.1\r\nHost: a\r\n${field}${field.toUpperCase()}Connection: close\r\n\r\n`,
    );
    const answer = (await socket.toArray()).join("");
    server.close();
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain(
      'error="invalid_request", error_description="The Authorization field is repeated"',
    );
  });

  it("takes no token from query, body, cookie or another field", async () => {
    const token = issuer.mint();
    const app = appWith();
    await request(app).get(`/?access_token=${token}`).expect(401);
    await request(app).post("/").type("form").send({ access_token: token }).expect(401);
    await request(app).get("/").set("Cookie", `access_token=${token}`).expect(401);
    await request(app).get("/").set("X-Authorization", `Bearer ${token}`).expect(401);
  });

  it("does not skip a request because its method is OPTIONS or HEAD", async () => {
    const preflight = request(appWith()).options("/");
    await preflight.set("Access-Control-Request-Headers", "authorization").expect(401);
    const head = await request(appWith()).head("/").expect(401);
    expect(head.headers["www-authenticate"]).toBe('Bearer realm="api"');
    expect(head.text ?? "").toBe("");
  });

  describe("with optional: true", () => {
    it("lets a request without the field pass, as nobody", async () => {
      const answer = await request(appWith({ optional: true }))
        .get("/")
        .expect(200);
      expect(answer.body).toEqual({ subject: null });
    });

    it.each([
      ["a garbage token", "Bearer garbage", 401, "invalid_token"],
      ["another scheme", "Basic dXNlcjpwYXNz", 401, "authentication_required"],
      ["an empty field", "", 401, "authentication_required"],
      ["malformed credentials", "Bearer a b", 400, "invalid_request"],
      ["an expired token", `Bearer ${issuer.mint({ exp: 1 })}`, 401, "invalid_token"],
    ])("still refuses %s", async (_name, value, status, code) => {
      const answer = await request(appWith({ optional: true }))
        .get("/")
        .set("Authorization", value);
      expect([answer.status, answer.body.code]).toEqual([status, code]);
    });
  });

  describe("with scopes", () => {
    const app = appWith({ scopes: ["orders:read", "orders:write"] });

    it("answers 403 insufficient_scope to a token that lacks one, and again when it is cached", async () => {
      const bearer = `Bearer ${issuer.mint({ scope: "orders:read openid" })}`;
      for (let turn = 0; turn < 2; turn += 1) {
        const answer = await request(app).get("/").set("Authorization", bearer).expect(403);
        expect(answer.body.code).toBe("insufficient_scope");
        expect(answer.headers["www-authenticate"]).toBe(
          'Bearer realm="api", error="insufficient_scope", ' +
            'error_description="The access token does not grant the scope that this request needs", ' +
            'scope="orders:read orders:write"',
        );
      }
    });

    it.each([
      ["scope", { scope: "orders:write orders:read" }],
      ["scp as a list", { scp: ["orders:read", "orders:write"] }],
      ["scp as a string", { scp: "orders:read orders:write" }],
    ])("takes them from %s", async (_name, claims) => {
      await request(app)
        .get("/")
        .set("Authorization", `Bearer ${issuer.mint(claims)}`)
        .expect(200);
    });
  });
});

describe("isB64Token", () => {
  it("judges a long hostile text in one pass", () => {
    // A backtracking expression needs minutes for this; the test would time out.
    expect(isB64Token(`${" ".repeat(2_000_000)}x`)).toBe(false);
    expect(isB64Token(`${"=".repeat(2_000_000)}`)).toBe(false);
    expect(isB64Token(`${"a".repeat(2_000_000)}=`)).toBe(true);
  });
});
