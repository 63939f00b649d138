import type { Request } from "express";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { isRefused } from "../refusal/refused.js";
import {
  coversEverything,
  opens,
  type PathPattern,
  parsePathPattern,
  reachesBelow,
  restricts,
} from "./path-pattern.js";
import { canonicalSegments } from "./paths/canonical-path.js";
import { readingsOf } from "./paths/path-readings.js";

function pattern(text: string): PathPattern {
  const parsed = parsePathPattern(text);
  if (isRefused(parsed)) throw new Error(parsed.refused);
  return parsed;
}

function suggestionOf(parsed: ReturnType<typeof parsePathPattern>): string | undefined {
  return isRefused(parsed) ? /write "([^"]*)"$/.exec(parsed.refused)?.[1] : undefined;
}

function requestFor(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  baseUrl = "",
): Request {
  return { method, path, baseUrl, headers } as unknown as Request;
}

describe("parsePathPattern", () => {
  it.each([
    ["/", undefined, [], false],
    ["/*", undefined, [], true],
    ["/orders", undefined, ["orders"], false],
    ["/orders/:id", undefined, ["orders", undefined], false],
    ["/orders/:id/*", undefined, ["orders", undefined], true],
    ["GET /health", "GET", ["health"], false],
    ["DELETE /*", "DELETE", [], true],
    ["/.well-known/security.txt", undefined, [".well-known", "security.txt"], false],
    ["/a~b_c-d@e$f,g=h&i'j!k", undefined, ["a~b_c-d@e$f,g=h&i'j!k"], false],
  ])("reads %s", (text, method, segments, below) => {
    const parsed = pattern(text);
    expect(parsed).toEqual({ text, method, segments, below });
    expect(Object.isFrozen(parsed) && Object.isFrozen(parsed.segments)).toBe(true);
  });

  it("reads an exact pattern that ends in a slash", () => {
    const parsed = { method: "GET", segments: ["docs", undefined], below: false, slash: true };
    expect(pattern("GET /docs/:id/")).toEqual({ text: "GET /docs/:id/", ...parsed });
  });

  it.each([
    ["/*", true],
    ["GET /*", true],
    ["/:any/*", true],
    ["/", false],
    ["/:any", false],
    ["/docs/*", false],
  ])("tells that %s covers every route: %s", (text, expected) => {
    expect(coversEverything(pattern(text))).toBe(expected);
  });

  it.each([
    ["", 'must start with "/": for everything write "/*"'],
    ["*", 'must start with "/": for everything write "/*"'],
    ["orders", 'must start with "/": write "/orders"'],
    ["GET orders", 'must start with "/": write "GET /orders"'],
    ["GET", 'must have a path behind the method: for everything write "GET /*"'],
    ["GET ", 'must start with "/": for everything write "GET /*"'],
    ["GET *", 'must start with "/": for everything write "GET /*"'],
    ["get /orders", 'must start with an upper-case method and one space: write "GET /orders"'],
    ["GET  /orders", 'must start with an upper-case method and one space: write "GET /orders"'],
    [" GET /orders", 'must start with an upper-case method and one space: write "GET /orders"'],
    [" /orders", 'must not have white space around the path: write "/orders"'],
    ["/orders ", 'must not have white space around the path: write "/orders"'],
    ["  ", 'must start with "/": for everything write "/*"'],
    [
      "GET,POST /orders",
      "must be one path, with one upper-case method and one space before it or none: write one pattern for each",
    ],
    [
      "/two words",
      "must be one path, with one upper-case method and one space before it or none: write one pattern for each",
    ],
    [
      "GET /orders /items",
      "must be one path, with one upper-case method and one space before it or none: write one pattern for each",
    ],
    ["PSOT /login", 'must have a method that this Node.js knows: did you mean "POST"?'],
    ["GETT /x", 'must have a method that this Node.js knows: did you mean "GET"?'],
    ["psot /login", 'must have a method that this Node.js knows: did you mean "POST"?'],
    ["QQQQQ /login", "must have a method that this Node.js knows: GET, POST and such"],
    // What is long enough to be a secret is not printed.
    ["customers", 'must start with "/": write one in front of the path'],
    [
      "get /customers",
      'must start with an upper-case method and one space: write "GET" and the path',
    ],
    ["/customers ", "must not have white space around the path: leave it out"],
    ["/orders//items", "must not have empty segments"],
    ["//", "must not have empty segments"],
    ["/orders//", "must not have empty segments"],
    ["/orders/*/", 'must have "*" only as the last segment, as in "/files/*"'],
    ["///orders", "must not have empty segments"],
    ["/*/x", 'must have "*" only as the last segment, as in "/files/*"'],
    ["/files*", 'must have "*" only as the last segment, as in "/files/*"'],
    ["/files/*name", 'must have "*" only as the last segment, as in "/files/*"'],
    ["/:id?", 'must name parameters as in "/:id", without modifiers or expressions'],
    ["/:id(\\d+)", 'must name parameters as in "/:id", without modifiers or expressions'],
    ["/:", 'must name parameters as in "/:id", without modifiers or expressions'],
    [
      "/{:id}",
      'must have literal segments of letters, digits and -._~@$,=&\'!, or parameters such as ":id"',
    ],
    [
      "/a/../b",
      'must have literal segments of letters, digits and -._~@$,=&\'!, or parameters such as ":id"',
    ],
    [
      "/a/.",
      'must have literal segments of letters, digits and -._~@$,=&\'!, or parameters such as ":id"',
    ],
    [
      "/a%20b",
      'must have literal segments of letters, digits and -._~@$,=&\'!, or parameters such as ":id"',
    ],
    [
      "/café",
      'must have literal segments of letters, digits and -._~@$,=&\'!, or parameters such as ":id"',
    ],
    [
      "/a;b",
      'must have literal segments of letters, digits and -._~@$,=&\'!, or parameters such as ":id"',
    ],
    [
      "/(a|b)",
      'must have literal segments of letters, digits and -._~@$,=&\'!, or parameters such as ":id"',
    ],
    [
      "/orders?x=1",
      'must have literal segments of letters, digits and -._~@$,=&\'!, or parameters such as ":id"',
    ],
    [
      "/files-:id",
      'must have literal segments of letters, digits and -._~@$,=&\'!, or parameters such as ":id"',
    ],
  ])("refuses %j and says how to write it", (text, problem) => {
    expect(parsePathPattern(text)).toEqual({ refused: problem });
  });

  it("suggests only spellings that it takes", () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^ {0,2}[a-zA-Z*/]{0,6} {0,2}\/?[a-z:*/]{0,8} {0,1}$/),
        (text) => {
          const suggestion = suggestionOf(parsePathPattern(text));
          if (suggestion === undefined) return;
          // A suggestion mends one thing: what is left to mend is said next, and mending comes to an end.
          let next = parsePathPattern(suggestion);
          for (let step = 0; step < 10 && isRefused(next); step += 1) {
            const further = suggestionOf(next);
            if (further === undefined) return;
            next = parsePathPattern(further);
          }
          expect(isRefused(next)).toBe(false);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe("restricts", () => {
  it.each([
    ["/admin/:id", "GET", "/admin/5", true],
    ["/admin/:id", "DELETE", "/admin/5", true],
    ["/admin/:id", "GET", "/ADMIN/5", true],
    ["/admin/:id", "GET", "/admin/5/", true],
    ["/admin/:id", "GET", "//admin//5", true],
    ["/admin/:id", "GET", "/admin/a%2Fb", true],
    ["/admin/:id", "GET", "/admin%2F5", true],
    ["/admin/:id", "GET", "/admin%2f5", true],
    ["/admin/:id", "GET", "/%61dmin/5", true],
    ["/admin/:id", "GET", "/%41DMIN/5", true],
    ["/admin/:id", "GET", "/%61dmin/%ff", true],
    ["/admin/:id", "GET", "/%61dmin/%", true],
    ["/admin/:id", "GET", "/admin\\5", true],
    ["/admin/:id", "GET", "/admin%5C5", true],
    ["/admin/:id", "GET", "/admin", false],
    ["/admin/:id", "GET", "/admin/5/6", false],
    ["/admin/:id", "GET", "/administrator/5", false],
    ["/admin/*", "GET", "/admin", true],
    ["/admin/*", "GET", "/admin/", true],
    ["/admin/*", "GET", "/Admin/a/b/c", true],
    ["/admin/*", "GET", "/admins/a", false],
    ["/admin", "GET", "/admin/5", false],
    ["/", "GET", "/", true],
    ["/", "GET", "//", true],
    ["/", "GET", "/x", false],
    ["/*", "PROPFIND", "/anything", true],
    ["GET /admin", "GET", "/admin", true],
    ["GET /admin", "HEAD", "/admin", true],
    ["HEAD /admin", "GET", "/admin", false],
    ["GET /admin", "POST", "/admin", false],
    // Over HTTP/2, which Express routes without regard to letter case.
    ["GET /admin", "get", "/admin", true],
    ["GET /admin", "Head", "/admin", true],
    ["POST /admin", "post", "/admin", true],
    ["GET /admin", "OPTIONS", "/admin", false],
    ["/admin", "OPTIONS", "/admin", true],
    // Static files and proxies decode a path, and then resolve its dot segments.
    ["/files/secret", "GET", "/files/x/../secret", true],
    ["/files/secret", "GET", "/files/./secret", true],
    ["/files/secret", "GET", "/files/x/%2e%2e/secret", true],
    ["/files/secret", "GET", "/files/x%2F..%2fsecret", true],
    ["/files/secret", "GET", "/x/../../files/secret", true],
    ["/files/secret", "GET", "/files/secret/../x", false],
    // A router divides the path of a mount as it is written, and the files behind it are decoded.
    ["/:tenant/secret", "GET", "/a%2Fb/%73ecret", true],
    ["/:tenant/secret", "GET", "/a%2Fb/x/../secret", true],
    ["/:tenant/secret", "GET", "/../secret", true],
    ["/:tenant/secret", "GET", "/a%2Fb/secret/more", false],
    ["/files/:id/edit", "GET", "/files/../edit", true],
    ["/admin", "GET", "/%2F/%2F/%2F%2F/admin", true],
    ["/files/secret", "GET", `/files${"/x%2Fy/../..".repeat(500)}/secret`, true],
    ["/files/secret", "GET", `/files${"/x%2Fy/../..".repeat(500)}/secret/more`, false],
  ])("with %s of %s %s is %s", (text, method, path, expected) => {
    expect(restricts(pattern(text), requestFor(method, path))).toBe(expected);
  });

  it("covers a request that names another method, which may replace its own behind us", () => {
    const field = { "x-http-method-override": "DELETE" };
    expect(restricts(pattern("DELETE /a"), requestFor("POST", "/a", field))).toBe(true);
    expect(restricts(pattern("DELETE /a"), requestFor("POST", "/b", field))).toBe(false);
    expect(restricts(pattern("DELETE /a"), requestFor("POST", "/a"))).toBe(false);
  });

  it("looks at the whole path, mounts included", () => {
    expect(restricts(pattern("/api/admin/:id"), requestFor("GET", "/5", {}, "/API/admin"))).toBe(
      true,
    );
    expect(restricts(pattern("/admin/:id"), requestFor("GET", "/admin/5", {}, "/api"))).toBe(false);
  });
});

describe("readingsOf", () => {
  it("divides a path once, however many patterns are held against it", () => {
    const path = `/a${"/%41".repeat(4000)}/x%2f..%2fb`;
    const first = readingsOf(path, 3);
    expect(readingsOf(path, 3)).toBe(first);
    expect(readingsOf(path, 2)).not.toBe(first);
    expect(readingsOf("/a", 3)).toEqual([["a"]]);
    expect(readingsOf(path, 3)).toEqual(first);
  });
});

describe("reachesBelow", () => {
  it.each([
    ["/login", "", true],
    ["/api/login", "/api", true],
    ["POST /API/login", "/api", true],
    ["/api", "/api", true],
    ["/api/*", "/api/v1", true],
    ["/*", "/api", true],
    ["/:tenant/login", "/acme", true],
    ["/login", "/api", false],
    ["/apis/login", "/api", false],
    ["/api", "/api/v1", false],
    ["/", "/api", false],
    ["/api/v2/*", "/api/v1", false],
  ])("of %s, mounted at %j, is %s", (text, mount, expected) => {
    expect(reachesBelow(pattern(text), mount)).toBe(expected);
  });
});

describe("opens", () => {
  it("looks once at a long path, however many patterns are held against it", () => {
    const segments = Array.from({ length: 500 }, () => "%C3%A9");
    const req = requestFor("GET", `/${segments.join("/")}`);
    const patterns = Array.from({ length: 50 }, (_, index) => pattern(`/p${index}/*`));
    const encode = vi.spyOn(globalThis, "encodeURIComponent");
    try {
      expect(patterns.some((one) => opens(one, req))).toBe(false);
      expect(encode).toHaveBeenCalledTimes(segments.length);
    } finally {
      encode.mockRestore();
    }
  });

  it.each([
    ["GET /public/:id", "GET", "/public/5", true],
    ["GET /public/:id", "HEAD", "/public/5", true],
    ["GET /public/:id", "GET", "/public/a%20b", true],
    ["/public/*", "GET", "/public", true],
    ["/public/*", "GET", "/public/a/b", true],
    ["/", "GET", "/", true],
    ["GET /public/:id", "POST", "/public/5", false],
    ["GET /public/:id", "get", "/public/5", false],
    ["/public/:id", "get", "/public/5", false],
    ["GET /public/:id", "OPTIONS", "/public/5", false],
    ["GET /public/:id", "GET", "/PUBLIC/5", false],
    ["GET /public/:id", "GET", "/public/5/", false],
    ["GET /public/:id", "GET", "//public/5", false],
    ["GET /public/:id", "GET", "/public//5", false],
    ["GET /public/:id", "GET", "/public/a%2Fb", false],
    ["GET /public/:id", "GET", "/public/a%5Cb", false],
    ["GET /public/:id", "GET", "/public/a%3Bb", false],
    ["GET /public/:id", "GET", "/public/a%00b", false],
    ["GET /public/:id", "GET", "/public/a%62", false],
    ["GET /public/:id", "GET", "/public/a%2e", false],
    ["GET /public/:id", "GET", "/public/%2e%2e", false],
    ["GET /public/:id", "GET", "/public/%", false],
    ["GET /public/:id", "GET", "/public/%ff", false],
    ["GET /public/:id", "GET", "/%70ublic/5", false],
    ["GET /public/:id", "GET", "/public/a%c3%a9", false],
    ["GET /public/:id", "GET", "/public/..", false],
    ["GET /public/:id", "GET", "/public/.", false],
    ["/public/*", "GET", "/public/../admin", false],
    ["/public/*", "GET", "/public/;/admin", false],
    ["/public/*", "GET", "/public/x;y", false],
    ["/public/*", "GET", "/public\\admin", false],
    ["/public/*", "GET", "/publicity", false],
    ["/public/*", "GET", "/public/", true],
    ["/public/*", "GET", "/public/a/", true],
    ["/public/*", "GET", "/public//", false],
    ["/public/*", "GET", "/public/a//", false],
    ["/public/*", "GET", "/public/./", false],
    ["/public", "GET", "/public/", false],
    ["/public/", "GET", "/public/", true],
    ["/public/", "GET", "/public", false],
    ["/public/", "GET", "/public//", false],
    ["/public/:id/", "GET", "/public/5/", true],
    ["/*", "GET", "/", true],
    ["/*", "GET", "//", false],
    ["/", "GET", "//", false],
    ["/*", "GET", "*", false],
    ["/*", "GET", "", false],
  ])("with %s of %s %s is %s", (text, method, path, expected) => {
    expect(opens(pattern(text), requestFor(method, path))).toBe(expected);
  });

  it.each(["x-http-method-override", "x-http-method", "x-method-override"])(
    "never with the field %s",
    (field) => {
      expect(opens(pattern("/public"), requestFor("GET", "/public"))).toBe(true);
      expect(opens(pattern("/public"), requestFor("GET", "/public", { [field]: "DELETE" }))).toBe(
        false,
      );
      expect(opens(pattern("/public"), requestFor("GET", "/public", { [field]: "" }))).toBe(false);
    },
  );

  it.each(["?_method=DELETE", "?a=1&_METHOD=delete", "?_%6dethod=DELETE", "?_method[]=DELETE"])(
    "never with %s in the query",
    (query) => {
      const req = requestFor("POST", "/public");
      for (const urls of [
        { url: `/public${query}` },
        { url: `/public${query}`, originalUrl: "/public" },
        { url: "/public", originalUrl: `/public${query}` },
      ]) {
        expect(opens(pattern("/public"), { ...req, ...urls } as Request)).toBe(false);
      }
      expect(opens(pattern("/public"), { ...req, url: "/public?method=_method" } as Request)).toBe(
        true,
      );
    },
  );

  it.each([
    ["GET /api", "/api", true],
    ["GET /api", "/api?x=/api/", true],
    ["GET /api", "/api/", false],
    ["GET /api/", "/api/", true],
    ["GET /api/", "/api", false],
    // Something rewrote the path: what the client wrote behind it cannot be told.
    ["GET /api", "/v1", false],
    ["GET /api/", "/v1/", false],
    ["GET /api/*", "/v1", true],
    ["GET /api/*", "/api", true],
    ["GET /api/*", "/api/", true],
  ])("with %s of %s, mounted at /api, is %s", (text, originalUrl, expected) => {
    const req = { ...requestFor("GET", "/", {}, "/api"), url: "/", originalUrl } as Request;
    expect(opens(pattern(text), req)).toBe(expected);
  });

  it("looks at the whole path, mounts included", () => {
    expect(opens(pattern("/api/health"), requestFor("GET", "/health", {}, "/api"))).toBe(true);
    expect(opens(pattern("/health"), requestFor("GET", "/health", {}, "/api"))).toBe(false);
    expect(opens(pattern("/api/health"), requestFor("GET", "/health", {}, "/API"))).toBe(false);
  });
});

describe("opens and restricts together", () => {
  const segment = fc.oneof(
    fc.constantFrom(
      "a",
      "A",
      "b",
      "",
      ".",
      "..",
      "%61",
      "%2F",
      "%2f",
      "a%20b",
      ";",
      "\\",
      "%",
      "%ff",
      "%5c",
    ),
    fc.string({ maxLength: 4 }),
  );
  const path = fc.array(segment, { maxLength: 4 }).map((segments) => `/${segments.join("/")}`);
  const method = fc.constantFrom("GET", "HEAD", "POST", "OPTIONS");
  const text = fc
    .tuple(
      fc.constantFrom("", "GET ", "POST "),
      fc.array(fc.constantFrom("a", "A", "b", ":id"), { maxLength: 3 }),
      fc.boolean(),
    )
    .map(([verb, segments, below]) => {
      const inner = segments.map((name) => `/${name}`).join("");
      return `${verb}${below ? `${inner}/*` : inner || "/"}`;
    })
    .chain((written) => fc.constantFrom(written, /[*/]$/.test(written) ? written : `${written}/`));

  it("never open what the same restriction would not cover", () => {
    let opened = 0;
    fc.assert(
      fc.property(text, method, path, (written, verb, where) => {
        const parsed = pattern(written);
        const req = requestFor(verb, where);
        if (!opens(parsed, req)) return;
        opened += 1;
        expect(restricts(parsed, req)).toBe(true);
      }),
      { numRuns: 5000 },
    );
    expect(opened).toBeGreaterThan(50);
  });

  it("open a path in one spelling only", () => {
    fc.assert(
      fc.property(path, (where) => {
        if (canonicalSegments(where) === undefined) return;
        // The URL parser collapses dot segments and turns backslashes: a canonical path has nothing to collapse.
        const inner = where.replaceAll(/[^/%A-Za-z0-9.]/g, "x");
        if (canonicalSegments(inner) !== undefined)
          expect(new URL(inner, "http://host").pathname).toBe(inner);
      }),
      { numRuns: 2000 },
    );
  });
});
