import { describe, expect, it } from "vitest";
import type { Answer } from "../client/answer.js";
import { readTarget } from "../client/scan-target.js";
import { createScanNotes } from "../report/scan-notes.js";
import { checkTransport } from "./transport-checks.js";

/** A host with a name cannot be served in a test. */
async function found(hsts: string | undefined, host: string, distrust?: string) {
  const notes = createScanNotes([]);
  const request = { method: "GET", path: "/" };
  const fields = new Map(hsts === undefined ? [] : [["strict-transport-security", [hsts]]]);
  const tls = { version: "TLSv1.3", distrust, validTo: undefined };
  const main: Answer = { request, status: 200, fields, body: "{}", tls };
  await checkTransport(
    {
      target: readTarget(`https://${host}:8443`, [host]),
      notes,
      client: { sent: 0, send: () => Promise.reject(new Error("nothing is sent")) },
      paths: [],
      origin: undefined,
      httpPort: undefined,
      hasCredentials: false,
      mark: "scan",
      auditTls: () => Promise.resolve({ findings: [] }),
    },
    { main, pages: [main], redirects: [], authorised: [], errors: [], missing: undefined },
  );
  return notes.findings().map(({ rule }) => rule);
}

describe("the transport of another machine", () => {
  it.each<[string | undefined, readonly string[]]>([
    [undefined, ["hsts-missing"]],
    ["includeSubDomains", ["hsts-missing"]],
    ["max-age=0", ["hsts-short"]],
    ["max-age=300", ["hsts-short"]],
    ["max-age=63072000; includeSubDomains", []],
    ['Max-Age="31536000"', []],
  ])("is judged by Strict-Transport-Security: %s", async (value, expected) => {
    expect(await found(value, "api.example.com")).toEqual(expected);
  });

  it("needs no such field for an address", async () => {
    expect(await found(undefined, "192.0.2.1")).toEqual([]);
  });

  it("must have a certificate that is trusted", async () => {
    const hsts = "max-age=63072000";
    const why = "SELF_SIGNED_CERT_IN_CHAIN";
    expect(await found(hsts, "api.example.com", why)).toEqual(["certificate-invalid"]);
    expect(await found(hsts, "localhost", why)).toEqual(["certificate-not-trusted"]);
  });

  it("must not be plain HTTP", async () => {
    const notes = createScanNotes([]);
    const request = { method: "GET", path: "/" };
    const main: Answer = { request, status: 200, fields: new Map(), body: "{}", tls: undefined };
    await checkTransport(
      {
        target: readTarget("http://api.example.com", ["api.example.com"]),
        notes,
        client: { sent: 0, send: () => Promise.reject(new Error("nothing is sent")) },
        paths: [],
        origin: undefined,
        httpPort: undefined,
        hasCredentials: false,
        mark: "scan",
        auditTls: () => Promise.reject(new Error("there is no TLS")),
      },
      { main, pages: [main], redirects: [], authorised: [], errors: [], missing: undefined },
    );
    expect(notes.findings().map(({ rule }) => rule)).toEqual(["plain-http"]);
  });
});
