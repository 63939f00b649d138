import { createServer } from "node:http";
import type { RequestHandler } from "express";
import {
  type AuditEventName,
  type AuditSchema,
  type AuditSink,
  auditEvent,
  auditFields,
  auditLog,
  fileSink,
  getRequestId,
  stdoutSink,
} from "express-secure-api/audit-log";

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

export const happened: RequestHandler = (req, res) => {
  const recorded: boolean = auditEvent(req, "authn_login_fail", { method: "password" });
  const name: AuditEventName = "order_shipped";
  log.event(null, name, { orderId: "o-1" }, { outcome: "unknown", severity: "WARN" });
  res.json({ recorded });
  // @ts-expect-error not one of the three
  auditEvent(req, name, {}, { outcome: "maybe" });
  // @ts-expect-error nothing but texts, numbers and booleans
  auditEvent(req, name, { when: new Date() });
};
log.attachServer(createServer());
const schema: AuditSchema = "ecs";
auditLog({ schema });
// @ts-expect-error no schema
auditLog({ schema: "xml" });

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
