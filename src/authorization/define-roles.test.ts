import type { Express, RequestHandler } from "express";
import fc from "fast-check";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import {
  assemblePrincipal,
  createPrincipal,
  type PrincipalInit,
  setPrincipalSource,
} from "../core/principal/principal.js";
import { authorize } from "./authorize.js";
import { not } from "./combinators/not.js";
import { defineRoles } from "./define-roles.js";
import { logicOf, type Rule } from "./rule/rule.js";
import type { Verdict } from "./rule/verdict.js";

const roles = defineRoles({
  viewer: { permissions: ["orders:read"] },
  editor: { includes: "viewer", permissions: ["orders:write"] },
  auditor: { includes: ["viewer"], permissions: "audit:read" },
  admin: { includes: ["editor", "auditor"] },
});

function effectOf(rule: Rule, init: PrincipalInit): string {
  const principal = createPrincipal({ subject: "a", ...init });
  return (logicOf(rule).judge(principal, {} as never, undefined) as Verdict).effect;
}

describe("defineRoles", () => {
  it.each([
    ["viewer", ["viewer"], "allow"],
    ["viewer", ["admin"], "allow"],
    ["viewer", ["auditor"], "allow"],
    ["editor", ["viewer"], "deny"],
    ["editor", ["auditor"], "deny"],
    ["auditor", ["admin"], "allow"],
    ["admin", ["editor", "auditor"], "deny"],
    ["viewer", ["superuser"], "deny"],
    ["viewer", ["ADMIN", "administrator", "constructor", "__proto__"], "deny"],
  ] as const)("role(%s) of %j says %s", (wanted, held, effect) => {
    expect(effectOf(roles.role(wanted), { roles: held })).toBe(effect);
  });

  it("takes permissions from the roles and from the caller, and needs all of them", () => {
    const both = roles.permission("orders:read", "orders:write");
    expect(effectOf(both, { roles: ["admin"] })).toBe("allow");
    expect(effectOf(both, { roles: ["viewer"] })).toBe("deny");
    expect(effectOf(both, { roles: ["viewer"], permissions: ["orders:write"] })).toBe("allow");
    expect(effectOf(roles.permission("other"), { permissions: ["other"] })).toBe("allow");
    expect(effectOf(roles.permission("constructor"), { roles: ["admin"] })).toBe("deny");
  });

  it("is undecided where roles or permissions could not be read, also under not", () => {
    for (const list of ["roles", "permissions"] as const) {
      const principal = assemblePrincipal({
        ...createPrincipal({ subject: "a", roles: ["viewer"] }),
        undetermined: [list],
      });
      const judge = (rule: Rule): string =>
        (logicOf(rule).judge(principal, {} as never, undefined) as Verdict).effect;
      expect(judge(roles.permission("orders:write"))).toBe("indeterminate");
      expect(judge(not(roles.permission("orders:write")))).toBe("indeterminate");
      expect(judge(roles.role("editor"))).toBe(list === "roles" ? "indeterminate" : "deny");
      expect(judge(roles.role("viewer"))).toBe("allow");
    }
  });

  it("gives a role what any chain of roles leads to, and nothing else", () => {
    const names = ["a", "b", "c", "d", "e", "f"] as const;
    // Roles include only later ones, so there are no circles.
    const table = fc.tuple(
      ...names.map((_name, index) => fc.subarray(names.slice(index + 1) as string[])),
    );
    fc.assert(
      fc.property(
        table,
        fc.constantFrom(...names),
        fc.constantFrom(...names),
        (rows, held, wanted) => {
          const made = defineRoles(
            Object.fromEntries(
              names.map((name, index) => {
                const includes = rows[index] as string[];
                return [name, includes.length === 0 ? {} : { includes }];
              }),
            ),
          );
          const reaches = (from: string): boolean =>
            from === wanted ||
            (rows[names.indexOf(from as "a")] as string[]).some((next) => reaches(next));
          expect(effectOf(made.role(wanted), { roles: [held] })).toBe(
            reaches(held) ? "allow" : "deny",
          );
        },
      ),
    );
  });

  it("keeps what it was given, whatever becomes of the table", () => {
    const table = { viewer: {}, admin: { includes: ["viewer"] } };
    const made = defineRoles(table);
    table.admin.includes.length = 0;
    expect(effectOf(made.role("viewer"), { roles: ["admin"] })).toBe("allow");
  });

  const unset: string | undefined = undefined;
  it.each<[unknown, string]>([
    [{}, "defineRoles must be an object with a member for each role"],
    [unset, "defineRoles must be an object with a member for each role, got undefined"],
    [["admin"], "defineRoles must be an object with a member for each role"],
    [{ admin: null }, "defineRoles.admin must be an options object, got null"],
    [
      { admin: ["orders:read"] },
      'defineRoles.admin must be an options object, got a list of 1: write { permissions: "orders:read" }',
    ],
    [{ admin: { includes: "viewr" }, viewer: {} }, 'did you mean "viewer"?'],
    [{ admin: { includes: unset } }, "defineRoles.admin.includes"],
    [{ admin: { includes: [] } }, "got an empty list"],
    [{ admin: { permissions: "" } }, "defineRoles.admin.permissions"],
    [
      { a: { includes: "b" }, b: { includes: "a" } },
      "defineRoles.a.includes must not lead back to the role itself",
    ],
    [{ a: { includes: "a" } }, "must not lead back to the role itself"],
    [
      {
        a: { includes: "b" },
        b: { includes: ["a", "c"] },
        c: { includes: "d" },
        d: { includes: "d" },
      },
      "defineRoles.d.includes must not lead back to the role itself",
    ],
    [{ " a": {} }, "must not start or end with white space"],
    [{ a: { extends: "b" }, b: {} }, 'did you mean "includes"?'],
  ])("refuses %j at start-up", (table, problem) => {
    expect(() => defineRoles(table as never)).toThrow(
      expect.objectContaining({ name: "OptionsError", message: expect.stringContaining(problem) }),
    );
  });

  it("refuses roles that the table does not have", () => {
    expect(() => roles.role("editr" as never)).toThrow('did you mean "editor"?');
    expect(() => roles.requireRole("admin", "nobody" as never)).toThrow(
      "requireRole.roles must name roles that defineRoles has",
    );
    expect(() => roles.requireRole({ mode: "report" } as never)).toThrow("got none");
    expect(() => roles.permission(unset as never)).toThrow("permission.permissions[0]");
  });

  it("does not compile with a role that the table does not have", () => {
    // @ts-expect-error not in the table
    expect(() => roles.role("owner")).toThrow();
    // @ts-expect-error not in the table
    expect(() => roles.requireRole("admin", "owner", { mode: "report" })).toThrow();
  });

  it("says of the roles in circles alone that they lead back to themselves", () => {
    const circles = {
      z: { includes: "a" },
      a: { includes: "b" },
      b: { includes: ["a", "c"] },
      c: { includes: "d" },
      d: { includes: ["d", "e"] },
      e: {},
    };
    let message = "";
    try {
      defineRoles(circles);
    } catch (error) {
      message = String(error);
    }
    expect(message.match(/(?<=defineRoles\.)\w+(?=\.includes must not lead back)/g)).toEqual([
      "a",
      "b",
      "d",
    ]);
  });

  it("resolves thousands of roles in a row: it does not look at each pair of them", () => {
    const table = Object.fromEntries(
      Array.from({ length: 10_000 }, (_, index) => [
        `r${index}`,
        index === 9999 ? { permissions: "p" } : { includes: `r${index + 1}` },
      ]),
    );
    const many = defineRoles(table);
    expect(effectOf(many.role("r9999"), { roles: ["r0"] })).toBe("allow");
    expect(effectOf(many.role("r5000"), { roles: ["r5001"] })).toBe("deny");
    expect(effectOf(many.permission("p"), { roles: ["r0"] })).toBe("allow");
  });

  it("guesses what was meant for the first unknown roles alone, because each guess looks at all", () => {
    const table = Object.fromEntries(
      Array.from({ length: 2000 }, (_, index) => [`role-${index}`, { includes: `rule_${index}` }]),
    );
    const create = (): unknown => defineRoles(table);
    expect(create).toThrow(
      "defineRoles.role-19.includes must name roles that are defined here: did",
    );
    expect(create).toThrow(
      "defineRoles.role-1999.includes must name roles that are defined here: give",
    );
  });
});

describe.each(expressVersions)("its guards on Express %s", (_major, express) => {
  function appFor(init: PrincipalInit | null, ...guards: RequestHandler[]): Express {
    const app = express();
    app.use((req, _res, next) => {
      setPrincipalSource(req, () => (init === null ? null : createPrincipal(init)));
      next();
    });
    app.get("/", ...guards, (_req, res) => void res.json({ reached: true }));
    return app;
  }

  it("answer as requireRole and requirePermission do", async () => {
    const guards = [roles.requireRole("viewer"), roles.requirePermission("orders:write")];
    await request(appFor({ subject: "a", roles: ["admin"] }, ...guards))
      .get("/")
      .expect(200);
    await request(appFor({ subject: "a", roles: ["viewer"] }, ...guards))
      .get("/")
      .expect(403);
    await request(appFor(null, ...guards))
      .get("/")
      .expect(401);
    const report = roles.requireRole("admin", { mode: "report" });
    await request(appFor({ subject: "a" }, report))
      .get("/")
      .expect(200);
    await request(appFor({ subject: "a", roles: ["admin"] }, authorize(roles.role("viewer"))))
      .get("/")
      .expect(200);
  });
});
