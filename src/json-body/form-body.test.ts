import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { brotliCompressSync, gzipSync } from "node:zlib";
import type { Express, RequestHandler } from "express";
import fc from "fast-check";
import request from "supertest";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { http2Request, http2Server } from "../../test/support/http2.js";
import { decisionsOf } from "../core/decision/decision.js";
import { errorHandler } from "../errors/index.js";
import { type FormBodyOptions, formBody } from "./form-body.js";
import { jsonBody } from "./json-body.js";

const FORM_TYPE = { "Content-Type": "application/x-www-form-urlencoded" };

/** Sends bytes as they are, so that media types, codings and lengths can be wrong. */
function send(
  app: Express | Server,
  body: Buffer | string,
  headers: Record<string, string> = FORM_TYPE,
  path = "/",
) {
  return request(app)
    .post(path)
    .set(headers)
    .serialize((value: unknown) => value as string)
    .send(body as string);
}

const EXTENDED = { extended: true };

/** Forms, as browsers and the usual serializers send them. */
const BENIGN: readonly string[] = [
  "email=a%40b.co&password=p%26w+d%2B",
  "q=%E2%82%AC+%F0%9F%98%80&lang=de",
  "tags=a&tags=b&tags=c",
  "a=&b",
  "a=1&&b=2&",
  "a.b=1&c-d_e=2",
  "constructor=1&hasOwnProperty=2&toString=3",
  "1=a&0=b",
  "a=x=y",
  "a=é",
  "a%20b=1&c+d=2",
  "&&",
];

/** The same with brackets, which mean something only with `extended`. */
const BRACKETS: readonly string[] = [
  "user[name]=x&user[address][city]=y&user[address][zip]=1",
  "tags[]=a&tags[]=b",
  "tags[]=a",
  "tags[]=",
  "items[0][sku]=a&items[0][n]=1&items[1][sku]=b",
  "items[3][sku]=a&items[7][sku]=b",
  "a[1]=y&a[0]=x",
  "a[0]=x&a[b]=y",
  "a[b]=1&a[b]=2",
  "a[b][]=1&a[b][]=2",
  "price[4711]=9&price[12]=8",
  "a[01]=x&b[-1]=y&c[1.5]=z",
  "a[][b]=1&a[][c]=2",
  "a[0][0]=1&a[0][1]=2",
  "user%5Bname%5D=x&t%5B%5D=1",
  "a[b+c]=1",
  "toString[x]=1&a[constructor]=2",
];

