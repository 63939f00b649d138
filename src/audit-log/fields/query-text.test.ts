import { describe, expect, it } from "vitest";
import { isSecretParameter, queryText } from "./query-text.js";

const ALLOWED = new Set(["page", "q", "code"]);

describe("the query of a request", () => {
  it.each([
    ["/a", undefined],
    ["/a?", undefined],
    ["/a?page=2&q=shoes", "page=REDACTED&q=REDACTED"],
    ["/a?page", "page"],
    ["/a?page=", "page="],
    ["/a?page=2#x=1", "page=REDACTED"],
    ["/a?page=2&page=3", "page=REDACTED&page=REDACTED"],
    ["/a?a%5Bb%5D=1", "a%5Bb%5D=REDACTED"],
    ["/a?eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1MSJ9.x", "REDACTED"],
    ["/a?jane@example.com", "REDACTED"],
    ["/a?0123456789abcdef0123=1", "REDACTED=REDACTED"],
    ["/a?%=1", "REDACTED"],
    ["/a?&&", "&&"],
  ])("of %j is %j by its names", (target, text) => {
    expect(queryText(target, "names")).toBe(text);
  });

  it.each([
    ["/a?page=2&token=x&size=3", "page=2&token=REDACTED&size=REDACTED"],
    ["/a?q=a+b%26admin%3D1", "q=a%20b%26admin%3D1"],
    ["/a?q=Bearer+abc", "q=Bearer%20REDACTED"],
    ["/a?q=%zz", "q=REDACTED"],
    ["/a?q=%0d%0ax", "q=%0D%0Ax"],
    ["/a?q=%ED%A0%80", "q=REDACTED"],
    ["/a?Page=2", "Page=REDACTED"],
    ["/a?code=abc", "code=REDACTED"],
    ["/a?__proto__=1", "__proto__=REDACTED"],
    [`/a?q=${"%F0%9F%98%80".repeat(200)}`, `q=${"%F0%9F%98%80".repeat(128)}...`],
  ])("of %j is %j with some values", (target, text) => {
    expect(queryText(target, ALLOWED)).toBe(text);
  });

  it("is bounded, whatever is sent, and takes time in proportion", () => {
    const many = queryText(`/?${"a=1&".repeat(100)}`, ALLOWED) ?? "";
    expect(many.split("&")).toHaveLength(33);
    expect(many.endsWith("&...")).toBe(true);
    for (const query of ["&".repeat(1e6), "a".repeat(1e6), `q=${"x".repeat(1e6)}`, "=".repeat(1e6)])
      expect((queryText(`/?${query}`, ALLOWED) ?? "").length).toBeLessThan(33 * 2200);
  });

  it.each([
    "X-Amz-Signature",
    "AWSAccessKeyId",
    "Signature",
    "sig",
    "X-Goog-Signature",
    "code",
    "state",
    "access_token",
    "id_token",
    "api_key",
    "password",
    "sessionId",
  ])("never has the value of %s", (name) => {
    expect(isSecretParameter(name)).toBe(true);
    expect(queryText(`/?${name}=abc`, new Set([name]))).toBe(`${name}=REDACTED`);
  });
});
