import { createRequire } from "node:module";
import { join } from "node:path";
import cookieSession from "cookie-session";
import type { Express } from "express";
import expressSession from "express-session";
import * as auditLog from "../../src/audit-log/index.js";
import * as authorization from "../../src/authorization/index.js";
import * as claims from "../../src/claims/index.js";
import * as errors from "../../src/errors/index.js";
import * as oauthGuard from "../../src/oauth-guard/index.js";
import * as principal from "../../src/principal/index.js";
import * as expressRateLimit from "../../src/rate-limit/express-rate-limit/index.js";
import * as rateLimit from "../../src/rate-limit/index.js";
import * as secureApi from "../../src/secure-api/index.js";
import * as secureHeaders from "../../src/secure-headers/index.js";
import * as server from "../../src/server/index.js";
import * as testing from "../../src/testing/index.js";
import { guideSections } from "./guide.js";
import { root } from "./package-manifest.js";

const DOORS: Readonly<Record<string, unknown>> = {
  "cookie-session": cookieSession,
  "express-session": expressSession,
  "express-secure-api/audit-log": auditLog,
  "express-secure-api/authorization": authorization,
  "express-secure-api/claims": claims,
  "express-secure-api/errors": errors,
  "express-secure-api/oauth-guard": oauthGuard,
  "express-secure-api/principal": principal,
  "express-secure-api/rate-limit": rateLimit,
  "express-secure-api/rate-limit/express-rate-limit": expressRateLimit,
  "express-secure-api/secure-api": secureApi,
  "express-secure-api/secure-headers": secureHeaders,
  "express-secure-api/server": server,
  "express-secure-api/testing": testing,
};
/** What the guides replace, and what apps have beside it: loaded as such an app does. */
const PACKAGES = [
  "cors",
  "express-jwt",
  "express-rate-limit",
  "express-rate-limit-7",
  "express-slow-down",
  "helmet",
  "jsonwebtoken",
  "node:crypto",
  "passport",
  "passport-jwt",
  "rate-limiter-flexible",
];
const requirePackage = createRequire(join(root, "package.json"));
const IMPORT = /^import (\{[^}]+\}) from "([^"]+)";$/gm;

/**
 * Runs code of a guide on the app, as one module: it must be JavaScript, but may import as TypeScript does.
 *
 * @param given - What the code does not declare itself.
 */
export function runOnApp(
  app: Express,
  express: unknown,
  code: string,
  given: Readonly<Record<string, unknown>>,
): void {
  const load = (name: string): unknown => {
    if (PACKAGES.includes(name)) return requirePackage(name);
    const found = name === "express" ? express : DOORS[name];
    if (found === undefined) throw new Error(`the tests of the guides have no ${name}`);
    return found;
  };
  const script = code.replaceAll(IMPORT, 'const $1 = require("$2");');
  const names = Object.keys(given);
  new Function("app", "require", ...names, `"use strict";\n${script}`)(
    app,
    load,
    ...Object.values(given),
  );
}

/** The code of one section of a guide. */
export function codeOf(guide: string, heading: string, language: string): string {
  const section = guideSections(guide).find((one) => one.heading === heading);
  const [code] = section?.blocks(language) ?? [];
  if (code === undefined) throw new Error(`${guide} has no ${language} under "${heading}"`);
  return code;
}
