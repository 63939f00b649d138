// Only `express-secure-api/augment` declares properties of the request: other packages declare `req.auth` differently.
import type { Request } from "express";
import "express-secure-api";
import "express-secure-api/audit-log";
import "express-secure-api/claims";
import "express-secure-api/errors";
import "express-secure-api/oauth-guard";
import "express-secure-api/rate-limit";
import "express-secure-api/authorization";
import "express-secure-api/secure-api";
import "express-secure-api/secure-headers";
import "express-secure-api/server";
import "express-secure-api/testing";
import "express-secure-api/validate";

export function read(req: Request): unknown {
  // @ts-expect-error nothing was imported that declares it
  return req.auth;
}
