// Does not compile. What the compiler says about each call is asserted: it names the audience.
import {
  createTokenVerifier,
  type OauthGuardOptions,
  oauthGuard,
  type TokenVerifierOptions,
} from "express-secure-api/oauth-guard";
import { secureApi } from "express-secure-api/secure-api";

// The compiler meets the options for one issuer before those for several.
export interface GuardOptions extends OauthGuardOptions {}
export interface VerifierOptions extends TokenVerifierOptions {}
export const complete: GuardOptions & VerifierOptions = { issuer: "", audience: "" };

const issuer = "https://id.example.com";

oauthGuard({ issuer });
oauthGuard({ issuer, realm: "orders", optional: true });
createTokenVerifier({ issuer });
createTokenVerifier({ issuer, jwksUri: "https://id.example.com/keys" });
secureApi({ oauthGuard: { issuer }, rateLimit: false });
secureApi({ oauthGuard: { issuer, mode: "report" }, rateLimit: { limit: 100, window: "1m" } });
