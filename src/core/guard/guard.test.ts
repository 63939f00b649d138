import type { ErrorRequestHandler, Express, Request, RequestHandler, Response } from "express";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import { MountingError } from "../calls/mounting-error.js";
import type { Decision } from "../decision/decision.js";
import { decisionsOf } from "../decision/decision.js";
import { readOptions } from "../options/options-reader.js";
import { HttpError, outageError } from "../refusal/http-error.js";
import { createGuard, type Guard } from "./guard.js";
import { guardMark, markGuard } from "./guard-mark.js";
import { GUARD_OPTIONS, type GuardOptions, type Mode, readGuardOptions } from "./guard-options.js";

function guardNamed(name: string, mode: Mode = "enforce"): Guard {
  return createGuard(name, "authorization", { mode, onDenied: "respond" });
}

const carelessHandler: ErrorRequestHandler = (_error, _req, _res, next) => next();

const denied = new HttpError("access_denied");

describe.each(expressVersions)("a guard on Express %s", (_major, express) => {
  let decisions: readonly Decision[] = [];

  function appWith(...handlers: readonly RequestHandler[]): Express {
    const app = express();
    app.use((req, res, next) => {
      res.on("close", () => {
        decisions = decisionsOf(req);
      });
      next();
    });
    app.use(...handlers);
    app.get("/", (_req, res) => void res.json({ reached: true }));
    return app;
  }

  it("records what it allows and goes on", async () => {
    const guard = guardNamed("one");
    const handler = guard.middleware((req, _res, next) => {
      guard.allow(req, { rule: "role(admin)" });
      next();
    });
    await request(appWith(handler)).get("/").expect(200);
    expect(decisions).toEqual([
      { guard: "one", outcome: "allow", enforced: true, code: "ok", rule: "role(admin)" },
    ]);
  });

  it("records what it refuses, with the status and the reason", async () => {
    const guard = guardNamed("one");
    const handler = guard.middleware((req, res, next) =>
      guard.refuse(denied, req, res, next, { reason: "role_missing" }),
    );
    await request(appWith(handler)).get("/").expect(403);
    expect(decisions).toEqual([
      {
        guard: "one",
        outcome: "deny",
        enforced: true,
        code: "access_denied",
        status: 403,
        reason: "role_missing",
      },
    ]);
  });

  it("records an outage as an error, not as the client's fault", async () => {
    const guard = guardNamed("one");
    const handler = guard.middleware((req, res, next) =>
      guard.refuse(outageError("keys_unavailable", undefined), req, res, next),
    );
    await request(appWith(handler)).get("/").expect(503).expect("Retry-After", "5");
    expect(decisions).toMatchObject([{ outcome: "error", status: 503, code: "keys_unavailable" }]);
  });

  it("lets everything pass in report mode and says which refusal came first", async () => {
    const [one, two, three] = [
      guardNamed("one", "report"),
      guardNamed("two", "report"),
      guardNamed("three", "report"),
    ];
    const app = appWith(
      one.middleware((req, res, next) => one.refuse(denied, req, res, next)),
      two.middleware((req, res, next) =>
        two.refuse(outageError("keys_unavailable", undefined), req, res, next),
      ),
      three.middleware((req, res, next) => three.fault(new Error("bug"), req, res, next)),
    );
    const answer = await request(app).get("/").expect(200, { reached: true });
    expect(answer.headers).not.toHaveProperty("retry-after");
    expect(answer.headers).not.toHaveProperty("cache-control");
    expect(decisions).toEqual([
      {
        guard: "one",
        outcome: "deny",
        enforced: false,
        code: "access_denied",
        status: 403,
        first: true,
      },
      {
        guard: "two",
        outcome: "error",
        enforced: false,
        code: "keys_unavailable",
        status: 503,
        follows: "one",
      },
      {
        guard: "three",
        outcome: "error",
        enforced: false,
        code: "check_unavailable",
        status: 503,
        reason: "application_error",
        follows: "one",
      },
    ]);
  });

  it("still refuses in report mode what an enforcing guard refused before", async () => {
    const enforcing = createGuard("enforcing", "authorization", {
      mode: "enforce",
      onDenied: "next",
    });
    const reporting = guardNamed("reporting", "report");
    const app = express();
    app.use(enforcing.middleware((req, res, next) => enforcing.refuse(denied, req, res, next)));
    app.use(carelessHandler);
    app.use(reporting.middleware((_req, _res, next) => next()));
    app.get("/", (_req, res) => void res.json({ reached: true }));
    await request(app).get("/").expect(403);
  });

  it.each<[string, unknown]>([
    ["an Error", new Error("bug")],
    ["undefined", undefined],
    ["null", null],
    ["route", "route"],
    ["router", "router"],
    ["a string", "password=hunter2"],
  ])("never goes on when a function of the app throws %s", async (_what, thrown) => {
    for (const handle of [
      (guard: Guard): RequestHandler =>
        guard.middleware((req, res, next) => guard.fault(thrown, req, res, next)),
      (guard: Guard): RequestHandler =>
        guard.middleware(() => {
          throw thrown;
        }),
      (guard: Guard): RequestHandler =>
        guard.middleware((req, res, next) =>
          guard.whenSettled(Promise.reject(thrown), req, res, next, () => undefined),
        ),
    ]) {
      const app = appWith(handle(guardNamed("one")));
      app.use(carelessHandler);
      app.get("/", (_req, res) => void res.json({ reached: true }));
      const answer = await request(app).get("/").expect(503).expect("Retry-After", "5");
      expect(JSON.parse(answer.text)).toEqual({
        title: "Service Unavailable",
        status: 503,
        detail: "The request cannot be checked at the moment.",
        code: "check_unavailable",
      });
      expect(decisions).toEqual([
        {
          guard: "one",
          outcome: "error",
          enforced: true,
          code: "check_unavailable",
          status: 503,
          reason: "application_error",
        },
      ]);
    }
  });

  it("answers a mistake in the setup with 500 and hands it to no error handler that could go on", async () => {
    const guard = guardNamed("one");
    const handler = guard.middleware(() => {
      throw new MountingError("one must be mounted behind the other");
    });
    const app = appWith(handler);
    app.use(carelessHandler);
    app.get("/", (_req, res) => void res.json({ reached: true }));
    const answer = await request(app).get("/").expect(500);
    expect(JSON.parse(answer.text).code).toBe("internal_error");
    expect(answer.text).not.toContain("behind");
  });

  it("tells the developer once what failed, without what was thrown if that is no Error", async () => {
    const warnings: Error[] = [];
    const note = (warning: Error): void => void warnings.push(warning);
    process.on("warning", note);
    const guard = guardNamed("one");
    const app = appWith(
      guard.middleware(() => {
        throw "password=hunter2";
      }),
    );
    await request(app).get("/").expect(503);
    await request(app).get("/").expect(503);
    process.off("warning", note);
    const ours = warnings.filter(({ message }) => message.startsWith("one could not decide"));
    expect(ours).toMatchObject([{ code: "EXPRESS_SECURE_API_CHECK_FAILED" }]);
    expect(JSON.stringify(ours)).not.toContain("hunter2");
  });

  it("goes on at once in report mode, and records what comes later", async () => {
    const guard = guardNamed("one", "report");
    let settle: (value: string) => void = () => undefined;
    const answer = new Promise<string>((resolve) => {
      settle = resolve;
    });
    let calls = 0;
    const app = appWith(
      guard.middleware((req, res, next) =>
        guard.whenSettled(answer, req, res, next, (value, ofReq, _res, go) => {
          guard.allow(ofReq, { reason: value });
          go();
        }),
      ),
      (_req, _res, next) => {
        calls += 1;
        next();
      },
    );
    await request(app).get("/").expect(200);
    settle("late");
    await new Promise((resolve) => setImmediate(resolve));
    expect(calls).toBe(1);
    expect(decisions).toMatchObject([{ outcome: "allow", enforced: false, reason: "late" }]);
  });

  it("leaves what is thrown behind it to the app's error handlers, also when it had to wait", async () => {
    const guard = guardNamed("one");
    const handlers: RequestHandler[] = [
      guard.middleware((req, _res, next) => {
        guard.allow(req);
        next();
      }),
      guard.middleware((req, res, next) =>
        guard.whenSettled(Promise.resolve(), req, res, next, (_value, ofReq, _res, go) => {
          guard.allow(ofReq);
          go();
        }),
      ),
    ];
    for (const handler of handlers) {
      const app = express();
      app.use(handler, () => {
        throw new Error("of the app");
      });
      const lookAt: ErrorRequestHandler = (error, _req, res, _next) =>
        void res.status(418).json(String(error));
      app.use(lookAt);
      await request(app).get("/").expect(418, '"Error: of the app"');
    }
  });

  it("opens nothing when a function of the app runs it for another request before it throws", async () => {
    const guard = guardNamed("one");
    const handler: RequestHandler = guard.middleware((req, _res, next) => {
      if (req.url === "/inner") {
        guard.allow(req);
        next();
        return;
      }
      handler({ url: "/inner", headers: {} } as Request, {} as Response, () => undefined);
      throw new Error("boom");
    }) as RequestHandler;
    const app = appWith(handler);
    app.use(carelessHandler);
    app.use((_req, res) => void res.json({ reached: true }));
    const { text } = await request(app).get("/").expect(503);
    expect(JSON.parse(text).code).toBe("check_unavailable");
  });

  it.each<[string, (res: Response) => void]>([
    ["has no destroy()", (res) => Object.assign(res, { destroy: undefined, setHeader: undefined })],
    [
      "has a destroy() that throws",
      (res) => Object.assign(res, { destroy: () => thrown("x"), setHeader: undefined }),
    ],
  ])("opens nothing, and ends no process, when the response %s", async (_what, spoil) => {
    const guard = guardNamed("one");
    for (const wait of [false, true]) {
      const app = express();
      app.use((_req, res, next) => {
        spoil(res);
        next();
      });
      app.use(
        guard.middleware((req, res, next) => {
          const refuse = (): void => guard.refuse(denied, req, res, next);
          if (wait) guard.whenSettled(Promise.resolve(), req, res, next, refuse);
          else refuse();
        }),
      );
      let reached = 0;
      const route: RequestHandler = () => {
        reached += 1;
      };
      app.use(route, carelessHandler, route);
      await expect(request(app).get("/")).rejects.toThrow(/aborted|hang up|ECONNRESET/);
      expect(reached).toBe(0);
    }
  });

  it("destroys the connection when not even the refusal can be written", async () => {
    const guard = guardNamed("one");
    const app = express();
    app.use((_req, res, next) => {
      res.setHeader = () => {
        throw new Error("no more headers");
      };
      next();
    });
    app.use(
      guard.middleware(() => {
        throw new Error("bug");
      }),
      carelessHandler,
      (_req: unknown, res: { end(text: string): void }) => res.end("reached"),
    );
    await expect(request(app).get("/")).rejects.toThrow("hang up");
  });
});

