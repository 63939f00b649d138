import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RequestHandler } from "express";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { routerVersions } from "../../test/support/express.js";
import { guardFor } from "../../test/support/route-audit/matrix-app.js";
import { markGuard } from "../core/guard/guard-mark.js";
import { notFound } from "../errors/index.js";
import { assertRoutesGuarded, writeBaseline } from "./assert-routes-guarded.js";
import { probeRoutes } from "./probe-routes.js";
import { UnguardedRoutesError } from "./unguarded-routes-error.js";

const answer: RequestHandler = (_req, res) => void res.send("ok");

describe.each(routerVersions)("assertRoutesGuarded on Express %s", (_version, express) => {
  const guard = guardFor();
  let folder = "";
  let file = "";

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "route-audit-"));
    file = join(folder, "baseline.json");
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  function problemsOf(act: () => unknown): readonly string[] {
    try {
      act();
    } catch (error) {
      expect(error).toBeInstanceOf(UnguardedRoutesError);
      return (error as UnguardedRoutesError).problems;
    }
    return [];
  }

  function sample() {
    const app = express();
    app.use(express.json());
    app.get("/health", answer);
    app.get("/orders/:id", guard, answer);
    app.post("/orders", answer);
    app.use("/files", express.static("docs"));
    app.use(function logRequest(_req, _res, next) {
      next();
    });
    app.use(notFound());
    return app;
  }

  it("lists everything that is open", () => {
    const act = () => assertRoutesGuarded(sample());
    expect(problemsOf(act)).toEqual([
      "GET /health is open",
      "POST /orders is open",
      "use /files serveStatic is open",
      "use / logRequest is open",
    ]);
    expect(act).toThrow("4 problems with the guards of the routes:\n  - GET /health is open\n");
    expect(act).toThrow(/\nPut a guard in front of what is open, .* allow with the reason\.$/);
  });

  it("accepts what is allowed with a reason, by pattern or by name", () => {
    const report = assertRoutesGuarded(sample(), {
      allow: {
        "GET /health": "for the load balancer",
        "/orders": "a demonstration",
        "/files/*": "public documents",
        "use / logRequest": "only writes a log",
      },
    });
    expect(report.routes).toHaveLength(3);
  });

  it("refuses an exception that covers nothing, or what is guarded", () => {
    const app = express();
    app.get("/a", guard, answer);
    expect(problemsOf(() => assertRoutesGuarded(app, { allow: { "/b": "x", "/a": "y" } }))).toEqual(
      ["allow: /b is no route of the app: take it out", "allow: /a is guarded now: take it out"],
    );
  });

  it.each<[Record<string, unknown>, string]>([
    [
      { allow: { "/a": "x", "/b": "" } },
      "assertRoutesGuarded.allow must have a reason as its value, got an empty string: this is its entry 2",
    ],
    [{ allow: { "/*": "all" } }, "must not cover every route"],
    [{ allow: { "get /a": "x" } }, "must start with an upper-case method"],
    [{ allow: { "use / <anonymous>": "x" } }, "must name a function"],
    [{ allow: ["/a"] }, "assertRoutesGuarded.allow must be an object"],
    [{ baseline: undefined }, "assertRoutesGuarded.baseline must not be undefined"],
    [{ baseline: "/no/such/file.json" }, "write it once with writeBaseline(app, path)"],
    [{ probe: Promise.resolve() }, "await it"],
    [{ update: true }, "call writeBaseline(app, path)"],
  ])("refuses the options %j", (options, message) => {
    expect(() => assertRoutesGuarded(sample(), options as never)).toThrow(message);
  });

  it("holds new routes against a baseline that can only become shorter", () => {
    writeBaseline(sample(), file, { allow: { "/files/*": "public documents" } });
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({
      version: 1,
      open: ["GET /health", "POST /orders", "use / logRequest"],
    });
    const options = { baseline: file, allow: { "/files/*": "public documents" } };
    assertRoutesGuarded(sample(), options);

    const grown = sample();
    grown.get("/new", answer);
    expect(problemsOf(() => assertRoutesGuarded(grown, options))).toEqual(["GET /new is open"]);
    expect(problemsOf(() => writeBaseline(grown, file, { allow: options.allow }))).toEqual([
      "GET /new is open",
    ]);

    const less = express();
    less.get("/health", guard, answer);
    less.use("/files", express.static("docs"));
    less.use(function logRequest(_req, _res, next) {
      next();
    });
    const why = "take it out, by hand or with writeBaseline(app, path)";
    expect(problemsOf(() => assertRoutesGuarded(less, options))).toEqual([
      `baseline: GET /health is not open any more: ${why}`,
      `baseline: POST /orders is no route of the app any more: ${why}`,
    ]);
    writeBaseline(less, file, { allow: options.allow });
    assertRoutesGuarded(less, options);
    expect(JSON.parse(readFileSync(file, "utf8")).open).toEqual(["use / logRequest"]);
  });

  it("counts what a baseline cannot tell apart", () => {
    const appOf = (count: number) => {
      const app = sample();
      for (let index = 0; index < count; index += 1) app.use((_req, _res, next) => next());
      return app;
    };
    writeBaseline(appOf(2), file);
    assertRoutesGuarded(appOf(2), { baseline: file });
    const label = "use / <anonymous>";
    expect(problemsOf(() => assertRoutesGuarded(appOf(3), { baseline: file }))).toEqual([
      `${label} is open`,
    ]);
    expect(problemsOf(() => writeBaseline(appOf(3), file))).toEqual([`${label} is open`]);
    expect(problemsOf(() => assertRoutesGuarded(appOf(1), { baseline: file }))).toEqual([
      `baseline: ${label} is named 2 times, and open once: take it out, by hand or with writeBaseline(app, path)`,
    ]);
  });

  it("reads a baseline from a file only", () => {
    const zero = join(folder, "zero.json");
    symlinkSync("/dev/zero", zero);
    for (const path of [zero, folder]) {
      expect(() => assertRoutesGuarded(sample(), { baseline: path })).toThrow(
        "must be a baseline: the file is not a regular file",
      );
    }
  });

  it.each(["nonsense", "[]", '{"version":2,"open":[]}', '{"version":1,"open":[1]}'])(
    "refuses a baseline that holds %s",
    (content) => {
      writeFileSync(file, content);
      expect(() => assertRoutesGuarded(sample(), { baseline: file })).toThrow("must be a baseline");
      expect(() => writeBaseline(sample(), file)).toThrow("writeBaseline: the file is no");
    },
  );

  it("fails for an app without routes", () => {
    expect(problemsOf(() => assertRoutesGuarded(express()))).toEqual([
      "the app has no routes: is it the one that serves, and are its routes mounted when this is called?",
    ]);
  });

  it("fails for what only the probe has found", async () => {
    const app = express();
    app.get("/leak", (_req, res) => void res.send("leak"), guard, answer);
    app.use(guard);
    app.get("/after", answer);
    assertRoutesGuarded(app);
    const probe = await probeRoutes(app);
    expect(problemsOf(() => assertRoutesGuarded(app, { probe }))).toEqual([
      "GET /leak is open: GET /leak without credentials was answered with 200 in front of its guard",
    ]);
  });

  it("fails for a pattern of a preset that covers no route", () => {
    const app = express();
    const pass: RequestHandler = (_req, _res, next) => next();
    const part = { guard: "requireRole", kind: "authorization", mode: "enforce" } as const;
    app.use(
      markGuard(pass, {
        guard: "secureApi",
        kind: "preset",
        mode: "enforce",
        parts: [
          { guard: "oauthGuard", kind: "authentication", mode: "enforce" },
          { ...part, at: ["/admin/*"] },
          { ...part, at: ["/amdin/*"] },
          { ...part, at: ["GET /users/me"] },
        ],
      }),
    );
    app.get("/admin/report", answer);
    app.get("/users/:id", answer);
    expect(problemsOf(() => assertRoutesGuarded(app))).toEqual([
      "/amdin/*: this pattern of requireRole covers no route of the app",
    ]);
  });

  it.each([undefined, {}, () => undefined])("says that %s is no app", (app) => {
    expect(() => assertRoutesGuarded(app as never)).toThrow("expected an Express app or router");
  });
});
