// Starts the provider and the API, shows the table, and keeps serving (or exits, with --once).
import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fileSink } from "express-secure-api/audit-log";
import { createApp } from "./app.js";
import { startIdentityProvider } from "./identity-provider.js";
import { bearer, requests } from "./requests.js";
import { table, tryRequests } from "./try-requests.js";

const { values } = parseArgs({ options: { once: { type: "boolean", default: false } } });
const AUDIENCE = "https://api.example.com";
const ORIGIN = "https://app.example.com";
const LOG = join(tmpdir(), `quick-start-audit-${process.pid}.jsonl`);

const provider = await startIdentityProvider();
const { app, security } = createApp({
  issuer: provider.issuer,
  audience: AUDIENCE,
  origins: [ORIGIN],
  sinks: [fileSink({ path: LOG })],
});
await security.ready();

const server = await listen(values.once ? 0 : Number(process.env["PORT"] ?? 3000));
const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const tokens = {
  reader: await provider.token("reader", AUDIENCE),
  writer: await provider.token("writer", AUDIENCE),
  admin: await provider.token("admin", AUDIENCE),
  flooder: await provider.token("flooder", AUDIENCE),
  elsewhere: await provider.token("reader", "https://other-api.example.com"),
};
const rows = await tryRequests(
  base,
  requests({ ...provider, audience: AUDIENCE, origin: ORIGIN, tokens }),
);
console.log(`${table(rows)}\n\nThe audit log of these requests: ${LOG}`);

if (values.once) {
  process.exitCode = rows.every((row) => row.asExpected) ? 0 : 1;
  await stop();
} else {
  const { Authorization } = bearer(tokens.writer);
  console.log(`
Serving on ${base} until Ctrl+C. Try:
  curl -i ${base}/health
  curl -i ${base}/orders
  curl -i ${base}/orders -H 'Authorization: ${Authorization}'
  curl -i ${base}/orders -H 'Authorization: ${Authorization}' -H 'Content-Type: application/json' -d '{"item":"mouse","quantity":1}'`);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void stop());
}

/** Listens on the port, or on any free one when it is taken. */
async function listen(port: number): Promise<Server> {
  const candidate = app.listen(port, "127.0.0.1");
  try {
    await once(candidate, "listening");
    return candidate;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE" || port === 0) throw error;
    return listen(0);
  }
}

async function stop(): Promise<void> {
  await new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
  await security.close();
  provider.close();
}
