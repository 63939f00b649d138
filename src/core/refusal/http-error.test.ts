import { beforeAll, describe, expect, it, vi } from "vitest";
import { ERROR_CODES, type ErrorCode } from "./error-code.js";
import { HttpError, isHttpError, outageError } from "./http-error.js";

describe("HttpError", () => {
  it("carries status, code and headers, and may be shown when it is the client's fault", () => {
    const error = new HttpError("access_denied", { headers: { "X-A": "1" } });
    expect(error).toMatchObject({
      name: "HttpError",
      status: 403,
      statusCode: 403,
      code: "access_denied",
      expose: true,
    });
    expect(error.headers).toEqual({ "X-A": "1" });
    expect(Object.isFrozen(error.headers)).toBe(true);
    expect(error).toBeInstanceOf(Error);
  });

  it("is not shown when it is ours", () => {
    expect(new HttpError("internal_error").expose).toBe(false);
  });

  it("takes its text from the closed list, never from the cause", () => {
    const cause = new Error("password=hunter2");
    const error = new HttpError("invalid_token", { cause });
    expect(error.cause).toBe(cause);
    expect(error.message).toBe(ERROR_CODES.invalid_token.detail);
    expect(JSON.stringify(error.toProblem())).not.toContain("hunter2");
    expect(JSON.stringify(error)).not.toContain("hunter2");
  });

  it("has no cause when none is given", () => {
    expect(Object.hasOwn(new HttpError("invalid_token"), "cause")).toBe(false);
  });

  it("renders a problem document in which no member replaces a standard one", () => {
    const members = {
      errors: [{ in: "body" }],
      status: 200,
      code: "forged",
      title: "forged",
      detail: "forged",
    };
    expect(new HttpError("validation_failed", { members }).toProblem()).toEqual({
      title: "Unprocessable Entity",
      status: 422,
      detail: ERROR_CODES.validation_failed.detail,
      code: "validation_failed",
      errors: [{ in: "body" }],
    });
  });

  it("names a registered problem type, and nothing in place of about:blank", () => {
    const type = "https://iana.org/assignments/http-problem-types#quota-exceeded";
    expect(new HttpError("rate_limit_exceeded", { type }).toProblem()["type"]).toBe(type);
    expect(new HttpError("rate_limit_exceeded").toProblem()).not.toHaveProperty("type");
  });

  it.each(Object.entries(ERROR_CODES))(
    "takes the status and the one plain sentence of %s from the table",
    (code, { status, detail }) => {
      expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
      expect(status).toSatisfy((value: number) => value >= 400 && value <= 599);
      expect(detail).toMatch(/^[A-Z][^.]*\.$/);
      expect(new HttpError(code as ErrorCode).toProblem()).toMatchObject({ code, status, detail });
    },
  );

  it("takes another status where the table allows it", () => {
    const error = new HttpError("validation_failed", { status: 400 });
    expect([error.status, error.statusCode, error.toProblem().status]).toEqual([400, 400, 400]);
    expect(new HttpError("validation_failed", { status: undefined }).status).toBe(422);
    expect(new HttpError("request_refused", { status: 418 })).toMatchObject({ expose: true });
    expect(new HttpError("internal_error", { status: 502 })).toMatchObject({ expose: false });
  });

  it.each<[ErrorCode, number]>([
    ["access_denied", 200],
    ["access_denied", 404],
    ["validation_failed", 404],
    ["request_refused", 500],
    ["request_refused", 418.5],
    ["internal_error", 404],
    ["internal_error", Number.NaN],
  ])("gives %s no status %d", (code, status) => {
    expect(() => new HttpError(code, { status: status as never })).toThrow(TypeError);
  });

  it.each(["no_such_code", "toString", 404])("has no code %j", (code) => {
    expect(() => new HttpError(code as ErrorCode)).toThrow(
      'HttpError: unknown code: write one of ERROR_CODES, such as "not_found"',
    );
  });
});

describe("outageError", () => {
  it("is a 503 with Retry-After in whole seconds", () => {
    const error = outageError("keys_unavailable", new Error("ECONNREFUSED"));
    expect(error).toMatchObject({
      status: 503,
      code: "keys_unavailable",
      headers: { "Retry-After": "5" },
    });
    expect(outageError("keys_unavailable", undefined, 30).headers).toEqual({ "Retry-After": "30" });
  });
});

describe("isHttpError", () => {
  let other: typeof import("./http-error.js");
  beforeAll(async () => {
    vi.resetModules();
    other = await import("./http-error.js");
  });

  it("knows an error of another installed copy, which instanceof does not", () => {
    const foreign = new other.HttpError("invalid_token");
    expect(other.HttpError).not.toBe(HttpError);
    expect(foreign).not.toBeInstanceOf(HttpError);
    expect(isHttpError(foreign)).toBe(true);
    expect(other.isHttpError(new HttpError("invalid_token"))).toBe(true);
    expect(foreign.toProblem().status).toBe(401);
  });

  it.each<[string, unknown]>([
    [
      "an error of http-errors",
      Object.assign(new Error("x"), { status: 401, headers: { "X-Leak": "1" }, expose: true }),
    ],
    ["parsed JSON", JSON.parse('{"status":401,"code":"invalid_token","headers":{}}')],
    ["null", null],
    ["undefined", undefined],
    ["a string", "invalid_token"],
    ["an object that inherits from one of ours", Object.create(new HttpError("invalid_token"))],
  ])("does not know %s", (_what, value) => {
    expect(isHttpError(value)).toBe(false);
  });
});
