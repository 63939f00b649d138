// Fails when somebody adds a route without a guard: `npm test`.
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { fileSink } from "express-secure-api/audit-log";
import { assertRoutesGuarded, probeRoutes } from "express-secure-api/route-audit";
import { createApp } from "./app.js";

test("every route is guarded, or public on purpose", async () => {
  // The records of the probe are of no interest.
  const path = join(tmpdir(), `quick-start-routes-${process.pid}.jsonl`);
  const { app, security } = createApp({
    issuer: "https://issuer.example",
    audience: "https://api.example.com",
    origins: ["https://app.example.com"],
    sinks: [fileSink({ path })],
  });
  assertRoutesGuarded(app, { probe: await probeRoutes(app) });
  await security.close();
  rmSync(path, { force: true });
});
