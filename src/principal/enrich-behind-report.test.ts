import type { Express, Request, RequestHandler } from "express";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { requireRole } from "../authorization/index.js";
import { type Decision, decisionsOf } from "../core/decision/decision.js";
import { pendingVerdicts } from "../core/decision/pending-verdict.js";
import { getPrincipal, type PrincipalInit } from "../core/principal/principal.js";
import { enrichPrincipal } from "./enrich-principal.js";
import { principalFrom } from "./principal-from.js";

const report = { mode: "report" } as const;

/** Long enough for all that the guards in front still have to say. */
const turns = async (count: number): Promise<void> => {
  for (let n = 0; n < count; n += 1) await new Promise((resolve) => setImmediate(resolve));
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
  },
);
