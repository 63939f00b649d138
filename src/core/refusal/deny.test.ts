import { once } from "node:events";
import { type AddressInfo, connect } from "node:net";
import type {
  ErrorRequestHandler,
  Express,
  NextFunction,
  Request,
  RequestHandler,
  Response,
} from "express";
import request from "supertest";
import { describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import { createGuard } from "../guard/guard.js";
import { deny, type OnDenied, refusalOf } from "./deny.js";
import { HttpError } from "./http-error.js";
import { requestId } from "./problem-details.js";
import { respond } from "./respond.js";

const CHALLENGE = 'Bearer realm="api"';
const refusal = new HttpError("authentication_required", {
  headers: { "WWW-Authenticate": CHALLENGE },
});
const PROBLEM = {
  title: "Unauthorized",
  status: 401,
  detail: "The request is not authenticated.",
  code: "authentication_required",
};

/** Runs on where the timers of the code under test are fake. */
const setRealTimeout = globalThis.setTimeout;

function denyWith(onDenied?: OnDenied): RequestHandler {
  return (req, res, next) => deny(refusal, req, res, next, onDenied);
}

/** Sends a POST over a connection that the client keeps open, and returns the head of the answer. */
async function send(app: Express, rest: string): Promise<string> {
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  socket.on("error", () => undefined);
  socket.write(`POST /secret HTTP/1.1\r\nHost: localhost\r\n${rest}`);
  const [head] = await once(socket, "data");
  socket.destroy();
  server.close();
  return String(head);
}

const legacyHandler: ErrorRequestHandler = (error, _req, res, _next) => {
  res.status(500).json({ message: String(error), stack: error.stack });
};

describe.each(expressVersions)("deny on Express %s", (_major, express) => {
  function appWith(guard: RequestHandler, ...later: RequestHandler[]): Express {
    const app = express();
    app.use(guard, ...later);
    app.all("/secret", (_req, res) => void res.json({ secret: true }));
    return app;
  }

  it("responds with a problem document and the error's headers, whatever error handler the app has", async () => {
    const app = appWith(denyWith());
    app.use(legacyHandler);
    const answer = await request(app)
      .get("/secret")
      .expect(401)
      .expect("Content-Type", "application/problem+json");
    expect(JSON.parse(answer.text)).toEqual(PROBLEM);
    expect(answer.headers["www-authenticate"]).toBe(CHALLENGE);
    expect(answer.headers["cache-control"]).toBe("no-store");
  });

  it("sends the same headers and no body on HEAD", async () => {
    const answer = await request(appWith(denyWith())).head("/secret").expect(401);
    expect(answer.text ?? "").toBe("");
    expect(answer.headers["www-authenticate"]).toBe(CHALLENGE);
    expect(answer.headers["content-length"]).toBe(String(JSON.stringify(PROBLEM).length));
  });

  it("takes back what an earlier middleware promised about another body", async () => {
    const promise: RequestHandler = (_req, res, next) => {
      res.set({
        ETag: '"x"',
        "Last-Modified": "x",
        "Content-Encoding": "gzip",
        "Content-Range": "bytes 0-1/2",
        "Content-Disposition": "attachment",
        "Content-Language": "de",
        Location: "/elsewhere",
        Refresh: "0; url=/elsewhere",
        "X-Kept": "1",
      });
      next();
    };
    const answer = await request(appWith(promise, denyWith())).get("/secret").expect(401);
    for (const name of [
      ...["etag", "last-modified", "content-encoding", "content-range"],
      ...["content-disposition", "content-language", "location", "refresh"],
    ]) {
      expect(answer.headers).not.toHaveProperty(name);
    }
    expect(answer.headers["x-kept"]).toBe("1");
  });

  it("names the request id where one is known", async () => {
    const identify: RequestHandler = (req, _res, next) => {
      requestId.set(req, "0193");
      next();
    };
    const answer = await request(appWith(identify, denyWith())).get("/secret").expect(401);
    expect(JSON.parse(answer.text)).toEqual({ ...PROBLEM, requestId: "0193" });
  });

  it("sends a list of header values as several fields", async () => {
    const error = new HttpError("invalid_token", {
      headers: { "WWW-Authenticate": ["DPoP", "Bearer"] },
    });
    const answer = await request(appWith((req, res) => respond(error, req, res)))
      .get("/secret")
      .expect(401);
    expect(answer.headers["www-authenticate"]).toBe("DPoP, Bearer");
  });

  it("hands the error to the app's handlers with next, its headers already on the response", async () => {
    const app = appWith(denyWith("next"));
    app.use(
      ((error, _req, res, _next) =>
        void res.status(error.status).json({ mine: error.code })) satisfies ErrorRequestHandler,
    );
    await request(app)
      .get("/secret")
      .expect(401, { mine: "authentication_required" })
      .expect("WWW-Authenticate", CHALLENGE);
  });

  it("lets a function answer in its own format", async () => {
    const app = appWith(
      denyWith((error, _req, res) => void res.status(error.status).json({ mine: error.code })),
    );
    await request(app)
      .get("/secret")
      .expect(401, { mine: "authentication_required" })
      .expect("WWW-Authenticate", CHALLENGE);
  });

  const NEXT_CALLS: readonly [string, (next: NextFunction) => void][] = [
    ["next()", (next) => next()],
    ["next(undefined)", (next) => next(undefined)],
    ["next(null)", (next) => next(null)],
    ["next(false)", (next) => next(false)],
    ["next(0)", (next) => next(0)],
    ['next("")', (next) => next("")],
    ['next("route")', (next) => next("route")],
    ['next("router")', (next) => next("router")],
  ];
  it.each(NEXT_CALLS)("takes %s in a function for next(error)", async (_call, callNext) => {
    const app = express();
    const onDenied: OnDenied = (_error, _req, _res, next) => callNext(next);
    app.get("/secret", denyWith(onDenied), (_req, res) => void res.json({ secret: true }));
    app.get("/secret", (_req, res) => void res.json({ secret: true }));
    app.use(
      ((error, _req, res, _next) =>
        void res.status(error.status).json({ mine: error.code })) satisfies ErrorRequestHandler,
    );
    await request(app).get("/secret").expect(401, { mine: "authentication_required" });
  });

  it("hands on another error of a function, once", async () => {
    let calls = 0;
    const app = appWith(
      denyWith((_error, _req, _res, next) => {
        next(Object.assign(new Error("teapot"), { status: 418 }));
        next();
        next(new Error("again"));
      }),
    );
    app.use(((error, _req, res, _next) => {
      calls += 1;
      res.status(error.status).end();
    }) satisfies ErrorRequestHandler);
    // Where a second call of next would arrive.
    app.use(((_error, _req, _res, _next) => {
      calls += 1;
    }) satisfies ErrorRequestHandler);
    app.use(() => {
      calls += 1;
    });
    await request(app).get("/secret").expect(418);
    expect(calls).toBe(1);
  });

  const FAILURES: readonly [string, OnDenied][] = [
    [
      "throws",
      () => {
        throw new Error("password=hunter2");
      },
    ],
    [
      "throws undefined",
      () => {
        throw undefined;
      },
    ],
    ["rejects", () => Promise.reject(new Error("password=hunter2"))],
    [
      "rejects later",
      async () => {
        await new Promise((resolve) => setImmediate(resolve));
        throw new Error("password=hunter2");
      },
    ],
    [
      "throws after it set headers",
      (_error, _req, res) => {
        res.status(200).set("Content-Type", "text/html");
        throw new Error("x");
      },
    ],
  ];
  it.each(FAILURES)("sends the refusal when the function %s", async (_how, onDenied) => {
    const answer = await request(appWith(denyWith(onDenied)))
      .get("/secret")
      .expect(401);
    expect(answer.headers["content-type"]).toBe("application/problem+json");
    expect(answer.headers["www-authenticate"]).toBe(CHALLENGE);
    expect(JSON.parse(answer.text)).toEqual(PROBLEM);
  });

  it("does not answer twice when the function fails after it answered", async () => {
    const app = appWith(
      denyWith((_error, _req, res) => {
        res.status(403).json({ mine: "x".repeat(10_000_000) });
        throw new Error("x");
      }),
    );
    const answer = await request(app).get("/secret").expect(403);
    expect(answer.body.mine).toHaveLength(10_000_000);
  });

  it("does not answer twice when the function fails after it called next", async () => {
    let calls = 0;
    const app = appWith(
      denyWith((_error, _req, _res, next) => {
        next();
        throw new Error("x");
      }),
    );
    app.use(((_error, _req, res, _next) => {
      calls += 1;
      res.status(401).end("mine");
    }) satisfies ErrorRequestHandler);
    const answer = await request(app).get("/secret").expect(401);
    expect(answer.text).toBe("mine");
    expect(calls).toBe(1);
  });

  it("cuts the connection when the function fails in the middle of its answer", async () => {
    const app = appWith(
      denyWith((_error, _req, res) => {
        res.writeHead(401, { "Content-Length": 100 });
        res.write("half");
        throw new Error("x");
      }),
    );
    await expect(request(app).get("/secret")).rejects.toThrow(/aborted|hang up/);
  });

  it("sends the refusal once when the promise of the function is rejected twice", async () => {
    const app = appWith(
      denyWith((): never => {
        return { then: (_done: unknown, fail: () => void) => [fail(), fail()] } as never;
      }),
    );
    await request(app).post("/secret").send("a=b").expect(401);
  });

  it("cuts the connection when the function is rejected and the refusal cannot be written", async () => {
    // Vitest fails the run on an unhandled rejection.
    const app = appWith(
      denyWith(async (_error, _req, res) => {
        res.setHeader = (): never => {
          throw new Error("x");
        };
        throw new Error("y");
      }),
    );
    await expect(request(app).get("/secret")).rejects.toThrow(/aborted|hang up/);
  });

  it.each<[string, () => Promise<void> | void]>([
    ["returns a promise that never settles", () => new Promise(() => undefined)],
    ["returns a promise that settles without an answer", async () => undefined],
    ["returns nothing, and has begun no answer", () => undefined],
    ["returns something else, and has begun no answer", () => "answered" as never],
  ])("sends the refusal after five seconds when the function %s", async (_how, onDenied) => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      let called: () => void = () => undefined;
      const calling = new Promise<void>((resolve) => {
        called = resolve;
      });
      const answer = request(
        appWith(
          denyWith(() => {
            called();
            return onDenied();
          }),
        ),
      )
        .get("/secret")
        .then(({ status }) => status);
      await calling;
      await new Promise((resolve) => setImmediate(resolve));
      vi.advanceTimersByTime(5000);
      expect(await answer).toBe(401);
    } finally {
      vi.useRealTimers();
    }
  });

  it.each<[string, boolean, (later: (act: () => void) => void) => OnDenied]>([
    [
      "answers in a callback",
      false,
      (later) => (_error, _req, res) => later(() => res.status(418).end("mine")),
    ],
    ["calls next in a callback", false, (later) => (_e, _req, _res, next) => later(() => next())],
    [
      "answers too late",
      true,
      (later) => (_error, _req, res) => later(() => res.status(418).send("mine")),
    ],
    [
      "answers too late, piece by piece",
      true,
      (later) => (_error, _req, res) =>
        later(() => {
          res.setHeader("X-Late", "1");
          res.writeHead(418, { "X-Late": "1" });
          res.write("mine");
          res.end("mine");
        }),
    ],
    ["redirects too late", true, (later) => (_e, _req, res) => later(() => res.redirect("/login"))],
    ["calls next too late", true, (later) => (_e, _req, _res, next) => later(() => next())],
  ])("takes one answer of a function that %s", async (_how, isLate, onDenied) => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      let act: () => void = () => undefined;
      let called: () => void = () => undefined;
      const calling = new Promise<void>((resolve) => {
        called = resolve;
      });
      const later = (todo: () => void): void => {
        act = todo;
        called();
      };
      const app = appWith(denyWith(onDenied(later)));
      app.use(((_error, _req, res, _next) => {
        res.status(418).end("mine");
      }) satisfies ErrorRequestHandler);
      const answer = request(app)
        .post("/secret")
        .send("a=b")
        .then(({ status, text }) => ({ status, text }));
      await calling;
      // Vitest fails the run if what comes too late throws in a callback, or makes an error without a listener.
      if (!isLate) setImmediate(act);
      await new Promise((resolve) => setRealTimeout(resolve, 20));
      vi.advanceTimersByTime(5000);
      if (isLate) act();
      const { status, text } = await answer;
      if (isLate)
        expect({ status, problem: JSON.parse(text) }).toEqual({ status: 401, problem: PROBLEM });
      else expect({ status, text }).toEqual({ status: 418, text: "mine" });
      await new Promise((resolve) => setRealTimeout(resolve, 5));
    } finally {
      vi.useRealTimers();
    }
  });

  it.each<[string, OnDenied]>([
    ["has answered", (_error, _req, res) => void res.status(418).json({})],
    ["has called next", (_error, _req, _res, next) => next()],
    ["has redirected", (_error, _req, res) => res.redirect("/login")],
  ])("sets no timer when the function %s at once", async (_how, onDenied) => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      let timers: number | undefined;
      const guard = denyWith(onDenied);
      const app = express();
      app.use((req, res, next) => {
        const before = vi.getTimerCount();
        guard(req, res, next);
        timers = vi.getTimerCount() - before;
      });
      app.use(((_error, _req, res, _next) => {
        res.status(401).end();
      }) satisfies ErrorRequestHandler);
      await request(app).get("/secret");
      expect(timers).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it("forgets its timer when the client leaves before the function answers", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      let left: () => void = () => undefined;
      const leaving = new Promise<void>((resolve) => {
        left = resolve;
      });
      const app = appWith(
        denyWith((_error, _req, res) => {
          res.once("close", () => left());
          res.socket?.destroy();
        }),
      );
      const before = vi.getTimerCount();
      await expect(request(app).get("/secret")).rejects.toThrow(/aborted|hang up/);
      await leaving;
      await new Promise((resolve) => setImmediate(resolve));
      expect(vi.getTimerCount()).toBe(before);
    } finally {
      vi.useRealTimers();
    }
  });

  it("leaves the answer of a function whole that takes longer to send it than five seconds", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const app = appWith(
        denyWith(async (_error, _req, res) => {
          res.write("first, ");
          setImmediate(() => {
            vi.advanceTimersByTime(6000);
            res.end("then the rest");
          });
        }),
      );
      await request(app).get("/secret").expect(200, "first, then the rest");
    } finally {
      vi.useRealTimers();
    }
  });

  it("leaves an answer alone that somebody has sent to its end", async () => {
    const large = "x".repeat(5_000_000);
    const app = appWith((_req, res, next) => {
      res.end(large);
      next();
    }, denyWith());
    const { text } = await request(app).get("/secret").expect(200);
    expect(text).toHaveLength(large.length);
  });

  it("takes back what was said about the framing of another body", async () => {
    const app = appWith((_req, res, next) => {
      res.setHeader("Transfer-Encoding", "chunked");
      res.setHeader("Trailer", "Server-Timing");
      next();
    }, denyWith());
    const answer = await request(app).get("/secret").expect(401);
    expect(answer.headers).not.toHaveProperty("transfer-encoding");
    expect(answer.headers).not.toHaveProperty("trailer");
    expect(JSON.parse(answer.text)).toEqual(PROBLEM);
  });

  it("cuts the connection when an answer is already on its way", async () => {
    const app = appWith((_req, res, next) => {
      res.write("half");
      next();
    }, denyWith());
    await expect(request(app).get("/secret")).rejects.toThrow(/aborted|hang up/);
  });

  it("closes the connection instead of reading a body that nobody asked for", async () => {
    const answer = await send(
      appWith(denyWith()),
      "Content-Length: 1000000\r\n\r\nfirst bytes only",
    );
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    expect(answer).toMatch(/^connection: close\r$/im);
    const chunked = await send(appWith(denyWith()), "Transfer-Encoding: chunked\r\n\r\n5\r\nfirst");
    expect(chunked).toMatch(/^connection: close\r$/im);
  });

  it("keeps the connection when the body was read before", async () => {
    const fields = "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
    const answer = await send(appWith(express.json(), denyWith()), fields);
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    expect(answer).toMatch(/^connection: keep-alive\r$/im);
  });

  it("stays refused when the app's error handler calls next()", async () => {
    const guard = createGuard("testGuard", "authorization", { mode: "enforce", onDenied: "next" });
    const later = createGuard("laterGuard", "authorization", {
      mode: "enforce",
      onDenied: "respond",
    });
    const app = express();
    app.use(guard.middleware((req, res, next) => guard.refuse(refusal, req, res, next)));
    const careless: ErrorRequestHandler = (_error, _req, _res, next) => next();
    app.use(careless);
    app.get(
      "/secret",
      later.middleware((_req, _res, next) => next()),
      (_req, res) => void res.json({ secret: true }),
    );
    const answer = await request(app).get("/secret").expect(401);
    expect(answer.headers["www-authenticate"]).toBe(CHALLENGE);
    expect(JSON.parse(answer.text)).toEqual(PROBLEM);
  });
});

describe("deny", () => {
  it("keeps the first refusal with the request", () => {
    const req = { headers: {} } as Request;
    const next: NextFunction = () => undefined;
    const res = { setHeader: () => undefined } as unknown as Response;
    deny(refusal, req, res, next, "next");
    deny(new HttpError("access_denied"), req, res, next, "next");
    expect(refusalOf(req)).toBe(refusal);
  });
});