describe("a guard", () => {
  it("is named after its factory, takes three parameters and carries the brand that the route audit reads", () => {
    const handler = guardNamed("requireRole").middleware(() => undefined, { rule: "role(admin)" });
    expect(handler.name).toBe("requireRoleMiddleware");
    expect(handler).toHaveLength(3);
    // OpenTelemetry copies enumerable properties only.
    expect({ ...handler }).toEqual({
      expressSecureApiGuard:
        '{"guard":"requireRole","kind":"authorization","mode":"enforce","rule":"role(admin)"}',
    });
  });

  it("that is not ours can be branded, too", () => {
    const theirs = markGuard((_req, _res, next) => next(), {
      guard: "passport",
      kind: "authentication",
      mode: "enforce",
    });
    expect(theirs).toHaveProperty(
      "expressSecureApiGuard",
      '{"guard":"passport","kind":"authentication","mode":"enforce"}',
    );
  });

  it("that is a preset names its parts, for whoever reads its brand", () => {
    const part = guardNamed("requireRole", "report").middleware(() => undefined, {
      rule: "role(admin)",
    });
    const description = guardMark(part);
    expect(description).toEqual({
      guard: "requireRole",
      kind: "authorization",
      mode: "report",
      rule: "role(admin)",
    });
    const preset = createGuard("preset", "preset", { mode: "enforce", onDenied: "respond" });
    const parts = description === undefined ? [] : [description];
    expect(guardMark(preset.middleware(() => undefined, { parts }))).toEqual({
      guard: "preset",
      kind: "preset",
      mode: "enforce",
      parts: [description],
    });
  });

  it.each([
    undefined,
    7,
    "",
    "no JSON",
    "null",
    "[]",
    '{"guard":7,"mode":"report"}',
    '{"guard":"x","mode":"dry-run"}',
    '{"guard":"x","mode":"report","parts":[7]}',
    '{"guard":"x","mode":"report","parts":{}}',
  ])("is not what carries %j in place of a brand", (mark) => {
    expect(guardMark({ expressSecureApiGuard: mark })).toBeUndefined();
  });

  it("leaves nothing in the process when it is made", () => {
    const names = (): readonly PropertyKey[] => Reflect.ownKeys(globalThis);
    const before = names();
    guardNamed("madeInReportMode", "report");
    expect(names()).toEqual(before);
  });
});

