import { createSecretKey, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { createServer } from "node:http";
import type { RequestHandler } from "express";
import {
  ALERT_CHANNEL,
  type Alert,
  type AlertBlocks,
  type AuditAnchor,
  type AuditEventName,
  type AuditFailure,
  type AuditHealth,
  type AuditSchema,
  type AuditSink,
  alertTo,
  auditEvent,
  auditFields,
  auditLog,
  childLogger,
  fileSink,
  getRequestContext,
  getRequestId,
  type RequestContext,
  stdoutSink,
} from "express-secure-api/audit-log";
import { rateLimit } from "express-secure-api/rate-limit";
import { secureApi } from "express-secure-api/secure-api";

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
export const consoleLogger: Console = childLogger(console);
// @ts-expect-error no logger
childLogger({});
// @ts-expect-error frozen
if (context !== undefined) context.requestId = "x";

const key = randomBytes(32);
auditLog({ context: true });
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

const watched = auditLog({
  onFailure: "shutdown",
  onShutdown: async (failure: AuditFailure) => console.error(failure.code),
  healthPaths: ["GET /livez"],
  stallAfter: "10s",
});
export const health: AuditHealth = watched.health();
export const lostByFirst: number | undefined = watched.stats().sinks[0]?.lost;
export const flushed: Promise<void> = watched.flush();

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

auditLog({
  alerts: {
    defaults: { "excess-404": { threshold: 100, window: "5m" }, "latency-drift": false },
    rules: [
      { name: "exports", when: ({ route }) => route === "/export", threshold: 5, window: "1h" },
      { name: "refused", when: ["authz_fail"], by: "subject", threshold: 3, window: "1m" },
      {
        name: "slow to answer",
        when: async ({ req }) => req.path === "/a",
        by: async ({ req }) => req.get("x-team"),
        distinct: "targets",
        threshold: 3,
        window: "1m",
        severity: "CRITICAL",
        cooldown: "1h",
      },
    ],
    honeytokens: { routes: "/admin.php", headers: ["X-Debug"], subjects: ["trap"] },
    account: (req) => req.get("x-account"),
    countReported: true,
  },
  sample: { success: { "GET /catalog/*": 0.01 } },
});
auditLog({ alerts: false, sample: { success: 0.5 } });
// @ts-expect-error no such rule
auditLog({ alerts: { defaults: { "auth-bursts": false } } });
// @ts-expect-error a rule has a window
auditLog({ alerts: { rules: [{ name: "a", when: "authz_fail", threshold: 1 }] } });

const limiter = rateLimit({ limit: 100, window: "1m", block: { after: "never" } });
const blocks: AlertBlocks = alertTo(limiter, { rules: ["auth-burst"], for: "10m" });
blocks.close();
export const channelName: string = ALERT_CHANNEL;
export const told = (alert: Alert): string => `${alert.rule} ${alert.key.kind} ${alert.count}`;
alertTo(secureApi({ oauthGuard: false, rateLimit: { limit: 100, window: "1m" } }).rateLimit, {
  rules: "auth-burst",
});
// @ts-expect-error which rules must be said
alertTo(limiter, {});
// @ts-expect-error nothing that blocks
alertTo(log, { rules: "auth-burst" });
