import type { Express, RequestHandler } from "express";
import request from "supertest";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import * as authorization from "../../src/authorization/index.js";
import {
  all,
  authorize,
  not,
  type Rule,
  requireRole,
  requireScope,
  role,
  when,
} from "../../src/authorization/index.js";
import { keycloak, supabase } from "../../src/claims/index.js";
import { oauthGuard } from "../../src/oauth-guard/index.js";
import { enrichPrincipal } from "../../src/principal/index.js";
import { createTestIssuer } from "../../src/testing/index.js";
import { listenToDecisions } from "../support/decisions.js";
import { expressVersions } from "../support/express.js";
import { firstCellsOf, guideSections } from "../support/guide.js";
import { runOnApp } from "../support/guide-app.js";
import { createRealm, keycloakToken } from "../support/keycloak-connect.js";
import { codeSpans } from "../support/reference-pages.js";

const GUIDE = "roles-and-permissions.md";
const sections = guideSections(GUIDE);
const decisions = listenToDecisions();
const issuer = createTestIssuer();

const CHOOSE = "1. Choose the kind of rule";
const SOURCE = "2. Say where roles come from";
const TABLE = "3. What a role may do";
const FRESH = "4. Dangerous routes need a fresh login";
const UNDECIDED = "5. What cannot be found out is no";
const LOOK = "6. Look before you enforce";
const MATRIX = "7. Test every role on every route";
const WRONG = "8. What goes wrong";

function sectionOf(heading: string) {
  const found = sections.find((one) => one.heading === heading);
  if (found === undefined) throw new Error(`the guide has no section ${heading}`);
  return found;
}
const blocks = (heading: string) => sectionOf(heading).blocks("ts");

beforeEach(() => {
  vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
});

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

it("runs every code block of the guide", () => {
  const run = [CHOOSE, SOURCE, SOURCE, TABLE, FRESH, LOOK, MATRIX];
  const found = sections.flatMap(({ heading, blocks: of }) => of("ts").map(() => heading));
  expect(found).toEqual(run);
  expect(sections.flatMap(({ blocks: of }) => of("js"))).toEqual([]);
});

