import { describe, expect, it } from "vitest";
import { cpuTimeOf } from "../../test/support/cpu-time.js";
import { guard, reportOf, route, SHOP } from "../../test/support/route-reports.js";
import { findingsOf } from "./findings/findings-of.js";
import { FORMATS, type FormatName } from "./format-routes.js";
import type { FormatOptions } from "./formats/format-options.js";
import { checkOpenApi } from "./openapi/openapi-check.js";
import type { RouteReport } from "./report/route-report.js";

describe("a SARIF log", () => {
  it("gives code scanning of GitHub a fingerprint for each finding, and no two the same", () => {
    const twin = { name: "files", paths: ["/f"], status: "open" as const, guards: [] };
    const handlers = [twin, twin, { ...twin, name: "proxy" }];
    const { results } = JSON.parse(write("sarif", reportOf([], { handlers }))).runs[0];
    const hashes = results.map(
      (one: { partialFingerprints: Record<string, string> }) =>
        one.partialFingerprints["primaryLocationLineHash"],
    );
    expect(new Set(hashes).size).toBe(3);
    for (const hash of hashes) expect(hash).toMatch(/^[\da-f]{32}:[12]$/);
  });

  it.each([
    ["a b/#x?é:1.js", "a%20b/%23x%3F%C3%A9%3A1.js"],
    ["a:b.js", "a%3Ab.js"],
    ["..\\x%41.js", "../x%2541.js"],
    ["D:\\a b\\x.js", "file:///D:/a%20b/x.js"],
    ["\ud800.js", "%EF%BF%BD.js"],
  ])("says where %j is in a reference that parsers read", (file, uri) => {
    const { results } = JSON.parse(write("sarif", SHOP, { file })).runs[0];
    expect(results[0].locations[0].physicalLocation.artifactLocation.uri).toBe(uri);
  });
});

