// An API with a log that proves itself: what happened, to whom, and that nobody changed the record of it.
import type { KeyObject } from "node:crypto";
import express, { type Express } from "express";
import { type AuditLog, auditEvent, auditLog, fileSink } from "express-secure-api/audit-log";
import { errorHandler, notFound } from "express-secure-api/errors";
import { rateLimit } from "express-secure-api/rate-limit";
import { secureHeaders } from "express-secure-api/secure-headers";

export interface Api {
  readonly app: Express;
  readonly log: AuditLog;
}

/**
 * @param path - Of the log.
 * @param signingKey - An Ed25519 private key. Whoever has it can forge the log: keep it away from the log's files.
 */
export function createApp(path: string, signingKey: KeyObject): Api {
  const app = express();
  const log = auditLog({
    service: { name: "orders", version: "1.0.0" },
    sinks: [
      fileSink({
        path,
        rotate: { size: "100mb", interval: "1d" },
        retention: { age: "90d" },
        gzip: true,
      }),
    ],
    integrity: { signingKey },
    alerts: true,
    except: ["GET /health"],
  });

  app.use(log);
  app.use(secureHeaders());
  app.use(rateLimit({ limit: 200, window: "1m" }));

  app.get("/health", (_req, res) => void res.json({ status: "ok" }));
  app.get("/orders/:id", (req, res) => void res.json({ id: req.params.id }));

  // A login that fails is answered with a redirect, as pages do it: the status alone looks like a success.
  app.post("/login", express.urlencoded({ extended: false }), (req, res) => {
    if (req.body?.password === "correct horse battery staple") {
      auditEvent(req, "authn_login_success");
      res.redirect(302, "/");
    } else {
      auditEvent(req, "authn_login_fail", {}, { outcome: "failure" });
      res.redirect(302, "/login?failed");
    }
  });

  app.use(notFound());
  app.use(errorHandler());
  return { app, log };
}
