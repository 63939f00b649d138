import request from "supertest";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import type { Decision } from "../core/decision/decision.js";
import { decisionsOf } from "../core/decision/decision.js";
import { rateLimit } from "./rate-limit.js";

describe.each(expressVersions)("rateLimit in report mode on Express %s", (_major, express) => {
  it("lets everything pass without a trace on the response, and records what it would refuse", async () => {
    const decisions: Decision[] = [];
    const app = express();
    app.use((req, res, next) => {
      res.on("finish", () => decisions.push(...decisionsOf(req)));
      next();
    });
    app.use(rateLimit({ limit: 1, window: "1m", mode: "report" }));
    app.get("/", (_req, res) => void res.send("ok"));
    for (let count = 0; count < 2; count += 1) {
      const answer = await request(app).get("/").expect(200, "ok");
      const names = Object.keys(answer.headers).filter((name) => /limit|retry/.test(name));
      expect(names).toEqual([]);
    }
    expect(decisions).toEqual([
      { guard: "rateLimit", outcome: "allow", enforced: false, code: "ok" },
      {
        guard: "rateLimit",
        outcome: "deny",
        enforced: false,
        code: "rate_limit_exceeded",
        status: 429,
        reason: "limit_exceeded",
        policy: "1-per-1m",
        first: true,
      },
    ]);
  });

  it("counts beside an enforcing limiter without spending its quota or changing its fields", async () => {
    const app = express();
    app.use(rateLimit({ name: "trial", limit: 1, window: "1m", mode: "report" }));
    app.use(rateLimit({ name: "real", limit: 3, window: "1m" }));
    app.use(rateLimit({ name: "trial", limit: 1, window: "1m", mode: "report" }));
    app.get("/", (_req, res) => void res.send("ok"));
    for (const left of ["2", "1", "0"]) {
      await request(app)
        .get("/")
        .expect(200)
        .expect("RateLimit-Policy", '"real";q=3;w=60')
        .expect("X-RateLimit-Remaining", left);
    }
    await request(app).get("/").expect(429);
  });

  it("records a function of the app that fails, and goes on", async () => {
    const decisions: Decision[] = [];
    const app = express();
    const key = (): string => {
      throw new Error("mistake");
    };
    app.use(rateLimit({ limit: 1, window: "1m", mode: "report", key }));
    app.get("/", (req, res) => {
      decisions.push(...decisionsOf(req));
      res.send("ok");
    });
    await request(app).get("/").expect(200);
    expect(decisions).toMatchObject([
      { outcome: "error", enforced: false, reason: "function_failed" },
    ]);
  });
});
