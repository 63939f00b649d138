import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { type ClaimMapping, freezeMapping, toPrincipal } from "./claim-mapping.js";
import { type ClaimSource, claimAt } from "./names/claim-source.js";
import { TooManyNames } from "./names/found-names.js";
import { RFC9068_MAPPING } from "./rfc9068-mapping.js";

function rolesOf(value: unknown, source: Omit<ClaimSource, "path"> = {}): readonly string[] {
  return toPrincipal({ roles: [{ path: "r", ...source }] }, { r: value }).roles;
}

describe("claimAt", () => {
  it.each<[string, unknown, string | readonly string[], unknown]>([
    ["a literal name", { roles: 1 }, "roles", 1],
    ["a name with dots", { "https://acme.example/roles": 1, "a.b": 2, a: { b: 3 } }, "a.b", 2],
    ["a name with a colon", { "cognito:groups": 1 }, "cognito:groups", 1],
    ["a path", { a: { b: 3 } }, ["a", "b"], 3],
    ["a path through a name with dots", { a: { "b.c": { d: 4 } } }, ["a", "b.c", "d"], 4],
    ["a path that ends early", { a: 1 }, ["a", "b"], undefined],
    ["a path through null", { a: null }, ["a", "b"], undefined],
    ["a path into a string", { a: "text" }, ["a", "length"], undefined],
    ["an inherited name", {}, "toString", undefined],
    ["the prototype", {}, "__proto__", undefined],
    ["a path over the prototype", {}, ["constructor", "name"], undefined],
    ["a member of a list's prototype", { a: [] }, ["a", "map"], undefined],
  ])("reads %s", (_what, claims, path, expected) => {
    expect(claimAt(claims as Record<string, unknown>, path)).toEqual(expected);
  });
});

describe("toPrincipal", () => {
  it.each<[NonNullable<ClaimSource["format"]>, unknown, readonly string[]]>([
    ["list", ["a", "b"], ["a", "b"]],
    ["list", "a b", ["a b"]],
    ["list", ["a", 1, null, {}, ["b"], "c"], ["a", "c"]],
    ["list", { a: true }, []],
    ["list", [{ value: "a" }], []],
    ["list", 1, []],
    ["list", true, []],
    ["list", null, []],
    ["list", undefined, []],
    ["list", ["", "a", "a"], ["a"]],
    ["space", "a b", ["a", "b"]],
    ["space", " a  b ", ["a", "b"]],
    ["space", ["a", "b"], ["a", "b"]],
    ["space", "", []],
    ["comma", "a, b,c", ["a", "b", "c"]],
    ["comma", ["a,b"], ["a,b"]],
    [
      "scim",
      ["a", { value: "b", display: "B" }, { display: "no value" }, { value: 1 }, null],
      ["a", "b"],
    ],
    ["scim", [Object.create({ value: "inherited" })], []],
    ["scim", "a b", ["a b"]],
    ["scim", { value: "a" }, []],
    ["scim", 1, []],
    ["scim", [["a"]], []],
    ["space", { a: true }, []],
    ["space", 1, []],
    ["space", ["a b"], ["a b"]],
    ["comma", null, []],
    ["keys", { a: {}, b: false }, ["a", "b"]],
    ["keys", "a", []],
    ["keys", ["a"], []],
  ])("reads names as %s from %j", (format, value, names) => {
    expect(rolesOf(value, { format })).toEqual(names);
  });

  it("never splits, joins or searches in a name: administrator is not admin", () => {
    expect(rolesOf("administrator")).not.toContain("admin");
    expect(rolesOf(["admin user"])).toEqual(["admin user"]);
  });

  it("puts the prefix before each name", () => {
    expect(rolesOf(["a", "b"], { prefix: "realm:" })).toEqual(["realm:a", "realm:b"]);
  });

  it("joins the sources of one list without repeating a name", () => {
    const mapping = {
      scopes: [{ path: "scope", format: "space" }, { path: "scp" }],
    } satisfies ClaimMapping;
    expect(toPrincipal(mapping, { scope: "a b", scp: ["b", "c"] }).scopes).toEqual(["a", "b", "c"]);
  });

  it("takes 2,000 names and does not cut longer lists", () => {
    const names = Array.from({ length: 2001 }, (_, index) => `role-${index}`);
    expect(rolesOf(names.slice(0, 2000))).toHaveLength(2000);
    expect(() => rolesOf(names)).toThrow(TooManyNames);
    expect(() => rolesOf(names.join(","), { format: "comma" })).toThrow(TooManyNames);
    const amr = names;
    expect(() => toPrincipal({}, { amr })).toThrow(TooManyNames);
    const groups: ClaimSource[] = [{ path: "a" }, { path: "b" }];
    const claims = { a: names.slice(0, 1500), b: names.slice(1500) };
    expect(() => toPrincipal({ groups }, claims)).toThrow(TooManyNames);
  });

  it("takes issuer, subject, tenant and the other facts as they stand, when they have the right type", () => {
    const claims = {
      iss: "https://a.example",
      sub: "alice",
      client_id: "web",
      tid: "t1",
      acr: "phr",
      amr: ["hwk"],
      auth_time: 1_700_000_000,
    };
    expect(toPrincipal({ clientId: ["client_id"], tenant: "tid" }, claims)).toMatchObject({
      id: "https://a.example alice",
      kind: "user",
      subject: "alice",
      issuer: "https://a.example",
      clientId: "web",
      tenant: "t1",
      acr: "phr",
      amr: ["hwk"],
      authTime: 1_700_000_000,
    });
  });

  it("ignores facts of the wrong type", () => {
    const claims = {
      iss: 1,
      sub: ["alice"],
      client_id: {},
      acr: 2,
      amr: 3,
      auth_time: "yesterday",
    };
    expect(toPrincipal({ clientId: ["client_id"] }, claims)).toMatchObject({
      id: "",
      subject: undefined,
      issuer: undefined,
      clientId: undefined,
      acr: undefined,
      amr: [],
      authTime: undefined,
    });
  });

  it("takes the first client id that is a string", () => {
    const mapping = { clientId: ["client_id", "azp"] } satisfies ClaimMapping;
    expect(toPrincipal(mapping, { client_id: 5, azp: "web" }).clientId).toBe("web");
    expect(toPrincipal(mapping, { client_id: "a", azp: "b" }).clientId).toBe("a");
  });

  it.each<[string, Record<string, unknown>, string]>([
    ["a user", { sub: "alice", client_id: "web" }, "user"],
    ["a service whose subject is its client id", { sub: "cron", client_id: "cron" }, "service"],
    ["a service without a subject", { client_id: "cron" }, "service"],
  ])("tells %s", (_what, claims, kind) => {
    expect(toPrincipal({ clientId: ["client_id"] }, claims).kind).toBe(kind);
  });

  it("lets the mapping tell services from users", () => {
    const kind = (claims: Readonly<Record<string, unknown>>): "user" | "service" =>
      claims["idtyp"] === "app" ? "service" : "user";
    expect(toPrincipal({ kind }, { sub: "a", idtyp: "app" }).kind).toBe("service");
  });

  it("gives names from mapped claims only, whatever the token holds", () => {
    fc.assert(
      fc.property(
        fc.object({
          key: fc.constantFrom(
            "roles",
            "groups",
            "role",
            "permissions",
            "__proto__",
            "constructor",
          ),
        }),
        (claims) => {
          const principal = toPrincipal({ scopes: [{ path: "scope" }] }, claims);
          expect([principal.roles, principal.groups, principal.permissions]).toEqual([[], [], []]);
        },
      ),
    );
  });
});

