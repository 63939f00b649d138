import { once } from "node:events";
import { type AddressInfo, connect } from "node:net";
import type { Express } from "express";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { requireRole } from "../authorization/require-role.js";
import type { Decision } from "../core/decision/decision.js";
import { decisionsOf } from "../core/decision/decision.js";
import { getPrincipal } from "../core/principal/principal.js";
import type { HeaderPrincipalOptions } from "./header-principal.js";
import { principalFrom } from "./principal-from.js";

const FIELD = "X-Authenticated-User";
const FROM_HERE: HeaderPrincipalOptions = { name: FIELD, trustedPeers: ["127.0.0.1", "::1"] };
const FROM_ELSEWHERE: HeaderPrincipalOptions = { name: FIELD, trustedPeers: "10.0.0.0/8" };

describe.each(expressVersions)("principalFrom.header on Express %s", (_major, express) => {
  let decisions: readonly Decision[] = [];

  function appWith(options: HeaderPrincipalOptions): Express {
    const app = express();
    app.use((req, res, next) => {
      res.on("close", () => {
        decisions = decisionsOf(req);
      });
      next();
    });
    app.use(principalFrom.header(options));
    app.get("/", (req, res) => void res.json(getPrincipal(req)));
    app.get("/admin", requireRole("admin"), (_req, res) => void res.json({ reached: true }));
    return app;
  }

  it.each([
    "alice",
    "alice@example.com",
    "CN=Alice Example O=Acme",
    "auth0|5f7c8ec7c33c6c004bbafe82",
    "x".repeat(256),
  ])("takes the subject %j from a trusted peer, without roles", async (subject) => {
    const app = appWith(FROM_HERE);
    const { body } = await request(app).get("/").set(FIELD, subject).expect(200);
    expect(body).toMatchObject({
      id: expect.stringContaining(subject),
      kind: "user",
      subject,
      roles: [],
      scopes: [],
    });
    expect(decisions).toEqual([
      {
        guard: "principalFrom",
        outcome: "allow",
        enforced: true,
        code: "ok",
        reason: "principal_found",
      },
    ]);
    await request(app).get("/admin").set(FIELD, subject).expect(403);
  });

  it.each<[string, Record<string, string>]>([
    ["absent", {}],
    ["empty", { [FIELD]: "" }],
    ["another one", { "X-User": "alice", X_Authenticated_User: "alice" }],
  ])("finds nobody when the field is %s", async (_what, fields) => {
    await request(appWith(FROM_HERE)).get("/").set(fields).expect(200, "null");
    expect(decisions).toMatchObject([{ outcome: "allow", reason: "no_principal" }]);
  });

  it("takes the field of any other peer for absent, and records it", async () => {
    const app = appWith(FROM_ELSEWHERE);
    await request(app).get("/").set(FIELD, "alice").expect(200, "null");
    expect(decisions).toMatchObject([
      { guard: "principalFrom", outcome: "allow", reason: "untrusted_peer" },
    ]);
    await request(app).get("/admin").set(FIELD, "alice").expect(401);
  });

  it("is not misled by forwarded addresses, whatever Express trusts", async () => {
    const app = appWith(FROM_ELSEWHERE);
    app.set("trust proxy", true);
    const forged = {
      [FIELD]: "alice",
      "X-Forwarded-For": "10.0.0.1",
      Forwarded: "for=10.0.0.1",
      "X-Real-IP": "10.0.0.1",
    };
    await request(app).get("/").set(forged).expect(200, "null");
    expect(decisions).toMatchObject([{ reason: "untrusted_peer" }]);
  });

  it.each([
    ["a comma, as of two fields that a proxy joined", "alice, mallory"],
    ["too many characters", "x".repeat(257)],
    ["characters beyond ASCII", "al\u00efce"],
    ["a tab", "al\tice"],
  ])("answers 400 to a value with %s", async (_what, value) => {
    const answer = await request(appWith(FROM_HERE)).get("/").set(FIELD, value).expect(400);
    expect(JSON.parse(answer.text).code).toBe("invalid_request");
    expect(answer.text).not.toContain(value);
    expect(decisions).toMatchObject([
      { outcome: "deny", status: 400, code: "invalid_request", reason: "malformed_header" },
    ]);
  });

  it.each<[string, HeaderPrincipalOptions, number, string]>([
    ["answers 400 to a repeated field", FROM_HERE, 400, "duplicate_header"],
    [
      "lets a repeated field pass in report mode",
      { ...FROM_HERE, mode: "report" },
      200,
      "duplicate_header",
    ],
    ["ignores a repeated field of another peer", FROM_ELSEWHERE, 200, "untrusted_peer"],
  ])("%s", async (_what, options, status, reason) => {
    const server = appWith(options).listen(0, "127.0.0.1");
    await once(server, "listening");
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    socket.write(
      `GET / HTTP/1.1\r\nHost: h\r\n${FIELD}: alice\r\nx-authenticated-user: mallory\r\nConnection: close\r\n\r\n`,
    );
    let answer = "";
    socket.on("data", (chunk) => {
      answer += String(chunk);
    });
    await once(socket, "close");
    server.close();
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).not.toMatch(/alice|mallory/);
    expect(decisions).toMatchObject([{ reason }]);
  });

  it("answers a refusal as onDenied says", async () => {
    const app = appWith({
      ...FROM_HERE,
      onDenied: (error, _req, res) => void res.status(error.status).json({ mine: error.code }),
    });
    await request(app).get("/").set(FIELD, "a,b").expect(400, { mine: "invalid_request" });
  });
});

