import { inTransition, type LegacyApp, legacyApp } from "./legacy-app.js";

export function sessionsAndPages(): LegacyApp {
  return legacyApp(
    "sessions-and-pages",
    { cors: "cors", express: "express4-17", "express-session": "express-session" },
    { before: {}, report: {}, enforce: {}, table: {} },
  );
}

export const JWT_SECRET = "a secret of the tests that is long enough";

export function ownTokens(): LegacyApp {
  const hardened = { JWT_SECRET };
  const packages = {
    cors: "cors",
    express: "express4",
    joi: "joi-17",
    jsonwebtoken: "jsonwebtoken",
    passport: "passport",
    "passport-jwt": "passport-jwt",
  };
  return legacyApp("own-tokens", packages, {
    before: { JWT_SECRET: undefined },
    report: { ...hardened, ...inTransition() },
    enforce: hardened,
    table: { ...hardened, ...inTransition() },
  });
}

export function tokenScheme(): LegacyApp {
  const hardened = { NODE_ENV: "production", SECRET: "a secret of the tests that is long enough" };
  const packages = {
    cors: "cors",
    express: "express",
    "express-jwt": "express-jwt",
    jsonwebtoken: "jsonwebtoken",
  };
  return legacyApp("token-scheme", packages, {
    before: { SECRET: undefined },
    report: { ...hardened, ...inTransition() },
    enforce: hardened,
    table: { ...hardened, ...inTransition() },
  });
}
