import type { Express, Request, RequestHandler } from "express";
import request from "supertest";
import { describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { not } from "../authorization/combinators/not.js";
import { authorize, requireRole } from "../authorization/index.js";
import { role } from "../authorization/rules/role.js";
import { type Decision, decisionsOf } from "../core/decision/decision.js";
import { pendingVerdicts } from "../core/decision/pending-verdict.js";
import { getPrincipal, type PrincipalInit } from "../core/principal/principal.js";
import { enrichPrincipal } from "./enrich-principal.js";
import { principalFrom } from "./principal-from.js";
import { session } from "./session.js";

const report = { mode: "report" } as const;
const alice: PrincipalInit = { subject: "alice", roles: ["admin"] };

/** Long enough for all that the guards in front still have to say. */
const turns = async (count: number): Promise<void> => {
  for (let n = 0; n < count; n += 1) await new Promise((resolve) => setImmediate(resolve));
};

const pause: RequestHandler = (_req, _res, next) => void turns(10).then(() => next());

const withSession: RequestHandler = (req, _res, next) => {
  Object.assign(req, { session: { user: "alice" } });
  next();
};

/** A way in report mode that answers after so many turns of the event loop. */
const tried = (init: PrincipalInit | null, after: number): unknown =>
  principalFrom(async () => {
    await turns(after);
    return init;
  }, report);

describe.each(expressVersions)(
  "guards in front of enrichPrincipal that report, on Express %s",
  (...[, express]) => {
    let last: Request;
    let decisions: readonly Decision[] = [];

    function appWith(...handlers: unknown[]): Express {
      const app = (express as unknown as () => Express)();
      app.use((req, _res, next) => {
        last = req;
        decisions = decisionsOf(req);
        next();
      });
      app.use(...(handlers as RequestHandler[]));
      app.get("/", (req, res) => void res.json(getPrincipal(req)));
      app.get("/admin", requireRole("admin"), (_req, res) => void res.json({ reached: true }));
      return app;
    }

    it("lets guards in report mode behind an enforcing guard that has waited wait for what is pending", async () => {
      const app = appWith(
        tried({ subject: "alice" }, 1),
        enrichPrincipal(() => ({ groups: ["staff"] })),
        enrichPrincipal(async () => ({ roles: ["admin"] }), report),
        requireRole("admin", report),
      );
      await request(app).get("/").expect(200);
      await pendingVerdicts(last);
      expect(decisions.at(-1)).toMatchObject({ guard: "requireRole", outcome: "allow" });
    });

    it("never shows the caller without what belongs to it when two of them say who calls", async () => {
      const app = appWith(
        tried(null, 1),
        enrichPrincipal(() => ({ groups: ["staff"] })),
        tried(alice, 3),
        enrichPrincipal(() => ({ roles: ["user"] }), { replace: "roles" }),
        pause,
      );
      const answer = await request(app).get("/admin").expect(401);
      expect(answer.body.code).toBe("authentication_required");
      await request(app).get("/").expect(200, "null");
    });

    it("leaves who is named behind it nobody, because it has added nothing", async () => {
      const suspended = enrichPrincipal(() => ({ roles: ["suspended"] }));
      const late = [principalFrom(() => alice, report), tried(alice, 1)];
      for (const way of late) {
        const app = appWith(suspended, way, authorize(not(role("suspended"))), pause);
        const answer = await request(app).get("/").expect(401);
        expect(answer.body.code).toBe("authentication_required");
      }
    });

    it.each([
      ["somebody", 200],
      ["nobody", 401],
    ])("waits for none of them once a guard that enforces has named %s", async (who, status) => {
      let release: () => void = () => undefined;
      const hanging = principalFrom(
        () =>
          new Promise((resolve) => {
            release = () => resolve({ subject: "bob" });
          }),
        report,
      );
      const names = session(() => (who === "somebody" ? alice : null));
      for (const order of [
        [hanging, names],
        [names, hanging],
      ]) {
        const staff = enrichPrincipal(() => ({ groups: ["staff"] }));
        await request(appWith(withSession, ...order, staff))
          .get("/admin")
          .expect(status);
        const guards = decisions.map(({ guard }) => guard);
        expect(guards).toEqual(["session", "enrichPrincipal", "requireRole"]);
        release();
        await pendingVerdicts(last);
        expect(decisions.at(-1)).toMatchObject({ guard: "principalFrom", enforced: false });
        expect(getPrincipal(last)?.subject).toBe(who === "somebody" ? "alice" : undefined);
      }
    });

    it("reports two callers also while the one that counts is looked up", async () => {
      let release: (found: object) => void = () => undefined;
      const looking = enrichPrincipal(
        () =>
          new Promise<object>((resolve) => {
            release = resolve;
          }),
      );
      const app = appWith(
        withSession,
        session(() => alice),
        tried({ subject: "bob" }, 1),
        looking,
      );
      const answer = request(app)
        .get("/")
        .then(({ status }) => status);
      await vi.waitFor(() =>
        expect(decisions.at(-1)).toMatchObject({ reason: "conflicting_credentials" }),
      );
      release({ groups: ["staff"] });
      expect(await answer).toBe(200);
    });

    it("refuses nobody for an account that is gone when the caller is only tried out", async () => {
      const app = appWith(
        tried({ subject: "ghost" }, 1),
        enrichPrincipal(() => null),
      );
      await request(app).get("/").expect(200, "null");
      expect(decisions.at(-1)).toMatchObject({ guard: "enrichPrincipal", reason: "no_principal" });
      const answer = await request(app).get("/admin").expect(401);
      expect(answer.body.code).toBe("authentication_required");
    });

    it("reports of no caller what was looked up for another one", async () => {
      let release: (found: object) => void = () => undefined;
      const looking = enrichPrincipal(
        () =>
          new Promise<object>((resolve) => {
            release = resolve;
          }),
        report,
      );
      const app = appWith(
        principalFrom(() => alice, report),
        looking,
        withSession,
        session(() => ({ subject: "bob" })),
        requireRole("admin", report),
      );
      await request(app).get("/").expect(200);
      release({ groups: ["staff"] });
      await pendingVerdicts(last);
      expect(decisions.at(-1)).toMatchObject({ guard: "requireRole", outcome: "deny" });
    });
  },
);
