import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { guard, HOSTILE, reportOf, route, SHOP } from "../../test/support/route-reports.js";
import { findingsOf } from "./findings/findings-of.js";
import { FORMATS, type FormatName } from "./format-routes.js";
import type { FormatOptions } from "./formats/format-options.js";
import type { RouteReport } from "./report/route-report.js";

const names = Object.keys(FORMATS) as FormatName[];

describe("every format", () => {
  it.each(names)("%s ends its last line, also without any route", (name) => {
    for (const report of [SHOP, reportOf([])]) expect(write(name, report)).toMatch(/[^\n]\n$/);
  });

  it.each(names)(
    "%s shows no character that moves a cursor, turns text round or is not seen",
    (name) => {
      // Newlines of the format itself are all that is left.
      expect(write(name, HOSTILE).replaceAll("\n", "")).not.toMatch(
        /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u,
      );
    },
  );

  it.each(names)("%s says the same about the same report", (name) => {
    expect(write(name, SHOP)).toBe(write(name, structuredClone(SHOP)));
  });
});

describe("table", () => {
  it("has a line for each route, open ones first, with every guard that decides", () => {
    const lines = write("table", SHOP).split("\n");
    expect(lines.slice(0, 3)).toEqual([
      "STATUS      METHOD  PATH                      GUARDS",
      "open        DELETE  /orders/:id               -",
      "unresolved  GET     RegExp(/^\\/files|\\/raw/)  - (a regular expression)",
    ]);
    expect(lines).toContain(
      "guarded     GET     /orders/:id               oauthGuard, rateLimit 100-per-1m(100 per 1m and ip), requireScope scope(orders:read)",
    );
    expect(write("table", SHOP)).toContain("requireRole role(admin) (report only)");
    expect(lines.at(-2)).toBe("6 routes: 1 open, 1 unresolved, 1 public, 3 guarded.");
  });

  it("names handlers that may answer by themselves, and every finding", () => {
    const text = write("table", SHOP);
    expect(text).toContain("  serveStatic at /static: no guards\n");
    expect(text).toContain(
      "error unused-pattern: The pattern GET /gone of secureApi covers no route.\n",
    );
  });

  it("says with colours what it says without", () => {
    const colored = write("table", SHOP, { color: true });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours themselves
    expect(colored.replaceAll(/\u001b\[\d+m/g, "")).toBe(write("table", SHOP));
    expect(colored).toContain("\u001b[31mopen\u001b[0m");
  });

  it("calls known what the baseline names", () => {
    const [first, ...others] = findingsOf(SHOP);
    const findings = [{ ...first, accepted: true } as (typeof others)[number], ...others];
    expect(FORMATS.table(SHOP, { findings })).toContain("known open-route: Nothing guards DELETE");
  });
});

describe("json", () => {
  it("has a name, a version, counts, routes, handlers, unused patterns and findings", () => {
    const document = JSON.parse(write("json", SHOP, { title: "shop", version: "1.2.0" }));
    expect(document).toMatchObject({
      format: "express-secure-api/routes",
      version: 1,
      app: { title: "shop", version: "1.2.0" },
      counts: { open: 1, unresolved: 1, public: 1, guarded: 3 },
      handlers: [{ name: "serveStatic", paths: ["/static"], status: "open" }],
      unused: [{ guard: "secureApi", pattern: "GET /gone" }],
    });
    expect(document.routes[4]).toMatchObject({
      method: "GET",
      path: "/orders/:id",
      requirements: [{ type: "scope", match: "all", names: ["orders:read"] }],
      limits: [{ name: "100-per-1m", limit: 100, windowSeconds: 60, by: "address" }],
    });
    expect(document.findings[0]).toEqual({
      rule: "open-route",
      level: "error",
      message: "Nothing guards DELETE /orders/:id.",
      method: "DELETE",
      path: "/orders/:id",
      accepted: false,
    });
  });

  it("gives back the names that it escaped", () => {
    const paths = JSON.parse(write("json", HOSTILE)).routes.map(
      ({ path }: { path: string }) => path,
    );
    expect(paths.sort()).toEqual(HOSTILE.routes.map(({ path }) => path).sort());
  });
});

describe("markdown", () => {
  const page = write("markdown", SHOP, { title: "shop", version: "1.2.0" });
  const order = page.slice(page.indexOf("## `POST /orders`"), page.indexOf("## `GET /orders/:id`"));

  it("says who may call a route, and under which limits", () => {
    expect(page).toMatch(/^# shop 1\.2\.0: routes\n/);
    expect(page).toContain(
      "| `GET /orders/:id` | guarded | the scope orders:read | 100 per minute for each address |",
    );
    expect(page).toContain("| `GET /health` | public | everybody | - |");
    expect(order).toContain(
      "- Callers: the role admin or (the scope orders:write and owner(customer))\n- Authentication: `oauthGuard`\n",
    );
    expect(order).toContain(
      "- Over a limit: 429 `rate_limit_exceeded`, with the fields `Retry-After`, `RateLimit`, `RateLimit-Policy`, `X-RateLimit-Limit`",
    );
  });

  it("shows the schemas and the refusals with their codes", () => {
    expect(order).toContain('Body (`application/json`):\n\n```json\n{\n  "type": "object",');
    expect(order).toContain("Query parameters:\n\n```json");
    expect(order).toContain("| 403 | `access_denied`, `insufficient_scope` |");
    expect(order).toContain("| 404 | `not_found` |");
    expect(order).toContain("| 422 | `validation_failed` |");
    expect(order).toContain("| 429 | `rate_limit_exceeded` |");
  });

  it("says of wrapped guards that their details are not known, and of reporting ones that they refuse nobody", () => {
    expect(page).toContain(
      "- Not known: the details of `rateLimit slow(5 per 1m and ip)`, because something wraps it",
    );
    expect(page).toContain("- Refuses nobody yet: `requireRole role(admin) (report only)`");
  });

  it("tells the users of the API no findings", () => {
    expect(page).not.toContain("object-rule-missing");
  });

  it("shows names as they are: no tag, link, mention or cell comes of them", () => {
    const text = write("markdown", HOSTILE);
    const prose = text.replaceAll(/`[^`\n]*`/g, "").replaceAll(/<\/?(?:code|span)>/g, "");
    expect(prose).not.toMatch(/[<>[\]@`]|:\/\//);
    const rows = text.split("\n").filter((line) => line.startsWith("|"));
    expect(rows.filter((line) => !/^\|[^|]*\|[^|]*(?:\|[^|]*\|[^|]*)?\|$/.test(line))).toEqual([]);
  });

  it("fences schemas with more backticks than they have", () => {
    const schemas = { body: { type: "object", title: "```\n# title" } };
    const validate = guard("validate", "validation", { details: { schemas } });
    const text = write("markdown", reportOf([route("POST", "/", { guards: [validate] })]));
    expect(text).toContain("\n````json\n");
  });
});

describe("html", () => {
  const page = write("html", SHOP, { title: "shop", version: "1.2.0" });

  it("allows its own style and script, and nothing else", () => {
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1];
    const hash = (tag: string): string => {
      const [, text = ""] = new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(page) ?? [];
      return createHash("sha256").update(text).digest("base64");
    };
    expect(policy?.split("; ")).toEqual([
      "default-src 'none'",
      `style-src 'sha256-${hash("style")}'`,
      `script-src 'sha256-${hash("script")}'`,
      "base-uri 'none'",
      "form-action 'none'",
    ]);
    expect(page).not.toMatch(/\b(?:src|href|style|on\w+)=/);
  });

  it("has one table of routes and guards with heads for rows and columns, open routes first", () => {
    expect(page.match(/<th scope="col">[^<]*/g)?.map((cell) => cell.slice(16))).toEqual([
      "Status",
      "Method",
      "Path",
      "oauthGuard",
      "rateLimit",
      "authorize",
      "validate",
      "requireScope",
      "requireRole",
    ]);
    expect(page.match(/data-status="\w+"/g)?.[0]).toBe('data-status="open"');
    expect(page.match(/<th scope="row">/g)).toHaveLength(SHOP.routes.length);
    expect(page).toContain('<code>role(admin)</code> <span class="note">(report only)</span>');
  });

  it("makes no tag of a name", () => {
    const tags = new Set(write("html", HOSTILE, { title: "<b>" }).match(/<\w+/g));
    expect([...tags].filter((tag) => ["<img", "<b"].includes(tag))).toEqual([]);
    expect(write("html", HOSTILE).match(/<script/g)).toHaveLength(1);
    expect(write("html", HOSTILE).match(/<\/style/g)).toHaveLength(1);
  });
});

