import { once } from "node:events";
import { mkdtempSync, readFileSync } from "node:fs";
import { createServer, type RequestListener, type Server, type ServerOptions } from "node:http";
import { connect as connectHttp2, createServer as createHttp2Server } from "node:http2";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, connect, type Server as NetServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createCertificate } from "../../test/support/certificates.js";
import { expressVersions } from "../../test/support/express.js";
import { hardenServer } from "../server/index.js";
import { type AuditLog, auditLog, fileSink } from "./index.js";

type AuditRecord = Readonly<Record<string, unknown>>;

const servers: NetServer[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    (server as Partial<Server>).closeAllConnections?.();
  }
});

function newLog(): { log: AuditLog; records: () => readonly AuditRecord[]; path: string } {
  const path = join(mkdtempSync(join(tmpdir(), "audit-")), "audit.jsonl");
  const log = auditLog({ sinks: [fileSink({ path, write: "record" })] });
  const records = () => {
    const lines = readFileSync(path, "utf8").trim().split("\n");
    return lines
      .map((line) => JSON.parse(line) as AuditRecord)
      .filter((record) => !String(record["event.name"]).startsWith("sys_monitor"));
  };
  return { log, records, path };
}

async function listen<S extends NetServer>(server: S): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

/** Sends the bytes, and `after` behind the first answer. Gives back all that comes until the connection ends. */
function exchange(port: number, bytes: string, after: readonly string[] = []): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let answer = "";
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      answer += chunk;
    });
    socket.on("close", () => resolve(answer));
    socket.write(bytes);
    for (const more of after) socket.once("data", () => socket.writable && socket.write(more));
  });
}

const OVERSIZED = `GET / HTTP/1.1\r\nHost: a\r\nX-Long: ${"x".repeat(20_000)}\r\n\r\n`;
const UPLOAD = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc";
const CHUNKED = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
const TIMEOUTS: ServerOptions = {
  headersTimeout: 100,
  requestTimeout: 150,
  connectionsCheckingInterval: 30,
};

/** What is sent, how Node is set up, and what the record says. */
const CASES: readonly (readonly [string, string, ServerOptions, AuditRecord])[] = [
  [
    "a method that is none",
    "ZQSECRET / HTTP/1.1\r\n\r\n",
    {},
    { "audit.reason": "malformed_request", "audit.system_code": "HPE_INVALID_METHOD" },
  ],
  [
    "a head that is too large",
    OVERSIZED,
    {},
    { "audit.reason": "header_too_large", "audit.system_code": "HPE_HEADER_OVERFLOW" },
  ],
  [
    "a head that never ends",
    "GET / HTTP/1.1\r\nHost: a\r\n",
    TIMEOUTS,
    { "audit.reason": "request_timed_out", "audit.system_code": "ERR_HTTP_REQUEST_TIMEOUT" },
  ],
  [
    "a body that never ends",
    UPLOAD,
    TIMEOUTS,
    { "audit.reason": "request_timed_out", "audit.system_code": "ERR_HTTP_REQUEST_TIMEOUT" },
  ],
  [
    "a chunk that is none",
    `${CHUNKED}zqsecret\r\n`,
    {},
    { "audit.reason": "malformed_request", "audit.system_code": "HPE_INVALID_CHUNK_SIZE" },
  ],
  [
    "chunk extensions that are too large",
    `${CHUNKED}2;a=${"x".repeat(20_000)}\r\nab\r\n`,
    {},
    {
      "audit.reason": "chunk_extensions_too_large",
      "audit.system_code": "HPE_CHUNK_EXTENSIONS_OVERFLOW",
    },
  ],
];

