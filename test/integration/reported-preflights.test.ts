import type { Express } from "express";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { requireRole } from "../../src/authorization/index.js";
import { decisionsOf } from "../../src/core/decision/decision.js";
import type { Mode } from "../../src/core/guard/guard-options.js";
import { oauthGuard } from "../../src/oauth-guard/index.js";
import { secureApi } from "../../src/secure-api/index.js";
import { secureHeaders } from "../../src/secure-headers/index.js";
import { createTestIssuer } from "../../src/testing/index.js";
import { expressVersions } from "../support/express.js";

const ORIGIN = "https://app.example.com";
const issuer = createTestIssuer();

// An enforcing secureHeaders answers a preflight, so no guard behind it would refuse one.
describe.each(expressVersions)("preflights in report mode on Express %s", (_major, express) => {
  function appWith(build: (app: Express) => void): Express {
    const app = express();
    build(app);
    app.use((req, res) => {
      res.json(
        decisionsOf(req)
          .filter(({ outcome }) => outcome !== "allow")
          .map(({ guard, reason, first = false }) => ({ guard, reason, first })),
      );
    });
    return app;
  }

  const cors = { origins: [ORIGIN] };
  const preset = appWith((app) => {
    const oauth = issuer.options();
    const secureHeadersOptions = { cors };
    app.use(
      secureApi({
        mode: "report",
        auditLog: false,
        rateLimit: false,
        oauthGuard: oauth,
        secureHeaders: secureHeadersOptions,
      }),
    );
    app.use(requireRole("admin", { mode: "report" }));
  });
  const single = (headers: Mode) =>
    appWith((app) => {
      app.use(secureHeaders({ mode: headers, cors }));
      app.use(oauthGuard({ ...issuer.options(), mode: "report" }));
    });

  it.each([
    ["the preset", preset],
    ["single guards", single("report")],
  ])(
    "that a listed page may send are no refusals of the guards behind, with %s",
    async (_what, app) => {
      const preflight = { Origin: ORIGIN, "Access-Control-Request-Method": "POST" };
      expect((await request(app).options("/orders").set(preflight)).body).toEqual([]);
    },
  );

  it("that secureHeaders would refuse are its refusals alone", async () => {
    const preflight = { Origin: "https://b.example", "Access-Control-Request-Method": "POST" };
    expect((await request(preset).options("/orders").set(preflight)).body[0]).toEqual({
      guard: "secureHeaders",
      reason: "origin_not_allowed",
      first: true,
    });
  });

  it("leave other requests of that page to the guards behind", async () => {
    const refused = { guard: "oauthGuard", reason: "no_credentials", first: true };
    for (const app of [preset, single("report"), single("enforce")]) {
      const { body } = await request(app).get("/orders").set("Origin", ORIGIN);
      expect(body[0]).toEqual(refused);
    }
    // No preflight: secureHeaders leaves it to the app.
    const { body } = await request(preset).options("/orders").set("Origin", ORIGIN);
    expect(body[0]).toEqual(refused);
  });
});
