import { describe, expect, it } from "vitest";
import { toPrincipal } from "../../core/principal/claim-mapping.js";
import service from "../fixtures/keycloak-service-access-token.json";
import user from "../fixtures/keycloak-user-access-token.json";
import { keycloak } from "./keycloak.js";

describe("keycloak", () => {
  it("maps the token of a user", () => {
    expect(toPrincipal(keycloak({ clientId: "orders.api" }), user.payload)).toMatchObject({
      id: "https://id.example.com/realms/shop f1f1c4d4-9d0e-4f4e-8a43-2f1d3b9a6c55",
      kind: "user",
      clientId: "shop-web",
      roles: [
        "editor",
        "viewer",
        "realm:default-roles-shop",
        "realm:offline_access",
        "realm:uma_authorization",
        "realm:admin",
      ],
      scopes: ["openid", "profile", "email", "orders:read", "orders:write"],
      groups: [],
      permissions: [],
      acr: "1",
      authTime: 1699999990,
    });
  });

  it("maps the token of a service account", () => {
    const principal = toPrincipal(keycloak({ clientId: "orders.api" }), service.payload);
    expect(principal).toMatchObject({
      kind: "service",
      clientId: "nightly-report",
      scopes: ["orders:read"],
    });
    expect(principal.roles).toContain("viewer");
  });

  it("takes a service account of older releases for one, and a claim that does not fit for none", () => {
    const mapping = keycloak({ clientId: "orders.api" });
    const { client_id: named, ...older } = service.payload;
    expect(toPrincipal(mapping, { ...older, clientId: named }).kind).toBe("service");
    expect(toPrincipal(mapping, { ...user.payload, client_id: "another" }).kind).toBe("user");
  });

  it("never takes a role of another client for its own", () => {
    const principal = toPrincipal(keycloak({ clientId: "orders.api" }), user.payload);
    for (const name of ["admin", "owner", "manage-account"])
      expect(principal.roles).not.toContain(name);
  });

  it("never takes a realm role for one of the client", () => {
    const principal = toPrincipal(keycloak({ clientId: "orders.api" }), user.payload);
    expect(principal.roles).toContain("realm:admin");
    expect(principal.roles).not.toContain("admin");
  });

  it("leaves realm roles out when told so", () => {
    expect(
      toPrincipal(keycloak({ clientId: "orders.api", realmRoles: false }), user.payload).roles,
    ).toEqual(["editor", "viewer"]);
  });

  it.each(["orders", "api", "unknown", "__proto__", "constructor", "toString"])(
    "finds no role of the client %s",
    (clientId) => {
      expect(toPrincipal(keycloak({ clientId, realmRoles: false }), user.payload).roles).toEqual(
        [],
      );
    },
  );

  it.each<[string, unknown]>([
    ["a list in place of resource_access", { resource_access: ["admin"] }],
    ["a string in place of resource_access", { resource_access: "orders.api" }],
    ["a list in place of the client's entry", { resource_access: { "orders.api": ["admin"] } }],
    [
      "roles of the wrong type",
      { resource_access: { "orders.api": { roles: { admin: true } } }, realm_access: { roles: 1 } },
    ],
    ["no roles at all, as in a lightweight token", {}],
  ])("finds no role in %s", (_what, claims) => {
    expect(
      toPrincipal(keycloak({ clientId: "orders.api" }), claims as Record<string, unknown>).roles,
    ).toEqual([]);
  });

  it("takes a string for one role and never splits it, as its page says", () => {
    const claims = {
      resource_access: { "orders.api": { roles: "admin user" } },
      realm_access: { roles: "auditor" },
    };
    expect(toPrincipal(keycloak({ clientId: "orders.api" }), claims).roles).toEqual([
      "admin user",
      "realm:auditor",
    ]);
  });

  it.each<[string, Record<string, unknown>]>([
    ["groups", { groups: ["admin"] }],
    ["roles at the top level", { roles: ["admin"] }],
    ["scp", { scp: "admin" }],
    ["permissions", { permissions: ["admin"], authorization: { permissions: [{ rsname: "x" }] } }],
  ])("does not read %s", (_what, claims) => {
    const { roles, scopes, permissions, groups } = toPrincipal(
      keycloak({ clientId: "orders.api" }),
      claims,
    );
    expect([roles, scopes, permissions, groups]).toEqual([[], [], [], []]);
  });

  it.each<[unknown, string]>([
    [undefined, "keycloak.clientId must be a non-empty string, got undefined: it is required"],
    [{}, "keycloak.clientId must be a non-empty string, got undefined: it is required"],
    [{ clientId: "" }, "keycloak.clientId must be a non-empty string, got an empty string"],
    [{ clientId: ["a", "b"] }, "keycloak.clientId must be a non-empty string, got a list of 2"],
    [
      { clientId: "a", realmRoles: "yes" },
      "keycloak.realmRoles must be true or false, got a string of 3 characters",
    ],
    [
      { clientId: "a", realmRole: true },
      'keycloak must not have an option "realmRole": did you mean "realmRoles"?',
    ],
    [
      { clientId: "a", resource: "a" },
      'keycloak must not have an option "resource": did you mean "clientId"?',
    ],
    ["orders.api", "keycloak must be an options object, got a string of 10 characters"],
  ])("refuses %j", (options, problem) => {
    expect(() => keycloak(options as never)).toThrow(problem);
  });

  it("does not see later changes of its options", () => {
    const options = { clientId: "orders.api" };
    const mapping = keycloak(options);
    options.clientId = "billing-api";
    expect(toPrincipal(mapping, user.payload).roles).not.toContain("owner");
  });
});