describe.each(expressVersions)("attachServer on Express %s", (_major, express) => {
  function newApp(log?: AuditLog): RequestListener {
    const app = express();
    if (log !== undefined) app.use(log);
    app.post("/", (req) => void req.resume());
    app.get("/", (_req, res) => void res.send("ok"));
    return app;
  }

  it.each(CASES)(
    "records %s, and leaves the answer to Node",
    async (_what, bytes, options, expected) => {
      const { log, records, path } = newLog();
      const server = createServer(options, newApp(log));
      log.attachServer(server);
      const bare = createServer(options, newApp());
      expect(await exchange(await listen(server), bytes)).toBe(
        await exchange(await listen(bare), bytes),
      );
      await vi.waitFor(() => expect(records().length).toBeGreaterThan(0));
      const told = records().filter((record) => record["event.name"] === "connection_failed");
      expect(told).toHaveLength(1);
      expect(told[0]).toMatchObject({
        "audit.outcome": "failure",
        "audit.severity": "WARN",
        "client.address": "127.0.0.1",
        ...expected,
      });
      expect(told[0]).not.toHaveProperty(["http.request.id"]);
      expect(readFileSync(path, "utf8")).not.toMatch(/zq_?secret/i);
    },
  );

  it("leaves the answer to the app's own listener, which stays the only one", async () => {
    const { log, records } = newLog();
    const server = createServer(newApp(log));
    server.on("clientError", (_error, socket) => void socket.end("HTTP/1.1 418 No\r\n\r\n"));
    log.attachServer(server);
    expect(server.listenerCount("clientError")).toBe(1);
    expect(await exchange(await listen(server), "NONSENSE\r\n\r\n")).toBe(
      "HTTP/1.1 418 No\r\n\r\n",
    );
    expect(records()).toHaveLength(1);
  });

  it("leaves the answer to hardenServer", async () => {
    const { log, records } = newLog();
    const server = createServer(newApp(log));
    log.attachServer(server);
    hardenServer(server);
    expect(await exchange(await listen(server), "NONSENSE\r\n\r\n")).toMatch(
      /^HTTP\/1\.1 400 .*bad_request/s,
    );
    expect(records()).toHaveLength(1);
  });

  it("says of a request that the client breaks off only what the record of the request says", async () => {
    const { log, records } = newLog();
    const server = createServer(newApp(log));
    log.attachServer(server);
    const socket = connect(await listen(server), "127.0.0.1");
    socket.on("error", () => undefined);
    socket.write(UPLOAD);
    await once(server, "request");
    socket.resetAndDestroy();
    await vi.waitFor(() => expect(records()).toHaveLength(1));
    expect(records()[0]).toMatchObject({
      "audit.ending": "client_left",
      "event.name": "api_request",
    });
  });

  it("records a connection that is reset without a request", async () => {
    const { log, records } = newLog();
    const server = createServer(newApp(log));
    log.attachServer(server);
    const socket = connect(await listen(server), "127.0.0.1");
    socket.on("error", () => undefined);
    socket.write("GET / HTTP/1.1\r\nHo");
    const [accepted] = await once(server, "connection");
    await vi.waitFor(() => expect(accepted.bytesRead).toBeGreaterThan(0));
    socket.resetAndDestroy();
    await vi.waitFor(() => expect(records()).toHaveLength(1));
    expect(records()[0]).toMatchObject({
      "audit.outcome": "unknown",
      "audit.severity": "INFO",
      "audit.system_code": "ECONNRESET",
      "client.address": "127.0.0.1",
      "event.name": "connection_lost",
    });
  });

  it("records requests and connections that the server drops", async () => {
    const { log, records } = newLog();
    const server = createServer({ keepAliveTimeout: 1000 }, newApp(log));
    server.maxRequestsPerSocket = 1;
    log.attachServer(server);
    const port = await listen(server);
    const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    expect(await exchange(port, get, [get])).toContain("503 Service Unavailable");
    server.maxConnections = 1;
    const first = connect(port, "127.0.0.1");
    await new Promise<void>((resolve) => first.once("connect", () => resolve()));
    await exchange(port, get);
    first.destroy();
    await vi.waitFor(() => expect(records()).toHaveLength(3));
    expect(
      records().map((one) => [one["event.name"], one["audit.reason"], one["client.address"]]),
    ).toEqual([
      ["api_request", undefined, "127.0.0.0"],
      ["connection_refused", "requests_per_connection", "127.0.0.1"],
      ["connection_refused", "connections_exhausted", "127.0.0.1"],
    ]);
  });

  it("records what is handed to the app's listener for upgrades, without query and secrets", async () => {
    const { log, records } = newLog();
    const server = createServer(newApp(log));
    server.on(
      "upgrade",
      (_req, socket) => void socket.end("HTTP/1.1 101 Switching Protocols\r\n\r\n"),
    );
    log.attachServer(server);
    await exchange(
      await listen(server),
      "GET /chat?token=zq9SECRETzq9 HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    );
    expect(records()).toHaveLength(1);
    expect(records()[0]).toMatchObject({
      "audit.outcome": "unknown",
      "audit.upgrade.protocol": "websocket",
      "event.name": "connection_upgraded",
      "http.request.method": "GET",
      "url.path": "/chat",
    });
  });

  it("leaves upgrades to Express where nobody listens for them", async () => {
    const { log, records } = newLog();
    const server = createServer(newApp(log));
    log.attachServer(server);
    const answer = await exchange(
      await listen(server),
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade, close\r\nUpgrade: websocket\r\n\r\n",
    );
    expect(answer).toContain("200 OK");
    expect(records().map((one) => one["event.name"])).toEqual(["api_request"]);
  });

  it.each([
    ["a request without Host", "GET / HTTP/1.1\r\n\r\n", "400"],
    [
      "a target that Express cannot read",
      "GET http://[::1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
      "404",
    ],
  ])("does not see %s", async (_what, bytes, status) => {
    const { log, records } = newLog();
    const server = createServer(newApp(log));
    log.attachServer(server);
    expect(await exchange(await listen(server), bytes)).toContain(status);
    await log.close();
    expect(records()).toEqual([]);
  });

  it("counts a flood: a hundred have records of their own", async () => {
    const { log, records } = newLog();
    const server = createServer(newApp(log));
    log.attachServer(server);
    const port = await listen(server);
    for (let round = 0; round < 15; round += 1) {
      await Promise.all(Array.from({ length: 10 }, () => exchange(port, "NONSENSE\r\n\r\n")));
    }
    expect(records()).toHaveLength(100);
    await log.close();
    expect(records()).toHaveLength(101);
    expect(records()[100]).toMatchObject({
      "audit.reason": "malformed_request",
      "audit.repeat.count": 50,
      "client.address": "127.0.0.1",
      "event.name": "connection_failed",
    });
  });

  it("attaches once, and leaves when the log closes", async () => {
    const { log, records } = newLog();
    const server = createServer(newApp(log));
    const { emit } = server;
    log.attachServer(server);
    log.attachServer(server);
    const port = await listen(server);
    await exchange(port, "NONSENSE\r\n\r\n");
    expect(records()).toHaveLength(1);
    await log.close();
    expect(server.emit).toBe(emit);
    expect(Object.hasOwn(server, "emit")).toBe(false);
    expect(await exchange(port, "NONSENSE\r\n\r\n")).toContain("400 Bad Request");
    expect(records()).toHaveLength(1);
  });
});

describe("attachServer", () => {
  it("records a handshake that fails, once, over HTTPS", async () => {
    const { log, records } = newLog();
    const { key, cert } = createCertificate("localhost");
    const server = createHttpsServer({ key, cert });
    log.attachServer(server);
    const port = await listen(server);
    await exchange(port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await new Promise<void>((resolve) => {
      const client = connectTls({
        port,
        host: "127.0.0.1",
        maxVersion: "TLSv1.1",
        minVersion: "TLSv1.1",
      });
      client.on("error", () => undefined).on("close", () => resolve());
    });
    await vi.waitFor(() => expect(records()).toHaveLength(2));
    for (const record of records()) {
      expect(record).toMatchObject({
        "audit.reason": "handshake_failed",
        "audit.system_code": expect.stringMatching(/^ERR_SSL_/),
        "client.address": "127.0.0.1",
        "event.name": "connection_failed",
      });
    }
  });

  it("records a session of HTTP/2 that fails", async () => {
    const { log, records } = newLog();
    const server = createHttp2Server();
    log.attachServer(server);
    const port = await listen(server);
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    session.on("error", () => undefined);
    await new Promise<void>((resolve) => session.once("connect", () => resolve()));
    session.destroy();
    await exchange(port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await vi.waitFor(() => expect(records()).toHaveLength(1));
    expect(records()[0]).toMatchObject({
      "audit.reason": "session_failed",
      "client.address": "127.0.0.1",
    });
  });

  it.each([
    ["an app", () => undefined, "an app or another function"],
    ["nothing", undefined, "undefined"],
    ["a port", 3000, "3000"],
  ])("refuses %s", (_what, server, got) => {
    const { log } = newLog();
    expect(() => log.attachServer(server as never)).toThrow(
      `auditLog.attachServer must be given a server of node:http, node:https or node:http2, got ${got}`,
    );
  });
});
