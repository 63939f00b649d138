/**
 * What shedding is worth: `node bench/overload/run.mjs [seconds]` sends a server more requests than it can answer, with
 * `loadShedding` and without, and counts those that were answered within a second; and what it costs while there is no overload.
 */
import { pbkdf2Sync } from "node:crypto";
import { Agent, get } from "node:http";
import { startChild } from "../child.mjs";
import { createExchange } from "../fake-exchange.mjs";
import { requireFromLibrary } from "../library.mjs";
import { median } from "../statistics.mjs";

/** Of CPU, for each request. */
const COST_MS = 20;
const PATIENCE_MS = 1_000;
/** As a balancer has them, on which requests of all clients wait: it does not know that nobody waits any more. */
const CONNECTIONS = 200;
const GIVE_UP_MS = 10_000;
const seconds = Number(process.argv[2] ?? 20);

const iterations = calibrate();
console.log(`${COST_MS} ms of CPU for each request, ${seconds} s, answered within 1 s:`);
for (const factor of [0.7, 1.5, 3]) {
  for (const shed of [false, true]) {
    const counts = await measure(shed, (factor * 1000) / COST_MS);
    const texts = Object.entries(counts).map(([name, { sent, inTime }]) => {
      return `${name} ${Math.round((100 * inTime) / sent)} %`;
    });
    console.log(
      `load ${factor} × capacity, ${shed ? "shedding" : "without "}: ${texts.join(", ")}`,
    );
  }
}
costOf("loadShedding", requireFromLibrary("server").loadShedding());
costOf("requestDeadline", requireFromLibrary("server").requestDeadline({ timeout: "30s" }));
process.exit();

function calibrate() {
  const times = Array.from({ length: 9 }, () => {
    const start = performance.now();
    pbkdf2Sync("a", "b", 10_000, 32, "sha256");
    return performance.now() - start;
  });
  return Math.round((10_000 * COST_MS) / median(times));
}

async function measure(shed, rate) {
  const child = startChild("./overload/server.mjs", process.execPath);
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const counts = {};
  try {
    const { port } = await child.ask({ shed, iterations });
    const start = performance.now();
    let sent = 0;
    await new Promise((done) => {
      const timer = setInterval(() => {
        const elapsed = performance.now() - start;
        for (; sent < (elapsed / 1000) * rate; sent += 1) {
          send(port, agent, sent % 10 === 0 ? "health" : sent % 4 === 0 ? "low" : "normal", counts);
        }
        if (elapsed < seconds * 1000) return;
        clearInterval(timer);
        setTimeout(done, PATIENCE_MS);
      }, 5);
    });
    return counts;
  } finally {
    agent.destroy();
    await child.stop();
  }
}

function send(port, agent, name, counts) {
  counts[name] ??= { sent: 0, inTime: 0 };
  const count = counts[name];
  count.sent += 1;
  const start = performance.now();
  const req = get({ port, host: "127.0.0.1", path: `/${name}`, agent }, (res) => {
    res.resume().on("end", () => {
      clearTimeout(timer);
      if (res.statusCode === 200 && performance.now() - start < PATIENCE_MS) count.inTime += 1;
    });
  }).on("error", () => clearTimeout(timer));
  const timer = setTimeout(() => req.destroy(), GIVE_UP_MS);
}

/** In microseconds, the median of batches; without the overhead of an empty middleware. */
function costOf(name, middleware) {
  const costs = Array.from(
    { length: 60 },
    () => batch(middleware) - batch((_req, _res, next) => next()),
  );
  console.log(`${name}: ${median(costs.slice(20)).toFixed(2)} µs for each request`);
}

function batch(middleware) {
  const exchanges = Array.from({ length: 250 }, (_, number) => createExchange(number));
  const next = () => undefined;
  const start = performance.now();
  for (const { req, res } of exchanges) middleware(req, res, next);
  const elapsed = performance.now() - start;
  // Ends the timers of deadlines.
  for (const { res } of exchanges) res.emit("close");
  return (elapsed * 1000) / exchanges.length;
}
