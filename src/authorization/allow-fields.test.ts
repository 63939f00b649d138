import type { Express, RequestHandler, Response } from "express";
import request from "supertest";
import { afterEach, describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { type Decision, decisionsOf } from "../core/decision/decision.js";
import { guardMark } from "../core/guard/guard-mark.js";
import {
  createPrincipal,
  type PrincipalInit,
  setPrincipalSource,
} from "../core/principal/principal.js";
import { type AllowFieldsOptions, allowFields } from "./allow-fields.js";
import { requireRole } from "./require-role.js";

const ADMIN = { subject: "root", roles: ["admin", "*"] };
const ALICE = { subject: "alice" };

describe.each(expressVersions)("allowFields on Express %s", (major, express) => {
  let decisions: readonly Decision[] = [];
  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  function appFor(init: PrincipalInit | null, ...handlers: RequestHandler[]): Express {
    const app = express();
    app.use((req, res, next) => {
      setPrincipalSource(req, init === null ? null : createPrincipal(init));
      res.on("close", () => {
        decisions = decisionsOf(req);
      });
      next();
    });
    app.use(express.json({ strict: false }), express.text(), express.raw());
    app.all("/", ...handlers);
    return app;
  }

  const echo: RequestHandler = (req, res) => void res.json({ body: req.body });

  async function write(
    init: PrincipalInit | null,
    options: AllowFieldsOptions,
    body: unknown,
  ): Promise<{ status: number; body: Record<string, unknown> }> {
    return request(appFor(init, allowFields(options), echo))
      .post("/")
      .set("content-type", "application/json")
      .send(JSON.stringify(body));
  }

  async function read(
    init: PrincipalInit | null,
    options: AllowFieldsOptions,
    answer: unknown,
    send: "json" | "send" | "jsonp" = "json",
  ): Promise<unknown> {
    const app = appFor(init, allowFields(options), (_req, res) => void res[send](answer));
    const { body } = await request(app).get("/").expect(200);
    return body;
  }

  describe("write", () => {
    it("refuses members that are not in the list, and says where, without their names and values", async () => {
      const { status, body } = await write(
        ALICE,
        { write: ["name"] },
        { name: "a", role: "zq9SECRETzq9", isAdmin: true },
      );
      expect([status, body["code"]]).toEqual([403, "access_denied"]);
      const detail = "has a member that is not permitted";
      expect(body["errors"]).toEqual([{ in: "body", pointer: "#", code: "not_permitted", detail }]);
      expect(JSON.stringify(body)).not.toContain("isAdmin");
      expect(JSON.stringify(body)).not.toContain("zq9SECRETzq9");
      expect(decisions).toMatchObject([
        { guard: "allowFields", reason: "field_not_permitted", rule: "fields(write)" },
      ]);
      await expect(write(ALICE, { write: ["name"] }, { name: { role: 1 } })).resolves.toMatchObject(
        { status: 200, body: { body: { name: { role: 1 } } } },
      );
    });

    it("adds up what everybody and each role of the caller may write", async () => {
      const options = {
        write: { "*": ["name"], admin: ["role", ["quota", "max"]], auditor: [["quota", "min"]] },
      };
      const all = { name: "a", role: "b", quota: { max: 1 } };
      expect((await write(ADMIN, options, all)).status).toBe(200);
      expect((await write(ALICE, options, all)).status).toBe(403);
      expect((await write(ALICE, options, { name: "a" })).status).toBe(200);
      expect((await write(null, options, { name: "a" })).status).toBe(200);
      const anonymous = { ...ADMIN, kind: "anonymous" } as const;
      expect((await write(anonymous, options, all)).status).toBe(403);
      const both = { subject: "x", roles: ["admin", "auditor"] };
      expect((await write(both, options, { quota: { max: 1, min: 0 } })).status).toBe(200);
      expect((await write(both, options, { quota: { max: 1, mid: 0 } })).status).toBe(403);
      expect((await write(ALICE, { write: { admin: ["name"] } }, { name: "a" })).status).toBe(403);
    });

    it.each<[what: string, body: unknown, pointers: readonly string[] | undefined]>([
      ["what leads there", { address: { city: "a" } }, undefined],
      ["a member beside it", { address: { city: "a", zip: 1 } }, ["#/address"]],
      ["the whole", { address: "a" }, ["#/address"]],
      ["null in its place", { address: null }, ["#/address"]],
      ["items of a list", { items: [{ sku: 1 }, { sku: 2 }] }, undefined],
      ["an item of a list", { items: [{ sku: 1 }, { price: 2 }] }, ["#/items/1"]],
      ["a list of texts", { items: ["a"] }, ["#/items/0"]],
      ["an odd name", { "a/b~c é": { x: 1, y: 1 } }, ["#/a~1b~0c%20%C3%A9"]],
      ["a list of bodies", [{ address: { city: "a" } }, { no: 1 }], ["#/1"]],
      ["a text", "name", ["#"]],
      ["a number", 5, ["#"]],
      ["nothing", null, undefined],
    ])("follows names into objects and lists: %s", async (_what, given, pointers) => {
      const { status, body } = await write(
        ALICE,
        {
          write: [
            ["address", "city"],
            ["items", "sku"],
            ["a/b~c é", "x"],
          ],
        },
        given,
      );
      const errors = body["errors"] as readonly { pointer: string }[] | undefined;
      expect([status, errors?.map(({ pointer }) => pointer)]).toEqual([
        pointers === undefined ? 200 : 403,
        pointers,
      ]);
    });

    it("takes names that objects inherit for what they are: names", async () => {
      const options = { write: ["name"] };
      for (const name of ["constructor", "toString", "__proto__", "hasOwnProperty"]) {
        const app = appFor(ALICE, allowFields(options), echo);
        await request(app)
          .post("/")
          .set("content-type", "application/json")
          .send(`{"${name}":{"role":1}}`)
          .expect(403);
      }
    });

    it("says where, up to 20 times", async () => {
      const many = Array.from({ length: 500 }, () => ({ role: 1, isAdmin: 1 }));
      const { body } = await write(ALICE, { write: ["name"] }, many);
      expect(body["errors"]).toHaveLength(20);
    });

    it("looks at lists in lists, and refuses them without end", async () => {
      const nested = (depth: number): string => `${"[".repeat(depth)}{"a":1}${"]".repeat(depth)}`;
      for (const onViolation of ["reject", "strip"] as const) {
        const app = appFor(ALICE, allowFields({ write: [["list", "a"]], onViolation }), echo);
        const post = (depth: number) =>
          request(app)
            .post("/")
            .set("content-type", "application/json")
            .send(`{"list":${nested(depth)}}`);
        await post(3).expect(200);
        const { status, text } = await post(2000);
        expect([status, text.includes('"a"')]).toEqual([
          onViolation === "strip" ? 200 : 403,
          false,
        ]);
      }
    });

    it("takes other members out, and leaves the parsed body alone", async () => {
      let parsed: unknown;
      const app = appFor(
        ALICE,
        (req, _res, next) => {
          parsed = req.body;
          next();
        },
        allowFields({ write: ["name", ["items", "sku"]], onViolation: "strip" }),
        echo,
      );
      const given = {
        name: "a",
        role: "b",
        items: [{ sku: 1, price: 2 }, "x", null, { price: 1 }],
      };
      const { body } = await request(app).post("/").send(given).expect(200);
      expect(body).toEqual({ body: { name: "a", items: [{ sku: 1 }, {}] } });
      expect(parsed).toEqual(given);
      expect(decisions).toMatchObject([{ outcome: "allow", reason: "fields_removed" }]);
      // There is nothing left of a text.
      expect((await write(ALICE, { write: ["a"], onViolation: "strip" }, "a")).status).toBe(403);
    });

    it("refuses what no object is, and what nothing has read", async () => {
      vi.spyOn(process, "emitWarning").mockReturnValue();
      for (const onViolation of ["reject", "strip"] as const) {
        const app = appFor(ALICE, allowFields({ write: ["name"], onViolation }), echo);
        const post = (type: string) => request(app).post("/").set("content-type", type).send("{}");
        await post("text/plain").expect(403);
        await post("application/octet-stream").expect(403);
        await post("application/xml").expect(415);
        await request(app).post("/").expect(200);
        await request(app).get("/").expect(200);
      }
    });

    it("says so when it stands in front of the parser", async () => {
      const warn = vi.spyOn(process, "emitWarning").mockReturnValue();
      const app = express();
      app.post("/", allowFields({ write: ["name"] }), express.json(), echo);
      const { body } = await request(app).post("/").send({ role: 1 }).expect(415);
      expect(body.code).toBe("unsupported_media_type");
      expect(warn.mock.calls[0]?.[0]).toContain("mount jsonBody() or another parser in front");
    });

    it("does not take what a parser in front has left alone for an empty body", async () => {
      vi.spyOn(process, "emitWarning").mockReturnValue();
      for (const onViolation of ["reject", "strip"] as const) {
        const form = express.urlencoded({ extended: true });
        const app = appFor(ALICE, allowFields({ write: ["name"], onViolation }), form, echo);
        const sent = await request(app).post("/").type("form").send("name=a&role=admin");
        expect([sent.status, sent.text.includes("admin")]).toEqual([415, false]);
        await request(app).post("/").send({}).expect(200);
      }
    });

    it("asks a function, and refuses when it fails", async () => {
      vi.spyOn(process, "emitWarning").mockReturnValue();
      const own: AllowFieldsOptions = {
        write: async (principal, req) => (principal?.subject === "alice" ? [req.method] : ["x"]),
      };
      expect((await write(ALICE, own, { POST: 1 })).status).toBe(200);
      expect((await write(ADMIN, own, { POST: 1 })).status).toBe(403);
      for (const wrong of ["name", [7], [""], ["a.b"], ["*"], null, Array(1001).fill("a")])
        expect((await write(ALICE, { write: () => wrong as never }, {})).status).toBe(503);
      expect(decisions).toMatchObject([{ reason: "wrong_return" }]);
    });

    it("lets each of several take away", async () => {
      const app = appFor(
        ALICE,
        allowFields({ write: ["a", "b"] }),
        allowFields({ write: ["b", "c"] }),
        echo,
      );
      await request(app).post("/").send({ b: 1 }).expect(200);
      await request(app).post("/").send({ a: 1 }).expect(403);
      await request(app).post("/").send({ c: 1 }).expect(403);
    });

    it("changes nothing in report mode, and records", async () => {
      for (const onViolation of ["reject", "strip"] as const) {
        const options = { write: ["name"], onViolation, mode: "report" } as const;
        const { status, body } = await write(ALICE, options, { name: 1, role: 2 });
        expect([status, body]).toEqual([200, { body: { name: 1, role: 2 } }]);
        expect(decisions).toMatchObject([
          {
            enforced: false,
            reason: onViolation === "strip" ? "fields_removed" : "field_not_permitted",
          },
        ]);
      }
    });
  });

  describe("read", () => {
    it.each(["json", "send", "jsonp"] as const)(
      "leaves other members out of res.%s",
      async (send) => {
        const options = { read: { "*": ["id", ["address", "city"]], admin: ["email"] } };
        const user = { id: 1, email: "a@b", hash: "x", address: { city: "a", street: "b" } };
        expect(await read(ALICE, options, user, send)).toEqual({ id: 1, address: { city: "a" } });
        expect(await read(ADMIN, options, [user, user], send)).toEqual([
          { id: 1, email: "a@b", address: { city: "a" } },
          { id: 1, email: "a@b", address: { city: "a" } },
        ]);
        expect(await read(null, options, user, send)).toEqual({ id: 1, address: { city: "a" } });
      },
    );

    it("is what JSON.stringify makes of the rest", async () => {
      class Row {
        readonly #values: object;
        constructor(values: object) {
          this.#values = values;
        }
        toJSON(): unknown {
          return this.#values;
        }
      }
      const date = new Date(0);
      const row = new Row({ at: date, of: new Row({ id: 1, hash: 2 }), hash: 3 });
      expect(await read(ALICE, { read: ["at", ["of", "id"]] }, [row])).toEqual([
        { at: date.toJSON(), of: { id: 1 } },
      ]);
      class Sticky {
        id = 1;
        hash = 2;
        toJSON(): unknown {
          return this;
        }
      }
      const own = { id: 1, hash: 2, toJSON: (): unknown => own };
      for (const value of [new Sticky(), own])
        expect(await read(ALICE, { read: ["id", "toJSON"] }, value)).toEqual({ id: 1 });
      const odd = { a: undefined, b: () => 1, c: null, d: Number.NaN, e: [undefined] };
      expect(await read(ALICE, { read: ["a", "b", "c", "d", "e"] }, odd)).toEqual(
        JSON.parse(JSON.stringify(odd)),
      );
      expect(
        await read(
          ALICE,
          {
            read: [
              ["c", "x"],
              ["a", "x"],
              ["e", "x"],
            ],
          },
          odd,
        ),
      ).toEqual({
        c: null,
        e: [],
      });
      expect(await read(ALICE, { read: ["id"] }, date)).toEqual(date.toJSON());
      expect(await read(ALICE, { read: ["id"] }, true)).toBe(true);
      const proto = JSON.parse('{"__proto__":{"hash":1},"id":1}') as unknown;
      expect(await read(ALICE, { read: ["id"] }, proto)).toEqual({ id: 1 });
      expect(({} as { hash?: number }).hash).toBeUndefined();
    });

    it("leaves what is permitted as a whole to the settings of the app", async () => {
      const app = appFor(ALICE, allowFields({ read: ["big", "at"] }), (_req, res) => {
        res.json({ big: 7n, at: { b: 7n }, hash: 7n });
      });
      app.set("json replacer", (_key: string, value: unknown) =>
        typeof value === "bigint" ? String(value) : value,
      );
      await request(app)
        .get("/")
        .expect(200, { big: "7", at: { b: "7" } });
    });

    it("leaves errors, refusals, text and streams as they are", async () => {
      const fields = allowFields({ read: ["id"] });
      const answers: readonly [(res: Response) => unknown, string][] = [
        [(res) => res.status(409).json({ error: "taken" }), '{"error":"taken"}'],
        [(res) => res.send("text"), "text"],
        [(res) => res.end('{"hash":1}'), '{"hash":1}'],
      ];
      for (const [answer, text] of answers) {
        const app = appFor(ALICE, fields, (_req, res) => void answer(res));
        expect((await request(app).get("/")).text).toBe(text);
      }
      const app = appFor(ALICE, fields, requireRole("admin"));
      const { body } = await request(app).get("/").expect(403);
      expect(body.code).toBe("access_denied");
    });

    it("goes by the status that is sent, where Express 4 takes it beside the answer", async () => {
      const answer = { id: 1, hash: 2 };
      for (const given of [
        [200, answer],
        [answer, 200],
      ]) {
        const app = appFor(ALICE, allowFields({ read: ["id"] }), (_req, res) => {
          (res.status(404).json as (...given: unknown[]) => unknown).apply(res, given);
        });
        const { status, text } = await request(app).get("/");
        expect([status, text.includes("hash")]).toEqual([major === "4" ? 200 : 404, false]);
      }
    });

    it("lets each of several take away, in front of and behind what others put on the response", async () => {
      const wrap: RequestHandler = (_req, res, next) => {
        const write = res.json;
        res.json = (answer) => write.call(res, { ...answer, wrapped: true, hash: 1 });
        next();
      };
      const app = appFor(
        ALICE,
        allowFields({ read: ["a", "b", "wrapped"] }),
        wrap,
        allowFields({ read: ["b", "c", "wrapped"] }),
        (_req, res) => void res.json({ a: 1, b: 2, c: 3 }),
      );
      await request(app).get("/").expect(200, { b: 2, wrapped: true });
    });

    it("does not send what it could not project", async () => {
      const ring: unknown[] = [];
      ring.push(ring);
      const app = appFor(ALICE, allowFields({ read: ["id"] }), (_req, res) => void res.json(ring));
      app.use(((_error, _req, res, _next) => {
        res.status(500).json({ failed: true });
      }) as import("express").ErrorRequestHandler);
      await request(app).get("/").expect(500, { failed: true });
    });

    it("changes nothing in report mode, and records what it would leave out", async () => {
      const options: AllowFieldsOptions = { read: ["id"], mode: "report" };
      expect(await read(ALICE, options, { id: 1, hash: 2 })).toEqual({ id: 1, hash: 2 });
      expect(decisions).toMatchObject([
        { outcome: "allow", enforced: false },
        { outcome: "allow", enforced: false, reason: "fields_removed" },
      ]);
      await read(ALICE, options, { id: 1 });
      expect(decisions).toHaveLength(1);
    });
  });
});

it("is no protection for the route audit, and says what it does", () => {
  expect(guardMark(allowFields({ write: ["a"], read: () => ["b"] }))).toEqual({
    guard: "allowFields",
    kind: "authorization",
    mode: "enforce",
    rule: "fields(write, read)",
    optional: true,
  });
});

it.each<[options: object, message: string]>([
  [{}, "allowFields must have write, read or both"],
  [{ write: undefined }, "allowFields.write must not be undefined"],
  [{ write: [] }, "allowFields.write must be a non-empty list of members"],
  [{ write: "name" }, "allowFields.write must be a list of members, lists by role, or a function"],
  [{ write: {} }, "allowFields.write must be a list of members, lists by role, or a function"],
  [{ read: { admin: "name" } }, 'allowFields.read["admin"] must be a non-empty list of members'],
  [{ read: ["a", ""] }, "allowFields.read[1] must be the name of a member"],
  [{ read: ["*"] }, "there are no wildcards"],
  [{ read: ["!password"] }, "there are no wildcards and no exceptions"],
  [{ read: ["address.city"] }, 'as in ["address", "city"]'],
  [{ read: [[]] }, "must have from 1 to 16 names"],
  [{ read: [["a", undefined]] }, "must have names, got undefined"],
  [{ read: ["a"], onViolation: "strip" }, "onViolation must stand beside write"],
  [{ write: ["a"], onViolation: "drop" }, "allowFields.onViolation must be one of"],
  [{ attributes: ["a"] }, 'did you mean "write"?'],
])("says at start-up what is wrong: %j", (options, message) => {
  expect(() => allowFields(options as never)).toThrow(message);
});
