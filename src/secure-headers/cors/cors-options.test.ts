import { describe, expect, it } from "vitest";
import { OptionsError } from "../../core/options/options-error.js";
import { secureHeaders } from "../secure-headers.js";
import type { SecureHeadersOptions } from "../secure-headers-options.js";

const APP = "https://app.example.com";

function problemsOf(cors: unknown): readonly string[] {
  try {
    secureHeaders({ cors } as SecureHeadersOptions);
  } catch (error) {
    if (error instanceof OptionsError) return error.problems;
    throw error;
  }
  return [];
}

describe("cors options", () => {
  it.each<[string, unknown, string]>([
    ["no origins", {}, "origins must be an origin such as"],
    [
      "undefined origins",
      { origins: undefined },
      "got undefined: is it read from a variable that is not set?",
    ],
    [
      "an empty string",
      { origins: "" },
      'origins must be an origin such as "https://app.example.com", a list of them, "*" or a function, got an empty string: is it read from a variable that is not set?',
    ],
    ["an empty list", { origins: [] }, "got an empty list: leave cors out to allow no origin"],
    [
      "an unset variable in the list",
      { origins: [APP, undefined] },
      "origins[1] must be an origin such as",
    ],
    [
      "true",
      { origins: true },
      "origins must not be true, that would allow every site: list the origins",
    ],
    ["a number", { origins: 5 }, "got 5"],
    [
      "a regular expression",
      { origins: /example\.com$/ },
      'origins must not be a regular expression: write "https://example.com", or "https://*.example.com" for its direct subdomains',
    ],
    [
      "an odd regular expression",
      { origins: [/(a|b)+/] },
      'origins[0] must not be a regular expression: write the origins out, or a pattern such as "https://*.example.com"',
    ],
    ["* beside others", { origins: ["*", APP] }, 'must not have "*" beside other entries'],
    [
      "* with credentials",
      { origins: "*", credentials: true },
      'must not be "*" with credentials: true',
    ],
    ["null", { origins: ["null"] }, 'origins[0] must not be "null"'],
    [
      "a list in a string",
      { origins: `${APP},https://b.example` },
      "origins must hold one origin per entry: split the text into a list",
    ],
    ["a trailing slash", { origins: `${APP}/` }, `write "${APP}"`],
    ["a path", { origins: `${APP}/app?a#b` }, `write "${APP}"`],
    ["a default port", { origins: "https://app.example.com:443" }, `write "${APP}"`],
    ["the default port of http", { origins: "http://localhost:80" }, 'write "http://localhost"'],
    ["upper case", { origins: "https://App.Example.COM" }, `write "${APP}"`],
    ["an upper-case scheme", { origins: "HTTPS://app.example.com" }, `write "${APP}"`],
    ["a trailing dot", { origins: "https://app.example.com." }, `write "${APP}"`],
    ["spaces around", { origins: ` ${APP} ` }, "must be an origin such as"],
    [
      "a non-ASCII host",
      { origins: "https://bücher.example" },
      'write "https://xn--bcher-kva.example"',
    ],
    ["userinfo", { origins: "https://user:hunter2@app.example.com" }, `write "${APP}"`],
    ["no scheme", { origins: "app.example.com" }, `must have a scheme: write "${APP}"`],
    [
      "localhost without scheme",
      { origins: "localhost:3000" },
      'must have a scheme: write "http://localhost:3000"',
    ],
    ["a websocket scheme", { origins: "wss://app.example.com" }, "write http or https instead"],
    ["a file", { origins: "file:///index.html" }, 'pages with this one send "null"'],
    [
      "an extension with a path",
      { origins: "chrome-extension://abc/page" },
      "must be a scheme and a host in lower case",
    ],
    [
      "an impossible port",
      { origins: "https://app.example.com:99999" },
      "must be an origin such as",
    ],
    ["an entry twice", { origins: [APP, APP] }, "origins[1] must not repeat an earlier entry"],
    [
      "http with credentials",
      { origins: "http://app.example.com", credentials: true },
      'write "https://app.example.com", or set dangerouslyAllowInsecureOrigins',
    ],
    [
      "an http pattern with credentials",
      { origins: "http://*.example.com", credentials: true },
      'write "https://*.example.com"',
    ],
    [
      "127.evil.example with credentials",
      { origins: "http://127.evil.example", credentials: true },
      "must be https",
    ],
    [
      "a star in the middle",
      { origins: "https://app.*.example.com" },
      'must have "*" only as the whole first label',
    ],
    [
      "half a label",
      { origins: "https://app-*.example.com" },
      'must have "*" only as the whole first label',
    ],
    [
      "two stars",
      { origins: "https://*.*.example.com" },
      'must have "*" only as the whole first label',
    ],
    [
      "a star for the host",
      { origins: "https://*" },
      'must have "*" only as the whole first label',
    ],
    [
      "a star without a dot",
      { origins: "https://*example.com" },
      'must have "*" only as the whole first label',
    ],
    [
      "a star without scheme",
      { origins: "*.example.com" },
      'must have "*" only as the whole first label',
    ],
    [
      "a port star",
      { origins: "http://localhost:*" },
      "must name its port: list one entry for each port",
    ],
    [
      "a pattern with a slash",
      { origins: "https://*.example.com/" },
      'write "https://*.example.com"',
    ],
    [
      "a pattern in upper case",
      { origins: "https://*.Example.com:443" },
      'write "https://*.example.com"',
    ],
    ["a pattern over an address", { origins: "https://*.0.0.1" }, "must be"],
    [
      "a method in lower case",
      { origins: APP, methods: ["patch"] },
      'methods must be in upper case: write "PATCH"',
    ],
    [
      "a method that browsers never send",
      { origins: APP, methods: ["TRACE"] },
      "methods must not have TRACE",
    ],
    [
      "methods in one string",
      { origins: APP, methods: "GET,POST" },
      "methods must be a list of method names",
    ],
    [
      "a star for methods",
      { origins: APP, methods: "*" },
      "methods must be a list of method names",
    ],
    [
      "a forbidden request header",
      { origins: APP, allowedHeaders: ["Cookie"] },
      "allowedHeaders must not have Cookie: browsers do not let pages send it",
    ],
    [
      "a prefix of forbidden headers",
      { origins: APP, allowedHeaders: ["Sec-Fetch-Site"] },
      "must not have Sec-Fetch-Site",
    ],
    [
      "a CORS header as allowed",
      { origins: APP, allowedHeaders: ["Access-Control-Allow-Origin"] },
      "must not have Access-Control-Allow-Origin",
    ],
    [
      "a header in two cases",
      { origins: APP, allowedHeaders: ["X-A", "x-a"] },
      "allowedHeaders must not have x-a twice",
    ],
    [
      "headers in one string",
      { origins: APP, allowedHeaders: "X-A, X-B" },
      "allowedHeaders must be a list of header names",
    ],
    [
      "* for headers with credentials",
      { origins: APP, credentials: true, allowedHeaders: "*" },
      'allowedHeaders must not have "*" with credentials: true',
    ],
    [
      "* exposed with credentials",
      { origins: APP, credentials: true, exposedHeaders: "*" },
      'exposedHeaders must not have "*" with credentials: true',
    ],
    [
      "Set-Cookie exposed",
      { origins: APP, exposedHeaders: "Set-Cookie" },
      "exposedHeaders must not have Set-Cookie: browsers do not let pages read it",
    ],
    [
      "a maxAge above a day",
      { origins: APP, maxAge: "2d" },
      'maxAge must be a duration from 0ms to 1d, such as "15m" (units ms, s, m, h, d), got "2d"',
    ],
    ["a bare maxAge", { origins: APP, maxAge: 600 }, "a bare number has no unit"],
    [
      "a fraction of a second",
      { origins: APP, maxAge: "1500ms" },
      "maxAge must be in whole seconds",
    ],
    ["the name of the cors package", { origin: APP }, 'did you mean "origins"?'],
    [
      "an option of the cors package",
      { origins: APP, preflightContinue: true },
      'must not have an option "preflightContinue"',
    ],
    [
      "a string for credentials",
      { origins: APP, credentials: "true" },
      "credentials must be true or false",
    ],
    ["no object", true, "cors must be an options object, got true"],
  ])("refuse %s", (_title, cors, problem) => {
    const problems = problemsOf(cors).join("\n");
    expect(problems).toContain("secureHeaders.cors");
    expect(problems).toContain(problem);
    expect(problems).not.toContain("hunter2");
  });

  it.each([
    "com",
    "co.uk",
    "com.au",
    "github.io",
    "herokuapp.com",
    "vercel.app",
    "netlify.app",
    "pages.dev",
    "azurewebsites.net",
    "westus.azurewebsites.net",
    "cloudfront.net",
    "amazonaws.com",
    "s3.eu-west-1.amazonaws.com",
    "web.app",
    "a.run.app",
  ])("refuse a wildcard over %s", (domain) => {
    expect(problemsOf({ origins: `https://*.${domain}` })).toEqual([
      "secureHeaders.cors.origins must not have a wildcard over a domain where anybody can get a subdomain: list the full origins, or set dangerouslyAllowSharedDomains",
    ]);
    expect(
      problemsOf({ origins: `https://*.${domain}`, dangerouslyAllowSharedDomains: true }),
    ).toEqual([]);
  });

  it.each<[string, unknown]>([
    ["exact origins", [APP, "https://example.com:8443", "https://[2001:db8::1]"]],
    [
      "patterns",
      [
        "https://*.example.com",
        "https://*.preview.example.com:8443",
        "https://*.project.pages.dev",
        "https://*.example.co.uk",
      ],
    ],
    ["an origin on a shared domain", "https://me.github.io"],
    [
      "loopback over http",
      [
        "http://localhost:3000",
        "http://app.localhost",
        "http://127.0.0.1:5173",
        "http://[::1]:3000",
        "http://*.localhost:3000",
      ],
    ],
    [
      "apps and extensions",
      ["capacitor://localhost", "chrome-extension://abcdefghijklmnop", "moz-extension://0-1-2"],
    ],
  ])("accept %s, with credentials too", (_title, origins) => {
    expect(problemsOf({ origins })).toEqual([]);
    expect(problemsOf({ origins, credentials: true })).toEqual([]);
  });

  it("accept plain http without credentials, or when it is spelt out", () => {
    expect(problemsOf({ origins: "http://app.example.com" })).toEqual([]);
    expect(
      problemsOf({
        origins: "http://app.example.com",
        credentials: true,
        dangerouslyAllowInsecureOrigins: true,
      }),
    ).toEqual([]);
  });

  it("never print an entry that may be a secret", () => {
    for (const secret of ["sk_live_51Habcdef", "eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl", "hunter2"]) {
      expect(problemsOf({ origins: secret }).join("\n")).not.toContain(secret);
    }
  });

  it("do not see what is changed in the list afterwards", () => {
    const origins = [APP];
    const handler = secureHeaders({ cors: { origins } });
    origins[0] = "https://evil.example";
    const set = new Map<string, unknown>();
    const res = {
      setHeader: (name: string, value: unknown) => void set.set(name, value),
      getHeader: () => undefined,
      removeHeader: () => undefined,
    };
    handler(
      {
        method: "GET",
        headers: { origin: APP, "sec-fetch-site": "same-origin" },
        socket: {},
      } as never,
      res as never,
      () => {},
    );
    expect(set.get("Access-Control-Allow-Origin")).toBe(APP);
  });
});
