import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { text } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import type { ErrorRequestHandler, Express, RequestHandler } from "express";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { http2Request, http2Server } from "../../test/support/http2.js";
import { jsonBody } from "./json-body.js";

const JSON_TYPE = "Content-Type: application/json\r\n";
const TEXT_TYPE = "Content-Type: text/plain\r\n";
const CHUNKED = "Transfer-Encoding: chunked\r\n";
const EMPTY_CHUNKED = `${CHUNKED}\r\n0\r\n\r\n`;
const emptyGzip = gzipSync("").toString("latin1");

/** What stands behind the request line, `Host` and `Connection`. */
const WITHOUT_JSON: readonly (readonly [what: string, method: string, rest: string])[] = [
  ["GET", "GET", "\r\n"],
  ["GET that names a media type", "GET", `${JSON_TYPE}\r\n`],
  ["HEAD-like DELETE", "DELETE", "\r\n"],
  ["POST without a length", "POST", "\r\n"],
  ["POST of nothing", "POST", "Content-Length: 0\r\n\r\n"],
  ["POST of nothing as text", "POST", `${TEXT_TYPE}Content-Length: 0\r\n\r\n`],
  ["POST of text", "POST", `${TEXT_TYPE}Content-Length: 1\r\n\r\na`],
  ["POST without a media type", "POST", "Content-Length: 1\r\n\r\na"],
  ["POST of no chunk, as text", "POST", `${TEXT_TYPE}${EMPTY_CHUNKED}`],
];

const EMPTY_JSON: typeof WITHOUT_JSON = [
  ["POST of nothing as JSON", "POST", `${JSON_TYPE}Content-Length: 0\r\n\r\n`],
  ["POST of no chunk, as JSON", "POST", `${JSON_TYPE}${EMPTY_CHUNKED}`],
  [
    "POST of nothing in gzip, as JSON",
    "POST",
    `${JSON_TYPE}Content-Encoding: gzip\r\nContent-Length: ${emptyGzip.length}\r\n\r\n${emptyGzip}`,
  ],
];

const REFUSED: typeof WITHOUT_JSON = [
  ["POST of malformed JSON", "POST", `${JSON_TYPE}Content-Length: 2\r\n\r\n{a`],
  [
    "POST in a charset that nobody knows",
    "POST",
    "Content-Type: application/json; charset=x\r\nContent-Length: 2\r\n\r\n{}",
  ],
];

type Earlier = readonly [what: string, act: RequestHandler];

const pass: Earlier = ["nothing", (_req, _res, next) => next()];
const EARLIER: readonly Earlier[] = [
  pass,
  ["something that waits", (_req, _res, next) => void setTimeout(next, 5)],
  ["something that set req.body", bodySetTo({ a: 1 })],
  ["something that set req.body to null", bodySetTo(null)],
  ["something that set req.body to a Buffer", bodySetTo(Buffer.from("x"))],
];
/** Where there is JSON, express.json() fails on it or reads it again, and jsonBody does not. */
const READERS: readonly Earlier[] = [
  ["something that read the request", (req, _res, next) => void req.resume().on("end", next)],
];

function bodySetTo(body: unknown): RequestHandler {
  return (req, _res, next) => {
    req.body = body;
    next();
  };
}

const tell: RequestHandler = (req, res) => {
  res.setHeader("X-Own", String(Object.hasOwn(req, "body")));
  res.setHeader("X-Body", JSON.stringify(req.body) ?? "undefined");
  res.end();
};
const tellError: ErrorRequestHandler = (_error, req, res, next) => tell(req, res, next);

/** What a handler finds as `req.body`, and whether that is a member of the request itself. */
async function left(app: Express, method: string, rest: string): Promise<string> {
  const server = createServer(app).listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  socket.write(`${method} / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${rest}`, "latin1");
  const answer = await text(socket);
  server.close();
  return (answer.match(/^X-(Own|Body): .*$/gm) ?? []).join(", ");
}

