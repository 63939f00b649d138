// The API: this is the file to copy. Everything else in this folder starts it and tries it.
import express, { type Express } from "express";
import type { AuditSink } from "express-secure-api/audit-log";
import { requireRole, requireScope } from "express-secure-api/authorization";
import { errorHandler, notFound } from "express-secure-api/errors";
import { getPrincipal } from "express-secure-api/principal";
import { type SecureApi, secureApi } from "express-secure-api/secure-api";
import { validate } from "express-secure-api/validate";

export interface Settings {
  /** The identity provider, exactly as it writes itself into `iss`. */
  readonly issuer: string;
  /** This API, as tokens name it in `aud`. */
  readonly audience: string;
  /** Browser applications that may call the API. */
  readonly origins: readonly string[];
  /** Where the audit log goes. */
  readonly sinks: readonly AuditSink[];
}

interface Order {
  readonly id: number;
  readonly item: string;
  readonly quantity: number;
  readonly owner: string;
}

export function createApp({ issuer, audience, origins, sinks }: Settings): {
  app: Express;
  security: SecureApi;
} {
  const orders: Order[] = [];
  const app = express();

  const security = secureApi({
    auditLog: { sinks, service: { name: "orders", version: "1.0.0" } },
    secureHeaders: { cors: { origins } },
    rateLimit: {
      policies: [
        { name: "address", limit: 600, window: "1m", key: "ip" },
        { name: "caller", limit: 60, window: "1m", key: "principal" },
      ],
    },
    oauthGuard: { issuer, audience },
    jsonBody: { limit: "10kb" },
    publicRoutes: ["GET /health"],
  });
  app.use(security);

  app.get("/health", (_req, res) => {
    res.json({ status: "ok" });
  });

  app.get("/orders", requireScope("orders:read"), (_req, res) => {
    res.json(orders);
  });

  const newOrder = validate({
    body: {
      type: "object",
      required: ["item", "quantity"],
      properties: {
        item: { type: "string", minLength: 1, maxLength: 100 },
        quantity: { type: "integer", minimum: 1, maximum: 1000 },
      },
    },
  });
  app.post("/orders", requireScope("orders:write"), newOrder, (req, res) => {
    // A string and a number: the types are those of the schema.
    const { item, quantity } = newOrder.valid(req).body;
    const order = { id: orders.length + 1, item, quantity, owner: getPrincipal(req)?.id ?? "" };
    orders.push(order);
    res.status(201).json(order);
  });

  app.get("/admin/report", requireRole("admin"), (_req, res) => {
    res.json({ orders: orders.length });
  });

  app.use(notFound());
  app.use(errorHandler());
  return { app, security };
}
