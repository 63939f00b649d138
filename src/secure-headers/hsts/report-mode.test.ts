import request from "supertest";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import { secureHeaders } from "../secure-headers.js";
import type { SecureHeadersOptions } from "../secure-headers-options.js";

const FIELD = "strict-transport-security";
const TLS = { Host: "api.example.com", "X-Forwarded-Proto": "https" };

describe.each(expressVersions)("maxAgeInReportMode on Express %s", (_major, express) => {
  async function sent(
    options: SecureHeadersOptions,
    fields: Record<string, string> = TLS,
  ): Promise<unknown> {
    const app = express().set("trust proxy", "loopback").use(secureHeaders(options));
    return (await request(app).get("/").set(fields)).headers[FIELD];
  }

  it("sends a short time only, without the subdomains and the list of browsers", async () => {
    const hsts = { maxAge: "730d", preload: true, maxAgeInReportMode: "5m" };
    expect(await sent({ mode: "report", hsts })).toBe("max-age=300");
    expect(await sent({ hsts })).toBe("max-age=63072000; includeSubDomains; preload");
  });

  it("sends nothing over plain HTTP, to localhost, and where it is not asked for", async () => {
    const hsts = { maxAgeInReportMode: "5m" };
    expect(await sent({ mode: "report", hsts }, { Host: "api.example.com" })).toBeUndefined();
    expect(await sent({ mode: "report", hsts }, { ...TLS, Host: "localhost" })).toBeUndefined();
    expect(await sent({ mode: "report", hsts: {} })).toBeUndefined();
  });

  it("leaves alone what the app sends", async () => {
    const app = express().set("trust proxy", "loopback");
    app.use((_req, res, next) => {
      res.setHeader("Strict-Transport-Security", "max-age=9");
      next();
    });
    app.use(secureHeaders({ mode: "report", hsts: { maxAgeInReportMode: "5m" } }));
    expect((await request(app).get("/").set(TLS)).headers[FIELD]).toBe("max-age=9");
  });

  it("must not be longer than the header that it stands for", () => {
    const hsts = { maxAge: "0s", maxAgeInReportMode: "5m" };
    expect(() => secureHeaders({ mode: "report", hsts })).toThrow(
      "secureHeaders.hsts.maxAgeInReportMode must not be longer than maxAge",
    );
  });

  it.each([
    ["0s", "must be a duration"],
    ["730d", "must be a duration"],
    ["1500ms", 'must be in whole seconds, such as "5m"'],
  ])("must not be %s", (maxAgeInReportMode, problem) => {
    expect(() => secureHeaders({ hsts: { maxAgeInReportMode } })).toThrow(
      `secureHeaders.hsts.maxAgeInReportMode ${problem}`,
    );
  });
});
