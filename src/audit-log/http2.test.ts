import { once } from "node:events";
import { type ClientHttp2Session, connect as connectHttp2, createSecureServer } from "node:http2";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, connect, type Server, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as wait } from "node:timers/promises";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import type { Express, RequestHandler } from "express";
import { afterEach, describe, expect, it } from "vitest";
import { MemorySink } from "../../test/support/audit-log/memory-sink.js";
import { createCertificate } from "../../test/support/certificates.js";
import { expressVersions } from "../../test/support/express.js";
import { http2Server } from "../../test/support/http2.js";
import { hardenServer } from "../server/index.js";
import { type AuditLog, auditLog, childLogger, getRequestContext, getRequestId } from "./index.js";

type Kind = "HTTPS" | "HTTP/2" | "HTTP/2 or HTTPS" | "HTTP/2 without TLS";

const { key, cert } = createCertificate("localhost");
const KINDS: Readonly<Record<Kind, (app: Express) => Server>> = {
  HTTPS: (app) => createHttpsServer({ key, cert }, app),
  "HTTP/2": (app) => http2Server(app, (own) => createSecureServer({ key, cert }, own)),
  // Its requests of HTTP/1 are not for Express, which gets prototypes of HTTP/2 here.
  "HTTP/2 or HTTPS": (app) =>
    http2Server(app, (own) => createSecureServer({ key, cert, allowHTTP1: true }, own)),
  "HTTP/2 without TLS": (app) => http2Server(app),
};
const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

let audit: AuditLog | undefined;
const servers: Server[] = [];
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close();
  await audit?.close();
  audit = undefined;
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

function quiet<S extends Socket>(socket: S): S {
  sockets.push(socket);
  socket.on("error", () => undefined).resume();
  return socket;
}

const plain = (port: number): Socket => quiet(connect(port, "127.0.0.1"));

/** Encrypts what goes over the connection. */
function encrypted(socket: Socket, options: ConnectionOptions = {}): Socket {
  return quiet(connectTls({ socket, rejectUnauthorized: false, ...options }));
}

async function session(kind: Kind, raw: Socket): Promise<ClientHttp2Session> {
  const secure = kind !== "HTTP/2 without TLS";
  const socket = secure ? encrypted(raw, { ALPNProtocols: ["h2"] }) : raw;
  const made = connectHttp2("https://localhost", { createConnection: () => socket });
  made.on("error", () => undefined);
  await once(made, "remoteSettings");
  return made;
}

/** The server, and what its log has written but for the records of its own start and end. */
async function serve(
  kind: Kind,
  express: () => Express,
  handler: RequestHandler,
  prepare: (server: Server) => unknown = () => undefined,
) {
  const sink = new MemorySink();
  const log = auditLog({ sinks: [sink], context: true });
  audit = log;
  const arrived: string[] = [];
  const app = express().use(log, (req, res, next) => {
    arrived.push(req.path);
    handler(req, res, next);
  });
  const server = KINDS[kind](app);
  prepare(server);
  log.attachServer(server);
  const records = () =>
    sink.records.filter((record) => !String(record["event.name"]).startsWith("sys_monitor"));
  /** What there is once everything has been written. */
  async function all(count: number) {
    await expect.poll(() => records().length).toBeGreaterThanOrEqual(count);
    // Whatever Node tells of a connection, it tells within some turns.
    await wait(30);
    return records();
  }
  /** Waits until so many requests have come. */
  const came = (count: number) => expect.poll(() => arrived.length).toBe(count);
  return { server, port: await listen(server), all, came };
}

