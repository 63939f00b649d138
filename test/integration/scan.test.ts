import cors from "cors";
import type { RequestHandler } from "express";
import helmet from "helmet";
import { describe, expect, it } from "vitest";
import { errorHandler, notFound } from "../../src/errors/index.js";
import { secureApi } from "../../src/secure-api/index.js";
import { expressVersions } from "../support/express.js";
import { rulesOf, scanOf } from "../support/scan.js";

const LISTED = "https://app.example.com";

describe.each(expressVersions)("a scan of an app of Express %s", (_major, express) => {
  const answer: RequestHandler = (_req, res) => void res.json({ orders: [] });
  const secured = () => {
    const app = express();
    app.use(
      secureApi({
        auditLog: false,
        secureHeaders: { cors: { origins: [LISTED], credentials: true } },
        rateLimit: { limit: 600, window: "1m" },
        oauthGuard: { issuer: "https://idp.example.com", audience: "shop", publicKey: KEY },
        jsonBody: { limit: "10kb" },
        publicRoutes: ["GET /health"],
      }),
    );
    app.get("/health", answer);
    app.get("/orders", answer);
    app.use(notFound());
    app.use(errorHandler());
    return app;
  };

  it.each(["http", "https"] as const)("gives the preset the top grade (%s)", async (scheme) => {
    const report = await scanOf(secured(), {
      scheme,
      paths: ["/health", "/orders"],
      origin: LISTED,
    });
    const known = scheme === "https" ? ["certificate-not-trusted"] : [];
    expect(rulesOf(report)).toEqual(known);
    expect(report).toMatchObject({ grade: "A+", score: 100, unchecked: [] });
    expect(report.requests).toBeLessThanOrEqual(60);
  });

  it.each(["http", "https"] as const)("finds what bare Express lacks (%s)", async (scheme) => {
    const app = express();
    app.get("/", answer);
    app.use(express.json());
    const report = await scanOf(app, { scheme });
    expect(rulesOf(report)).toEqual(
      [
        ...(scheme === "https" ? ["certificate-not-trusted"] : []),
        "corp-missing",
        "data-csp-missing",
        "data-framing",
        "error-framework",
        "error-html",
        "error-internals",
        "error-stack",
        "nosniff-missing",
        "technology-named",
      ].sort(),
    );
    expect(report.grade).toBe("F");
  });

  it("finds CORS that reflects with credentials, which header scanners do not see", async () => {
    const app = express();
    app.use(helmet(), cors({ origin: true, credentials: true }));
    app.get("/", answer);
    const report = await scanOf(app);
    expect(rulesOf(report)).toContain("cors-any-origin-credentials");
    expect(report.grade).toBe("F");
    // Said once, and not for each origin that looks like another.
    expect(rulesOf(report).filter((rule) => rule.startsWith("cors-"))).toHaveLength(1);
  });
});
const KEY = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEVs/o5+uQbTjL3chynL4wXgUg2R9
q9UU8I5mEovUf86QZ7kOBIjJwqnzD1omageEHWwHdBO6B+dFabmdT9POxg==
-----END PUBLIC KEY-----
`;
