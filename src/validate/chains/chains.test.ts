import type { ErrorRequestHandler, RequestHandler } from "express";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { cpuTimeOf } from "../../../test/support/cpu-time.js";
import { expressVersions } from "../../../test/support/express.js";
import { validatorVersions } from "../../../test/support/express-validator.js";
import type { Issue } from "../issues/issue.js";
import { validate } from "../validate.js";
import type { ValidateChainsOptions } from "../validate-options.js";
import { addField, createFieldTree, parseFieldPath, pickKnown } from "./chain-fields.js";

const versions = validatorVersions.flatMap(([validatorMajor, validator]) =>
  expressVersions.map(([major, express]) => [validatorMajor, major, validator, express] as const),
);

describe.each(versions)(
  "validate with chains of express-validator %s on Express %s",
  (_validatorMajor, _major, validator, express) => {
    const { body, check, checkSchema, cookie, header, param, query } = validator;
    const { matchedData, oneOf, validationResult } = validator;

    function appWith(
      chains: ValidateChainsOptions["chains"],
      options: Partial<ValidateChainsOptions> = {},
      ...before: RequestHandler[]
    ) {
      const validator = validate({ unknown: "reject", ...options, chains });
      const app = express();
      if (before.length > 0) app.use(...before);
      app.use(express.json({ limit: "1mb" }));
      app.all("/:id", validator, (req, res) => {
        res.json({
          valid: validator.valid(req),
          body: req.body ?? null,
          matched: matchedData(req),
          clean: validationResult(req).isEmpty(),
        });
      });
      const onError: ErrorRequestHandler = (_error, _req, res, _next) => {
        res.status(500).json({ handled: true });
      };
      app.use(onError);
      return app;
    }

    const login = [body("email").isEmail().normalizeEmail(), body("password").isLength({ min: 8 })];

    it("passes what fits, sanitized, and leaves matchedData and validationResult working", async () => {
      const answer = await request(
        appWith([...login, param("id").isInt().toInt(), query("n").toInt()]),
      )
        .post("/7?n=5")
        .send({ email: "A@B.co", password: "long enough" })
        .expect(200);
      const clean = { email: "a@b.co", password: "long enough" };
      expect(answer.body).toEqual({
        valid: { body: clean, params: { id: 7 }, query: { n: 5 } },
        body: clean,
        matched: { ...clean, id: 7, n: 5 },
        clean: true,
      });
    });

    it("answers 422 with pointers and codes, and shows neither values nor messages", async () => {
      const chains = [
        ...login,
        body("items.*.sku")
          .isString()
          .withMessage((value) => `bad ${value}`),
        query("n").isInt(),
        header("x-tenant").isUUID(),
        cookie("sid").isHexadecimal(),
      ];
      const answer = await request(appWith(chains))
        .post("/1?n=topsecret")
        .send({ email: "topsecret", items: [{ sku: "a" }, { sku: 5 }] })
        .expect(422);
      expect(answer.body.errors).toMatchObject([
        { in: "body", pointer: "#/email", code: "invalid" },
        { in: "body", pointer: "#/password", code: "required" },
        { in: "body", pointer: "#/items/1/sku", code: "invalid" },
        { in: "query", parameter: "n", code: "invalid" },
        { in: "header", header: "x-tenant", code: "required" },
        { in: "cookie", cookie: "sid", code: "required" },
      ]);
      expect(answer.text).not.toContain("topsecret");
      expect(answer.text).not.toContain("bad 5");
    });

    describe("what express-validator lets through, or fails at", () => {
      it.each<[string, object, string]>([
        ["empty lists", { email: [], password: "long enough" }, "#/email"],
        ["lists of one", { email: ["a@b.co"], password: "long enough" }, "#/email"],
        ["objects, as [object Object]", { email: "a@b.co", password: { $ne: "" } }, "#/password"],
        ["nested lists", { email: [["a@b.co"]], password: "long enough" }, "#/email"],
      ])("refuses %s where text is meant", async (_what, sent, pointer) => {
        const answer = await request(appWith(login)).post("/1").send(sent).expect(422);
        expect(answer.body.errors).toContainEqual({
          in: "body",
          pointer,
          code: "type",
          detail: "has the wrong type",
        });
      });

      it("refuses lists for a field that another chain checks by hand", async () => {
        const chains = [body("email").isEmail(), body("email").custom(() => true)];
        await request(appWith(chains)).post("/1").send({ email: [] }).expect(422);
      });

      it("refuses a repeated query parameter", async () => {
        await request(appWith([query("n").isInt().toInt()]))
          .get("/1?n=5&n=6")
          .expect(422);
      });

      it("takes lists and objects that are meant", async () => {
        const chains = [
          body("tags").isArray({ max: 3 }),
          body("tags.*").isString().isLength({ max: 5 }),
          body("address").isObject(),
        ];
        const sent = { tags: ["a", "b"], address: { city: "c" } };
        const answer = await request(appWith(chains)).post("/1").send(sent).expect(200);
        expect(answer.body.valid.body).toEqual(sent);
        await request(appWith(chains))
          .post("/1")
          .send({ ...sent, tags: [["a"]] })
          .expect(422);
      });

      it("refuses lists and objects inside oneOf()", async () => {
        const chains = [oneOf([body("email").isEmail(), body("phone").isMobilePhone("any")])];
        await request(appWith(chains)).post("/1").send({ email: "a@b.co" }).expect(200);
        await request(appWith(chains)).post("/1").send({ email: [] }).expect(422);
        const neither = await request(appWith(chains)).post("/1").send({ email: "x" }).expect(422);
        expect(neither.body.errors).toMatchObject([{ code: "alternatives" }]);
      });

      it.each<[string, unknown, number]>([
        ["null", null, 200],
        ["text", "str", 422],
        ["a number", 5, 422],
        ["an empty list", [], 200],
        ["a list of text", ["a"], 422],
        ["an object of the wrong shape", { a: { other: 1 } }, 422],
      ])("does not fail at %s where a wildcard looks for members", async (_what, items, status) => {
        const answer = await request(appWith([body("items.*.sku").optional().isString()]))
          .post("/1")
          .send({ items });
        expect(answer.status).toBe(status);
      });

      it.each<[string, object]>([
        ["a long list", { items: Array.from({ length: 1001 }, () => ({})) }],
        ["many values in all", { items: Array.from({ length: 999 }, () => ({ a: 1, b: 2 })) }],
      ])("never shows %s to a wildcard", async (_what, sent) => {
        let looked = 0;
        const chain = body("items.*.sku").custom(() => {
          looked += 1;
          return true;
        });
        const answer = await request(appWith([chain]))
          .post("/1")
          .send(sent)
          .expect(413);
        expect(answer.body.code).toBe("structure_too_large");
        expect(looked).toBe(0);
      });

      it.each(["a[0", 'a"].b', "a]", "'", "", "\\*"])(
        "refuses the member name %j under a wildcard, where the validators see another value",
        async (name) => {
          const app = appWith([body("*").optional().isInt()]);
          await request(app).post("/1").send({ good: 1 }).expect(200);
          await request(app)
            .post("/1")
            .send({ [name]: "not an integer" })
            .expect(422);
        },
      );

      it.each(["reject", "strip", "allow"] as const)(
        "refuses a member whose name is not one path segment before chains run, in every part (unknown: %s)",
        async (unknown) => {
          let ran = 0;
          const watched = (chain: (typeof login)[number]) =>
            chain.custom(() => {
              ran += 1;
              return true;
            });
          const inBody = appWith([watched(body("user.email").isEmail())], { unknown });
          const twice = { "user.email": "a@b.co", user: { email: "x'; DROP" } };
          const answer = await request(inBody).post("/1").send(twice).expect(422);
          expect(answer.body.errors).toMatchObject([{ pointer: "#", code: "unknown_field" }]);
          await request(inBody)
            .post("/1")
            .send({ user: { "email[0]": 1 } })
            .expect(422);
          const inQuery = appWith([watched(query("user.email").isEmail())], { unknown });
          await request(inQuery).get("/1?user.email=a@b.co").expect(422);
          const inHeaders = appWith([watched(header("x.y").isEmail())], { unknown });
          await request(inHeaders).get("/1").set("x.y", "a@b.co").expect(422);
          const putCookies: RequestHandler = (req, _res, next) => {
            req.cookies = { "a.b": "a@b.co", a: { b: "x" } };
            next();
          };
          const inCookies = appWith([watched(cookie("a.b").isEmail())], { unknown }, putCookies);
          await request(inCookies).get("/1").expect(422);
          expect(ran).toBe(0);
        },
      );

      it("leaves the names in parts that no chain reads alone", async () => {
        const app = appWith([query("q").isInt()]);
        await request(app).get("/1?q=1").set("x.y", "1").expect(200);
      });

      it("bounds what a wildcard compares: the paths of all matches", async () => {
        const app = appWith([body("**.z").optional().isInt()], { limits: { keyLength: 256 } });
        const wide = (name: string) => ({
          [name]: Object.fromEntries(
            Array.from({ length: 9 }, (_, at) => [
              `${name.slice(9)}${at}`,
              Array.from({ length: 200 }, () => 1),
            ]),
          ),
        });
        const work = await cpuTimeOf(async () => {
          await request(app)
            .post("/1")
            .send(wide("n".repeat(10_000)))
            .expect(413);
          await request(app)
            .post("/1")
            .send(wide("n".repeat(256)))
            .expect(413);
          await request(app)
            .post("/1")
            .send(wide("n".repeat(30)))
            .expect(422);
        });
        // 69 kB took 4 seconds.
        expect(work).toBeLessThan(2000);
      });

      it("never shows a deep body to a globstar", async () => {
        const deep = `${'{"a":'.repeat(3000)}1${"}".repeat(3000)}`;
        const app = appWith([body("**").isString()]);
        const answer = await request(app).post("/1").type("json").send(deep).expect(400);
        expect(answer.body.code).toBe("structure_too_deep");
      });

      it("keeps what sanitizers do to the query", async () => {
        const answer = await request(appWith([query("n").toInt()]))
          .get("/1?n=5")
          .expect(200);
        expect(answer.body.valid.query).toEqual({ n: 5 });
      });
    });

    describe("unknown fields", () => {
      const chains = [body("a.b").isInt(), query("q").optional().isString()];
      const sent = { a: { b: 1, x: 1 }, y: 2 };

      it("are refused with unknown: reject, their names hidden", async () => {
        const answer = await request(appWith(chains)).post("/1?z=1").send(sent).expect(422);
        expect(answer.body.errors).toMatchObject([
          { in: "body", pointer: "#/a", code: "unknown_field" },
          { in: "body", pointer: "#", code: "unknown_field" },
          { in: "query", code: "unknown_field" },
        ]);
        expect(answer.body.errors.some((error: object) => "name" in error)).toBe(false);
      });

      it("are left out with unknown: strip", async () => {
        const app = appWith(chains, { unknown: "strip" });
        const answer = await request(app).post("/1?z=1&q=a").send(sent).expect(200);
        expect(answer.body.valid).toEqual({ body: { a: { b: 1 } }, query: { q: "a" } });
        expect(answer.body.body).toEqual({ a: { b: 1 } });
      });

      it("pass with unknown: allow", async () => {
        const answer = await request(appWith(chains, { unknown: "allow" }))
          .post("/1")
          .send(sent);
        expect(answer.status).toBe(200);
        expect(answer.body.valid.body).toEqual(sent);
      });

      it("are looked for only in parts that a chain names", async () => {
        await request(appWith([param("id").isInt()]))
          .get("/1?utm=1")
          .expect(200);
      });

      it("are known to checkSchema, check and the alternatives of oneOf", async () => {
        const schema = checkSchema({ a: { in: ["body"], isInt: true } });
        for (const known of [
          schema,
          [schema],
          [check("a").isInt()],
          [oneOf([body("a").isInt()])],
        ]) {
          await request(appWith(known)).post("/1").send({ a: 1 }).expect(200);
          await request(appWith(known)).post("/1").send({ a: 1, x: 1 }).expect(422);
        }
      });
    });

    it("keeps what a custom validator put on the request", async () => {
      const load = body("id").custom((value, { req }) => {
        req["user"] = { id: value };
        return true;
      });
      const validator = validate({ chains: [load], unknown: "reject" });
      const app = express();
      app.post("/", express.json(), validator, (req, res) => {
        res.json((req as unknown as { user: unknown }).user);
      });
      await request(app).post("/").send({ id: 5 }).expect(200, { id: 5 });
    });

    it("stops at a request-level bail, and does not call the rest unknown", async () => {
      const chains = [body("a").isInt().bail({ level: "request" }), body("b").isInt()];
      const answer = await request(appWith(chains)).post("/1").send({ a: "x", b: 1 }).expect(422);
      expect(answer.body.errors).toMatchObject([{ pointer: "#/a", code: "invalid" }]);
    });

    it("refuses other media types and bodies that nothing parsed", async () => {
      await request(appWith(login)).post("/1").type("text").send("x").expect(415);
      const app = express();
      app.post("/", validate({ chains: login, unknown: "reject" }));
      await request(app).post("/").send({}).expect(500);
    });

    it("answers an absent body with what the chains say", async () => {
      const answer = await request(appWith(login)).post("/1").expect(422);
      expect(answer.body.errors).toMatchObject([
        { pointer: "#/email", code: "required" },
        { pointer: "#/password", code: "required" },
      ]);
      await request(appWith([body("a").optional().isInt()]))
        .post("/1")
        .expect(200);
    });

    it.each<[string, () => unknown]>([
      ["rejects", () => Promise.reject(new Error("boom"))],
      [
        "throws",
        () => {
          throw new Error("boom");
        },
      ],
      ["leaves no context", () => Promise.resolve()],
    ])("answers 503 when something with run() %s", async (_what, run) => {
      await request(appWith({ run } as never))
        .get("/1")
        .expect(503);
    });

    it("keeps apart what chains in front of it found", async () => {
      const legacy = body("legacy").isInt();
      const app = appWith([body("a").isInt()], {}, express.json(), legacy);
      await request(app).post("/1").send({ a: 1 }).expect(200);
    });
  },
);

