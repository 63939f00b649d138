import * as api from "@opentelemetry/api";
import type { RequestHandler } from "express";
import {
  type AuditFailure,
  type AuditHealth,
  type AuditMetrics,
  type AuditSink,
  auditFields,
  auditLog,
  fileSink,
  getRequestId,
  openTelemetryMetrics,
  prometheusMetrics,
  stdoutSink,
} from "express-secure-api/audit-log";
import * as client from "prom-client";

const log = auditLog({
  sinks: [stdoutSink(), fileSink({ path: "audit.log", write: "record" })],
  onFailure: "fail-operation",
});
export const handler: RequestHandler = log;
export const closed: Promise<void> = log.close();
export const sink: AuditSink = stdoutSink();
auditLog();
auditLog({ sinks: undefined, mode: undefined });

export const correlated: RequestHandler = (req, res) => {
  const id: string | undefined = getRequestId(req);
  const written: boolean = auditFields(req, { orderId: id, amount: 1.5, paid: true });
  res.json({ id, written });
  // @ts-expect-error neither text, number nor boolean
  auditFields(req, { when: new Date() });
  // @ts-expect-error no null
  auditFields(req, { orderId: null });
};

const watched = auditLog({
  onFailure: "shutdown",
  onShutdown: async (failure: AuditFailure) => console.error(failure.code),
  healthPaths: ["GET /livez"],
  stallAfter: "10s",
  metrics: prometheusMetrics({ client, register: new client.Registry(), http: true }),
});
export const health: AuditHealth = watched.health();
export const lostByFirst: number | undefined = watched.stats().sinks[0]?.lost;
export const flushed: Promise<void> = watched.flush();
export const published: readonly AuditMetrics[] = [
  openTelemetryMetrics({ api }),
  openTelemetryMetrics({ meter: api.metrics.getMeter("orders"), http: "auto" }),
];

// @ts-expect-error the package itself
prometheusMetrics({ client: client.register });
// @ts-expect-error no register alone
prometheusMetrics({ register: client.register });
// @ts-expect-error a provider is no meter
openTelemetryMetrics({ meter: api.metrics });
// @ts-expect-error unknown option
auditLog({ transports: [] });
// @ts-expect-error a function is no sink
auditLog({ sinks: [console.log] });
// @ts-expect-error not one of the two
auditLog({ onFailure: "ignore" });
// @ts-expect-error a file sink has a path
fileSink({});
// @ts-expect-error neither a turn nor a record
fileSink({ path: "audit.log", write: "line" });