describe.each(expressVersions)("an audited app over HTTP/2 on Express %s", (_major, express) => {
  it.each(["HTTP/2", "HTTP/2 without TLS"] as const)(
    "has the context of its own request in each of many streams of one session, over %s",
    async (kind) => {
      const lines: object[] = [];
      const keep = (...values: unknown[]): void => void lines.push(values.at(-1) as object);
      const console = childLogger({ info: keep });
      const here = () => getRequestContext()?.requestId;
      const { port, all } = await serve(kind, express, (req, res) => {
        const seen = [getRequestId(req), here()];
        req.on("data", () => seen.push(here()));
        req.on("end", async () => {
          seen.push(here());
          await wait(Number(req.query["wait"]));
          console.info("deep in the app");
          seen.push(here());
          res.end(JSON.stringify(seen));
        });
      });
      const client = await session(kind, plain(port));
      const answers = await Promise.all(
        Array.from({ length: 30 }, async (_, index): Promise<string[]> => {
          const path = `/?wait=${index % 5}`;
          const stream = client.request({ ":path": path, ":method": "POST" });
          stream.end("body");
          return JSON.parse(await text(stream));
        }),
      );
      client.close();
      for (const ids of answers) {
        expect(ids).toHaveLength(5);
        expect(new Set(ids).size).toBe(1);
      }
      const own = answers.map(([id]) => id).sort();
      expect(new Set(own).size).toBe(30);
      expect(lines.map((line) => (line as { requestId?: string }).requestId).sort()).toEqual(own);
      const records = await all(30);
      expect(records.map((record) => record["http.request.id"]).sort()).toEqual(own);
    },
  );

  it.each(["HTTP/2", "HTTP/2 without TLS"] as const)(
    "says of requests that end with their connection only what their records say, over %s",
    async (kind) => {
      const { port, all, came } = await serve(kind, express, () => undefined);
      const raw = plain(port);
      const client = await session(kind, raw);
      for (const path of ["/1", "/2"])
        client.request({ ":path": path, ":method": "POST" }).on("error", () => undefined);
      await came(2);
      raw.resetAndDestroy();
      const records = await all(2);
      expect(records.map((record) => [record["event.name"], record["audit.ending"]])).toEqual([
        ["api_request", "client_left"],
        ["api_request", "client_left"],
      ]);
    },
  );

  it("tells of a session that is reset between requests, however those ended", async () => {
    const { port, all, came } = await serve("HTTP/2", express, (req, res) => {
      if (req.path === "/answered") res.end();
    });
    const raw = plain(port);
    const client = await session("HTTP/2", raw);
    await text(client.request({ ":path": "/answered" }));
    const given = client.request({ ":path": "/given-up" }).on("error", () => undefined);
    await came(2);
    given.close(8);
    await all(2);
    raw.resetAndDestroy();
    const records = await all(3);
    expect(records.map((record) => [record["event.name"], record["audit.ending"]])).toEqual([
      ["api_request", undefined],
      ["api_request", "client_left"],
      ["connection_lost", undefined],
    ]);
  });
});

type Act = (port: number, kind: Kind, server: Server) => unknown;
type Expected = readonly [event: string, reason: string | undefined, code: string | undefined];

const HANDSHAKES = ["HTTPS", "HTTP/2", "HTTP/2 or HTTPS"] as const;
const SESSIONS = ["HTTP/2", "HTTP/2 or HTTPS", "HTTP/2 without TLS"] as const;
const FAILED = "connection_failed";

