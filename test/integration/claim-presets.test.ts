import type { RequestHandler } from "express";
import request from "supertest";
import { describe, expect, it } from "vitest";
import authentikToken from "../../src/claims/fixtures/authentik-access-token.json";
import cognitoAccess from "../../src/claims/fixtures/cognito-access-token.json";
import cognitoId from "../../src/claims/fixtures/cognito-id-token.json";
import entraApp from "../../src/claims/fixtures/entra-app-access-token.json";
import entraUser from "../../src/claims/fixtures/entra-user-access-token.json";
import iapAssertion from "../../src/claims/fixtures/google-iap-assertion.json";
import supabaseToken from "../../src/claims/fixtures/supabase-access-token.json";
import {
  authenticated,
  authentik,
  authorize,
  type ClaimMapping,
  cognito,
  createTokenVerifier,
  entra,
  errorHandler,
  getAuth,
  getPrincipal,
  googleIap,
  type HttpError,
  oauthGuard,
  requireRole,
  supabase,
} from "../../src/index.js";
import { createTestIssuer } from "../../src/testing/index.js";
import { expressVersions } from "../support/express.js";

const issuer = createTestIssuer();

/** The sample as the test issuer signs it: with its own name, audience and times. */
function mint({ payload }: { readonly payload: object }, change: object = {}): string {
  const {
    iss: _iss,
    aud: _aud,
    iat: _iat,
    nbf: _nbf,
    exp: _exp,
    ...claims
  } = {
    ...payload,
    ...change,
  } as Record<string, unknown>;
  return issuer.mint(claims);
}

const bearer = (token: string): Record<string, string> => ({ Authorization: `Bearer ${token}` });

describe("a token verifier", () => {
  it("says who calls, as the claim mapping has it", async () => {
    const level = "accessPolicies/930829/accessLevels/managed_device";
    const { identify, verify } = createTokenVerifier({
      ...issuer.options(),
      principal: googleIap({ accessLevels: { [level]: "managed-device" } }),
    });
    const token = mint(iapAssertion);
    const principal = await identify(token);
    expect(principal).toMatchObject({
      subject: "accounts.google.com:118116452377014095702",
      roles: ["managed-device"],
      groups: [level],
      tenant: "example.com",
    });
    expect(Object.isFrozen(principal)).toBe(true);
    expect((await verify(token)).subject).toBe(principal.subject);
  });

  it("rejects in identify as in verify", async () => {
    const { identify, verify } = createTokenVerifier(issuer.options());
    for (const token of ["", "x", issuer.mint({}, { forged: true })]) {
      const error: unknown = await verify(token).catch((reason: unknown) => reason);
      await expect(identify(token)).rejects.toMatchObject({ code: (error as HttpError).code });
    }
  });
});

describe.each(expressVersions)("claim mappings on Express %s", (_major, express) => {
  function appWith(principal: ClaimMapping, options: object = {}) {
    const app = express();
    app.use(oauthGuard({ ...issuer.options(), principal, ...options } as never));
    const whole: RequestHandler = (req, res) => {
      res.json({ principal: getPrincipal(req), subject: getAuth(req)?.subject });
    };
    app.get("/", whole);
    app.get("/admin", requireRole("admin"), whole);
    app.get("/mine", authorize(authenticated()), whole);
    app.use(errorHandler());
    return app;
  }

  it("take an access token of Cognito, and never its ID token", async () => {
    const app = appWith(cognito({ groups: { editors: "admin" } }));
    await request(app)
      .get("/admin")
      .set(bearer(mint(cognitoAccess)))
      .expect(200);
    const { body, headers } = await request(app)
      .get("/")
      .set(bearer(mint(cognitoId)))
      .expect(401);
    expect(body.code).toBe("invalid_token");
    expect(headers["www-authenticate"]).toContain('error="invalid_token"');
  });

  it("verify an anonymous sign-in of Supabase, which no rule takes for a login", async () => {
    const app = appWith(supabase({ rolesClaim: ["app_metadata", "role"] }));
    const admin = { app_metadata: { role: "admin" } };
    await request(app)
      .get("/admin")
      .set(bearer(mint(supabaseToken, admin)))
      .expect(200);
    const token = mint(supabaseToken, { ...admin, is_anonymous: true });
    for (const path of ["/admin", "/mine"]) {
      const { body } = await request(app).get(path).set(bearer(token)).expect(401);
      expect(body.code).toBe("authentication_required");
    }
    // Handlers of open routes can still tell guests apart.
    const { body } = await request(app).get("/").set(bearer(token)).expect(200);
    expect(body.principal.kind).toBe("anonymous");
    expect(body.subject).toBe(supabaseToken.payload.sub);
  });

  it("refuse a caller without a subject whom they call anonymous, such as the key anon of Supabase", async () => {
    const app = appWith(supabase());
    const token = mint(supabaseToken, { sub: undefined, role: "anon" });
    const { body } = await request(app).get("/").set(bearer(token)).expect(401);
    expect(body.code).toBe("invalid_token");
  });

  it("identify users of Entra ID by oid, and apps without one by their client", async () => {
    const app = appWith(entra());
    const user = await request(app)
      .get("/")
      .set(bearer(mint(entraUser)))
      .expect(200);
    expect(user.body.subject).toBe(entraUser.payload.oid);
    await request(app)
      .get("/")
      .set(bearer(mint(entraUser, { oid: undefined })))
      .expect(401);
    const service = mint(entraApp, { oid: undefined });
    const { body } = await request(app).get("/").set(bearer(service)).expect(200);
    expect(body.principal).toMatchObject({ kind: "service", clientId: entraApp.payload.azp });
  });

  it("tell an access token of authentik from its ID token by azp, when that is required", async () => {
    const app = appWith(authentik(), { requiredClaims: { azp: true } });
    await request(app)
      .get("/")
      .set(bearer(mint(authentikToken)))
      .expect(200);
    const idToken = mint(authentikToken, { azp: undefined, uid: undefined });
    await request(app).get("/").set(bearer(idToken)).expect(401);
  });

  it("hand over which lists a token leaves undetermined", async () => {
    const app = appWith(entra({ groups: { "5f0c": "admin" } }));
    const token = mint(entraUser, { groups: undefined, hasgroups: true });
    const { body } = await request(app).get("/").set(bearer(token)).expect(200);
    expect(body.principal).toMatchObject({
      roles: ["Orders.Editor"],
      undetermined: ["roles", "groups"],
    });
  });
});
