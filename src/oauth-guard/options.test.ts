import { createPublicKey, generateKeyPairSync, type JsonWebKey } from "node:crypto";
import { describe, expect, it } from "vitest";
import { OptionsError } from "../core/options/options-error.js";
import { createTestIssuer } from "../testing/index.js";
import { createTokenVerifier, oauthGuard } from "./index.js";

const SECRET = "correct horse battery staple, and another horse with more of them";
const issuer = "https://issuer.test/";
const audience = "https://api.test/";
const testIssuer = createTestIssuer();
const { jwks } = testIssuer;
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const small = generateKeyPairSync("rsa", { modulusLength: 1024 });
const exponent3 = generateKeyPairSync("rsa", { modulusLength: 2048, publicExponent: 3 });
const edwards = generateKeyPairSync("ed25519");
const pem = rsa.publicKey.export({ format: "pem", type: "spki" }) as string;
const privatePem = rsa.privateKey.export({ format: "pem", type: "pkcs8" }) as string;
const ecJwk = jwks.keys[0] as Record<string, unknown>;

/** The public key with another modulus or exponent. */
function rsaJwk(modulus: (n: bigint) => bigint, exponent = 65_537n): JsonWebKey {
  const { n = "" } = rsa.publicKey.export({ format: "jwk" });
  const given = BigInt(`0x${Buffer.from(n, "base64url").toString("hex")}`);
  return { kty: "RSA", n: base64url(modulus(given)), e: base64url(exponent) };
}

function base64url(value: bigint): string {
  const hex = value.toString(16);
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex").toString("base64url");
}

function problemsOf(options: unknown): readonly string[] {
  try {
    oauthGuard(options as never);
  } catch (error) {
    expect(error).toBeInstanceOf(OptionsError);
    return (error as OptionsError).problems;
  }
  return [];
}

