import { EventEmitter, once } from "node:events";
import { type AddressInfo, connect } from "node:net";
import { Readable } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";
import request from "supertest";
import { describe, expect, it, onTestFinished } from "vitest";
import Transport from "winston-transport";
import { expressVersions } from "../../test/support/express.js";
import { createPrincipal, setPrincipalSource } from "../core/principal/principal.js";
import { secureApi } from "../secure-api/index.js";
import {
  type AuditLogOptions,
  auditLog,
  getRequestContext,
  getRequestId,
  type RequestContext,
} from "./index.js";

function quietLog(options: AuditLogOptions = { context: true }) {
  const sinks = [new Transport({ log: (_info, next) => next() })];
  return auditLog({ sinks, ...options });
}

const idHere = (): string | undefined => getRequestContext()?.requestId;

describe.each(expressVersions)("the context of a request on Express %s", (_major, express) => {
  it("is there through promises, timers, streams, parsers of bodies and listeners", async () => {
    const seen: Record<string, string | undefined> = {};
    const see = (place: string): void => {
      seen[place] = idHere();
    };
    const over = new EventEmitter();
    const app = express();
    app.use(quietLog(), express.json());
    app.post("/", async (req, res) => {
      see("behind a parser");
      await wait(1);
      see("after an await");
      await new Promise<void>((resolve) => setImmediate(resolve));
      see("after an immediate");
      await new Promise<void>((resolve) => queueMicrotask(resolve));
      see("after a microtask");
      for await (const _chunk of Readable.from(["a"])) see("in a stream");
      res.on("finish", () => see("at finish"));
      res.on("close", () => {
        see("at close");
        over.emit("over");
      });
      process.nextTick(() => {
        see("in the next tick");
        res.send(getRequestId(req));
      });
    });
    const closed = once(over, "over");
    const { text } = await request(app).post("/").send({ a: 1 }).expect(200);
    await closed;
    expect(Object.keys(seen)).toHaveLength(8);
    for (const [place, id] of Object.entries(seen)) expect(id, place).toBe(text);
  });

  it("is that of the request when Node calls back for what waited behind another answer", async () => {
    const app = express();
    const written: (readonly [string | undefined, string | undefined])[] = [];
    app.use(quietLog(), (req, res) => {
      res.write("a", () => written.push([idHere(), getRequestId(req)]));
      // The first answer is the last to end.
      setTimeout(() => res.end(), req.path === "/1" ? 30 : 0);
    });
    const server = app.listen(0, "127.0.0.1");
    await once(server, "listening");
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1").resume();
    for (const path of ["/1", "/2", "/3"])
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: a\r\n${path === "/3" ? "Connection: close\r\n" : ""}\r\n`,
      );
    await once(socket, "close");
    server.close();
    expect(written).toHaveLength(3);
    for (const [here, own] of written) expect(here).toBe(own);
    expect(new Set(written.map(([here]) => here)).size).toBe(3);
  });

  it("is there in listeners for the body, although Node emits it where the connection began", async () => {
    const app = express();
    app.use(quietLog());
    app.post("/", (req, res) => {
      const ids: (string | undefined)[] = [];
      req.on("data", () => ids.push(idHere()));
      req.on("end", () => res.json([getRequestId(req), ...ids, idHere()]));
    });
    const { body } = await request(app)
      .post("/")
      .send({ a: "x".repeat(10) });
    expect(body).toHaveLength(3);
    expect(new Set(body).size).toBe(1);
  });

  it("is there in error handlers, and in what answers in place of a handler", async () => {
    const app = express();
    app.use(quietLog());
    app.get("/", async () => {
      await wait(1);
      throw new Error("broken");
    });
    // Express 4 does not see a rejection.
    app.get("/sync", () => {
      throw new Error("broken");
    });
    app.use(((_error, req, res, _next) => {
      res.status(500).json([getRequestId(req), idHere()]);
    }) as import("express").ErrorRequestHandler);
    const { body } = await request(app).get("/sync").expect(500);
    expect(body[0]).toBe(body[1]);
  });

  it("never is that of another request, on one connection or on many, also pipelined", async () => {
    const app = express();
    const before: (string | undefined)[] = [];
    app.use((_req, _res, next) => {
      before.push(idHere());
      next();
    });
    app.use(quietLog(), express.json());
    app.use(async (req, res) => {
      const ids = [getRequestId(req), idHere()];
      await wait(Number(req.query["wait"] ?? 0));
      ids.push(idHere());
      res.json(ids);
    });
    const server = app.listen(0);
    onTestFinished(() => void server.close());
    await once(server, "listening");
    const { port } = server.address() as import("node:net").AddressInfo;
    const socket = connect(port, "127.0.0.1");
    const many = Array.from({ length: 30 }, (_, index) => {
      const body = index % 3 === 0 ? '{"a":1}' : "";
      const head = `POST /?wait=${index % 5} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n`;
      const last = index === 29 ? "Connection: close\r\n" : "";
      return `${head}${last}Content-Length: ${body.length}\r\n\r\n${body}`;
    });
    socket.write(many.slice(0, 20).join(""));
    socket.write(many.slice(20).join(""));
    let text = "";
    for await (const chunk of socket) text += chunk;
    const others = await Promise.all(
      Array.from({ length: 20 }, () => request(server).get("/?wait=3")),
    );
    const answers = [...text.matchAll(/^\[.*\]/gm)].map(([line]) => JSON.parse(line));
    expect(answers).toHaveLength(30);
    const all = [...answers, ...others.map(({ body }) => body)];
    for (const [id, ...here] of all) expect(here).toEqual([id, id]);
    expect(new Set(all.map(([id]) => id)).size).toBe(50);
    // What runs in front of the log sees no other request either.
    expect(new Set(before)).toEqual(new Set([undefined]));
  });

  it("is there when the client leaves before it has an answer", async () => {
    const app = express();
    const over = new EventEmitter();
    const seen: (string | undefined)[] = [];
    app.use(quietLog(), (req, res) => {
      const see = (): void => void seen.push(idHere());
      req.on("close", see);
      res.on("close", see);
      res.on("close", () => over.emit("over", getRequestId(req)));
      over.emit("open");
    });
    const server = app.listen(0);
    onTestFinished(() => void server.close());
    await once(server, "listening");
    const { port } = server.address() as import("node:net").AddressInfo;
    const socket = connect(port, "127.0.0.1");
    const opened = once(over, "open");
    socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await opened;
    const closed = once(over, "over");
    socket.destroy();
    const [id] = await closed;
    expect(seen.length).toBeGreaterThan(0);
    expect(new Set(seen)).toEqual(new Set([id]));
  });

  it("is there behind a preset", async () => {
    const sinks = [new Transport({ log: (_info, next) => next() })];
    const preset = secureApi({
      auditLog: { sinks, context: true },
      oauthGuard: false,
      rateLimit: { limit: 100, window: "1m" },
      jsonBody: {},
    });
    const app = express();
    app.use(preset);
    app.post("/", async (req, res) => {
      await wait(1);
      res.json([getRequestId(req), idHere()]);
    });
    const { body } = await request(app).post("/").send({ a: 1 }).expect(200);
    expect(body[1]).toBe(body[0]);
    expect(body[0]).toBeDefined();
  });

  it("tells who calls as soon as that is known, and to nobody who copies or prints it", async () => {
    const seen: unknown[] = [];
    const app = express();
    app.use(quietLog(), (req, res) => {
      const context = getRequestContext() as RequestContext;
      seen.push(context.principal);
      setPrincipalSource(req, () => createPrincipal({ subject: "alice" }));
      seen.push(context.principal?.id, JSON.stringify(context), Object.keys(context));
      seen.push(Object.isFrozen(context), { ...context });
      setPrincipalSource(req, () => {
        throw new Error("a mapping that fails");
      });
      seen.push(context.principal);
      res.end();
    });
    await request(app).get("/").expect(200);
    const [before, id, text, keys, frozen, copy, failed] = seen;
    expect([before, id, frozen, failed]).toEqual([null, "alice", true, null]);
    expect(text).not.toContain("alice");
    expect(keys).toEqual(["requestId", "traceId", "spanId", "traceFlags"]);
    expect(copy).not.toHaveProperty("principal");
  });

  it("leaves the listeners, the return value and the receiver of events as they are", async () => {
    const app = express();
    app.use(quietLog());
    app.get("/", (req, res) => {
      let receiver: unknown;
      req.once("own", function (this: unknown, ...values) {
        receiver = this;
        res.locals["values"] = values;
      });
      const results = [req.emit("own", 1, 2), req.emit("nobody")];
      const copied = Object.keys(req).includes("emit");
      res.json([...results, res.locals["values"], receiver === req, copied]);
    });
    const { body } = await request(app).get("/");
    expect(body).toEqual([true, false, [1, 2], true, false]);
  });

  it.each<AuditLogOptions>([{}, { context: false }])("is not there with %j", async (options) => {
    const app = express();
    app.use(quietLog(options), (_req, res) => void res.json({ context: getRequestContext() }));
    expect((await request(app).get("/")).body).toEqual({});
  });

  it("is there in report mode, and is that of the first log when there are two", async () => {
    const app = express();
    app.use(quietLog({ mode: "report", context: true }), quietLog());
    app.use((req, res) => void res.json([getRequestId(req), idHere()]));
    const { body } = await request(app).get("/");
    expect(body[1]).toBe(body[0]);
    expect(body[0]).toBeDefined();
  });
});

it("is not there outside of requests", () => {
  expect(getRequestContext()).toBeUndefined();
});
