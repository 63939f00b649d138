import type { RequestHandler } from "express";
import { body } from "express-validator";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { decisionsOf } from "../core/decision/decision.js";
import { validate } from "./validate.js";
import type { Validator } from "./validator.js";

describe.each(expressVersions)("validate in report mode on Express %s", (_major, express) => {
  async function run<V>(validator: Validator<V>, sent: object, path = "/") {
    const app = express();
    app.use(express.json());
    const handler: RequestHandler = (req, res) => {
      res.json({
        valid: validator.valid(req),
        body: req.body,
        query: req.query,
        contexts: "express-validator#contexts" in req,
        decisions: decisionsOf(req),
      });
    };
    app.post("/", validator as RequestHandler, handler);
    const answer = await request(app).post(path).send(sent).expect(200);
    return answer.body;
  }

  const schema = {
    type: "object",
    properties: {
      a: { type: "integer" },
      n: { type: "object", properties: { b: { default: 1 } } },
    },
  } as const;

  it("lets a request pass that it would refuse, with its own values", async () => {
    const answer = await run(validate({ body: schema, mode: "report" }), { a: "x", extra: 1 });
    expect(answer.valid).toEqual({ body: { a: "x", extra: 1 } });
    expect(answer.body).toEqual({ a: "x", extra: 1 });
    expect(answer.decisions).toMatchObject([
      {
        guard: "validate",
        outcome: "deny",
        enforced: false,
        code: "validation_failed",
        status: 422,
      },
    ]);
  });

  it("shows defaults and stripped members through valid(req) only", async () => {
    const validator = validate({ body: schema, unknown: "strip", mode: "report" });
    const answer = await run(validator, { n: {}, extra: 1 });
    expect(answer.valid).toEqual({ body: { n: { b: 1 } } });
    expect(answer.body).toEqual({ n: {}, extra: 1 });
    expect(answer.decisions).toMatchObject([{ outcome: "allow", enforced: false }]);
  });

  it("waits for a schema that looks something up, because handlers read valid(req)", async () => {
    let looksUp = true;
    const later = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: async () => {
          await new Promise((resolve) => setTimeout(resolve, 20));
          looksUp = false;
          return { value: { a: 2 } };
        },
      },
    } as const;
    const answer = await run(validate({ body: later, mode: "report" }), { a: 1 });
    expect(looksUp).toBe(false);
    expect(answer.valid).toEqual({ body: { a: 2 } });
    expect(answer.body).toEqual({ a: 1 });
  });

  it("keeps a compiled function from changing the body and the query", async () => {
    const vandal = (value: { a?: unknown }): value is { a: string } => {
      value.a = "changed";
      return true;
    };
    const validator = validate({ body: vandal, query: vandal, mode: "report" });
    const answer = await run(validator, { a: 1 }, "/?a=1");
    expect(answer.body).toEqual({ a: 1 });
    expect(answer.query).toEqual({ a: "1" });
  });

  it("keeps the sanitizers and contexts of chains to itself", async () => {
    const chains = [body("a").trim().isLength({ min: 1 })];
    const answer = await run(validate({ chains, unknown: "reject", mode: "report" }), { a: " x " });
    expect(answer.valid.body).toEqual({ a: "x" });
    expect(answer.body).toEqual({ a: " x " });
    expect(answer.contexts).toBe(false);
  });

  it("lets outages of a schema pass, and records them as errors", async () => {
    const broken = (): never => {
      throw new Error("boom");
    };
    const answer = await run(validate({ body: broken as never, mode: "report" }), { a: 1 });
    expect(answer.valid).toEqual({ body: { a: 1 } });
    expect(answer.decisions).toMatchObject([
      { outcome: "error", enforced: false, reason: "function_failed" },
    ]);
  });
});
