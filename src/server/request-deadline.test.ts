import { mkdtempSync, readFileSync } from "node:fs";
import { Agent, get, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import type { Express, Request, RequestHandler, Response } from "express";
import request from "supertest";
import { afterEach, describe, expect, it, vi } from "vitest";
import { listenToDecisions } from "../../test/support/decisions.js";
import { expressVersions } from "../../test/support/express.js";
import { http2Request, http2Server } from "../../test/support/http2.js";
import { auditLog } from "../audit-log/audit-log.js";
import { fileSink } from "../audit-log/sinks/file-sink.js";
import { authorize } from "../authorization/authorize.js";
import { authenticated } from "../authorization/rules/authenticated.js";
import type { OptionsError } from "../core/options/options-error.js";
import { errorHandler } from "../errors/error-handler.js";
import { extendDeadline } from "./extend-deadline.js";
import { getDeadlineSignal } from "./get-deadline-signal.js";
import { requestDeadline } from "./request-deadline.js";

const SOON = "40ms";
const decisions = listenToDecisions();
const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
});

async function listen(app: Express): Promise<number> {
  const server = app.listen(0, "127.0.0.1");
  servers.push(server);
  await new Promise((done) => server.once("listening", done));
  return (server.address() as AddressInfo).port;
}

/** Resolves when a handler says so. */
function gate<T = void>(): { readonly opened: Promise<T>; readonly open: (value: T) => void } {
  let open: (value: T) => void = () => undefined;
  const opened = new Promise<T>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

const reasons = (): readonly (string | undefined)[] => decisions.map(({ reason }) => reason);

describe.each(expressVersions)("requestDeadline on Express %s", (major, express) => {
  function appWith(handler: RequestHandler, options: object = {}): Express {
    const app = express();
    app.set("env", "test");
    app.use(requestDeadline({ timeout: SOON, ...options }));
    app.all("/{*any}".replace("{*any}", major === "4" ? "*" : "{*any}"), handler);
    return app;
  }

  it("answers 503 deadline_exceeded without Retry-After when no answer has begun in time", async () => {
    const answer = await request(appWith(() => undefined))
      .get("/slow")
      .expect(503);
    expect(answer.body).toMatchObject({ code: "deadline_exceeded", status: 503 });
    expect(answer.headers["content-type"]).toBe("application/problem+json");
    expect(answer.headers["retry-after"]).toBeUndefined();
    expect(decisions).toMatchObject([
      {
        guard: "requestDeadline",
        outcome: "error",
        enforced: true,
        code: "deadline_exceeded",
        reason: "no_answer",
        rule: "timeout(40ms)",
        status: 503,
      },
    ]);
  });

  it("leaves an answer in time alone", async () => {
    const answer = await request(
      appWith((_req, res) => void res.json({ done: true }), { timeout: "5s" }),
    ).get("/");
    expect(answer.body).toEqual({ done: true });
    expect(decisions).toEqual([]);
  });

  it("ignores a late answer of any kind, records it and throws nothing at the handler", async () => {
    const late = gate<unknown>();
    const app = appWith((req, res) => {
      getDeadlineSignal(req).addEventListener("abort", () => {
        setImmediate(() => {
          try {
            res.set("X-Late", "1").cookie("late", "1").status(200).json({ late: true });
            res.writeHead(200, { "X-Late": "1" });
            res.write("late");
            res.end("late");
            res.redirect("/");
            res.send("late");
            late.open(undefined);
          } catch (error) {
            late.open(error);
          }
        });
      });
    });
    const answer = await request(app).get("/").expect(503);
    expect(await late.opened).toBeUndefined();
    expect(answer.headers["x-late"]).toBeUndefined();
    expect(reasons()).toEqual(["no_answer", "answered_late"]);
  });

  it("aborts the signal with a TimeoutError, also one that is asked for afterwards", async () => {
    const reason = gate<unknown>();
    const app = appWith((req) => {
      const signal = getDeadlineSignal(req);
      expect(getDeadlineSignal(req)).toBe(signal);
      signal.addEventListener("abort", () => reason.open(signal.reason));
    });
    await request(app).get("/").expect(503);
    expect(await reason.opened).toMatchObject({ name: "TimeoutError" });

    const later = gate<AbortSignal>();
    const silent = appWith((req) => {
      const asked = setInterval(() => {
        if (!decisions.some(({ code }) => code === "deadline_exceeded")) return;
        clearInterval(asked);
        later.open(getDeadlineSignal(req));
      }, 5);
    });
    await request(silent).get("/").expect(503);
    expect((await later.opened).reason).toMatchObject({ name: "TimeoutError" });
  });

  it("aborts the signal with an AbortError when the client leaves", async () => {
    const begun = gate();
    const reason = gate<unknown>();
    const app = appWith(
      (req) => {
        const signal = getDeadlineSignal(req);
        signal.addEventListener("abort", () => reason.open(signal.reason));
        begun.open();
      },
      { timeout: "1h" },
    );
    const client = get({ port: await listen(app), host: "127.0.0.1", path: "/" });
    client.on("error", () => undefined);
    await begun.opened;
    client.destroy();
    expect(await reason.opened).toMatchObject({ name: "AbortError" });
    expect(decisions).toEqual([]);
  });

  it("aborts the signals of pipelined requests when their connection closes", async () => {
    const aborted = gate();
    let waiting = 2;
    const both = gate();
    let begun = 0;
    const app = appWith(
      (req) => {
        begun += 1;
        getDeadlineSignal(req).addEventListener("abort", () => {
          waiting -= 1;
          if (waiting === 0) aborted.open();
        });
        if (begun === 2) both.open();
      },
      { timeout: "1h" },
    );
    const socket = connect(await listen(app), "127.0.0.1");
    socket.on("error", () => undefined);
    const one = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    socket.write(one + one);
    await both.opened;
    socket.destroy();
    await aborted.opened;
  });

  it("leaves the signal alone once the answer was sent", async () => {
    const signals: AbortSignal[] = [];
    const app = appWith((req, res) => {
      signals.push(getDeadlineSignal(req));
      res.on("close", () => setImmediate(() => res.emit("checked")));
      res.end("done");
    });
    await request(app).get("/").expect(200, "done");
    await new Promise((done) => setImmediate(done));
    expect(signals[0]?.aborted).toBe(false);
  });

  it.each([
    ["Express's own", () => undefined],
    ["errorHandler()", (app: Express) => void app.use(errorHandler())],
  ] as const)(
    "keeps the connection when an error comes late, with %s error handler",
    async (_name, use) => {
      const failed = gate();
      const app = express();
      app.set("env", "test");
      app.use(requestDeadline({ timeout: "30s", routes: { "/slow": SOON } }));
      app.get("/slow", (req, _res, next) => {
        getDeadlineSignal(req).addEventListener("abort", () => {
          next(new Error("aborted"));
          failed.open();
        });
      });
      app.get("/fast", (_req, res) => void res.end("fast"));
      use(app);
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const port = await listen(app);
      const ask = (path: string): Promise<{ answer: IncomingMessage; from: unknown }> =>
        new Promise((resolve, reject) => {
          get({ port, host: "127.0.0.1", path, agent }, (answer) => {
            resolve({ answer, from: answer.socket.localPort });
          }).on("error", reject);
        });
      const slow = await ask("/slow");
      expect(slow.answer.statusCode).toBe(503);
      await text(slow.answer);
      await failed.opened;
      const fast = await ask("/fast");
      expect(await text(fast.answer)).toBe("fast");
      expect(fast.from).toBe(slow.from);
      agent.destroy();
    },
  );

  it("begins no further handler after the deadline, guards included", async () => {
    const onward = gate();
    const called: string[] = [];
    const app = express();
    app.set("env", "test");
    app.use(requestDeadline({ timeout: SOON }));
    app.use((req, _res, next) => {
      getDeadlineSignal(req).addEventListener("abort", () => {
        next();
        onward.open();
      });
    });
    app.use((_req, _res, next) => {
      called.push("handler");
      next();
    });
    app.use(authorize(authenticated()));
    await request(app).get("/").expect(503);
    await onward.opened;
    expect(called).toEqual([]);
    expect(reasons()).toEqual(["no_answer"]);
  });

  it("cuts off no answer that has begun, however long it takes", async () => {
    const app = appWith((_req, res) => {
      res.write("first ");
      setTimeout(() => res.end("last"), 120);
    });
    await request(app).get("/").expect(200, "first last");
    expect(decisions).toEqual([]);
  });

  it("cuts off an answer that writes nothing for the idle time, so that nobody takes it for whole", async () => {
    const app = appWith((_req, res) => void res.write("half"), { idle: SOON, timeout: "5s" });
    await expect(request(app).get("/")).rejects.toThrow(/aborted|hang up/);
    expect(decisions).toMatchObject([{ reason: "answer_stalled", rule: "idle(40ms)" }]);
  });

  it("lets an answer go on that keeps writing", async () => {
    const app = appWith(
      (_req, res) => {
        let left = 8;
        const timer = setInterval(() => {
          left -= 1;
          if (left > 0) res.write("x");
          else {
            clearInterval(timer);
            res.end("y");
          }
        }, 20);
      },
      { idle: "150ms", timeout: "5s" },
    );
    await request(app).get("/").expect(200, "xxxxxxxy");
  });

  it("has other timeouts by route: a longer one for the exact spelling alone, a shorter one for every spelling", async () => {
    const answer: RequestHandler = (_req, res) => {
      setTimeout(() => res.end("done"), 150);
    };
    const routes = { "GET /report": "5s", "/events": "none" };
    const app = appWith(answer, { routes });
    await request(app).get("/report").expect(200);
    await request(app).get("/events").expect(200);
    await request(app).post("/report").expect(503);
    await request(app).get("/REPORT").expect(503);
    await request(app).get("//events").expect(503);
    const shorter = appWith(answer, { timeout: "5s", routes: { "/quick": SOON } });
    await request(shorter).get("/QUICK").expect(503);
    await request(shorter).get("/other").expect(200);
  });

  it("counts from extendDeadline() on, and tells whether there was still time", async () => {
    const told: boolean[] = [];
    const app = appWith((req, res) => {
      told.push(extendDeadline(req, "5s"));
      setTimeout(() => {
        res.end("done");
        told.push(extendDeadline(req, "5s"));
      }, 120);
    });
    await request(app).get("/").expect(200, "done");
    expect(told).toEqual([true, false]);
  });

  it("takes a deadline away with none, and shortens one", async () => {
    const app = appWith((req, res) => {
      extendDeadline(req, req.path === "/long" ? "none" : "20ms");
      setTimeout(() => res.end("done"), 150);
    });
    await request(app).get("/long").expect(200);
    await request(app).get("/short").expect(503);
    expect(decisions).toMatchObject([{ rule: "timeout(20ms)" }]);
  });

  it("lets the innermost deadline count", async () => {
    const app = express();
    app.set("env", "test");
    app.use(requestDeadline({ timeout: SOON }));
    app.get("/long", requestDeadline({ timeout: "5s" }), (_req, res) => {
      setTimeout(() => res.end("done"), 150);
    });
    await request(app).get("/long").expect(200);
  });

  it("records in report mode what it would refuse, and changes nothing", async () => {
    const signals: AbortSignal[] = [];
    const app = appWith(
      (req, res) => {
        signals.push(getDeadlineSignal(req));
        setTimeout(() => res.end("done"), 150);
      },
      { mode: "report" },
    );
    await request(app).get("/").expect(200, "done");
    expect(signals[0]?.aborted).toBe(false);
    expect(decisions).toMatchObject([
      { enforced: false, code: "deadline_exceeded", reason: "no_answer", first: true, status: 503 },
    ]);
  });

  it("enforces beside one that reports", async () => {
    const app = express();
    app.use(requestDeadline({ timeout: SOON }));
    app.use(requestDeadline({ timeout: "10ms", mode: "report" }));
    app.use(() => undefined);
    await request(app).get("/").expect(503);
    expect(decisions.map(({ enforced }) => enforced)).toEqual([false, true]);
  });

  it.each([
    ["next", "next"],
    [
      "a function",
      (_error: unknown, _req: Request, res: Response) => void res.status(504).send("mine"),
    ],
  ])("hands the refusal to the app with onDenied: %s", async (_name, onDenied) => {
    const app = appWith(() => undefined, { onDenied });
    app.use((error: { code: string }, _req: Request, res: Response, _next: unknown) => {
      res.status(504).send(error.code === "deadline_exceeded" ? "mine" : "other");
    });
    await request(app).get("/").expect(504, "mine");
  });

  it("answers a request whose body the handler has not read, and closes its connection", async () => {
    const answer = await request(appWith(() => undefined))
      .post("/upload")
      .send("x".repeat(100_000))
      .expect(503);
    expect(answer.headers["connection"]).toBe("close");
  });

  it("answers HEAD without a body", async () => {
    const answer = await request(appWith(() => undefined))
      .head("/")
      .expect(503);
    expect(answer.text ?? "").toBe("");
  });

  it("shows in the audit record", async () => {
    const path = join(mkdtempSync(join(tmpdir(), "deadline-")), "audit.jsonl");
    const log = auditLog({ sinks: [fileSink({ path, write: "record" })] });
    const app = express();
    app.use(log);
    app.use(requestDeadline({ timeout: SOON }));
    app.use(() => undefined);
    await request(app).get("/").expect(503);
    await log.close();
    const lines = readFileSync(path, "utf8").trim().split("\n");
    const record = JSON.parse(lines.find((line) => line.includes("deadline_exceeded")) ?? "{}");
    expect(record).toMatchObject({
      "audit.reason": "no_answer",
      "audit.severity": "ERROR",
      "event.name": "api_request",
      "http.response.status_code": 503,
    });
  });

  it("works with async handlers that wait for the signal", async () => {
    const app = appWith(async (req, _res, next) => {
      try {
        await new Promise((_resolve, reject) => {
          const signal = getDeadlineSignal(req);
          signal.addEventListener("abort", () => reject(signal.reason));
        });
      } catch (error) {
        next(error);
      }
    });
    const answer = await request(app).get("/").expect(503);
    expect(answer.body.code).toBe("deadline_exceeded");
  });

  it("records a late answer without a body, holds off who writes on and on, and calls back", async () => {
    const told = gate<unknown>();
    const app = appWith((req, res) => {
      getDeadlineSignal(req).addEventListener("abort", () => {
        res.on("close", () => {
          const wrote = res.write("x");
          res.status(204).end();
          res.end("x", (error?: Error) => told.open([wrote, error instanceof Error]));
        });
      });
    });
    await request(app).get("/").expect(503);
    expect(await told.opened).toEqual([false, true]);
    const empty = appWith((req, res) => {
      getDeadlineSignal(req).addEventListener("abort", () => void res.status(204).end());
    });
    await request(empty).get("/").expect(503);
    expect(reasons().slice(-2)).toEqual(["no_answer", "answered_late"]);
  });

  it("stands beside a requestDeadline of another copy of this library", async () => {
    vi.resetModules();
    const other = await import("./request-deadline.js");
    expect(other.requestDeadline).not.toBe(requestDeadline);
    const app = express();
    app.use(requestDeadline({ timeout: SOON }), other.requestDeadline({ timeout: "5s" }));
    app.use((req, res) => {
      setTimeout(() => res.end(String(extendDeadline(req, "5s"))), 120);
    });
    await request(app).get("/").expect(200, "true");
  });

  it("answers once where a hook of another package saves something before it ends the answer", async () => {
    const app = express();
    app.set("env", "test");
    app.use(requestDeadline({ timeout: "30s", routes: { "/slow": SOON } }));
    app.use((_req, res, next) => {
      const { end } = res;
      res.end = ((...given: readonly unknown[]) => {
        setTimeout(() => Reflect.apply(end, res, given), 60);
        return res;
      }) as Response["end"];
      next();
    });
    app.get("/slow", (_req, res) => void res.status(200).json({ late: true }));
    app.get("/fast", (_req, res) => void res.end("fast"));
    const port = await listen(app);
    const socket = connect(port, "127.0.0.1");
    const all = text(socket);
    socket.write("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    socket.write("GET /fast HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    const [slow = "", fast = ""] = (await all).split(/(?=HTTP\/1\.1 200)/);
    const [head = "", body = ""] = slow.split("\r\n\r\n");
    expect(head).toContain("HTTP/1.1 503");
    expect(JSON.parse(body)).toMatchObject({ code: "deadline_exceeded" });
    expect(fast.endsWith("fast\r\n0\r\n\r\n") || fast.endsWith("\r\n\r\nfast")).toBe(true);
  });

  it("is not said to be compressed where a hook that holds back the answer stands behind one that compresses", async () => {
    const app = express();
    app.use(requestDeadline({ timeout: SOON }));
    app.use((_req, res, next) => {
      // As compression does it.
      const { end, writeHead } = res;
      res.writeHead = ((...given: readonly unknown[]) => {
        res.setHeader("Content-Encoding", "gzip");
        res.removeHeader("Content-Length");
        return Reflect.apply(writeHead, res, given);
      }) as Response["writeHead"];
      res.end = ((part: string) => {
        res.writeHead(res.statusCode);
        return Reflect.apply(end, res, [gzipSync(part)]);
      }) as Response["end"];
      next();
    });
    app.use((_req, res, next) => {
      // As express-mung does it, whose function never says that it is done.
      res.end = (() => res) as Response["end"];
      next();
    });
    app.get("/", (_req, res) => void res.json({ held: true }));
    const answer = await request(app).get("/").expect(503);
    expect(answer.body).toMatchObject({ code: "deadline_exceeded" });
  });

  it("takes back what the handler has promised about its body, to caches as well", async () => {
    const promised = {
      Expires: new Date(Date.now() + 3_600_000).toUTCString(),
      "CDN-Cache-Control": "max-age=600",
      "Surrogate-Control": "max-age=600",
      "Content-Digest": "sha-256=:AAAA:",
      "Accept-Ranges": "bytes",
    };
    const { headers } = await request(appWith((_req, res) => void res.set(promised))).get("/");
    expect(headers["cache-control"]).toBe("no-store");
    for (const name of Object.keys(promised)) expect(headers[name.toLowerCase()]).toBeUndefined();
  });

  it("resets the stream of half an answer over HTTP/2, which would be taken for the whole", async () => {
    const app = appWith((_req, res) => void res.write("half"), { idle: SOON, timeout: "5s" });
    const server = http2Server(app);
    await expect(http2Request(server, { ":path": "/" })).rejects.toThrow(/INTERNAL_ERROR/);
    expect(reasons()).toEqual(["answer_stalled"]);
    await new Promise((done) => server.close(done));
  });

  it("ends only the stream of the request over HTTP/2", async () => {
    const app = appWith((req, res) => {
      getDeadlineSignal(req).addEventListener("abort", () => {
        setImmediate(() => res.status(200).json({ late: true }));
      });
    });
    const server = http2Server(app);
    const answer = await http2Request(server, { ":path": "/" });
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.body).code).toBe("deadline_exceeded");
    await new Promise((done) => server.close(done));
  });
});

