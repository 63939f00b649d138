import type { Express } from "express";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { listenToDecisions } from "../../../test/support/decisions.js";
import { expressVersions } from "../../../test/support/express.js";
import {
  createPrincipal,
  type PrincipalInit,
  setPrincipalSource,
} from "../../core/principal/principal.js";
import { authorize, not, type PolicyEngine, type PolicyQuestion, policy } from "../index.js";
import { type CedarEntity, type CedarOptions, cedar } from "./index.js";

const policies = {
  owners:
    'permit(principal, action == Action::"GET", resource) when { resource.owner == principal };',
  admins: 'permit(principal, action, resource) when { principal.roles.contains("admin") };',
  blocked: "forbid(principal, action, resource) when { context.blocked };",
};
const owned = { owner: { __entity: { type: "user", id: "alice" } } };
const question: PolicyQuestion = {
  resource: { type: "order", id: "1", properties: owned },
  context: { blocked: false },
};

describe.each(expressVersions)("cedar on Express %s", (_major, express) => {
  const decisions = listenToDecisions();

  function appFor(
    engine: PolicyEngine,
    asked: PolicyQuestion = question,
    init: PrincipalInit = { subject: "alice" },
    negated = false,
  ): Express {
    const app = express();
    const rule = policy(engine, () => asked);
    app.use((req, _res, next) => {
      setPrincipalSource(req, createPrincipal(init));
      next();
    });
    app.all("/", authorize(negated ? not(rule) : rule), (_req, res) => void res.end());
    return app;
  }

  it("decides by the policies, and records which of them did", async () => {
    const engine = cedar({ policies });
    await request(appFor(engine)).get("/").expect(200);
    await request(appFor(engine)).post("/").expect(403);
    await request(appFor(engine, question, { subject: "bob" }))
      .get("/")
      .expect(403);
    await request(appFor(engine, question, { subject: "bob", roles: ["admin"] }))
      .post("/")
      .expect(200);
    await request(appFor(engine, { ...question, context: { blocked: true } }))
      .get("/")
      .expect(403);
    expect(decisions.map(({ outcome, policy: named }) => `${outcome} ${named}`)).toEqual([
      "allow cedar (owners)",
      "deny cedar",
      "deny cedar",
      "allow cedar (admins)",
      "deny cedar (blocked)",
    ]);
  });

  it("answers 503 when a policy fails that would forbid, and that Cedar passes over", async () => {
    const engine = cedar({ policies });
    const { context: _context, ...without } = question;
    for (const negated of [false, true]) {
      const answer = await request(appFor(engine, without, { subject: "alice" }, negated))
        .get("/")
        .expect(503);
      expect(JSON.parse(answer.text).code).toBe("policy_unavailable");
      expect(decisions.at(-1)).toMatchObject({
        outcome: "error",
        reason: "evaluation_failed",
        policy: "cedar",
      });
    }
  });

  it.each<[string, PolicyQuestion]>([
    ["a type that is no name", { ...question, resource: { type: "my order", id: "1" } }],
    ["a null in the context", { ...question, context: { blocked: null } }],
    ["a fraction", { ...question, context: { blocked: false, share: 0.5 } }],
    ["a value that is undefined", { ...question, context: { blocked: undefined } }],
    ["an attribute that is missing", { ...question, resource: { type: "order", id: "1" } }],
  ])("answers 503 to a question with %s", async (_what, asked) => {
    await request(appFor(cedar({ policies }), asked))
      .get("/")
      .expect(503);
    expect(decisions).toMatchObject([{ reason: "evaluation_failed" }]);
  });

  const groups = 'permit(principal in Group::"staff", action, resource);';
  const staff = {
    uid: { type: "user", id: "alice" },
    attrs: {},
    parents: [{ type: "Group", id: "staff" }],
  };

  it.each<[string, CedarOptions["entities"]]>([
    ["a list", [staff]],
    ["a function", ({ subject }) => (subject.id === "alice" ? [staff] : [])],
    [
      "a function that answers later",
      async ({ subject }) => (subject.id === "alice" ? [staff] : []),
    ],
  ])("takes entities from %s", async (_what, entities) => {
    const engine = cedar({ policies: groups, entities });
    await request(appFor(engine)).get("/").expect(200);
    await request(appFor(engine, question, { subject: "bob" }))
      .get("/")
      .expect(403);
  });

  it.each<[string, () => unknown, string]>([
    ["throws", () => Promise.reject(new Error("no")), "function_failed"],
    ["gives no list", () => staff, "wrong_return"],
  ])("answers 503 when the function for entities %s", async (_what, entities, reason) => {
    const engine = cedar({ policies: groups, entities: entities as () => [] });
    await request(appFor(engine)).get("/").expect(503);
    expect(decisions).toMatchObject([{ code: "check_unavailable", reason }]);
  });

  it("keeps the policies of two engines apart", async () => {
    const yes = cedar({ policies: "permit(principal, action, resource);", name: "yes" });
    const no = cedar({ policies: "forbid(principal, action, resource);", name: "no" });
    await request(appFor(yes)).get("/").expect(200);
    await request(appFor(no)).get("/").expect(403);
  });

  it("checks each question against the schema", async () => {
    const engine = cedar({
      namespace: "Shop",
      policies: 'permit(principal, action == Shop::Action::"GET", resource) when { context.ok };',
      schema: `namespace Shop {
        entity user { roles: Set<String>, scopes: Set<String>, permissions: Set<String>, groups: Set<String> };
        entity order;
        action GET appliesTo { principal: user, resource: order, context: { ok: Bool } };
      }`,
    });
    const asked = (context: object, type = "order"): PolicyQuestion => ({
      resource: { type, id: "1" },
      context: { ...context },
    });
    await request(appFor(engine, asked({ ok: true })))
      .get("/")
      .expect(200);
    await request(appFor(engine, asked({ ok: false })))
      .get("/")
      .expect(403);
    await request(appFor(engine, asked({ ok: "yes" })))
      .get("/")
      .expect(503);
    await request(appFor(engine, asked({ ok: true }, "invoice")))
      .get("/")
      .expect(503);
    await request(appFor(engine, asked({ ok: true })))
      .delete("/")
      .expect(503);
  });
});

