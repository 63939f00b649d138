import type { Express } from "express";
import request from "supertest";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { authorize, authzen, type PolicyQuestion, policy } from "../../src/authorization/index.js";
import { createPrincipal, setPrincipalSource } from "../../src/core/principal/principal.js";
import { type Cerbos, cerbosBinary, startCerbos } from "../support/cerbos.js";
import { expressVersions } from "../support/express.js";

const binary = cerbosBinary();

/** Cerbos takes the type of the subject for a role, and further ones from `cerbos.roles`. */
const POLICY = `
apiVersion: api.cerbos.dev/v1
resourcePolicy:
  resource: order
  version: default
  rules:
    - actions: ["GET"]
      effect: EFFECT_ALLOW
      roles: ["user"]
      condition:
        match:
          expr: request.resource.attr.owner == request.principal.id
    - actions: ["PUT"]
      effect: EFFECT_ALLOW
      roles: ["*"]
      condition:
        match:
          expr: '"editor" in request.principal.attr.roles'
    - actions: ["DELETE"]
      effect: EFFECT_ALLOW
      roles: ["admin"]
`;

// Needs the binary of the policy engine: npm install --no-save @cerbos/cerbos-linux-x64, or CERBOS_BIN.
describe.skipIf(binary === undefined)("authzen and a real server, Cerbos", () => {
  let cerbos: Cerbos;

  beforeAll(async () => {
    cerbos = await startCerbos(binary as string, POLICY);
  }, 30_000);
  afterAll(() => cerbos.close());

  describe.each(expressVersions)("on Express %s", (_major, express) => {
    function appFor(subject: string, roles: readonly string[], question: PolicyQuestion): Express {
      const app = express();
      const engine = authzen({ url: cerbos.url, timeout: "4s" });
      app.use((req, _res, next) => {
        setPrincipalSource(req, createPrincipal({ subject, roles }));
        next();
      });
      app.all("/", authorize(policy(engine, () => question)), (_req, res) => void res.end());
      return app;
    }

    const order: PolicyQuestion = {
      resource: { type: "order", id: "1", properties: { owner: "alice" } },
      context: { ip: "127.0.0.1" },
    };

    it("decides about the default subject, whose type is its role there", async () => {
      await request(appFor("alice", [], order))
        .get("/")
        .expect(200);
      await request(appFor("alice", [], order))
        .head("/")
        .expect(200);
      await request(appFor("bob", ["admin"], order))
        .get("/")
        .expect(403);
    });

    it("shows the roles of the default subject to conditions, and to them alone", async () => {
      await request(appFor("bob", ["editor"], order))
        .put("/")
        .expect(200);
      await request(appFor("bob", ["reader"], order))
        .put("/")
        .expect(403);
      await request(appFor("bob", ["admin"], order))
        .delete("/")
        .expect(403);
    });

    it("takes the roles of a subject of the app from cerbos.roles", async () => {
      const asked = (...roles: readonly string[]): PolicyQuestion => ({
        ...order,
        subject: { type: "user", id: "bob", properties: { "cerbos.roles": roles } },
      });
      await request(appFor("bob", [], asked("admin")))
        .delete("/")
        .expect(200);
      await request(appFor("bob", [], asked("editor")))
        .delete("/")
        .expect(403);
    });

    it("answers 403 about a resource for which there is no policy", async () => {
      const { status, text } = await request(
        appFor("alice", ["admin"], { resource: { type: "invoice", id: "1" } }),
      ).get("/");
      expect([status, JSON.parse(text).code]).toEqual([403, "access_denied"]);
    });
  });
});