describe.each(expressVersions)("formBody on Express %s", (major, express) => {
  const echo: RequestHandler = (req, res) => {
    res.json({
      body: req.body === undefined ? "undefined" : req.body,
      bare: typeof req.body === "object" && Object.getPrototypeOf(req.body) === null,
      own: Object.hasOwn(req, "body"),
      decisions: decisionsOf(req),
    });
  };

  function appWith(options?: FormBodyOptions, ...after: RequestHandler[]) {
    const app = express();
    app.use(formBody(options), ...after);
    app.use(echo);
    return app;
  }

  it("reads a form and records that it did", async () => {
    const answer = await send(appWith(), "email=a%40b.co&note=two+words");
    expect(answer.status).toBe(200);
    expect(answer.body.body).toEqual({ email: "a@b.co", note: "two words" });
    expect(answer.body.decisions).toEqual([
      { guard: "formBody", outcome: "allow", enforced: true, code: "ok" },
    ]);
  });

  it.each([
    ["a malformed escape", "a=%zz", {}, 400, "malformed_body"],
    ["a cut escape", "a=1&b=%4", {}, 400, "malformed_body"],
    ["a malformed escape in a name", "%=1", {}, 400, "malformed_body"],
    ["a name without text", "=1", {}, 400, "malformed_body"],
    ["escaped bytes that are not UTF-8", "a=%FF", {}, 400, "invalid_encoding"],
    ["an overlong escape", "a=%C0%80", {}, 400, "invalid_encoding"],
    ["an escaped surrogate", "a=%ED%A0%80", {}, 400, "invalid_encoding"],
    ["bytes that are not UTF-8", Buffer.from([0x61, 0x3d, 0xff]), {}, 400, "invalid_encoding"],
    ["NUL", "a=x%00y", {}, 400, "forbidden_character"],
    ["NUL in a name", "a%00=1", {}, 400, "forbidden_character"],
    ["__proto__", "__proto__=1", {}, 400, "forbidden_key"],
    ["an escaped __proto__", "__%70roto__=1", {}, 400, "forbidden_key"],
    ["1,001 fields", "a&".repeat(1000), {}, 413, "structure_too_large"],
    ["a name of 257 characters", `${"n".repeat(257)}=1`, {}, 413, "structure_too_large"],
    ["a body beyond the limit", `a=${"x".repeat(102_399)}`, {}, 413, "body_too_large"],
    ["charset iso-8859-1", "a=1", { charset: "iso-8859-1" }, 415, "unsupported_charset"],
    ["charset utf-16", "a=1", { charset: "utf-16le" }, 415, "unsupported_charset"],
    [
      "an unknown coding",
      "a=1",
      { "Content-Encoding": "zstd" },
      415,
      "unsupported_content_encoding",
    ],
    ["broken gzip", "a=1", { "Content-Encoding": "gzip" }, 400, "malformed_body"],
  ])(
    "refuses %s",
    async (_what, body, { charset, ...headers }: Record<string, string>, status, code) => {
      const type = `${FORM_TYPE["Content-Type"]}${charset ? `; charset=${charset}` : ""}`;
      const answer = await send(appWith(), body, { "Content-Type": type, ...headers });
      expect(answer.status).toBe(status);
      expect(answer.headers["content-type"]).toContain("application/problem+json");
      expect(answer.body.code).toBe(code);
      if (charset) expect(answer.headers["accept"]).toBe(FORM_TYPE["Content-Type"]);
    },
  );

  it.each([
    ["__proto__ in brackets", "a[__proto__][x]=1", 400, "forbidden_key"],
    ["__proto__ as a list", "__proto__[]=1", 400, "forbidden_key"],
    ["constructor.prototype", "constructor[prototype][x]=1", 400, "forbidden_key"],
    ["constructor.prototype further down", "a[constructor][prototype]=1", 400, "forbidden_key"],
    ["an open bracket", "a[b=1", 400, "malformed_body"],
    ["a closing bracket", "a]b=1", 400, "malformed_body"],
    ["text behind a bracket", "a[b]c=1", 400, "malformed_body"],
    ["brackets in brackets", "a[b[c]]=1", 400, "malformed_body"],
    ["an escaped bracket in brackets", "a[%5B]=1", 400, "malformed_body"],
    ["brackets without a name", "[b]=1", 400, "malformed_body"],
    ["a list of lists without indexes", "a[][]=1", 400, "malformed_body"],
    ["a list of lists with one index", "a[][0]=1", 400, "malformed_body"],
    ["a value that is an object as well", "a=1&a[b]=2", 400, "duplicate_key"],
    ["an object that is a value as well", "a[b]=2&a=1", 400, "duplicate_key"],
    ["a value that is a list as well", "a=1&a[]=2", 400, "duplicate_key"],
    ["a list with a name", "a[]=1&a[b]=2", 400, "duplicate_key"],
    ["a list that is counted in two ways", "a[0]=1&a[]=2", 400, "duplicate_key"],
    ["a value below a value", "a[b]=1&a[b][c]=2", 400, "duplicate_key"],
    ["20 pairs of brackets", `a${"[b]".repeat(20)}=1`, 400, "structure_too_deep"],
    ["19 pairs of brackets and a list", `a${"[b]".repeat(19)}[]=1`, 400, "structure_too_deep"],
    ["30,000 pairs of brackets", `a${"[b]".repeat(30_000)}=1`, 400, "structure_too_deep"],
  ])("refuses %s with extended: true", async (_what, body, status, code) => {
    const answer = await send(appWith(EXTENDED), body);
    expect(answer.status).toBe(status);
    expect(answer.body.code).toBe(code);
  });

  it("takes as many levels as depth says, lists included", async () => {
    expect((await send(appWith(EXTENDED), `a${"[b]".repeat(19)}=1`)).status).toBe(200);
    expect((await send(appWith({ ...EXTENDED, depth: 2 }), "a[b]=1&c[]=2&d=3&d=4")).status).toBe(
      200,
    );
    const deep = await send(appWith({ ...EXTENDED, depth: 2 }), "a[b]=1&a[b]=2");
    expect(deep.status).toBe(400);
    expect(deep.body.code).toBe("structure_too_deep");
  });

  it("takes as many fields as `fields` says", async () => {
    const app = appWith({ fields: 2 });
    expect((await send(app, "a=1&b=2")).body.body).toEqual({ a: "1", b: "2" });
    expect((await send(app, "a=1&b=2&c=3")).body.code).toBe("structure_too_large");
  });

  it("takes long text up to limit, and lists of as many items as there may be fields", async () => {
    const long = "x".repeat(90_000);
    expect((await send(appWith(), `a=${long}`)).body.body).toEqual({ a: long });
    const list = await send(appWith({ fields: 5000 }), "a=1&".repeat(4000));
    expect(list.body.body.a).toHaveLength(4000);
  });

  it("takes brackets for a part of the name without extended", async () => {
    const answer = await send(appWith(), "user[role]=admin&a[b=1&c[]=2");
    expect(answer.body.body).toEqual({ "user[role]": "admin", "a[b": "1", "c[]": "2" });
  });

  it.each([
    ["utf-8", { "Content-Type": "application/x-www-form-urlencoded; charset=utf-8" }],
    [
      "quoted, in another case",
      { "Content-Type": 'application/X-WWW-form-urlencoded;charset="UTF8"' },
    ],
  ])("reads the charset %s", async (_what, headers) => {
    expect((await send(appWith(), "a=%C3%A9", headers)).body.body).toEqual({ a: "é" });
  });

  it.each([
    ["gzip", gzipSync],
    ["br", brotliCompressSync],
  ])("reads %s, and stops at the limit of what comes out", async (coding, compress) => {
    const headers = { ...FORM_TYPE, "Content-Encoding": coding };
    expect((await send(appWith(), compress("a=1"), headers)).body.body).toEqual({ a: "1" });
    const bomb = await send(appWith(), compress(`a=${"x".repeat(1_000_000)}`), headers);
    expect(bomb.status).toBe(413);
    expect(bomb.body.code).toBe("body_too_large");
    expect(bomb.headers["connection"]).toBe("close");
  });

  it.each([
    ["JSON", '{"a":1}', { "Content-Type": "application/json" }],
    ["multipart", "--x--", { "Content-Type": "multipart/form-data; boundary=x" }],
    ["text", "a=1", { "Content-Type": "text/plain" }],
    ["a type that begins alike", "a=1", { "Content-Type": "application/x-www-form-urlencoded2" }],
  ])("leaves %s to others, as express.urlencoded() does", async (_what, body, headers) => {
    const app = express();
    app.use(express.urlencoded({ extended: true }));
    app.use(echo);
    const theirs = await send(app, body, headers);
    const ours = await send(appWith(), body, headers);
    expect(ours.body).toEqual({ ...theirs.body, decisions: [] });
  });

  it.each([
    ["a GET", (app: Express) => request(app).get("/")],
    ["a form of nothing", (app: Express) => send(app, "", { ...FORM_TYPE, "Content-Length": "0" })],
    [
      "nothing in gzip",
      (app: Express) => send(app, gzipSync(""), { ...FORM_TYPE, "Content-Encoding": "gzip" }),
    ],
  ])("leaves for %s what express.urlencoded() leaves", async (_what, ask) => {
    const app = express();
    app.use(express.urlencoded({ extended: true }));
    app.use(echo);
    const { decisions: _theirs, ...theirs } = (await ask(app)).body;
    const { decisions: _ours, ...ours } = (await ask(appWith())).body;
    // body-parser 2 leaves undefined for Content-Length: 0, where jsonBody and this leave an object.
    expect([theirs.body, ours.body]).not.toContain(null);
    expect(ours.bare).toBe(false);
    if (major === "4") expect(ours).toEqual(theirs);
  });

  it("stands beside jsonBody in either order", async () => {
    for (const parsers of [
      [jsonBody(), formBody()],
      [formBody(), jsonBody()],
    ] as const) {
      const app = express();
      app.use(...parsers, echo);
      expect((await send(app, "a=1")).body.body).toEqual({ a: "1" });
      expect((await request(app).post("/").send({ a: 1 })).body.body).toEqual({ a: 1 });
    }
  });

  it("leaves a body that somebody has read, and is seen by body-parser behind it", async () => {
    const behind = express();
    behind.use(express.urlencoded({ extended: true }), formBody(), echo);
    expect((await send(behind, "a[b=1")).status).toBe(200);
    const infront = appWith({}, express.urlencoded({ extended: true }), express.json());
    expect((await send(infront, "a[b]=1")).body.body).toEqual({ "a[b]": "1" });
  });

  it("leaves the exact paths in except to others", async () => {
    const app = appWith({ except: "POST /hooks/*" }, express.raw({ type: "*/*" }));
    expect((await send(app, "a=%zz", FORM_TYPE, "/hooks/x")).body.body.type).toBe("Buffer");
    expect((await send(app, "a=%zz", FORM_TYPE, "/HOOKS/x")).body.code).toBe("malformed_body");
  });

  it("refuses nothing in report mode, records, and gives every byte back", async () => {
    const app = appWith({ mode: "report" }, express.urlencoded({ extended: false }));
    const answer = await send(app, "a=1&__proto__=2");
    expect(answer.status).toBe(200);
    expect(answer.body.body.a).toBe("1");
    expect(answer.body.decisions).toEqual([
      expect.objectContaining({ guard: "formBody", code: "forbidden_key", enforced: false }),
    ]);
  });

  it("hands a refusal to the error handler with onDenied: next", async () => {
    const app = express();
    app.use(formBody({ onDenied: "next" }), echo, errorHandler());
    const answer = await send(app, "=1");
    expect(answer.status).toBe(400);
    expect(answer.body.code).toBe("malformed_body");
  });

  it("pollutes no prototype", async () => {
    for (const body of [
      "__proto__[polluted]=1",
      "constructor[prototype][polluted]=1",
      "a[__proto__]=1",
    ]) {
      expect((await send(appWith(EXTENDED), body)).status).toBe(400);
      await send(appWith(), body);
    }
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  it("reads a form over HTTP/2", async () => {
    const server = http2Server(appWith());
    try {
      const answer = await http2Request(
        server,
        { ":method": "POST", "content-type": FORM_TYPE["Content-Type"] },
        ["a=1"],
      );
      expect(JSON.parse(answer.body).body).toEqual({ a: "1" });
    } finally {
      server.close();
    }
  });

  describe("beside express.urlencoded()", () => {
    const servers: Server[] = [];
    const urls: Record<string, string> = {};

    beforeAll(async () => {
      for (const extended of [false, true]) {
        for (const [name, parser] of [
          ["theirs", express.urlencoded({ extended })],
          ["ours", formBody({ extended })],
        ] as const) {
          const app = express();
          app.use(parser, echo);
          const server = createServer(app);
          await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
          servers.push(server);
          urls[`${name} ${extended}`] =
            `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
        }
      }
    });
    afterAll(() => {
      for (const server of servers) server.close().closeAllConnections();
    });

    async function bodiesOf(form: string, extended: boolean): Promise<readonly unknown[]> {
      const ask = async (who: string): Promise<unknown> => {
        const answer = await fetch(`${urls[`${who} ${extended}`]}`, {
          method: "POST",
          headers: FORM_TYPE,
          body: form,
        });
        const { body, bare } = (await answer.json()) as Record<string, unknown>;
        return { body, bare, status: answer.status };
      };
      return [await ask("ours"), await ask("theirs")];
    }

    it.each([...BENIGN, ...BRACKETS])("leaves the same body of %s", async (form) => {
      for (const extended of [false, true]) {
        const [ours, theirs] = await bodiesOf(form, extended);
        expect(ours).toEqual(theirs);
      }
    });

    it("leaves the same body of whatever URLSearchParams writes", async () => {
      const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 });
      const safe = text.filter((value) => !value.includes("\0"));
      const name = safe.filter((value) => !/[[\]]/.test(value) && value !== "__proto__");
      const pairs = fc.array(fc.tuple(name, safe), { maxLength: 8 });
      await fc.assert(
        fc.asyncProperty(pairs, fc.boolean(), async (list, extended) => {
          const [ours, theirs] = await bodiesOf(new URLSearchParams(list).toString(), extended);
          expect(ours).toEqual(theirs);
        }),
        { numRuns: 60 },
      );
    });

    it("leaves the same body of nested names, or refuses them", async () => {
      const segment = fc.constantFrom("[a]", "[b]", "[0]", "[1]", "[5]", "[]");
      const name = fc
        .tuple(fc.constantFrom("x", "y"), fc.array(segment, { maxLength: 3 }))
        .map(([root, rest]) => root + rest.join(""));
      let compared = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(name, { minLength: 1, maxLength: 4 }), async (names) => {
          const form = names.map((each, index) => `${each}=${index}`).join("&");
          const [ours, theirs] = (await bodiesOf(form, true)) as { status: number }[];
          if (ours?.status !== 200) return;
          compared += 1;
          expect(ours).toEqual(theirs);
        }),
        { numRuns: 150 },
      );
      expect(compared).toBeGreaterThan(30);
    });
  });
});
