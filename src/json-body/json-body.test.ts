import { AsyncLocalStorage } from "node:async_hooks";
import { once } from "node:events";
import { createServer, request as httpRequest, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import type { ErrorRequestHandler, Express, RequestHandler } from "express";
import fc from "fast-check";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { decisionsOf } from "../core/decision/decision.js";
import { type JsonBodyOptions, jsonBody } from "./json-body.js";

const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);

/** Sends bytes as they are, so that media types, codings and lengths can be wrong. */
function send(
  app: Express | Server,
  body: Buffer | string,
  headers: Record<string, string>,
  path = "/",
) {
  return request(app)
    .post(path)
    .set(headers)
    .serialize((value: unknown) => value as string)
    .send(body as string);
}

const JSON_TYPE = { "Content-Type": "application/json" };

describe.each(expressVersions)("jsonBody on Express %s", (_major, express) => {
  const echo: RequestHandler = (req, res) => {
    res.json({
      body: req.body === undefined ? "undefined" : req.body,
      decisions: decisionsOf(req),
    });
  };

  function appWith(options?: JsonBodyOptions, ...after: RequestHandler[]) {
    const app = express();
    app.use(jsonBody(options), ...after);
    app.use(echo);
    return app;
  }

  it("reads a JSON body and records that it did", async () => {
    const answer = await request(appWith())
      .post("/")
      .send({ sku: "A-1", tags: ["é", "😀"] });
    expect(answer.status).toBe(200);
    expect(answer.body.body).toEqual({ sku: "A-1", tags: ["é", "😀"] });
    expect(answer.body.decisions).toEqual([
      { guard: "jsonBody", outcome: "allow", enforced: true, code: "ok" },
    ]);
  });

  it.each([
    ["malformed", '{"secret":', {}, 400, "malformed_json"],
    ["a scalar", '"secret"', {}, 400, "malformed_json"],
    ["null", "null", {}, 400, "malformed_json"],
    ["blank", "  ", {}, 400, "malformed_json"],
    ["trailing text", '{"a":1} x', {}, 400, "malformed_json"],
    ["a single quote", "{'a':1}", {}, 400, "malformed_json"],
    ["a raw control character", '{"a":"\n"}', {}, 400, "malformed_json"],
    ["a member that stands twice", '{"role":"user","role":"admin"}', {}, 400, "duplicate_key"],
    ["one that stands twice once unescaped", '{"a":1,"\\u0061":2}', {}, 400, "duplicate_key"],
    ["__proto__", '{"__proto__":{"isAdmin":true}}', {}, 400, "forbidden_key"],
    ["nesting of 21", nested(21), {}, 400, "structure_too_deep"],
    ["nesting of 40,000", nested(40_000), {}, 400, "structure_too_deep"],
    [
      "bytes that are not UTF-8",
      Buffer.from([0x5b, 0x22, 0xff, 0x22, 0x5d]),
      {},
      400,
      "invalid_encoding",
    ],
    [
      "UTF-8 that encodes a surrogate",
      Buffer.from([0x5b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x5d]),
      {},
      400,
      "invalid_encoding",
    ],
    ["UTF-16", Buffer.from('{"a":1}', "utf16le"), {}, 400, "malformed_json"],
    ["a body beyond the limit", `["${"x".repeat(102_397)}"]`, {}, 413, "body_too_large"],
    [
      "charset utf-16",
      "{}",
      { "Content-Type": "application/json; charset=utf-16" },
      415,
      "unsupported_charset",
    ],
    [
      "charset utf-7",
      "{}",
      { "Content-Type": "application/json;charset=utf-7" },
      415,
      "unsupported_charset",
    ],
    [
      "charset iso-8859-1",
      "{}",
      { "Content-Type": 'application/json; charset="ISO-8859-1"' },
      415,
      "unsupported_charset",
    ],
    [
      "a malformed parameter",
      "{}",
      { "Content-Type": "application/json; =" },
      415,
      "unsupported_media_type",
    ],
    [
      "two charsets",
      "{}",
      { "Content-Type": "application/json; charset=utf-8; charset=utf-7" },
      415,
      "unsupported_media_type",
    ],
    [
      "an unknown coding",
      "{}",
      { "Content-Encoding": "zstd" },
      415,
      "unsupported_content_encoding",
    ],
    [
      "two codings",
      "{}",
      { "Content-Encoding": "gzip, gzip" },
      415,
      "unsupported_content_encoding",
    ],
    ["garbage that claims to be gzip", "{}", { "Content-Encoding": "gzip" }, 400, "malformed_body"],
    [
      "half a gzip body",
      gzipSync("{}").subarray(0, 12),
      { "Content-Encoding": "gzip" },
      400,
      "malformed_body",
    ],
    [
      "a gzip bomb",
      gzipSync(`["${"x".repeat(5_000_000)}"]`),
      { "Content-Encoding": "gzip" },
      413,
      "body_too_large",
    ],
    [
      "a brotli bomb",
      brotliCompressSync(`["${"x".repeat(5_000_000)}"]`),
      { "Content-Encoding": "br" },
      413,
      "body_too_large",
    ],
  ])("refuses %s", async (_what, body, headers, status, code) => {
    const answer = await send(appWith(), body, { ...JSON_TYPE, ...headers }).expect(status);
    expect(answer.body.code).toBe(code);
    expect(answer.headers["content-type"]).toBe("application/problem+json");
    expect(answer.headers["cache-control"]).toBe("no-store");
    expect(answer.text).not.toContain("secret");
    if (status === 415) {
      expect(answer.headers).toMatchObject(
        code === "unsupported_content_encoding"
          ? { "accept-encoding": "gzip, deflate, br" }
          : { accept: "application/json" },
      );
    }
  });

  it.each([
    ["application/json;charset=UTF-8", '{"a":1}'],
    ["Application/JSON", '{"a":1}'],
    ['application/json; charset="utf-8"; profile="a;b\\"c"', '{"a":1}'],
    ["application/merge-patch+json", '{"a":1}'],
    ["application/vnd.api+json", '{"a":1}'],
    ["application/json;", '{"a":1}'],
    ["application/json", '\ufeff{"a":1}'],
    ["application/json", ' \t\r\n{"a":1}\n'],
    ["application/json", '{"\\u0061":1}'],
  ])("reads %s", async (type, body) => {
    const answer = await send(appWith(), body, { "Content-Type": type }).expect(200);
    expect(answer.body.body).toEqual({ a: 1 });
  });

  it.each([
    ["gzip", gzipSync],
    ["GZIP", gzipSync],
    ["deflate", deflateSync],
    ["br", brotliCompressSync],
    ["identity", Buffer.from],
  ])("undoes the coding %s", async (coding, compress) => {
    const body = compress(Buffer.from('{"a":"é"}'));
    const headers = { ...JSON_TYPE, "Content-Encoding": coding };
    const answer = await send(appWith(), body, headers).expect(200);
    expect(answer.body.body).toEqual({ a: "é" });
  });

  it.each(["text/plain", "application/x-www-form-urlencoded", "application/jsonx", "text/json"])(
    "leaves %s alone",
    async (type) => {
      const app = appWith({}, express.text({ type: "*/*" }));
      const answer = await send(app, "a=1", { "Content-Type": type }).expect(200);
      expect(answer.body).toEqual({ body: "a=1", decisions: [] });
    },
  );

  it("leaves the paths in `except` alone, in their exact spelling only", async () => {
    const app = appWith({ except: ["POST /hooks/*"] }, express.text({ type: "*/*" }));
    const body = '{"a":1,"a":2}';
    const left = await send(app, body, JSON_TYPE, "/hooks/stripe").expect(200);
    expect(left.body.body).toBe(body);
    for (const path of ["/HOOKS/stripe", "/hooks//stripe", "/other", "/hooks/%2e%2e/other"]) {
      await send(app, body, JSON_TYPE, path).expect(400);
    }
  });

  it("has a limit and a depth of its own", async () => {
    const app = appWith({ limit: "10b", depth: 1 });
    await send(app, '{"abc":"d"', JSON_TYPE).expect(400);
    await send(app, '{"abc":"d"}', JSON_TYPE).expect(413);
    await send(app, "[[]]", JSON_TYPE).expect(400);
  });

  it("stops reading a chunked body at the limit, and closes the connection", async () => {
    const server = createServer(appWith({ limit: "1kb" })).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const client = httpRequest({ port, method: "POST", headers: JSON_TYPE });
    client.on("error", () => {});
    client.write(`["${"x".repeat(2000)}`);
    const [answer] = await once(client, "response");
    expect(answer.statusCode).toBe(413);
    expect(answer.headers.connection).toBe("close");
    client.destroy();
    server.close();
  });

  it("records nothing for a request without content", async () => {
    const none = await request(appWith()).get("/").expect(200);
    expect(none.body.decisions).toEqual([]);
    const empty = await send(appWith(), "", { ...JSON_TYPE, "Content-Length": "0" }).expect(200);
    expect(empty.body.decisions).toEqual([]);
  });

  it.each([
    ["express.json", () => express.json()],
    ["express.json for every type", () => express.json({ type: "*/*", strict: false })],
    ["express.urlencoded", () => express.urlencoded({ extended: true, type: "*/*" })],
    ["express.raw", () => express.raw({ type: "*/*" })],
    ["express.text", () => express.text({ type: "*/*" })],
    ["another jsonBody", () => jsonBody()],
  ])("is not undone by %s behind it", async (_name, parser) => {
    const app = appWith({}, parser());
    for (const body of [{ a: 1 }, { big: "x".repeat(90_000) }]) {
      const answer = await request(app).post("/").send(body).expect(200);
      expect(answer.body.body).toEqual(body);
    }
    const zipped = { ...JSON_TYPE, "Content-Encoding": "gzip" };
    const answer = await send(app, gzipSync('{"a":1}'), zipped).expect(200);
    expect(answer.body.body).toEqual({ a: 1 });
  });

  it("leaves a body alone that a parser in front of it read", async () => {
    const app = express();
    app.use(express.json(), jsonBody(), echo);
    const answer = await send(app, '{"a":1,"a":2}', JSON_TYPE).expect(200);
    expect(answer.body).toEqual({ body: { a: 2 }, decisions: [] });
  });

  it("lets no body with a member twice through to express.json(), whatever the media type looks like", async () => {
    const app = appWith({}, express.json());
    const types = [
      "application/json",
      "application/json\t",
      "application/json ;",
      "application/json; =",
      "application/json;=;charset=utf-8",
      "application/json; charset",
      'application/json; a="',
      "application/json,text/plain",
      "application/json text",
      "application/json\ttext",
      ";application/json",
      "application/json;;",
      "APPLICATION/JSON; charset=utf-8; x",
    ];
    for (const type of types) {
      const answer = await send(app, '{"role":"user","role":"admin"}', { "Content-Type": type });
      expect(answer.body.body ?? {}, type).not.toHaveProperty("role");
    }
  });

  it("gives the value that express.json() gives, for any JSON object or list", async () => {
    const values: unknown[] = [];
    const collect: RequestHandler = (req, res) => {
      values.push(req.body);
      res.end();
    };
    const app = express();
    app.post("/ours", jsonBody({ depth: 1000, limit: "10mb" }), collect);
    app.post("/theirs", express.json({ limit: "10mb" }), collect);
    const server = createServer(app).listen(0, "127.0.0.1");
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.array(fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue())),
        async (value) => {
          const text = JSON.stringify(value);
          fc.pre(!text.includes('"__proto__":'));
          values.length = 0;
          await send(server, text, JSON_TYPE, "/ours").expect(200);
          await send(server, text, JSON_TYPE, "/theirs").expect(200);
          expect(values[0]).toEqual(values[1]);
          expect(values).toHaveLength(2);
        },
      ),
      { numRuns: 40 },
    );
    server.close();
  });

  it("reads a body that arrives byte by byte, across the characters", async () => {
    const server = createServer(appWith()).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const body = Buffer.from('{"a":"é😀"}');
    const client = httpRequest({ port, method: "POST", headers: JSON_TYPE });
    for (const byte of body) {
      client.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    client.end();
    const [answer] = await once(client, "response");
    const chunks: Buffer[] = [];
    for await (const chunk of answer) chunks.push(chunk);
    expect(JSON.parse(Buffer.concat(chunks).toString()).body).toEqual({ a: "é😀" });
    server.close();
  });

  it("keeps the asynchronous context of the middlewares in front of it", async () => {
    const storage = new AsyncLocalStorage<string>();
    const app = express();
    app.use(
      (_req, _res, next) => storage.run("mine", next),
      jsonBody(),
      (_req, res) => {
        res.json({ store: storage.getStore() ?? "lost" });
      },
    );
    await request(app).post("/").send({ a: 1 }).expect(200, { store: "mine" });
    const zipped = { ...JSON_TYPE, "Content-Encoding": "gzip" };
    await send(app, gzipSync("{}"), zipped).expect(200, { store: "mine" });
  });

  it("answers nobody and calls nobody when the client goes away", async () => {
    let called = 0;
    let closed: () => void = () => {};
    const gone = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const app = express();
    app.use((req, _res, next) => {
      req.on("close", closed);
      next();
    });
    app.use(jsonBody(), (_req, res) => {
      called += 1;
      res.end();
    });
    const onError: ErrorRequestHandler = (_error, _req, res, _next) => {
      called += 1;
      res.end();
    };
    app.use(onError);
    const server = createServer(app).listen(0, "127.0.0.1");
    await once(server, "listening");
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    socket.write(
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"a":',
    );
    await once(server, "request");
    socket.destroy();
    await gone;
    await new Promise((resolve) => setImmediate(resolve));
    expect(called).toBe(0);
    server.close();
  });

  it("refuses a body of which somebody took a part", async () => {
    const app = express();
    app.use((req, _res, next) => {
      req.once("data", () => {
        req.pause();
        next();
      });
    });
    app.use(jsonBody(), echo);
    const answer = await request(app).post("/").send({ a: 1 }).expect(400);
    expect(answer.body.code).toBe("malformed_body");
  });

  it("refuses a request that was given an encoding, and hands it to no error handler that could go on", async () => {
    const app = express();
    app.use((req, _res, next) => {
      req.setEncoding("utf8");
      next();
    });
    app.use(jsonBody(), echo);
    const careless: ErrorRequestHandler = (_error, _req, _res, next) => next();
    app.use(careless, echo);
    const answer = await request(app).post("/").send({ a: 1 }).expect(500);
    expect(JSON.parse(answer.text).code).toBe("internal_error");
  });
});

