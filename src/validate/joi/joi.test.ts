import type { ErrorRequestHandler } from "express";
import Joi18 from "joi";
import Joi17 from "joi-17";
import request from "supertest";
import { afterEach, describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import { decisionsOf } from "../../core/decision/decision.js";
import { OptionsError } from "../../core/options/options-error.js";
import { validate } from "../validate.js";
import type { ValidateOptions } from "../validate-options.js";
import { isJoiSchema } from "./joi.js";

/** What both versions have in common. */
const versions: readonly (readonly [name: string, joi: typeof Joi18])[] = [
  ["joi 17", Joi17 as unknown as typeof Joi18],
  ["joi 18", Joi18],
];

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe.each(expressVersions)("validate with joi on Express %s", (_major, express) => {
  describe.each(versions)("and %s", (_version, Joi) => {
    const order = Joi.object({
      email: Joi.string().email().required(),
      age: Joi.number().integer().min(18),
      tags: Joi.array().items(Joi.string().max(3)).max(2),
      role: Joi.string().valid("user", "editor").default("user"),
      card: Joi.string().pattern(/^\d{4}$/),
      address: Joi.object({ zip: Joi.string().required() }),
    });

    function appWith(options: ValidateOptions) {
      const validator = validate<{ body?: unknown; query?: unknown }>(options);
      const app = express();
      app.use(express.json());
      app.use("/:id", (req, res, next) => {
        res.on("finish", () => seen.push(...decisionsOf(req).map(({ reason }) => reason)));
        next();
      });
      app.all("/:id", validator, (req, res) => {
        res.json({ ...(validator.valid(req) as object), seen: req.body ?? null });
      });
      app.use(((error, _req, res, _next) => {
        res.status(500).json({ handled: String(error) });
      }) as ErrorRequestHandler);
      return app;
    }
    const seen: unknown[] = [];

    const send = (options: ValidateOptions, body: object | string, path = "/1") =>
      request(appWith(options)).post(path).send(body);

    it("hands on what joi made of the body: defaults and conversions", async () => {
      const body = Joi.object({
        n: Joi.number(),
        d: Joi.date(),
        s: Joi.string().trim().lowercase(),
        r: Joi.string().default("x"),
      });
      const answer = await send({ body }, { n: "5", d: "2020-01-02", s: " A " }).expect(200);
      const expected = { n: 5, d: "2020-01-02T00:00:00.000Z", s: "a", r: "x" };
      expect(answer.body).toEqual({ body: expected, seen: expected });
    });

    it("converts nothing where the schema says so", async () => {
      const body = Joi.object({ n: Joi.number() }).prefs({ convert: false });
      const answer = await send({ body }, { n: "5" }).expect(422);
      expect(answer.body.errors).toMatchObject([{ pointer: "#/n", code: "type" }]);
    });

    it("answers with codes of its own, and never with a message of joi or a value", async () => {
      const answer = await send(
        { body: order },
        {
          email: "topsecret",
          age: 17.5,
          tags: ["ok", "topsecret", "x"],
          role: "topsecret",
          card: "topsecret",
          address: {},
          topsecret: 1,
        },
      ).expect(422);
      expect(answer.headers["content-type"]).toContain("application/problem+json");
      expect(answer.body.code).toBe("validation_failed");
      expect(answer.body.errors.map((error: object) => Object.values(error).slice(0, 3))).toEqual([
        ["body", "#/email", "format"],
        ["body", "#/age", "type"],
        ["body", "#/age", "minimum"],
        ["body", "#/tags/1", "max_length"],
        ["body", "#/tags", "max_items"],
        ["body", "#/role", "enum"],
        ["body", "#/card", "pattern"],
        ["body", "#/address/zip", "required"],
        ["body", "#", "unknown_field"],
      ]);
      expect(answer.text).not.toContain("topsecret");
    });

    it.each<[string, (joi: typeof Joi18) => import("joi").Schema, unknown, string, string]>([
      ["a missing member", (j) => j.object({ a: j.any().required() }), {}, "#/a", "required"],
      ["null", (j) => j.object({ a: j.string() }), { a: null }, "#/a", "type"],
      ["an empty text", (j) => j.object({ a: j.string() }), { a: "" }, "#/a", "min_length"],
      ["a forbidden member", (j) => j.object({ a: j.forbidden() }), { a: 1 }, "#/a", "not_allowed"],
      ["an invalid value", (j) => j.object({ a: j.invalid(1) }), { a: 1 }, "#/a", "not_allowed"],
      [
        "alternatives",
        (j) => j.object({ a: j.alternatives(j.number(), j.boolean()) }),
        { a: "x" },
        "#/a",
        "alternatives",
      ],
      [
        "two of xor",
        (j) => j.object({ a: j.any(), b: j.any() }).xor("a", "b"),
        { a: 1, b: 2 },
        "#",
        "alternatives",
      ],
      [
        "none of or",
        (j) => j.object({ a: j.any(), b: j.any() }).or("a", "b"),
        {},
        "#",
        "alternatives",
      ],
      [
        "one of and",
        (j) => j.object({ a: j.any(), b: j.any() }).and("a", "b"),
        { a: 1 },
        "#",
        "alternatives",
      ],
      [
        "an item twice",
        (j) => j.object({ a: j.array().unique() }),
        { a: [1, 1] },
        "#/a/1",
        "unique_items",
      ],
      [
        "a number that is not exact",
        (j) => j.object({ a: j.number() }),
        { a: 2 ** 60 },
        "#/a",
        "maximum",
      ],
      [
        "a multiple",
        (j) => j.object({ a: j.number().multiple(3) }),
        { a: 4 },
        "#/a",
        "multiple_of",
      ],
      ["a date", (j) => j.object({ a: j.date() }), { a: "x" }, "#/a", "type"],
      ["a uuid", (j) => j.object({ a: j.string().uuid() }), { a: "x" }, "#/a", "format"],
      ["a list in place of an object", (j) => j.object({}), [], "#", "type"],
      [
        "a rule of the app",
        (j) =>
          j.object({
            a: j.custom(() => {
              throw new Error("topsecret");
            }),
          }),
        { a: 1 },
        "#/a",
        "invalid",
      ],
      [
        "an error of the app",
        (j) => j.object({ a: j.number() }).error(new Error("topsecret")),
        { a: "x" },
        "#",
        "invalid",
      ],
      [
        "a message of the app",
        (j) => j.object({ a: j.number().messages({ "number.base": "topsecret {#value}" }) }),
        { a: "x" },
        "#/a",
        "type",
      ],
      ["a label", (j) => j.object({ a: j.number().label("topsecret") }), { a: "x" }, "#/a", "type"],
    ])("tells %s", async (_what, make, body, pointer, code) => {
      const answer = await send({ body: make(Joi) }, body as object).expect(422);
      expect(answer.body.errors).toMatchObject([{ pointer, code }]);
      expect(answer.text).not.toContain("topsecret");
    });

    it("shows no name that the client chose", async () => {
      const body = Joi.object({ map: Joi.object().pattern(/./, Joi.object({ n: Joi.number() })) });
      const answer = await send({ body }, { map: { topsecret: { n: "x" } } }).expect(422);
      expect(answer.body.errors).toMatchObject([{ pointer: "#/map", code: "type" }]);
      expect(answer.text).not.toContain("topsecret");
    });

    it.each<[string, ValidateOptions["unknown"] | undefined, number, unknown]>([
      ["refuses", undefined, 422, undefined],
      ["refuses", "reject", 422, undefined],
      ["strips", "strip", 200, { a: 1, o: { b: 1 } }],
      ["allows", "allow", 200, { a: 1, o: { b: 1, y: 2 }, z: 3 }],
    ])(
      "%s unknown members of the body with unknown: %s",
      async (_does, unknown, status, expected) => {
        const body = Joi.object({ a: Joi.number(), o: Joi.object({ b: Joi.number() }) });
        const options = unknown === undefined ? { body } : { body, unknown };
        const answer = await send(options, { a: 1, o: { b: 1, y: 2 }, z: 3 }).expect(status);
        if (status === 200) expect(answer.body.body).toEqual(expected);
        else
          expect(answer.body.errors.map(({ code }: { code: string }) => code)).toEqual([
            "unknown_field",
            "unknown_field",
          ]);
      },
    );

    it("lets the schema open an object of its own, drop a member and give it another name", async () => {
      const body = Joi.object({
        o: Joi.object({ b: Joi.number() }).unknown(),
        p: Joi.any().strip(),
        q: Joi.number(),
      }).rename("r", "q");
      const answer = await send({ body }, { o: { b: 1, y: 2 }, p: 1, r: 3 }).expect(200);
      expect(answer.body.body).toEqual({ o: { b: 1, y: 2 }, q: 3 });
    });

    it("lets prefs() of the schema decide about unknown members, and Joi.object() take all", async () => {
      const open = Joi.object({ a: Joi.any() }).prefs({ allowUnknown: true });
      expect((await send({ body: open }, { z: 1 }).expect(200)).body.body).toEqual({ z: 1 });
      const dropping = Joi.object({ a: Joi.any() }).prefs({ stripUnknown: true });
      expect((await send({ body: dropping }, { a: 1, z: 1 }).expect(200)).body.body).toEqual({
        a: 1,
      });
      expect((await send({ body: Joi.object() }, { z: 1 }).expect(200)).body.body).toEqual({
        z: 1,
      });
    });

    it("converts query and params, refuses unknown parameters, and names the parameter", async () => {
      const options = {
        query: Joi.object({ limit: Joi.number().max(100), on: Joi.boolean() }),
        params: Joi.object({ id: Joi.number().required() }),
      };
      const answer = await request(appWith(options)).get("/7?limit=5&on=true").expect(200);
      expect(answer.body).toMatchObject({ query: { limit: 5, on: true }, params: { id: 7 } });
      const refused = await request(appWith(options)).get("/x?limit=101&z=1").expect(422);
      expect(refused.body.errors).toMatchObject([
        { in: "query", parameter: "limit", code: "maximum" },
        { in: "query", code: "unknown_field" },
        { in: "path", parameter: "id", code: "type" },
      ]);
      await request(appWith(options)).get("/1?limit=5&limit=6").expect(422);
    });

    it("takes header fields and cookies that the schema does not name, and leaves them out", async () => {
      const options = {
        headers: Joi.object({ "x-tenant": Joi.string().required() }),
        cookies: Joi.object({ a: Joi.number() }),
      };
      const ask = request(appWith(options)).get("/1").set("Cookie", "a=1; b=2");
      const answer = await ask.set("X-Tenant", "t").expect(200);
      expect(answer.body).toMatchObject({ headers: { "x-tenant": "t" }, cookies: { a: 1 } });
      expect(Object.keys(answer.body.headers)).toEqual(["x-tenant"]);
      const refused = await request(appWith(options)).get("/1").expect(422);
      expect(refused.body.errors).toMatchObject([{ in: "header", header: "x-tenant" }]);
    });

    it("refuses a missing body, although joi takes undefined unless it is required", async () => {
      const body = Joi.object({ a: Joi.any().required() });
      const refused = await request(appWith({ body })).post("/1").expect(400);
      expect(refused.body).toMatchObject({
        code: "validation_failed",
        errors: [{ code: "required" }],
      });
      await request(appWith({ body: body.required() }))
        .post("/1")
        .expect(400);
      await request(appWith({ body: body.optional() }))
        .post("/1")
        .expect(200);
      const made = await request(appWith({ body: body.default({ a: 1 }) }))
        .post("/1")
        .expect(200);
      expect(made.body.body).toEqual({ a: 1 });
    });

    it.each([
      ["__proto__", '{"__proto__":{"a":1}}', 400],
      ["constructor.prototype", '{"constructor":{"prototype":{}}}', 400],
      ["deep nesting", `{"a":${"[".repeat(30)}${"]".repeat(30)}}`, 400],
      [
        "a thousand and one items",
        JSON.stringify({ a: Array.from({ length: 1001 }, () => 0) }),
        413,
      ],
    ])("refuses %s before joi sees it", async (_what, text, status) => {
      const custom = vi.fn((value: unknown) => value);
      const body = Joi.any().custom(custom);
      const ask = request(appWith({ body })).post("/1").set("Content-Type", "application/json");
      await ask.send(text).expect(status);
      expect(custom).not.toHaveBeenCalled();
    });

    describe("with external rules", () => {
      const external = (
        rule: (value: unknown, helpers: import("joi").ExternalHelpers) => unknown,
      ) =>
        Joi.object({
          name: Joi.string()
            .max(5)
            .external(rule as never),
          n: Joi.number(),
        });

      it("waits for them, and hands on what they return", async () => {
        const body = external(async (value) => `${value}!`);
        expect((await send({ body }, { name: "a", n: "1" }).expect(200)).body.body).toEqual({
          name: "a!",
          n: 1,
        });
      });

      it("answers 422 for what a rule, or the schema, finds wrong", async () => {
        const body = external(async (value, { error }) =>
          value === "bad" ? error("any.invalid") : value,
        );
        const refused = await send({ body }, { name: "bad" }).expect(422);
        expect(refused.body.errors).toMatchObject([{ pointer: "#/name", code: "not_allowed" }]);
        await send({ body }, { name: "too long" }).expect(422);
        await send({ body }, { name: "good" }).expect(200);
      });

      it.each<[string, () => unknown]>([
        [
          "throws",
          () => {
            throw new Error("topsecret");
          },
        ],
        [
          "rejects",
          async () => {
            throw new Error("topsecret");
          },
        ],
        ["rejects with nothing", () => Promise.reject(undefined)],
      ])("answers 503 when a rule %s", async (_how, rule) => {
        vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
        const answer = await send({ body: external(rule) }, { name: "a" }).expect(503);
        expect(answer.body.code).toBe("check_unavailable");
        expect(answer.text).not.toContain("topsecret");
      });

      it("answers 503 when a rule never answers", async () => {
        vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
        vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
        let asked: () => void = () => undefined;
        const called = new Promise<void>((resolve) => {
          asked = resolve;
        });
        const body = external(() => {
          asked();
          return new Promise(() => undefined);
        });
        const pending = send({ body }, { name: "a" }).then((answer) => answer);
        await called;
        await vi.advanceTimersByTimeAsync(5000);
        expect((await pending).status).toBe(503);
      });

      it("finds them in links, conditions and items", async () => {
        const rule = vi.fn(async (value: unknown) => value);
        const inner = Joi.string().external(rule as never);
        for (const body of [
          Joi.object({ a: Joi.when("b", { is: 1, then: inner }), b: Joi.any() }),
          Joi.object({ a: Joi.link("#x"), b: Joi.any() }).shared(inner.id("x")),
          Joi.object({ a: Joi.alternatives(Joi.number(), inner), b: Joi.any() }),
        ]) {
          await send({ body }, { a: "x", b: 1 }).expect(200);
        }
        expect(rule).toHaveBeenCalledTimes(3);
      });
    });

    it("answers 503 when a function of the schema throws beside the rules", async () => {
      vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
      const body = Joi.object({
        a: Joi.number().error(() => {
          throw new Error("topsecret");
        }),
      });
      const answer = await send({ body }, { a: "x" }).expect(503);
      expect(answer.text).not.toContain("topsecret");
    });

    it("refuses nothing in report mode, changes nothing, and records", async () => {
      seen.length = 0;
      const body = Joi.object({ a: Joi.number(), b: Joi.string().default("x") });
      const passed = await send({ body, mode: "report" }, { a: "5" }).expect(200);
      expect(passed.body).toEqual({ body: { a: 5, b: "x" }, seen: { a: "5" } });
      await send({ body, mode: "report" }, { a: "x", topsecret: 1 }).expect(200);
      await vi.waitUntil(() => seen.length === 2);
      expect(seen).toEqual([undefined, "invalid_body"]);
    });

    it("tells at most maxErrors errors of a body that is all wrong", async () => {
      const body = Joi.object({
        a: Joi.array().items(
          Joi.string().valid(...Array.from({ length: 200 }, (_, n) => `word${n}`)),
        ),
      });
      const items = Array.from({ length: 1000 }, () => "x");
      const answer = await send({ body }, { a: items }).expect(422);
      expect(answer.body.errors).toHaveLength(20);
      expect(answer.body.truncated).toBe(true);
    });

    it("refuses schemas in the wrong place at start-up", () => {
      const problem = (options: unknown): string => {
        try {
          validate(options as ValidateOptions);
        } catch (error) {
          if (error instanceof OptionsError) return error.message;
        }
        return "";
      };
      expect(problem(Joi.object({}))).toContain("write validate({ body: schema })");
      expect(problem({ body: { name: Joi.string() } })).toContain("write Joi.object({ … })");
      expect(problem({ headers: Joi.object({ "X-Tenant": Joi.any() }) })).toContain(
        "in lower case",
      );
      expect(problem({ body: Joi })).toContain("validate.body must be a JSON Schema");
    });
  });

  it("refuses schemas of other versions", () => {
    const brand = Symbol.for("@hapi/joi/schema");
    for (const version of ["16.1.8", "19.0.0", undefined]) {
      const schema = { [brand]: { version }, validate: () => ({ value: 1 }), describe: () => ({}) };
      expect(() => validate({ body: schema as never })).toThrow("must be a schema of joi 17 or 18");
    }
  });
});

describe("isJoiSchema", () => {
  it.each(versions)("knows schemas of %s", (_name, joi) => {
    expect([joi.any(), joi.object({}), joi.link("#a")].map(isJoiSchema)).toEqual([
      true,
      true,
      true,
    ]);
  });

  it.each([[undefined], [null], ["x"], [{}], [{ validate() {} }], [Joi18]])(
    "takes %s for none",
    (value) => {
      expect(isJoiSchema(value)).toBe(false);
    },
  );
});
