import type { Request } from "express";
import "express-secure-api/augment";
import type { Auth } from "express-secure-api/oauth-guard";
import { assertType, type Equal } from "./equal.js";

export function read(req: Request): string | undefined {
  assertType<Equal<typeof req.auth, Auth | undefined>>();
  // @ts-expect-error there may be none
  req.auth.subject;
  return req.auth?.subject;
}