describe.each(expressVersions)("express.json() of Express %s", (_major, express) => {
  it.each<[string, Buffer | string, string]>([
    ["UTF-7", '{"a":"+ADw-"}', "application/json; charset=utf-7"],
    ["UTF-16", Buffer.from('{"a":"<"}', "utf16le"), "application/json; charset=utf-16"],
    ["the last of two members", '{"a":">","a":"<"}', "application/json"],
    ["__proto__", '{"a":"<","__proto__":{}}', "application/json"],
  ])("takes %s, which jsonBody refuses", async (_what, body, type) => {
    const app = express();
    app.post("/theirs", express.json(), (req, res) => void res.json(req.body.a));
    app.post("/ours", jsonBody());
    const theirs = await send(app, body, { "Content-Type": type }, "/theirs").expect(200);
    expect(theirs.body).toBe("<");
    const ours = await send(app, body, { "Content-Type": type }, "/ours");
    expect([400, 415]).toContain(ours.status);
  });
});

describe("jsonBody", () => {
  it.each([
    [{ limit: 102_400 }, 'a bare number has no unit, write "100kb"'],
    [{ limit: "0kb" }, "jsonBody.limit must be a size"],
    [{ depth: 0 }, "jsonBody.depth must be a whole number from 1 to 1000"],
    [
      { except: ["webhooks"] },
      'jsonBody.except[0] must start with "/": write one in front of the path',
    ],
    [{ except: "/a//" }, "jsonBody.except must not have empty segments"],
    [{ except: "/*" }, 'jsonBody.except must not cover every route, as "/*" does'],
    [{ strict: false }, "jsonBody must not have an option"],
    [{ maxDepth: 3 }, 'did you mean "depth"?'],
    [{ mode: "dry" }, "jsonBody.mode must be one of"],
  ])("refuses the options %o", (options, message) => {
    expect(() => jsonBody(options as never)).toThrow(message);
  });
});
