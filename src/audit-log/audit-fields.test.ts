import type { RequestHandler } from "express";
import request from "supertest";
import { describe, expect, it, vi } from "vitest";
import Transport from "winston-transport";
import { expressVersions } from "../../test/support/express.js";
import { type AuditLogOptions, auditFields, auditLog } from "./index.js";

const MESSAGE = Symbol.for("message");
type Fields = Parameters<typeof auditFields>[1];

function newLog(options: AuditLogOptions = {}): { audit: RequestHandler; lines: string[] } {
  const lines: string[] = [];
  const sink = new Transport({
    log(info, next) {
      if (info[MESSAGE].includes("http.request.id")) lines.push(info[MESSAGE]);
      next();
    },
  });
  return { audit: auditLog({ ...options, sinks: [sink] }), lines };
}

/** The fields of the app in a record. */
function fieldsOf(line = "{}"): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(JSON.parse(line)).filter(([name]) => name.startsWith("app.")),
  );
}

function fail(): never {
  throw new Error("hostile");
}

describe.each(expressVersions)("auditFields on Express %s", (_major, express) => {
  /** What stands in the record after these calls, and what they return. */
  async function record(
    ...calls: readonly unknown[]
  ): Promise<{ fields: Record<string, unknown>; returned: boolean[]; line: string }> {
    const { audit, lines } = newLog();
    const returned: boolean[] = [];
    const app = express();
    app.use(audit, (req, res) => {
      for (const fields of calls) returned.push(auditFields(req, fields as Fields));
      res.end("ok");
    });
    await request(app).get("/").expect(200, "ok");
    const [line = ""] = lines;
    return { fields: fieldsOf(line), returned, line };
  }

  it("puts strings, numbers and booleans into the record, in canonical order", async () => {
    const { fields, returned, line } = await record({
      orderId: "o-7",
      amount: 12.5,
      big: 1e21,
      zero: -0,
      Paid: true,
      note: undefined,
    });
    expect(fields).toEqual({
      "app.orderId": "o-7",
      "app.amount": 12.5,
      "app.big": 1e21,
      "app.zero": 0,
      "app.Paid": true,
    });
    expect(returned).toEqual([true]);
    const names = Object.keys(JSON.parse(line));
    expect(names).toEqual([...names].sort());
    expect(JSON.stringify(JSON.parse(line))).toBe(line);
  });

  it("lets a later value of a name win, and undefined leave it", async () => {
    const { fields } = await record({ a: 1, b: 1, c: 1 }, { b: 2 }, { c: undefined });
    expect(fields).toEqual({ "app.a": 1, "app.b": 2, "app.c": 1 });
  });

  it("works in a handler after an await, and in an error handler", async () => {
    const { audit, lines } = newLog();
    const app = express();
    app.use(audit);
    app.get("/", (req, _res, next) => {
      void (async () => {
        await new Promise((resolve) => setImmediate(resolve));
        auditFields(req, { step: "late" });
        next(new Error("x"));
      })();
    });
    app.use(((_error, req, res, _next) => {
      auditFields(req, { handled: true });
      res.status(500).end();
    }) as import("express").ErrorRequestHandler);
    await request(app).get("/").expect(500);
    expect(fieldsOf(lines[0])).toEqual({ "app.step": "late", "app.handled": true });
  });

  it("makes texts safe as all others are", async () => {
    const jwt = `eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1MSJ9.${"s".repeat(60)}`;
    const { fields, line } = await record({
      lines: 'x\r\n{"event.name":"forged"}',
      bearer: undefined,
      text: `Bearer ${jwt} https://u:p@x.test/?code=1`,
      long: "a".repeat(5000),
      odd: "\u202e\ud800\u2028",
    });
    expect(line).not.toContain(jwt);
    expect(line.split("\n")).toHaveLength(1);
    expect(fields).toMatchObject({
      "app.text": "Bearer REDACTED https://REDACTED@x.test/?REDACTED",
      "app.odd": "\\u202e\\ud800\\u2028",
    });
    expect(String(fields["app.long"])).toMatch(/^a{256}\.\.\.\+\d+$/);
  });

  it.each<[string, unknown]>([
    ["a name with a dot", { "a.b": 1 }],
    ["a name that begins with a digit", { "1a": 1 }],
    ["an empty name", { "": 1 }],
    ["a name that is too long", { ["a".repeat(41)]: 1 }],
    ["a name with a line end", { "a\n": 1 }],
    ["a name of the prototype", JSON.parse('{"__proto__":1}')],
    ["a name of a secret", { accessToken: "x" }],
    ["another name of a secret", { card_pin: "x" }],
    ["a third name of a secret", { apiKey: "x" }],
    ["null", { bad: null }],
    ["NaN", { bad: Number.NaN }],
    ["Infinity", { bad: Number.POSITIVE_INFINITY }],
    ["a BigInt", { bad: 1n }],
    ["a symbol", { bad: Symbol("x") }],
    ["a function", { bad: fail }],
    ["a list", { bad: ["x"] }],
    ["an object with toJSON", { bad: { toJSON: fail, toString: fail, valueOf: fail } }],
    ["a String object", { bad: new String("x") }],
    [
      "a getter that throws",
      {
        get bad() {
          return fail();
        },
      },
    ],
    ["a Proxy that throws", new Proxy({}, { ownKeys: fail, get: fail })],
    ["a Proxy whose members throw", new Proxy({ bad: 1 }, { get: fail })],
    ["nothing at all", undefined],
    ["null in place of fields", null],
    ["a list in place of fields", ["x"]],
  ])("leaves out %s, and nothing else", async (_what, fields) => {
    const { fields: written, returned } = await record({ good: 1 }, fields, { better: 2 });
    expect(written).toEqual({ "app.good": 1, "app.better": 2 });
    expect(returned).toEqual([true, false, true]);
  });

  it("reads a value once", async () => {
    let reads = 0;
    const { fields } = await record({
      get odd() {
        reads += 1;
        return reads === 1 ? "first" : fail();
      },
    });
    expect(fields).toEqual({ "app.odd": "first" });
  });

  it("keeps sixteen fields of a request, whatever it is given", async () => {
    const many = Object.fromEntries(
      Array.from({ length: 100_000 }, (_, index) => [`f${index}`, index]),
    );
    const { fields, returned } = await record({ first: 1 }, many, { first: 2 }, { last: 3 });
    expect(Object.keys(fields)).toHaveLength(16);
    expect(fields["app.first"]).toBe(2);
    expect(returned).toEqual([true, false, true, false]);
  });

  it("has no effect without a log in front, and after the record was written", async () => {
    const { audit, lines } = newLog();
    const returned: boolean[] = [];
    const app = express();
    app.use((req, _res, next) => {
      returned.push(auditFields(req, { early: 1 }));
      next();
    });
    app.use(audit, (req, res) => {
      res.on("close", () => returned.push(auditFields(req, { late: 1 })));
      res.end();
    });
    await request(app).get("/");
    await vi.waitFor(() => expect(returned).toEqual([false, false]));
    expect(lines).toHaveLength(1);
    expect(fieldsOf(lines[0])).toEqual({});
    const bare = express();
    bare.use((req, res) => void res.json(auditFields(req, { early: 1 })));
    await request(bare).get("/").expect(200, "false");
  });

  it("writes nothing about a successful request that has no record", async () => {
    const { audit, lines } = newLog({ except: "GET /health" });
    const app = express();
    app.use(audit, (req, res) => {
      auditFields(req, { probe: "yes" });
      res.status(req.query["fail"] === undefined ? 200 : 500).end();
    });
    await request(app).get("/health");
    expect(lines).toEqual([]);
    await request(app).get("/health?fail");
    expect(lines.map(fieldsOf)).toEqual([{ "app.probe": "yes" }]);
  });
});

describe("auditFields", () => {
  it("warns once of each kind of wrong field, without the name and the value", async () => {
    vi.resetModules();
    const { auditFields: fresh, auditLog: freshLog } = await import("./index.js");
    const warnings = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const [, express] = expressVersions[1] as (typeof expressVersions)[number];
    const sink = new Transport({ log: (_info, next) => next() });
    const app = express();
    app.use(freshLog({ sinks: [sink] }), (req, res) => {
      for (let round = 0; round < 3; round += 1) {
        fresh(req, { "hunter2 is my password": "s3cret" });
        fresh(req, { bad: { value: "s3cret" } as never });
      }
      res.end();
    });
    await request(app).get("/");
    const texts = warnings.mock.calls.map(([text]) => String(text));
    warnings.mockRestore();
    expect(texts).toHaveLength(2);
    expect(texts.join()).not.toMatch(/hunter2|s3cret/);
    expect(texts[0]).toContain("auditFields: a name must have a letter");
  });
});
