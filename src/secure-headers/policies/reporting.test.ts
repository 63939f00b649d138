import { parseDictionary } from "structured-headers";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import { secureHeaders } from "../secure-headers.js";
import type { SecureHeadersOptions } from "../secure-headers-options.js";

const ENDPOINTS = { csp: "/csp-reports", default: "https://reports.example.com/r?a=1" };

describe.each(expressVersions)("reporting on Express %s", (_major, express) => {
  async function sent(options: SecureHeadersOptions): Promise<Record<string, string | undefined>> {
    const app = express().use(secureHeaders(options));
    app.get("/", (_req, res) => void res.end());
    return (await request(app).get("/").expect(200)).headers as Record<string, string | undefined>;
  }

  it("names the endpoints, as browsers read them", async () => {
    const value =
      (await sent({ reporting: { endpoints: ENDPOINTS } }))["reporting-endpoints"] ?? "";
    expect(value).toBe('csp="/csp-reports", default="https://reports.example.com/r?a=1"');
    expect([...parseDictionary(value)].map(([name, [url]]) => [name, url])).toEqual(
      Object.entries(ENDPOINTS),
    );
  });

  it("has policies report, in both ways that browsers know", async () => {
    const headers = await sent({
      csp: { reportOnly: { scriptSrc: "'self'" } },
      reporting: { endpoints: ENDPOINTS, contentSecurityPolicy: "csp" },
    });
    const ending = /;report-uri \/csp-reports;report-to csp$/;
    expect(headers["content-security-policy"]).toMatch(ending);
    expect(headers["content-security-policy-report-only"]).toMatch(ending);
  });

  it("leaves alone where a policy says itself where to report", async () => {
    const directives = { reportTo: "default", reportUri: "https://old.example.com/" };
    const headers = await sent({
      helmet: { contentSecurityPolicy: { directives } },
      reporting: { endpoints: ENDPOINTS, contentSecurityPolicy: "csp" },
    });
    expect(headers["content-security-policy"]).toMatch(
      /;report-to default;report-uri https:\/\/old\.example\.com\/$/,
    );
  });

  it("has the headers about windows and documents report", async () => {
    const headers = await sent({
      preset: "web",
      helmet: { crossOriginEmbedderPolicy: { policy: "credentialless" } },
      reporting: {
        endpoints: ENDPOINTS,
        crossOriginOpenerPolicy: "csp",
        crossOriginEmbedderPolicy: "default",
      },
    });
    expect(headers["cross-origin-opener-policy"]).toBe('same-origin-allow-popups; report-to="csp"');
    expect(headers["cross-origin-embedder-policy"]).toBe('credentialless; report-to="default"');
  });

  it("reports in report mode, and stops nothing", async () => {
    const headers = await sent({
      preset: "web",
      mode: "report",
      csp: { reportOnly: { imgSrc: "'self'" } },
      reporting: {
        endpoints: ENDPOINTS,
        contentSecurityPolicy: "csp",
        crossOriginOpenerPolicy: "csp",
      },
    });
    expect(headers["reporting-endpoints"]).toContain('csp="/csp-reports"');
    expect(headers["cross-origin-opener-policy-report-only"]).toBe(
      'same-origin-allow-popups; report-to="csp"',
    );
    expect(headers["content-security-policy-report-only"]).toBe(
      "default-src 'self';base-uri 'none';form-action 'self';frame-ancestors 'self';img-src 'self' data:;object-src 'none';report-uri /csp-reports;report-to csp, img-src 'self';report-uri /csp-reports;report-to csp",
    );
    for (const name of [
      "content-security-policy",
      "cross-origin-opener-policy",
      "x-frame-options",
      "permissions-policy",
    ])
      expect(headers[name]).toBeUndefined();
  });

  it("replaces in report mode nothing that the app sends", async () => {
    const app = express().use((_req, res, next) => {
      res.setHeader("Reporting-Endpoints", 'own="/own"');
      next();
    });
    app.use(secureHeaders({ mode: "report", reporting: { endpoints: ENDPOINTS } }));
    expect((await request(app).get("/")).headers["reporting-endpoints"]).toBe('own="/own"');
  });
});

describe("reporting", () => {
  const endpoints = ENDPOINTS;

  it.each<[string, object, string]>([
    ["no endpoints", {}, "reporting.endpoints must be an object with the URL of each endpoint"],
    ["an empty object", { endpoints: {} }, "reporting.endpoints must be an object"],
    ["a URL alone", { endpoints: "/reports" }, "reporting.endpoints must be an object"],
    [
      "an unset URL",
      { endpoints: { csp: undefined } },
      'endpoints["csp"] must be a path such as "/csp-reports" or an https URL, got undefined',
    ],
    [
      "a text made of an unset variable",
      { endpoints: { csp: "https://undefined/r" } },
      'such as "undefined"',
    ],
    [
      "plain HTTP",
      { endpoints: { csp: "http://reports.example.com/" } },
      "browsers report to no other",
    ],
    [
      "another host without its scheme",
      { endpoints: { csp: "//reports.example.com/" } },
      "must be a path",
    ],
    [
      "a user name",
      { endpoints: { csp: "https://u:p@reports.example.com/" } },
      "every visitor reads it",
    ],
    [
      "what would end the directive",
      { endpoints: { csp: "https://r.example.com/;script-src *" } },
      "percent-encoding",
    ],
    ["a line break", { endpoints: { csp: "/r\r\nX: y" } }, "it holds control characters"],
    ["a name in upper case", { endpoints: { CSP: "/r" } }, "must have names of lower-case letters"],
    [
      "a name that is no endpoint",
      { endpoints, contentSecurityPolicy: "cps" },
      "reporting.contentSecurityPolicy must be the name of one of the endpoints",
    ],
    [
      "a header that is off",
      { endpoints, crossOriginOpenerPolicy: "csp" },
      "reporting.crossOriginOpenerPolicy must be left out when Cross-Origin-Opener-Policy is off",
    ],
    ["the name of a header", { endpoints, coop: "csp" }, 'did you mean "crossOriginOpenerPolicy"?'],
  ])("refuses %s", (_title, reporting, problem) => {
    expect(() => secureHeaders({ reporting } as SecureHeadersOptions)).toThrow(problem);
  });

  it.each<[string, SecureHeadersOptions, string]>([
    [
      "report-to without an endpoint",
      { helmet: { contentSecurityPolicy: { directives: { reportTo: "csp" } } } },
      "secureHeaders.helmet.contentSecurityPolicy must not have report-to without an endpoint of that name",
    ],
    [
      "the same in the second policy",
      { csp: { reportOnly: { imgSrc: "'self'", reportTo: "other" } }, reporting: { endpoints } },
      "secureHeaders.csp.reportOnly must not have report-to without an endpoint",
    ],
    [
      "an endpoint for a policy that is off",
      {
        helmet: { contentSecurityPolicy: false },
        reporting: { endpoints, contentSecurityPolicy: "csp" },
      },
      "reporting.contentSecurityPolicy must be left out when the header is off",
    ],
  ])("refuses %s", (_title, options, problem) => {
    expect(() => secureHeaders(options)).toThrow(problem);
  });

  it("takes plain HTTP to this machine", () => {
    expect(() =>
      secureHeaders({ reporting: { endpoints: { csp: "http://localhost:3000/r" } } }),
    ).not.toThrow();
  });
});
