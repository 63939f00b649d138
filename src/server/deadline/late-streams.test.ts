import { once } from "node:events";
import { Agent, get } from "node:http";
import type { AddressInfo } from "node:net";
import { PassThrough, pipeline, Readable } from "node:stream";
import { text } from "node:stream/consumers";
import type { Express, RequestHandler, Response } from "express";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import { http2Request, http2Server } from "../../../test/support/http2.js";
import { requestDeadline } from "../request-deadline.js";

/** A source without end, which begins when it is told to. */
function endless(begins: Promise<unknown>): { source: Readable; ended: Promise<string> } {
  async function* parts(): AsyncGenerator<string> {
    await begins;
    for (;;) {
      yield "x".repeat(1000);
      await new Promise((done) => setImmediate(done));
    }
  }
  const source = Readable.from(parts());
  const ended = new Promise<string>((done) => source.once("close", () => done("released")));
  return { source, ended };
}

const closed = (res: Response): Promise<unknown> => once(res, "close");

describe.each(expressVersions)("streams and a deadline on Express %s", (_major, express) => {
  function appWith(handler: RequestHandler, options: object = {}): Express {
    const app = express();
    app.set("env", "test");
    app.use(requestDeadline({ timeout: "40ms", ...options }));
    app.use(handler);
    return app;
  }

  const ways: readonly [string, (source: Readable, res: Response) => void][] = [
    ["pipe", (source, res) => void source.pipe(res)],
    [
      "pipeline",
      (source, res) => {
        try {
          pipeline(source, res, () => undefined);
        } catch (error) {
          // From Node.js 24 on, it takes no response that is closed.
          expect(error).toMatchObject({ code: "ERR_STREAM_UNABLE_TO_PIPE" });
          source.destroy();
        }
      },
    ],
  ];

  it.each(ways)("a source that comes by %s after the refusal is destroyed", async (_way, send) => {
    let ended: Promise<string> | undefined;
    const app = appWith((_req, res) => {
      res.once("close", () => {
        const late = endless(Promise.resolve());
        ended = late.ended;
        send(late.source, res);
      });
    });
    await request(app).get("/").expect(503);
    expect(await ended).toBe("released");
  });

  it.each(ways)("one that came by %s before it and begins after it as well", async (_way, send) => {
    let ended: Promise<string> | undefined;
    const app = appWith((_req, res) => {
      const late = endless(closed(res));
      ended = late.ended;
      send(late.source, res);
    });
    await request(app).get("/").expect(503);
    expect(await ended).toBe("released");
  });

  it("one is destroyed as well where the app writes the refusal", async () => {
    const ended: Promise<string>[] = [];
    const app = appWith(
      (_req, res) => {
        const late = endless(closed(res));
        ended.push(late.ended);
        late.source.pipe(res);
      },
      {
        onDenied: (_error: unknown, _req: unknown, res: Response) =>
          void setTimeout(() => Readable.from(["too ", "late"]).pipe(res.status(504)), 20),
      },
    );
    await request(app).get("/").expect(504, "too late");
    expect(await Promise.all(ended)).toEqual(["released"]);
  });

  it("one is destroyed over HTTP/2", async () => {
    const ended: Promise<string>[] = [];
    const server = http2Server(
      appWith((_req, res) => {
        res.once("close", () => {
          const late = endless(Promise.resolve());
          ended.push(late.ended);
          late.source.pipe(res);
        });
      }),
    );
    try {
      expect((await http2Request(server, { ":path": "/" })).status).toBe(503);
      await expect.poll(() => ended.length).toBe(1);
      expect(await Promise.all(ended)).toEqual(["released"]);
    } finally {
      server.close();
    }
  });

  it("one that goes elsewhere too goes on there", async () => {
    const other = new PassThrough();
    const ended = once(other, "end");
    let got = "";
    other.on("data", (part) => {
      got += String(part);
    });
    const app = appWith((_req, res) => {
      res.once("close", () => {
        const source = Readable.from(["a".repeat(100_000), "b", "c"]);
        source.pipe(res);
        source.pipe(other);
      });
    });
    await request(app).get("/").expect(503);
    await ended;
    expect(got).toHaveLength(100_002);
  });

  it("the request itself is not destroyed: another one follows on its connection", async () => {
    const app = appWith((req, res) => {
      if (req.url === "/fast") res.end("fast");
      else res.once("close", () => void req.pipe(res));
    });
    const server = app.listen(0, "127.0.0.1");
    await once(server, "listening");
    const connections: unknown[] = [];
    server.on("connection", (socket) => connections.push(socket));
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ask = async (path: string): Promise<string> => {
      const { port } = server.address() as AddressInfo;
      const [answer] = await once(get({ port, path, agent }), "response");
      return `${answer.statusCode} ${await text(answer)}`;
    };
    try {
      expect(await ask("/")).toMatch(/^503/);
      await new Promise((done) => setTimeout(done, 50));
      expect(await ask("/fast")).toBe("200 fast");
      expect(connections).toHaveLength(1);
    } finally {
      agent.destroy();
      server.close();
    }
  });
});
