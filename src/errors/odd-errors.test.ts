import { resolve as resolvePath } from "node:path";
import type { Express } from "express";
import request from "supertest";
import { afterEach, describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { HttpError } from "../core/refusal/http-error.js";
import { requestId } from "../core/refusal/problem-details.js";
import { errorHandler } from "./error-handler.js";

const BRAND = Symbol.for("express-secure-api.http-error/1");
const SECRET = "password=hunter2";

function fail(): never {
  throw new Error(SECRET);
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

/** An error that another copy of this library might have made, or somebody in its name. */
function branded(members: object): Error {
  return Object.assign(new Error(SECRET), { [BRAND]: true }, members);
}

const problem = { title: "x", status: 409, detail: "x", code: "conflict" };

/** What is answered as `internal_error`, whatever it is. */
const ODD: readonly [what: string, make: () => unknown][] = [
  [
    "a throwing status",
    () => ({
      get status(): number {
        return fail();
      },
    }),
  ],
  [
    "a throwing statusCode",
    () => ({
      get statusCode(): number {
        return fail();
      },
    }),
  ],
  [
    "a Proxy that throws",
    () => new Proxy({}, { get: fail, getOwnPropertyDescriptor: fail, getPrototypeOf: fail }),
  ],
  ["a revoked Proxy", revoked],
  ["a status that is an object", () => ({ status: { valueOf: () => 404 } })],
  ["a status as text", () => ({ status: "404" })],
  ["a status with a fraction", () => ({ status: 404.5 })],
  ["a text", () => SECRET],
  ["a symbol", () => Symbol(SECRET)],
  ["a BigInt", () => 5n],
  ["an object without prototype", () => Object.create(null)],
  ["a brand and nothing else", () => branded({})],
  ["a brand and a throwing toProblem", () => branded({ headers: {}, toProblem: fail })],
  [
    "a brand and a problem that is no object",
    () => branded({ headers: {}, toProblem: () => SECRET }),
  ],
  [
    "a brand and a status that is none",
    () => branded({ headers: {}, toProblem: () => ({ ...problem, status: 200 }) }),
  ],
  [
    "a brand and a problem that JSON lacks",
    () => branded({ headers: {}, toProblem: () => ({ ...problem, a: 1n }) }),
  ],
  [
    "a brand and a problem that is no text",
    () => branded({ headers: {}, toProblem: () => ({ ...problem, toJSON: () => undefined }) }),
  ],
  ["a Proxy around one of ours", () => new Proxy(new HttpError("conflict"), {})],
];

/** What still has a status of its own. */
const LIMPING: readonly [what: string, status: number, make: () => unknown][] = [
  [
    "a throwing type",
    400,
    () => ({
      status: 400,
      get type(): string {
        return fail();
      },
    }),
  ],
  [
    "a throwing expose",
    400,
    () => ({
      status: 400,
      get expose(): boolean {
        return fail();
      },
    }),
  ],
  [
    "throwing headers",
    405,
    () => ({
      status: 405,
      expose: true,
      headers: {
        get Allow(): string {
          return fail();
        },
      },
    }),
  ],
  ["a function with a status", 404, () => Object.assign(() => undefined, { status: 404 })],
  ["a brand without headers", 409, () => branded({ toProblem: () => problem })],
  [
    "a brand and headers that cannot be sent",
    409,
    () =>
      branded({
        toProblem: () => problem,
        headers: { "X A": "1", "X-B": "a\nb", "X-C": undefined, "Content-Length": "1" },
      }),
  ],
  [
    "a brand and throwing headers",
    409,
    () =>
      branded({
        toProblem: () => problem,
        get headers(): object {
          return {};
        },
      }),
  ],
];

const upload = (code: string): Error =>
  Object.assign(new Error(SECRET), { name: "MulterError", code });

describe.each(expressVersions)("errorHandler on Express %s", (_major, express) => {
  afterEach(() => vi.restoreAllMocks());

  function appWith(
    make: () => unknown,
    handler = errorHandler({ onError: () => undefined }),
  ): Express {
    const app = express();
    app.get("/", (_req, _res, next) => next(make()));
    app.use(handler);
    return app;
  }

  it.each(ODD)("answers %s as internal_error and never throws itself", async (_what, make) => {
    const answer = await request(appWith(make))
      .get("/")
      .expect(500)
      .expect("Content-Type", "application/problem+json");
    expect(JSON.parse(answer.text).code).toBe("internal_error");
    expect(answer.text).not.toContain("hunter2");
  });

  it.each(LIMPING)("answers an error with %s by its status %d", async (_what, status, make) => {
    const answer = await request(appWith(make))
      .get("/")
      .expect(status)
      .expect("Content-Type", "application/problem+json");
    expect(JSON.parse(answer.text).status).toBe(status);
    expect(answer.text).not.toContain("hunter2");
  });

  it("answers where a method of the response fails", async () => {
    const app = express();
    app.get("/", (_req, res, next) => {
      const { setHeader } = res;
      let failed = false;
      res.setHeader = function broken(...args) {
        if (!failed) {
          failed = true;
          fail();
        }
        return setHeader.apply(this, args);
      };
      next(new HttpError("conflict"));
    });
    app.use(errorHandler({ onError: () => undefined }));
    await request(app).get("/").expect(500).expect("Content-Type", "application/problem+json");
  });

  it.each<[string, () => unknown]>([
    ["throws", fail],
    ["rejects", () => Promise.reject(new Error(SECRET))],
    [
      "returns what throws at then",
      () => ({
        get then(): unknown {
          return fail();
        },
      }),
    ],
  ])("ignores that onError %s", async (_how, onError) => {
    const unhandled = vi.fn();
    process.on("unhandledRejection", unhandled);
    const app = appWith(() => new Error("x"), errorHandler({ onError: onError as () => void }));
    await request(app).get("/").expect(500);
    await new Promise((resolve) => setTimeout(resolve, 5));
    process.off("unhandledRejection", unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });

  it.each<[number, string, string]>([
    [405, "Allow", "GET, HEAD"],
    [416, "Content-Range", "bytes */10"],
    [503, "Retry-After", "120"],
    [401, "WWW-Authenticate", "Basic"],
  ])("honours %d with %s of http-errors", async (status, name, value) => {
    const headers = {
      [name]: value,
      "Content-Type": "text/html",
      "Set-Cookie": "a=1",
      "Content-Security-Policy": "x",
      "X-Leak": "1",
    };
    const answer = await request(
      appWith(() =>
        Object.assign(new Error("x"), {
          status,
          statusCode: status,
          expose: status < 500,
          headers,
        }),
      ),
    )
      .get("/")
      .expect(status)
      .expect(name, value)
      .expect("Content-Type", "application/problem+json");
    for (const leak of ["set-cookie", "content-security-policy", "x-leak"])
      expect(answer.headers).not.toHaveProperty(leak);
  });

  it.each<[string, unknown]>([
    ["Retry-After", Number.NaN],
    ["Retry-After", Number.POSITIVE_INFINITY],
    ["Retry-After", -1],
    ["Retry-After", 1.5],
    ["Retry-After", 1e21],
    ["Retry-After", "soon"],
    ["Retry-After", "undefined"],
    ["Retry-After", ""],
    ["Retry-After", "5 seconds"],
    ["Retry-After", "Mon, 99 Zzz 2026 99:00:00 GMT"],
    ["Retry-After", ["1", "NaN"]],
    ["Retry-After", new Date(0)],
    ["Allow", "NaN"],
    ["Allow", "GET;POST"],
    ["Allow", "[object Object]"],
    ["Allow", `GET${", ".repeat(5000)}`],
    ["Allow", "A".repeat(5000)],
    ["Content-Range", "bytes */NaN"],
    ["Content-Range", "bytes undefined-undefined/10"],
    ["Upgrade", "undefined"],
    ["WWW-Authenticate", "undefined"],
    ["WWW-Authenticate", "Basic\u00e9"],
    ["Accept", "null"],
    ["Accept", []],
  ])("leaves out %s: %j of an error, which no client could use", async (name, value) => {
    const error = { status: 503, expose: false, headers: { [name]: value, "Retry-after": "7" } };
    const answer = await request(appWith(() => Object.assign(new Error("x"), error)))
      .get("/")
      .expect(503);
    const { [name.toLowerCase()]: sent } = answer.headers;
    expect(sent).toBe(name === "Retry-After" ? "7" : undefined);
  });

  it.each<[string, unknown, string]>([
    ["Retry-After", 120, "120"],
    ["Retry-After", "0", "0"],
    ["Retry-After", "Wed, 21 Oct 2026 07:28:00 GMT", "Wed, 21 Oct 2026 07:28:00 GMT"],
    ["Allow", ["GET", "HEAD"], "GET, HEAD"],
    ["Allow", "GET ,\tM-SEARCH", "GET ,\tM-SEARCH"],
    ["Accept", "application/json;q=0.5, text/*", "application/json;q=0.5, text/*"],
    ["Content-Range", "bytes 0-4/*", "bytes 0-4/*"],
    ["WWW-Authenticate", 'Basic realm="undefined behaviour"', 'Basic realm="undefined behaviour"'],
  ])("sends %s: %j of an error", async (name, value, sent) => {
    const error = { status: 503, expose: false, headers: { [name]: value } };
    await request(appWith(() => Object.assign(new Error("x"), error)))
      .get("/")
      .expect(503)
      .expect(name, sent);
  });

  it.each<[string, string, string]>([
    ["a text of a megabyte", "a".repeat(1_000_000), "a".repeat(1000)],
    ["a character on the bound", `${"a".repeat(999)}\u{1f600}`, "a".repeat(999)],
    ["a text as long as the bound", "a".repeat(1000), "a".repeat(1000)],
    ["a half character of its own", "\ud83d", "The request is malformed."],
  ])("shows at most 1,000 characters of an exposed message: %s", async (_what, message, shown) => {
    const error = Object.assign(new Error(message), { status: 400, expose: true });
    const answer = await request(appWith(() => error))
      .get("/")
      .expect(400);
    expect(JSON.parse(answer.text).detail).toBe(shown);
  });

  it("honours the header fields of Express's own errors", async () => {
    const app = express();
    app.get("/", (_req, res, next) => res.sendFile(resolvePath("package.json"), next));
    app.use(errorHandler());
    await request(app)
      .get("/")
      .set("Range", "bytes=900000-")
      .expect(416)
      .expect("Content-Range", /^bytes \*\/\d+$/);
  });

  it("shows the message that http-errors made to be shown, and no other", async () => {
    const detailOf = async (members: object): Promise<unknown> =>
      (
        await request(
          appWith(() => Object.assign(new Error("The order was shipped."), members)),
        ).get("/")
      ).body.detail;
    expect(await detailOf({ status: 409, expose: true })).toBe("The order was shipped.");
    expect(await detailOf({ status: 409, expose: false })).toBe(
      "The request conflicts with the state of the resource.",
    );
    expect(await detailOf({ status: 409 })).toBe(
      "The request conflicts with the state of the resource.",
    );
    expect(await detailOf({ status: 503, expose: true })).toBe("The order was shipped.");
    expect(await detailOf({ status: 503, expose: false })).toBe(
      "The service is unavailable at the moment.",
    );
    expect(await detailOf({ status: 500, expose: true, type: "stream.encoding.set" })).toBe(
      "The server failed to answer the request.",
    );
    expect(await detailOf({ status: 400, expose: true, code: "Z_DATA_ERROR", errno: -3 })).toBe(
      "The request body cannot be read.",
    );
    expect(await detailOf({ status: 404, expose: true, syscall: "stat" })).toBe(
      "There is nothing at this address.",
    );
    expect(await detailOf({ status: 403, expose: true, type: "entity.verify.failed" })).toBe(
      "The request is not allowed.",
    );
  });

  it.each([
    ["JSON.parse", () => JSON.parse(SECRET)],
    ["a value of the wrong type", () => (SECRET as unknown as Map<string, string>).get("x")],
    ["URL", () => new URL(SECRET)],
    ["decodeURIComponent", () => decodeURIComponent("%hunter2")],
  ])(
    "shows no text of JavaScript itself, which can quote input, when http-errors has taken over the error: %s",
    async (_what, act) => {
      const thrown = (): unknown => {
        try {
          return act();
        } catch (error) {
          // As createError(400, error) does.
          return Object.assign(error as Error, { expose: true, status: 400, statusCode: 400 });
        }
      };
      const answer = await request(appWith(thrown)).get("/").expect(400);
      expect(answer.body.detail).toBe("The request is malformed.");
    },
  );

  it("takes expose and headers from no polluted Object.prototype", async () => {
    Object.assign(Object.prototype, { expose: true, headers: { Allow: "evil" } });
    try {
      const answer = await request(appWith(() => Object.assign(new Error(SECRET), { status: 409 })))
        .get("/")
        .expect(409);
      expect(answer.text).not.toContain("hunter2");
      expect(Object.hasOwn(answer.headers, "allow")).toBe(false);
    } finally {
      Reflect.deleteProperty(Object.prototype, "expose");
      Reflect.deleteProperty(Object.prototype, "headers");
    }
  });

  it.each([
    ["LIMIT_FILE_SIZE", 413, "body_too_large"],
    ["LIMIT_FILE_COUNT", 413, "structure_too_large"],
    ["LIMIT_UNEXPECTED_FILE", 400, "bad_request"],
    ["MISSING_FIELD_NAME", 400, "bad_request"],
    ["INVALID_FIELD_NAME", 400, "bad_request"],
    ["LIMIT_FIELD_NESTING", 400, "structure_too_deep"],
    ["LIMIT_FIELD_ARRAY_INDEX", 413, "structure_too_large"],
  ])("answers multer's %s with %d %s", async (code, status, ours) => {
    const answer = await request(appWith(() => upload(code)))
      .get("/")
      .expect(status);
    expect(answer.body.code).toBe(ours);
    expect(answer.text).not.toContain("hunter2");
  });
});

describe.each(expressVersions)(
  "errorHandler behind a parser of forms on Express %s",
  (_major, express) => {
    // busboy, which multer uses, makes plain errors of what the client did wrong.
    it.each([
      "Unexpected end of form",
      "Unexpected end of file",
      "Malformed part header",
      "Malformed content type",
      "Multipart: Boundary not found",
    ])("answers %s with 400 malformed_body, and tells onError nothing", async (message) => {
      const seen: unknown[] = [];
      const app = express();
      app.post("/", (_req, _res, next) => next(new Error(message)));
      app.use(errorHandler({ onError: (error) => void seen.push(error) }));
      const answer = await request(app).post("/").expect(400);
      expect(answer.body.code).toBe("malformed_body");
      expect(seen).toEqual([]);
    });

    it.each<[string, object]>([
      ["another class", new TypeError("Unexpected end of form")],
      ["a longer text", new Error("Unexpected end of form of the invoice")],
      ["a status of its own", Object.assign(new Error("Unexpected end of form"), { status: 502 })],
    ])("leaves an error with %s what it is", async (_what, error) => {
      const app = express();
      app.post("/", (_req, _res, next) => next(error));
      app.use(errorHandler({ onError: () => undefined }));
      const { status } = await request(app).post("/");
      expect(status).toBeGreaterThanOrEqual(500);
    });
  },
);

describe.each(expressVersions)(
  "an unhandled 5xx is never lost on Express %s",
  (_major, express) => {
    afterEach(() => vi.restoreAllMocks());

    async function printedBy(
      make: () => unknown,
      {
        env = "production",
        handler = errorHandler(),
        id,
      }: { env?: string; handler?: ReturnType<typeof errorHandler>; id?: string } = {},
    ): Promise<readonly (readonly unknown[])[]> {
      const printed = vi.spyOn(console, "error").mockImplementation(() => undefined);
      const app = express();
      app.set("env", env);
      app.get("/", (req, _res, next) => {
        if (id !== undefined) requestId.set(req, id);
        next(make());
      });
      app.use(handler);
      await request(app).get("/");
      await new Promise((resolve) => setImmediate(resolve));
      return printed.mock.calls;
    }

    it("goes to stderr, with the id of its request", async () => {
      const error = new Error("database is gone");
      expect(await printedBy(() => error)).toEqual([[error]]);
      vi.restoreAllMocks();
      expect(await printedBy(() => error, { id: "0193" })).toEqual([
        ["request %s:", "0193", error],
      ]);
    });

    it("is not printed where Express prints none: in tests", async () => {
      expect(await printedBy(() => new Error("x"), { env: "test" })).toEqual([]);
    });

    it("goes to onError instead, where there is one", async () => {
      const seen: unknown[] = [];
      const handler = errorHandler({ onError: (error) => void seen.push(error) });
      expect(await printedBy(() => new Error("x"), { handler })).toEqual([]);
      expect(seen).toHaveLength(1);
    });

    it("is not a 4xx", async () => {
      expect(await printedBy(() => new HttpError("conflict"))).toEqual([]);
    });
  },
);
