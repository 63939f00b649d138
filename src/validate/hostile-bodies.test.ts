import type { Express, RequestHandler } from "express";
import { body } from "express-validator";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { jsonBody } from "../json-body/json-body.js";
import { validate } from "./validate.js";
import type { ValidateChainsOptions, ValidateOptions } from "./validate-options.js";

const node = { $ref: "#/$defs/node" } as const;

/** Six kinds of nodes, told apart by a constant. */
const RICH_TEXT = {
  ...node,
  $defs: {
    node: {
      oneOf: ["p", "b", "i", "u", "a", "li"].map((kind) => ({
        type: "object",
        required: ["type"],
        properties: {
          children: { type: "array", items: node },
          n: { type: "integer" },
          type: { const: kind },
        },
      })),
    },
  },
};

/** Three branches that overlap, each of them recursive. */
const OVERLAPPING = {
  type: "object",
  anyOf: ["a", "b", "c"].map((name) => ({
    type: "object",
    properties: { k: { $ref: "#" }, [name]: { type: "integer" } },
  })),
};

const NESTED = {
  ...node,
  $defs: {
    node: {
      type: "object",
      properties: { k: node, n: { type: "integer" } },
      allOf: [{ properties: { m: { type: "integer" } } }],
    },
  },
};

function nested(depth: number, innermost: object, wrap: (inner: object) => object): object {
  let value = innermost;
  for (let level = 0; level < depth; level += 1) value = wrap(value);
  return value;
}

// Small bodies that blocked the event loop for seconds, or ended the process, through everything that a request passes.
// The work itself is counted in json-schema/work.test.ts and evaluation/evaluation.test.ts.
describe.each(expressVersions)("a hostile body on Express %s", (_major, express) => {
  function appWith(options: ValidateOptions | ValidateChainsOptions): Express {
    const validator = validate(options as ValidateOptions);
    const app = express();
    app.use(jsonBody());
    app.post("/", validator as unknown as RequestHandler, (req, res) => {
      res.json((validator.valid(req) as { body: unknown }).body);
    });
    return app;
  }

  it("of 244 bytes, a wrong leaf in rich text of 9 levels, is refused with its pointer", async () => {
    const sent = nested(9, { type: "p", n: "x" }, (inner) => ({ type: "b", children: [inner] }));
    expect(JSON.stringify(sent).length).toBeLessThanOrEqual(260);
    const answer = await request(appWith({ body: RICH_TEXT }))
      .post("/")
      .send(sent)
      .expect(422);
    expect(answer.body.errors.at(-1)).toMatchObject({
      pointer: `#${"/children/0".repeat(9)}/n`,
      code: "type",
    });
  });

  it("of 18 levels under three overlapping alternatives is taken when it is valid", async () => {
    const sent = nested(18, { a: 1 }, (inner) => ({ k: inner }));
    await request(appWith({ body: OVERLAPPING }))
      .post("/")
      .send(sent)
      .expect(200, sent);
  });

  it("of 72 kB with unknown members at every level is stripped in one pass", async () => {
    const unknown = Object.fromEntries(
      Array.from({ length: 190 }, (_, at) => [`unknown-${at}`, "12345"]),
    );
    const sent = nested(18, { n: 1, ...unknown }, (inner) => ({ k: inner, ...unknown }));
    expect(JSON.stringify(sent).length).toBeGreaterThan(72_000);
    const clean = nested(18, { n: 1 }, (inner) => ({ k: inner }));
    await request(appWith({ body: NESTED, unknown: "strip" }))
      .post("/")
      .send(sent)
      .expect(200, clean);
  });

  it.each<[string, object]>([
    ["at the default limit of names", {}],
    ["where the app takes such names", { limits: { keyLength: 20_000 } }],
  ])(
    "with a name of 10,000 characters and 990 errors below it is refused, %s",
    async (_how, limits) => {
      const schema = {
        type: "object",
        additionalProperties: { type: "array", items: { $ref: "#/$defs/item" } },
        $defs: { item: { type: "object", properties: { a: { type: "integer" } } } },
      };
      const sent = { ["n".repeat(10_000)]: Array.from({ length: 990 }, () => ({ z: 1 })) };
      const answer = await request(appWith({ body: schema, ...limits }))
        .post("/")
        .send(sent);
      const [status, code] = [answer.status, answer.body.code];
      expect([status, code]).toEqual(
        "limits" in limits ? [422, "validation_failed"] : [413, "structure_too_large"],
      );
      expect(answer.text.length).toBeLessThan(3000);
    },
  );

  it("with one long name for a wildcard chain is refused before the chain runs", async () => {
    let runs = 0;
    const chain = body("*.*").custom(() => {
      runs += 1;
      return true;
    });
    const sent = { ["n".repeat(60_000)]: Array.from({ length: 1000 }, () => 1) };
    for (const limits of [{}, { keyLength: 100_000 }]) {
      const answer = await request(appWith({ chains: [chain], unknown: "allow", limits }))
        .post("/")
        .send(sent);
      expect([answer.status, answer.body.code]).toEqual([413, "structure_too_large"]);
    }
    expect(runs).toBe(0);
  });

  it.each(["reject", "strip", "allow"] as const)(
    "that names user.email beside user is refused with unknown: %s",
    async (unknown) => {
      const sent = { "user.email": "a@b.co", user: { email: "x'; DROP" } };
      const chains = [body("user.email").isEmail()];
      const answer = await request(appWith({ chains, unknown })).post("/").send(sent).expect(422);
      expect(answer.text).not.toContain("DROP");
    },
  );
});
