import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { rawClient } from "../../test/support/raw-client.js";
import { OptionsError } from "../core/options/options-error.js";
import { gracefulShutdown } from "./graceful-shutdown.js";
import type { GracefulShutdown, GracefulShutdownOptions } from "./graceful-shutdown-options.js";
import { livez } from "./livez.js";
import { readyz } from "./readyz.js";

// Time enough for what a test does meanwhile, on a busy machine too.
const TIMES = { announce: "2s", grace: "8s", closeTimeout: "500ms", signals: false } as const;
const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
const open: { server: Server; life: GracefulShutdown }[] = [];

afterEach(() => {
  for (const { server, life } of open.splice(0)) {
    life.close();
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

function isRefused(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(false);
    });
    socket.once("error", () => resolve(true));
  });
}

describe.each(expressVersions)("gracefulShutdown on Express %s", (_major, express) => {
  async function serve(
    options: GracefulShutdownOptions = {},
    setUp: (app: ReturnType<typeof express>) => void = () => undefined,
  ): Promise<{ server: Server; life: GracefulShutdown; port: number; accepted: Socket[] }> {
    const app = express();
    app.get("/livez", livez());
    app.get("/readyz", readyz());
    app.get("/", (_req, res) => void res.send("hello"));
    setUp(app);
    const server = app.listen(0, "127.0.0.1");
    const accepted: Socket[] = [];
    server.on("connection", (socket) => accepted.push(socket));
    const life = gracefulShutdown(server, { ...TIMES, ...options });
    open.push({ server, life });
    await new Promise<void>((done) => server.once("listening", done));
    return { server, life, port: (server.address() as AddressInfo).port, accepted };
  }

  it("says that it closes while it goes on, and only then accepts no more connections", async () => {
    const { life, port } = await serve();
    const before = await rawClient(port, get("/readyz"));
    expect(await before.until(/"ok"/)).toMatch(/^HTTP\/1.1 200 [\s\S]*no-store[\s\S]*keep-alive/);
    const report = life.shutdown();
    expect(life.state).toBe("announcing");
    const ready = await (await rawClient(port, get("/readyz"))).closed();
    expect(ready).toMatch(/^HTTP\/1.1 503 [\s\S]*Connection: close[\s\S]*"state":"shutting_down"/);
    expect(await (await rawClient(port, get("/livez"))).closed()).toContain("200 OK");
    // A connection that was there before as well.
    before.socket.write(get("/"));
    expect(await before.closed()).toMatch(/Connection: close[\s\S]*hello/);
    expect(await report).toEqual({ cutOff: 0, errors: [], exitCode: 0 });
    expect(life.state).toBe("closed");
    expect(await isRefused(port)).toBe(true);
  });

  it("answers requests that are under way, those whose head is arriving, and ends idle connections", async () => {
    const { life, port, accepted } = await serve({ announce: false }, (app) => {
      app.get("/slow", (_req, res) => void setTimeout(() => res.send("slow"), 800));
      app.post("/echo", (req, res) => void req.resume().on("end", () => res.send("echo")));
    });
    const [slow, idle, head, body] = await Promise.all([
      rawClient(port, get("/slow")),
      rawClient(port, get("/")),
      rawClient(port, "GET / HTT"),
      rawClient(port, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na"),
    ]);
    await idle.until(/hello/);
    // All four have come, and something of each.
    await vi.waitFor(() =>
      expect(accepted.filter(({ bytesRead }) => bytesRead > 0)).toHaveLength(4),
    );
    const report = life.shutdown();
    await idle.closed();
    head.socket.write("P/1.1\r\nHost: a\r\n\r\n");
    body.socket.write("b");
    expect(await head.closed()).toMatch(/Connection: close[\s\S]*hello/);
    expect(await body.closed()).toMatch(/Connection: close[\s\S]*echo/);
    expect(await slow.closed()).toMatch(/Connection: close[\s\S]*slow/);
    expect(await report).toMatchObject({ cutOff: 0, exitCode: 0 });
  });

  it("waits for no connection whose request was answered before its body came", async () => {
    const { life, port } = await serve({ announce: false, grace: "20s" }, (app) => {
      app.post("/early", (_req, res) => void res.send("early"));
    });
    const head = "POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n";
    const [whole, owing] = await Promise.all([rawClient(port, head), rawClient(port, head)]);
    await Promise.all([whole.until(/early/), owing.until(/early/)]);
    whole.socket.write("12");
    owing.socket.write("1");
    await new Promise((done) => setTimeout(done, 50));
    const report = life.shutdown();
    await Promise.all([whole.closed(), owing.closed()]);
    expect(await report).toEqual({ cutOff: 0, errors: [], exitCode: 0 });
  }, 10_000);

  it("sends a large answer to its end, which a bare close() of Node cuts off", async () => {
    const size = 30_000_000;
    const large = (app: ReturnType<typeof express>): void => {
      app.get("/large", (_req, res) => void res.send(Buffer.alloc(size)));
    };
    async function sizeAfter(
      end: (on: Awaited<ReturnType<typeof serve>>) => unknown,
    ): Promise<number> {
      const on = await serve({ announce: false }, large);
      const client = await rawClient(on.port, get("/large"));
      await client.until(/200 OK/);
      client.socket.pause();
      await new Promise((done) => setTimeout(done, 100));
      end(on);
      await new Promise((done) => setTimeout(done, 300));
      client.socket.resume();
      await client.closed();
      return client.size();
    }
    expect(await sizeAfter(({ server }) => server.close())).toBeLessThan(size);
    expect(await sizeAfter(({ life }) => life.shutdown())).toBeGreaterThan(size);
  });

  it("lets the app end what would never end, and cuts off the rest when the time is over", async () => {
    const streams = new Set<{ end(text: string): unknown }>();
    const events = (app: ReturnType<typeof express>): void => {
      app.get("/events", (_req, res) => {
        res.writeHead(200, { "Content-Type": "text/event-stream" });
        res.write("data: begun\n\n");
        streams.add(res);
      });
    };
    const kind = await serve(
      {
        announce: false,
        onDrain: () => {
          for (const stream of streams) stream.end("data: bye\n\n");
        },
      },
      events,
    );
    const ended = await rawClient(kind.port, get("/events"));
    await ended.until(/begun/);
    expect(await kind.life.shutdown()).toEqual({ cutOff: 0, errors: [], exitCode: 0 });
    expect(await ended.closed()).toContain("bye");

    const plain = await serve({ announce: false, grace: "1s" }, events);
    const cut = await rawClient(plain.port, get("/events"));
    await cut.until(/begun/);
    expect(await plain.life.shutdown()).toEqual({ cutOff: 1, errors: [], exitCode: 1 });
    await cut.closed();
  });

  it("waits for upgraded connections, which the app ends", async () => {
    const upgraded = new Set<{ end(text: string): unknown }>();
    const { life, port, server } = await serve({
      announce: false,
      onDrain: () => {
        for (const socket of upgraded) socket.end("bye");
      },
    });
    server.on("upgrade", (_req, socket) => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
      socket.on("end", () => socket.end());
      upgraded.add(socket);
    });
    const bytes = "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";
    const client = await rawClient(port, bytes);
    await client.until(/101/);
    const report = life.shutdown();
    expect(await client.closed()).toContain("bye");
    expect(await report).toEqual({ cutOff: 0, errors: [], exitCode: 0 });
  });

  it("answers a request for an upgrade as Node does, where the app has none", async () => {
    const { port, server } = await serve();
    const bytes = "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";
    await (await rawClient(port, bytes)).until(/hello/);
    const listener = vi.fn((_req: unknown, socket: { end(): unknown }) => socket.end());
    server.once("upgrade", listener);
    await (await rawClient(port, bytes)).closed();
    expect(listener).toHaveBeenCalledOnce();
    await (await rawClient(port, bytes)).until(/hello/);
  });

  it("calls the functions of the app last, each, and keeps their errors", async () => {
    const order: string[] = [];
    const onError = vi.fn(() => {
      throw new Error("broken as well");
    });
    let hasCome = false;
    const { life, port } = await serve(
      {
        announce: false,
        onError,
        onClose: [
          () => {
            order.push("throws");
            throw new Error("one");
          },
          () => new Promise(() => order.push("hangs")),
          async () => {
            order.push("rejects");
            throw new Error("two");
          },
          async () => void order.push("works"),
        ],
      },
      (app) => {
        app.get("/slow", (_req, res) => {
          hasCome = true;
          setTimeout(() => {
            order.push("request");
            res.send("slow");
          }, 300);
        });
      },
    );
    const slow = await rawClient(port, get("/slow"));
    await vi.waitFor(() => expect(hasCome).toBe(true));
    const report = await life.shutdown();
    await slow.until(/slow/);
    expect(order).toEqual(["request", "throws", "hangs", "rejects", "works"]);
    expect(report.errors.map(String)).toEqual([
      "Error: one",
      expect.stringMatching(/^Error: gracefulShutdown\.onClose\[1\] did not end within \d+ ms$/),
      "Error: two",
    ]);
    expect(report).toMatchObject({ cutOff: 0, exitCode: 1 });
    expect(onError).toHaveBeenCalledTimes(3);
  });

  it("runs once, however often it is asked to", async () => {
    const onClose = vi.fn();
    const { life } = await serve({ announce: false, onClose });
    const [one, other] = await Promise.all([life.shutdown(), life.shutdown()]);
    expect(one).toBe(other);
    expect(onClose).toHaveBeenCalledOnce();
  });

  it("shuts down a server that does not listen", async () => {
    const life = gracefulShutdown(createServer(express()), TIMES);
    expect(await life.shutdown()).toEqual({ cutOff: 0, errors: [], exitCode: 0 });
  });

  it("tells the readiness of another server", async () => {
    const admin = express();
    const readiness = readyz();
    admin.get("/readyz", readiness);
    const server = admin.listen(0, "127.0.0.1");
    await new Promise<void>((done) => server.once("listening", done));
    const { port } = server.address() as AddressInfo;
    const { life } = await serve({ readiness });
    const report = life.shutdown();
    await (await rawClient(port, get("/readyz"))).until(/^HTTP\/1.1 503 [\s\S]*shutting_down/);
    await report;
    server.closeAllConnections();
    server.close();
  });
});

