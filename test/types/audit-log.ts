import type { RequestHandler } from "express";
import {
  type AuditSink,
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

// @ts-expect-error unknown option
auditLog({ transports: [] });
// @ts-expect-error a function is no sink
auditLog({ sinks: [console.log] });
// @ts-expect-error not one of the two
auditLog({ onFailure: "ignore" });
// @ts-expect-error a file sink has a path
fileSink({});
fileSink({
  path: "audit.jsonl",
  rotate: { size: "100mb", interval: "1d" },
  retention: { files: 30, age: "30d", size: "10gb" },
  gzip: true,
  fsync: "interval",
  fsyncInterval: "5s",
});
// @ts-expect-error a size has a unit
fileSink({ path: "audit.jsonl", rotate: { size: 1000 } });
// @ts-expect-error the name of the compression is the option
fileSink({ path: "audit.jsonl", gzip: "gzip" });
// @ts-expect-error neither a turn nor a record
fileSink({ path: "audit.log", write: "line" });
