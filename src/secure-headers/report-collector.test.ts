import { EventEmitter } from "node:events";
import type { Express } from "express";
import request from "supertest";
import { afterEach, describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { http2Request, http2Server } from "../../test/support/http2.js";
import { auditLog } from "../audit-log/index.js";
import { declarePublic } from "../authorization/index.js";
import type { BrowserReport } from "../core/decision/browser-report.js";
import { type Decision, decisionsOf } from "../core/decision/decision.js";
import { errorHandler, notFound } from "../errors/index.js";
import { jsonBody } from "../json-body/index.js";
import { auditRoutes } from "../route-audit/index.js";
import { reportCollector } from "./report-collector.js";
import type { ReportCollectorOptions } from "./report-collector-options.js";
import { secureHeaders } from "./secure-headers.js";

const REPORTS = "application/reports+json";
const LEGACY = "application/csp-report";

function violation(changed: object = {}, page = "https://app.example/page"): object {
  const body = {
    documentURL: page,
    blockedURL: "https://evil.example/x.js",
    effectiveDirective: "script-src-elem",
    originalPolicy: "default-src 'self'",
    sourceFile: "https://app.example/app.js",
    lineNumber: 12,
    columnNumber: 3,
    statusCode: 200,
    disposition: "enforce",
    sample: "",
    ...changed,
  };
  return { age: 1, type: "csp-violation", url: page, user_agent: "x", body };
}

function legacy(changed: object = {}): object {
  return {
    "csp-report": {
      "document-uri": "https://app.example/page",
      "blocked-uri": "inline",
      "effective-directive": "script-src-elem",
      "violated-directive": "script-src-elem",
      "line-number": 5,
      ...changed,
    },
  };
}

afterEach(() => {
  vi.useRealTimers();
});

describe.each(expressVersions)("reportCollector on Express %s", (_major, express) => {
  function setup(options: ReportCollectorOptions = {}, ...inFront: readonly unknown[]) {
    const seen: BrowserReport[] = [];
    const decisions: Decision[] = [];
    const collector = reportCollector({ onReport: (report) => seen.push(report), ...options });
    const app = express();
    app.set("env", "test");
    app.use((req, res, next) => {
      res.on("finish", () => void decisions.push(...decisionsOf(req)));
      next();
    });
    for (const handler of inFront) app.use(handler as never);
    app.use("/csp-reports", collector);
    app.use(notFound(), errorHandler());
    return { app, seen, decisions, collector };
  }
  function send(app: Express, body: unknown, type = REPORTS) {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    return request(app).post("/csp-reports").set("Content-Type", type).send(text);
  }

  it("answers 204 without a body and gives a violation to onReport", async () => {
    const { app, seen } = setup();
    const answer = await send(app, [violation()]).expect(204);
    expect(answer.headers["content-length"]).toBeUndefined();
    expect(seen).toEqual([
      {
        type: "csp-violation",
        document: "https://app.example/page",
        rule: "script-src-elem",
        blocked: "https://evil.example/x.js",
        source: "https://app.example/app.js",
        line: 12,
        column: 3,
        disposition: "enforce",
      },
    ]);
    expect(Object.isFrozen(seen[0])).toBe(true);
  });

  it.each([
    ["report-uri", legacy(), LEGACY],
    ["report-uri with a charset", legacy(), `${LEGACY}; charset=utf-8`],
    ["an old Safari", legacy(), "application/json"],
    [
      "an old Firefox",
      legacy({ "effective-directive": undefined, "violated-directive": "script-src-elem 'self'" }),
      LEGACY,
    ],
  ])("takes what %s sends", async (_title, body, type) => {
    const { app, seen } = setup();
    await send(app, body, type).expect(204);
    expect(seen).toEqual([
      {
        type: "csp-violation",
        document: "https://app.example/page",
        rule: "script-src-elem",
        blocked: "inline",
        line: 5,
      },
    ]);
  });

  it.each<[string, object, Partial<BrowserReport>]>([
    [
      "coop",
      { effectivePolicy: "same-origin", disposition: "reporting" },
      { rule: "same-origin", disposition: "report" },
    ],
    [
      "coep",
      { type: "corp", blockedURL: "https://cdn.example/a.js?t=1" },
      { rule: "corp", blocked: "https://cdn.example/a.js" },
    ],
    [
      "permissions-policy-violation",
      { policyId: "camera", sourceFile: "https://app.example/a.js" },
      { rule: "camera" },
    ],
    [
      "deprecation",
      { id: "PrefixedStorageInfo", message: "secret" },
      { rule: "PrefixedStorageInfo" },
    ],
    [
      "network-error",
      { type: "dns.name_not_resolved", phase: "dns" },
      { rule: "dns.name_not_resolved" },
    ],
    ["crash", { reason: "oom" }, { rule: "oom" }],
  ])("takes reports of the type %s", async (type, body, expected) => {
    const { app, seen } = setup();
    await send(app, [{ type, url: "https://app.example/", body }]).expect(204);
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ type, document: "https://app.example/", ...expected });
    expect(JSON.stringify(seen)).not.toContain("secret");
  });

  it("takes query, fragment and user information off each URL", async () => {
    const { app, seen, decisions } = setup();
    const url = "https://me:s3cret@app.example/a?token=s3cret#s3cret";
    await send(app, [
      violation({ documentURL: url, blockedURL: url, sourceFile: url }, url),
      violation({
        documentURL: "https://a/",
        blockedURL: "data:text/plain,s3cret",
        sourceFile: `not a URL s3cret`,
      }),
    ]).expect(204);
    expect(seen.map(({ document, blocked }) => [document, blocked])).toEqual([
      ["https://app.example/a", "https://app.example/a"],
      ["https://a/", "data"],
    ]);
    expect(JSON.stringify([seen, decisions])).not.toContain("s3cret");
  });

  it("ignores what extensions of the browser did", async () => {
    const { app, seen, collector } = setup();
    await send(app, [
      violation({ sourceFile: "chrome-extension://abc/x.js" }),
      violation({ blockedURL: "moz-extension" }),
      violation({ blockedURL: "safari-web-extension://abc/" }),
      violation({ sourceFile: "chrome://newtab/" }),
    ]).expect(204);
    expect(seen).toEqual([]);
    expect(collector.counts()).toMatchObject({ ignored: 4, recorded: 0 });
  });

  it.each([
    ["null", "null"],
    ["a number", "7"],
    ["an empty object", "{}"],
    ["a list of nothing", "[null, 1, [], {}]"],
    ["an unknown form", '[{"type":"csp-violation"},{"type":"A B","url":"https://a/"}]'],
    ["an inherited member", '{"__proto__":{"csp-report":{"document-uri":"https://a/"}}}'],
  ])("answers 204 to %s and records nothing", async (_title, text) => {
    const { app, seen, collector } = setup();
    await send(app, text).expect(204);
    expect(seen).toEqual([]);
    expect(collector.counts().recorded).toBe(0);
    expect(collector.counts().ignored).toBeGreaterThan(0);
  });

  it.each<[string, string, string, number, string]>([
    ["another media type", "text/plain", "[]", 415, "unsupported_media_type"],
    ["a malformed media type", "application/reports+json;;=", "[]", 415, "unsupported_media_type"],
    ["what is no JSON", REPORTS, "[s3cret", 400, "malformed_json"],
    ["no content", REPORTS, "", 400, "malformed_json"],
    ["a body that is too large", REPORTS, `["${"a".repeat(70_000)}"]`, 413, "body_too_large"],
  ])("refuses %s without repeating it", async (_title, type, text, status, code) => {
    const { app } = setup();
    const answer = await send(app, text, type).expect(status);
    expect(answer.body.code).toBe(code);
    expect(JSON.stringify(answer.body)).not.toMatch(/s3cret|aaaa/);
  });

  it("refuses a compressed body, and one that grows too large on the way", async () => {
    const { app } = setup({ maxBytes: "1kb" });
    const packed = await send(app, "[]").set("Content-Encoding", "gzip").expect(415);
    expect(packed.body.code).toBe("unsupported_content_encoding");
    const chunked = request(app)
      .post("/csp-reports")
      .set({ "Content-Type": REPORTS, "Transfer-Encoding": "chunked" });
    chunked.write(`["${"a".repeat(2000)}"]`);
    expect((await chunked).status).toBe(413);
  });

  it("records each different report once, whatever the page, and counts every one", async () => {
    const { app, seen, collector, decisions } = setup();
    const other = violation({}, "https://app.example/other");
    await send(app, [violation(), other, violation({ lineNumber: 13 })]);
    await send(app, [violation({ blockedURL: "https://evil.example/y.js" })]);
    expect(seen).toHaveLength(2);
    expect(collector.counts()).toEqual({
      recorded: 2,
      repeated: 2,
      dropped: 0,
      ignored: 0,
      failed: 0,
    });
    expect(
      decisions.map(({ guard, outcome, reason, reports }) => [
        guard,
        outcome,
        reason,
        reports?.recorded.length,
        reports?.repeated,
      ]),
    ).toEqual([
      ["reportCollector", "allow", "reports_received", 2, 1],
      ["reportCollector", "allow", "reports_received", 0, 1],
    ]);
  });

  it("records a report again when repeatAfter is over", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    const { app, seen } = setup({ repeatAfter: "10m" });
    await send(app, [violation()]);
    vi.advanceTimersByTime(9 * 60_000);
    await send(app, [violation()]);
    expect(seen).toHaveLength(1);
    vi.advanceTimersByTime(60_000);
    await send(app, [violation()]);
    expect(seen).toHaveLength(2);
  });

  it("counts what is beyond the limits exactly, and takes more in the next minute", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    const { app, seen, collector, decisions } = setup({ maxReports: 4, maxPerMinute: 3 });
    const many = Array.from({ length: 10 }, (_, line) => violation({ lineNumber: line }));
    await send(app, many);
    expect(seen).toHaveLength(3);
    expect(decisions[0]?.reports).toMatchObject({ repeated: 0, dropped: 7, ignored: 0 });
    expect(collector.counts()).toMatchObject({ recorded: 3, dropped: 7 });
    vi.advanceTimersByTime(60_000);
    await send(app, [violation({ lineNumber: 9 })]);
    expect(seen).toHaveLength(4);
  });

  it("knows the last thousand reports and no more", async () => {
    const { app, collector } = setup({ maxPerMinute: 10_000, maxReports: 100, maxBytes: "1mb" });
    for (let start = 0; start <= 1000; start += 100)
      await send(
        app,
        Array.from({ length: 100 }, (_, at) => violation({ lineNumber: start + at })),
      );
    expect(collector.counts().recorded).toBe(1100);
    await send(app, [violation({ lineNumber: 1099 }), violation({ lineNumber: 0 })]);
    expect(collector.counts()).toMatchObject({ recorded: 1101, repeated: 1 });
  });

  it("gives a sample to onReport alone, cut and without control characters", async () => {
    const { app, seen, decisions } = setup();
    const sample = `alert(1)\u001b[2J\u202e${"a".repeat(100)}`;
    await send(app, [violation({ sample })]);
    expect(seen[0]?.sample).toBe(`alert(1) [2J ${"a".repeat(27)}`);
    expect(JSON.stringify(decisions)).not.toContain("alert");
  });

  it.each([
    [
      "throws",
      () => {
        throw new Error("x");
      },
    ],
    ["rejects", () => Promise.reject(new Error("x"))],
  ])("answers the same when onReport %s, and counts it", async (_title, onReport) => {
    const { app, collector } = setup({ onReport });
    await send(app, [violation()]).expect(204);
    await new Promise(setImmediate);
    expect(collector.counts()).toMatchObject({ recorded: 1, failed: 1 });
  });

  it.each<[string, unknown]>([
    ["express.json with its types", express.json({ type: [REPORTS, LEGACY] })],
    ["express.text", express.text({ type: "*/*" })],
    ["express.raw", express.raw({ type: "*/*" })],
    ["express.json as it is, which leaves these types", express.json()],
    ["jsonBody", jsonBody()],
    ["jsonBody in report mode", jsonBody({ mode: "report" })],
  ])("works behind %s", async (_title, parser) => {
    const { app, seen } = setup({}, parser);
    await send(app, [violation()]).expect(204);
    await send(app, legacy(), LEGACY).expect(204);
    await send(app, legacy({ "line-number": 6 }), "application/json").expect(204);
    expect(seen).toHaveLength(3);
  });

  it.each(["{}", "[]", "null", "5"])("takes %s that a parser in front has read", async (text) => {
    const { app } = setup({}, express.json({ strict: false }));
    await request(app).post("/csp-reports").type("application/json").send(text).expect(204);
  });

  it("counts bytes, not characters, of a text that a parser in front has read", async () => {
    const { app } = setup({}, express.text({ type: "*/*" }));
    const long = request(app).post("/csp-reports").type("application/reports+json");
    long.set("Transfer-Encoding", "chunked");
    long.write(JSON.stringify([{ sample: "é".repeat(40_000) }]));
    await long.expect(413);
  });

  it("says that something in front has read the report and left nothing", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockReturnValue(undefined);
    const { app } = setup({}, ((req, _res, next) => {
      req.resume().on("end", () => next());
    }) as import("express").RequestHandler);
    const answer = await send(app, [violation()]).expect(500);
    expect(answer.body.code).toBe("internal_error");
    expect(String(warned.mock.calls[0]?.[0])).toContain("left nothing of it in req.body");
    warned.mockRestore();
  });

  it("says that it must have a path of its own", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockReturnValue(undefined);
    const app = express().use(reportCollector());
    await request(app).get("/").expect(500);
    expect(String(warned.mock.calls[0]?.[0])).toContain(
      'app.use("/csp-reports", reportCollector())',
    );
    warned.mockRestore();
  });

  it("answers the preflight of pages of other origins, and lets them read that it worked", async () => {
    const { app, seen } = setup();
    const origin = "https://app.example";
    const asked = {
      Origin: origin,
      "Access-Control-Request-Method": "POST",
      "Access-Control-Request-Headers": "content-type",
    };
    const { headers } = await request(app).options("/csp-reports").set(asked).expect(204);
    expect(headers).toMatchObject({
      "access-control-allow-origin": "*",
      "access-control-allow-methods": "POST",
      "access-control-allow-headers": "Content-Type",
    });
    await send(app, [violation()])
      .set("Origin", origin)
      .expect(204)
      .expect("Access-Control-Allow-Origin", "*");
    const old = await send(app, legacy(), LEGACY).set({
      Origin: origin,
      "Sec-Fetch-Mode": "no-cors",
    });
    expect(old.headers["access-control-allow-origin"]).toBeUndefined();
    expect(seen).toHaveLength(2);
  });

  it("leaves other methods to the app", async () => {
    const { app } = setup();
    for (const method of ["get", "put", "options"] as const)
      expect((await request(app)[method]("/csp-reports")).status).toBe(404);
  });

  it("receives reports behind secureHeaders with its guard, which browsers send without credentials", async () => {
    const { app, seen } = setup({}, secureHeaders({ crossOriginGuard: true }));
    await send(app, legacy(), LEGACY)
      .set({
        Origin: "https://other.example",
        "Sec-Fetch-Site": "cross-site",
        "Sec-Fetch-Mode": "no-cors",
      })
      .expect(204);
    expect(seen).toHaveLength(1);
  });

  it("is in the audit record, as text that steers nothing", async () => {
    const lines: string[] = [];
    const sink = Object.assign(new EventEmitter(), {
      log(info: Record<symbol, string>, next: () => void): void {
        lines.push(String(info[Symbol.for("message")]));
        next();
      },
      end: () => void setImmediate(() => sink.emit("finish")),
    });
    const log = auditLog({ sinks: [sink as never] });
    const { app } = setup({ maxReports: 3 }, log);
    await send(app, [
      violation(),
      violation(),
      violation({ sourceFile: "moz-extension://x" }),
      violation(),
    ]);
    await log.close();
    const record = lines
      .map((line) => JSON.parse(line))
      .find((one) => one["audit.reports.new"] !== undefined);
    expect(record).toMatchObject({
      "audit.reports.new": [
        "csp-violation rule=script-src-elem blocked=https://evil.example/x.js document=https://app.example/page source=https://app.example/app.js:12:3 disposition=enforce",
      ],
      "audit.reports.repeated": 1,
      "audit.reports.dropped": 1,
      "audit.reports.ignored": 1,
    });
    expect(JSON.stringify(record)).toContain("browser_report");
  });

  it("is no guard to the route audit", () => {
    const app = express();
    app.post("/open", reportCollector());
    app.post("/declared", declarePublic("browsers report without credentials"), reportCollector());
    const { routes } = auditRoutes(app);
    expect(routes.map(({ path, status }) => [path, status])).toEqual([
      ["/open", "open"],
      ["/declared", "public"],
    ]);
  });

  it("works over HTTP/2", async () => {
    const { app, seen } = setup();
    const server = http2Server(app);
    try {
      const sent = { ":method": "POST", ":path": "/csp-reports", "content-type": REPORTS };
      const answer = await http2Request(server, sent, [JSON.stringify([violation()])]);
      expect(answer.status).toBe(204);
      expect(seen).toHaveLength(1);
    } finally {
      server.close();
    }
  });
});