describe("sarif", () => {
  const log = JSON.parse(write("sarif", SHOP, { file: "dist\\my app.js" }));
  const [run] = log.runs;

  it("has the members that SARIF 2.1.0 requires", () => {
    expect(log.version).toBe("2.1.0");
    expect(log.runs).toHaveLength(1);
    expect(run.tool.driver.name).toBe("express-secure-api");
    expect(run.results).toHaveLength(findingsOf(SHOP).length);
    for (const { id, shortDescription, fullDescription, help } of run.tool.driver.rules) {
      expect(fullDescription.text).not.toBe("");
      expect(help.text).not.toBe("");
      expect(id).toMatch(/^[a-z-]+$/);
      expect(shortDescription.text).not.toBe("");
    }
    for (const { ruleId, ruleIndex, level, message, locations } of run.results) {
      expect(run.tool.driver.rules[ruleIndex].id).toBe(ruleId);
      expect(["error", "warning"]).toContain(level);
      expect(typeof message.text).toBe("string");
      // A location without a file is one that code scanning refuses.
      expect(locations[0].physicalLocation.artifactLocation.uri).toBe("dist/my%20app.js");
    }
  });

  it("keeps the fingerprint of a finding, whatever else changes", () => {
    const again = JSON.parse(write("sarif", reportOf([route("DELETE", "/orders/:id")])));
    expect(again.runs[0].results[0].partialFingerprints).toEqual(
      run.results[0].partialFingerprints,
    );
    const prints = run.results.map((one: { partialFingerprints: object }) =>
      JSON.stringify(one.partialFingerprints),
    );
    expect(new Set(prints).size).toBe(prints.length);
  });

  it("suppresses what the baseline names", () => {
    const findings = findingsOf(SHOP).map((one) => ({ ...one, accepted: true }));
    const known = JSON.parse(FORMATS.sarif(SHOP, { findings }));
    expect(known.runs[0].results[0].suppressions).toEqual([
      { kind: "external", justification: "Named in the baseline." },
    ]);
  });

  it("makes no link and no placeholder of a name", () => {
    const hostile = JSON.parse(write("sarif", HOSTILE));
    expect(hostile.runs[0].results[0].message.text).toBe(
      "Nothing guards GET /<script>alert(1)</script>|`x`/\\[a\\](http://evil.example)/{{0}}.",
    );
  });
});

