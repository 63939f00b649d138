import type { ErrorRequestHandler, RequestHandler } from "express";
import request from "supertest";
import { describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { cpuTimeOf } from "../../test/support/cpu-time.js";
import { expressVersions } from "../../test/support/express.js";
import { http2Request, http2Server } from "../../test/support/http2.js";
import { decisionsOf } from "../core/decision/decision.js";
import { jsonBody } from "../json-body/json-body.js";
import { validate } from "./validate.js";
import type { Validator } from "./validator.js";

const ORDER = {
  type: "object",
  required: ["sku", "quantity"],
  properties: {
    sku: { type: "string", maxLength: 20 },
    quantity: { type: "integer", minimum: 1 },
    note: { type: "string", default: "" },
    items: {
      type: "array",
      items: { type: "object", required: ["id"], properties: { id: { type: "integer" } } },
    },
  },
} as const;

describe.each(expressVersions)("validate on Express %s", (_major, express) => {
  function appWith<V>(validator: Validator<V>, parser: RequestHandler = express.json()) {
    const app = express();
    const seen: unknown[] = [];
    app.use(parser);
    app.all("/:id", validator, ((req, res) => {
      const decisions = decisionsOf(req);
      res.json({ valid: validator.valid(req), body: req.body ?? null, decisions });
    }) as RequestHandler);
    const onError: ErrorRequestHandler = (error, _req, res, _next) => {
      seen.push(error);
      res.status(500).json({ handled: true });
    };
    app.use(onError);
    return Object.assign(app, { seen });
  }

  it("passes a body that fits, with defaults, and records it", async () => {
    const answer = await request(appWith(validate({ body: ORDER })))
      .post("/1")
      .send({ sku: "A", quantity: 2 })
      .expect(200);
    const body = { sku: "A", quantity: 2, note: "" };
    expect(answer.body).toEqual({
      valid: { body },
      body,
      decisions: [{ guard: "validate", outcome: "allow", enforced: true, code: "ok" }],
    });
  });

  it("answers 422 with a pointer, a code and a sentence for each error, and no value", async () => {
    const answer = await request(appWith(validate({ body: ORDER })))
      .post("/1")
      .send({ quantity: "topsecret", note: 5, items: [{ id: 1 }, { id: "topsecret" }, {}] })
      .expect(422)
      .expect("Content-Type", "application/problem+json")
      .expect("Cache-Control", "no-store");
    expect(answer.body).toEqual({
      title: "Unprocessable Entity",
      status: 422,
      code: "validation_failed",
      detail: "The request does not have the form that this operation needs.",
      errors: [
        { in: "body", pointer: "#/sku", code: "required", detail: "is required" },
        { in: "body", pointer: "#/quantity", code: "type", detail: "has the wrong type" },
        { in: "body", pointer: "#/note", code: "type", detail: "has the wrong type" },
        { in: "body", pointer: "#/items/1/id", code: "type", detail: "has the wrong type" },
        { in: "body", pointer: "#/items/2/id", code: "required", detail: "is required" },
      ],
    });
    expect(answer.text).not.toContain("topsecret");
  });

  it("names the parent of an unknown field, and the field itself only with expose: full", async () => {
    const body = { sku: "A", quantity: 1, items: [{ id: 1, isAdmin: true }] };
    const usual = await request(appWith(validate({ body: ORDER })))
      .post("/1")
      .send(body);
    expect(usual.status).toBe(422);
    const error = { in: "body", pointer: "#/items/0", code: "unknown_field" };
    const detail = "has a member that is not known here";
    expect(usual.body.errors).toEqual([{ ...error, detail }]);
    expect(usual.text).not.toContain("isAdmin");
    const full = appWith(validate({ body: ORDER, expose: "full" }));
    const told = await request(full)
      .post("/1")
      .send({ ...body, quantity: 0 });
    expect(told.body.errors).toEqual([
      { in: "body", pointer: "#/quantity", code: "minimum", detail: "must be >= 1" },
      { ...error, detail, name: "isAdmin" },
    ]);
    const none = await request(appWith(validate({ body: ORDER, expose: "none" })))
      .post("/1")
      .send(body)
      .expect(422);
    expect(none.body).not.toHaveProperty("errors");
  });

  it("answers with the status of the option", async () => {
    const app = appWith(validate({ body: ORDER, status: 400 }));
    const answer = await request(app).post("/1").send({}).expect(400);
    expect(answer.body.code).toBe("validation_failed");
  });

  it("cuts the list of errors at maxErrors and says so", async () => {
    const body = { sku: "A", quantity: 1, items: Array.from({ length: 30 }, () => ({})) };
    const usual = await request(appWith(validate({ body: ORDER })))
      .post("/1")
      .send(body);
    expect(usual.body.errors).toHaveLength(20);
    expect(usual.body.truncated).toBe(true);
    const two = appWith(validate({ body: ORDER, maxErrors: 2 }));
    const few = await request(two).post("/1").send({}).expect(422);
    expect(few.body.errors).toHaveLength(2);
    expect(few.body).not.toHaveProperty("truncated");
  });

  it("writes pointers as URI fragments", async () => {
    const body = { "a/b~c d%é": "x", [`${"n".repeat(63)}😀`]: "x" };
    const properties = Object.fromEntries(
      Object.keys(body).map((name) => [name, { type: "integer" }]),
    );
    const answer = await request(appWith(validate({ body: { type: "object", properties } })))
      .post("/1")
      .send(body);
    expect(answer.body.errors.map((error: { pointer: string }) => error.pointer)).toEqual([
      "#/a~1b~0c%20d%25%C3%A9",
      `#/${"n".repeat(63)}%EF%BF%BD`,
    ]);
  });

  describe("the body", () => {
    const optional = { type: "object", properties: { a: { type: "integer" } } } as const;

    it.each(["text/plain", "application/x-www-form-urlencoded", "application/json; =", ""])(
      "is refused with 415 and Accept when its media type is %j",
      async (type) => {
        const app = appWith(validate({ body: optional }), express.text({ type: "*/*" }));
        const answer = await request(app)
          .post("/1")
          .set("Content-Type", type)
          .send("a=1")
          .expect(415);
        expect(answer.body.code).toBe("unsupported_media_type");
        expect(answer.headers["accept"]).toBe("application/json");
      },
    );

    it("may have another media type when contentTypes says so", async () => {
      const form = { type: "object", properties: { a: { type: "string" } } } as const;
      const app = appWith(
        validate({ body: form, contentTypes: "application/x-www-form-urlencoded" }),
        express.urlencoded({ extended: false }),
      );
      await request(app).post("/1").type("form").send("a=1").expect(200);
      const json = await request(app).post("/1").send({ a: "1" }).expect(415);
      expect(json.headers["accept"]).toBe("application/x-www-form-urlencoded");
    });

    it.each([
      ["no body at all", {}],
      ["an empty JSON body", { "Content-Type": "application/json", "Content-Length": "0" }],
    ])(
      "is refused with 400 when there is %s, even if the schema would take {}",
      async (_what, headers) => {
        for (const parser of [express.json(), jsonBody()]) {
          const app = appWith(validate({ body: optional }), parser);
          const answer = await request(app).post("/1").set(headers).expect(400);
          expect(answer.body.code).toBe("validation_failed");
          expect(answer.body.errors).toEqual([
            { in: "body", pointer: "#", code: "required", detail: "is required" },
          ]);
        }
      },
    );

    it("is refused with 400 when it has no chunk, although jsonBody left {} as Express does", async () => {
      const app = appWith(validate({ body: optional }), jsonBody());
      const answer = await request(app)
        .post("/1")
        .set({ "Content-Type": "application/json", "Transfer-Encoding": "chunked" })
        .expect(400);
      expect(answer.body.errors).toMatchObject([{ pointer: "#", code: "required" }]);
      expect(app.seen).toEqual([]);
    });

    it("needs no Content-Length over HTTP/2", async () => {
      const server = http2Server(appWith(validate({ body: optional }), jsonBody()));
      const post = { ":method": "POST", ":path": "/1", "content-type": "application/json" };
      expect(await http2Request(server, post, ['{"a":1}'])).toMatchObject({ status: 200 });
      expect(await http2Request(server, post, ['{"a":"x"}'])).toMatchObject({ status: 422 });
      for (const nothing of [undefined, []]) {
        expect(await http2Request(server, post, nothing)).toMatchObject({ status: 400 });
      }
      server.close();
      // express.json() finds no body there.
      const theirs = http2Server(appWith(validate({ body: optional }), express.json()));
      const { status, body } = await http2Request(theirs, post, ['{"a":1}']);
      expect([status, JSON.parse(body).errors?.[0].code]).toEqual([400, "required"]);
      theirs.close();
    });

    it("may be missing when a Standard Schema takes undefined", async () => {
      const app = appWith(validate({ body: z.object({ a: z.number() }).optional() }));
      const answer = await request(app).post("/1").expect(200);
      expect(answer.body).toMatchObject({ valid: {}, body: null });
      await request(app).post("/1").send({ a: 1 }).expect(200);
      const required = appWith(validate({ body: z.object({}) }));
      await request(required).post("/1").expect(400);
    });

    it("that nothing parsed is a mistake of the app: 500, never a pass", async () => {
      const none: RequestHandler = (_req, _res, next) => next();
      for (const parser of [none, express.urlencoded({ extended: false })]) {
        const app = appWith(validate({ body: optional }), parser);
        const warned = new Promise<Error>((resolve) => void process.once("warning", resolve));
        const answer = await request(app).post("/1").send({ a: 1 }).expect(500);
        expect(answer.body.code).toBe("internal_error");
        expect(app.seen).toEqual([]);
        expect((await warned).message).toContain("mount jsonBody() or express.json()");
      }
    });

    it("that no parser takes is refused, when it is not application/json itself", async () => {
      const app = appWith(validate({ body: optional }));
      const type = "application/merge-patch+json";
      await request(app).post("/1").set("Content-Type", type).send('{"a":1}').expect(415);
      const ours = appWith(validate({ body: optional }), jsonBody());
      await request(ours).post("/1").set("Content-Type", type).send('{"a":1}').expect(200);
    });

    it("that something else than a parser put there is validated as well", async () => {
      const adapter: RequestHandler = (req, _res, next) => {
        req.body = { a: "x" };
        next();
      };
      await request(appWith(validate({ body: optional }), adapter))
        .post("/1")
        .expect(422);
    });

    it("is checked for its structure before any schema sees it", async () => {
      const seen = vi.fn();
      const spy = (value: unknown): value is object => {
        seen(value);
        return true;
      };
      const app = appWith(validate({ body: spy, limits: { depth: 3 } }));
      const send = (body: string) => request(app).post("/1").type("json").send(body);
      expect((await send("[[[[]]]]").expect(400)).body.code).toBe("structure_too_deep");
      expect((await send('{"__proto__":{}}').expect(400)).body.code).toBe("forbidden_key");
      expect((await send('{"a":"\\u0000"}').expect(400)).body.code).toBe("forbidden_character");
      const long = JSON.stringify(Array(1001).fill(0));
      expect((await send(long).expect(413)).body.code).toBe("structure_too_large");
      expect(seen).not.toHaveBeenCalled();
    });
  });

  it("validates several parts and answers with the errors of all", async () => {
    const validator = validate({
      body: ORDER,
      query: { type: "object", properties: { dry: { type: "boolean" } } },
      params: { type: "object", required: ["id"], properties: { id: { type: "integer" } } },
      headers: {
        type: "object",
        required: ["x-tenant"],
        properties: { "x-tenant": { type: "string" } },
      },
      cookies: { type: "object", properties: { theme: { enum: ["dark", "light"] } } },
    });
    const bad = await request(appWith(validator))
      .post("/abc?dry=1&utm=2")
      .set("Cookie", "theme=blue")
      .send({ sku: "A" })
      .expect(422);
    expect(bad.body.errors).toMatchObject([
      { in: "body", pointer: "#/quantity", code: "required" },
      { in: "query", code: "unknown_field" },
      { in: "query", parameter: "dry", code: "type" },
      { in: "path", parameter: "id", code: "type" },
      { in: "header", header: "x-tenant", code: "required" },
      { in: "cookie", cookie: "theme", code: "enum" },
    ]);
    expect(bad.text).not.toContain("utm");
    const good = await request(appWith(validator))
      .post("/7?dry=true")
      .set("Cookie", "theme=dark; other=1")
      .set("X-Tenant", "acme")
      .send({ sku: "A", quantity: 1 })
      .expect(200);
    expect(good.body.valid).toEqual({
      body: { sku: "A", quantity: 1, note: "" },
      query: { dry: true },
      params: { id: 7 },
      headers: { "x-tenant": "acme" },
      cookies: { theme: "dark" },
    });
  });

  it("refuses NUL in params, query and cookies", async () => {
    const text = {
      type: "object",
      properties: { id: { type: "string" }, q: { type: "string" } },
    } as const;
    const app = appWith(validate({ params: text, query: text, cookies: text }));
    for (const path of ["/a%00", "/a?q=%00"]) {
      expect((await request(app).get(path).expect(400)).body.code).toBe("forbidden_character");
    }
    await request(app).get("/a").set("Cookie", "id=%00").expect(400);
    await request(app).get("/a?q=b").set("Cookie", "id=%C3%A9").expect(200);
  });

  it("reads a Cookie field of 16 kB in linear time: every reader of client text counts first", async () => {
    const cookies = { type: "object", properties: { a: { type: "string" } } } as const;
    const app = appWith(validate({ cookies }));
    const cookie = Array(3750).fill("a=b").join(";");
    const work = await cpuTimeOf(() => request(app).get("/1").set("Cookie", cookie).expect(413));
    // It took 2.5 seconds.
    expect(work).toBeLessThan(1000);
  });

  it("answers at once where alternatives recurse: work per request has a bound", async () => {
    const node = { $ref: "#/$defs/node" };
    const kinds = ["p", "b", "i", "u", "a", "li"].map((kind) => ({
      type: "object",
      required: ["type"],
      properties: {
        children: { type: "array", items: node },
        n: { type: "integer" },
        type: { const: kind },
      },
    }));
    const richText = { ...node, $defs: { node: { oneOf: kinds } } };
    const nest = (depth: number, leaf: object): object =>
      depth === 0 ? leaf : { type: "b", children: [nest(depth - 1, leaf)] };
    const app = appWith(validate({ body: richText }));
    const work = await cpuTimeOf(async () => {
      const bad = await request(app)
        .post("/1")
        .send(nest(9, { type: "p", n: "x" }))
        .expect(422);
      expect(bad.body.errors.at(-1)).toMatchObject({
        pointer: `#${"/children/0".repeat(9)}/n`,
        code: "type",
      });
      await request(app)
        .post("/1")
        .send(nest(9, { type: "p", n: 1 }))
        .expect(200);
    });
    // It ended the process.
    expect(work).toBeLessThan(2000);
  });

  it("strips 4,000 members and more", async () => {
    const validator = validate({
      body: { type: "object", properties: { n: { type: "integer" } } },
      unknown: "strip",
      limits: { keys: 10_000 },
    });
    const many = Object.fromEntries(Array.from({ length: 9000 }, (_, at) => [`x${at}`, 1]));
    const answer = await request(appWith(validator, express.json({ limit: "1mb" })))
      .post("/1")
      .send({ ...many, n: 1 })
      .expect(200);
    expect(answer.body.valid).toEqual({ body: { n: 1 } });
  });

  it("keeps valid(req) a frozen copy all the way down: what is judged is what the handler gets", async () => {
    const schema = {
      type: "object",
      properties: { a: { type: "object", properties: { list: { type: "array", items: {} } } } },
    } as const;
    const zod = z.object({ a: z.object({ list: z.array(z.unknown()), at: z.coerce.date() }) });
    const spoil: RequestHandler = (req, _res, next) => {
      const { a } = req.body;
      a.list.push("x");
      a.list[0].n = "x";
      a.at?.setFullYear?.(1999);
      a.b = "x";
      req.body.c = "x";
      next();
    };
    const sent = { a: { list: [{ n: 1 }] } };
    const validators = [
      [validate({ body: schema }), sent],
      [validate({ body: zod }), { a: { ...sent.a, at: "2026-01-01T00:00:00.000Z" } }],
    ] as const;
    for (const [validator, given] of validators) {
      const app = express();
      app.post("/", express.json(), validator, spoil, (req, res) => {
        const { body } = validator.valid(req) as { body: { a: { list: object[] } } };
        const frozen = [body, body.a, body.a.list, body.a.list[0]].every(Object.isFrozen);
        res.json({ frozen, body, mutable: req.body });
      });
      const answer = await request(app).post("/").send(given).expect(200);
      expect(answer.body).toMatchObject({ frozen: true, mutable: { c: "x" } });
      expect(answer.body.body).toEqual(given);
    }
  });

  it("keeps valid(req) of a value that a schema made cyclic", async () => {
    const cyclic = z.object({ n: z.number() }).transform((value) => {
      const made: { n: number; self?: unknown } = { ...value };
      made.self = made;
      return made;
    });
    const validator = validate({ body: cyclic, unknown: "strip" });
    const app = express();
    app.post("/", express.json(), validator, (req, res) => {
      const { body } = validator.valid(req);
      res.json({ same: body.self === body, frozen: Object.isFrozen(body) });
    });
    await request(app).post("/").send({ n: 1 }).expect(200, { same: true, frozen: true });
  });

  it("keeps the values of two validators apart, frozen", async () => {
    const first = validate({ query: { type: "object", properties: { n: { type: "integer" } } } });
    const second = validate({
      params: { type: "object", properties: { id: { type: "integer" } } },
    });
    const app = express();
    app.get("/:id", first, second, (req, res) => {
      const a = first.valid(req);
      const frozen = Object.isFrozen(a) && Object.isFrozen(second.valid(req));
      res.json({ a, b: second.valid(req), frozen });
    });
    const answer = await request(app).get("/3?n=4").expect(200);
    expect(answer.body).toEqual({ a: { query: { n: 4 } }, b: { params: { id: 3 } }, frozen: true });
  });

  it("hands a compiled function that throws, or answers no boolean, to the error handlers", async () => {
    for (const broken of [
      () => {
        throw new Error("boom");
      },
      () => undefined,
      () => 1,
      async () => 1,
      async () => {
        throw new Error("boom");
      },
    ]) {
      const validator = validate({
        body: broken as unknown as (value: unknown) => value is object,
      });
      const app = appWith(validator);
      const answer = await request(app).post("/1").send({}).expect(503);
      expect(answer.body.code).toBe("check_unavailable");
      expect(app.seen).toEqual([]);
    }
  });

  it("waits for a compiled function that is async", async () => {
    const free = async (value: { name?: unknown }): Promise<boolean> => value.name !== "taken";
    const app = appWith(validate({ body: free }));
    await request(app).post("/1").send({ name: "free" }).expect(200);
    const answer = await request(app).post("/1").send({ name: "taken" }).expect(422);
    expect(answer.body.errors).toMatchObject([{ pointer: "#", code: "invalid" }]);
  });

  it("maps the errors of ajv's standalone code, and of functions without errors", async () => {
    const isOrder = Object.assign((value: unknown): value is object => value === null, {
      errors: [
        {
          keyword: "required",
          instancePath: "/a~1b",
          schemaPath: "#/properties/a~1b/required",
          params: { missingProperty: "c" },
        },
        { keyword: "additionalProperties", instancePath: "", params: { additionalProperty: "x" } },
        {
          keyword: "own",
          instancePath: "/d",
          schemaPath: "#/properties/d/own",
          params: {},
          message: "leaks topsecret",
        },
        "garbage",
      ] as object[],
    });
    const answer = await request(appWith(validate({ body: isOrder })))
      .post("/1")
      .send({})
      .expect(422);
    expect(answer.body.errors).toMatchObject([
      { pointer: "#/a~1b/c", code: "required" },
      { pointer: "#", code: "unknown_field" },
      { pointer: "#/d", code: "invalid", detail: "is not valid" },
    ]);
    expect(answer.text).not.toContain("topsecret");
    const silent = (value: unknown): value is object => value === null;
    const plain = await request(appWith(validate({ body: silent })))
      .post("/1")
      .send({})
      .expect(422);
    expect(plain.body.errors).toMatchObject([{ pointer: "#", code: "invalid" }]);
  });

  it("hands refusals on with onDenied: next", async () => {
    const app = appWith(validate({ body: ORDER, onDenied: "next" }));
    await request(app).post("/1").send({}).expect(500, { handled: true });
    expect(app.seen[0]).toMatchObject({ status: 422, code: "validation_failed" });
  });

  it("says why it refused, for the audit log", async () => {
    const reasons: unknown[] = [];
    const app = express();
    app.use((req, res, next) => {
      res.on("finish", () => reasons.push(decisionsOf(req).at(-1)?.reason));
      next();
    });
    app.use(express.json(), validate({ body: ORDER }));
    await request(app).post("/").send({ sku: "A", quantity: 0 });
    await request(app).post("/").send({ sku: "A", quantity: 1, x: 1 });
    await request(app).post("/").send("[1]").type("text");
    await request(app).post("/");
    await request(app).post("/").type("json").send('{"a":"\\u0000"}');
    expect(reasons).toEqual([
      "invalid_body",
      "unknown_field",
      "media_type",
      "missing_body",
      "body",
    ]);
  });
});

describe("valid(req)", () => {
  it("throws when its validator is not in front of the handler", () => {
    const validator = validate({ body: ORDER });
    expect(() => validator.valid({})).toThrow("needs its validator in front of the handler");
  });
});
