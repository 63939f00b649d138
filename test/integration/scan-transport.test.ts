import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { afterEach, describe, expect, it } from "vitest";
import { exchange } from "../../src/cli/scan/client/exchange.js";
import { createProbeClient } from "../../src/cli/scan/client/probe-client.js";
import { readTarget } from "../../src/cli/scan/client/scan-target.js";
import { errorHandler, notFound } from "../../src/errors/index.js";
import { secureHeaders } from "../../src/secure-headers/index.js";
import { createCertificate } from "../support/certificates.js";
import { RSA, rulesOf, type Served, scan, serve } from "../support/scan.js";

const CREDENTIALS = { headers: { Authorization: "s" }, secrets: [] };
const open: Served[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

const app = express()
  .use(secureHeaders())
  .get("/", (_req, res) => void res.json({}))
  .use(notFound())
  .use(errorHandler());

describe("a scan of an https URL", () => {
  it.each<[string, RequestListener, string[]]>([
    ["serves the API", (_req, res) => res.end("{}"), ["http-serves"]],
    ["asks for a token", (_req, res) => res.writeHead(401).end(), ["http-serves"]],
    [
      "redirects a token",
      (req, res) => res.writeHead(308, { Location: `https://localhost${req.url}` }).end(),
      ["http-redirects-credentials"],
    ],
    ["refuses", (_req, res) => res.writeHead(403).end(), []],
  ])("looks at plain HTTP that %s", async (_what, plain, expected) => {
    const api = await serve(app, "https");
    const http = await serve(plain);
    open.push(api, http);
    const report = await scan(api.url, { httpPort: http.port });
    expect(rulesOf(report)).toEqual(["certificate-not-trusted", ...expected].sort());
  });

  it("takes a port that nobody listens at for what it is", async () => {
    const api = await serve(app, "https");
    open.push(api);
    const report = await scan(api.url, { httpPort: 1 });
    expect(report.grade).toBe("A+");
  });

  it("finds suites without forward secrecy, which Node.js accepts by itself", async () => {
    const api = await serve(app, "https", RSA);
    open.push(api);
    const report = await scan(api.url);
    expect(rulesOf(report)).toEqual([
      "certificate-not-trusted",
      "tls-no-forward-secrecy",
      "tls-weak-suite",
    ]);
  });

  it("finds TLS 1.0 and 1.1", async () => {
    const ciphers = "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-SHA:@SECLEVEL=0";
    const api = await serve(app, "https", { ...RSA, minVersion: "TLSv1", ciphers });
    open.push(api);
    expect(rulesOf(await scan(api.url))).toContain("tls-weak-version");
  });

  it("finds a certificate that has expired, or expires soon", async () => {
    const expired = await serve(app, "https", createCertificate("localhost", { days: [-9, -1] }));
    const soon = await serve(app, "https", createCertificate("localhost", { days: [-80, 5] }));
    open.push(expired, soon);
    expect(rulesOf(await scan(expired.url))).toContain("certificate-invalid");
    expect(rulesOf(await scan(soon.url))).toContain("certificate-expires");
  });

  it("counts a TLS server that answers no handshake as one with all faults", async () => {
    const api = await serve(app, "https");
    open.push(api);
    const auditTls = () => Promise.reject(new Error("no answer"));
    expect(await scan(api.url, {}, undefined, auditTls)).toMatchObject({
      grade: "C",
      unchecked: [{ check: "tls", severity: "high", why: "Error: no answer" }],
    });
  });
});

describe("credentials", () => {
  it("are not sent to a server that is not trusted, nor over plain HTTP", async () => {
    const asked: (string | undefined)[] = [];
    const listener: RequestListener = (req, res) => {
      asked.push(req.headers.authorization);
      res.end();
    };
    const api = await serve(listener, "https");
    const http = await serve(listener);
    open.push(api, http);
    const request = { method: "GET", path: "/", withCredentials: true };
    const untrusted = await exchange(request, {
      protocol: "https:",
      hostname: "localhost",
      port: api.port,
      headers: { Authorization: "Bearer s3cret" },
      timeoutMs: 5000,
      trustedOnly: true,
    });
    expect(untrusted).toHaveProperty("failed");
    const client = createProbeClient(readTarget("https://localhost", []), CREDENTIALS);
    const at = { protocol: "http:", port: http.port } as const;
    expect(await client.send({ ...request, at })).toHaveProperty("failed");
    const other = readTarget("http://api.example.com", ["api.example.com"]);
    const far = await createProbeClient(other, CREDENTIALS).send(request);
    expect(far).toEqual({
      failed: "credentials are not sent over plain HTTP to another machine",
      closed: false,
    });
    expect(asked).toEqual([]);
  });

  it("are sent with no request but those for it", async () => {
    const asked: string[] = [];
    const server = createServer((req, res) => {
      if (req.headers.authorization === "Bearer s3cret-token")
        asked.push(`${req.method} ${req.url}`);
      res.writeHead(200, { "Cache-Control": "no-store" }).end("{}");
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const { port } = server.address() as AddressInfo;
    await scan(
      `http://127.0.0.1:${port}/a`,
      { paths: ["/b"] },
      { headers: { Authorization: "Bearer s3cret-token" }, secrets: ["s3cret-token"] },
    );
    server.close();
    expect(asked).toEqual(["GET /a", "GET /b"]);
  });
});
