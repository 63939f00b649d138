import type { Express } from "express";
import request from "supertest";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { OptionsError } from "../core/options/options-error.js";
import { principalFrom } from "../principal/index.js";
import { secureApi } from "./secure-api.js";
import type { SecureApiOptions } from "./secure-api-options.js";

const APP = "https://app.example.com";
const PREFLIGHT = { Origin: APP, "Access-Control-Request-Method": "POST" };
const CROSS_SITE = { "Sec-Fetch-Site": "cross-site", Cookie: "session=1" };

let warned: string[] = [];
beforeEach(() => {
  warned = [];
  vi.spyOn(process, "emitWarning").mockImplementation(((_: string, { code }: { code: string }) => {
    warned.push(code);
  }) as never);
});

function preset(options: Partial<SecureApiOptions>) {
  return secureApi({
    auditLog: false,
    oauthGuard: false,
    secureHeaders: { cors: { origins: [APP] } },
    rateLimit: { limit: 10, window: "1h", preflight: { limit: 2, window: "1h" } },
    ...options,
  });
}

describe.each(expressVersions)(
  "The preflight policy of secureApi on Express %s",
  (_major, express) => {
    function appWith(options: Partial<SecureApiOptions>): Express {
      const app = (express as unknown as () => Express)().use(preset(options));
      app.all(/^/, (_req, res) => void res.send("app"));
      return app;
    }

    const preflight = (app: Express) => request(app).options("/").set(PREFLIGHT);

    it("counts what secureHeaders answers in front of the limits, and nothing else", async () => {
      const app = appWith({});
      await preflight(app).expect(204);
      await request(app).post("/").set(CROSS_SITE).expect(403);
      const refused = await preflight(app).expect(429);
      expect(refused.body["violated-policies"]).toEqual(["preflight"]);
      await request(app).post("/").set(CROSS_SITE).expect(429);
      const other = await request(app).get("/").set("Origin", APP).expect(200);
      expect(other.headers["ratelimit"]).toMatch(/^"10-per-1h";r=9;t=\d+$/);
      expect(warned).not.toContain("EXPRESS_SECURE_API_PREFLIGHT_NOT_MOUNTED");
    });

    it("is on by default, with 1,000 a minute", async () => {
      const app = appWith({ rateLimit: { limit: 1, window: "1h" } });
      await preflight(app).expect(204);
      const mark = JSON.parse(
        (preset({ rateLimit: { limit: 1, window: "1h" } }) as unknown as Record<string, string>)[
          "expressSecureApiGuard"
        ] as string,
      );
      expect(mark.parts).toContainEqual(
        expect.objectContaining({ guard: "rateLimit", rule: "preflight(1000 per 1m and ip)" }),
      );
    });

    it("stands there without policies before authentication, too", async () => {
      const policies = [{ limit: 9, window: "1h", key: "principal" }] as const;
      const app = appWith({
        authenticate: principalFrom(() => null),
        rateLimit: { policies, preflight: { limit: 1, window: "1h" } },
      });
      await preflight(app).expect(204);
      await preflight(app).expect(429);
    });

    it("is turned off by false", async () => {
      const app = appWith({ rateLimit: { limit: 10, window: "1h", preflight: false } });
      for (let n = 0; n < 5; n += 1) await preflight(app).expect(204);
    });

    it("blocks nothing in report mode", async () => {
      const app = appWith({ mode: "report" });
      for (let n = 0; n < 5; n += 1) await preflight(app).expect(200);
    });
  },
);

describe("the option preflight in secureApi", () => {
  const problem = "secureApi.rateLimit.preflight must be left out without secureHeaders: { cors }";

  it.each<[string, SecureApiOptions["secureHeaders"]]>([
    ["secureHeaders: false", false],
    ["neither cors nor crossOriginGuard", {}],
    ["cors alone missing and the guard off", { crossOriginGuard: false }],
  ])("is an OptionsError with %s, where it counts nothing", (_title, secureHeaders) => {
    expect(() => preset({ secureHeaders })).toThrow(OptionsError);
    expect(() => preset({ secureHeaders })).toThrow(problem);
    expect(() => preset({ secureHeaders, rateLimit: { limit: 1, window: "1m" } })).not.toThrow();
  });

  it.each<[string, SecureApiOptions["secureHeaders"]]>([
    ["cors", { cors: { origins: APP } }],
    ["the cross-origin guard alone", { crossOriginGuard: true }],
  ])("is right with %s", (_title, secureHeaders) => {
    expect(() => preset({ secureHeaders })).not.toThrow();
  });

  it("is no second problem when secureHeaders itself is wrong", () => {
    const secureHeaders = { cors: { origins: [] } };
    expect(() => preset({ secureHeaders })).toThrow(/cors\.origins/);
    expect(() => preset({ secureHeaders })).not.toThrow(/preflight/);
  });
});