describe("a name in Markdown", () => {
  const written = (name: string): string => {
    const admin = guard("requireRole", "authorization", {
      details: { requirement: { type: "role", names: [name], match: "any" } },
    });
    return write("markdown", reportOf([route("GET", "/", { status: "guarded", guards: [admin] })]));
  };

  it.each([
    "a@b.com",
    "@everyone",
    "#1",
    "owner/repo#3",
    "http://x.example",
    "//x.example",
    "www.x.example",
  ])("is no link or mention, also where these are sought behind the parser: %s", (name) => {
    // Renderers look for them in each piece of text, after references to characters are resolved.
    const texts = written(name)
      .replaceAll("&#", "&")
      .split(/<[^>]*>/);
    const plain = texts.map((text) =>
      text.replaceAll(/&(\d+);/g, (_all, code: string) => String.fromCharCode(Number(code))),
    );
    expect(plain.filter((text) => /@\w|\w@|#\d|\/\/\w|www\.\w/.test(text))).toEqual([]);
  });

  it("keeps the underscores within words", () => {
    expect(written("order_admin")).toContain("the role order_admin");
    expect(written("_admin_")).toContain("the role &#95;admin&#95;");
  });

  it.each(["constructor", "toString", "__proto__", "1. x", "- x"])(
    "is shown as it is where it names a part of the request: %s",
    (part) => {
      const schemas = JSON.parse(`{${JSON.stringify(part)}:true}`);
      const validate = guard("validate", "validation", { details: { schemas } });
      const page = write("markdown", reportOf([route("POST", "/", { guards: [validate] })]));
      expect(page).not.toMatch(/function|native code|^1\. |^- x/m);
      expect(page).toContain(": validated by a schema that cannot be shown");
    },
  );
});

describe("a name in an OpenAPI document", () => {
  it("is no markup of a description: these are Markdown, with HTML", () => {
    const evil = "<img src=x onerror=alert(1)> [a](javascript:alert(1)) `x`";
    const routes = [
      route("GET", "/a", { status: "public", reason: evil }),
      route("GET", "/b", { guards: [guard(evil, "authorization", { mode: "report" })] }),
      route("GET", "/c", {
        status: "guarded",
        guards: [guard("authorize", "authorization", { rule: `when(${evil})` })],
      }),
    ];
    const document = JSON.parse(write("openapi", reportOf(routes)));
    for (const path of ["/a", "/b", "/c"]) {
      const { description } = document.paths[path].get;
      expect(description).toContain("img src=x");
      expect(description).not.toMatch(/<(?!\/?span>)|[[\]`]/);
    }
  });

  it.each([
    ["/a/\\{id\\}", "/a/%7Bid%7D"],
    ["/a\\?b", "/a%3Fb"],
    ["/a#b", "/a%23b"],
  ])("is no parameter, query or fragment of a path: %s", (path, template) => {
    const document = JSON.parse(write("openapi", reportOf([route("GET", path)])));
    expect(Object.keys(document.paths)).toEqual([template]);
    expect(document.paths[template].get).not.toHaveProperty("parameters");
  });
});

describe("many routes", () => {
  // Work that grows with the square is ten times these bounds.
  const routes = (length: number) =>
    Array.from({ length }, (_item, index) => route("GET", `/r${index}/:id`));

  it("are written as test cases in a time that grows with their number", async () => {
    const report = reportOf(routes(40_000));
    const findings = findingsOf(report);
    const work = await cpuTimeOf(() => {
      expect(FORMATS.junit(report, { findings })).toContain('tests="40000" failures="40000"');
    });
    expect(work).toBeLessThan(12_000);
  }, 60_000);

  it("are compared with many operations in a time that grows with their number", async () => {
    const report = reportOf(routes(10_000));
    const paths = Object.fromEntries(
      report.routes.map((_route, index) => [`/x${index}/{id}`, { get: {}, post: {} }]),
    );
    const servers = Array.from({ length: 50 }, (_item, index) => ({ url: `https://a/v${index}` }));
    servers.push({ url: `https://a${"/".repeat(200_000)}x` });
    const work = await cpuTimeOf(() => {
      expect(checkOpenApi(report, { openapi: "3.1.0", servers, paths })).toHaveLength(30_000);
    });
    expect(work).toBeLessThan(12_000);
  }, 60_000);
});

describe("the app's own document", () => {
  const secured = { get: { security: [{ bearer: [] }] } };
  const rulesOf = (document: object): readonly string[] =>
    checkOpenApi(reportOf([route("GET", "/v1/a")]), { openapi: "3.1.0", ...document }).map(
      ({ rule }) => rule,
    );

  it("may keep its paths among the components", () => {
    const components = { pathItems: { "a/b": secured } };
    const paths = { "/v1/a": { $ref: "#/components/pathItems/a~1b" } };
    expect(rulesOf({ paths, components })).toEqual(["documented-as-secured"]);
  });

  it.each(["#/paths/~1v1~1a", "#/components/constructor/name", "#/none", "other.json", "#/", ""])(
    "may refer to itself, or to nothing: %j",
    ($ref) => {
      expect(rulesOf({ paths: { "/v1/a": { $ref } } })).toEqual(["not-documented"]);
    },
  );

  it.each([
    [
      { servers: [{ url: "https://x/{v}", variables: { v: { default: "v1" } } }] },
      { "/a": secured },
    ],
    [{}, { "/a": { ...secured, servers: [{ url: "/v1" }] } }],
    [{}, { "/a": { get: { ...secured.get, servers: [{ url: "/v1/" }] } } }],
  ])("may say in several places what stands in front: %j %j", (members, paths) => {
    expect(rulesOf({ ...members, paths })).toEqual(["documented-as-secured"]);
  });

  it("may have names that objects inherit", () => {
    const paths = JSON.parse(
      '{"__proto__":{"get":{}},"constructor":{"get":{}},"/v1/a":{"get":{}}}',
    );
    expect(rulesOf({ paths })).toEqual(["documented-but-missing", "documented-but-missing"]);
  });
});

function write(name: FormatName, report: RouteReport, more: Partial<FormatOptions> = {}): string {
  return FORMATS[name](report, { findings: findingsOf(report), ...more });
}