describe("readGuardOptions", () => {
  function read(options: unknown): unknown {
    const reader = readOptions<GuardOptions>("factory", options, GUARD_OPTIONS);
    const result = readGuardOptions(reader);
    reader.finish();
    return result;
  }

  it("enforces and responds by default", () => {
    expect(read({})).toEqual({ mode: "enforce", onDenied: "respond" });
  });

  it("takes every documented value", () => {
    const onDenied = (): void => undefined;
    expect(read({ mode: "report", onDenied })).toEqual({ mode: "report", onDenied });
    expect(read({ onDenied: "next" })).toEqual({ mode: "enforce", onDenied: "next" });
  });

  it.each<[unknown, string]>([
    [
      { mode: "dry-run" },
      'factory.mode must be one of "enforce", "report", got "dry-run": did you mean "report"?',
    ],
    [{ mode: true }, 'factory.mode must be one of "enforce", "report", got true'],
    [
      { onDenied: "throw" },
      'factory.onDenied must be "respond", "next" or a function, got a string of 5 characters',
    ],
    [{ onDenied: null }, 'factory.onDenied must be "respond", "next" or a function, got null'],
  ])("refuses %j", (options, problem) => {
    expect(() => read(options)).toThrow(problem);
  });
});

function thrown(text: string): never {
  throw new Error(text);
}
