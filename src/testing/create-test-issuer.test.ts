import {
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  type JSONWebKeySet,
  jwtVerify,
} from "jose";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createTokenVerifier } from "../oauth-guard/index.js";
import { createTestIssuer, type TestAlgorithm } from "./index.js";
import { TEST_ALGORITHMS } from "./signing-key.js";

afterEach(() => void vi.useRealTimers());

function verify(issuer: ReturnType<typeof createTestIssuer>, token: string): Promise<string> {
  return createTokenVerifier(issuer.options())
    .verify(token)
    .then(
      () => "accepted",
      (error: { code: string }) => error.code,
    );
}

describe("createTestIssuer", () => {
  it.each(TEST_ALGORITHMS.map((algorithm): [TestAlgorithm] => [algorithm]))(
    "mints %s tokens that oauthGuard and jose accept",
    async (algorithm) => {
      const issuer = createTestIssuer({ algorithm });
      const token = issuer.mint();
      expect(await verify(issuer, token)).toBe("accepted");
      const keys = createLocalJWKSet(issuer.jwks as unknown as JSONWebKeySet);
      const options = { issuer: issuer.issuer, audience: issuer.audience };
      const { protectedHeader } = await jwtVerify(token, keys, options);
      expect(protectedHeader).toMatchObject({ alg: algorithm, typ: "at+jwt" });
    },
  );

  it("publishes no private member", () => {
    for (const algorithm of ["ES256", "RS256", "EdDSA"] as const) {
      const [key] = createTestIssuer({ algorithm }).jwks.keys;
      for (const member of ["d", "p", "q", "dp", "dq", "qi"])
        expect(key).not.toHaveProperty(member);
    }
  });

  it("fills in the claims of RFC 9068 and puts the given ones over them", () => {
    vi.useFakeTimers({ toFake: ["Date"], now: 1_800_000_000_500 });
    const issuer = createTestIssuer();
    expect(
      decodeJwt(issuer.mint({ sub: "alice", roles: ["admin"], client_id: undefined })),
    ).toEqual({
      iss: "https://issuer.test/",
      aud: "https://api.test/",
      sub: "alice",
      roles: ["admin"],
      iat: 1_800_000_000,
      exp: 1_800_000_300,
      jti: expect.any(String),
    });
    expect(decodeJwt(issuer.mint()).jti).not.toBe(decodeJwt(issuer.mint()).jti);
  });

  it("changes and leaves out header parameters", () => {
    const token = createTestIssuer().mint({}, { header: { typ: "JWT", kid: undefined } });
    expect(decodeProtectedHeader(token)).toEqual({ alg: "ES256", typ: "JWT" });
  });

  it("mints tokens that are refused: expired, forged, for another API", async () => {
    const issuer = createTestIssuer();
    expect(await verify(issuer, issuer.mint({ exp: 1 }))).toBe("invalid_token");
    expect(await verify(issuer, issuer.mint({}, { forged: true }))).toBe("invalid_token");
    expect(await verify(issuer, issuer.mint({ aud: "https://other.test/" }))).toBe("invalid_token");
    expect(await verify(createTestIssuer(), issuer.mint())).toBe("invalid_token");
  });

  it("rotates its key and takes it away and back, for guards that exist already", async () => {
    const issuer = createTestIssuer();
    const verifier = createTokenVerifier(issuer.options());
    const before = issuer.mint();
    await verifier.verify(before);
    issuer.rotate();
    await expect(verifier.verify(before)).rejects.toMatchObject({ code: "invalid_token" });
    await verifier.verify(issuer.mint());
    issuer.outage();
    await expect(verifier.verify(issuer.mint())).rejects.toMatchObject({ status: 503 });
    await expect(verifier.ready()).rejects.toMatchObject({ code: "keys_unavailable" });
    issuer.outage(false);
    await verifier.verify(issuer.mint());
  });

  it("has options that replace the issuer and the keys of production", async () => {
    const production = {
      issuer: "https://idp.test/",
      audience: "x",
      jwksUri: "https://idp.test/keys",
      scopes: "a",
    };
    const issuer = createTestIssuer();
    const verifier = createTokenVerifier({ ...production, ...issuer.options() });
    await expect(verifier.verify(issuer.mint({ scope: "a" }))).resolves.toMatchObject({
      scopes: ["a"],
    });
    await expect(verifier.verify(issuer.mint())).rejects.toMatchObject({
      code: "insufficient_scope",
    });
  });

  it.each([{ anyTokenType: true }, { requiredClaims: { type: "access" } }])(
    "has options that replace a secret of production, with %j",
    async (choice) => {
      const own = { issuer: "shop", audience: "shop-api", secret: "s3cret ".repeat(9) };
      const issuer = createTestIssuer();
      const verifier = createTokenVerifier({ ...own, ...choice, ...issuer.options() });
      await expect(verifier.verify(issuer.mint({ type: "access" }))).resolves.toBeDefined();
      await expect(verifier.verify(issuer.mint({ type: "refresh" }))).rejects.toMatchObject({
        code: "invalid_token",
      });
    },
  );

  it("refuses unknown and wrong options", () => {
    const create = (options: object) => () => createTestIssuer(options as never);
    expect(create({ algorithm: "HS256" })).toThrow("createTestIssuer.algorithm must be one of");
    expect(create({ issuer: "" })).toThrow("createTestIssuer.issuer must be");
    expect(create({ audiance: "x" })).toThrow('did you mean "audience"?');
    const issuer = createTestIssuer();
    expect(() => issuer.mint({}, { headers: {} } as never)).toThrow('did you mean "header"?');
    expect(() => issuer.mint({}, { header: "x" } as never)).toThrow(
      "mint.header must be an object",
    );
  });
});
