import type { Server } from "node:http";
import * as http2 from "node:http2";
import { createServer as createHttpsServer } from "node:https";
import { connect as connectPlain } from "node:net";
import { text } from "node:stream/consumers";
import { connect } from "node:tls";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createCertificate } from "../../test/support/certificates.js";
import { expressVersions } from "../../test/support/express.js";
import { type RawClient, watchSocket } from "../../test/support/raw-client.js";
import { listen } from "../../test/support/tls.js";
import { gracefulShutdown } from "./graceful-shutdown.js";
import { hardenServer } from "./harden-server.js";

const { key, cert } = createCertificate("localhost");
const post = "POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n12";
const ends: (() => unknown)[] = [];

afterEach(() => {
  for (const end of ends.splice(0)) end();
});

async function tlsClient(port: number, first = ""): Promise<RawClient> {
  const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false });
  await new Promise<void>((done) => socket.once("secureConnect", done));
  return watchSocket(socket, first);
}

function endLater(server: Server): void {
  ends.push(() => {
    server.closeAllConnections();
    server.close();
  });
}

function sessionTo(port: number, scheme: "http" | "https"): http2.ClientHttp2Session {
  const session = http2.connect(`${scheme}://127.0.0.1:${port}`, { rejectUnauthorized: false });
  session.on("error", () => undefined);
  ends.push(() => session.destroy());
  return session;
}

/** One stream to its end. `body` is sent, and more is owed. */
async function ask(
  session: http2.ClientHttp2Session,
  headers: http2.OutgoingHttpHeaders,
  { body, reads = true }: { body?: string; reads?: boolean } = {},
): Promise<{ code: number | undefined; text: string }> {
  const stream = session.request(headers, { endStream: body === undefined });
  if (body !== undefined) stream.write(body);
  stream.on("error", () => undefined);
  const closed = new Promise((done) => stream.once("close", done));
  const got = reads ? text(stream).catch(() => "") : "";
  await closed;
  return { code: stream.rstCode, text: await got };
}

describe.each(expressVersions)("hardenServer over HTTPS on Express %s", (_major, express) => {
  it("answers slow heads and bodies 408, ends who reads nothing, and no one who reads slowly", async () => {
    const size = 40_000_000;
    const app = express();
    app.post("/read", (req, res) => void req.resume().on("end", () => res.send("read")));
    app.get("/large", (_req, res) => void res.send(Buffer.alloc(size)));
    const server = createHttpsServer({ key, cert }, app);
    const hardened = hardenServer(server, { headersTimeout: "1s", stallTimeout: "3s" });
    Object.assign(server, { connectionsCheckingInterval: 200 });
    endLater(server);
    const port = await listen(server);
    const large = "GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    const [head, body, stalled, reader] = await Promise.all([
      tlsClient(port, "GET / HTT"),
      tlsClient(port, post),
      tlsClient(port, large),
      tlsClient(port, large),
    ]);
    stalled.socket.pause();
    reader.socket.pause();
    for (let turn = 0; turn < 10; turn += 1) {
      await new Promise((done) => setTimeout(done, 400));
      reader.socket.resume();
      await new Promise((done) => setTimeout(done, 5));
      reader.socket.pause();
    }
    expect(await head.closed()).toMatch(/^HTTP\/1\.1 408 [\s\S]*request_timeout/);
    expect(await body.closed()).toMatch(/^HTTP\/1\.1 408 [\s\S]*request_timeout/);
    reader.socket.resume();
    await reader.closed();
    expect(reader.size()).toBeGreaterThan(size);
    expect(hardened.stats()).toMatchObject({ slowRequests: 2, slowReaders: 1, connections: 0 });
  }, 30_000);

  it("takes a handshake that fails for no request", async () => {
    const server = createHttpsServer({ key, cert }, express());
    const hardened = hardenServer(server);
    endLater(server);
    const port = await listen(server);
    const client = watchSocket(connectPlain(port, "127.0.0.1"), "GET / HTTP/1.1\r\n\r\n");
    expect(await client.closed()).not.toContain("HTTP");
    expect(hardened.stats().malformed).toBe(0);
  });
});

