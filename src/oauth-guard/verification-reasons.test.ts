import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { isHttpError } from "../errors/index.js";
import { createTestIssuer } from "../testing/create-test-issuer.js";
import { createTokenVerifier, type TokenVerificationError } from "./index.js";

const issuer = createTestIssuer();
const inTheFuture = Math.floor(Date.now() / 1000) + 600;

async function rejectionOf(token: string, more: object = {}): Promise<TokenVerificationError> {
  const { verify } = createTokenVerifier({ ...issuer.options(), ...more });
  const error = await verify(token).then(
    () => expect.unreachable("accepted"),
    (reason: unknown) => reason,
  );
  expect(isHttpError(error)).toBe(true);
  return error as TokenVerificationError;
}

describe("the error of createTokenVerifier", () => {
  it.each([
    ["no_credentials", 401, "", {}],
    ["malformed_credentials", 400, "a b", {}],
    ["malformed_token", 401, "a.b.c", {}],
    ["token_too_large", 401, "a".repeat(9000), {}],
    ["wrong_audience", 401, issuer.mint({ aud: "https://other.test/" }), {}],
    ["unknown_issuer", 401, issuer.mint({ iss: "https://other.test/" }), {}],
    ["token_expired", 401, issuer.mint({ iat: 1, exp: 2 }), {}],
    ["token_not_yet_valid", 401, issuer.mint({ nbf: inTheFuture }), {}],
    ["bad_signature", 401, `${issuer.mint().slice(0, -8)}AAAAAAAA`, {}],
    ["unknown_key", 401, createTestIssuer().mint(), {}],
    ["missing_scope", 403, issuer.mint({ scope: "a" }), { scopes: "b" }],
  ])("says the reason %s", async (reason, status, token, more) => {
    const error = await rejectionOf(token, more);
    expect([error.cause.reason, error.status]).toEqual([reason, status]);
  });

  it("says why the keys are not there", async () => {
    const { issuer: name, audience } = issuer;
    const jwks = () => Promise.reject(new Error("down"));
    const error = await rejectionOf(issuer.mint(), { issuer: name, audience, jwks });
    expect(error).toMatchObject({
      status: 503,
      code: "keys_unavailable",
      cause: { reason: "key_function_failed" },
    });
  });

  it.each([
    [
      "throws",
      "function_failed",
      () => {
        throw new Error("down");
      },
    ],
    ["rejects", "function_failed", () => Promise.reject(new Error("down"))],
    ["gives another type", "wrong_return", () => "robot"],
  ])("is an outage when a function of the mapping %s", async (_how, reason, kind) => {
    const principal = { kind };
    const error = await rejectionOf(issuer.mint(), { principal });
    expect(error).toMatchObject({
      status: 503,
      code: "check_unavailable",
      headers: { "Retry-After": "5" },
      cause: { reason },
    });
  });

  it("has neither the token nor the reason in what the client sees", async () => {
    const token = issuer.mint({ aud: "https://other.test/" });
    const error = await rejectionOf(token);
    expect(JSON.stringify([error.toProblem(), error.headers, error.message])).not.toContain(
      "wrong_audience",
    );
    const [, payload = "", signature = ""] = token.split(".");
    const shown = inspect(error, { depth: null, showHidden: true });
    for (const part of [payload, signature]) expect(shown).not.toContain(part);
    expect(Object.isFrozen(error.cause)).toBe(true);
  });
});
