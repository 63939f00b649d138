import * as openTelemetry from "@opentelemetry/api";
import {
  type AuditMetrics,
  auditLog,
  childLogger,
  openTelemetryMetrics,
  prometheusMetrics,
} from "express-secure-api/audit-log";
import * as client from "prom-client";
import { createLogger, type Logger } from "winston";

export const winstonLogger: Logger = childLogger(createLogger());
auditLog({ trace: { openTelemetry } });
auditLog({ metrics: prometheusMetrics({ client, register: new client.Registry(), http: true }) });
export const published: readonly AuditMetrics[] = [
  openTelemetryMetrics({ api: openTelemetry }),
  openTelemetryMetrics({ meter: openTelemetry.metrics.getMeter("orders"), http: "auto" }),
];

// @ts-expect-error the package itself
prometheusMetrics({ client: client.register });
// @ts-expect-error no register alone
prometheusMetrics({ register: client.register });
// @ts-expect-error a provider is no meter
openTelemetryMetrics({ meter: openTelemetry.metrics });
