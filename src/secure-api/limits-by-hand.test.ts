import type { Express } from "express";
import request from "supertest";
import { describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { getPrincipal } from "../principal/index.js";
import type { RateLimitPolicy, RateLimitState } from "../rate-limit/index.js";
import { createTestIssuer } from "../testing/index.js";
import { type SecureApi, secureApi } from "./secure-api.js";

const issuer = createTestIssuer();
const token = issuer.mint({ sub: "jane", roles: ["admin"] });
const hour = { window: "1h", block: {} } as const;
const policies: readonly RateLimitPolicy[] = [
  { name: "address", limit: 50, ...hour, key: "ip" },
  { name: "caller", limit: 40, ...hour, key: "principal" },
  { name: "account", limit: 2, ...hour, phase: "after-body", match: "POST /login", key: email },
];

describe.each(expressVersions)(
  "The limits of secureApi by hand, on Express %s,",
  (_major, express) => {
    function appWith(mode: "enforce" | "report" = "enforce"): {
      app: Express;
      security: SecureApi;
    } {
      vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
      const app = (express as unknown as () => Express)();
      const security = secureApi({
        auditLog: false,
        oauthGuard: issuer.options(),
        rateLimit: { policies, mode },
        jsonBody: {},
        routes: { "POST /reset": { public: "no token yet", rateLimit: { limit: 1, ...hour } } },
        otherwise: "authenticated",
      });
      app.use(security);
      app.get("/quota", async (req, res) => {
        res.json(await security.rateLimit.peek({ req }));
      });
      app.get("/id", (req, res) => void res.json(getPrincipal(req)?.id));
      app.post(["/login", "/reset"], (_req, res) => void res.send("ok"));
      return { app, security };
    }

    const login = (app: Express, email = "jane@example.com") =>
      request(app).post("/login").auth(token, { type: "bearer" }).send({ email });
    const get = (app: Express, path: string) =>
      request(app).get(path).auth(token, { type: "bearer" });
    const left = (states: readonly RateLimitState[]) =>
      Object.fromEntries(states.map(({ policy, remaining }) => [policy, remaining]));

    it("says what is left of the policies of every phase that count a request", async () => {
      const { app } = appWith();
      await login(app).expect(200);
      const { body } = await get(app, "/quota").expect(200);
      expect(left(body)).toEqual({ address: 48, caller: 38 });
    });

    it("forgets what one policy has counted, whichever phase it is in", async () => {
      const { app, security } = appWith();
      for (const status of [200, 200, 429]) await login(app).expect(status);
      await security.rateLimit.reset({ policy: "account", key: "Jane@Example.com " });
      await login(app).expect(200);
      await login(app, "john@example.com").expect(200);
    });

    it("reaches a limit in a row by the pattern of the row", async () => {
      const { app, security } = appWith();
      for (const status of [200, 429]) await request(app).post("/reset").expect(status);
      await security.rateLimit.reset({ policy: "POST /reset", key: "127.0.0.1" });
      await request(app).post("/reset").expect(200);
    });

    it("charges, gives back, blocks and unblocks callers by their id", async () => {
      const { app, security } = appWith();
      const { body: id } = await get(app, "/id").expect(200);
      const caller = { policy: "caller", key: id };
      await security.rateLimit.penalty(caller, 20);
      await security.rateLimit.reward(caller, 5);
      expect(left(await security.rateLimit.peek(caller))).toEqual({ caller: 24 });
      await security.rateLimit.block(caller, "1h");
      const { body } = await get(app, "/id").expect(429);
      expect(body["violated-policies"]).toEqual(["caller"]);
      await security.rateLimit.unblock(caller);
      await get(app, "/id").expect(200);
    });

    it("does to all policies or to none what a target names", async () => {
      const { app, security } = appWith();
      await get(app, "/id").expect(200);
      // No address: the first policy cannot have such a key.
      await expect(security.rateLimit.reset({ key: "jane" })).rejects.toThrow(TypeError);
      const { body } = await get(app, "/quota");
      expect(left(body)).toEqual({ address: 48, caller: 38 });
      await expect(security.rateLimit.peek({ policy: "misspelt", key: "a" })).rejects.toThrow(
        "the limiter has no policy with that name",
      );
    });

    it("acts on what is counted in report mode", async () => {
      const { app, security } = appWith("report");
      await get(app, "/id").expect(200);
      const target = { policy: "address", key: "127.0.0.1" };
      expect(left(await security.rateLimit.peek(target))).toEqual({ address: 49 });
      await security.rateLimit.reset(target);
      expect(left(await security.rateLimit.peek(target))).toEqual({ address: 50 });
    });
  },
);

it("rejects what is done by hand without limits", async () => {
  const { rateLimit } = secureApi({
    auditLog: false,
    oauthGuard: issuer.options(),
    rateLimit: false,
  });
  await expect(rateLimit.peek({ key: "a" })).rejects.toThrow("there are no limits");
  await expect(rateLimit.block({ key: "a" }, "1h")).rejects.toThrow(TypeError);
});

function email(req: { body?: { email?: string } }): string | undefined {
  return req.body?.email;
}