describe("cedar", () => {
  const staff = (): CedarEntity => ({
    uid: { type: "user", id: "s3cr3t" },
    attrs: {},
    parents: [],
  });
  const schema =
    "entity user; entity order; action GET appliesTo { principal: user, resource: order };";

  it.each<[string, object, string]>([
    ["no policies", {}, "cedar.policies must be policies in Cedar"],
    ["an unset variable", { policies: undefined }, "cedar.policies must"],
    ["no text", { policies: " " }, "cedar.policies must be policies in Cedar"],
    ["an empty object", { policies: {} }, "cedar.policies must be policies in Cedar"],
    [
      "what is not Cedar",
      { policies: "permit(principal, action, resource);\n  allow everything" },
      "cedar.policies must be policies in Cedar: see line 2, column",
    ],
    [
      "policies that do not fit the schema",
      { policies: "permit(principal, action, resource) when { principal.level > 3 };", schema },
      "cedar.policies must fit the schema: for policy `policy0`, attribute `level`",
    ],
    [
      "a schema that is none",
      { policies: "permit(principal, action, resource);", schema: "entity" },
      "cedar.schema must be a schema of Cedar",
    ],
    [
      "entities that are no list",
      { policies, entities: {} },
      "cedar.entities must be a non-empty list",
    ],
    ["entities that are none", { policies, entities: [staff(), { uid: "x" }] }, "see entry 1"],
    [
      "an entity twice",
      { policies, entities: [staff(), { ...staff(), attrs: { x: 1 } }] },
      "must not repeat an entity",
    ],
    [
      "an entity above itself",
      { policies, entities: [{ ...staff(), parents: [staff().uid] }] },
      "see entry 0",
    ],
    [
      "a function among the entities",
      { policies, entities: [() => staff()] },
      "cedar.entities must hold nothing but JSON",
    ],
    [
      "a map in an entity",
      { policies, entities: [{ ...staff(), attrs: { tags: new Map() } }] },
      "cedar.entities must hold nothing but JSON",
    ],
    ["a name with blanks", { policies, name: "my engine" }, "cedar.name must be 1 to 64"],
    ["a namespace with blanks", { policies, namespace: "My Shop" }, "cedar.namespace must"],
    ["a name of other packages", { policySet: "x" }, 'did you mean "policies"?'],
  ])("refuses at start-up: %s", (_what, options, problem) => {
    expect(() => cedar(options as CedarOptions)).toThrow(
      expect.objectContaining({ name: "OptionsError", message: expect.stringContaining(problem) }),
    );
    expect(() => cedar(options as CedarOptions)).not.toThrow("s3cr3t");
  });

  it("quotes nothing of a text that is no policy", () => {
    expect(() => cedar({ policies: "s3cr3t-of-the-app" })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining("s3cr3t") }),
    );
  });
});
