import { describe, expect, it } from "vitest";
import { toPrincipal } from "../core/principal/claim-mapping.js";
import token from "./fixtures/rfc9068-access-token.json";
import { rfc9068 } from "./rfc9068.js";

describe("rfc9068", () => {
  it("maps a token as the specification shows it", () => {
    const principal = toPrincipal(rfc9068(), token.payload);
    expect(principal).toMatchObject({
      id: "https://authorization-server.example.com/ 5ba552d67",
      kind: "user",
      subject: "5ba552d67",
      issuer: "https://authorization-server.example.com/",
      clientId: "s6BhdRkqt3",
      roles: ["editor", "billing:read"],
      scopes: ["openid", "profile", "reademail"],
      permissions: [],
      groups: [],
      acr: "phr",
      amr: ["hwk", "user"],
      authTime: 1618354000,
    });
  });

  it("takes scp as a list, as Okta and others write it", () => {
    expect(toPrincipal(rfc9068(), { scp: ["orders:read", "orders:write"] }).scopes).toEqual([
      "orders:read",
      "orders:write",
    ]);
  });

  it("tells a service by its subject, which is its client id", () => {
    expect(toPrincipal(rfc9068(), { ...token.payload, sub: token.payload.client_id }).kind).toBe(
      "service",
    );
  });

  it.each([
    "groups",
    "entitlements",
    "role",
    "permissions",
    "realm_access",
    "user_metadata",
    "app_metadata",
    "https://acme.example/roles",
  ])("gives nobody a role through %s", (name) => {
    const claims = { [name]: ["admin"], user_metadata: { roles: ["admin"] } };
    expect(toPrincipal(rfc9068(), claims).roles).toEqual([]);
  });

  // As its page says. Whatever is no name gives nobody a role.
  it.each<[unknown, readonly string[]]>([
    ["admin", ["admin"]],
    ["admin user", ["admin user"]],
    ["admin,user", ["admin,user"]],
    ['["admin"]', ['["admin"]']],
    ["", []],
    [1, []],
    [true, []],
    [null, []],
    [{ admin: true }, []],
    [{ value: "admin" }, []],
    [{ roles: ["admin"] }, []],
    [[["admin"]], []],
    [[1, null, true, { role: "admin" }], []],
    [
      ["admin", 1, { value: "user" }, { value: ["x"] }],
      ["admin", "user"],
    ],
  ])("reads the claim roles %j as %j", (roles, names) => {
    expect(toPrincipal(rfc9068(), { sub: "alice", roles }).roles).toEqual(names);
  });

  it.each<[Record<string, unknown>, readonly string[]]>([
    [{ scope: "a b" }, ["a", "b"]],
    [{ scope: ["a", "b"] }, ["a", "b"]],
    [{ scope: ["a b"] }, ["a b"]],
    [{ scp: "a b" }, ["a", "b"]],
    [{ scope: { a: true } }, []],
    [{ scp: 1 }, []],
    [{ scopes: ["a"] }, []],
  ])("reads the scopes of %j as %j", (claims, names) => {
    expect(toPrincipal(rfc9068(), claims).scopes).toEqual(names);
  });

  it("cannot be changed by who gets it", () => {
    expect(Object.isFrozen(rfc9068())).toBe(true);
    expect(Object.isFrozen(rfc9068().roles?.[0])).toBe(true);
  });
});
