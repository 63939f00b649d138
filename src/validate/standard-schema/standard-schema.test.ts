import request from "supertest";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { expressVersions } from "../../../test/support/express.js";
import { validate } from "../validate.js";
import type { ValidateOptions } from "../validate-options.js";
import { isStandardSchema, type StandardSchema } from "./standard-schema.js";

describe.each(expressVersions)(
  "validate with Standard Schemas on Express %s",
  (_major, express) => {
    function send(options: ValidateOptions, body: object, path = "/") {
      const validator = validate<{ body?: unknown; query?: unknown }>(options);
      const app = express();
      app.use(express.json());
      app.post("/", validator, (req, res) => void res.json(validator.valid(req)));
      app.use(((_error, _req, res, _next) => {
        res.status(500).json({ handled: true });
      }) as import("express").ErrorRequestHandler);
      return request(app).post(path).send(body);
    }

    const zod = z.object({
      email: z.email(),
      age: z.number().min(18),
      tags: z.array(z.string().max(3)).max(2).optional(),
      role: z.enum(["user", "editor"]).default("user"),
    });
    const valibot = v.object({
      email: v.pipe(v.string(), v.email()),
      age: v.pipe(v.number(), v.minValue(18)),
      tags: v.optional(v.pipe(v.array(v.pipe(v.string(), v.maxLength(3))), v.maxLength(2))),
      role: v.optional(v.picklist(["user", "editor"]), "user"),
    });

    describe.each<[string, StandardSchema]>([
      ["zod", zod],
      ["valibot", valibot],
    ])("of %s", (_library, schema) => {
      it("passes what fits, with defaults", async () => {
        const answer = await send({ body: schema }, { email: "a@b.co", age: 20 }).expect(200);
        expect(answer.body).toEqual({ body: { email: "a@b.co", age: 20, role: "user" } });
      });

      it("answers with codes of its own, and never with a message of the library or a value", async () => {
        const body = {
          email: "topsecret",
          age: 17,
          tags: ["ok", "topsecret"],
          role: "topsecret",
        };
        const answer = await send({ body: schema }, body).expect(422);
        // Libraries differ in the order.
        expect(answer.body.errors).toHaveLength(4);
        expect(answer.body.errors).toEqual(
          expect.arrayContaining([
            { in: "body", pointer: "#/email", code: "format", detail: "has the wrong format" },
            { in: "body", pointer: "#/age", code: "minimum", detail: "is too small" },
            { in: "body", pointer: "#/tags/1", code: "max_length", detail: "is too long" },
            {
              in: "body",
              pointer: "#/role",
              code: "enum",
              detail: "is not one of the allowed values",
            },
          ]),
        );
        expect(answer.text).not.toContain("topsecret");
      });

      it("tells a long list from a long text", async () => {
        const body = { email: "a@b.co", age: 20, tags: ["a", "b", "c"] };
        const answer = await send({ body: schema }, body).expect(422);
        expect(answer.body.errors).toMatchObject([{ pointer: "#/tags", code: "max_items" }]);
      });

      it("tells a missing member from one of the wrong type", async () => {
        const answer = await send({ body: schema }, { email: 5 }).expect(422);
        expect(answer.body.errors).toMatchObject([
          { pointer: "#/email", code: "type" },
          { pointer: "#/age", code: "required" },
        ]);
      });

      it("refuses members that the schema strips, unless unknown says otherwise", async () => {
        const body = { email: "a@b.co", age: 20, isAdmin: true };
        const rejected = await send({ body: schema }, body).expect(422);
        expect(rejected.body.errors).toMatchObject([{ pointer: "#", code: "unknown_field" }]);
        expect(rejected.text).not.toContain("isAdmin");
        for (const unknown of ["strip", "allow"] as const) {
          const stripped = await send({ body: schema, unknown }, body).expect(200);
          expect(stripped.body.body).not.toHaveProperty("isAdmin");
        }
        const query = await send({ query: z.object({}) }, {}, "/?utm=1").expect(422);
        expect(query.body.errors).toMatchObject([{ in: "query", code: "unknown_field" }]);
      });
    });

    it.each<[string, StandardSchema]>([
      ["zod", z.strictObject({ a: z.strictObject({}) })],
      ["valibot", v.strictObject({ a: v.strictObject({}) })],
    ])(
      "names the parent of a member that a strict object of %s refuses",
      async (_library, schema) => {
        const answer = await send({ body: schema, expose: "full" }, { a: { isAdmin: 1 } }).expect(
          422,
        );
        expect(answer.body.errors).toEqual([
          {
            in: "body",
            pointer: "#/a",
            code: "unknown_field",
            detail: "has a member that is not known here",
            name: "isAdmin",
          },
        ]);
      },
    );

    it("finds stripped members in lists and nested objects, and follows transforms no further", async () => {
      const schema = z.object({
        items: z.array(z.object({ id: z.number() })),
        when: z.object({ day: z.string() }).transform(({ day }) => new Date(day)),
      });
      const when = { day: "2024-01-01" };
      const body = { items: [{ id: 1 }, { id: 2, x: 1 }], when };
      const answer = await send({ body: schema }, body).expect(422);
      expect(answer.body.errors).toMatchObject([{ pointer: "#/items/1", code: "unknown_field" }]);
      const good = await send({ body: schema }, { items: [{ id: 1 }], when }).expect(200);
      expect(good.body.body.when).toBe("2024-01-01T00:00:00.000Z");
    });

    it("lets a loose object keep its members", async () => {
      await send({ body: z.looseObject({}) }, { x: 1 }).expect(200, { body: { x: 1 } });
    });

    it("waits for asynchronous schemas, and refuses or passes once", async () => {
      const schema = z.object({ name: z.string() }).refine(async ({ name }) => name !== "taken");
      await send({ body: schema }, { name: "free" }).expect(200, { body: { name: "free" } });
      const answer = await send({ body: schema }, { name: "taken" }).expect(422);
      expect(answer.body.errors).toMatchObject([{ pointer: "#", code: "invalid" }]);
    });

    const standard = (check: (value: unknown) => unknown): StandardSchema =>
      ({ "~standard": { version: 1, vendor: "test", validate: check } }) as StandardSchema;

    it("waits for a result whose then() returns nothing, and judges by it", async () => {
      const answers = (result: object) => ({
        "~standard": {
          version: 1,
          vendor: "own",
          validate: () => ({ then: (settle: (value: object) => void) => void settle(result) }),
        },
      });
      const refusing = answers({ issues: [{ message: "no", path: ["a"] }] });
      const answer = await send({ body: refusing as never }, { a: 1 }).expect(422);
      expect(answer.body.errors).toMatchObject([{ in: "body", pointer: "#" }]);
      const passing = await send({ body: answers({ value: { a: 2 } }) as never }, { a: 1 });
      expect(passing.body).toEqual({ body: { a: 2 } });
    });

    it.each<[string, (value: unknown) => unknown]>([
      [
        "throws",
        () => {
          throw new Error("boom");
        },
      ],
      ["rejects", () => Promise.reject(new Error("boom"))],
      ["rejects with nothing", () => Promise.reject(undefined)],
      ["returns nothing", () => undefined],
      ["promises nothing", async () => null],
      ["returns true", () => true],
    ])("answers 503 and passes nothing when a schema %s", async (_what, check) => {
      const answer = await send({ body: standard(check) }, {}).expect(503);
      expect(answer.body.code).toBe("check_unavailable");
    });

    it("survives that a later part refuses before an asynchronous one rejects", async () => {
      const slow = standard(async () => {
        await new Promise((resolve) => setImmediate(resolve));
        throw new Error("late");
      });
      await send({ body: slow, query: z.object({}) }, {}, "/?q=%00").expect(400);
      await new Promise((resolve) => setTimeout(resolve, 20));
    });

    it.each<[string, unknown, unknown]>([
      ["no entries", [], [{ pointer: "#", code: "invalid" }]],
      ["an entry without a path", [{ message: "x" }], [{ pointer: "#", code: "invalid" }]],
      [
        "a path of keys",
        [{ message: "x", path: ["a", 0] }],
        [{ pointer: "#/a/0", code: "invalid" }],
      ],
      [
        "a path of segments",
        [{ message: "x", path: [{ key: "a" }, { key: 1 }] }],
        [{ pointer: "#/a/1", code: "required" }],
      ],
      ["garbage", ["x", { path: "a" }], [{ code: "invalid" }, { code: "invalid" }]],
    ])("takes issues with %s for a refusal", async (_what, issues, errors) => {
      const schema = standard(() => ({ issues }));
      // So that the names of its members are known.
      const input = () => ({ properties: { a: {} } });
      Object.assign(schema["~standard"], { jsonSchema: { input } });
      const answer = await send({ body: schema }, { a: [1] }).expect(422);
      expect(answer.body.errors).toMatchObject(errors as object);
    });
  },
);

describe("isStandardSchema", () => {
  it("takes objects and functions of version 1 only", () => {
    const version1 = { "~standard": { version: 1, vendor: "x", validate: () => ({ value: 1 }) } };
    expect(isStandardSchema(version1)).toBe(true);
    expect(isStandardSchema(Object.assign(() => 1, version1))).toBe(true);
    expect(isStandardSchema({ "~standard": { ...version1["~standard"], version: 2 } })).toBe(false);
    expect(isStandardSchema({ "~standard": null })).toBe(false);
    expect(isStandardSchema(null)).toBe(false);
  });
});
