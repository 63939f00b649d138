import { createSecretKey, randomBytes } from "node:crypto";
import * as openTelemetry from "@opentelemetry/api";
import type { RequestHandler } from "express";
import {
  type AuditSink,
  auditFields,
  auditLog,
  childLogger,
  fileSink,
  getRequestContext,
  getRequestId,
  type RequestContext,
  stdoutSink,
} from "express-secure-api/audit-log";
import { createLogger, type Logger } from "winston";

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

export const context: RequestContext | undefined = getRequestContext();
export const roles: readonly string[] | undefined = context?.principal?.roles;
export const winstonLogger: Logger = childLogger(createLogger());
export const consoleLogger: Console = childLogger(console);
// @ts-expect-error no logger
childLogger({});
// @ts-expect-error frozen
if (context !== undefined) context.requestId = "x";

const key = randomBytes(32);
auditLog({ trace: { openTelemetry }, context: true });
auditLog({ privacy: { subject: "pseudonym", address: "pseudonym", key } });
auditLog({
  privacy: { subject: "pseudonym", key: [{ id: "2026-11", key: createSecretKey(key) }] },
});
auditLog({ fields: { query: ["page"], maxRecordSize: "16kb" } });
auditLog({ fields: { query: "names" } });
// @ts-expect-error users are not truncated
auditLog({ privacy: { subject: "truncate" } });
// @ts-expect-error a key has a name in a list
auditLog({ privacy: { subject: "pseudonym", key: [key] } });
// @ts-expect-error not the module
auditLog({ trace: { openTelemetry: true } });

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
