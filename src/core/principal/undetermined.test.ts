import { describe, expect, it } from "vitest";
import { type ClaimMapping, toPrincipal } from "./claim-mapping.js";
import type { ClaimSource } from "./names/claim-source.js";
import { createPrincipal } from "./principal.js";

type Source = Omit<ClaimSource, "path">;

function read(source: Source, value: unknown, path: ClaimSource["path"] = "r"): unknown {
  const { roles, undetermined } = toPrincipal({ roles: [{ path, ...source }] }, {
    r: value,
  } as Record<string, unknown>);
  return [roles, undetermined.includes("roles")];
}

describe("a list whose claim", () => {
  it("is absent, null or empty is empty, and known to be", () => {
    for (const format of ["list", "space", "comma", "scim", "keys", "booleans", "flag"] as const)
      for (const value of [undefined, null]) expect(read({ format }, value)).toEqual([[], false]);
    for (const value of ["", [], [""]]) expect(read({}, value)).toEqual([[], false]);
    expect(read({ format: "keys" }, {})).toEqual([[], false]);
    expect(toPrincipal({ roles: [{ path: "r" }] }, {}).undetermined).toEqual([]);
  });

  // Each of these was an empty list, and `not(role("suspended"))` passed.
  it.each<[format: ClaimSource["format"], value: unknown, names: readonly string[]]>([
    ["list", 1, []],
    ["list", true, []],
    ["list", false, []],
    ["list", { suspended: true }, []],
    ["list", [["suspended"]], []],
    ["list", ["a", 1], ["a"]],
    ["list", ["a", null], ["a"]],
    ["list", [{ value: "suspended" }], []],
    ["space", { a: true }, []],
    ["space", [1], []],
    ["comma", 1, []],
    ["scim", { value: "a" }, []],
    ["scim", [{ name: "a" }, { value: "b" }], ["b"]],
    ["scim", [{ value: 1 }], []],
    ["keys", "a", []],
    ["keys", ["a", { b: 1 }], ["b"]],
    ["booleans", ["a"], []],
    ["booleans", { a: true, b: "true", c: 1 }, ["a"]],
    ["flag", "true", []],
    ["flag", 1, []],
    ["flag", ["r"], []],
  ])(
    "has another form than %s, such as %j, is undetermined, with the names that are there",
    (format, value, names) => {
      expect(read({ format }, value)).toEqual([names, true]);
    },
  );

  it.each<[value: unknown, isPartial: boolean]>([
    [{ roles: ["a"] }, false],
    [{}, false],
    [{ roles: null }, false],
    [null, false],
    [undefined, false],
    ["a", true],
    [["a"], true],
    [7, true],
  ])("stands in an object, which %j is, or is not", (value, isPartial) => {
    expect((read({}, value, ["r", "roles"]) as unknown[])[1]).toBe(isPartial);
  });

  it("is said to be elsewhere, by the distributed claims of OpenID Connect Core §5.6.2, is undetermined", () => {
    const mapping: ClaimMapping = {
      roles: [{ path: "groups" }, { path: ["app", "roles"] }],
      groups: [{ path: "groups" }],
      scopes: [{ path: "scope", format: "space" }],
    };
    const of = (claims: object): unknown => toPrincipal(mapping, { ...claims }).undetermined;
    expect(of({ _claim_names: { groups: "src1" } })).toEqual(["roles", "groups"]);
    expect(of({ _claim_names: { app: "src1" } })).toEqual(["roles"]);
    expect(of({ _claim_names: { email: "src1" } })).toEqual([]);
    expect(of({ _claim_names: null })).toEqual([]);
    // In another form it may name any claim.
    for (const malformed of ["groups", ["groups"], true, 1])
      expect(of({ _claim_names: malformed })).toEqual(["roles", "scopes", "groups"]);
  });

  it("is said to be elsewhere, by the claim that the source names, is undetermined", () => {
    const groups = [{ path: "groups", elsewhere: "hasgroups" }];
    const of = (claims: object): unknown => toPrincipal({ groups }, { ...claims }).undetermined;
    for (const hasgroups of [true, "true", 1]) expect(of({ hasgroups })).toEqual(["groups"]);
    for (const hasgroups of [false, null, undefined]) expect(of({ hasgroups })).toEqual([]);
    expect(of({})).toEqual([]);
  });
});

describe("a source", () => {
  it("reads the names of the objects in a list as keys, too", () => {
    expect(read({ format: "keys" }, [{ a: 1 }, { b: 2 }])).toEqual([["a", "b"], false]);
  });

  it("reads booleans and flags", () => {
    expect(read({ format: "booleans" }, { admin: true, editor: false, x: null })).toEqual([
      ["admin"],
      false,
    ]);
    expect(read({ format: "flag" }, true)).toEqual([["r"], false]);
    expect(read({ format: "flag" }, false)).toEqual([[], false]);
    expect(read({ format: "flag" }, { admin: true }, ["r", "admin"])).toEqual([["admin"], false]);
  });

  it("counts keys only that have a member, and takes what is no object for unknown", () => {
    const value = { admin: { "1": "a.example" }, editor: { "2": "b.example" } };
    expect(read({ format: "keys", having: "1" }, value)).toEqual([["admin"], false]);
    expect(read({ format: "keys", having: "toString" }, value)).toEqual([[], false]);
    expect(read({ format: "keys", having: "1" }, { admin: ["1"] })).toEqual([[], true]);
    expect(read({ format: "keys", having: "1" }, { admin: true })).toEqual([[], true]);
  });

  it("lets only the names count that its table has, as what they mean there, behind the prefix", () => {
    const names = { g1: ["admin", "editor"], g2: ["editor"] };
    expect(read({ names, prefix: "x:" }, ["g2", "g1", "admin", "toString", "__proto__"])).toEqual([
      ["x:editor", "x:admin"],
      false,
    ]);
  });
});

describe("a principal", () => {
  it("shares one empty list when everything is determined", () => {
    expect(toPrincipal({}, {}).undetermined).toBe(createPrincipal({}).undetermined);
    expect(Object.isFrozen(createPrincipal({}).undetermined)).toBe(true);
  });

  it("is made with lists that are undetermined", () => {
    const { undetermined } = createPrincipal({ undetermined: ["groups"] });
    expect(undetermined).toEqual(["groups"]);
    expect(Object.isFrozen(undetermined)).toBe(true);
  });

  it("takes the first tenant of several paths", () => {
    const tenant = [["o", "id"], ["org_id"]];
    expect(toPrincipal({ tenant }, { o: { id: "a" }, org_id: "b" }).tenant).toBe("a");
    expect(toPrincipal({ tenant }, { o: { id: 1 }, org_id: "b" }).tenant).toBe("b");
    expect(toPrincipal({ tenant: ["o", "id"] }, { o: { id: "a" } }).tenant).toBe("a");
  });
});
