import request from "supertest";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import { validate } from "../validate.js";
import { createCoercion } from "./coerce.js";

const QUERY = {
  type: "object",
  properties: {
    int: { type: "integer" },
    num: { type: "number" },
    bool: { type: "boolean" },
    text: { type: "string" },
    either: { type: ["integer", "null"] },
    textOrInt: { type: ["string", "integer"] },
    ids: { type: "array", items: { type: "integer" } },
    size: { enum: [1, 2] },
    page: { $ref: "#/$defs/page" },
    any: { anyOf: [{ type: "integer" }, { type: "boolean" }] },
  },
  $defs: { page: { type: "integer", default: 1, minimum: 1 } },
} as const;

describe.each(expressVersions)("coercion by validate on Express %s", (_major, express) => {
  const validator = validate({ query: QUERY });
  const app = express();
  app.get("/", validator, (req, res) => {
    // JSON shows the type, and -0.
    const { query } = validator.valid(req);
    res.json({ query, raw: req.query });
  });

  it.each([
    ["int=5", { int: 5 }],
    ["int=0", { int: 0 }],
    ["int=-5", { int: -5 }],
    ["int=9007199254740991", { int: 9007199254740991 }],
    ["num=5", { num: 5 }],
    ["num=-0.5", { num: -0.5 }],
    ["num=0.10", { num: 0.1 }],
    ["bool=true", { bool: true }],
    ["bool=false", { bool: false }],
    ["text=5", { text: "5" }],
    ["text=true", { text: "true" }],
    ["text=", { text: "" }],
    ["either=5", { either: 5 }],
    ["textOrInt=5", { textOrInt: "5" }],
    ["ids=1", { ids: [1] }],
    ["ids=1&ids=2", { ids: [1, 2] }],
    ["size=2", { size: 2 }],
    ["page=3", { page: 3 }],
    ["any=5", { any: 5 }],
    ["any=true", { any: true }],
    ["", {}],
  ])("reads ?%s", async (search, query) => {
    const answer = await request(app).get(`/?${search}`).expect(200);
    expect(answer.body.query).toEqual(query);
  });

  it.each([
    "int=",
    "int=+5",
    "int=05",
    "int=-0",
    "int=5.0",
    "int=1e3",
    "int=0x10",
    "int=%205",
    "int=5%20",
    "int=%D9%A5",
    "int=9007199254740993",
    "int=null",
    "num=1e400",
    "num=1e3",
    "num=.5",
    "num=5.",
    "num=Infinity",
    "num=NaN",
    "num=00.5",
    "num=99999999999999999999",
    "bool=1",
    "bool=TRUE",
    "bool=",
    "bool=yes",
    "either=null",
    "ids=1&ids=x",
    "size=3",
    "any=x",
  ])("refuses ?%s", async (search) => {
    const answer = await request(app).get(`/?${search}`).expect(422);
    expect(answer.body.errors[0]).toMatchObject({ in: "query", parameter: search.split("=")[0] });
  });

  it.each(["int=5&int=6", "text=a&text=b", "bool=true&bool=true"])(
    "refuses ?%s: several where one is due",
    async (search) => {
      const answer = await request(app).get(`/?${search}`).expect(422);
      expect(answer.body.errors).toEqual([
        {
          in: "query",
          parameter: search.split("=")[0],
          code: "repeated",
          detail: "must be given once",
        },
      ]);
    },
  );

  it("refuses objects and operators where a scalar is meant", async () => {
    for (const search of ["text[$gt]=1", "text[]=a&text[]=b", "int[a]=1", "text[toString]=x"]) {
      await request(app).get(`/?${search}`).expect(422);
    }
    await request(app)
      .get("/?__proto__=1&constructor=2")
      .expect((answer) => {
        expect([400, 422]).toContain(answer.status);
      });
  });

  it("leaves req.query as it is: the coerced values are read with valid(req)", async () => {
    const answer = await request(app).get("/?int=5").expect(200);
    expect(answer.body.raw).toEqual({ int: "5" });
  });

  it("reads the query once, whatever a getter makes of it", async () => {
    const fragile = validate({ query: { type: "object", properties: { n: { type: "integer" } } } });
    let reads = 0;
    const own = express();
    own.use((req, _res, next) => {
      Object.defineProperty(req, "query", {
        get: () => {
          reads += 1;
          return { n: reads === 1 ? "1" : "x" };
        },
      });
      next();
    });
    own.get("/", fragile, (req, res) => void res.json(fragile.valid(req)));
    await request(own)
      .get("/")
      .expect(200, { query: { n: 1 } });
    expect(reads).toBe(1);
  });

  it("refuses repeated header fields and cookies, which Node and cookie parsers hide", async () => {
    const strict = validate({
      headers: { type: "object", properties: { "x-tenant": { type: "integer" } } },
      cookies: { type: "object", properties: { sid: { type: "string" } } },
    });
    const own = express();
    own.get("/", strict, (req, res) => void res.json(strict.valid(req)));
    const good = await request(own).get("/").set("X-Tenant", "7").set("Cookie", 'a=b; sid="x%20y"');
    expect(good.body).toEqual({ headers: { "x-tenant": 7 }, cookies: { sid: "x y" } });
    const header = await request(own)
      .get("/")
      .set("X-Tenant", ["7", "8"] as never);
    expect(header.status).toBe(422);
    expect(header.body.errors).toMatchObject([
      { in: "header", header: "x-tenant", code: "repeated" },
    ]);
    const cookie = await request(own).get("/").set("Cookie", "sid=a; sid=b").expect(422);
    expect(cookie.body.errors).toMatchObject([{ in: "cookie", cookie: "sid", code: "repeated" }]);
    await request(own).get("/").set("Cookie", "sid=%zz; ; =; x").expect(200);
  });
});

it("prepares each parameter with a bounded amount of work, however alternatives are nested", () => {
  let reads = 0;
  // What a schema says is asked for once per place that it stands in, whether or not it has a type.
  const counting = (schema: object): object =>
    new Proxy(schema, {
      getOwnPropertyDescriptor(target, name) {
        reads += 1;
        return Reflect.getOwnPropertyDescriptor(target, name);
      },
      get(target, name, receiver) {
        reads += 1;
        return Reflect.get(target, name, receiver);
      },
    });
  const again = { $ref: "#/$defs/any" };
  const schema = counting({
    properties: { plain: counting({ type: "integer" }), open: counting({}), any: again },
    $defs: {
      any: counting({ anyOf: [again, again, { type: "integer" }], oneOf: [again], allOf: [again] }),
    },
  });
  const coercion = createCoercion(schema as Record<string, unknown>, false);
  expect(reads).toBeLessThan(200);
  expect(coercion({ plain: "5", open: "5", any: "5" })).toMatchObject({
    value: { plain: 5, open: "5", any: 5 },
  });
});
