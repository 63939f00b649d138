// The root holds what the subpaths hold.
import type * as root from "express-secure-api";
import type { auditLog } from "express-secure-api/audit-log";
import type { requireRole } from "express-secure-api/authorization";
import type { keycloak } from "express-secure-api/claims";
import type { HttpError } from "express-secure-api/errors";
import type { oauthGuard } from "express-secure-api/oauth-guard";
import type { rateLimit } from "express-secure-api/rate-limit";
import type { secureApi } from "express-secure-api/secure-api";
import type { secureHeaders } from "express-secure-api/secure-headers";
import type { validate } from "express-secure-api/validate";
import { assertType, type Equal } from "./equal.js";

assertType<Equal<typeof root.auditLog, typeof auditLog>>();
assertType<Equal<typeof root.keycloak, typeof keycloak>>();
assertType<Equal<typeof root.HttpError, typeof HttpError>>();
assertType<Equal<typeof root.oauthGuard, typeof oauthGuard>>();
assertType<Equal<typeof root.rateLimit, typeof rateLimit>>();
assertType<Equal<typeof root.requireRole, typeof requireRole>>();
assertType<Equal<typeof root.secureApi, typeof secureApi>>();
assertType<Equal<typeof root.secureHeaders, typeof secureHeaders>>();
assertType<Equal<typeof root.validate, typeof validate>>();
