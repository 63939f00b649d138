import type { Request, RequestHandler } from "express";
import {
  type Auth,
  createTokenVerifier,
  getAuth,
  type OauthGuardInput,
  oauthGuard,
  type TokenVerificationError,
  type VerificationReason,
} from "express-secure-api/oauth-guard";
import { assertType, type Equal } from "./equal.js";

const issuer = "https://id.example.com";
const audience = "https://api.example.com";

const guard = oauthGuard({ issuer, audience });
export const handler: RequestHandler = guard;
export const states: readonly Promise<void>[] = [guard.ready(), guard.close()];

oauthGuard({ issuer, audience: null, clientIds: ["web"] });
oauthGuard({
  issuer: [
    { issuer, audience },
    { issuer: "https://partner.example", audience },
  ],
});
oauthGuard({ issuer, audience, optional: undefined, cache: false, mode: "report" });
oauthGuard({
  issuer: "shop",
  audience,
  secret: ["new", new Uint8Array(32)],
  requiredClaims: { type: "access", tenant: ["a", "b"], email: true, version: 2 },
  acceptWithout: { claims: ["iss", "aud"], until: "2027-03-01" },
  schemes: ["Bearer", "Token"],
  anyTokenType: true,
});
oauthGuard({
  audience,
  requiredClaims: { a: [true] },
  issuer: [{ issuer: "a", publicKey: ["pem"] }],
});
oauthGuard({
  issuer,
  audience,
  onDenied: (error, _req, res) => void res.status(error.status).end(),
});

export function read(req: Request): string | undefined {
  const auth = getAuth<{ readonly email: string }>(req);
  assertType<Equal<typeof auth, Auth<{ readonly email: string }> | null>>();
  // @ts-expect-error there may be none
  auth.payload;
  return auth?.payload.email;
}

export async function verify(token: string): Promise<readonly string[]> {
  const { scopes } = await createTokenVerifier({ issuer, audience }).verify(token);
  const { roles } = await createTokenVerifier({ issuer, audience }).identify(token);
  assertType<Equal<typeof roles, readonly string[]>>();
  return scopes;
}

export function reasonOf(error: TokenVerificationError): string {
  assertType<Equal<typeof error.cause.reason, VerificationReason>>();
  // @ts-expect-error no such reason
  if (error.cause.reason === "bad_luck") return "";
  return `${error.status} ${error.cause.reason} ${error.cause.systemCode ?? ""}`;
}

oauthGuard({ issuer, audience, failedVerifications: false });
oauthGuard({ issuer, audience, failedVerifications: { limit: 10, window: "1m" } });
// @ts-expect-error a verifier knows no addresses
createTokenVerifier({ issuer, audience, failedVerifications: false });
oauthGuard({ issuer, audience, certificateBinding: {} });
oauthGuard({
  issuer,
  audience,
  certificateBinding: { required: false, header: "Client-Cert", trustedPeers: ["10.0.0.5"] },
});
// @ts-expect-error a verifier knows no connections
createTokenVerifier({ issuer, audience, certificateBinding: {} });
// @ts-expect-error it is an object
oauthGuard({ issuer, audience, certificateBinding: true });
// @ts-expect-error a duration has a unit
oauthGuard({ issuer, audience, failedVerifications: { window: 60_000 } });
// @ts-expect-error the audience must be said
oauthGuard({ issuer });
// @ts-expect-error the audience must be said
createTokenVerifier({ issuer });
// @ts-expect-error the issuer must be said
oauthGuard({ audience });
// @ts-expect-error options must be given
oauthGuard();
// @ts-expect-error express-oauth2-jwt-bearer's name for it
oauthGuard({ issuerBaseURL: issuer, audience });
// @ts-expect-error a duration has a unit
oauthGuard({ issuer, audience, clockTolerance: 5 });
// @ts-expect-error no algorithm that anybody can forge
oauthGuard({ issuer, audience, algorithms: ["none"] });
// @ts-expect-error an entry names its issuer
oauthGuard({ issuer: [{ audience }] });
// @ts-expect-error an entry has no options of the guard
oauthGuard({ issuer: { issuer, audience, optional: true } });
// @ts-expect-error an object as value
oauthGuard({ issuer, audience, requiredClaims: { type: { access: true } } });
// @ts-expect-error jose's list
oauthGuard({ issuer, audience, requiredClaims: ["type"] });
// @ts-expect-error a token that never expires
oauthGuard({ issuer, audience, acceptWithout: { claims: ["exp"], until: "2027-03-01" } });
// @ts-expect-error a migration has an end
oauthGuard({ issuer, audience, acceptWithout: { claims: ["iss"] } });
// @ts-expect-error a verifier gets the bare token
createTokenVerifier({ issuer, audience, schemes: ["Token"] });
// @ts-expect-error an unset environment variable is no audience
oauthGuard({ issuer, audience: undefined });

// A function of the app that takes either hands it on.
export const wrapped = (options: OauthGuardInput): RequestHandler => oauthGuard(options);
wrapped({ issuer, audience });
wrapped({ issuer: [{ issuer, audience }], mode: "report" });
