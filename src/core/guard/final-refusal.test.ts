import { resolve as resolvePath } from "node:path";
import { Readable } from "node:stream";
import type { ErrorRequestHandler, Express, RequestHandler, Response } from "express";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import { decisionsOf } from "../decision/decision.js";
import type { OnDenied } from "../refusal/deny.js";
import { HttpError } from "../refusal/http-error.js";
import { createGuard } from "./guard.js";
import type { Middleware } from "./middleware.js";

const SECRET = "the secret";
const refusal = new HttpError("authentication_required", {
  headers: { "WWW-Authenticate": "Bearer" },
});

/** Refuses what does not say who it is. */
function guardWith(onDenied: OnDenied = "next"): Middleware {
  const guard = createGuard("testGuard", "authorization", { mode: "enforce", onDenied });
  return guard.middleware((req, res, next) => {
    if (req.headers["x-user"] === undefined) guard.refuse(refusal, req, res, next);
    else next();
  });
}

const careless: ErrorRequestHandler = (_error, _req, _res, next) => next();

const CARELESS: readonly [how: string, handler: ErrorRequestHandler][] = [
  ["next()", careless],
  ["next(null)", (_error, _req, _res, next) => next(null)],
  ['next("route")', (_error, _req, _res, next) => next("route")],
  ['next("router")', (_error, _req, _res, next) => next("router")],
  ["next() later", (_error, _req, _res, next) => void setTimeout(next, 2)],
  [
    "next() in an async function",
    async (_error, _req, _res, next) => {
      await Promise.resolve();
      next();
    },
  ],
  [
    "next() after it set status and headers",
    (_error, _req, res, next) => {
      res.status(200).set({ "Content-Type": "text/html", "Content-Length": "10", ETag: '"x"' });
      res.statusMessage = "Fine";
      next();
    },
  ],
  ["req.next()", (_error, req, _res, _next) => void req.next?.()],
  ["next() twice", (_error, _req, _res, next) => [next(), next()]],
];

const ANSWERS: readonly [how: string, handler: RequestHandler][] = [
  ["as a whole", (_req, res) => void res.json({ secret: SECRET })],
  [
    "in pieces",
    (_req, res) => {
      res.write(SECRET);
      setTimeout(() => res.end(SECRET), 1);
    },
  ],
  ["after writeHead", (_req, res) => void res.writeHead(200, { "X-Secret": SECRET }).end(SECRET)],
  ["from a stream", (_req, res) => void Readable.from([SECRET, SECRET]).pipe(res)],
  ["from a file", (_req, res) => res.sendFile(resolvePath("package.json"))],
  [
    "after a while",
    async (_req, res) => {
      await new Promise((resolve) => setTimeout(resolve, 2));
      res.end(SECRET);
    },
  ],
];

