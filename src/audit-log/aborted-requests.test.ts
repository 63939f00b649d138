import { mkdtempSync, readFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { connect as connectHttp2, constants } from "node:http2";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { http2Server } from "../../test/support/http2.js";
import { errorHandler } from "../errors/index.js";
import { auditLog, fileSink } from "./index.js";

let server: Server | undefined;
afterEach(() => void server?.close());

async function listen(app: RequestListener): Promise<number> {
  const started = createServer(app);
  server = started;
  await new Promise<void>((resolve) => started.listen(0, "127.0.0.1", resolve));
  return (started.address() as AddressInfo).port;
}

/** Sends the bytes and breaks the connection once `until` has happened. */
async function sendAndBreak(port: number, bytes: string, until: Promise<void>): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  socket.write(bytes);
  await until;
  socket.destroy();
}

describe.each(expressVersions)("aborted requests on Express %s", (_major, express) => {
  function newApp(): { app: ReturnType<typeof express>; records: () => Record<string, unknown>[] } {
    const path = join(mkdtempSync(join(tmpdir(), "audit-")), "audit.jsonl");
    const app = express();
    app.use(auditLog({ sinks: [fileSink({ path })] }));
    const records = () => {
      const lines = readFileSync(path, "utf8").trim().split("\n");
      return lines.map((line) => JSON.parse(line)).filter((record) => "http.request.id" in record);
    };
    return { app, records };
  }

  function signal(): { arrived: Promise<void>; arrive: () => void } {
    let arrive = (): void => undefined;
    const arrived = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    return { arrived, arrive };
  }

  it("records a client that leaves before the answer, without a status", async () => {
    const { app, records } = newApp();
    const { arrived, arrive } = signal();
    app.get("/slow", () => arrive());
    await sendAndBreak(await listen(app), "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n", arrived);
    await vi.waitFor(() => expect(records()).toHaveLength(1));
    expect(records()[0]).toMatchObject({
      "audit.aborted": true,
      "audit.outcome": "unknown",
      "client.address": "127.0.0.1",
      "error.type": "connection_closed",
      "http.route": "/slow",
    });
    expect(records()[0]).not.toHaveProperty(["http.response.status_code"]);
  });

  it("records a client that cancels over HTTP/2, where an answer that was cut off finishes as well", async () => {
    const { app, records } = newApp();
    const { arrived, arrive } = signal();
    app.get("/slow", () => arrive());
    const started = http2Server(app);
    await new Promise<void>((resolve) => started.listen(0, "127.0.0.1", resolve));
    const session = connectHttp2(`http://127.0.0.1:${(started.address() as AddressInfo).port}`);
    try {
      const stream = session.request({ ":path": "/slow" });
      stream.on("error", () => undefined);
      await arrived;
      stream.close(constants.NGHTTP2_CANCEL);
      await vi.waitFor(() => expect(records()).toHaveLength(1));
    } finally {
      session.destroy();
      started.close();
    }
    expect(records()[0]).toMatchObject({ "audit.aborted": true, "audit.outcome": "unknown" });
  });

  it("records a client that leaves in the middle of the answer, with the status that was sent", async () => {
    const { app, records } = newApp();
    const { arrived, arrive } = signal();
    app.get("/stream", (_req, res) => {
      res.write("half");
      arrive();
    });
    await sendAndBreak(await listen(app), "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n", arrived);
    await vi.waitFor(() => expect(records()).toHaveLength(1));
    expect(records()[0]).toMatchObject({
      "audit.aborted": true,
      "audit.outcome": "unknown",
      "http.response.status_code": 200,
    });
  });

  it("records an upload that breaks off as aborted, though the parser's error was answered", async () => {
    const { app, records } = newApp();
    const { arrived, arrive } = signal();
    app.use((_req, _res, next) => {
      arrive();
      next();
    });
    app.use(express.json(), errorHandler());
    const head =
      "POST /up HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n";
    await sendAndBreak(await listen(app), `${head}{"a":`, arrived);
    await vi.waitFor(() => expect(records()).toHaveLength(1));
    expect(records()[0]).toMatchObject({ "audit.aborted": true, "http.request.body.size": 1000 });
    expect(records()[0]?.["audit.outcome"]).not.toBe("success");
  });

  it("records an answer that the app destroys", async () => {
    const { app, records } = newApp();
    const { arrived, arrive } = signal();
    app.get("/", (_req, res) => {
      res.destroy();
      arrive();
    });
    await sendAndBreak(await listen(app), "GET / HTTP/1.1\r\nHost: a\r\n\r\n", arrived);
    await vi.waitFor(() => expect(records()).toHaveLength(1));
    expect(records()[0]).toMatchObject({ "audit.aborted": true, "audit.outcome": "unknown" });
  });

  it("records a client that left before the audit log had its turn", async () => {
    const path = join(mkdtempSync(join(tmpdir(), "audit-")), "audit.jsonl");
    const { arrived, arrive } = signal();
    const app = express();
    app.use((_req, res, next) => {
      res.on("close", () => setImmediate(next));
      arrive();
    });
    app.use(auditLog({ sinks: [fileSink({ path })] }));
    await sendAndBreak(await listen(app), "GET / HTTP/1.1\r\nHost: a\r\n\r\n", arrived);
    await vi.waitFor(() => expect(readFileSync(path, "utf8")).toContain('"audit.aborted":true'));
  });

  it("writes one record each for requests that are pipelined on one connection", async () => {
    const { app, records } = newApp();
    app.get("/:name", (_req, res) => void setTimeout(() => res.end("x"), 5));
    const get = (name: string) => `GET /${name} HTTP/1.1\r\nHost: a\r\n\r\n`;
    const socket = connect(await listen(app), "127.0.0.1").resume();
    socket.write(get("a") + get("b") + get("c"));
    await vi.waitFor(() => expect(records()).toHaveLength(3));
    socket.destroy();
    expect(records().map((record) => record["audit.outcome"])).toEqual([
      "success",
      "success",
      "success",
    ]);
  });
});