describe("the fields of chains", () => {
  it.each([
    ["a.b[0].c", ["a", "b", "0", "c"]],
    ['a["b.c"].d', ["a", "b.c", "d"]],
    ["items.*.sku", ["items", "*", "sku"]],
    ["", []],
  ])("are read from %j", (path, segments) => {
    expect(parseFieldPath(path)).toEqual(segments);
  });

  it.each<[string[], unknown, unknown, string[]]>([
    [["a", "a.b"], { a: { b: 1, c: 2 } }, { a: { b: 1, c: 2 } }, []],
    [[""], { x: 1 }, { x: 1 }, []],
    [["*.a"], { k: { a: 1, b: 2 } }, { k: { a: 1 } }, ["unknown_field k b"]],
    [["**.a"], { k: { l: { a: 1 } }, a: 2 }, { k: { l: { a: 1 } }, a: 2 }, []],
    [["a.**"], { a: { x: { y: 1 } }, b: 1 }, { a: { x: { y: 1 } } }, ["unknown_field  b"]],
    [["a[1]"], { a: ["x", "y"] }, { a: ["y"] }, ["unknown_field a 0"]],
    [["a.b"], { a: "text" }, {}, ["type a "]],
    [["\\*"], { "*": 1, x: 1 }, { "*": 1 }, ["unknown_field  x"]],
  ])("%j know %j as %j", (paths, value, picked, expected) => {
    const tree = createFieldTree();
    for (const path of paths) addField(tree, path);
    const issues: Issue[] = [];
    expect(pickKnown(value, tree, issues)).toEqual(picked);
    expect(issues.map(({ code, path, name = "" }) => `${code} ${path.join("/")} ${name}`)).toEqual(
      expected,
    );
  });
});
