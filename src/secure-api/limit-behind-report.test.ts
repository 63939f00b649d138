import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Express, RequestHandler } from "express";
import request from "supertest";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { oauthGuard } from "../oauth-guard/index.js";
import { principalFrom } from "../principal/index.js";
import { rateLimit } from "../rate-limit/index.js";
import { createTestIssuer } from "../testing/index.js";
import { secureApi } from "./secure-api.js";
import type { SecureApiOptions } from "./secure-api-options.js";

const CODE = "EXPRESS_SECURE_API_LIMIT_BEHIND_REPORT";
const issuer = createTestIssuer();
const [alice, bob] = [issuer.mint({ sub: "alice" }), issuer.mint({ sub: "bob" })];
const TWO_EACH = { limit: 2, window: "1h", key: "principal" } as const;
const report = { ...issuer.options(), mode: "report" } as const;

let warned: string[] = [];
beforeEach(() => {
  warned = [];
  vi.spyOn(process, "emitWarning").mockImplementation(((_: string, { code }: { code: string }) => {
    warned.push(code);
  }) as never);
});

describe.each(expressVersions)(
  "An enforcing limit by principal behind a reporting guard, on Express %s,",
  (_major, express) => {
    function appWith(...handlers: readonly RequestHandler[]): Express {
      const app = (express as unknown as () => Express)().use(...handlers);
      app.all(/^/, (_req, res) => void res.send("ok"));
      return app;
    }

    function preset(options: Partial<SecureApiOptions>): RequestHandler {
      const defaults = { auditLog: false, oauthGuard: report, rateLimit: TWO_EACH } as const;
      return secureApi({ ...defaults, ...options });
    }

    /** The statuses of requests with these tokens, in turn. */
    async function statusesOf(app: Express, tokens: readonly (string | undefined)[]) {
      const statuses: number[] = [];
      for (const token of tokens) {
        const call = request(app).get("/");
        const { status } = await (token === undefined
          ? call
          : call.auth(token, { type: "bearer" }));
        statuses.push(status);
      }
      return statuses;
    }

    it.each<[string, () => RequestHandler[]]>([
      ["in the preset", () => [preset({})]],
      ["on its own", () => [oauthGuard(report), rateLimit(TWO_EACH)]],
    ])("%s, counts everybody by address, whatever token they send", async (_title, create) => {
      const app = appWith(...create());
      expect(await statusesOf(app, [alice, "nonsense", bob, undefined, alice])).toEqual([
        200, 200, 429, 429, 429,
      ]);
      expect(warned.filter((code) => code === CODE)).toEqual([CODE]);
    });

    it("counts the same while the keys are fetched and after that", async () => {
      let release = (): void => undefined;
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      const server = createServer((_req, res) => {
        void released.then(() => res.end(JSON.stringify(own.jwks)));
      }).listen(0, "127.0.0.1");
      await once(server, "listening");
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const own = createTestIssuer({ issuer: url });
      const guard = oauthGuard({
        issuer: url,
        audience: own.audience,
        jwksUri: `${url}/keys`,
        mode: "report",
      });
      const app = appWith(guard, rateLimit(TWO_EACH));
      const token = own.mint({ sub: "alice" });
      try {
        expect(await statusesOf(app, [token])).toEqual([200]);
        release();
        await guard.ready();
        expect(await statusesOf(app, [token, token])).toEqual([200, 429]);
        expect(warned.filter((code) => code === CODE)).toEqual([CODE]);
      } finally {
        release();
        await guard.close();
        server.closeAllConnections();
        server.close();
      }
    });

    it.each<[string, () => RequestHandler[]]>([
      ["the guard enforces", () => [preset({ oauthGuard: issuer.options() })]],
      ["the limit reports as well", () => [preset({ rateLimit: { ...TWO_EACH, mode: "report" } })]],
      ["everything reports", () => [preset({ mode: "report" })]],
      [
        "a principalFrom that enforces says who calls",
        () => [
          principalFrom((req) => ({ subject: String(req.headers.authorization) })),
          preset({}),
        ],
      ],
    ])("is none when %s, and nothing warns", async (_title, create) => {
      const app = appWith(...create());
      expect(await statusesOf(app, [alice, alice, bob, bob])).toEqual([200, 200, 200, 200]);
      expect(warned).not.toContain(CODE);
    });
  },
);