describe("options of oauthGuard", () => {
  it("names everything that is wrong at once", () => {
    expect(problemsOf({ audiance: "x", clockTolerance: 30, mode: "off" })).toEqual([
      'oauthGuard must not have an option "audiance": did you mean "audience"?',
      expect.stringMatching(
        /^oauthGuard\.clockTolerance must be a duration .*write "30ms" for milliseconds or "30s" for seconds$/,
      ),
      expect.stringMatching(/^oauthGuard\.issuer must be the URL of the issuer/),
      expect.stringMatching(/^oauthGuard\.audience must be .*it is required$/),
      expect.stringMatching(/^oauthGuard\.mode must be one of "enforce", "report"/),
    ]);
  });

  it.each([undefined, null, "https://issuer.test/", []])(
    "refuses %j in place of options",
    (options) => {
      expect(problemsOf(options).length).toBeGreaterThan(0);
    },
  );

  const table: [name: string, options: object, problem: string][] = [
    ["an issuer that is no URL", { issuer: "issuer" }, "oauthGuard.issuer must be an absolute URL"],
    [
      "an http: issuer",
      { issuer: "http://issuer.test/" },
      "oauthGuard.issuer must be an https: URL",
    ],
    [
      "an http: issuer that only looks local",
      { issuer: "http://localhost.evil.test/" },
      "oauthGuard.issuer must be an https: URL",
    ],
    [
      "an issuer with a password",
      { issuer: "https://u:p@issuer.test/" },
      "oauthGuard.issuer must be a URL without user information",
    ],
    [
      "an issuer with a query",
      { issuer: "https://issuer.test/?a=b" },
      "oauthGuard.issuer must be a URL without query and fragment",
    ],
    [
      "an issuer with an empty fragment",
      { issuer: "https://issuer.test/#" },
      "oauthGuard.issuer must be a URL without query and fragment",
    ],
    [
      "metadata in place of the issuer",
      { issuer: "https://issuer.test/.well-known/openid-configuration" },
      "goes into discovery",
    ],
    ["an empty list of issuers", { issuer: [] }, "oauthGuard.issuer must be a non-empty list"],
    [
      "strings in the list of issuers",
      { issuer: [issuer] },
      "oauthGuard.issuer[0] must be an options object",
    ],
    [
      "a repeated issuer",
      { issuer: [{ issuer }, { issuer }] },
      "oauthGuard.issuer[1].issuer must not repeat",
    ],
    [
      "keys beside a list of issuers",
      { issuer: [{ issuer }], jwks },
      "oauthGuard.jwks must stand in the entry",
    ],
    [
      "an unknown name in an entry",
      { issuer: { issuer, jwksUrl: "x" } },
      'oauthGuard.issuer must not have an option "jwksUrl": did you mean "jwksUri"?',
    ],
    ["no audience", { audience: undefined }, "oauthGuard.audience must be the name of this API"],
    ["an empty audience", { audience: "" }, "oauthGuard.audience must be a non-empty string"],
    ["an empty list of audiences", { audience: [] }, "oauthGuard.audience must be"],
    [
      "an expression as audience",
      { audience: /x/ },
      "oauthGuard.audience must be a non-empty string",
    ],
    [
      "a null audience without clients",
      { audience: null },
      "oauthGuard.audience must not be null without clientIds",
    ],
    [
      "clients that the mapping cannot find",
      { audience: null, clientIds: "a", principal: {} },
      "oauthGuard.clientIds must come with",
    ],
    ["an algorithm in lower case", { algorithms: ["rs256"] }, 'HS512: did you mean "RS256"?'],
    [
      "a URL object",
      { issuer: new URL("https://idp.example.com") },
      "as its tokens name it in iss, got a URL object, which is no text",
    ],
    [
      "the URL of a key set",
      { jwks: "https://idp.example.com/keys" },
      "or a function, got a string of 28 characters: write jwksUri for its URL, or parse the text",
    ],
    ["algorithm none", { algorithms: ["none"] }, "oauthGuard.algorithms[0] must only name"],
    [
      "HMAC beside public keys",
      { jwks, algorithms: ["ES256", "HS256"] },
      "oauthGuard.algorithms must not name HS256",
    ],
    [
      "two sources of keys",
      { jwks, publicKey: pem },
      "oauthGuard.publicKey must not stand beside jwks",
    ],
    [
      "a secret beside public keys",
      { jwks, secret: "s".repeat(32) },
      "oauthGuard.secret must not stand beside jwks",
    ],
    [
      "an http: jwksUri",
      { jwksUri: "http://issuer.test/keys" },
      "oauthGuard.jwksUri must be an https: URL",
    ],
    [
      "an http: discovery URL",
      { discovery: "http://10.0.0.1/" },
      "oauthGuard.discovery must be an https: URL",
    ],
    ["a key set that is none", { jwks: {} }, "oauthGuard.jwks must be a JWK Set"],
    [
      "a key set of 101 keys",
      { jwks: { keys: Array(101).fill(ecJwk) } },
      "oauthGuard.jwks must be a JWK Set",
    ],
    [
      "an empty key set",
      { jwks: { keys: [] } },
      "oauthGuard.jwks must have a key for one of the algorithms",
    ],
    [
      "a key set without the algorithm",
      { jwks, algorithms: "RS256" },
      "oauthGuard.jwks must have a key for one of the algorithms",
    ],
    [
      "a symmetric key in a set",
      { jwks: { keys: [{ kty: "oct", k: "AAAA" }] } },
      "each a public key, not a symmetric one",
    ],
    [
      "a private key in a set",
      { jwks: { keys: [edwards.privateKey.export({ format: "jwk" })] } },
      "must be considered compromised",
    ],
    [
      "a 1024-bit RSA key in a set",
      { jwks: { keys: [small.publicKey.export({ format: "jwk" })] } },
      "each an RSA key of at least 2048 bits",
    ],
    [
      "an RSA exponent of 3",
      { jwks: { keys: [exponent3.publicKey.export({ format: "jwk" })] } },
      "exponent of at least 65537",
    ],
    [
      "an RSA modulus that is even",
      { jwks: { keys: [rsaJwk((n) => n - 1n)] } },
      "each an RSA key with an odd modulus",
    ],
    [
      "an RSA modulus that 3 divides",
      { jwks: { keys: [rsaJwk((n) => n + 6n - ((n - 3n) % 6n))] } },
      "each an RSA key with an odd modulus that no small prime divides",
    ],
    [
      "an RSA key that takes long to verify with",
      { jwks: { keys: [rsaJwk((n) => (n << 14_337n) + 1n)] } },
      "each an RSA key of at most 16384 bits",
    ],
    [
      "an RSA exponent that takes long to verify with",
      { jwks: { keys: [rsaJwk((n) => n, 2n ** 256n + 1n)] } },
      "each an RSA key with an exponent below 2^256",
    ],
    [
      "an even RSA modulus as publicKey",
      { publicKey: createPublicKey({ key: rsaJwk((n) => n - 1n), format: "jwk" }) },
      "oauthGuard.publicKey must be an RSA key with an odd modulus",
    ],
    [
      "an incomplete key",
      { jwks: { keys: [{ ...ecJwk, x: undefined }] } },
      "each complete: crv, x, y must be strings",
    ],
    [
      "a point that is not on the curve",
      { jwks: { keys: [{ ...ecJwk, x: ecJwk["y"] }] } },
      "each a key that can be read",
    ],
    [
      "two keys of one name",
      { jwks: { keys: [ecJwk, { ...createTestIssuer().jwks.keys[0], kid: ecJwk["kid"] }] } },
      "the only key with its kid and algorithm",
    ],
    [
      "a private key as publicKey",
      { publicKey: privatePem },
      "oauthGuard.publicKey must be a public key as PEM",
    ],
    [
      "a private KeyObject as publicKey",
      { publicKey: rsa.privateKey },
      "oauthGuard.publicKey must be a public key as PEM",
    ],
    [
      "a broken PEM",
      { publicKey: "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----" },
      "oauthGuard.publicKey must be a public key as PEM",
    ],
    [
      "a weak publicKey",
      { publicKey: small.publicKey },
      "oauthGuard.publicKey must be an RSA key of at least 2048 bits",
    ],
    [
      "a publicKey that fits no algorithm",
      { publicKey: pem, algorithms: "ES256" },
      "oauthGuard.publicKey must fit one of the algorithms",
    ],
    [
      "a short secret",
      { secret: SECRET.slice(0, 31) },
      "oauthGuard.secret must be a string or Uint8Array of at least 32 bytes",
    ],
    [
      "a function as secret, as express-jwt takes it",
      { secret: () => "s".repeat(32) },
      "got a function: leave it out, the keys are found in the metadata of the issuer, or where jwksUri says",
    ],
    [
      "a secret too short for HS512",
      { secret: SECRET.slice(0, 63), algorithms: "HS512" },
      "of at least 64 bytes",
    ],
    ["a public key as secret", { secret: pem }, "and no PEM key"],
    [
      "a secret with two algorithms",
      { secret: "s".repeat(64), algorithms: ["HS256", "HS512"] },
      "oauthGuard.algorithms must be one of HS256, HS384, HS512 with a secret",
    ],
    [
      "a secret with a public-key algorithm",
      { secret: "s".repeat(64), algorithms: "RS256" },
      "oauthGuard.algorithms must be one of HS256",
    ],
    ["an unknown profile", { profile: "rfc9086" }, 'did you mean "rfc9068"?'],
    [
      "a mapping with an unknown member",
      { principal: { role: [] } },
      'oauthGuard.principal must not have an option "role"',
    ],
    [
      "a mapping with a string for a source",
      { principal: { roles: "roles" } },
      "oauthGuard.principal.roles must be a non-empty list",
    ],
    [
      "a source without a path",
      { principal: { roles: [{}] } },
      "oauthGuard.principal.roles[0].path must be a claim name",
    ],
    [
      "a source with an empty path",
      { principal: { roles: [{ path: [] }] } },
      "oauthGuard.principal.roles[0].path must be a claim name",
    ],
    [
      "a client id that is a string",
      { principal: { clientId: "azp" } },
      "oauthGuard.principal.clientId must be a list",
    ],
    [
      "a tenant that is a number",
      { principal: { tenant: 5 } },
      "oauthGuard.principal.tenant must be a claim name",
    ],
    [
      "a kind that is no function",
      { principal: { kind: "user" } },
      "oauthGuard.principal.kind must be a function",
    ],
    [
      "a tolerance over five minutes",
      { clockTolerance: "6m" },
      "oauthGuard.clockTolerance must be a duration",
    ],
    [
      "an infinite tolerance",
      { clockTolerance: Number.POSITIVE_INFINITY },
      "oauthGuard.clockTolerance must be a duration",
    ],
    ["a token size without unit", { maxTokenSize: 8192 }, 'write "8kb"'],
    ["a scope with a space", { scopes: "a b" }, "oauthGuard.scopes must hold one scope per entry"],
    ["a scope with a quote", { scopes: ['a"'] }, "oauthGuard.scopes must hold one scope per entry"],
    [
      "a realm with a line break",
      { realm: "a\r\nSet-Cookie: x" },
      "oauthGuard.realm must be printable ASCII",
    ],
    ["cache: true", { cache: true }, "oauthGuard.cache must be an options object"],
    ["a cache of nothing", { cache: { max: 0 } }, "oauthGuard.cache.max must be a whole number"],
    [
      "keys that are stale before they are old",
      { keys: { maxAge: "2h", maxStale: "1h" } },
      "oauthGuard.keys.maxStale must be",
    ],
    [
      "an unknown name in keys",
      { keys: { timeoutMs: 1 } },
      'oauthGuard.keys must not have an option "timeoutMs"',
    ],
    ["optional: 'yes'", { optional: "yes" }, "oauthGuard.optional must be true or false"],
    [
      "an option of express-oauth2-jwt-bearer",
      { authRequired: false },
      "a token is required by default",
    ],
    ["an option for later", { dpop: true }, 'oauthGuard must not have an option "dpop"'],
  ];

  it.each(table)("refuses %s", (_name, options, problem) => {
    const problems = problemsOf({ issuer, audience, ...options }).join("\n");
    expect(problems).toContain(problem);
  });

  it.each(table)("prints no key and no secret with %s", (_name, options) => {
    const problems = problemsOf({ issuer, audience, ...options }).join("\n");
    for (const secret of ["ssss", "BEGIN", "u:p", String(ecJwk["y"])]) {
      expect(problems).not.toContain(secret);
    }
  });

  it.each(["scopes", "clientIds", "algorithms", "profile", "maxTokenAge"])(
    "takes %s as undefined for an unset variable",
    (name) => {
      expect(problemsOf({ issuer, audience, [name]: undefined })).toEqual([
        `oauthGuard.${name} must not be undefined: is it read from a variable that is not set? Else leave the option out`,
      ]);
    },
  );

  it.each(["audience", "clientIds", "algorithms"])(
    "does not take %s from beside the issuer when its entry has an unset variable",
    (name) => {
      const shared = { audience, clientIds: "app", algorithms: "RS256" };
      expect(problemsOf({ issuer: [{ issuer, [name]: undefined }], ...shared })).toEqual([
        expect.stringContaining(`oauthGuard.issuer[0].${name} must not be undefined`),
      ]);
    },
  );

  it.each(["discovery", "jwksUri", "jwks", "publicKey", "secret"])(
    "does not fall back to discovery when %s is an unset variable",
    (name) => {
      expect(problemsOf({ issuer, audience, [name]: undefined })).toEqual([
        expect.stringContaining(`oauthGuard.${name} must not be undefined`),
      ]);
      expect(problemsOf({ issuer: [{ issuer, audience, [name]: undefined }] })).toEqual([
        expect.stringContaining(`oauthGuard.issuer[0].${name} must not be undefined`),
      ]);
    },
  );

  it("takes sources of keys as undefined beside one that is given, as the test issuer does", () => {
    expect(problemsOf(testIssuer.options())).toEqual([]);
  });

  it.each([
    ["discovery", {}],
    ["discovery on this machine", { issuer: "http://127.0.0.1:8080/realms/a" }],
    ["discovery on [::1]", { issuer: "http://[::1]:8080" }],
    ["metadata elsewhere", { discovery: "https://issuer.test/t/.well-known/openid-configuration" }],
    ["a jwksUri", { jwksUri: "https://issuer.test/keys" }],
    [
      "a key set that holds an encryption key too",
      {
        jwks: {
          keys: [
            ...jwks.keys,
            { ...ecJwk, use: "enc" },
            { kty: "EC", crv: "secp256k1", x: "AA", y: "AA" },
          ],
        },
      },
    ],
    ["a public key as KeyObject", { publicKey: rsa.publicKey }],
    [
      "a secret as bytes",
      {
        secret: new Uint8Array(48).map((_, at) => at),
        algorithms: "HS384",
        anyTokenType: true,
      },
    ],
    ["a null audience with clients", { audience: null, clientIds: ["app"] }],
    ["undefined everywhere else", { cache: undefined, realm: undefined }],
    ["zero tolerance", { clockTolerance: "0s" }],
    ["keys that may be old for long", { keys: { maxAge: "2h" } }],
  ])("accepts %s", (_name, options) => {
    expect(problemsOf({ issuer, audience, ...options })).toEqual([]);
  });

  it("neither changes the options nor reads them again", async () => {
    const audiences = ["https://api.test/"];
    const options = { ...testIssuer.options(), audience: audiences };
    const verifier = createTokenVerifier(Object.freeze(options));
    audiences[0] = "https://other.test/";
    await expect(verifier.verify(testIssuer.mint())).resolves.toMatchObject({
      audience: [audience],
    });
  });

  it("has no guard options on the verifier", () => {
    const create = () => createTokenVerifier({ issuer, audience, mode: "report" } as never);
    expect(create).toThrow('createTokenVerifier must not have an option "mode"');
  });
});
