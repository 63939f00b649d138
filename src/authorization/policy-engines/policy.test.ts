import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Express, RequestHandler } from "express";
import request from "supertest";
import { afterEach, describe, expect, it, vi } from "vitest";
import { listenToDecisions } from "../../../test/support/decisions.js";
import { expressVersions } from "../../../test/support/express.js";
import { pendingVerdicts } from "../../core/decision/pending-verdict.js";
import {
  createPrincipal,
  type PrincipalInit,
  setPrincipalSource,
} from "../../core/principal/principal.js";
import { requestId } from "../../core/refusal/problem-details.js";
import {
  all,
  any,
  authorize,
  not,
  type PolicyCall,
  type PolicyDecision,
  type PolicyEngine,
  type PolicyInput,
  policy,
  type Rule,
  role,
} from "../index.js";

const alice: PrincipalInit = {
  subject: "alice",
  issuer: "https://id.example",
  roles: ["editor"],
};
const order = { resource: { type: "order", id: "1" } };

function engineOf(decide: (input: PolicyInput, call: PolicyCall) => unknown): PolicyEngine {
  return { name: "engine", decide: decide as PolicyEngine["decide"] };
}

function ruleOf(decide: (input: PolicyInput, call: PolicyCall) => unknown): Rule {
  return policy(engineOf(decide), () => order);
}

const yes = { allow: true };
const no = { allow: false };

