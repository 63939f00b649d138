import request from "supertest";
import { describe, expect, it } from "vitest";
import { authorize, not, type Rule, stepUp } from "../../src/authorization/index.js";
import { type ClaimMapping, clerk, firebase, rfc9068, supabase } from "../../src/claims/index.js";
import { toPrincipal } from "../../src/core/principal/claim-mapping.js";
import { setPrincipalSource } from "../../src/core/principal/principal.js";
import { expressVersions } from "../support/express.js";

const now = (): number => Math.floor(Date.now() / 1000);
const password = { method: "password", timestamp: 1 };
const totp = { method: "totp", timestamp: 2 };

describe.each(expressVersions)(
  "step-up by the claims of providers on Express %s",
  (_v, express) => {
    async function statusOf(mapping: ClaimMapping, claims: object, rule: Rule): Promise<number> {
      const app = express();
      app.get(
        "/",
        (req, _res, next) => {
          setPrincipalSource(req, toPrincipal(mapping, { sub: "alice", ...claims }));
          next();
        },
        authorize(rule),
        (_req, res) => void res.end(),
      );
      return (await request(app).get("/")).status;
    }

    it.each<[string, ClaimMapping, object, Rule, number]>([
      ["Supabase, one factor", supabase(), { aal: "aal1" }, stepUp({ acr: "aal2" }), 401],
      ["Supabase, two factors", supabase(), { aal: "aal2" }, stepUp({ acr: "aal2" }), 200],
      ["Supabase, another method", supabase(), { amr: [password] }, stepUp({ amr: "totp" }), 401],
      ["Supabase, the method", supabase(), { amr: [password, totp] }, stepUp({ amr: "totp" }), 200],
      ["Supabase, no time", supabase(), { iat: now(), amr: [totp] }, stepUp({ maxAge: "5m" }), 401],
      ["Supabase, unreadable", supabase(), { aal: 2, amr: [1] }, stepUp({ acr: "aal2" }), 503],
      ["Supabase, unreadable", supabase(), { amr: [{}] }, not(stepUp({ amr: "password" })), 503],
      ["Supabase, unreadable", supabase(), { aal: 1 }, not(stepUp({ acr: "aal1" })), 503],
      ["methods in objects", rfc9068(), { amr: [password] }, stepUp({ amr: "password" }), 503],
      ["methods in objects", rfc9068(), { amr: [password] }, not(stepUp({ amr: "password" })), 503],
      [
        "Firebase, a second factor",
        firebase(),
        { firebase: { sign_in_second_factor: "totp" } },
        stepUp({ amr: "mfa" }),
        200,
      ],
      ["Firebase, none", firebase(), { firebase: {} }, stepUp({ amr: "mfa" }), 401],
      [
        "Firebase, unreadable",
        firebase(),
        { firebase: { sign_in_second_factor: 1 } },
        not(stepUp({ amr: "mfa" })),
        503,
      ],
      ["Firebase, a time", firebase(), { auth_time: now() - 60 }, stepUp({ maxAge: "5m" }), 200],
      ["Clerk, recent", clerk(), { iat: now(), fva: [2, -1] }, stepUp({ maxAge: "5m" }), 200],
      [
        "Clerk, a minute begun",
        clerk(),
        { iat: now(), fva: [5, -1] },
        stepUp({ maxAge: "5m" }),
        401,
      ],
      ["Clerk, one factor", clerk(), { iat: now(), fva: [0, -1] }, stepUp({ amr: "mfa" }), 401],
      ["Clerk, two factors", clerk(), { iat: now(), fva: [0, 0] }, stepUp({ amr: "mfa" }), 200],
      ["Clerk, unreadable", clerk(), { iat: now(), fva: "0" }, stepUp({ maxAge: "5m" }), 503],
      ["Clerk, unreadable", clerk(), { iat: now(), fva: ["0"] }, not(stepUp({ amr: "mfa" })), 503],
    ])("%s: %#", async (_what, mapping, claims, rule, status) => {
      expect(await statusOf(mapping, claims, rule)).toBe(status);
    });
  },
);