describe("RFC9068_MAPPING", () => {
  it("reads roles, scopes and the client, and never groups or entitlements", () => {
    const claims = {
      sub: "alice",
      client_id: "web",
      scope: "a b",
      scp: ["c"],
      roles: ["r1", { value: "r2" }],
      groups: ["admins"],
      entitlements: ["e"],
      permissions: ["p"],
      role: "admin",
      user_metadata: { roles: ["admin"] },
    };
    expect(toPrincipal(RFC9068_MAPPING, claims)).toMatchObject({
      roles: ["r1", "r2"],
      scopes: ["a", "b", "c"],
      groups: [],
      permissions: [],
      clientId: "web",
    });
  });

  it.each([
    [{ azp: "a", cid: "c" }, "a"],
    [{ cid: "c" }, "c"],
    [{}, undefined],
  ])("finds the client of %j", (claims, clientId) => {
    expect(toPrincipal(RFC9068_MAPPING, claims).clientId).toBe(clientId);
  });
});

describe("freezeMapping", () => {
  const prototype = Object.prototype as unknown as Record<string, unknown>;
  afterEach(() => {
    for (const name of ["roles", "permissions", "prefix", "format"]) delete prototype[name];
  });

  it("copies the mapping, so that later changes do not count", () => {
    const source = { path: "roles" };
    const roles = [source];
    const frozen = freezeMapping({ roles });
    source.path = "groups";
    roles.push({ path: "everything" });
    expect(toPrincipal(frozen, { roles: ["a"], groups: ["b"], everything: ["c"] }).roles).toEqual([
      "a",
    ]);
    expect(
      Object.isFrozen(frozen) &&
        Object.isFrozen(frozen.roles) &&
        Object.isFrozen(frozen.roles?.[0]),
    ).toBe(true);
  });

  it("keeps a polluted Object.prototype from giving anybody a role", () => {
    prototype["roles"] = [{ path: "sub" }];
    prototype["permissions"] = [{ path: "sub" }];
    prototype["prefix"] = "x:";
    prototype["format"] = "keys";
    const principal = toPrincipal(freezeMapping({ scopes: [{ path: "scope" }] }), {
      sub: "admin",
      scope: "a",
    });
    expect([principal.roles, principal.permissions, principal.scopes]).toEqual([[], [], ["a"]]);
  });
});