describe.each(expressVersions)("the guide to roles on Express %s", (_major, express) => {
  const run = (app: Express, code = "", given: Readonly<Record<string, unknown>> = {}) =>
    runOnApp(app, express, code.replaceAll(/^declare .*\n/gm, ""), given);

  function guarded(...codes: readonly string[]): Express {
    const app = express();
    app.set("env", "test");
    app.use(oauthGuard(issuer.options()));
    for (const code of codes) run(app, code);
    return app;
  }

  type Method = "get" | "head" | "put" | "post" | "delete";
  async function ask(app: Express, route: string, claims?: object): Promise<string> {
    const [method = "", path = ""] = route.split(" ");
    const sent = request(app)[method.toLowerCase() as Method](path);
    if (claims !== undefined) {
      sent.set("Authorization", `Bearer ${issuer.mint(claims as Record<string, unknown>)}`);
    }
    const { status, body } = await sent;
    return body?.code === undefined ? String(status) : `${status} ${body.code}`;
  }

  describe(CHOOSE, () => {
    it("has examples that are rules", () => {
      for (const { "the rule": cell = "" } of sectionOf(CHOOSE).tables[0]?.rows ?? []) {
        const names = Object.keys(authorization);
        const make = new Function(...names, `return ${codeSpans(cell)[0]?.replace("…", "true")}`);
        const rule = make(...Object.values(authorization)) as Rule;
        expect(() => authorize(rule)).not.toThrow();
      }
      expect(sectionOf(CHOOSE).tables[0]?.rows).toHaveLength(6);
    });

    it("asks for the scope of the client and the permission of its user", async () => {
      const app = guarded(...blocks(CHOOSE));
      const both = { scope: "orders:write", permissions: ["orders:write"] };
      const mapped = express().use(
        oauthGuard({
          ...issuer.options(),
          principal: {
            scopes: [{ path: "scope", format: "space" }],
            permissions: [{ path: "permissions" }],
          },
        }),
      );
      run(mapped, blocks(CHOOSE)[0]);
      expect(await ask(mapped, "POST /orders", both)).toBe("201");
      for (const part of [{ scope: both.scope }, { permissions: both.permissions }]) {
        expect((await ask(mapped, "POST /orders", part)).slice(0, 3)).toBe("403");
      }
      expect(await ask(app, "GET /reports", { roles: ["auditor"] })).toBe("200");
      expect(await ask(app, "GET /reports", { roles: ["viewer"] })).toBe("403 access_denied");
    });
  });

  describe(SOURCE, () => {
    it("takes roles from the token", async () => {
      const realm = createRealm("https://sso.example.com/realms/shop");
      const app = express();
      const code = blocks(SOURCE)[0]?.replace("audience:", "jwks: () => realm.jwks, audience:");
      run(app, code, { realm });
      app.get("/", requireRole("editor"), (_req, res) => void res.json({}));
      const send = (roles: readonly string[]) =>
        request(app)
          .get("/")
          .set("Authorization", `Bearer ${keycloakToken(realm, roles)}`);
      await send(["editor"]).expect(200);
      await send(["realm:editor"]).expect(403);
    });

    it("takes roles from the database alone", async () => {
      const accounts: Record<string, string[]> = { alice: ["admin"], bob: [] };
      const findAccount = async (subject: string) => {
        if (subject === "down") throw new Error("the database is down");
        const roles = accounts[subject];
        return roles ? { roles } : null;
      };
      const app = express();
      app.use(oauthGuard(issuer.options()));
      run(app, blocks(SOURCE)[1], { findAccount });
      app.get("/", requireRole("admin"), (_req, res) => void res.json({}));
      const by = (sub: string) => ask(app, "GET /", { sub, roles: ["admin"] });
      expect(await by("alice")).toBe("200");
      expect(await by("bob")).toBe("403 access_denied");
      expect(await by("gone")).toBe("401 authentication_required");
      expect(await by("down")).toBe("503 check_unavailable");
    });
  });

  describe(TABLE, () => {
    const routes = ["GET /orders", "PUT /orders/7", "DELETE /orders/7", "GET /logs"];
    it.each(firstCellsOf(sections, TABLE))("%s", async (name) => {
      const app = guarded(...blocks(TABLE));
      const row = sectionOf(TABLE).tables[0]?.rows.find((one) => one["role"] === name);
      const passed: string[] = [];
      for (const route of routes) {
        const answer = await ask(app, route, { roles: codeSpans(name) });
        if (answer.startsWith("2")) passed.push(route);
        else expect(answer).toBe("403 access_denied");
      }
      expect(passed).toEqual(codeSpans(row?.["passes"] ?? ""));
    });

    it("knows the table in the functions of defineRoles alone", async () => {
      const app = guarded();
      app.get("/", requireRole("viewer"), (_req, res) => void res.json({}));
      expect(await ask(app, "GET /", { roles: ["admin"] })).toBe("403 access_denied");
    });
  });

  it("asks for a fresh login only whom it lets pass then", async () => {
    const app = express();
    app.use(
      oauthGuard({ ...issuer.options(), principal: { permissions: [{ path: "permissions" }] } }),
    );
    run(app, blocks(FRESH)[0]);
    const now = Math.floor(Date.now() / 1000);
    const old = { auth_time: now - 3600 };
    const may = { permissions: ["payouts:send"] };
    const sent = [old, { ...may, ...old }, may, { ...may, auth_time: now }];
    const answers = [];
    for (const claims of sent) answers.push(await ask(app, "POST /payouts", claims));
    const another = "401 insufficient_user_authentication";
    expect(answers).toEqual(["403 access_denied", another, another, "202"]);
  });

  describe(UNDECIDED, () => {
    const claims: Readonly<Record<string, object>> = {
      "the claim `roles` is absent": {},
      "the claim `roles` is a number": { roles: 7 },
      "the roles are elsewhere (`_claim_names`)": { _claim_names: { roles: "src1" } },
      "one of the roles is a number, and another is `admin`": { roles: [7, "admin"] },
      "the function of `when` throws, also under `not`": {},
    };
    const fail = () => {
      throw new Error("mine");
    };
    const rules: Readonly<Record<string, Rule>> = {
      'role("admin")': role("admin"),
      'not(role("suspended"))': not(role("suspended")),
      'not(when("blocked", …))': not(when("blocked", fail)),
    };
    const rows = sectionOf(UNDECIDED).tables[0]?.rows ?? [];

    it.each(rows)("$situation: $rule", async ({ situation = "", rule = "", answer = "" }) => {
      const app = guarded();
      const made = rules[codeSpans(rule)[0] ?? ""] as Rule;
      app.get("/", authorize(made), (_req, res) => void res.json({}));
      expect(claims).toHaveProperty([situation]);
      expect(await ask(app, "GET /", claims[situation])).toBe(answer.replaceAll("`", ""));
      if (answer.startsWith("503")) {
        const reason = decisions.at(-1)?.reason;
        expect(reason).toBe(answer.includes("check") ? "function_failed" : "undecided");
      }
    });
  });

  it("reports first, with the reason", async () => {
    const app = guarded(...blocks(LOOK));
    app.get("/admin", (_req, res) => void res.json({}));
    expect(await ask(app, "GET /admin", {})).toBe("200");
    expect(decisions.at(-1)).toMatchObject({
      enforced: false,
      code: "access_denied",
      reason: "missing_permission",
    });
  });

  describe(MATRIX, () => {
    const code = (blocks(MATRIX)[0] ?? "").replaceAll(
      /^import .* from "(supertest|vitest|express)";\n/gm,
      "",
    );
    run(express(), code, { express, request, expect, it });
  });

  describe(WRONG, () => {
    const none = undefined as unknown as string;
    const ok: RequestHandler = (_req, res) => void res.json({ ok: true });
    const behind = (...guards: readonly RequestHandler[]) => {
      const app = guarded();
      app.get("/", ...guards, ok);
      return app;
    };
    const checks: Readonly<Record<string, () => unknown>> = {
      "`requireRole(process.env.ADMIN_ROLE)`, and the variable is not set": () => {
        vi.stubEnv("ADMIN_ROLE", undefined);
        expect(() => requireRole(process.env["ADMIN_ROLE"] ?? none)).toThrow("requireRole");
      },
      "`requireRole(...roles)`, and the list is empty": () => {
        const roles = [] as unknown as [string];
        expect(() => requireRole(...roles)).toThrow("requireRole");
      },
      '`requireRole(...text.split(","))` with white space after the comma, or an empty text':
        () => {
          for (const text of ["admin, editor", ""]) {
            expect(() => requireRole(...(text.split(",") as [string]))).toThrow("requireRole");
          }
        },
      '`requireScope("a b")` for two scopes': () => {
        expect(() => requireScope("a b")).toThrow("requireScope");
      },
      '`requireRole("admin", "auditor")` for "both"': async () => {
        const one = { roles: ["admin"] };
        expect(await ask(behind(requireRole("admin", "auditor")), "GET /", one)).toBe("200");
        const both = behind(authorize(all(role("admin"), role("auditor"))));
        expect(await ask(both, "GET /", one)).toBe("403 access_denied");
        expect(await ask(both, "GET /", { roles: ["admin", "auditor"] })).toBe("200");
      },
      "the token says `administrator` or `Admin`, the route `admin`": async () => {
        for (const name of ["administrator", "Admin"]) {
          const answer = await ask(behind(requireRole("admin")), "GET /", { roles: [name] });
          expect(answer).toBe("403 access_denied");
        }
      },
      "the token has the role in another client of Keycloak": async () => {
        const realm = createRealm();
        const principal = keycloak({ clientId: "orders-api" });
        const app = express().use(oauthGuard({ ...realm.options(), principal }));
        app.get("/", requireRole("admin"), ok);
        const other = { resource_access: { "stock-api": { roles: ["admin"] } } };
        for (const [claims, status] of [
          [other, 403],
          [{ resource_access: { "orders-api": { roles: ["admin"] } } }, 200],
        ] as const) {
          const token = keycloakToken(realm, [], claims);
          await request(app).get("/").set("Authorization", `Bearer ${token}`).expect(status);
        }
      },
      "roles from metadata that users edit themselves (`user_metadata`)": async () => {
        expect(() => supabase({ rolesClaim: ["user_metadata", "role"] })).toThrow("user_metadata");
        const principal = { roles: [{ path: ["user_metadata", "role"] }] };
        const app = express().use(oauthGuard({ ...issuer.options(), principal }));
        app.get("/", requireRole("admin"), ok);
        expect(await ask(app, "GET /", { user_metadata: { role: "admin" } })).toBe("200");
      },
      "the guard is mounted without `oauthGuard` or the like in front": async () => {
        const app = express().get("/", requireRole("admin"), ok);
        expect(await ask(app, "GET /", { roles: ["admin"] })).toBe("401 authentication_required");
        expect(decisions.at(-1)?.reason).toBe("no_principal");
      },
      'a wrapper that asks the guard only if `req.method === "GET"`': async () => {
        let runs = 0;
        const guard = requireRole("admin") as RequestHandler;
        const wrapper: RequestHandler = (req, res, next) =>
          req.method === "GET" ? guard(req, res, next) : next();
        const count: RequestHandler = (_req, _res, next) => {
          runs += 1;
          next();
        };
        expect(await ask(behind(wrapper, count), "GET /", {})).toBe("403 access_denied");
        expect(await ask(behind(wrapper, count), "HEAD /", {})).toBe("200");
        expect(runs).toBe(1);
        expect(await ask(behind(guard, count), "HEAD /", {})).toBe("403");
        expect(runs).toBe(1);
      },
      'the route is registered in front of `app.use("/admin", guard)`': async () => {
        const app = express().use(oauthGuard(issuer.options()));
        app.get("/admin/early", ok);
        app.use("/admin", requireRole("admin"));
        app.get("/admin/late", ok);
        expect(await ask(app, "GET /admin/early", {})).toBe("200");
        expect(await ask(app, "GET /admin/late", {})).toBe("403 access_denied");
      },
      "a role that was taken away is still in the token": async () => {
        const claims = { roles: ["admin"] };
        expect(await ask(behind(requireRole("admin")), "GET /", claims)).toBe("200");
        const asked = enrichPrincipal(async () => ({ roles: [] }), { replace: "roles" });
        expect(await ask(behind(asked, requireRole("admin")), "GET /", claims)).toBe(
          "403 access_denied",
        );
      },
    };

    it.each(firstCellsOf(sections, WRONG))("%s", async (row) => {
      expect(checks).toHaveProperty([row]);
      await checks[row]?.();
    });

    it("has no check without a row", () => {
      expect(Object.keys(checks)).toEqual(firstCellsOf(sections, WRONG));
    });
  });
});