describe("junit", () => {
  it("fails the case of a route that is open, and has one for what is no route", () => {
    const text = write("junit", SHOP);
    expect(text).toContain('<testsuites tests="8" failures="4" errors="0">');
    expect(text).toContain(
      '<testcase classname="routes" name="DELETE /orders/:id">\n      <failure type="open-route" message="Nothing guards DELETE /orders/:id."></failure>',
    );
    expect(text).toContain('<testcase classname="routes" name="GET /health"></testcase>');
    expect(text).toContain('name="unused-pattern: GET /gone"');
    expect(text).toContain("<system-out>warning answers-before-guard: loadUser may answer");
  });

  it("skips what the baseline names", () => {
    const findings = findingsOf(SHOP).map((one) => ({ ...one, accepted: one.level === "error" }));
    const text = FORMATS.junit(SHOP, { findings });
    expect(text).toContain('failures="0"');
    expect(text).toContain('skipped="4"');
    expect(text).not.toContain("<failure");
  });

  it("has no tag but its own", () => {
    const tags = write("junit", HOSTILE).match(/<[/?]?[\w-]+/g) ?? [];
    const own = /^<[/?]?(?:xml|testsuites?|testcase|failure|skipped|system-out)$/;
    expect(tags.filter((tag) => !own.test(tag))).toEqual([]);
  });
});

function write(name: FormatName, report: RouteReport, more: Partial<FormatOptions> = {}): string {
  return FORMATS[name](report, { findings: findingsOf(report), ...more });
}
