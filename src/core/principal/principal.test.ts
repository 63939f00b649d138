import type { Request } from "express";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { unquotedText } from "../../audit-log/text/json-text.js";
import {
  createPrincipal,
  getPrincipal,
  type PrincipalInit,
  setPrincipalSource,
} from "./principal.js";

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
      "https://a.example client:cron",
    ],
    ["a subject alone", { subject: "alice" }, "alice"],
    [
      "the client of a service, with its name as the subject or without one",
      { kind: "service", issuer: "https://a.example", subject: "cron", clientId: "cron" },
      "https://a.example service:cron",
    ],
    ["a service without an issuer", { kind: "service", clientId: "cron" }, "service:cron"],
    [
      "the account of a service",
      { kind: "service", issuer: "https://a.example", subject: "81f3", clientId: "cron" },
      "https://a.example service-account:81f3",
    ],
    ["somebody anonymous", { kind: "anonymous", subject: "guest" }, "anonymous:guest"],
    ["nobody in particular", { kind: "anonymous" }, ""],
    [
      "a user who is called like a service, with a digest",
      { subject: "service:cron" },
      "service:cron...#hJE0xAzpcB6x_V7PuIzv6I7xOKXn9px3amwz9OCvyeU",
    ],
  ] as const)("identifies by %s", (_what, init, id) => {
    expect(createPrincipal(init).id).toBe(id);
  });

  it("never gives two different callers the same id, nor a longer one than a record shows", () => {
    const long = "x".repeat(300);
    const longId = createPrincipal({ subject: long }).id;
    const name = fc.constantFrom(
      "a",
      "a b",
      " a",
      "a ",
      "a\u0000",
      "a\\u0000",
      "a?",
      "https://a.example",
      "https://a.example alice",
      " https://a.example alice",
      "https://a.example service:alice",
      "alice",
      "client:alice",
      "service:alice",
      "service-account:alice",
      "anonymous:alice",
      "service:service:alice",
      long,
      `${long}y`,
      longId,
      `${longId} `,
    );
    const identity = fc.record({
      kind: fc.constantFrom("user", "service", "anonymous"),
      issuer: fc.constantFrom(undefined, "https://a.example", "a", "service:alice", long),
      subject: fc.option(name, { nil: undefined }),
      clientId: fc.option(name, { nil: undefined }),
    });
    const named = (init: PrincipalInit): string | undefined => init.subject ?? init.clientId;
    const isClient = ({ kind, subject, clientId }: PrincipalInit): boolean =>
      subject === undefined || (kind === "service" && subject === clientId);
    fc.assert(
      fc.property(identity, identity, (one, two) => {
        fc.pre(named(one) !== undefined && named(two) !== undefined);
        const same =
          one.kind === two.kind &&
          one.issuer === two.issuer &&
          named(one) === named(two) &&
          isClient(one) === isClient(two);
        const [first, second] = [createPrincipal(one).id, createPrincipal(two).id];
        expect(first === second).toBe(same);
        expect(unquotedText(first) === unquotedText(second)).toBe(same);
        expect(first.length).toBeLessThanOrEqual(256);
      }),
      { numRuns: 5000 },
    );
  });
});
