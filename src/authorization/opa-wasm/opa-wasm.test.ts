import type { Express } from "express";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { listenToDecisions } from "../../../test/support/decisions.js";
import { expressVersions } from "../../../test/support/express.js";
import { policyWasm } from "../../../test/support/opa-policy-wasm.js";
import { createPrincipal, setPrincipalSource } from "../../core/principal/principal.js";
import { authorize, type PolicyEngine, policy } from "../index.js";
import { type OpaWasmOptions, opaWasm } from "./index.js";

const { loadPolicySync } =
  require("@open-policy-agent/opa-wasm") as typeof import("@open-policy-agent/opa-wasm");

describe.each(expressVersions)("opaWasm on Express %s", (_major, express) => {
  const decisions = listenToDecisions();

  function appFor(engine: PolicyEngine): Express {
    const app = express();
    const rule = policy(engine, (_principal, req) => ({
      resource: { type: "order", id: String(req.params["id"]) },
    }));
    app.use((req, _res, next) => {
      setPrincipalSource(req, createPrincipal({ subject: "alice" }));
      next();
    });
    app.get("/:id", authorize(rule), (_req, res) => void res.end());
    return app;
  }

  it.each<[string, () => OpaWasmOptions]>([
    ["the bytes of a module", () => ({ policy: policyWasm() })],
    ["a buffer of them", () => ({ policy: policyWasm().buffer as ArrayBuffer, data: { a: 1 } })],
    ["a policy that is loaded", () => ({ policy: loadPolicySync(policyWasm() as never) })],
    ["an entry point", () => ({ policy: policyWasm(), entrypoint: "shop/allow" })],
  ])("runs a policy, given %s", async (_what, options) => {
    const app = appFor(opaWasm(options()));
    await request(app).get("/1").expect(200);
    await request(app).get("/2").expect(403);
    await request(app).get("/3").expect(403);
    expect(decisions).toMatchObject([
      { outcome: "allow", policy: "opaWasm" },
      { outcome: "deny", reason: "policy_denied" },
      { outcome: "deny", reason: "policy_denied" },
    ]);
  });

  it.each<[string, () => unknown, number]>([
    ["true", () => [{ result: true }], 200],
    ["an object that allows", () => [{ result: { allow: true } }], 200],
    ["false", () => [{ result: false }], 403],
    ["nothing", () => [], 403],
    ["a result without a document", () => [{}], 403],
    ["an object without allow", () => [{ result: {} }], 403],
    ["yes in words", () => [{ result: "true" }], 503],
    ["two results", () => [{ result: true }, { result: true }], 503],
    ["true alone", () => true, 503],
    ["a promise", async () => [{ result: true }], 503],
    ["null", () => null, 503],
    [
      "an error that is a text",
      () => {
        throw "opa_abort";
      },
      503,
    ],
  ])("takes %s from the evaluation for what it is", async (_what, evaluate, status) => {
    const engine = opaWasm({ policy: { evaluate } });
    const answer = await request(appFor(engine)).get("/1").expect(status);
    if (status !== 503) return;
    expect(JSON.parse(answer.text).code).toBe("policy_unavailable");
    expect(decisions).toMatchObject([{ reason: "evaluation_failed", policy: "opaWasm" }]);
  });

  it("evaluates the entry point that is named", async () => {
    const asked: unknown[] = [];
    const evaluate = (input: unknown, entrypoint: unknown): unknown => {
      asked.push((input as { action: unknown }).action, entrypoint);
      return [{ result: true }];
    };
    const loaded = { evaluate, entrypoints: { "a/b": 0, "a/c": 1 } };
    await request(appFor(opaWasm({ policy: loaded, entrypoint: "a/c" })))
      .get("/1")
      .expect(200);
    expect(asked).toEqual([{ name: "GET" }, "a/c"]);
  });
});

describe("opaWasm", () => {
  const loaded = { evaluate: () => [], entrypoints: { "a/b": 0 } };

  it.each<[string, object, string]>([
    ["no policy", {}, "opaWasm.policy must be the bytes of a policy.wasm"],
    ["an unset variable", { policy: undefined }, "opaWasm.policy must"],
    ["a path", { policy: "policy.wasm" }, "opaWasm.policy must be the bytes of a policy.wasm"],
    ["bytes of something else", { policy: Buffer.from("x") }, "as opa build -t wasm makes it"],
    [
      "an entry point that the policy lacks",
      { policy: loaded, entrypoint: "toString" },
      "opaWasm.entrypoint must be one that the policy was built with",
    ],
    ["data beside a loaded policy", { policy: loaded, data: {} }, "call its setData(…)"],
    ["a name with blanks", { policy: loaded, name: "my opa" }, "opaWasm.name must be 1 to 64"],
    [
      "data that is no JSON",
      { policy: policyWasm(), data: { total: 10n } },
      "opaWasm.data must hold nothing but JSON",
    ],
    [
      "data that is a list",
      { policy: policyWasm(), data: [] },
      "opaWasm.data must be a plain object",
    ],
  ])("refuses at start-up: %s", (_what, options, problem) => {
    expect(() => opaWasm(options as OpaWasmOptions)).toThrow(
      expect.objectContaining({ name: "OptionsError", message: expect.stringContaining(problem) }),
    );
  });
});