describe("the functions for handlers", () => {
  const req = {} as Request;

  it("throw where no requestDeadline ran", () => {
    expect(() => getDeadlineSignal(req)).toThrow(/mount requestDeadline/);
    expect(() => extendDeadline(req, "1m")).toThrow(/mount requestDeadline/);
  });

  it.each([
    ["2", /a bare number has no unit/],
    ["0s", /must be "none" or a duration/],
    ["2d", /from 1ms to 1d/],
    [undefined, /got undefined/],
  ])("refuse %s as a timeout", (timeout, message) => {
    expect(() => extendDeadline(req, timeout as string)).toThrow(message);
  });

  it("tell who mounts them", () => {
    const next = () => undefined;
    const mounted = getDeadlineSignal as (...given: unknown[]) => unknown;
    expect(() => mounted(req, {}, next)).toThrow(/is no middleware/);
    const extending = extendDeadline as (...given: unknown[]) => unknown;
    expect(() => extending(req, {}, next)).toThrow(/is no middleware/);
  });
});

describe("the options of requestDeadline", () => {
  const problemsOf = (options: object): readonly string[] => {
    try {
      requestDeadline(options as never);
      return [];
    } catch (error) {
      return (error as OptionsError).problems;
    }
  };

  it.each([
    [{}, "requestDeadline.timeout must be a duration from 1ms to 1d"],
    [{ timeout: 30 }, 'got 30: a bare number has no unit, write "30ms" for milliseconds or "30s"'],
    [{ timeout: undefined }, "requestDeadline.timeout must not be undefined"],
    [{ timeout: "none" }, "requestDeadline.timeout must be a duration"],
    [{ timeout: "30s", routes: {} }, "must be an object of timeouts by their patterns"],
    [{ timeout: "30s", routes: { "/*": "none" } }, "must not cover every route"],
    [{ timeout: "30s", routes: { "/a": "never" } }, '["/a"] must be "none" or a duration'],
    [{ timeout: "30s", routes: { "get /a": "1m" } }, 'write "GET /a"'],
    [{ timeout: "30s", routes: { "/a/*": "1m", "/a/b": "2m" } }, 'must stand above "/a/*"'],
    [{ timeout: "30s", routes: { "/a/": "1s" } }, 'must not end with "/"'],
    [{ timeout: "30s", idle: "0s" }, "requestDeadline.idle must be a duration"],
    [{ timeout: "30s", respond: false }, "respond"],
  ])("refuses %o", (options, problem) => {
    expect(problemsOf(options).join("\n")).toContain(problem);
  });
});
