import { describe, expect, it } from "vitest";
import { readOptions } from "../options/options-reader.js";
import { type ClaimMapping, toPrincipal } from "./claim-mapping.js";
import { readClaimMapping } from "./read-claim-mapping.js";

function read(principal: unknown): ClaimMapping {
  const reader = readOptions<{ principal: ClaimMapping }>(
    "oauthGuard",
    { principal },
    {
      principal: true,
    },
  );
  const mapping = readClaimMapping(reader);
  reader.finish();
  if (mapping === undefined) throw new Error("no mapping");
  return mapping;
}

function roles(source: object, value: unknown): readonly string[] {
  return toPrincipal(read({ roles: [{ path: "r", ...source }] }), { r: value }).roles;
}

describe("names", () => {
  it("lets the names of a list count, and no other", () => {
    expect(roles({ names: ["admin"] }, ["admin", "root"])).toEqual(["admin"]);
  });

  it("lets each name count as what stands beside it", () => {
    const names = { "5f0c": "admin", "7d31": ["editor", "viewer"] };
    expect(roles({ names }, ["7d31", "5f0c", "admin"])).toEqual(["editor", "viewer", "admin"]);
  });

  it("knows no inherited name", () => {
    const names = Object.assign(Object.create({ root: "admin" }), {}) as object;
    expect(() => roles({ names }, ["root"])).toThrow("names must be");
    expect(roles({ names: { a: "b" } }, ["toString", "__proto__", "constructor"])).toEqual([]);
  });

  it("does not see later changes", () => {
    const names = { a: ["viewer"] };
    const mapping = read({ roles: [{ path: "r", names }] });
    names.a.push("admin");
    expect(toPrincipal(mapping, { r: ["a"] }).roles).toEqual(["viewer"]);
  });

  it.each<[names: unknown, problem: string]>([
    ["admin", "must be a list of names, or an object of names and what they count as"],
    [[], "got an empty list"],
    [{}, "got an empty object"],
    [[""], "names must hold non-empty strings, got an empty string, in entry 1"],
    [[1], "names must hold non-empty strings, got 1, in entry 1"],
    [{ a: "" }, 'names must hold non-empty strings, got an empty string, in entry "a"'],
    [{ a: [] }, 'names must name at least one, in entry "a"'],
    [{ a: undefined }, 'got undefined, in entry "a"'],
    [{ a: " admin" }, 'names must not start or end with white space, in entry "a"'],
    [{ zq9SECRETzq9: "" }, "in entry 1"],
  ])("is not %j", (names, problem) => {
    expect(() => roles({ names }, [])).toThrow(problem);
    expect(() => roles({ names }, [])).not.toThrow("zq9SECRETzq9");
  });
});

describe("having", () => {
  it("is for keys alone", () => {
    expect(() => roles({ having: "1" }, {})).toThrow(
      'having must be left out, or given with format: "keys"',
    );
    expect(roles({ having: "1", format: "keys" }, { admin: { 1: "a" }, root: {} })).toEqual([
      "admin",
    ]);
  });
});

describe("tenant", () => {
  it.each<[tenant: unknown, found: string | undefined]>([
    ["org_id", "b"],
    [["o", "id"], "a"],
    [[["x"], ["org_id"], ["o", "id"]], "b"],
  ])("is found by %j", (tenant, found) => {
    expect(toPrincipal(read({ tenant }), { o: { id: "a" }, org_id: "b" }).tenant).toBe(found);
  });

  it.each([[[["o"], "org_id"]], [[["o"], []]], [[[""]]], [[]], [""]])("is not %j", (tenant) => {
    expect(() => read({ tenant })).toThrow("oauthGuard.principal.tenant must be");
  });
});

describe("a mapping that was read", () => {
  it("keeps a polluted Object.prototype from adding to its entries", () => {
    const mapping = read({ roles: [{ path: "r" }] });
    const prototype = Object.prototype as unknown as Record<string, unknown>;
    prototype["names"] = { nobody: ["admin"] };
    prototype["elsewhere"] = "sub";
    try {
      expect(toPrincipal(mapping, { r: ["nobody"], sub: "a" })).toMatchObject({
        roles: ["nobody"],
        undetermined: [],
      });
    } finally {
      delete prototype["names"];
      delete prototype["elsewhere"];
    }
  });
});

describe("claims of names that nobody sees whole", () => {
  it.each<[what: string, mapping: object, path: string]>([
    ["roles", { roles: [{ path: "roles\n" }] }, "roles[0].path"],
    ["roles in an object", { roles: [{ path: ["realm_access", "roles\r"] }] }, "roles[0].path"],
    ["roles elsewhere", { roles: [{ path: "r", elsewhere: "e\ufeff" }] }, "roles[0].elsewhere"],
    ["roles that are keys", { roles: [{ path: "r", format: "keys", having: "o " }] }, "having"],
    ["a subject", { subject: ["sub\u00a0"] }, "subject[0].path"],
    ["a tenant", { tenant: "tid\n" }, "tenant"],
    ["one tenant of several", { tenant: [["a", "b"], ["c\n"]] }, "tenant"],
    ["a client", { clientId: ["azp", "\u200bappid"] }, "clientId"],
  ])("are refused for %s, which would be missing in every token", (_what, mapping, path) => {
    expect(() => read(mapping)).toThrow(path);
    expect(() => read(mapping)).toThrow(/must not (start or end|hold)/);
  });
});
