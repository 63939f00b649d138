import { createPublicKey, type JsonWebKey } from "node:crypto";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import type { Request, RequestHandler, Response } from "express";
import { expect } from "vitest";
import { createTestIssuer, type TestIssuer } from "../../src/testing/index.js";

/**
 * The release whose answers stand in the tests. It is not installed here: it depends on elliptic, for which there is an
 * advisory without a fixed version (GHSA-848j-6mx2-7j84). To ask it again, install it elsewhere and name that folder:
 * `KEYCLOAK_CONNECT=/tmp/keycloak npx vitest run test/integration/keycloak-connect-guide-tables.test.ts`.
 */
export const RECORDED_VERSION = "26.1.1";

export interface OldToken {
  readonly content: Readonly<Record<string, unknown>>;
  readonly token: string;
  hasRole(name: string): boolean;
  hasRealmRole(name: string): boolean;
  hasPermission(resource: string, scope: string): boolean;
}

export interface OldAdapter {
  middleware(options?: object): RequestHandler[];
  protect(spec?: unknown): RequestHandler;
  enforcer(permission: string): RequestHandler;
  checkSso(): RequestHandler;
  accessDenied: (req: Request, res: Response) => void;
  readonly config: Readonly<Record<string, unknown>>;
}

export type OldConstructor = new (options: object, config: object) => OldAdapter;

const folder = process.env["KEYCLOAK_CONNECT"];
const load = createRequire(resolve(folder ?? ".", "package.json"));

/** The old package itself, where it is installed. */
export const Installed: OldConstructor | undefined =
  folder === undefined ? undefined : (load("keycloak-connect") as OldConstructor);
export const installedVersion: string | undefined =
  folder === undefined ? undefined : load("keycloak-connect/package.json").version;

/** What the old package answered. Where it is installed, it is asked again and must answer the same. */
export async function theirs(
  recorded: readonly string[],
  ask: (Keycloak: OldConstructor) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  if (Installed !== undefined) expect(await ask(Installed)).toEqual(recorded);
  return recorded;
}

const ISSUER = "https://sso.example.com/realms/shop";

/** A realm with an RSA key, as those of Keycloak. */
export function createRealm(issuer: string = ISSUER): TestIssuer {
  return createTestIssuer({ issuer, audience: "orders-api", algorithm: "RS256" });
}

/** `keycloak.json`, with the key of the realm, so that nothing is fetched. */
export function oldConfig(realm: TestIssuer, more: object = {}): object {
  const key = createPublicKey({ key: realm.jwks.keys[0] as JsonWebKey, format: "jwk" });
  return {
    realm: "shop",
    "auth-server-url": "https://sso.example.com",
    resource: "orders-api",
    "bearer-only": true,
    "realm-public-key": key.export({ type: "spki", format: "der" }).toString("base64"),
    ...more,
  };
}

/** An access token of Keycloak: client roles, roles of the realm, and other claims. */
export function keycloakToken(
  realm: TestIssuer,
  roles: readonly string[] = [],
  claims: object = {},
): string {
  const own = roles.filter((role) => !role.startsWith("realm:"));
  const ofRealm = roles.filter((role) => role.startsWith("realm:"));
  const usual = {
    typ: "Bearer",
    azp: "shop-web",
    client_id: undefined,
    aud: ["orders-api", "account"],
    preferred_username: "alice",
    resource_access: { "orders-api": { roles: own }, account: { roles: ["view-profile"] } },
    realm_access: { roles: ofRealm.map((role) => role.slice("realm:".length)) },
  };
  return realm.mint({ ...usual, ...claims }, { header: { typ: "JWT" } });
}
