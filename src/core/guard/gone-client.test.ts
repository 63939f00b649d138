import { once } from "node:events";
import { connect as connectSession, createServer } from "node:http2";
import { type AddressInfo, connect } from "node:net";
import type { Request, RequestHandler, Response } from "express";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import { decisionsOf } from "../decision/decision.js";
import { createGuard } from "./guard.js";
import type { Mode } from "./guard-options.js";

function guardWith(mode: Mode, calls: string[]): RequestHandler {
  const guard = createGuard("testGuard", "limit", { mode, onDenied: "respond" });
  return guard.middleware((req, _res, next) => {
    calls.push("guard");
    guard.allow(req);
    next();
  }) as RequestHandler;
}

// "A request whose socket or HTTP/2 stream is destroyed before we look (reset at once) is dead: it runs nothing, is
// counted nowhere, and its record says so"
describe.each(expressVersions)("a client that is gone on Express %s", (_major, express) => {
  /** What ran for a request that `leave` takes away in front of the guard. */
  async function ran(mode: Mode, leave: RequestHandler): Promise<readonly string[]> {
    const calls: string[] = [];
    const app = express();
    const done = new Promise<Request>((resolve) => {
      app.use((req, _res, next) => {
        // After whatever the others do.
        setTimeout(() => resolve(req), 20);
        next();
      });
    });
    app.use(leave, guardWith(mode, calls));
    app.use((_req, res) => {
      calls.push("handler");
      res.end();
    });
    const server = app.listen(0, "127.0.0.1");
    await once(server, "listening");
    const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
    client.on("error", () => undefined);
    client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const req = await done;
    client.destroy();
    server.close();
    return [...calls, ...decisionsOf(req).map(({ outcome }) => outcome)];
  }

  const WAYS: readonly [how: string, leave: RequestHandler][] = [
    [
      "its socket was destroyed just now",
      (req, _res, next) => {
        req.socket.destroy();
        next();
      },
    ],
    [
      "its socket was closed while another middleware waited",
      (req, res, next) => {
        res.on("close", () => setImmediate(next));
        req.socket.resetAndDestroy();
      },
    ],
    [
      "its answer was destroyed",
      (_req, res, next) => {
        res.destroy();
        next();
      },
    ],
  ];
  it.each(WAYS)("is dead when %s: nothing runs and nothing is decided", async (_how, leave) => {
    expect(await ran("enforce", leave)).toEqual([]);
  });

  it.each(WAYS)("changes nothing for the handlers in report mode when %s", async (_how, leave) => {
    expect(await ran("report", leave)).toEqual(["handler"]);
  });

  it("is none while it waits", async () => {
    expect(await ran("enforce", (_req, _res, next) => next())).toEqual([
      "guard",
      "handler",
      "allow",
    ]);
  });
});

describe("a guard", () => {
  it("does nothing for an HTTP/2 stream that was destroyed, and works for one that was not", async () => {
    const calls: string[] = [];
    const guard = guardWith("enforce", calls);
    const server = createServer((req, res) => {
      if (req.url === "/gone") req.stream.destroy();
      // Express is not needed for what is looked at here.
      guard(req as unknown as Request, res as unknown as Response, () => {
        calls.push("handler");
        res.end();
      });
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const session = connectSession(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const gone = session.request({ ":path": "/gone" });
    gone.on("error", () => undefined);
    await once(gone, "close");
    expect(calls).toEqual([]);
    const kept = session.request({ ":path": "/" });
    await once(kept.resume(), "end");
    expect(calls).toEqual(["guard", "handler"]);
    session.close();
    server.close();
  });

  it("works where there is no connection at all, as behind a serverless adapter", () => {
    const calls: string[] = [];
    const next = (): void => void calls.push("next");
    guardWith("enforce", calls)({ headers: {} } as Request, {} as Response, next);
    expect(calls).toEqual(["guard", "next"]);
  });
});
