// An app in ES modules whose tracing is loaded in front of it: its requests are measured once.

import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import express from "express";
import { auditLog, fileSink, openTelemetryMetrics } from "express-secure-api/audit-log";
import tracing from "./tracing.cjs";

const { api, measured } = tracing;
const audit = auditLog({
  sinks: [fileSink({ path: join(tmpdir(), `traced-${process.pid}.jsonl`) })],
  metrics: openTelemetryMetrics({ api }),
});
const app = express();
app.use(audit, (_req, res) => void res.end());
const server = http.createServer(app).listen(0, "127.0.0.1");
await once(server, "listening");
await fetch(`http://127.0.0.1:${server.address().port}`, { headers: { connection: "close" } });
server.close();
await audit.close();
assert.deepEqual(await measured("http.server.request.duration"), {
  "@opentelemetry/instrumentation-http": 1,
});
console.log("as expected");
