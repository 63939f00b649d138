import { describe, expect, it } from "vitest";
import { readNames } from "./claim-source.js";
import { TooManyNames } from "./found-names.js";

function read(o: unknown, fea?: unknown): unknown {
  const { names, isPartial } = readNames({ o, fea }, [{ path: "o", format: "clerk" }]);
  return isPartial ? ["partial", ...names] : names;
}

describe("the permissions in a session token of Clerk", () => {
  it("are those whose bit is set, for each feature of the organization", () => {
    // The bits count from the right: 3 is both, 2 is the second.
    expect(
      read({ per: "read,manage", fpm: "3,2" }, "o:dashboard,u:themes,uo:impersonation"),
    ).toEqual(["org:dashboard:read", "org:dashboard:manage", "org:impersonation:manage"]);
    expect(read({ per: "read, manage", fpm: "0, 1" }, "o:a, o:b")).toEqual(["org:b:read"]);
  });

  it.each<[o: unknown, fea: unknown]>([
    [undefined, "o:a"],
    [null, "o:a"],
    [{}, "o:a"],
    [{ per: "read" }, "o:a"],
    [{ fpm: "1" }, "o:a"],
    [{ per: "read", fpm: "1" }, undefined],
    [{ per: "", fpm: "" }, ""],
    [{ per: "read", fpm: "0" }, "o:a"],
  ])("are none with %j and %j", (o, fea) => {
    expect(read(o, fea)).toEqual([]);
  });

  it("are known for as many features as there are masks", () => {
    expect(read({ per: "read", fpm: "1" }, "o:a,o:b")).toEqual(["org:a:read"]);
  });

  it.each<[o: unknown, fea: unknown, names: readonly string[]]>([
    ["read", "o:a", []],
    [["read"], "o:a", []],
    [{ per: ["read"], fpm: "1" }, "o:a", []],
    [{ per: "read", fpm: 1 }, "o:a", []],
    [{ per: "read", fpm: "1" }, ["o:a"], []],
    [{ per: "read", fpm: "1,1" }, "o:a", ["org:a:read"]],
    [{ per: "read", fpm: "-1" }, "o:a", []],
    [{ per: "read", fpm: "0x1" }, "o:a", []],
    [{ per: "read", fpm: "" }, { a: 1 }, []],
    // Each of these was a feature of the organization, whose mask another one may have.
    [{ per: "read", fpm: "1" }, "foo:bar", []],
    [{ per: "read", fpm: "1" }, "global:a,o:b", []],
    [{ per: "read", fpm: "1" }, "o", []],
    [{ per: "read", fpm: "1" }, "o:", []],
    [{ per: "read", fpm: "1" }, "o:a:b", []],
    [{ per: "read", fpm: "3" }, "o:a", ["org:a:read"]],
    [{ per: "read,", fpm: "3" }, "o:a", ["org:a:read"]],
    [{ per: "read", fpm: "9".repeat(604) }, "o:a", []],
  ])("are not all known with %j and %j", (o, fea, names) => {
    expect(read(o, fea)).toEqual(["partial", ...names]);
  });

  it("know more than 32 of a feature", () => {
    const per = Array.from({ length: 64 }, (_, index) => `p${index}`).join(",");
    expect(read({ per, fpm: String(2n ** 63n + 1n) }, "o:a")).toEqual(["org:a:p0", "org:a:p63"]);
  });

  it("are refused when there are too many", () => {
    const per = Array.from({ length: 1001 }, (_, index) => `p${index}`).join(",");
    const mask = String(2n ** 1001n - 1n);
    expect(() => read({ per, fpm: `${mask},${mask}` }, "o:a,o:b")).toThrow(TooManyNames);
  });
});
