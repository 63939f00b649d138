import { describe, expect, it } from "vitest";
import { ERROR_CODES, type ErrorCode } from "./error-code.js";
import { HttpError, type HttpErrorInit } from "./http-error.js";

const cycle: Record<string, unknown> = {};
cycle["itself"] = cycle;

const WRONG: readonly [what: string, init: unknown][] = [
  ["null", null],
  ["a string", "x"],
  ["a list", []],
  ["an instance of a class", new (class Init {})()],
  ["an unknown member", { message: "x" }],
  ["a status as text", { status: "409" }],
  ["an empty detail", { detail: " " }],
  ["a detail that is no text", { detail: { toString: () => "x" } }],
  ["headers that are no object", { headers: "X-A: 1" }],
  ["a Headers object", { headers: new Headers({ "X-A": "1" }) }],
  ["a number as header", { headers: { "Retry-After": 1 } }],
  ["undefined as header", { headers: { "Retry-After": undefined } }],
  ["an empty list as header", { headers: { Allow: [] } }],
  ["a list with a number as header", { headers: { Allow: ["GET", 1] } }],
  ["a line end in a header", { headers: { "X-A": "a\r\nSet-Cookie: x=1" } }],
  ["a line end in a list of a header", { headers: { "X-A": ["a", "b\n"] } }],
  ["a character that no header has", { headers: { "X-A": "€" } }],
  ["a name that no header has", { headers: { "X A": "a" } }],
  ["an empty name of a header", { headers: { "": "a" } }],
  ["the media type of the body", { headers: { "Content-Type": "text/html" } }],
  ["the length of the body", { headers: { "content-length": "1" } }],
  ["the framing of the body", { headers: { "Transfer-Encoding": "chunked" } }],
  ["how long caches keep it", { headers: { "Cache-Control": "max-age=60" } }],
  ["a type that is no URI", { type: "quota exceeded" }],
  ["a relative type", { type: "/problems/quota" }],
  ["a type that is no text", { type: new URL("https://example.com") }],
  ["members that are no object", { members: "x" }],
  ["members that are a list", { members: [1] }],
  ["members with toJSON", { members: { toJSON: () => ({ status: 200 }) } }],
  ["an inner toJSON", { members: { a: { toJSON: () => 1 } } }],
  ["a BigInt", { members: { a: 10n } }],
  ["a number that JSON lacks", { members: { a: Number.NaN } }],
  ["a function", { members: { a: [() => 1] } }],
  ["an instance in members", { members: { a: new Map() } }],
  ["a cycle", { members: cycle }],
];

describe("HttpError", () => {
  it.each(WRONG)("throws a TypeError for %s", (_what, init) => {
    const wrong = init as HttpErrorInit<"conflict">;
    expect(() => new HttpError("conflict", wrong)).toThrow(TypeError);
    expect(() => new HttpError("conflict", wrong)).toThrow(/^HttpError: /);
  });

  it("throws where it was made if a getter throws, so that no answer fails on it later", () => {
    const members = {
      get a(): number {
        throw new RangeError("password=hunter2");
      },
    };
    expect(() => new HttpError("conflict", { members })).toThrow(
      new TypeError("HttpError: members.a must be JSON data"),
    );
  });

  it("shows no value in what it throws", () => {
    const headers = { "X-A": "secret\n" };
    expect(() => new HttpError("conflict", { headers })).not.toThrow(/secret/);
  });

  it.each<[string, unknown]>([
    ["a list", ["conflict"]],
    ["an object with toString", { toString: () => "conflict" }],
    ["__proto__", "__proto__"],
    ["undefined", undefined],
  ])("takes no code from %s", (_what, code) => {
    expect(() => new HttpError(code as ErrorCode)).toThrow(
      'HttpError: unknown code: write one of ERROR_CODES, such as "not_found"',
    );
  });

  it("lets no member replace a standard one, type and requestId included", () => {
    const members = { type: "x:forged", requestId: "forged", instance: "/orders/1" };
    expect(new HttpError("conflict", { members }).toProblem()).toStrictEqual({
      title: "Conflict",
      status: 409,
      detail: ERROR_CODES.conflict.detail,
      code: "conflict",
      instance: "/orders/1",
    });
  });

  it("keeps members whose name is __proto__ as data", () => {
    const members = JSON.parse('{"__proto__":{"status":200},"a":{"__proto__":1}}');
    const text = JSON.stringify(new HttpError("conflict", { members }).toProblem());
    expect(JSON.parse(text)).toStrictEqual({
      ...JSON.parse('{"__proto__":{"status":200},"a":{"__proto__":1}}'),
      title: "Conflict",
      status: 409,
      detail: ERROR_CODES.conflict.detail,
      code: "conflict",
    });
  });

  it("copies what it gets, and what is written to it later is in no answer", () => {
    const headers = { Allow: ["GET"] };
    const members = { list: [{ a: 1 }] };
    const error = new HttpError("conflict", { headers, members });
    headers.Allow.push("PUT");
    members.list.push({ a: 2 });
    Object.assign(error, { message: "password=hunter2", status: 200, code: "forged" });
    Object.assign(error.toProblem(), { detail: "forged" });
    expect(error.headers).toEqual({ Allow: ["GET"] });
    expect(error.toProblem()).toEqual({
      title: "Conflict",
      status: 409,
      detail: ERROR_CODES.conflict.detail,
      code: "conflict",
      list: [{ a: 1 }],
    });
  });

  it("leaves out what is undefined, and a type that says nothing", () => {
    const error = new HttpError("conflict", {
      type: "about:blank",
      detail: undefined,
      headers: undefined,
      members: { a: undefined },
    });
    expect(Object.keys(error.toProblem()).sort()).toEqual(["code", "detail", "status", "title"]);
  });

  it("takes a detail of the app", () => {
    const error = new HttpError("conflict", { detail: "The order was shipped." });
    expect(error.message).toBe("The order was shipped.");
    expect(error.toProblem().detail).toBe("The order was shipped.");
  });

  it("takes nothing from a polluted Object.prototype", () => {
    const pollution = {
      headers: { "Set-Cookie": "session=evil" },
      members: { evil: true },
      type: "https://evil.example",
      detail: "evil",
      cause: new Error("evil"),
      status: 400,
    };
    Object.assign(Object.prototype, pollution);
    try {
      const error = new HttpError("validation_failed", {});
      expect(Object.hasOwn(error, "cause")).toBe(false);
      expect([error.status, Object.keys(error.headers)]).toEqual([422, []]);
      expect(Object.entries(error.toProblem())).toEqual([
        ["title", "Unprocessable Entity"],
        ["status", 422],
        ["detail", ERROR_CODES.validation_failed.detail],
        ["code", "validation_failed"],
      ]);
    } finally {
      for (const name of Object.keys(pollution)) Reflect.deleteProperty(Object.prototype, name);
    }
  });
});
