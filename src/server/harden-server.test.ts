import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { Worker } from "node:worker_threads";
import { afterEach, describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { rawClient } from "../../test/support/raw-client.js";
import { OptionsError } from "../core/options/options-error.js";
import { hardenServer } from "./harden-server.js";
import type { HardenedServer, HardenServerOptions } from "./harden-server-options.js";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
/** In a thread of its own: sends the rest of a body when it is told to, and says what was answered. */
const SLOW_CLIENT = `
  const { parentPort, workerData } = require("node:worker_threads");
  const socket = require("node:net").connect(workerData, "127.0.0.1");
  socket.write("POST /read HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 8\\r\\n\\r\\nhalf");
  parentPort.once("message", (rest) => socket.write(rest));
  socket.once("data", (text) => {
    parentPort.postMessage(String(text));
    socket.destroy();
  });
`;
const open: { server: Server; hardened: HardenedServer }[] = [];

afterEach(() => {
  for (const { server, hardened } of open.splice(0)) {
    hardened.close();
    server.closeAllConnections();
    server.close();
  }
});

function problemsOf(act: () => unknown): readonly string[] {
  try {
    act();
  } catch (error) {
    if (error instanceof OptionsError) return error.problems;
    throw error;
  }
  return [];
}

describe.each(expressVersions)("hardenServer on Express %s", (_major, express) => {
  async function serve(
    options: HardenServerOptions,
    setUp: (app: ReturnType<typeof express>) => void = () => undefined,
  ): Promise<{ server: Server; hardened: HardenedServer; port: number }> {
    const app = express();
    setUp(app);
    app.get("/", (_req, res) => void res.send("hello"));
    const server = app.listen(0, "127.0.0.1");
    const hardened = hardenServer(server, options);
    open.push({ server, hardened });
    // Five seconds are a long time for a test.
    Object.assign(server, { connectionsCheckingInterval: 200 });
    await new Promise<void>((done) => server.once("listening", done));
    return { server, hardened, port: (server.address() as AddressInfo).port };
  }

  it("sets timeouts that fit a load balancer, and no number of fields behind which Node drops the rest", async () => {
    const { server } = await serve({});
    expect({
      headers: server.headersTimeout,
      request: server.requestTimeout,
      keepAlive: server.keepAliveTimeout,
      connections: server.maxConnections,
      fields: server.maxHeadersCount,
    }).toEqual({
      headers: 15_000,
      request: 300_000,
      keepAlive: 65_000,
      connections: 10_000,
      fields: 0,
    });
  });

  it("hands on a field behind the 2,000th, which Node alone drops", async () => {
    const many = `GET /auth HTTP/1.1\r\nHost: a\r\n${"x:\r\n".repeat(2500)}Authorization: b\r\n\r\n`;
    const { port, hardened } = await serve({}, (app) => {
      app.get("/auth", (req, res) => void res.send(`auth ${req.headers.authorization}`));
    });
    expect(await (await rawClient(port, many)).until(/auth /)).toContain("auth b");
    hardened.close();
    expect(await (await rawClient(port, many)).until(/auth /)).toContain("auth undefined");
  });

  it.each([
    ["no HTTP", "hello\r\n\r\n", "400 Bad Request", "bad_request", "malformed"],
    [
      "a head that is too large",
      `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(20_000)}\r\n\r\n`,
      "431 Request Header Fields Too Large",
      "request_refused",
      "tooLarge",
    ],
    [
      "two lengths",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
      "400 Bad Request",
      "bad_request",
      "malformed",
    ],
  ] as const)(
    "answers %s with a problem document, and counts it",
    async (_what, bytes, status, code, count) => {
      const { port, hardened } = await serve({});
      const answer = await (await rawClient(port, bytes)).closed();
      const [head = "", body = ""] = answer.split("\r\n\r\n");
      expect(head.split("\r\n")).toEqual([
        `HTTP/1.1 ${status}`,
        "Content-Type: application/problem+json",
        `Content-Length: ${body.length}`,
        "Cache-Control: no-store",
        "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'",
        "X-Content-Type-Options: nosniff",
        "Connection: close",
      ]);
      expect(JSON.parse(body)).toMatchObject({ code });
      expect(hardened.stats()).toMatchObject({ [count]: 1 });
    },
  );

  it("answers once, however much of a broken request still comes", async () => {
    const { port, hardened } = await serve({});
    const client = await rawClient(port, "hello\r\n\r\n");
    await client.until(/bad_request/);
    for (let sent = 0; sent < 20; sent += 1) client.socket.write("x".repeat(1000));
    const answer = await client.closed();
    expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
    expect(hardened.stats().malformed).toBe(1);
  });

  it("cuts off a connection that breaks behind an answer that has begun", async () => {
    const { port } = await serve({}, (app) => {
      app.post("/stream", (_req, res) => void res.write("begun"));
    });
    const client = await rawClient(
      port,
      "POST /stream HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
    );
    await client.until(/begun/);
    client.socket.write("nonsense\r\n");
    expect(await client.closed()).not.toContain("400");
  });

  it("answers no request that was not wrong: one before it, or none", async () => {
    const { port, hardened } = await serve({ stallTimeout: "1s" }, (app) => {
      app.get("/wait", () => undefined);
      app.post("/early", (_req, res) => void res.send("early"));
    });
    const wait = "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n";
    const early = "POST /early HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    const [behind, body] = await Promise.all([
      rawClient(port, `${wait}nonsense\r\n\r\n`),
      rawClient(port, early),
    ]);
    await body.until(/early/);
    body.socket.write("nonsense\r\n");
    expect(await behind.closed()).toBe("");
    expect((await body.closed()).match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 200"]);
    expect(hardened.stats().malformed).toBe(2);
  });

  it("holds where the app decides about Expect: 100-continue", async () => {
    const { port, server, hardened } = await serve({ stallTimeout: "1s" });
    server.on("checkContinue", (req, res) => {
      res.writeContinue();
      req.resume().on("end", () => res.end("read"));
    });
    const head = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    const client = await rawClient(port, head);
    await client.until(/100 Continue/);
    expect(hardened.stats()).toMatchObject({ requests: 1, idle: 0 });
    expect(await client.closed()).toMatch(/ 408 [\s\S]*request_timeout/);
  }, 20_000);

  it("ends a body that comes more slowly than minRate, except at slowAt", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
    try {
      const { port, hardened } = await serve({ slowAt: "POST /uploads/*" }, (app) => {
        app.use((req, res) => void req.resume().on("end", () => res.send("read")));
      });
      const length = 24 * 600;
      const head = (path: string): string =>
        `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`;
      const [slow, open, fast] = await Promise.all([
        rawClient(port, head("/other")),
        rawClient(port, head("/uploads/a?b")),
        rawClient(port, head("/other")),
      ]);
      await vi.waitFor(() => expect(hardened.stats().requests).toBe(3));
      for (let second = 0; second < 24; second += 1) {
        for (const { socket } of [slow, open]) if (socket.writable) socket.write("x".repeat(400));
        fast.socket.write("x".repeat(600));
        await new Promise((done) => setTimeout(done, 20));
        vi.advanceTimersByTime(1000);
      }
      expect(await slow.closed()).toMatch(/^HTTP\/1\.1 408 /);
      await fast.until(/read/);
      open.socket.write("x".repeat(length - 24 * 400));
      await open.until(/read/);
      expect(hardened.stats().slowRequests).toBe(1);
    } finally {
      vi.useRealTimers();
    }
  }, 20_000);

  it("leaves the answer to an app that listens for such requests", async () => {
    const { port, server, hardened } = await serve({});
    server.on("clientError", (_error, socket) => socket.end("HTTP/1.1 400 Mine\r\n\r\n"));
    expect(await (await rawClient(port, "hello\r\n\r\n")).closed()).toBe(
      "HTTP/1.1 400 Mine\r\n\r\n",
    );
    expect(hardened.stats().malformed).toBe(1);
  });

  it("keeps a connection longer than a head may take", async () => {
    const { port } = await serve({ headersTimeout: "1s", keepAliveTimeout: "30s" });
    const client = await rawClient(port, GET);
    await client.until(/hello/);
    // Longer than a head may take, and than Node needs to look for one that takes too long.
    await new Promise((done) => setTimeout(done, 2000));
    client.socket.write(GET);
    await client.until(/hello[\s\S]*hello/);
  }, 20_000);

  it("answers 408 to a head that comes too slowly, and says nothing to who has asked for nothing", async () => {
    const { port, hardened } = await serve({ headersTimeout: "1s" });
    const [slow, silent] = await Promise.all([rawClient(port, "GET / HTT"), rawClient(port)]);
    expect(await slow.closed()).toMatch(/^HTTP\/1\.1 408 [\s\S]*request_timeout/);
    expect(await silent.closed()).toBe("");
    expect(hardened.stats()).toMatchObject({ slowRequests: 2 });
    await vi.waitFor(() => expect(hardened.stats().connections).toBe(0));
  }, 20_000);

  it("answers 408 to a body that stands still, and not while the app does not read it", async () => {
    const { port, hardened } = await serve({ stallTimeout: "1s" }, (app) => {
      app.post("/read", (req, res) => void req.resume().on("end", () => res.send("read")));
      app.post("/later", (_req, res) => void setTimeout(() => res.send("later"), 3500));
    });
    const post = (path: string, body: string): Promise<Awaited<ReturnType<typeof rawClient>>> =>
      rawClient(port, `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n${body}`);
    const [stalled, unread] = await Promise.all([post("/read", "1234"), post("/later", "1234")]);
    expect(await stalled.closed()).toMatch(/^HTTP\/1\.1 408 [\s\S]*request_timeout/);
    expect(await unread.until(/later/)).toContain("200 OK");
    expect(hardened.stats().slowRequests).toBe(1);
  }, 20_000);

  it("reads what has come while the process itself stood still, and calls no such client slow", async () => {
    const { port, hardened } = await serve({ stallTimeout: "3s" }, (app) => {
      app.post("/read", (req, res) => {
        req.resume().on("end", () => res.send("read"));
        // Longer than the client may stand still, and it goes on meanwhile. Timers come next.
        const standStill = (): void => {
          client.postMessage("body");
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 4000);
        };
        setTimeout(() => setImmediate(standStill), 1200);
      });
    });
    const client = new Worker(SLOW_CLIENT, { eval: true, workerData: port });
    const [answer] = await once(client, "message");
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(hardened.stats().slowRequests).toBe(0);
  }, 20_000);

  it("ends an answer that nobody reads, and not one that the app has not finished", async () => {
    const { port, hardened } = await serve({ stallTimeout: "1s" }, (app) => {
      app.get("/large", (_req, res) => void res.send(Buffer.alloc(50_000_000)));
      app.get("/slow", (_req, res) => {
        res.write("begun ");
        setTimeout(() => res.end("over"), 4000);
      });
    });
    const get = (path: string): Promise<Awaited<ReturnType<typeof rawClient>>> =>
      rawClient(port, `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
    const [reader, waiting] = await Promise.all([get("/large"), get("/slow")]);
    reader.socket.pause();
    await waiting.until(/over/);
    expect(hardened.stats()).toMatchObject({ slowReaders: 1, requests: 0 });
  }, 20_000);

  it("lets a slow reader of a large answer go on so long as it reads", async () => {
    const size = 40_000_000;
    const { port, hardened } = await serve({ stallTimeout: "3s", minRate: false }, (app) => {
      app.get("/large", (_req, res) => void res.send(Buffer.alloc(size)));
    });
    const client = await rawClient(
      port,
      "GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    );
    client.socket.pause();
    for (let turn = 0; turn < 10; turn += 1) {
      await new Promise((done) => setTimeout(done, 500));
      // What has come, a few megabytes, in place of all.
      client.socket.resume();
      await new Promise((done) => setTimeout(done, 5));
      client.socket.pause();
    }
    client.socket.resume();
    await client.closed();
    expect(client.size()).toBeGreaterThan(size);
    expect(hardened.stats().slowReaders).toBe(0);
  }, 30_000);

  it("makes room for those who ask by closing those who have been idle longest", async () => {
    const { port, hardened } = await serve({ maxConnections: 20 });
    const idle = await Promise.all(Array.from({ length: 18 }, () => rawClient(port)));
    await new Promise((done) => setTimeout(done, 1200));
    for (let turn = 0; turn < 10; turn += 1) {
      const client = await rawClient(port, GET);
      await client.until(/hello/);
    }
    // Their ends are on the way.
    const left = () => idle.filter(({ socket }) => !socket.closed).length;
    await vi.waitFor(() => expect(left()).toBe(8));
    expect(hardened.stats()).toMatchObject({ evicted: 10, refused: 0, connections: 18 });
  });

  it("refuses connections over the limit when nobody is idle, and counts them", async () => {
    const { port, hardened } = await serve({ maxConnections: 2 }, (app) => {
      app.get("/wait", () => undefined);
    });
    const wait = "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n";
    await Promise.all([rawClient(port, wait), rawClient(port, wait)]);
    await vi.waitFor(() => expect(hardened.stats().requests).toBe(2));
    expect(await (await rawClient(port, GET)).closed()).toBe("");
    expect(hardened.stats().refused).toBe(1);
  });

  it("ends a connection after as many requests as it may send", async () => {
    const { port } = await serve({ maxRequestsPerSocket: 2 });
    const client = await rawClient(port, GET);
    await client.until(/hello/);
    client.socket.write(GET);
    await client.until(/keep-alive[\s\S]*hello[\s\S]*Connection: close[\s\S]*hello/);
  });

  it("counts once when it is called twice, and the last call counts", async () => {
    const { port, server, hardened } = await serve({ maxConnections: 3 });
    const again = hardenServer(server, { keepAliveTimeout: "70s" });
    open.push({ server, hardened: again });
    expect([server.maxConnections, server.keepAliveTimeout]).toEqual([10_000, 70_000]);
    expect(server.listenerCount("clientError")).toBe(1);
    await (await rawClient(port, "hello\r\n\r\n")).closed();
    expect([again.stats().malformed, hardened.stats().malformed]).toEqual([1, 0]);
  });

  it("leaves a server as it was when it is closed", async () => {
    const app = express();
    const server = createServer(app);
    const events = ["connection", "request", "clientError", "drop", "newListener", "session"];
    const state = (): unknown => ({
      settings: [server.headersTimeout, server.keepAliveTimeout, server.maxHeadersCount],
      limits: [server.maxConnections, server.requestTimeout],
      listeners: events.map((event) => server.listenerCount(event)),
    });
    const before = state();
    hardenServer(server).close();
    expect(state()).toEqual(before);
  });
});

describe("hardenServer", () => {
  it("warns when Node already looks for slow requests at its own pace", async () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const server = createServer().listen(0);
    await new Promise<void>((done) => server.once("listening", done));
    const hardened = hardenServer(server);
    open.push({ server, hardened });
    expect(warn).toHaveBeenCalledWith(expect.stringContaining("30 seconds"), {
      code: "EXPRESS_SECURE_API_HARDENED_LATE",
      type: "SecurityWarning",
    });
    warn.mockRestore();
  });

  it("tells all that is wrong at once", () => {
    const server = createServer();
    expect(
      problemsOf(() =>
        hardenServer(server, {
          headersTimeout: "2m",
          requestTimeout: "1m",
          keepAliveTimeout: 65_000,
          maxConnections: undefined,
          minRate: 500,
          slowAt: "/*",
          maxHeadersCount: 100,
        } as never),
      ),
    ).toEqual([
      expect.stringContaining("hardenServer.maxConnections must not be undefined"),
      expect.stringContaining('hardenServer must not have an option "maxHeadersCount"'),
      "hardenServer.requestTimeout must not be shorter than headersTimeout, which is a part of it",
      expect.stringContaining('keepAliveTimeout must be a duration from 1s to 1h, such as "15m"'),
      expect.stringContaining("hardenServer.minRate must be a size"),
      expect.stringContaining("hardenServer.slowAt must not cover every route"),
    ]);
  });

  it("refuses what is no server of Node, above all the app itself", () => {
    const [, express] = expressVersions[1] as (typeof expressVersions)[number];
    expect(problemsOf(() => hardenServer(express() as never))).toEqual([
      "hardenServer.server must be a server of node:http, node:https or node:http2, got an app or another function: write hardenServer(app.listen(3000))",
    ]);
    expect(problemsOf(() => hardenServer(undefined as never))).toHaveLength(1);
  });

  it("refuses slowAt where there is no rate", () => {
    expect(
      problemsOf(() => hardenServer(createServer(), { minRate: false, slowAt: "/a" })),
    ).toEqual([
      "hardenServer.slowAt must be left out with minRate: false, which it has no effect beside",
    ]);
  });

  it("refuses options of HTTP/1 on a server that speaks HTTP/2 alone", () => {
    expect(problemsOf(() => hardenServer(createHttp2Server(), { headersTimeout: "5s" }))).toEqual([
      "hardenServer.headersTimeout must be left out: this server speaks HTTP/2 alone",
    ]);
  });
});
