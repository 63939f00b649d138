import request from "supertest";
import { describe, expect, it } from "vitest";
import Transport from "winston-transport";
import { expressVersions } from "../../test/support/express.js";
import { createGuard } from "../core/guard/guard.js";
import { HttpError } from "../core/refusal/http-error.js";
import { errorHandler } from "../errors/index.js";
import { auditLog } from "./index.js";

const MESSAGE = Symbol.for("message");
const SECRET = "password=hunter2";

class OrderStoreError extends Error {}

function named(name: unknown): Error {
  class Odd extends Error {}
  Object.defineProperty(Odd, "name", { value: name });
  return new Odd(SECRET);
}

function fail(): never {
  throw new Error(SECRET);
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

/** A chain of prototypes that has no end. */
function endless(): object {
  return new Proxy({}, { getPrototypeOf: endless, getOwnPropertyDescriptor: () => undefined });
}

describe.each(expressVersions)("error.type on Express %s", (_major, express) => {
  async function recordOf(
    error: unknown,
    respond = errorHandler({ onError: () => undefined }),
  ): Promise<{ record: Record<string, unknown>; line: string }> {
    const lines: string[] = [];
    const sink = new Transport({
      log(info, next) {
        if (info[MESSAGE].includes("http.request.id")) lines.push(info[MESSAGE]);
        next();
      },
    });
    const app = express();
    app.use(auditLog({ sinks: [sink] }));
    app.get("/", (_req, _res, next) => next(error));
    app.use(respond);
    await request(app).get("/");
    expect(lines).toHaveLength(1);
    const [line = ""] = lines;
    return { record: JSON.parse(line), line };
  }

  it.each<[string, () => unknown, string]>([
    ["of its class", () => new OrderStoreError(SECRET), "OrderStoreError"],
    ["of a built-in class", () => new RangeError(SECRET), "RangeError"],
    ["of a plain error", () => new Error(SECRET), "Error"],
    [
      "of a class, not of its own name",
      () => Object.assign(new TypeError(SECRET), { name: SECRET }),
      "TypeError",
    ],
    [
      "not of its own constructor",
      () => Object.assign(new TypeError(SECRET), { constructor: { name: SECRET } }),
      "TypeError",
    ],
    [
      "of a class with a status",
      () => Object.assign(new OrderStoreError(SECRET), { status: 503 }),
      "OrderStoreError",
    ],
    [
      "of our own class: its code",
      () => new HttpError("service_unavailable"),
      "service_unavailable",
    ],
    ["of what inherits, if it has no name", () => named(""), "Error"],
    ["of what inherits, if the name is too long", () => named("x".repeat(1_000_000)), "Error"],
    [
      "of what inherits, if the name has control characters",
      () => named("a\u001b[2J\r\n"),
      "Error",
    ],
    ["of what inherits, if the name is a message", () => named(SECRET), "Error"],
    ["of what inherits, if the name is no text", () => named({ toString: fail }), "Error"],
    ["of an object", () => ({ message: SECRET }), "Object"],
    ["of a text", () => SECRET, "_OTHER"],
    ["of an object without a prototype", () => Object.create(null), "_OTHER"],
    [
      "of a Proxy that throws",
      () => new Proxy({}, { get: fail, getPrototypeOf: fail, getOwnPropertyDescriptor: fail }),
      "_OTHER",
    ],
    ["of a revoked Proxy", revoked, "_OTHER"],
    ["of an endless chain of prototypes", endless, "_OTHER"],
  ])("is the name %s", async (_what, make, expected) => {
    const { record, line } = await recordOf(make());
    expect(record).toMatchObject({
      "audit.outcome": "failure",
      "audit.severity": "ERROR",
      "error.type": expected,
    });
    expect(line).not.toContain("hunter2");
  });

  it("is the status for an error that the client made", async () => {
    const { record } = await recordOf(Object.assign(new OrderStoreError("x"), { status: 404 }));
    expect(record["error.type"]).toBe("404");
  });

  it("is the code of the refusal when a guard refused, whatever is answered", async () => {
    const lines: string[] = [];
    const sink = new Transport({
      log(info, next) {
        lines.push(info[MESSAGE]);
        next();
      },
    });
    const guard = createGuard("requireRole", "authorization", {
      mode: "enforce",
      onDenied: "next",
    });
    const app = express();
    app.use(auditLog({ sinks: [sink] }));
    app.use(
      guard.middleware((req, res, next) =>
        guard.refuse(new HttpError("service_unavailable"), req, res, next),
      ),
    );
    app.use(errorHandler({ onError: () => undefined }));
    await request(app).get("/").expect(503);
    expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({ "error.type": "service_unavailable" });
  });

  it("and the failure stand in the record when half of an answer was sent", async () => {
    const lines: string[] = [];
    const sink = new Transport({
      log(info, next) {
        lines.push(info[MESSAGE]);
        next();
      },
    });
    const app = express();
    app.use(auditLog({ sinks: [sink] }));
    app.get("/", (_req, res, next) => {
      res.write("half");
      next(new OrderStoreError(SECRET));
    });
    app.use(errorHandler({ onError: () => undefined }));
    await request(app)
      .get("/")
      .catch(() => undefined);
    expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({
      "audit.aborted": true,
      "audit.outcome": "failure",
      "audit.severity": "ERROR",
      "error.type": "OrderStoreError",
      "http.response.status_code": 200,
    });
  });
});
