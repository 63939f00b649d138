import type { Express, RequestHandler } from "express";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { authorize, not, role } from "../authorization/index.js";
import { type Decision, decisionsOf } from "../core/decision/decision.js";
import { createTestIssuer } from "../testing/index.js";
import { oauthGuard } from "./index.js";

const issuer = createTestIssuer();

describe.each(expressVersions)(
  "lists of roles longer than 2,000 on Express %s",
  (_major, express) => {
    it("are not cut, so that `not(role('suspended'))` does not pass: the token is refused", async () => {
      const seen: Decision[] = [];
      const app = (express as unknown as () => Express)();
      const guard = oauthGuard({ ...issuer.options(), maxTokenSize: "15kb" }) as RequestHandler;
      app.use((req, res, next) => {
        res.on("close", () => seen.push(...decisionsOf(req)));
        guard(req, res, next);
      });
      app.get("/", authorize(not(role("suspended"))), (_req, res) => void res.send("open"));
      const withRoles = (count: number) => {
        const roles = [...Array.from({ length: count - 1 }, () => "a"), "suspended"];
        return request(app).get("/").auth(issuer.mint({ roles }), { type: "bearer" });
      };
      const refused = await withRoles(2001).expect(401);
      expect(refused.body.code).toBe("invalid_token");
      expect(seen).toMatchObject([{ guard: "oauthGuard", reason: "too_many_names" }]);
      await withRoles(2000).expect(403);
    });
  },
);
