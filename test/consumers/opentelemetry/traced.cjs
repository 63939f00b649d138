// Apps under the real instrumentations: their records have the ids of the spans, and each request is measured once.
const { api, spans, measured } = require("./tracing.cjs");
const assert = require("node:assert/strict");
const { once } = require("node:events");
const { mkdtempSync, readFileSync } = require("node:fs");
const http = require("node:http");
const http2 = require("node:http2");
const { tmpdir } = require("node:os");
const { join } = require("node:path");
const {
  auditLog,
  fileSink,
  getRequestContext,
  openTelemetryMetrics,
} = require("express-secure-api/audit-log");

const CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const DURATION = "http.server.request.duration";
const OURS = "express-secure-api";
const THEIRS = "@opentelemetry/instrumentation-http";
const withExpress = process.argv.includes("express");
let before = { [OURS]: 0, [THEIRS]: 0 };

/** So many requests were measured since the last call, by whom. */
async function assertMeasured(ours, theirs) {
  const now = { ...before, ...(await measured(DURATION)) };
  assert.deepEqual([now[OURS] - before[OURS], now[THEIRS] - before[THEIRS]], [ours, theirs]);
  before = now;
}

/** An app whose log publishes its numbers by the global meter. */
function newApp(express, metrics) {
  const path = join(mkdtempSync(join(tmpdir(), "traced-")), "audit.jsonl");
  const audit = auditLog({
    sinks: [fileSink({ path, write: "record" })],
    trace: { openTelemetry: api, trustedPeers: ["127.0.0.1"] },
    context: true,
    metrics: openTelemetryMetrics({ api, ...metrics }),
  });
  const app = express();
  app.use(audit);
  app.get("/orders/:id", async (req, res) => {
    await new Promise((resolve) => setTimeout(resolve, Number(req.params.id) % 5));
    res.json(getRequestContext());
  });
  return {
    app,
    audit,
    records: () =>
      readFileSync(path, "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line))
        .filter((record) => "http.request.id" in record),
  };
}

async function serve(app) {
  const server = http.createServer(app).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, port: server.address().port };
}

/** Without instrumentation: what a client in another process sends. */
async function ask(port, id, headers = {}) {
  const suppressed = api.context
    .active()
    .setValue(Symbol.for("OpenTelemetry SDK Context Key SUPPRESS_TRACING"), true);
  return api.context.with(suppressed, async () => {
    const url = `http://127.0.0.1:${port}/orders/${id}`;
    return (await fetch(url, { headers: { connection: "close", ...headers } })).json();
  });
}

/** Each record has the ids of the span that was active, whether or not its caller has a trace. */
async function checkIds(express) {
  spans.reset();
  const { app, audit, records } = newApp(express);
  const { server, port } = await serve(app);
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, id) => ask(port, id, id % 2 ? { traceparent: CALLER } : {})),
  );
  server.close();
  await audit.close();
  const known = new Map(spans.getFinishedSpans().map((span) => [span.spanContext().spanId, span]));
  const byId = new Map(records().map((record) => [record["http.request.id"], record]));
  assert.equal(byId.size, 40);
  for (const [id, context] of answers.entries()) {
    const record = byId.get(context.requestId);
    const span = known.get(record.span_id);
    assert.ok(span, "the span of the record is one of the SDK");
    assert.equal(record.trace_id, span.spanContext().traceId);
    assert.equal(record.trace_flags, "01");
    assert.deepEqual([context.traceId, context.spanId], [record.trace_id, record.span_id]);
    // The trace of a caller goes on, in a span of its own.
    assert.equal(record.trace_id === CALLER.slice(3, 35), id % 2 === 1);
    assert.notEqual(record.span_id, CALLER.slice(36, 52));
  }
  const own = new Set([...byId.values()].map((record) => record.span_id));
  assert.equal(own.size, 40, "no two requests share a span");
  const servers = [...known.values()].filter((span) => span.kind === api.SpanKind.SERVER);
  const ids = new Set(servers.map((span) => span.spanContext().spanId));
  // The instrumentation of Express makes spans for middlewares, inside of that of the request.
  if (!withExpress) assert.deepEqual(ids, own);
  assert.equal(ids.size, 40);
}

/** Spans of requests that the instrumentation does not see: those of HTTP/2. */
async function askOverHttp2(app) {
  for (const [name, base] of [
    ["request", http2.Http2ServerRequest.prototype],
    ["response", http2.Http2ServerResponse.prototype],
  ]) {
    const methods = Object.getOwnPropertyDescriptors(Object.getPrototypeOf(app[name]));
    const own = Object.getOwnPropertyDescriptors(app[name]);
    Object.defineProperty(app, name, { value: Object.create(base, { ...methods, ...own }) });
  }
  const server = http2.createServer(app).listen(0, "127.0.0.1");
  await once(server, "listening");
  const session = http2.connect(`http://127.0.0.1:${server.address().port}`);
  const stream = session.request({ ":path": "/orders/1", traceparent: CALLER });
  let body = "";
  for await (const chunk of stream) body += chunk;
  session.close();
  server.close();
  return JSON.parse(body);
}

async function main() {
  for (const name of ["express", "express4"]) {
    const express = require(name);
    await checkIds(express);
    await assertMeasured(0, 40);
    // Measured twice only where the app wants it.
    const both = newApp(express, { http: true });
    const { server, port } = await serve(both.app);
    await ask(port, 1);
    server.close();
    await both.audit.close();
    await assertMeasured(1, 1);
  }
}

async function overHttp2() {
  spans.reset();
  const unseen = newApp(require("express"));
  const context = await askOverHttp2(unseen.app);
  assert.equal(context.traceId, CALLER.slice(3, 35));
  assert.equal(spans.getFinishedSpans().length, 0);
  await unseen.audit.close();
  await assertMeasured(0, 0);
  const seen = newApp(require("express"), { http: true });
  await askOverHttp2(seen.app);
  await seen.audit.close();
  await assertMeasured(1, 0);
}

main()
  .then(overHttp2)
  .then(
    () => console.log("as expected"),
    (error) => {
      console.error(error);
      process.exitCode = 1;
    },
  );
