import express, { type Request } from "express";
import { secureApi } from "express-secure-api/secure-api";
import {
  extendDeadline,
  getDeadlineSignal,
  type LoadPriority,
  type LoadState,
  loadShedding,
  requestDeadline,
} from "express-secure-api/server";

const app = express();
const shedding = loadShedding({
  eventLoopDelay: { from: "50ms", to: "1s" },
  utilization: { from: 0.9 },
  heap: false,
  critical: ["GET /health"],
  low: "/reports/*",
  priority: (req: Request): LoadPriority | undefined =>
    req.get("x-batch") === undefined ? undefined : "low",
  mode: "report",
});
export const state: LoadState["state"] = shedding.state().state;
export const closed: Promise<void> = shedding.close();

app.get("/:id", shedding, requestDeadline({ timeout: "30s" }), async (req, res) => {
  const id: string = req.params.id;
  const signal: AbortSignal = getDeadlineSignal(req);
  const inTime: boolean = extendDeadline(req, "2m");
  await fetch(`https://api.example/${id}`, { signal });
  res.json({ inTime });
});
loadShedding({ priority: async (): Promise<LoadPriority> => "critical" });
requestDeadline({ timeout: "30s", routes: { "GET /events": "none" }, idle: "1m" });
secureApi({
  oauthGuard: false,
  rateLimit: false,
  loadShedding: { low: "/reports/*" },
  requestDeadline: { timeout: "30s" },
});
secureApi({ oauthGuard: false, rateLimit: false, loadShedding: false, requestDeadline: false });

// @ts-expect-error a duration has a unit
requestDeadline({ timeout: 30_000 });
// @ts-expect-error only the app knows how long its routes may take
requestDeadline({});
// @ts-expect-error a ratio is a number
loadShedding({ heap: { from: "90%" } });
// @ts-expect-error there is no such priority
loadShedding({ priority: () => "high" });
// @ts-expect-error a delay has a unit
loadShedding({ eventLoopDelay: { from: 100 } });
