import { describe, expect, it } from "vitest";
import { createTestIssuer } from "../../testing/index.js";
import { createTokenVerifier, type TokenVerifier } from "../index.js";

const issuer = createTestIssuer();
const compatible = createTokenVerifier(issuer.options());
const strict = createTokenVerifier({ ...issuer.options(), profile: "rfc9068" });

function outcome(verifier: TokenVerifier, claims: object, typ: unknown): Promise<unknown> {
  const token = issuer.mint({ ...claims }, { header: { typ } });
  return verifier.verify(token).then(
    () => "accepted",
    (error: { code: unknown }) => error.code,
  );
}

describe("the compatible profile", () => {
  it.each([undefined, "JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt", "application/jwt"])(
    "accepts typ %s",
    async (typ) => {
      expect(await outcome(compatible, {}, typ)).toBe("accepted");
    },
  );

  it.each([
    "dpop+jwt",
    "logout+jwt",
    "secevent+jwt",
    "token-introspection+jwt",
    "application/token-introspection+jwt",
    "client-authentication+jwt",
    "oauth-authz-req+jwt",
    "id_token",
    "",
  ])("refuses typ %j", async (typ) => {
    expect(await outcome(compatible, {}, typ)).toBe("invalid_token");
  });

  it.each([
    ["an ID token by its nonce", { nonce: "n" }],
    ["an ID token by its at_hash", { at_hash: "x" }],
    ["an ID token by its c_hash", { c_hash: "x" }],
    ["an ID token by its s_hash", { s_hash: "x" }],
    ["an ID token of Cognito", { token_use: "id" }],
    ["an ID token of Keycloak", { typ: "ID" }],
    ["a refresh token of Keycloak", { typ: "Refresh" }],
    ["an offline token of Keycloak", { typ: "Offline" }],
    ["a logout token of Keycloak", { typ: "Logout" }],
    ["a logout token", { events: { "http://schemas.openid.net/event/backchannel-logout": {} } }],
    ["a security-event token", { events: {} }],
    ["a DPoP proof without its typ", { htm: "GET", htu: "https://api.test/" }],
    ["an introspection answer without its typ", { token_introspection: { active: true } }],
  ])("refuses %s", async (_name, claims) => {
    expect(await outcome(compatible, claims, "JWT")).toBe("invalid_token");
    expect(await outcome(compatible, claims, undefined)).toBe("invalid_token");
  });

  it.each([
    ["typ at+jwt", {}, "at+jwt"],
    ["typ Bearer in the payload, as Keycloak", { typ: "Bearer" }, "JWT"],
    ["token_use access, as Cognito", { token_use: "access" }, undefined],
  ])(
    "accepts a nonce when the token says that it is an access token by %s",
    async (_n, claims, typ) => {
      expect(await outcome(compatible, { ...claims, nonce: "n" }, typ)).toBe("accepted");
      expect(await outcome(compatible, { ...claims, at_hash: "x" }, typ)).toBe("invalid_token");
    },
  );

  it("accepts a token with nothing but iss, aud, exp and a user or a client", async () => {
    const least = { sub: undefined, client_id: undefined, jti: undefined, iat: undefined };
    expect(await outcome(compatible, { ...least, sub: "alice" }, undefined)).toBe("accepted");
    expect(await outcome(compatible, { ...least, client_id: "app" }, undefined)).toBe("accepted");
    expect(await outcome(compatible, least, undefined)).toBe("invalid_token");
  });

  const KIND_CLAIMS = ["type", "token_type", "tokenType", "typ", "token_use"];

  it.each(KIND_CLAIMS)("refuses another kind of token by the claim %s", async (claim) => {
    const others = [
      ...["refresh", "Refresh", "REFRESH_TOKEN", "refreshToken", "refreshtoken", "jwt-refresh"],
      ...["userrefreshtoken", "refresh+jwt", "application/refresh+jwt", "offline", "Offline"],
      ...["id", "ID", "id_token", "idToken", "id-token", "id+jwt", "Logout", "log-out", "sign_out"],
      ...["reset", "resetPassword", "reset_password", "RESET_PASSWORD", "password-reset"],
      ...["passwordreset", "PasswordReset", "verify", "verifyEmail", "verify_email", "verifyemail"],
      ...["emailVerification", "email-verification", "emailverification", "VERIFICATION"],
      ...["id_token+jwt", "application/id_token+jwt", "user_id_token", "oidc-id-token", "IDToken"],
      ...["urn:ietf:params:oauth:token-type:id_token", "userIdToken", "id_token_v2", "id_tokens"],
    ];
    for (const value of others) {
      expect(await outcome(compatible, { [claim]: value }, "JWT"), value).toBe("invalid_token");
      expect(await outcome(compatible, { [claim]: ["access", value] }, "JWT")).toBe(
        "invalid_token",
      );
    }
  });

  it.each(KIND_CLAIMS)("accepts an access token, and what names no kind, in %s", async (claim) => {
    const others = ["access", "access_token", "ACCESS", "at+jwt", "Bearer", "JWT", "employee"];
    const unclear = [
      "verified",
      "identity",
      "preset",
      "pre-set",
      "ideas",
      "user_id",
      "valid_token",
      "openid_token",
      "",
      7,
      null,
      true,
      [1],
    ];
    for (const value of [...others, ...unclear]) {
      expect(await outcome(compatible, { [claim]: value }, "JWT"), String(value)).toBe("accepted");
    }
  });

  it.each(KIND_CLAIMS)("refuses an object and a list in a list as kind in %s", async (claim) => {
    for (const value of [{}, { a: "refresh" }, [["refresh"]], ["access", ["id"]], [{}]]) {
      const answer = await outcome(compatible, { [claim]: value }, "JWT");
      expect(answer, JSON.stringify(value)).toBe("invalid_token");
    }
  });

  it("finds no kind of token in what was not sent", async () => {
    Object.assign(Object.prototype, { type: "refresh" });
    try {
      expect(await outcome(compatible, {}, "JWT")).toBe("accepted");
    } finally {
      Reflect.deleteProperty(Object.prototype, "type");
    }
  });
});

