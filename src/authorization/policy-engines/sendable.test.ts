import request from "supertest";
import { describe, expect, it, vi } from "vitest";
import { listenToDecisions } from "../../../test/support/decisions.js";
import { expressVersions } from "../../../test/support/express.js";
import { createPrincipal, setPrincipalSource } from "../../core/principal/principal.js";
import { cedar } from "../cedar/index.js";
import { authorize, opa, type PolicyEngine, policy } from "../index.js";
import { opaWasm } from "../opa-wasm/index.js";

class Address {
  readonly city = "Bonn";
}

function nested(levels: number): object {
  let value: object = {};
  for (let level = 0; level < levels; level += 1) value = { value };
  return value;
}

const circle: Record<string, unknown> = {};
circle["self"] = circle;

/** What JSON makes something else of, or nothing. */
const LOSSY: readonly (readonly [what: string, value: unknown])[] = [
  ["NaN", Number.NaN],
  ["infinity", Number.POSITIVE_INFINITY],
  ["a function", () => true],
  ["a symbol", Symbol("x")],
  ["a bigint", 10n],
  ["a map", new Map([["a", 1]])],
  ["a set", new Set([1])],
  ["a promise", Promise.resolve(1)],
  ["a regular expression", /x/],
  ["a date that is none", new Date(Number.NaN)],
  ["a lone surrogate", "\ud800"],
  ["undefined in a list", [undefined]],
  ["a hole in a list", new Array(1)],
  ["NaN in a list", [{ total: Number.NaN }]],
  ["itself", circle],
  ["20,000 levels", nested(20_000)],
  [
    "a getter that throws",
    {
      get secret(): never {
        throw new Error("s3cr3t");
      },
    },
  ],
];

describe.each(expressVersions)("a question on Express %s", (_major, express) => {
  const decisions = listenToDecisions();
  const asked = vi.fn<(input: unknown) => void>();

  /** The engines of this library that write the question as JSON. Each says yes to whatever it can read. */
  const ENGINES: readonly (readonly [name: string, create: () => PolicyEngine])[] = [
    [
      "opa",
      () =>
        opa({
          url: "http://localhost:1",
          path: "a",
          fetch: async (_url, { body }) => {
            asked(JSON.parse(body).input.resource.properties);
            return new Response('{"result":true}', {
              headers: { "Content-Type": "application/json" },
            });
          },
        }),
    ],
    ["cedar", () => cedar({ policies: "permit(principal, action, resource);" })],
    [
      "opaWasm",
      () =>
        opaWasm({
          policy: {
            evaluate(input) {
              asked((input as { resource: { properties: unknown } }).resource.properties);
              return [{ result: true }];
            },
          },
        }),
    ],
  ];

  function statusFor(engine: PolicyEngine, properties: Record<string, unknown>): Promise<number> {
    const app = express();
    const rule = policy(engine, () => ({ resource: { type: "order", id: "1", properties } }));
    app.use((req, _res, next) => {
      setPrincipalSource(req, createPrincipal({ subject: "alice" }));
      next();
    });
    app.get("/", authorize(rule), (_req, res) => void res.end());
    return request(app)
      .get("/")
      .then(({ status }) => status);
  }

  describe.each(ENGINES)("to %s", (_name, create) => {
    it.each(LOSSY)("is refused with %s, which JSON would change", async (_what, value) => {
      const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
      asked.mockClear();
      expect(await statusFor(create(), { value })).toBe(503);
      expect(asked).not.toHaveBeenCalled();
      expect(decisions).toMatchObject([{ code: "check_unavailable", reason: "wrong_return" }]);
      warn.mockRestore();
    });
  });

  it.each([
    ["opa", ENGINES[0]?.[1]],
    ["opaWasm", ENGINES[2]?.[1]],
  ])("to %s holds what JSON can say", async (_name, create) => {
    asked.mockClear();
    const properties = {
      text: "ü",
      smile: "\u{1f600}",
      total: 1.5,
      none: null,
      list: [1, [true]],
      date: new Date(0),
      address: new Address(),
      ["__proto__"]: { allow: true },
      missing: undefined,
    };
    expect(await statusFor((create as () => PolicyEngine)(), properties)).toBe(200);
    expect(JSON.stringify(asked.mock.calls[0]?.[0])).toBe(JSON.stringify(properties));
  });
});
