import { createServer } from "node:http";
import { createSecureServer } from "node:http2";
import { createServer as createTlsServer } from "node:https";
import express from "express";
import {
  type GracefulShutdown,
  gracefulShutdown,
  type HardenedServer,
  hardenServer,
  livez,
  type NodeServer,
  type Readyz,
  readyz,
  type ServerStats,
  type ShutdownReport,
  type ShutdownState,
} from "express-secure-api/server";

const app = express();
const ready: Readyz = readyz({ checks: { db: async () => 1, cache: () => false }, cache: "2s" });
app.get("/readyz", ready);
app.get("/orders/:id", livez(), (req, res) => void res.send(req.params.id.toUpperCase()));
ready.markReady();

const server = app.listen(3000);
const hardened: HardenedServer = hardenServer(server, {
  minRate: false,
  slowAt: "POST /uploads/*",
});
export const stats: ServerStats = hardened.stats();
export const open: number = stats.connections + stats.malformed;
hardenServer(createTlsServer(app));
hardenServer(createSecureServer({ allowHTTP1: true }));

const life: GracefulShutdown = gracefulShutdown([server, createServer()], {
  announce: false,
  signals: ["SIGTERM", "SIGUSR2"],
  readiness: ready,
  onClose: [() => hardened.close(), async () => undefined],
});
export const state: ShutdownState = life.state;
export const report: Promise<ShutdownReport> = life.shutdown();
export const servers: readonly NodeServer[] = [server];

// @ts-expect-error the app is not the server
hardenServer(app);
// @ts-expect-error a number has no unit
hardenServer(server, { headersTimeout: 15_000 });
// @ts-expect-error no such signal
gracefulShutdown(server, { signals: "SIGNONE" });
// @ts-expect-error it has no options
livez({});
// @ts-expect-error only false turns the rate off
hardenServer(server, { minRate: true });
// @ts-expect-error counts can only be read
stats.malformed = 0;