describe("the rfc9068 profile", () => {
  it.each(["at+jwt", "application/at+jwt", "Application/AT+JWT"])("accepts typ %s", async (typ) => {
    expect(await outcome(strict, {}, typ)).toBe("accepted");
  });

  it.each([undefined, "JWT", "dpop+jwt"])("refuses typ %s", async (typ) => {
    expect(await outcome(strict, {}, typ)).toBe("invalid_token");
  });

  it("takes no typ from Object.prototype", async () => {
    Object.assign(Object.prototype, { typ: "at+jwt" });
    try {
      expect(await outcome(strict, { jti: "polluted" }, undefined)).toBe("invalid_token");
    } finally {
      Reflect.deleteProperty(Object.prototype, "typ");
    }
  });

  it.each(["iss", "exp", "aud", "sub", "client_id", "iat", "jti"])("demands %s", async (claim) => {
    expect(await outcome(strict, { [claim]: undefined }, "at+jwt")).toBe("invalid_token");
  });

  it.each([
    ["an empty sub", { sub: "" }],
    ["a scope that is a list", { scope: ["a"] }],
    ["a refresh token that was signed as the others", { type: "refresh" }],
  ])("refuses %s", async (_name, claims) => {
    expect(await outcome(strict, claims, "at+jwt")).toBe("invalid_token");
  });
});

describe("clientIds", () => {
  const options = { ...issuer.options(), audience: null, clientIds: ["app", "cli"] };

  it("decides when the audience is null", async () => {
    const verifier = createTokenVerifier(options);
    const noAudience = { aud: undefined };
    expect(await outcome(verifier, { ...noAudience, client_id: "app" }, "JWT")).toBe("accepted");
    expect(await outcome(verifier, { aud: "anything", client_id: "cli" }, "JWT")).toBe("accepted");
    expect(await outcome(verifier, { ...noAudience, client_id: "other" }, "JWT")).toBe(
      "invalid_token",
    );
    expect(await outcome(verifier, { ...noAudience, client_id: undefined }, "JWT")).toBe(
      "invalid_token",
    );
  });

  it("counts beside the audience too", async () => {
    const verifier = createTokenVerifier({ ...options, audience: issuer.audience });
    expect(await outcome(verifier, { client_id: "app" }, "JWT")).toBe("accepted");
    expect(await outcome(verifier, { client_id: "other" }, "JWT")).toBe("invalid_token");
    expect(await outcome(verifier, { client_id: "app", aud: "x" }, "JWT")).toBe("invalid_token");
  });
});