describe.each(expressVersions)("jsonBody on Express %s", (major, express) => {
  function appWith(...handlers: RequestHandler[]): Express {
    const app = express();
    app.use(...handlers, tell);
    app.use(tellError);
    return app;
  }

  const nothing = major === "4" ? "X-Own: true, X-Body: {}" : "X-Own: true, X-Body: undefined";

  describe.each(WITHOUT_JSON)(
    "leaves what express.json() leaves after a %s",
    (_what, method, rest) => {
      it.each([...EARLIER, ...READERS])("behind %s", async (_earlier, act) => {
        const theirs = await left(appWith(act, express.json()), method, rest);
        expect(await left(appWith(act, jsonBody()), method, rest)).toBe(theirs);
      });

      it("as this test knows it", async () => {
        expect(await left(appWith(jsonBody()), method, rest)).toBe(nothing);
      });
    },
  );

  describe.each(EMPTY_JSON)(
    "leaves what express.json() leaves after a %s",
    (_what, method, rest) => {
      it.each(EARLIER)("behind %s", async (_earlier, act) => {
        const theirs = await left(appWith(act, express.json()), method, rest);
        expect(theirs).toBe("X-Own: true, X-Body: {}");
        expect(await left(appWith(act, jsonBody()), method, rest)).toBe(theirs);
      });
    },
  );

  it.each(REFUSED)(
    "leaves to error handlers what express.json() leaves after a %s",
    async (_what, method, rest) => {
      const theirs = await left(appWith(express.json()), method, rest);
      expect(theirs).toBe(nothing);
      expect(await left(appWith(jsonBody({ onDenied: "next" })), method, rest)).toBe(theirs);
    },
  );

  it.each([...WITHOUT_JSON, ...EMPTY_JSON])(
    "leaves the same with express.json() of either major in front or behind, after a %s",
    async (_what, method, rest) => {
      const theirs = await left(appWith(express.json(), express.json()), method, rest);
      expect(await left(appWith(express.json(), jsonBody()), method, rest)).toBe(theirs);
      expect(await left(appWith(jsonBody(), express.json()), method, rest)).toBe(theirs);
      for (const [, other] of expressVersions) {
        // The parser of the other major does to what it finds as it does behind its like.
        const foreign = await left(appWith(express.json(), other.json()), method, rest);
        expect(await left(appWith(jsonBody(), other.json()), method, rest)).toBe(foreign);
      }
    },
  );

  it.each([...WITHOUT_JSON, ...EMPTY_JSON])(
    "leaves the same in an app that is mounted in one of another major, after a %s",
    async (_what, method, rest) => {
      for (const [, other] of expressVersions) {
        const outer = other();
        outer.use(appWith(jsonBody()));
        const theirs = other();
        theirs.use(appWith(express.json()));
        expect(await left(outer, method, rest)).toBe(await left(theirs, method, rest));
      }
    },
  );

  it("knows the major by the app that it is mounted in, through routers, and takes req.body to be as in 5 without one", async () => {
    const router = express.Router();
    router.use(jsonBody(), tell);
    const app = express();
    app.use("/a", router);
    const { headers } = await request(app).get("/a").expect(200);
    expect(headers["x-body"]).toBe(major === "4" ? "{}" : "undefined");
    const bare = createServer((req, res) => {
      jsonBody()(req as never, res as never, () =>
        tell(req as never, res as never, () => undefined),
      );
    });
    const answer = await request(bare).get("/").expect(200);
    expect(answer.headers).toMatchObject({ "x-own": "true", "x-body": "undefined" });
  });

  it("lets handlers take members of a body that is not there, where express.json() does", async () => {
    const app = appWith(jsonBody(), (req, res, next) => {
      const { a = "none" } = req.body ?? {};
      res.setHeader("X-A", a);
      next();
    });
    const { headers } = await request(app).get("/").expect(200);
    expect(headers["x-a"]).toBe("none");
    // Apollo Server on Express 5 asks for this, and that on Express 4 for a truthy body.
    expect(headers["x-own"]).toBe("true");
    if (major === "4") expect(headers["x-body"]).toBe("{}");
  });

  it("touches nothing in report mode and on paths in `except`", async () => {
    for (const [, method, rest] of [...WITHOUT_JSON, ...EMPTY_JSON]) {
      const report = await left(appWith(jsonBody({ mode: "report" })), method, rest);
      expect(report).toBe("X-Own: false, X-Body: undefined");
      const behind = await left(
        appWith(jsonBody({ mode: "report" }), express.json()),
        method,
        rest,
      );
      expect(behind).toBe(await left(appWith(express.json()), method, rest));
      expect(await left(appWith(jsonBody({ except: "/" })), method, rest)).toBe(report);
    }
  });

  it("touches nothing where a parser marked the body as read", async () => {
    const marked: RequestHandler = (req, _res, next) => {
      Object.assign(req, { _body: true, body: "kept" });
      next();
    };
    const rest = `${JSON_TYPE}Content-Length: 2\r\n\r\n{}`;
    expect(await left(appWith(marked, jsonBody()), "POST", rest)).toContain('X-Body: "kept"');
  });

  describe("over HTTP/2", () => {
    const post = { ":method": "POST", "content-type": "application/json" };

    it.each([
      ["in one piece", ['{"a":1}']],
      ["in several", ['{"a"', ":", "1}"]],
    ])("reads a body without Content-Length %s", async (_how, pieces) => {
      const server = http2Server(appWith(jsonBody()));
      const answer = await http2Request(server, post, pieces);
      expect(answer.headers).toMatchObject({ "x-body": '{"a":1}' });
      server.close();
    });

    it.each([
      ["of no DATA frame", undefined],
      ["of an empty DATA frame", []],
    ])("finds no content in a body %s", async (_what, pieces) => {
      const server = http2Server(appWith(jsonBody()));
      const answer = await http2Request(server, post, pieces);
      const empty = pieces !== undefined || major === "4";
      expect(answer.headers).toMatchObject({
        "x-own": "true",
        "x-body": empty ? "{}" : "undefined",
      });
      const get = await http2Request(server, { ":method": "GET" });
      expect(get.headers["x-body"]).toBe(major === "4" ? "{}" : "undefined");
      server.close();
    });

    it("refuses what it refuses over HTTP/1.1", async () => {
      const app = express();
      app.use(jsonBody({ limit: "20b" }), tell);
      const server = http2Server(app);
      for (const [body, status, code] of [
        ['{"a":1,"a":2}', 400, "duplicate_key"],
        ["{", 400, "malformed_json"],
        [`["${"x".repeat(50)}"]`, 413, "body_too_large"],
      ] as const) {
        const answer = await http2Request(server, post, [body]);
        expect([answer.status, JSON.parse(answer.body).code]).toEqual([status, code]);
      }
      server.close();
    });

    it("gives the body back in report mode", async () => {
      const read: RequestHandler = (req, res) => void text(req).then((body) => res.end(body));
      const app = express();
      app.use(jsonBody({ mode: "report" }), read);
      const server = http2Server(app);
      for (const pieces of [['{"a":1}'], ['{"a"', ":", "1}"], [], undefined]) {
        const answer = await http2Request(server, post, pieces);
        expect(answer.body).toBe((pieces ?? []).join(""));
      }
      server.close();
    });
  });

  // WHATWG Encoding §4.2, IANA character sets: UTF-8 and US-ASCII, whose texts are UTF-8.
  it.each([
    "utf-8",
    "UTF8",
    '"utf8"',
    "unicode-1-1-utf-8",
    "csUTF8",
    "us-ascii",
    "ASCII",
    "ANSI_X3.4-1968",
    "iso-ir-6",
  ])("takes charset=%s for UTF-8", async (charset) => {
    const app = express();
    app.use(jsonBody(), (req, res) => void res.json(req.body));
    await request(app)
      .post("/")
      .set("Content-Type", `application/json; charset=${charset}`)
      .send('{"a":"é"}')
      .expect(200, { a: "é" });
  });

  it.each([
    "utf-7",
    "utf-16",
    "utf-16le",
    "utf-32",
    "iso-8859-1",
    "latin1",
    "windows-1252",
    "utf",
    '""',
    "__proto__",
  ])("refuses charset=%s", async (charset) => {
    const app = express();
    app.use(jsonBody(), (req, res) => void res.json(req.body));
    const answer = await request(app)
      .post("/")
      .set("Content-Type", `application/json; charset=${charset}`)
      .send("{}")
      .expect(415);
    expect(answer.body.code).toBe("unsupported_charset");
  });
});
