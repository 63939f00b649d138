import type { Http2Server } from "node:http2";
import type { RequestHandler } from "express";
import { afterEach, describe, expect, it } from "vitest";
import { authorize, type PolicyEngine, policy } from "../../src/authorization/index.js";
import { rateLimit } from "../../src/rate-limit/index.js";
import { type SecureApiOptions, secureApi } from "../../src/secure-api/index.js";
import { createTestIssuer } from "../../src/testing/index.js";
import { expressVersions } from "../support/express.js";
import { http2Request, http2Server } from "../support/http2.js";

const issuer = createTestIssuer();
const bearer = { authorization: `Bearer ${issuer.mint({ roles: ["reader"] })}` };

describe.each(expressVersions)(
  "a method that is not in upper case, over HTTP/2 on Express %s",
  (_major, express) => {
    let server: Http2Server | undefined;

    afterEach(() => {
      server?.close();
    });

    function serve(...handlers: RequestHandler[]): Http2Server {
      const app = express();
      app.use(...handlers);
      app.all("/open", (_req, res) => void res.end());
      app.get("/admin", (_req, res) => void res.end("secret"));
      app.post("/login", (_req, res) => void res.end());
      server = http2Server(app);
      return server;
    }

    const ask = async (to: Http2Server, method: string, path: string, headers: object = bearer) =>
      (await http2Request(to, { ":method": method, ":path": path, ...headers })).status;

    const table: SecureApiOptions = {
      oauthGuard: issuer.options(),
      rateLimit: false,
      auditLog: false,
      routes: { "GET /admin": { requireRole: "admin" } },
      otherwise: "authenticated",
      publicRoutes: ["GET /open"],
    };

    it("is refused in front of a table, and passes no row where it is let through", async () => {
      const strict = serve(secureApi(table));
      expect(await ask(strict, "GET", "/admin")).toBe(403);
      for (const method of ["get", "Get", "head"])
        expect(await ask(strict, method, "/admin")).toBe(400);
      strict.close();
      const open = serve(secureApi({ ...table, paths: { allow: "method-override" } }));
      for (const method of ["get", "Get", "head"])
        expect(await ask(open, method, "/admin")).toBe(403);
    });

    it("opens no public route", async () => {
      const to = serve(secureApi({ ...table, paths: { allow: "method-override" } }));
      expect(await ask(to, "GET", "/open", {})).toBe(200);
      expect(await ask(to, "get", "/open", {})).toBe(401);
    });

    it("counts for a limit of one method", async () => {
      const to = serve(rateLimit({ limit: 2, window: "1m", match: "POST /login" }));
      const statuses: number[] = [];
      for (const method of ["post", "POST", "Post"]) statuses.push(await ask(to, method, "/login"));
      expect(statuses).toEqual([200, 200, 429]);
    });

    it("is told to a policy engine as the one whose handler runs", async () => {
      const names: unknown[] = [];
      const engine: PolicyEngine = {
        name: "engine",
        decide({ action }) {
          names.push(action.name);
          return { allow: true };
        },
      };
      const to = serve(
        secureApi({ oauthGuard: issuer.options(), rateLimit: false, auditLog: false }),
        authorize(policy(engine, () => ({ resource: { type: "page", id: "1" } }))),
      );
      for (const method of ["get", "head", "delete"]) await ask(to, method, "/open");
      expect(names).toEqual(["GET", "GET", "DELETE"]);
    });
  },
);