describe.each(expressVersions)("policy on Express %s", (_major, express) => {
  const decisions = listenToDecisions();

  function appFor(guard: RequestHandler, init: PrincipalInit = alice): Express {
    const app = express();
    app.use((req, _res, next) => {
      setPrincipalSource(req, createPrincipal(init));
      requestId.set(req, "request-1");
      next();
    });
    app.all("/", guard, (_req, res) => void res.json({ reached: true }));
    return app;
  }

  it.each<[string, () => unknown]>([
    ["at once", () => yes],
    ["later", async () => yes],
  ])("lets pass whom the engine allows %s", async (_when, decide) => {
    await request(appFor(authorize(ruleOf(decide))))
      .get("/")
      .expect(200);
    expect(decisions).toEqual([
      {
        guard: "authorize",
        outcome: "allow",
        enforced: true,
        code: "ok",
        rule: "policy(engine)",
        policy: "engine",
      },
    ]);
  });

  it.each<[string, () => unknown]>([
    ["at once", () => no],
    ["later", async () => no],
  ])("answers 403 to whom it refuses %s", async (_when, decide) => {
    const answer = await request(appFor(authorize(ruleOf(decide))))
      .get("/")
      .expect(403);
    expect(JSON.parse(answer.text).code).toBe("access_denied");
    expect(answer.headers).not.toHaveProperty("www-authenticate");
    expect(decisions).toMatchObject([
      { outcome: "deny", reason: "policy_denied", policy: "engine", status: 403 },
    ]);
  });

  it("records the id of the decision and the policies, as far as they are short names", async () => {
    const reasons = ["a", "b c", 7, "d", "e", "f"];
    const decide = (): unknown => ({ allow: true, decisionId: "id-1", reasons });
    await request(appFor(authorize(ruleOf(decide))))
      .get("/")
      .expect(200);
    expect(decisions).toMatchObject([{ policy: "engine id-1 (a d)" }]);
  });

  it.each([["a\nb"], ["x".repeat(65)], [""], [7]])(
    "records no id of a decision that is none: %j",
    async (decisionId) => {
      await request(appFor(authorize(ruleOf(() => ({ allow: true, decisionId })))))
        .get("/")
        .expect(200);
      expect(decisions).toMatchObject([{ policy: "engine" }]);
    },
  );

  it.each<[string, () => unknown, string]>([
    ["says nothing", () => undefined, "wrong_return"],
    ["says null", () => null, "wrong_return"],
    ["says true alone", () => true, "wrong_return"],
    ["says yes in words", () => ({ allow: "true" }), "wrong_return"],
    ["says yes as a number", () => ({ allow: 1 }), "wrong_return"],
    ["promises a yes", () => ({ allow: Promise.resolve(true) }), "wrong_return"],
    ["inherits a yes", () => Object.create({ allow: true }), "wrong_return"],
    ["says something else", () => ({ decision: true }), "wrong_return"],
    [
      "throws",
      () => {
        throw new Error("secret");
      },
      "function_failed",
    ],
    ["rejects", () => Promise.reject(new Error("secret")), "function_failed"],
    ["rejects with nothing", () => Promise.reject(), "function_failed"],
    ["fulfils with nothing", async () => undefined, "wrong_return"],
    [
      "has a then that throws",
      () => ({
        get then() {
          throw new Error("secret");
        },
      }),
      "function_failed",
    ],
    [
      "fails first, and then says yes",
      () => ({
        then(onValue: (value: unknown) => void, onError: (error: unknown) => void) {
          onError(new Error("no"));
          onValue(yes);
        },
      }),
      "function_failed",
    ],
  ])("answers 503 when the engine %s, also under not", async (_what, decide, reason) => {
    for (const rule of [ruleOf(decide), not(ruleOf(decide))]) {
      const answer = await request(appFor(authorize(rule)))
        .get("/")
        .expect(503);
      expect(answer.headers["retry-after"]).toBe("5");
      expect(JSON.parse(answer.text).code).toBe("check_unavailable");
      expect(answer.text).not.toContain("secret");
      expect(decisions.at(-1)).toMatchObject({ outcome: "error", reason, policy: "engine" });
    }
  });

  it("takes the first of two answers", async () => {
    const decide = (): unknown => ({
      then(onValue: (value: unknown) => void) {
        onValue(no);
        onValue(yes);
      },
    });
    await request(appFor(authorize(ruleOf(decide))))
      .get("/")
      .expect(403);
  });

  describe("with a clock of its own", () => {
    afterEach(() => {
      vi.useRealTimers();
    });

    it("answers 503 when the engine takes over 5 seconds, and tells it so", async () => {
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
      let told: AbortSignal | undefined;
      let answerLate: (value: unknown) => void = () => undefined;
      const guard = authorize(
        ruleOf((_input, { signal }) => {
          told = signal;
          return new Promise((resolve) => {
            answerLate = resolve;
          });
        }),
      );
      const answer = request(appFor(guard)).get("/").expect(503);
      const done = answer.then((response) => response.status);
      await vi.waitFor(() => expect(told).toBeDefined());
      expect(told?.aborted).toBe(false);
      await vi.advanceTimersByTimeAsync(5000);
      expect(await done).toBe(503);
      expect(told?.aborted).toBe(true);
      answerLate(yes);
      expect(decisions).toMatchObject([{ reason: "function_timeout", policy: "engine" }]);
    });
  });

  it("tells the engine that the client has left", async () => {
    let told: AbortSignal | undefined;
    const guard = authorize(
      ruleOf((_input, { signal }) => {
        told = signal;
        return new Promise((resolve) => {
          signal.addEventListener("abort", () => resolve(yes));
        });
      }),
    );
    const server = createServer(appFor(guard)).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as AddressInfo;
    const leaving = new AbortController();
    const answer = fetch(`http://127.0.0.1:${port}/`, { signal: leaving.signal }).catch(() => 0);
    await vi.waitFor(() => expect(told).toBeDefined());
    leaving.abort();
    await answer;
    await vi.waitFor(() => expect(told?.aborted).toBe(true));
    await vi.waitFor(() => expect(decisions).toMatchObject([{ reason: "client_left" }]));
    server.close();
  });

  describe("asks about", () => {
    async function asked(
      question: unknown,
      init: PrincipalInit = alice,
      method: "get" | "head" | "post" = "get",
    ): Promise<PolicyInput | undefined> {
      let input: PolicyInput | undefined;
      const engine = engineOf((given) => {
        input = given;
        return yes;
      });
      const guard = authorize(policy(engine, question as () => typeof order));
      await request(appFor(guard, init))[method]("/").expect(200);
      return input;
    }

    it("the principal and the method, when the function names the resource alone", async () => {
      const { clientId, ...named } = { ...alice, clientId: "web", tenant: "t1" };
      expect(await asked(() => order, { ...named, clientId, groups: ["g"] })).toEqual({
        subject: {
          type: "user",
          id: "alice",
          properties: {
            issuer: "https://id.example",
            clientId: "web",
            tenant: "t1",
            roles: ["editor"],
            scopes: [],
            permissions: [],
            groups: ["g"],
          },
        },
        action: { name: "GET" },
        resource: { type: "order", id: "1" },
      });
    });

    it("GET for HEAD, which the handler of GET answers", async () => {
      expect((await asked(() => order, alice, "head"))?.action).toEqual({ name: "GET" });
      expect((await asked(() => order, alice, "post"))?.action).toEqual({ name: "POST" });
    });

    it("a service by its client, and leaves lists out that may lack names", async () => {
      const init: PrincipalInit = { kind: "service", clientId: "job", undetermined: ["groups"] };
      const subject = (await asked(() => order, init))?.subject;
      expect(subject).toMatchObject({ type: "service", id: "job" });
      expect(subject?.properties).not.toHaveProperty("groups");
      expect(subject?.properties).toHaveProperty("roles");
    });

    it("what the function says in place of the defaults, also later", async () => {
      const full = {
        subject: { type: "account", id: "7", properties: { level: 3 } },
        action: { name: "read", properties: { soft: true } },
        resource: { type: "order", properties: { total: 12 } },
        context: { ip: "127.0.0.1" },
      };
      expect(await asked(async () => full)).toEqual(full);
    });

    it("nobody else when Object.prototype is polluted", async () => {
      const root = { type: "user", id: "root" };
      Object.defineProperty(Object.prototype, "subject", { value: root, configurable: true });
      try {
        expect((await asked(() => order))?.subject.id).toBe("alice");
      } finally {
        Reflect.deleteProperty(Object.prototype, "subject");
      }
    });
  });

  it.each<PrincipalInit>([
    {},
    { kind: "service" },
    { subject: "", roles: ["admin"] },
    { clientId: "alice" },
  ])("answers 503 about a principal without a name, and does not ask: %j", async (init) => {
    const decide = vi.fn(() => yes);
    await request(appFor(authorize(policy(engineOf(decide), () => order)), init))
      .get("/")
      .expect(503);
    expect(decide).not.toHaveBeenCalled();
    expect(decisions).toMatchObject([{ code: "check_unavailable", reason: "wrong_return" }]);
  });

  it("asks about a principal without a name whom the function names", async () => {
    const named = { ...order, subject: { type: "device", id: "7" } };
    await request(
      appFor(
        authorize(
          policy(
            engineOf(() => yes),
            () => named,
          ),
        ),
        {},
      ),
    )
      .get("/")
      .expect(200);
  });

  it.each<[string, () => unknown]>([
    ["nothing", () => undefined],
    ["no resource", () => ({})],
    ["a resource without a type", () => ({ resource: { id: "1" } })],
    ["an id that is undefined", () => ({ resource: { type: "order", id: undefined } })],
    ["an id that is a number", () => ({ resource: { type: "order", id: 1 } })],
    ["an empty id", () => ({ resource: { type: "order", id: "" } })],
    ["a subject that is undefined", () => ({ ...order, subject: undefined })],
    ["a subject without an id", () => ({ ...order, subject: { type: "user" } })],
    ["a member that nobody knows", () => ({ ...order, ressource: {} })],
    ["attributes in place of properties", () => ({ resource: { type: "o", attributes: {} } })],
    ["an action that is a text", () => ({ ...order, action: "read" })],
    ["properties that are a list", () => ({ resource: { type: "order", properties: [] } })],
    ["a context that is a text", () => ({ ...order, context: "x" })],
    [
      "an error",
      () => {
        throw new Error("x");
      },
    ],
    ["a rejection", () => Promise.reject(new Error("x"))],
  ])("answers 503 when the function gives %s, and does not ask", async (_what, question) => {
    const decide = vi.fn(() => yes);
    await request(appFor(authorize(policy(engineOf(decide), question as () => typeof order))))
      .get("/")
      .expect(503);
    expect(decide).not.toHaveBeenCalled();
    expect(decisions).toMatchObject([{ code: "check_unavailable", outcome: "error" }]);
    expect(decisions[0]).not.toHaveProperty("policy");
  });

  it("gives the engine the id of the request", async () => {
    let told: PolicyCall | undefined;
    const decide = (_input: PolicyInput, call: PolicyCall): PolicyDecision => {
      told = { ...call };
      return yes;
    };
    await request(appFor(authorize(ruleOf(decide))))
      .get("/")
      .expect(200);
    expect(told?.requestId).toBe("request-1");
    expect(told?.signal.aborted).toBe(false);
  });

  it("waits for nothing in report mode, and records what would have been", async () => {
    let settled: Promise<void> | undefined;
    const slow = ruleOf(async () => {
      await sleep(50);
      return no;
    });
    const app = express();
    app.use((req, _res, next) => {
      setPrincipalSource(req, createPrincipal(alice));
      next();
    });
    app.get("/", authorize(slow, { mode: "report" }), (req, res) => {
      expect(decisions).toEqual([]);
      settled = pendingVerdicts(req);
      res.json({ reached: true });
    });
    await request(app).get("/").expect(200);
    await settled;
    expect(decisions).toMatchObject([
      { outcome: "deny", enforced: false, reason: "policy_denied", policy: "engine" },
    ]);
  });

  it("tells no engine that the client left when report mode has answered already", async () => {
    let settled: Promise<void> | undefined;
    let aborted: boolean | undefined;
    const slow = ruleOf(async (_input, { signal }) => {
      await sleep(50);
      aborted = signal.aborted;
      return yes;
    });
    const app = express();
    app.use((req, _res, next) => {
      setPrincipalSource(req, createPrincipal(alice));
      next();
    });
    app.get("/", authorize(slow, { mode: "report" }), (req, res) => {
      settled = pendingVerdicts(req);
      res.end();
    });
    await request(app).get("/").expect(200);
    await settled;
    expect(aborted).toBe(false);
  });

  it("keeps many questions at once apart", async () => {
    const engine = engineOf(async ({ resource }) => {
      await sleep(Math.random() * 10);
      return { allow: resource.id === "even", decisionId: resource.id };
    });
    const rule = policy(engine, (_principal, req) => ({
      resource: { type: "n", id: String(req.query["n"]) },
    }));
    const app = appFor(authorize(rule));
    const statuses = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        const { status } = await request(app).get(`/?n=${index % 2 === 0 ? "even" : "odd"}`);
        return status === (index % 2 === 0 ? 200 : 403);
      }),
    );
    expect(statuses).toEqual(statuses.map(() => true));
    for (const { outcome, policy: named } of decisions)
      expect(named).toBe(outcome === "allow" ? "engine even" : "engine odd");
  });

  describe("in combinators", () => {
    const named = (name: string, allow: boolean): Rule =>
      policy({ name, decide: async () => ({ allow, decisionId: `${name}-1` }) }, () => order);
    const sync = (name: string, allow: boolean): Rule =>
      policy({ name, decide: () => ({ allow, decisionId: `${name}-1` }) }, () => order);
    const broken = policy({ name: "broken", decide: () => Promise.reject() }, () => order);

    it("is not asked when a rule in front of it holds, or refuses", async () => {
      const decide = vi.fn(() => yes);
      await request(appFor(authorize(any(role("editor"), ruleOf(decide)))))
        .get("/")
        .expect(200);
      await request(appFor(authorize(all(role("admin"), ruleOf(decide)))))
        .get("/")
        .expect(403);
      expect(decide).not.toHaveBeenCalled();
      expect(decisions[0]).not.toHaveProperty("policy");
    });

    it.each<[string, Rule, string]>([
      ["all", all(named("a", true), role("editor"), sync("b", true)), "allow a a-1, b b-1"],
      ["all, refused", all(sync("a", true), named("b", false)), "deny a a-1, b b-1"],
      ["all, refused at once", all(sync("a", true), sync("b", false)), "deny a a-1, b b-1"],
      ["all, one unknown", all(broken, sync("b", true)), "error broken, b b-1"],
      ["all, one unknown and a no", all(broken, sync("b", false)), "deny broken, b b-1"],
      ["any", any(named("a", false), sync("b", true)), "allow a a-1, b b-1"],
      ["any, refused", any(sync("a", false), named("b", false)), "deny a a-1, b b-1"],
      ["any, one unknown", any(broken, sync("b", false)), "error broken, b b-1"],
      ["any, one unknown last", any(sync("b", false), broken), "error b b-1, broken"],
      ["any, one unknown and a yes", any(broken, named("b", true)), "allow broken, b b-1"],
      ["not", not(named("a", false)), "allow a a-1"],
      ["not, refused", not(sync("a", true)), "deny a a-1"],
      ["nested", any(not(sync("a", true)), all(named("b", true))), "allow a a-1, b b-1"],
    ])("names every engine that was asked: %s", async (_what, rule, expected) => {
      await request(appFor(authorize(rule))).get("/");
      const [decision] = decisions;
      expect(`${decision?.outcome} ${decision?.policy}`).toBe(expected);
    });
  });
});

