import { AsyncLocalStorage } from "node:async_hooks";
import { once } from "node:events";
import {
  Agent,
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  ServerResponse,
} from "node:http";
import { type AddressInfo, connect } from "node:net";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import type { Express, RequestHandler } from "express";
import request from "supertest";
import { afterEach, describe, expect, it } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { decisionsOf } from "../core/decision/decision.js";
import { type JsonBodyOptions, jsonBody } from "./json-body.js";

const JSON_TYPE = { "Content-Type": "application/json" };
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

async function listen(app: Express): Promise<number> {
  const server = createServer(app).listen(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** Sends the body chunked, one chunk per piece, with time between them. */
async function sendChunked(port: number, pieces: readonly string[], agent?: Agent) {
  const client = httpRequest({
    port,
    method: "POST",
    headers: JSON_TYPE,
    ...(agent ? { agent } : {}),
  });
  // A server that answers before the body is read may close the connection.
  client.on("error", () => {});
  const response = once(client, "response");
  client.flushHeaders();
  for (const piece of pieces) {
    client.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  client.end();
  const [answer] = await response;
  return { status: answer.statusCode as number, body: JSON.parse(await text(answer)) };
}

describe.each(expressVersions)("jsonBody in report mode on Express %s", (_major, express) => {
  const report = (options?: JsonBodyOptions) => jsonBody({ ...options, mode: "report" });
  const echo: RequestHandler = (req, res) => {
    res.json({ body: req.body ?? null, decisions: decisionsOf(req) });
  };

  function appWith(guard: RequestHandler, ...after: RequestHandler[]) {
    const app = express();
    app.use(guard, ...after);
    app.use(echo);
    return app;
  }

  const large = { items: Array.from({ length: 3_000 }, (_, index) => `item number ${index}`) };

  it.each([
    ["a small body", ['{"a":1}'], { a: 1 }, "ok"],
    ["a body in two chunks", ['{"a":', "1}"], { a: 1 }, "ok"],
    ["a body in many chunks", JSON.stringify(large).match(/.{1,700}/g) ?? [], large, "ok"],
    ["a member that stands twice", ['{"a":1,"a":2}'], { a: 2 }, "duplicate_key"],
    ["a deep body", [`${"[".repeat(30)}${"]".repeat(30)}`], undefined, "structure_too_deep"],
  ])("gives %s back to express.json()", async (_what, pieces, body, code) => {
    const port = await listen(appWith(report(), express.json()));
    const answer = await sendChunked(port, pieces);
    expect(answer.status).toBe(200);
    expect(answer.body.body).toEqual(body ?? JSON.parse(pieces.join("")));
    const outcome = code === "ok" ? "allow" : "deny";
    expect(answer.body.decisions).toMatchObject([
      { guard: "jsonBody", outcome, enforced: false, code },
    ]);
  });

  it.each([
    ["in one packet with the head", "0\r\n\r\n", ""],
    ["in a packet of its own", "", "0\r\n\r\n"],
  ])(
    "gives an empty chunked body back that comes %s, however late its reader",
    async (_how, first, second) => {
      const later: RequestHandler = (_req, _res, next) => void setTimeout(next, 20);
      for (const parsers of [[express.json()], [later, express.json()]]) {
        const port = await listen(appWith(report(), ...parsers));
        const socket = connect(port, "127.0.0.1");
        socket.write(
          `POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${first}`,
        );
        await new Promise((resolve) => setTimeout(resolve, 10));
        if (second !== "") socket.write(second);
        expect(await text(socket)).toContain('{"body":{}');
      }
    },
  );

  it("does not hold a request that an adapter made, which never says that it is complete", async () => {
    const app = appWith(report(), express.json());
    const req = Object.assign(Readable.from([Buffer.from('{"a":'), Buffer.from("1}")]), {
      headers: { "content-type": "application/json", "content-length": "7" },
      method: "POST",
      url: "/",
    });
    const res = new ServerResponse(req as unknown as IncomingMessage);
    const sent = new Promise((resolve) => {
      res.end = ((body: string) => resolve(JSON.parse(body))) as unknown as typeof res.end;
    });
    app(req as unknown as IncomingMessage, res);
    expect(await sent).toMatchObject({ body: { a: 1 }, decisions: [{ outcome: "allow" }] });
  });

  it("gives a malformed body back: the app's own parser answers as before", async () => {
    const app = express();
    app.use(report(), express.json());
    app.use(((error, _req, res, _next) => {
      res.status(error.status).json({ type: error.type });
    }) as import("express").ErrorRequestHandler);
    const answer = await request(app).post("/").set(JSON_TYPE).send('{"a":').expect(400);
    expect(answer.body).toEqual({ type: "entity.parse.failed" });
  });

  it("gives a compressed body back", async () => {
    const app = appWith(report(), express.json());
    const answer = await request(app)
      .post("/")
      .set({ ...JSON_TYPE, "Content-Encoding": "gzip" })
      .serialize((value: unknown) => value as string)
      .send(gzipSync('{"a":1,"a":2}') as unknown as string)
      .expect(200);
    expect(answer.body.body).toEqual({ a: 2 });
    expect(answer.body.decisions).toMatchObject([{ code: "duplicate_key", enforced: false }]);
  });

  it.each([
    ["in a tick of its own", (_req, _res, next) => void setImmediate(next)],
    ["after a while", (_req, _res, next) => void setTimeout(next, 20)],
    ["behind a promise", (_req, _res, next) => void Promise.resolve().then(() => next())],
    ["in the next tick", (_req, _res, next) => process.nextTick(next)],
  ] as [string, RequestHandler][])(
    "gives the body back to a parser that comes %s",
    async (_when, later) => {
      const port = await listen(appWith(report(), later, express.json()));
      const answer = await sendChunked(port, JSON.stringify(large).match(/.{1,900}/g) ?? []);
      expect(answer.body.body).toEqual(large);
    },
  );

  it("gives the body back to readers of every kind", async () => {
    const iterate: RequestHandler = (req, _res, next) => {
      void text(req).then((body) => {
        req.body = body;
        next();
      });
    };
    const pipe: RequestHandler = async (req, _res, next) => {
      const { PassThrough } = await import("node:stream");
      req.body = await text(req.pipe(new PassThrough()));
      next();
    };
    for (const reader of [
      iterate,
      pipe,
      express.raw({ type: "*/*" }),
      express.text({ type: "*/*" }),
    ]) {
      const port = await listen(appWith(report(), reader));
      const { body } = await sendChunked(port, ['{"a":1,', '"a":2}']);
      const given =
        typeof body.body === "string" ? body.body : Buffer.from(body.body.data).toString();
      expect(given).toBe('{"a":1,"a":2}');
    }
  });

  it("holds no more than the limit of an oversized body, and gives it back", async () => {
    const pieces = Array.from({ length: 40 }, (_, index) =>
      index === 0 ? '["' : index === 39 ? '"]' : "x".repeat(10_000),
    );
    let held = 0;
    const measure: RequestHandler = (req, _res, next) => {
      held = req.readableLength;
      next();
    };
    const guard = report({ limit: "20kb" });
    const port = await listen(appWith(guard, measure, express.json({ limit: "1mb" })));
    const answer = await sendChunked(port, pieces);
    expect(answer.body.body[0]).toHaveLength(380_000);
    expect(answer.body.decisions).toMatchObject([{ code: "body_too_large", enforced: false }]);
    // One read can bring up to 64 KiB beyond the limit.
    expect(held).toBeLessThan(20 * 1024 + 65_536);
  });

  it("reads nothing of a body that announces too much", async () => {
    const app = appWith(report({ limit: "10b" }), express.json());
    const answer = await request(app).post("/").send({ sku: "longer than ten bytes" }).expect(200);
    expect(answer.body.body).toEqual({ sku: "longer than ten bytes" });
    expect(answer.body.decisions).toMatchObject([{ code: "body_too_large", status: 413 }]);
  });

  it("keeps the connection usable when nobody reads an oversized body", async () => {
    const port = await listen(appWith(report({ limit: "1kb" })));
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let round = 0; round < 3; round += 1) {
      const pieces = Array.from({ length: 60 }, () => "x".repeat(10_000));
      expect((await sendChunked(port, pieces, agent)).status).toBe(200);
    }
    agent.destroy();
  });

  it("sets neither req.body nor the mark of body-parser", async () => {
    const marks: RequestHandler = (req, res) => {
      res.json({ body: req.body === undefined, marked: "_body" in req });
    };
    const app = express();
    app.use(report(), marks);
    await request(app).post("/").send({ a: 1 }).expect(200, { body: true, marked: false });
  });

  it("lets unsupported charsets, codings and media types through, and records them", async () => {
    const app = appWith(report(), express.text({ type: "*/*" }));
    for (const [headers, code] of [
      [{ "Content-Type": "application/json; charset=iso-8859-1" }, "unsupported_charset"],
      [{ "Content-Type": "application/json; =" }, "unsupported_media_type"],
    ] as const) {
      const answer = await request(app).post("/").set(headers).send("{}");
      expect(answer.body.decisions).toMatchObject([{ code, enforced: false, status: 415 }]);
    }
  });

  it("gives the body back where a package exchanges the listeners of the request while it emits", async () => {
    type Listeners = ((...given: unknown[]) => unknown) | ((...given: unknown[]) => unknown)[];
    const wrapped = (listeners: Listeners): Listeners =>
      Array.isArray(listeners)
        ? listeners.map((listener) => wrapped(listener) as (...given: unknown[]) => unknown)
        : function call(this: unknown, ...given: unknown[]) {
            return Reflect.apply(listeners, this, given);
          };
    // As bindEmitter of cls-hooked and continuation-local-storage does it.
    const exchanging: RequestHandler = (req, _res, next) => {
      const { emit, removeListener } = req;
      const held = req as unknown as { _events: Record<string, Listeners | undefined> };
      req.emit = (event: string, ...given: unknown[]) => {
        let own = held._events[event];
        if (own === undefined) return Reflect.apply(emit, req, [event, ...given]);
        req.removeListener = ((...which: unknown[]) => {
          held._events[event] = own;
          Reflect.apply(removeListener, req, which);
          own = held._events[event];
          held._events[event] = own && wrapped(own);
          return req;
        }) as typeof removeListener;
        held._events[event] = wrapped(own);
        try {
          return Reflect.apply(emit, req, [event, ...given]);
        } finally {
          Reflect.deleteProperty(req, "removeListener");
          held._events[event] = own;
        }
      };
      next();
    };
    const app = express();
    app.use(exchanging, report(), express.json(), echo);
    const port = await listen(app);
    expect((await sendChunked(port, ['{"a":', "1}"])).body.body).toEqual({ a: 1 });
    const strict = express();
    strict.use(exchanging, jsonBody({ limit: "10b" }), echo);
    const answer = await sendChunked(await listen(strict), ['{"a":', '"0123456789"', "}"]);
    expect(answer.status).toBe(413);
  });

  it("keeps the asynchronous context", async () => {
    const storage = new AsyncLocalStorage<string>();
    const app = express();
    app.use(
      (_req, _res, next) => storage.run("mine", next),
      report(),
      (_req, res) => {
        res.json({ store: storage.getStore() ?? "lost" });
      },
    );
    await request(app).post("/").send({ a: 1 }).expect(200, { store: "mine" });
  });
});
