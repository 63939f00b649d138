import { oauthGuard } from "express-secure-api/oauth-guard";
import { createTestIssuer } from "express-secure-api/testing";

const issuer = createTestIssuer();
oauthGuard(issuer.options());
oauthGuard({ ...issuer.options(), scopes: "orders:read" });
export const token: string = issuer.mint({ scope: "orders:read", roles: ["admin"] });

// @ts-expect-error not an algorithm for access tokens
createTestIssuer({ algorithm: "none" });