describe("policy", () => {
  const engine = engineOf(() => yes);
  const as = (value: unknown): never => value as never;

  it.each<[string, () => unknown, string]>([
    [
      "no engine",
      () => policy(as(undefined), () => order),
      "policy.engine must be a policy engine",
    ],
    [
      "a factory in its place",
      () =>
        policy(
          as(() => engine),
          () => order,
        ),
      "got a function: call it, as in authzen({ url: … })",
    ],
    [
      "an engine without decide",
      () => policy(as({ name: "x" }), () => order),
      "policy.engine must",
    ],
    [
      "a name with blanks",
      () => policy({ ...engine, name: "my engine" }, () => order),
      "policy.engine.name must be 1 to 64",
    ],
    [
      "no function",
      () => policy(engine, as(order)),
      "policy.question must be a function, got an object",
    ],
    [
      "two functions",
      () =>
        (policy as (...args: unknown[]) => unknown)(
          engine,
          () => order,
          () => order,
        ),
      "policy must have an engine and one function",
    ],
  ])("refuses at start-up: %s", (_what, create, problem) => {
    expect(create).toThrow(
      expect.objectContaining({ name: "OptionsError", message: expect.stringContaining(problem) }),
    );
  });

  it("shows the name of the engine in the brand of the guard", () => {
    expect(authorize(policy(engine, () => order))).toHaveProperty(
      "expressSecureApiGuard",
      expect.stringContaining('"rule":"policy(engine)"'),
    );
  });
});
