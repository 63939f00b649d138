// Starts four processes on one port, sends them more requests than the limit, and keeps serving (or exits, with --once).
import cluster from "node:cluster";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import { Redis } from "ioredis";
import { LIMIT } from "./app.js";
import { sendRequests } from "./requests.js";
import { serve } from "./worker.js";

const PROCESSES = 4;
const REQUESTS = 1000;
const redisUrl = process.env["REDIS_URL"] ?? "redis://127.0.0.1:6379";

if (cluster.isPrimary) await lead();
else await serve(redisUrl, Number(process.env["PORT"]), process.env["PREFIX"] ?? "");

async function lead(): Promise<void> {
  const { values } = parseArgs({ options: { once: { type: "boolean", default: false } } });
  if (!(await isThere(redisUrl))) {
    console.error(`There is no Redis at ${redisUrl}. Start one, or set REDIS_URL.`);
    process.exitCode = 1;
    return;
  }
  const port = Number(process.env["PORT"] ?? (await freePort()));
  // A prefix of its own: each run of this demonstration begins with a whole limit. An app has a fixed one.
  const workers = startWorkers({ PORT: String(port), PREFIX: `cluster-redis:${randomUUID()}` });
  await Promise.all(workers.map((worker) => once(worker, "listening")));

  const tally = await sendRequests(`http://127.0.0.1:${port}/`, REQUESTS);
  const admitted = tally.get(200) ?? 0;
  const refused = tally.get(429) ?? 0;
  const asExpected = admitted === LIMIT && refused === REQUESTS - LIMIT;
  console.log(`${PROCESSES} processes, one Redis, a limit of ${LIMIT}
sent      ${REQUESTS}
admitted  ${admitted}
refused   ${refused}
${asExpected ? "exactly the limit" : "not as expected"}`);

  if (values.once) {
    process.exitCode = asExpected ? 0 : 1;
    stop();
  } else {
    console.log(`\nServing on http://127.0.0.1:${port} until Ctrl+C.`);
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, stop);
  }
}

function startWorkers(variables: Record<string, string>) {
  return Array.from({ length: PROCESSES }, () => cluster.fork(variables));
}

function stop(): void {
  for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill("SIGTERM");
}

async function isThere(url: string): Promise<boolean> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: null });
  redis.on("error", () => {});
  try {
    await redis.ping();
    return true;
  } catch {
    return false;
  } finally {
    redis.disconnect();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