// "A refusal is final": "With onDenied: 'next', an error handler that calls next() opens the route (200 with the secret)."
describe.each(expressVersions)("a refusal is final on Express %s", (_major, express) => {
  async function expectRefusal(app: Express, path = "/secret"): Promise<void> {
    const answer = await request(app)
      .get(path)
      .expect(401)
      .expect("Content-Type", "application/problem+json")
      .expect("WWW-Authenticate", "Bearer")
      .expect("Cache-Control", "no-store");
    expect(JSON.parse(answer.text)).toEqual(refusal.toProblem());
    expect(answer.headers).not.toHaveProperty("etag");
    expect(answer.headers).not.toHaveProperty("x-secret");
    // The app is as it was for everybody else.
    await request(app).get(path).set("X-User", "ann").expect(200);
    const head = await request(app).head(path).expect(401);
    expect(head.text ?? "").toBe("");
  }

  it.each(CARELESS)("when an error handler calls %s", async (_how, handler) => {
    const app = express();
    app.use(guardWith(), handler);
    app.get("/secret", (_req, res) => void res.json({ secret: SECRET }));
    await expectRefusal(app);
  });

  it.each(ANSWERS)("when a route answers %s, and its handler never runs", async (_how, handler) => {
    const calls: string[] = [];
    const app = express();
    app.use(guardWith(), careless);
    app.get("/secret", (req, res, next) => {
      calls.push(String(req.headers["x-user"]));
      return handler(req, res, next);
    });
    await expectRefusal(app);
    expect(calls).toEqual(["ann"]);
  });

  it("when a middleware without a route answers", async () => {
    const app = express();
    app.use(guardWith(), careless);
    app.use((_req, res) => void res.send(SECRET));
    await expectRefusal(app);
  });

  it("when nothing follows", async () => {
    const app = express();
    app.use(guardWith(), (req, res, next) =>
      req.headers["x-user"] === undefined ? next() : void res.end(),
    );
    app.use(careless);
    await expectRefusal(app);
  });

  it("when guard, error handler and route are in a router", async () => {
    const app = express();
    const router = express.Router();
    router.use(guardWith(), careless);
    router.get("/", (_req, res) => void res.send(SECRET));
    app.use("/secret", router);
    app.use((_req, res) => void res.send(SECRET));
    await expectRefusal(app);
  });

  it("when the guard is in a router and the error handler outside", async () => {
    const app = express();
    const router = express.Router({ mergeParams: true });
    router.get("/", guardWith(), (_req, res) => void res.send(SECRET));
    app.use("/:place", router);
    app.use(careless);
    app.use((_req, res) => void res.send(SECRET));
    await expectRefusal(app);
  });

  it("when the error handler is one of the route's", async () => {
    const app = express();
    app.get("/secret", guardWith(), careless as never, (_req, res) => void res.send(SECRET));
    app.get("/secret", (_req, res) => void res.send(SECRET));
    await expectRefusal(app);
  });

  it.each(expressVersions)(
    "when the guard is in a mounted app of Express %s",
    async (_inner, innerExpress) => {
      const app = express();
      const inner = innerExpress();
      inner.get("/", guardWith(), (_req, res) => void res.send(SECRET));
      app.use("/secret", inner);
      app.use(careless);
      app.use((_req, res) => void res.send(SECRET));
      await expectRefusal(app);
    },
  );

  it("when a middleware around the guard swallows the error", async () => {
    const app = express();
    const guard = guardWith();
    app.use((req, res, next) => guard(req, res, () => next()));
    app.get("/secret", (_req, res) => void res.send(SECRET));
    await expectRefusal(app);
  });

  it("when an error handler starts the app again", async () => {
    const app = express();
    app.get("/secret", guardWith(), (_req, res) => void res.send(SECRET));
    app.get("/other", (_req, res) => void res.send(SECRET));
    const again: ErrorRequestHandler = (_error, req, res, next) => {
      req.url = "/other";
      app(req, res, next);
    };
    app.use(again);
    await expectRefusal(app);
  });

  it("when a function hands the error on", async () => {
    for (const reason of [undefined, new Error("another one")]) {
      const app = express();
      app.use(
        guardWith((_error, _req, _res, next) => next(reason)),
        careless,
      );
      app.get("/secret", (_req, res) => void res.send(SECRET));
      await expectRefusal(app);
    }
  });

  it("when other middlewares wrapped the methods of the response", async () => {
    const app = express();
    app.use((_req, res, next) => {
      const { end, writeHead } = res;
      // As on-headers, compression and express-session do.
      res.writeHead = function wrapped(this: Response, ...args: unknown[]) {
        res.setHeader("X-Wrapped", "1");
        return Reflect.apply(writeHead, this, args);
      } as typeof writeHead;
      res.end = function wrapped(this: Response, ...args: unknown[]) {
        setImmediate(() => Reflect.apply(end, this, args));
        return res;
      } as typeof end;
      next();
    });
    app.use(guardWith(), careless);
    app.get("/secret", (_req, res) => void res.send(SECRET));
    await expectRefusal(app);
  });

  it("and says so in a decision", async () => {
    const app = express();
    const seen: unknown[] = [];
    app.use((req, res, next) => {
      res.on("finish", () => seen.push(...decisionsOf(req)));
      next();
    });
    app.use(guardWith(), careless);
    app.get("/secret", (_req, res) => void res.send(SECRET));
    await request(app).get("/secret").expect(401);
    const denied = { guard: "testGuard", outcome: "deny", enforced: true, status: 401 };
    expect(seen).toMatchObject([denied, { ...denied, reason: "bypass_stopped" }]);
  });

  it("whose answer by an error handler is kept", async () => {
    const redirect: ErrorRequestHandler = (_error, _req, res) => void res.redirect("/login");
    const json: ErrorRequestHandler = (error, _req, res) =>
      void res.status(error.status).json({ mine: error.code });
    const late: ErrorRequestHandler = async (error, _req, res) => {
      await new Promise((resolve) => setTimeout(resolve, 2));
      res.status(error.status).write("mine, ");
      setTimeout(() => res.end("late"), 2);
    };
    const answerOf = async (...handlers: ErrorRequestHandler[]): Promise<request.Response> => {
      const app = express();
      app.use(guardWith());
      app.get("/secret", (_req, res) => void res.send(SECRET));
      // Express counts parameters: these have four, whatever they use.
      app.use(
        ...handlers.map(
          (handler): ErrorRequestHandler =>
            (e, q, s, n) =>
              handler(e, q, s, n),
        ),
      );
      return request(app).get("/secret");
    };
    expect(await answerOf(redirect)).toMatchObject({
      status: 302,
      headers: { location: "/login" },
    });
    expect(await answerOf(json)).toMatchObject({
      status: 401,
      body: { mine: "authentication_required" },
    });
    expect(await answerOf(late)).toMatchObject({ status: 401, text: "mine, late" });
    const pass: ErrorRequestHandler = (error, _req, _res, next) => next(error);
    expect(await answerOf(pass, json)).toMatchObject({ status: 401 });
    const answersAndGoesOn: ErrorRequestHandler = (_error, _req, res, next) => {
      res.redirect("/login");
      next();
    };
    expect(await answerOf(answersAndGoesOn)).toMatchObject({ status: 302 });
  });

  it("whose answer by a function is kept", async () => {
    const app = express();
    app.use(guardWith((_error, _req, res) => res.redirect("/login")));
    app.get("/secret", (_req, res) => void res.send(SECRET));
    await request(app).get("/secret").expect(302).expect("Location", "/login");
  });

  it("and other errors of the app go on as ever", async () => {
    const app = express();
    app.use(guardWith());
    app.get("/fails", () => {
      throw new Error("x");
    });
    app.use(careless);
    app.use((_req, res) => void res.send("mended"));
    await request(app).get("/fails").expect(401);
    const answer = await request(app).get("/fails").set("X-User", "ann").expect(200);
    expect(answer.text).toBe("mended");
  });
});
