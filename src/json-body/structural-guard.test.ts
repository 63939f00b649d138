import express5, { type RequestHandler } from "express";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { decisionsOf } from "../core/decision/decision.js";
import { checkStructure, readLimits } from "../core/structure/check-structure.js";
import { type StructuralGuardOptions, structuralGuard } from "./structural-guard.js";

const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
const list = (length: number): string => JSON.stringify(Array.from({ length }, () => 0));
const object = (length: number): string =>
  JSON.stringify(Object.fromEntries(Array.from({ length }, (_, index) => [`k${index}`, 0])));

describe.each(expressVersions)("structuralGuard on Express %s", (_major, express) => {
  function appWith(options?: StructuralGuardOptions, parser?: RequestHandler) {
    const app = express();
    app.use(parser ?? express.json({ limit: "10mb" }));
    app.all("/:id", structuralGuard(options), (req, res) => {
      res.json({ body: req.body ?? null, decisions: decisionsOf(req) });
    });
    return app;
  }

  it.each([
    ["nesting of 21", nested(21), 400, "structure_too_deep"],
    ["nesting of 40,000", nested(40_000), 400, "structure_too_deep"],
    ["1,001 items", list(1001), 413, "structure_too_large"],
    ["201 members", object(201), 413, "structure_too_large"],
    [
      "10,001 nodes",
      JSON.stringify(Array.from({ length: 100 }, () => Array(100).fill(0))),
      413,
      "structure_too_large",
    ],
    [
      "a string of 64 KiB and one",
      JSON.stringify(["x".repeat(65_537)]),
      413,
      "structure_too_large",
    ],
    ["a long member name", JSON.stringify({ ["x".repeat(257)]: 1 }), 413, "structure_too_large"],
    ["__proto__", '{"a":[{"__proto__":{"isAdmin":true}}]}', 400, "forbidden_key"],
    ["constructor.prototype", '{"constructor":{"prototype":{"x":1}}}', 400, "forbidden_key"],
    ["NUL in a string", '{"a":"x\\u0000"}', 400, "forbidden_character"],
    ["NUL in a name", '{"x\\u0000":1}', 400, "forbidden_character"],
    ["a lone surrogate", '{"a":"\\ud800"}', 400, "forbidden_character"],
    ["half a pair at the end of a name", '{"a\\udc00":1}', 400, "forbidden_character"],
  ])("refuses %s", async (_what, body, status, code) => {
    const answer = await request(appWith()).post("/1").type("json").send(body).expect(status);
    expect(answer.body.code).toBe(code);
    expect(answer.headers["content-type"]).toBe("application/problem+json");
  });

  it.each([
    ["nesting of 20", nested(20)],
    ["1,000 items", list(1000)],
    ["200 members", object(200)],
    ["a member name of 256 characters", JSON.stringify({ ["x".repeat(256)]: 1 })],
    ["a string of 64 KiB", JSON.stringify(["x".repeat(65_536)])],
    ["a member called constructor that holds a string", '{"constructor":"Lego"}'],
    ["a pair of surrogates", '{"a":"\\ud83d\\ude00"}'],
    ["prototype alone", '{"prototype":{"x":1}}'],
  ])("lets %s pass", async (_what, body) => {
    const answer = await request(appWith()).post("/1").type("json").send(body).expect(200);
    expect(answer.body.body).toEqual(JSON.parse(body));
    expect(answer.body.decisions).toMatchObject([{ guard: "structuralGuard", outcome: "allow" }]);
  });

  it("checks params and query too", async () => {
    const param = await request(appWith()).get("/a%00b").expect(400);
    expect(param.body.code).toBe("forbidden_character");
    const query = await request(appWith()).get("/1?q=%00").expect(400);
    expect(query.body.code).toBe("forbidden_character");
  });

  it("checks what other parsers made of the body", async () => {
    const form = appWith({ keys: 2 }, express.urlencoded({ extended: true }));
    await request(form).post("/1").type("form").send("a=1&b=2").expect(200);
    await request(form).post("/1").type("form").send("a=1&b=2&c=3").expect(413);
    const raw = appWith({ nodes: 5 }, express.raw({ type: "*/*" }));
    await request(raw).post("/1").type("bin").send("more bytes than nodes").expect(200);
    const text = appWith({ stringLength: 5 }, express.text({ type: "*/*" }));
    await request(text).post("/1").type("text").send("longer").expect(413);
  });

  it("takes limits of its own", async () => {
    const app = appWith({ depth: 2, nodes: 5, items: 3, keys: 1, stringLength: 4 });
    const statusOf = async (body: string) =>
      (await request(app).post("/1").type("json").send(body)).status;
    expect(await statusOf("[[]]")).toBe(200);
    expect(await statusOf("[[[]]]")).toBe(400);
    expect(await statusOf("[1,2,3]")).toBe(200);
    expect(await statusOf("[1,2,3,4]")).toBe(413);
    expect(await statusOf("[[1,2],[3]]")).toBe(413);
    expect(await statusOf('{"a":1,"b":2}')).toBe(413);
    expect(await statusOf('["abcde"]')).toBe(413);
  });

  it("reports, and changes nothing, in report mode", async () => {
    const body = '{"a":"\\u0000"}';
    const answer = await request(appWith({ mode: "report" }))
      .post("/1")
      .type("json")
      .send(body);
    expect(answer.status).toBe(200);
    expect(answer.body.body).toEqual({ a: "\0" });
    expect(answer.body.decisions).toMatchObject([
      {
        outcome: "deny",
        enforced: false,
        code: "forbidden_character",
        reason: "body",
        first: true,
      },
    ]);
  });
});

describe("express-mongo-sanitize and hpp, which structuralGuard stands in for on Express 5", () => {
  it("does not touch req.query, which is a getter", async () => {
    const app = express5();
    app.get("/", structuralGuard(), (req, res) => void res.json(req.query));
    await request(app).get("/?__proto__=1").expect(400);
    await request(app)
      .get("/?a=1&a=2")
      .expect(200, { a: ["1", "2"] });
  });
});

describe("structuralGuard", () => {
  it.each([
    [{ depth: 0 }, "structuralGuard.depth must be a whole number from 1 to 1000, got 0"],
    [{ nodes: Number.NaN }, "structuralGuard.nodes must be a whole number"],
    [{ items: "10" }, "structuralGuard.items must be a whole number"],
    [{ maxDepth: 5 }, 'did you mean "depth"?'],
    [{ string: 5 }, "structuralGuard must not have an option"],
  ])("refuses the options %o", (options, message) => {
    expect(() => structuralGuard(options as never)).toThrow(message);
  });

  it("ends on a cyclic value", () => {
    const cyclic: Record<string, unknown> = {};
    cyclic["self"] = cyclic;
    expect(checkStructure(cyclic, readLimits(undefined))).toBe("structure_too_deep");
  });

  it("is not misled by a polluted prototype", () => {
    Object.defineProperty(Object.prototype, "polluted", {
      value: "\0",
      enumerable: true,
      configurable: true,
    });
    // The assertion comes after: it would trip over the pollution itself.
    const fault = checkStructure({ a: 1 }, readLimits(undefined));
    delete (Object.prototype as { polluted?: unknown }).polluted;
    expect(fault).toBeUndefined();
  });
});