describe("principalFrom.header", () => {
  it.each<[string, unknown, string]>([
    [
      "no options",
      undefined,
      "principalFrom.header.name must be a non-empty string, got undefined: it is required",
    ],
    [
      "no peers",
      { name: "X-User" },
      "principalFrom.header.trustedPeers must be a non-empty string or a list of them, got undefined: it is required",
    ],
    [
      "an empty list of peers",
      { name: "X-User", trustedPeers: [] },
      "principalFrom.header.trustedPeers must be a non-empty string or a list of them, got an empty list",
    ],
    [
      "a name that is no field name",
      { name: "X User", trustedPeers: "::1" },
      "principalFrom.header.name must be the name of a header field, got a string of 6 characters",
    ],
    [
      "a field with credentials",
      { name: "Authorization", trustedPeers: "::1" },
      "principalFrom.header.name must be a field of its own, which the gateway sets: this one comes from the client",
    ],
    [
      "a peer by name",
      { name: "X-User", trustedPeers: ["::1", "gateway.internal"] },
      'principalFrom.header.trustedPeers[1] must be an IP address or a network such as "10.0.0.0/8", got a string of 16 characters',
    ],
    [
      "every address",
      { name: "X-User", trustedPeers: "0.0.0.0/0" },
      'principalFrom.header.trustedPeers must be an IP address or a network such as "10.0.0.0/8", got one that trusts every address',
    ],
    [
      "Express's name for the peers",
      { name: "X-User", trustProxy: "loopback" },
      'principalFrom.header must not have an option "trustProxy": name the gateways in trustedPeers',
    ],
    [
      "a wrong mode",
      { name: "X-User", trustedPeers: "::1", mode: 1 },
      'principalFrom.header.mode must be one of "enforce", "report", got 1',
    ],
  ])("refuses %s at start-up", (_what, options, problem) => {
    expect(() => principalFrom.header(options as HeaderPrincipalOptions)).toThrow(
      expect.objectContaining({ name: "OptionsError", message: expect.stringContaining(problem) }),
    );
  });

  it("carries the brand that the route audit reads", () => {
    expect(principalFrom.header(FROM_HERE)).toHaveProperty(
      "expressSecureApiGuard",
      '{"guard":"principalFrom","kind":"authentication","mode":"enforce","optional":true}',
    );
  });
});
