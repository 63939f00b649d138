import type { RequestHandler } from "express";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import { handlersBehind, handlersOf, isExpress4, layersOf } from "./app-layers.js";

function handlerNamed(name: string): RequestHandler {
  return Object.defineProperty(((_req, _res, next) => next()) as RequestHandler, "name", {
    value: name,
  });
}

describe.each(expressVersions)("the layers of an app on Express %s", (major, express) => {
  it("tell the major of the app", () => {
    expect(isExpress4(express())).toBe(major === "4");
    expect(isExpress4(undefined)).toBe(false);
  });

  it("tell what stands behind a handler on its route, its router and the app, for every path", () => {
    const [wanted, onRoute, onRouter, onApp, elsewhere] = [
      "wanted",
      "onRoute",
      "onRouter",
      "onApp",
      "elsewhere",
    ].map(handlerNamed) as [
      RequestHandler,
      RequestHandler,
      RequestHandler,
      RequestHandler,
      RequestHandler,
    ];
    const router = express.Router();
    router.use(elsewhere, router);
    router.get("/", elsewhere, wanted, onRoute);
    router.get("/other", elsewhere);
    router.use("/below", elsewhere);
    router.use(onRouter);
    const app = express();
    app.use(elsewhere, router);
    app.use("/below", elsewhere);
    app.use(onApp);
    app.get("/", elsewhere);
    expect(handlersBehind(app, wanted)).toEqual([onRoute, onRouter, onApp]);
    expect(handlersBehind(app, onApp)).toEqual([]);
    expect(handlersBehind(app, handlerNamed("unknown"))).toEqual([]);
    expect(handlersBehind(undefined, wanted)).toEqual([]);
  });

  it("are those on the app itself, in their order", () => {
    const [first, second] = [handlerNamed("first"), handlerNamed("second")];
    const app = express();
    app.use(first);
    app.use("/below", second);
    app.get("/route", handlerNamed("third"));
    const handles = layersOf(app).map(({ handle }) => handle);
    expect(handles.slice(-3, -1)).toEqual([first, second]);
    expect(layersOf(app).at(-1)?.route).toBeDefined();
  });

  it("are none when nothing is mounted", () => {
    expect(layersOf(express())).toEqual([]);
  });

  it("hold the handlers of routers and routes, too, each once", () => {
    const handlers = ["app", "router", "nested", "route", "nestedRoute"].map(handlerNamed);
    const [onApp, onRouter, onNested, onRoute, onNestedRoute] = handlers as [
      RequestHandler,
      RequestHandler,
      RequestHandler,
      RequestHandler,
      RequestHandler,
    ];
    const nested = express.Router().use(onNested);
    nested.get("/", onNestedRoute);
    const router = express.Router().use(onRouter, nested);
    // Mounted in itself: looking at it must come to an end.
    router.use(router);
    const app = express();
    app.use(onApp, router, onApp);
    app.get("/route", onApp, [onRoute]);
    const found = [...handlersOf(app)];
    expect(found).toEqual(expect.arrayContaining(handlers));
    expect(found.filter((handler) => handler === onApp)).toHaveLength(1);
  });

  it("do not show what a mounted app has", () => {
    const hidden = handlerNamed("hidden");
    const app = express();
    app.use("/sub", express().use(hidden));
    expect(handlersOf(app)).not.toContain(hidden);
  });
});

describe("the layers of what is no app", () => {
  it.each([undefined, null, {}, () => undefined, { _router: { stack: [] } }])(
    "%j are none",
    (app) => {
      expect(layersOf(app)).toEqual([]);
      expect(handlersOf(app).size).toBe(0);
    },
  );
});
