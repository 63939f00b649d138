import { constants, createHmac, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import request from "supertest";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import type { Decision } from "../core/decision/decision.js";
import { oauthGuard } from "./index.js";

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const rsaPem = rsa.publicKey.export({ format: "pem", type: "spki" }) as string;
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const edwards = generateKeyPairSync("ed25519");
const attacker = generateKeyPairSync("rsa", { modulusLength: 2048 });

const ISSUER = "https://issuer.test/";
const AUDIENCE = "https://api.test/";
const now = (): number => Math.floor(Date.now() / 1000);

function jwk(key: KeyObject, kid: string, alg: string) {
  const { kty = "", ...members } = key.export({ format: "jwk" });
  return { kty, ...members, kid, alg, use: "sig" };
}

const jwks = {
  keys: [
    jwk(rsa.publicKey, "rsa", "RS256"),
    jwk(ec.publicKey, "ec", "ES256"),
    jwk(edwards.publicKey, "ed", "EdDSA"),
  ],
};

const HEADER = { alg: "RS256", kid: "rsa", typ: "at+jwt" };

function claims(over: object = {}): object {
  const base = { iss: ISSUER, aud: AUDIENCE, sub: "alice", client_id: "app", jti: "1" };
  return { ...base, iat: now(), exp: now() + 60, ...over };
}

function base64url(part: unknown): string {
  const bytes = typeof part === "string" || Buffer.isBuffer(part) ? part : JSON.stringify(part);
  return Buffer.from(bytes).toString("base64url");
}

/**
 * A token with these very parts (objects, or JSON as it is), signed RS256 with the issuer's key.
 */
function signed(header: unknown, payload: unknown, key: KeyObject = rsa.privateKey): string {
  const input = `${base64url(header)}.${base64url(payload)}`;
  return `${input}.${sign("sha256", Buffer.from(input), key).toString("base64url")}`;
}

function hmac(header: object, secret: string | Buffer): string {
  const input = `${base64url(header)}.${base64url(claims())}`;
  return `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
}

function tampered(change: (parts: string[]) => string[]): string {
  return change(signed(HEADER, claims()).split(".")).join(".");
}

/** Another spelling of the same bytes: the unused low bits of the last character set. */
function respelt(part: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const last = alphabet.indexOf(part.at(-1) ?? "");
  const other = alphabet[last ^ 1] ?? "";
  expect(
    Buffer.from(part, "base64url").equals(Buffer.from(part.slice(0, -1) + other, "base64url")),
  ).toBe(true);
  return part.slice(0, -1) + other;
}

function nested(depth: number): unknown {
  return depth === 0 ? 1 : [nested(depth - 1)];
}

const seen: Decision[] = [];
const collect = (decision: unknown): void => void seen.push(decision as Decision);

beforeAll(() => subscribe("express-secure-api:decision", collect));
afterAll(() => void unsubscribe("express-secure-api:decision", collect));
beforeEach(() => void seen.splice(0));

describe.each(expressVersions)("defective tokens on Express %s", (_major, express) => {
  const app = express();
  app.use(oauthGuard({ issuer: ISSUER, audience: AUDIENCE, jwks }));
  app.get("/", (_req, res) => void res.send("ok"));
  const call = (token: string) => request(app).get("/").set("Authorization", `Bearer ${token}`);

  it("accepts the token that all the others are changed from", async () => {
    await call(signed(HEADER, claims())).expect(200, "ok");
  });

  const sig = (): string => signed(HEADER, claims()).split(".")[2] ?? "";
  const table: [name: string, reason: string, token: () => string][] = [
    // Form: RFC 7515 §7.1, RFC 4648 §3.5, RFC 8725 §3.4 and §3.7
    ["is no JWT", "malformed_token", () => "garbage"],
    ["has two parts", "malformed_token", () => tampered(([h = "", p = ""]) => [h, p])],
    ["has no signature", "malformed_token", () => tampered(([h = "", p = ""]) => [h, p, ""])],
    ["has four parts", "malformed_token", () => tampered((parts) => [...parts, "AAAA"])],
    [
      "has the five parts of a JWE",
      "malformed_token",
      () => tampered((parts) => [...parts, "AAAA", "AAAA"]),
    ],
    ["has an empty header", "malformed_token", () => tampered(([, p = "", s = ""]) => ["", p, s])],
    ["has padding", "malformed_token", () => `${signed(HEADER, claims())}==`],
    [
      "uses the plain base64 alphabet",
      "malformed_token",
      () => tampered(([h = "", p = ""]) => [h, p, "ab+/"]),
    ],
    [
      "spells its signature in another way",
      "malformed_token",
      () => tampered(([h = "", p = "", s = ""]) => [h, p, respelt(s)]),
    ],
    [
      "has a part of impossible length",
      "malformed_token",
      () => tampered(([h = "", p = ""]) => [h, p, "abcde"]),
    ],
    ["has a header that is no JSON", "malformed_token", () => signed("{", claims())],
    ["has a header that is a list", "malformed_token", () => signed("[1]", claims())],
    [
      "has a header without alg",
      "malformed_token",
      () => signed({ typ: "JWT", kid: "rsa" }, claims()),
    ],
    [
      "has an alg that is a list",
      "malformed_token",
      () => signed({ ...HEADER, alg: ["RS256"] }, claims()),
    ],
    [
      "has a typ that is a number",
      "malformed_token",
      () => signed({ ...HEADER, typ: 5 }, claims()),
    ],
    [
      "has a kid that is a number",
      "malformed_token",
      () => signed({ ...HEADER, kid: 5 }, claims()),
    ],
    ["has an empty kid", "malformed_token", () => signed({ ...HEADER, kid: "" }, claims())],
    [
      "has a kid of 257 characters",
      "malformed_token",
      () => signed({ ...HEADER, kid: "k".repeat(257) }, claims()),
    ],
    [
      "has a kid with control characters",
      "malformed_token",
      () => signed({ ...HEADER, kid: "rsa\r\nX: y" }, claims()),
    ],
    ["has a payload that is a string", "malformed_token", () => signed(HEADER, '"alice"')],
    ["has a payload that is null", "malformed_token", () => signed(HEADER, "null")],
    ["has a payload that is a list", "malformed_token", () => signed(HEADER, "[1]")],
    [
      "has a nested token as its payload",
      "malformed_token",
      () => signed({ ...HEADER, cty: "JWT" }, signed(HEADER, claims())),
    ],
    [
      "has a payload with invalid UTF-8",
      "malformed_token",
      () =>
        signed(
          HEADER,
          Buffer.concat([Buffer.from('{"sub":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]),
        ),
    ],
    [
      "is larger than 8 kb",
      "token_too_large",
      () => signed(HEADER, claims({ x: "x".repeat(8000) })),
    ],
    // RFC 7515 §4.1.11
    [
      "has a critical header parameter",
      "critical_header",
      () => signed({ ...HEADER, crit: ["exp"] }, claims()),
    ],
    ["has an empty crit", "critical_header", () => signed({ ...HEADER, crit: [] }, claims())],
    [
      "is unencoded by b64",
      "critical_header",
      () => signed({ ...HEADER, b64: false, crit: ["b64"] }, claims()),
    ],
    // Issuer and algorithm: RFC 8725 §3.1, §3.2, §3.8
    [
      "is from another issuer",
      "unknown_issuer",
      () => signed(HEADER, claims({ iss: "https://other.test/" })),
    ],
    [
      "lacks the slash of the issuer",
      "unknown_issuer",
      () => signed(HEADER, claims({ iss: "https://issuer.test" })),
    ],
    ["has no issuer", "unknown_issuer", () => signed(HEADER, claims({ iss: undefined }))],
    ["has a list of issuers", "unknown_issuer", () => signed(HEADER, claims({ iss: [ISSUER] }))],
    [
      "names an issuer like a member of Object",
      "unknown_issuer",
      () => signed(HEADER, claims({ iss: "__proto__" })),
    ],
    [
      "says alg none with a signature",
      "algorithm_not_allowed",
      () => signed({ ...HEADER, alg: "none" }, claims()),
    ],
    ["says alg noNE", "algorithm_not_allowed", () => signed({ ...HEADER, alg: "noNE" }, claims())],
    [
      "says alg none without a signature",
      "malformed_token",
      () => `${base64url({ alg: "none" })}.${base64url(claims())}.`,
    ],
    [
      "is HMAC-signed with the public key as PEM",
      "algorithm_not_allowed",
      () => hmac({ ...HEADER, alg: "HS256" }, rsaPem),
    ],
    [
      "is HMAC-signed with an empty secret",
      "algorithm_not_allowed",
      () => hmac({ alg: "HS256" }, ""),
    ],
    [
      "names the algorithm in lower case",
      "algorithm_not_allowed",
      () => signed({ ...HEADER, alg: "rs256" }, claims()),
    ],
    [
      "names an inherited member as algorithm",
      "algorithm_not_allowed",
      () => signed({ ...HEADER, alg: "constructor" }, claims()),
    ],
    // Keys: RFC 8725 §3.1, §3.10
    [
      "names a key that is not there",
      "unknown_key",
      () => signed({ ...HEADER, kid: "other" }, claims()),
    ],
    [
      "names a key like a member of Object",
      "unknown_key",
      () => signed({ ...HEADER, kid: "__proto__" }, claims()),
    ],
    [
      "names a key by a path",
      "unknown_key",
      () => signed({ ...HEADER, kid: "../../dev/null" }, claims()),
    ],
    [
      "uses a key with another algorithm than its own",
      "unknown_key",
      () => {
        const input = `${base64url({ ...HEADER, alg: "PS256" })}.${base64url(claims())}`;
        const key = {
          key: rsa.privateKey,
          padding: constants.RSA_PKCS1_PSS_PADDING,
          saltLength: 32,
        };
        return `${input}.${sign("sha256", Buffer.from(input), key).toString("base64url")}`;
      },
    ],
    [
      "uses the EC key as an RSA key",
      "unknown_key",
      () => signed({ ...HEADER, kid: "ec" }, claims()),
    ],
    // Signature
    [
      "has a changed payload",
      "bad_signature",
      () => tampered(([h = "", , s = ""]) => [h, base64url(claims({ sub: "admin" })), s]),
    ],
    [
      "has a changed header",
      "bad_signature",
      () => tampered(([, p = "", s = ""]) => [base64url({ ...HEADER, x: 1 }), p, s]),
    ],
    [
      "is signed by somebody else",
      "bad_signature",
      () => signed(HEADER, claims(), attacker.privateKey),
    ],
    [
      "brings its own key as jwk",
      "bad_signature",
      () =>
        signed(
          { ...HEADER, jwk: jwk(attacker.publicKey, "rsa", "RS256") },
          claims(),
          attacker.privateKey,
        ),
    ],
    [
      "points to keys of its own",
      "bad_signature",
      () =>
        signed(
          { ...HEADER, jku: "http://127.0.0.1:1/", x5u: "http://127.0.0.1:1/" },
          claims(),
          attacker.privateKey,
        ),
    ],
    [
      "has a blank ECDSA signature",
      "bad_signature",
      () =>
        `${base64url({ alg: "ES256", kid: "ec" })}.${base64url(claims())}.${Buffer.alloc(64).toString("base64url")}`,
    ],
    [
      "has an ECDSA signature of the wrong length",
      "bad_signature",
      () =>
        `${base64url({ alg: "ES256", kid: "ec" })}.${base64url(claims())}.${Buffer.alloc(63, 1).toString("base64url")}`,
    ],
    [
      "has an ECDSA signature in DER",
      "bad_signature",
      () => {
        const input = `${base64url({ alg: "ES256", kid: "ec" })}.${base64url(claims())}`;
        return `${input}.${sign("sha256", Buffer.from(input), ec.privateKey).toString("base64url")}`;
      },
    ],
    [
      "has an Ed25519 signature of the wrong length",
      "bad_signature",
      () => `${base64url({ alg: "EdDSA", kid: "ed" })}.${base64url(claims())}.${sig()}`,
    ],
    // Claims: RFC 7519 §4.1
    ["never expires", "missing_claim", () => signed(HEADER, claims({ exp: undefined }))],
    ["expired", "token_expired", () => signed(HEADER, claims({ exp: now() - 6 }))],
    [
      "expires at infinity",
      "malformed_claim",
      () => signed(HEADER, `{"iss":"${ISSUER}","aud":"${AUDIENCE}","exp":1e400}`),
    ],
    [
      "has a string as exp",
      "malformed_claim",
      () => signed(HEADER, claims({ exp: String(now() + 60) })),
    ],
    ["has null as exp", "malformed_claim", () => signed(HEADER, claims({ exp: null }))],
    ["is not yet valid", "token_not_yet_valid", () => signed(HEADER, claims({ nbf: now() + 10 }))],
    ["has a string as nbf", "malformed_claim", () => signed(HEADER, claims({ nbf: "0" }))],
    [
      "was issued in the future",
      "token_not_yet_valid",
      () => signed(HEADER, claims({ iat: now() + 10 })),
    ],
    [
      "was issued at minus infinity",
      "malformed_claim",
      () => signed(HEADER, `{"iss":"${ISSUER}","aud":"${AUDIENCE}","exp":9999999999,"iat":-1e400}`),
    ],
    ["has no audience", "missing_claim", () => signed(HEADER, claims({ aud: undefined }))],
    [
      "is meant for another API",
      "wrong_audience",
      () => signed(HEADER, claims({ aud: "https://other.test/" })),
    ],
    [
      "is meant for a part of our name",
      "wrong_audience",
      () => signed(HEADER, claims({ aud: "https://api.test" })),
    ],
    ["is meant for nobody", "wrong_audience", () => signed(HEADER, claims({ aud: [] }))],
    [
      "has an audience that is an object",
      "malformed_claim",
      () => signed(HEADER, claims({ aud: [AUDIENCE, {}] })),
    ],
    ["has a subject that is a number", "malformed_claim", () => signed(HEADER, claims({ sub: 1 }))],
    ["has a jti that is an object", "malformed_claim", () => signed(HEADER, claims({ jti: {} }))],
    [
      "has a claim named __proto__",
      "malformed_claim",
      () =>
        signed(HEADER, JSON.stringify(claims()).replace("{", '{"__proto__":{"roles":["admin"]},')),
    ],
    [
      "has __proto__ deeper down, escaped",
      "malformed_claim",
      () => signed(HEADER, JSON.stringify(claims()).replace("{", '{"a":[{"\\u005f_proto__":1}],')),
    ],
    [
      "has a header parameter named __proto__",
      "malformed_claim",
      () => signed(JSON.stringify(HEADER).replace("{", '{"__proto__":{},'), claims()),
    ],
    [
      "is nested out of all reason",
      "malformed_claim",
      () => signed(HEADER, claims({ a: nested(2000) })),
    ],
    // RFC 7800, RFC 9449 §7.2, RFC 8705 §3
    ["is bound to a DPoP key", "bound_token", () => signed(HEADER, claims({ cnf: { jkt: "x" } }))],
    [
      "is bound to a certificate",
      "bound_token",
      () => signed(HEADER, claims({ cnf: { "x5t#S256": "x" } })),
    ],
    ["has a confirmation of null", "bound_token", () => signed(HEADER, claims({ cnf: null }))],
  ];

  it.each(table)("refuses a token that %s (%s)", async (_name, reason, token) => {
    const answer = await call(token());
    expect([answer.status, answer.body.code]).toEqual([401, "invalid_token"]);
    expect(answer.headers["www-authenticate"]).toMatch(
      /^Bearer realm="api", error="invalid_token", error_description="[A-Za-z ]+"$/,
    );
    expect(seen).toEqual([
      {
        guard: "oauthGuard",
        outcome: "deny",
        enforced: true,
        code: "invalid_token",
        status: 401,
        reason,
      },
    ]);
  });

  it("says nothing about the token, the keys or what was expected", async () => {
    const answer = await call(
      signed({ ...HEADER, kid: "secret-kid" }, claims({ aud: "secret-aud" })),
    );
    const everything = answer.text + JSON.stringify(answer.headers);
    for (const word of ["secret-kid", "secret-aud", ISSUER, AUDIENCE, "rsa"]) {
      expect(everything).not.toContain(word);
    }
  });

  it("accepts Ed25519 under both of its names, and ECDSA", async () => {
    for (const alg of ["EdDSA", "Ed25519"]) {
      const input = `${base64url({ alg, kid: "ed" })}.${base64url(claims())}`;
      const signature = sign(null, Buffer.from(input), edwards.privateKey);
      await call(`${input}.${signature.toString("base64url")}`).expect(200);
    }
    const input = `${base64url({ alg: "ES256", kid: "ec" })}.${base64url(claims())}`;
    const key = { key: ec.privateKey, dsaEncoding: "ieee-p1363" } as const;
    await call(`${input}.${sign("sha256", Buffer.from(input), key).toString("base64url")}`).expect(
      200,
    );
  });

  it("finds the key of a token without kid when only one fits its algorithm", async () => {
    await call(signed({ alg: "RS256" }, claims())).expect(200);
  });

  it("tolerates clocks that differ by less than five seconds", async () => {
    await call(signed(HEADER, claims({ exp: now() - 3 }))).expect(200);
    await call(signed(HEADER, claims({ iat: now() + 3, nbf: now() + 3 }))).expect(200);
  });
});
