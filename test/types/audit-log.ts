import { generateKeyPairSync, sign } from "node:crypto";
import type { RequestHandler } from "express";
import {
  type AuditAnchor,
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

auditLog({ integrity: false });
auditLog({ integrity: "chain" });
const { privateKey } = generateKeyPairSync("ed25519");
auditLog({ integrity: { signingKey: privateKey } });
auditLog({ integrity: { signingKey: "-----BEGIN PRIVATE KEY-----" } });
auditLog({ integrity: { signingKey: privateKey.export({ format: "jwk" }) } });
auditLog({
  integrity: {
    sign: async (data) => sign(null, data, privateKey),
    checkpointEvery: 100,
    checkpointInterval: "1m",
    onCheckpoint: async ({ stream, number, hash, end = false }: AuditAnchor) =>
      `${stream} ${number} ${hash} ${end}`,
  },
});
const { stream, lastNumber }: { readonly stream: string; readonly lastNumber: number } =
  auditLog().stats();
export const lastRecord = `${stream}-${lastNumber}`;
// @ts-expect-error a signature is bytes
auditLog({ integrity: { sign: async () => "signature" } });
// @ts-expect-error there is no such setting
auditLog({ integrity: true });
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