describe("hardenServer over HTTP/2", () => {
  async function serve(stall = "1s"): Promise<{
    server: http2.Http2SecureServer;
    hardened: ReturnType<typeof hardenServer>;
    port: number;
  }> {
    const server = http2.createSecureServer({ key, cert }, (req, res) => {
      if (req.url === "/read") req.resume().on("end", () => res.end("read"));
      else if (req.url === "/large") res.end(Buffer.alloc(5_000_000));
      else if (req.url === "/later") setTimeout(() => res.end("later"), 3500);
      else if (req.url === "/events") {
        res.write("begun ");
        setTimeout(() => res.end("over"), 3500);
      } else res.end("hello");
    });
    const hardened = hardenServer(server, {
      stallTimeout: stall,
      requestTimeout: "15s",
      keepAliveTimeout: "1s",
    });
    ends.push(() => server.close());
    return { server, hardened, port: await listen(server as never) };
  }

  it("ends streams that owe a body or whose answer is not read, and no others of the session", async () => {
    const { hardened, port } = await serve();
    const session = sessionTo(port, "https");
    const answers = await Promise.all([
      ask(session, { ":path": "/read", ":method": "POST" }, { body: "12" }),
      ask(session, { ":path": "/large" }, { reads: false }),
      ask(session, { ":path": "/later" }),
      ask(session, { ":path": "/events" }),
    ]);
    const { NGHTTP2_ENHANCE_YOUR_CALM: calm } = http2.constants;
    expect(answers).toEqual([
      { code: calm, text: "" },
      { code: calm, text: "" },
      { code: 0, text: "later" },
      { code: 0, text: "begun over" },
    ]);
    expect(hardened.stats()).toMatchObject({ slowRequests: 1, slowReaders: 1, requests: 0 });
    // Idle for longer than keepAliveTimeout.
    await vi.waitFor(() => expect(session.closed).toBe(true), 10_000);
  }, 20_000);

  it("leaves streams alone that the app takes itself, and their session", async () => {
    const server = http2.createServer({ settings: { enableConnectProtocol: true } });
    hardenServer(server, { keepAliveTimeout: "1s", stallTimeout: "1s" });
    server.on("stream", (stream, headers) => {
      stream.respond({ ":status": 200 });
      setTimeout(() => stream.end("own"), headers[":method"] === "CONNECT" ? 0 : 8000);
    });
    ends.push(() => server.close());
    const session = sessionTo(await listen(server as never), "http");
    await new Promise((done) => session.once("remoteSettings", done));
    const socket = { ":method": "CONNECT", ":protocol": "websocket", ":path": "/" };
    const named = { ...socket, ":scheme": "http", ":authority": "a" };
    expect(await Promise.all([ask(session, named), ask(session, { ":path": "/" })])).toEqual([
      { code: 0, text: "own" },
      { code: 0, text: "own" },
    ]);
  }, 20_000);

  it("sends a GOAWAY, answers what is under way, and ends the sessions", async () => {
    const { server, port } = await serve("30s");
    const life = gracefulShutdown(server, {
      ...{ announce: "300ms", grace: "10s", closeTimeout: "1s", signals: false },
    });
    const [session, idle] = [sessionTo(port, "https"), sessionTo(port, "https")];
    const lasts: number[] = [];
    session.on("goaway", (_code, last) => lasts.push(last ?? 0));
    await ask(idle, { ":path": "/" });
    const later = ask(session, { ":path": "/later" });
    await vi.waitFor(() => expect(session.state.outboundQueueSize).toBe(0));
    await ask(session, { ":path": "/" });
    const report = life.shutdown();
    expect(await later).toEqual({ code: 0, text: "later" });
    expect(await report).toEqual({ cutOff: 0, errors: [], exitCode: 0 });
    expect(lasts[0]).toBe(2 ** 31 - 1);
    await vi.waitFor(() => expect([session.closed, idle.closed]).toEqual([true, true]));
  }, 20_000);
});
