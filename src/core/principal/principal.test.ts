import type { Request } from "express";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPrincipal, getPrincipal, setPrincipalSource } from "./principal.js";

describe("getPrincipal", () => {
  it("is null when nobody set a source or the source finds nobody", () => {
    const req = {} as Request;
    expect(getPrincipal(req)).toBeNull();
    setPrincipalSource(req, () => null);
    expect(getPrincipal(req)).toBeNull();
  });

  it("derives the principal once, at the first call", () => {
    const req = {} as Request;
    let calls = 0;
    setPrincipalSource(req, () => {
      calls += 1;
      return createPrincipal({ subject: "alice" });
    });
    expect(calls).toBe(0);
    expect(getPrincipal(req)).toBe(getPrincipal(req));
    expect(calls).toBe(1);
  });

  it("asks once, too, when there is nobody", () => {
    const req = {} as Request;
    let calls = 0;
    setPrincipalSource(req, () => {
      calls += 1;
      return null;
    });
    getPrincipal(req);
    getPrincipal(req);
    expect(calls).toBe(1);
  });

  it("forgets the earlier principal when the source changes", () => {
    const req = {} as Request;
    setPrincipalSource(req, () => createPrincipal({ subject: "alice" }));
    expect(getPrincipal(req)?.subject).toBe("alice");
    setPrincipalSource(req, () => createPrincipal({ subject: "bob" }));
    expect(getPrincipal(req)?.subject).toBe("bob");
  });

  it("believes no member of the request", () => {
    const req = Object.assign({} as Request, {
      auth: { subject: "mallory" },
      user: { id: 1 },
      principal: { roles: ["admin"] },
    });
    expect(getPrincipal(req)).toBeNull();
  });
});

describe("createPrincipal", () => {
  it("fills in what is missing and freezes everything", () => {
    const principal = createPrincipal({});
    expect(principal).toEqual({
      id: "",
      kind: "user",
      subject: undefined,
      issuer: undefined,
      clientId: undefined,
      tenant: undefined,
      roles: [],
      scopes: [],
      permissions: [],
      groups: [],
      undetermined: [],
      acr: undefined,
      amr: [],
      authTime: undefined,
      claims: {},
    });
    for (const part of [
      principal,
      principal.roles,
      principal.scopes,
      principal.permissions,
      principal.groups,
      principal.undetermined,
      principal.amr,
      principal.claims,
    ]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  it("copies lists, so that nobody gains a role later", () => {
    const roles = ["viewer"];
    const principal = createPrincipal({ roles });
    roles.push("admin");
    expect(principal.roles).toEqual(["viewer"]);
  });

  it("gives nobody a role through a polluted Object.prototype", () => {
    const prototype = Object.prototype as unknown as Record<string, unknown>;
    prototype["roles"] = ["admin"];
    prototype["kind"] = "service";
    try {
      expect(createPrincipal({ subject: "alice" })).toMatchObject({ roles: [], kind: "user" });
    } finally {
      delete prototype["roles"];
      delete prototype["kind"];
    }
  });

  it.each([
    [
      "issuer and subject",
      { issuer: "https://a.example", subject: "alice" },
      "https://a.example alice",
    ],
    [
      "issuer and client",
      { issuer: "https://a.example", clientId: "cron" },
      "https://a.example cron",
    ],
    ["a subject alone", { subject: "alice" }, "alice"],
  ])("identifies by %s", (_what, init, id) => {
    expect(createPrincipal(init).id).toBe(id);
  });

  it("never gives two different pairs of issuer and subject the same id", () => {
    const name = fc.constantFrom(
      "a",
      "a b",
      " a",
      "a ",
      "https://a.example",
      "https://a.example alice",
      " https://a.example alice",
      "alice",
    );
    const issuer = fc.constantFrom(undefined, "https://a.example", "a", "b");
    fc.assert(
      fc.property(issuer, name, issuer, name, (issuer1, subject1, issuer2, subject2) => {
        const same = issuer1 === issuer2 && subject1 === subject2;
        const one = createPrincipal({ issuer: issuer1, subject: subject1 });
        const two = createPrincipal({ issuer: issuer2, subject: subject2 });
        expect(one.id === two.id).toBe(same);
      }),
      { numRuns: 1000 },
    );
  });
});