/** What a client does, to which servers, and the one record of it. */
const CASES: readonly (readonly [string, readonly Kind[], Act, Expected])[] = [
  [
    "speaks HTTP in place of TLS",
    HANDSHAKES,
    (port) => plain(port).write("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    [FAILED, "handshake_failed", "ERR_SSL_HTTP_REQUEST"],
  ],
  [
    "knows old versions of TLS only",
    HANDSHAKES,
    (port) => encrypted(plain(port), { minVersion: "TLSv1.1", maxVersion: "TLSv1.1" }),
    // The code depends on the version of OpenSSL.
    [FAILED, "handshake_failed", expect.stringMatching(/^ERR_SSL_/)],
  ],
  [
    "knows other protocols only",
    HANDSHAKES,
    (port) => encrypted(plain(port), { ALPNProtocols: ["none"] }),
    [FAILED, "handshake_failed", "ERR_SSL_NO_APPLICATION_PROTOCOL"],
  ],
  [
    "leaves before the handshake, as a probe of a load balancer does",
    HANDSHAKES,
    (port) => plain(port).end(),
    ["connection_lost", undefined, "ECONNRESET"],
  ],
  [
    "resets the connection in front of the handshake",
    HANDSHAKES,
    async (port, _kind, server) => {
      const socket = plain(port);
      await once(server, "connection");
      socket.resetAndDestroy();
    },
    ["connection_lost", undefined, "ECONNRESET"],
  ],
  [
    "resets the connection after the handshake",
    ["HTTPS", "HTTP/2 or HTTPS"],
    async (port, _kind, server) => {
      const socket = plain(port);
      const accepted = once(server, "secureConnection");
      await once(encrypted(socket), "secureConnect");
      await accepted;
      // In the middle of the handshake's last turn, Node makes no reset of it.
      await wait(30);
      socket.resetAndDestroy();
    },
    ["connection_lost", undefined, "ECONNRESET"],
  ],
  [
    "sends what is no HTTP, over and over",
    ["HTTPS", "HTTP/2 or HTTPS"],
    async (port) => {
      const socket = encrypted(plain(port));
      await once(socket, "secureConnect");
      for (let turn = 0; turn < 3 && socket.writable; turn += 1) {
        socket.write("NONSENSE\r\n\r\n");
        await wait(10);
      }
    },
    [FAILED, "malformed_request", "HPE_INVALID_METHOD"],
  ],
  [
    "does not agree on HTTP/2",
    ["HTTP/2"],
    async (port) => {
      const socket = encrypted(plain(port));
      await once(socket, "secureConnect");
      socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    },
    [FAILED, "unknown_protocol", undefined],
  ],
  [
    "sends frames that are none, over and over",
    SESSIONS,
    async (port, kind) => {
      const raw = plain(port);
      const secure = kind !== "HTTP/2 without TLS";
      const socket = secure ? encrypted(raw, { ALPNProtocols: ["h2"] }) : raw;
      await once(socket, secure ? "secureConnect" : "connect");
      socket.write(PREFACE);
      for (let turn = 0; turn < 3 && socket.writable; turn += 1) {
        socket.write(Buffer.alloc(200, 0xff));
        await wait(10);
      }
    },
    [FAILED, "session_failed", "ERR_HTTP2_ERROR"],
  ],
  [
    "resets a session without requests",
    SESSIONS,
    async (port, kind) => {
      const raw = plain(port);
      await session(kind, raw);
      await wait(30);
      raw.resetAndDestroy();
    },
    ["connection_lost", undefined, "ECONNRESET"],
  ],
];

describe.each([false, true])("attachServer beside hardenServer: %s", (hardened) => {
  const [, express] = expressVersions[1] as (typeof expressVersions)[number];
  const ending: RequestHandler = (_req, res) => void res.end();
  const prepare = (server: Server): void => {
    if (hardened) hardenServer(server as never);
  };

  it.each(
    CASES.flatMap(([what, kinds, act, expected]) =>
      kinds.map((kind) => [what, kind, act, expected] as const),
    ),
  )("records once, with the address, that a client %s: %s", async (_what, kind, act, expected) => {
    const { server, port, all } = await serve(kind, express, ending, prepare);
    await act(port, kind, server);
    const records = await all(1);
    expect(
      records.map((record) => [
        record["event.name"],
        record["audit.reason"],
        record["audit.system_code"],
        record["client.address"],
      ]),
    ).toEqual([[expected[0], expected[1], expected[2], "127.0.0.1"]]);
  });

  it.each(Object.keys(KINDS) as Kind[])(
    "records connections that are too many, over %s",
    async (kind) => {
      const { server, port, all } = await serve(kind, express, ending, prepare);
      server.maxConnections = 1;
      await once(plain(port), "connect");
      await once(plain(port), "close");
      expect(await all(1)).toEqual([
        expect.objectContaining({
          "audit.reason": "connections_exhausted",
          "client.address": "127.0.0.1",
          "event.name": "connection_refused",
        }),
      ]);
    },
  );
});
