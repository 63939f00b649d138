import { constants, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import fc from "fast-check";
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import { describe, expect, it } from "vitest";
import { createTokenVerifier, type JwkSet } from "./index.js";

const ISSUER = "https://issuer.test/";
const AUDIENCE = "https://api.test/";
const pairs = {
  rsa: generateKeyPairSync("rsa", { modulusLength: 2048 }),
  ec: generateKeyPairSync("ec", { namedCurve: "P-256" }),
  ed: generateKeyPairSync("ed25519"),
};
const jwks = {
  keys: [
    { ...pairs.rsa.publicKey.export({ format: "jwk" }), kid: "rsa", alg: "RS256" },
    { ...pairs.ec.publicKey.export({ format: "jwk" }), kid: "ec", alg: "ES256" },
    { ...pairs.ed.publicKey.export({ format: "jwk" }), kid: "ed" },
  ],
};
const ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"] as const;

const ours = createTokenVerifier({
  issuer: ISSUER,
  audience: AUDIENCE,
  jwks: jwks as JwkSet,
  algorithms: ["RS256", "ES256", "EdDSA", "Ed25519"],
});
const joseKeys = createLocalJWKSet(jwks as JSONWebKeySet);

function oursAccepts(token: string): Promise<boolean> {
  return ours.verify(token).then(
    () => true,
    (error: { status?: number }) => {
      // Whatever the token is like, the fault is the client's and never ours.
      expect([400, 401]).toContain(error.status);
      return false;
    },
  );
}

function joseAccepts(token: string): Promise<boolean> {
  const options = {
    issuer: ISSUER,
    audience: AUDIENCE,
    clockTolerance: 5,
    requiredClaims: ["exp"],
    algorithms: ["RS256", "ES256", "EdDSA", "Ed25519"],
  };
  return jwtVerify(token, joseKeys, options).then(
    () => true,
    () => false,
  );
}

function signWith(algorithm: string, input: string): string {
  const data = Buffer.from(input);
  const { rsa, ec, ed } = pairs;
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
  const signatures: Record<string, () => Buffer> = {
    RS256: () => sign("sha256", data, rsa.privateKey),
    PS256: () => sign("sha256", data, { key: rsa.privateKey as KeyObject, ...pss }),
    ES256: () => sign("sha256", data, { key: ec.privateKey, dsaEncoding: "ieee-p1363" }),
  };
  const signature = signatures[algorithm] ?? (() => sign(null, data, ed.privateKey));
  return signature().toString("base64url");
}

const now = Math.floor(Date.now() / 1000);
const KIDS: Readonly<Record<string, string>> = { RS256: "rsa", PS256: "rsa", ES256: "ec" };
const oddities = fc.constantFrom<unknown>(undefined, null, true, 0, -1, 1e300, "", "x", [], {}, [
  "x",
]);

function mostly<T>(usual: T, rest: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 8, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: rest });
}

const times = fc.constantFrom(
  now - 600,
  now - 6,
  now - 4,
  now + 4,
  now + 6,
  now + 600,
  String(now),
);

const headers = (algorithm: string) =>
  fc.record({
    alg: mostly(algorithm, fc.oneof(oddities, fc.constantFrom("none", "HS256", ...ALGORITHMS))),
    kid: mostly(KIDS[algorithm] ?? "ed", fc.oneof(oddities, fc.constantFrom("rsa", "ec", "ed"))),
    typ: mostly("at+jwt", fc.oneof(oddities, fc.constantFrom("JWT", "application/at+jwt"))),
    crit: mostly(undefined, oddities),
    b64: mostly(undefined, oddities),
  });

const payloads = fc.record({
  iss: mostly(ISSUER, oddities),
  aud: mostly(AUDIENCE, fc.oneof(oddities, fc.constant(["a", AUDIENCE]))),
  exp: mostly(now + 600, fc.oneof(oddities, times)),
  nbf: mostly(undefined, fc.oneof(oddities, times)),
  iat: mostly(now, fc.oneof(oddities, times)),
  sub: mostly("alice", oddities),
  jti: mostly("1", oddities),
});

/** Changes the text of a token at one place, or leaves it. */
const mutations = fc.oneof(
  { weight: 4, arbitrary: fc.constant((token: string) => token) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        fc.nat(),
        fc.constantFrom("", "A", ".", "=", " ", "+", "/", "_", "\u00e9", "%", "\n"),
        fc.nat(2),
      )
      .map(([at, text, cut]) => (token: string) => {
        const place = at % (token.length + 1);
        return token.slice(0, place) + text + token.slice(place + cut);
      }),
  },
);

const tokens = fc
  .constantFrom(...ALGORITHMS)
  .chain((algorithm) => fc.tuple(fc.constant(algorithm), headers(algorithm), payloads, mutations))
  .map(([algorithm, header, payload, mutate]) => {
    const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString("base64url");
    const input = `${encode(header)}.${encode(payload)}`;
    return mutate(`${input}.${signWith(algorithm, input)}`);
  });

describe("verification, held against jose", () => {
  it("never accepts a token that jose refuses", async () => {
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(tokens, async (token) => {
        if (!(await oursAccepts(token))) return;
        accepted += 1;
        expect(await joseAccepts(token)).toBe(true);
      }),
      { numRuns: 1000 },
    );
    // Else the property would say nothing.
    expect(accepted).toBeGreaterThan(50);
  });

  it("refuses any text without failing", async () => {
    const texts = fc.oneof(
      fc.string({ unit: "binary" }),
      fc
        .array(fc.string({ unit: "grapheme-ascii" }), { minLength: 2, maxLength: 5 })
        .map((parts) => parts.join(".")),
      fc
        .array(fc.json(), { minLength: 2, maxLength: 4 })
        .map((parts) => parts.map((part) => Buffer.from(part).toString("base64url")).join(".")),
    );
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        expect(await oursAccepts(text)).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });
});
