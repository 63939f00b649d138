import { mkdtempSync, readFileSync } from "node:fs";
import { createServer, type Server, type ServerOptions } from "node:http";
import { type ClientHttp2Stream, connect as connectHttp2, constants } from "node:http2";
import { type AddressInfo, connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Request, Response } from "express";
import { afterEach, describe, expect, it, vi } from "vitest";
import { compiledLog, ended } from "../../test/support/audit-log/compiled-log.js";
import { expressVersions } from "../../test/support/express.js";
import { http2Server } from "../../test/support/http2.js";
import { type AuditLog, auditLog, fileSink } from "./index.js";

type AuditRecord = Readonly<Record<string, unknown>>;
type Handler = (req: Request, res: Response) => unknown;

const GET = "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n";
const UPLOAD = "POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc";

const startProcess = compiledLog();

let server: Server | undefined;
afterEach(() => {
  server?.close();
  server?.closeAllConnections();
  server = undefined;
});

function readRecords(path: string): readonly AuditRecord[] {
  const lines = readFileSync(path, "utf8").trim().split("\n");
  return lines
    .map((line) => JSON.parse(line) as AuditRecord)
    .filter((record) => "http.request.id" in record);
}

function newFile(): string {
  return join(mkdtempSync(join(tmpdir(), "audit-")), "audit.jsonl");
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

const silent: Handler = () => undefined;
const begun: Handler = (_req, res) => res.write("half");
const reading: Handler = (req) => req.resume();

/** What is sent, what the app does, how it ends, who ended it, and whether a status was sent. */
const CASES: readonly (readonly [
  what: string,
  bytes: string,
  handler: Handler,
  end: ((client: Socket, server: Server) => unknown) | undefined,
  ending: string,
  status: number | undefined,
])[] = [
  [
    "a client that leaves before the answer",
    GET,
    silent,
    (client) => client.end(),
    "client_left",
    undefined,
  ],
  [
    "a client that is reset before the answer",
    GET,
    silent,
    (client) => client.resetAndDestroy(),
    "client_left",
    undefined,
  ],
  [
    "a client that leaves within the answer",
    GET,
    begun,
    (client) => client.destroy(),
    "client_left",
    200,
  ],
  [
    "an upload that is broken off",
    UPLOAD,
    reading,
    (client) => client.destroy(),
    "client_left",
    undefined,
  ],
  [
    "an upload that is reset",
    UPLOAD,
    reading,
    (client) => client.resetAndDestroy(),
    "client_left",
    undefined,
  ],
  [
    "an answer that the app destroys",
    GET,
    (_req, res) => res.destroy(),
    undefined,
    "server_closed",
    undefined,
  ],
  [
    "an answer that the app destroys within",
    GET,
    (_req, res) => {
      res.write("half");
      setTimeout(() => res.destroy(), 20);
    },
    undefined,
    "server_closed",
    200,
  ],
  [
    "a request that the app destroys",
    GET,
    (req) => req.destroy(),
    undefined,
    "server_closed",
    undefined,
  ],
  [
    "a connection that the app destroys",
    GET,
    (req) => req.socket.destroy(),
    undefined,
    "server_closed",
    undefined,
  ],
  [
    "closeAllConnections()",
    GET,
    silent,
    (_client, running) => running.closeAllConnections(),
    "server_closed",
    undefined,
  ],
];

describe.each(expressVersions)("how requests end on Express %s", (_major, express) => {
  async function start(
    handler: Handler,
    options: ServerOptions = {},
  ): Promise<{
    port: number;
    running: Server;
    log: AuditLog;
    /** The paths of the requests that came so far. */
    arrived: readonly string[];
    records: () => readonly AuditRecord[];
  }> {
    const path = newFile();
    const log = auditLog({ sinks: [fileSink({ path, write: "record" })] });
    const app = express();
    const arrived: string[] = [];
    app.use(log, (req, _res, next) => {
      arrived.push(req.path);
      next();
    });
    app.all("/slow", (req, res) => void handler(req, res));
    app.all("/done", (_req, res) => void res.send("done"));
    const running = createServer(options, app);
    server = running;
    await new Promise<void>((resolve) => running.listen(0, "127.0.0.1", resolve));
    const { port } = running.address() as AddressInfo;
    return { port, running, log, arrived, records: () => readRecords(path) };
  }

  function open(port: number, bytes: string): Socket {
    const client = connect(port, "127.0.0.1");
    client.on("error", () => undefined);
    client.resume();
    client.write(bytes);
    return client;
  }

  it.each(CASES)("is told of %s", async (_what, bytes, handler, end, ending, status) => {
    const { port, running, arrived, records } = await start(handler);
    const client = open(port, bytes);
    await vi.waitFor(() => expect(arrived).toHaveLength(1));
    end?.(client, running);
    await vi.waitFor(() => expect(records()).toHaveLength(1));
    expect(records()[0]).toMatchObject({
      "audit.aborted": true,
      "audit.ending": ending,
      "audit.outcome": "unknown",
      "error.type": "connection_closed",
    });
    expect(records()[0]?.["http.response.status_code"]).toBe(status);
    client.destroy();
  });

  it.each<[string, string, ServerOptions]>([
    [
      "for the body",
      UPLOAD,
      // Not too short for the head.
      { headersTimeout: 1000, requestTimeout: 1000, connectionsCheckingInterval: 20 },
    ],
  ])("is told of a timeout of the server %s", async (_what, bytes, options) => {
    const { port, records } = await start(reading, options);
    open(port, bytes);
    await vi.waitFor(() => expect(records()).toHaveLength(1));
    expect(records()[0]).toMatchObject({ "audit.ending": "server_closed" });
  });

  it("is told of a handler that never answers, when the server's timeout closes the connection", async () => {
    const { port, running, records } = await start(silent);
    running.setTimeout(1000);
    open(port, GET);
    await vi.waitFor(() => expect(records()).toHaveLength(1));
    expect(records()[0]).toMatchObject({ "audit.ending": "server_closed" });
    expect(records()[0]).not.toHaveProperty(["http.response.status_code"]);
  });

  it("is told of every request on a connection, also of those behind the one that was being answered", async () => {
    const { port, arrived, records } = await start(silent);
    const client = open(port, GET + GET.replace("/slow", "/done") + GET);
    await vi.waitFor(() => expect(arrived).toHaveLength(3));
    client.destroy();
    await vi.waitFor(() => expect(records()).toHaveLength(3));
    expect(records().map((record) => record["audit.ending"])).toEqual([
      "client_left",
      "client_left",
      "client_left",
    ]);
  });

  it("says nothing of answers that are complete", async () => {
    const { port, records } = await start((req, res) => {
      if (req.method === "HEAD") res.end();
      else res.status(304).end();
    });
    const client = open(port, GET + GET.replace("GET", "HEAD") + GET.replace("/slow", "/done"));
    await vi.waitFor(() => expect(records()).toHaveLength(3));
    for (const record of records()) {
      expect(record).not.toHaveProperty(["audit.ending"]);
      expect(record["audit.outcome"]).toBe("success");
    }
    client.destroy();
    await wait(30);
    expect(records()).toHaveLength(3);
  });

  it("is told of what is open when the log closes, once", async () => {
    const answers: Response[] = [];
    const { port, log, records } = await start((_req, res) => answers.push(res));
    const client = open(port, GET);
    const begunOne = open(port, GET);
    await vi.waitFor(() => expect(answers).toHaveLength(2));
    answers[1]?.write("half");
    await log.close();
    expect(records()).toHaveLength(2);
    for (const record of records()) {
      expect(record).toMatchObject({ "audit.ending": "still_open", "audit.outcome": "unknown" });
      expect(record).not.toHaveProperty(["audit.aborted"]);
      expect(record).not.toHaveProperty(["error.type"]);
    }
    expect(records().map((record) => record["http.response.status_code"])).toEqual([
      undefined,
      200,
    ]);
    for (const answer of answers) answer.end("late");
    await wait(30);
    expect(records()).toHaveLength(2);
    expect(log.stats().lost).toBe(0);
    client.destroy();
    begunOne.destroy();
  });
});

describe.each(expressVersions)("how requests end over HTTP/2 on Express %s", (_major, express) => {
  it.each<[string, Handler, (stream: ClientHttp2Stream) => void, string]>([
    [
      "a client that cancels",
      silent,
      (stream) => stream.close(constants.NGHTTP2_CANCEL),
      "client_left",
    ],
    [
      "a client that cancels within the answer",
      begun,
      (stream) => stream.close(constants.NGHTTP2_CANCEL),
      "client_left",
    ],
    [
      "a client whose connection is gone",
      silent,
      (stream) => stream.session?.destroy(),
      "client_left",
    ],
    [
      "an answer that the app destroys",
      (_req, res) => res.destroy(),
      () => undefined,
      "server_closed",
    ],
  ])("is told of %s", async (_what, handler, end, ending) => {
    const path = newFile();
    const app = express();
    app.use(auditLog({ sinks: [fileSink({ path, write: "record" })] }));
    const arrived: string[] = [];
    app.get("/slow", (req, res) => {
      arrived.push(req.path);
      void handler(req, res);
    });
    const started = http2Server(app);
    await new Promise<void>((resolve) => started.listen(0, "127.0.0.1", resolve));
    const session = connectHttp2(`http://127.0.0.1:${(started.address() as AddressInfo).port}`);
    session.on("error", () => undefined);
    try {
      const stream = session.request({ ":path": "/slow" });
      stream.on("error", () => undefined);
      await vi.waitFor(() => expect(arrived).toHaveLength(1));
      end(stream);
      await vi.waitFor(() => expect(readRecords(path)).toHaveLength(1));
      expect(readRecords(path)[0]).toMatchObject({ "audit.aborted": true, "audit.ending": ending });
    } finally {
      session.destroy();
      started.close();
    }
  });
});

it.each(["process.exit()", "setTimeout(() => { throw new Error('crash') })"])(
  "is told of what is open when the process ends by %s",
  async (end) => {
    const path = newFile();
    const script = `
      const app = express();
      app.use(auditLog({ sinks: [fileSink({ path: ${JSON.stringify(path)} })] }));
      app.get("/slow", () => { ${end} });
      const server = app.listen(0, "127.0.0.1", () => {
        http.get({ port: server.address().port, path: "/slow" }).on("error", () => {});
      });`;
    await ended(startProcess(script));
    const records = readRecords(path);
    expect(records).toHaveLength(1);
    expect(records[0]).toMatchObject({ "audit.ending": "still_open", "http.route": "/slow" });
  },
);