describe("gracefulShutdown", () => {
  it("leaves no listener of signals behind, and shares one", () => {
    const before = process.listenerCount("SIGTERM");
    const [one, two] = [createServer(), createServer()].map((server) => gracefulShutdown(server));
    expect(process.listenerCount("SIGTERM")).toBe(before + 1);
    one?.close();
    expect(process.listenerCount("SIGTERM")).toBe(before + 1);
    two?.close();
    expect([process.listenerCount("SIGTERM"), process.listenerCount("SIGINT")]).toEqual([
      before,
      before,
    ]);
  });

  it("tells all that is wrong at once", () => {
    const server = createServer();
    const life = gracefulShutdown(server, { signals: false });
    expect(
      problemsOf(() =>
        gracefulShutdown(server, {
          announce: "20s",
          grace: "25s",
          signals: ["term", "SIGKILL", "SIGNONE"],
          readiness: undefined,
          onClose: [1],
          timeout: "5s",
        } as never),
      ),
    ).toEqual([
      expect.stringContaining("readiness must not be undefined"),
      expect.stringContaining('"timeout"'),
      "gracefulShutdown.server must be given once: it is shut down by another call already",
      expect.stringContaining(
        "gracefulShutdown.grace must be longer than announce and closeTimeout",
      ),
      expect.stringContaining(
        'signals[0] must be the name of a signal, such as "SIGTERM": write "SIGTERM"',
      ),
      expect.stringContaining("signals[1] must be a signal that a process can react to"),
      expect.stringMatching(/signals\[2\] must be the name of a signal, such as "SIGTERM"$/),
      "gracefulShutdown.onClose[0] must be a function: write onClose: [() => pool.end()]",
    ]);
    life.close();
    expect(problemsOf(() => gracefulShutdown(server, { signals: false }).close())).toEqual([]);
    expect(problemsOf(() => gracefulShutdown([]))).toHaveLength(1);
    expect(problemsOf(() => gracefulShutdown(undefined as never))).toHaveLength(1);
  });
});
