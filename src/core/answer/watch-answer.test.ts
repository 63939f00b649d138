import type { Express, RequestHandler, Response } from "express";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import { http2Request, http2Server } from "../../../test/support/http2.js";
import { type AnswerWatcher, watchAnswer } from "./watch-answer.js";

describe.each(expressVersions)("an answer that is watched on Express %s", (_major, express) => {
  const newApp = express as unknown as () => Express;

  function watching(seen: string[]): RequestHandler {
    const watcher: AnswerWatcher = {
      onHead(_req, res, status, fields) {
        seen.push(`head ${status}`);
        res.setHeader("X-Watched", "yes");
        return fields;
      },
      onBody(_req, part) {
        seen.push(`body ${String(part)}`);
      },
    };
    return (req, res, next) => {
      watchAnswer(req, res, watcher);
      next();
    };
  }

  const answering = (): Express => {
    const app = newApp();
    app.use((_req, res) => void res.send("ok"));
    return app;
  };

  it.each<[string, (app: Express) => void]>([
    ["of the app itself", (app) => void app.use((_req, res) => void res.send("ok"))],
    ["of an app that is mounted", (app) => void app.use("/", answering())],
    ["of an app in a router", (app) => void app.use(express.Router().use(answering()))],
    [
      "of an app in an app in a router",
      (app) => {
        const inner = newApp();
        inner.use("/", answering());
        app.use(express.Router().use(inner));
      },
    ],
    [
      "of an app in a router in a mounted app",
      (app) => {
        const inner = newApp();
        inner.use(express.Router().use(answering()));
        app.use("/", inner);
      },
    ],
    [
      "of an app that a function calls",
      (app) => {
        const inner = answering();
        app.use((req, res, next) => inner(req, res, next));
      },
    ],
  ])("is seen once: %s", async (_title, mount) => {
    const seen: string[] = [];
    const app = newApp().use(watching(seen)) as Express;
    mount(app);
    await request(app).get("/").expect(200).expect("X-Watched", "yes");
    expect(seen).toEqual(["body ok", "head 200"]);
  });

  it("is seen once over HTTP/2, also when another app of the process was watched before", async () => {
    const first: string[] = [];
    await request(newApp().use(watching(first)).use(answering()))
      .get("/")
      .expect(200);
    const seen: string[] = [];
    const app = newApp().use(watching(seen)) as Express;
    app.use((_req, res) => void res.end("ok"));
    const server = http2Server(app);
    try {
      const answer = await http2Request(server, { ":path": "/" });
      expect(answer.headers["x-watched"]).toBe("yes");
      expect(answer.body).toBe("ok");
    } finally {
      server.close();
    }
    // Node's own "end" writes by "write" there.
    expect(seen).toEqual(["body ok", "body ok", "head 200"]);
    expect(first).toHaveLength(2);
  });

  it("is seen behind methods that the app replaces, before and after", async () => {
    const order: string[] = [];
    const replace = (app: Express, name: string): void => {
      const { writeHead } = app.response;
      app.response.writeHead = function replaced(this: Response, ...given: unknown[]) {
        order.push(name);
        return Reflect.apply(writeHead, this, given) as Response;
      } as Response["writeHead"];
    };
    const app = newApp();
    replace(app, "before");
    app.use(watching(order));
    app.use((_req, res) => void res.send("ok"));
    await request(app).get("/").expect("X-Watched", "yes");
    expect(order).toEqual(["body ok", "before", "head 200"]);
    order.length = 0;
    replace(app, "after");
    await request(app).get("/").expect("X-Watched", "yes");
    expect(order).toEqual(["body ok", "after", "before", "head 200"]);
  });

  it.each(["end", "write", "writeHead"] as const)(
    "is seen once where a middleware puts `res.%s` back as it found it",
    async (name) => {
      const seen: string[] = [];
      const app = newApp();
      app.use(watching(seen));
      // As express-winston does it.
      app.use((_req, res, next) => {
        const found = res[name] as (...given: unknown[]) => unknown;
        const replaced = (...given: unknown[]): unknown => {
          Object.assign(res, { [name]: found });
          return (res[name] as typeof found)(...given);
        };
        Object.assign(res, { [name]: replaced });
        next();
      });
      app.use((_req, res) => {
        res.write("a");
        res.end("b");
      });
      const answer = await request(app).get("/").expect(200);
      expect(answer.text).toBe("ab");
      expect(answer.headers["x-watched"]).toBe("yes");
      expect(seen.filter((what) => what.startsWith("head"))).toEqual(["head 200"]);
      expect(seen).toContain("body b");
    },
  );

  it("does not concern a request that nobody watches", async () => {
    const seen: string[] = [];
    await request(newApp().use(watching(seen)).use(answering())).get("/");
    const { headers } = await request(answering()).get("/").expect(200, "ok");
    expect(headers["x-watched"]).toBeUndefined();
    expect(seen).toHaveLength(2);
  });
});
