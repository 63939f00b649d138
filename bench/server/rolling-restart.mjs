// Replaces all instances of a service, one by one, under load, and counts the requests that got no answer.
// node bench/server/rolling-restart.mjs [graceful|bare] [express|express4] [path of node] [how many times as patient]
import { fork } from "node:child_process";
import { once } from "node:events";
import { Agent, get } from "node:http";
import { connect, createServer } from "node:net";
import { join } from "node:path";

const [, , end = "graceful", framework = "express", execPath = process.execPath, patience = "1"] =
  process.argv;
const INSTANCES = 3;
const CLIENTS = 24;
const PROBE_MS = 100;
const LEAST = 2000;
/** As platforms do; Kubernetes waits 30 seconds. */
const KILL_MS = 5000 * Number(patience);
/** Longer than a busy machine needs for all of it. */
const END_MS = 100_000;

const instances = new Set();
const PATIENCE_MS = 10_000;
let turn = 0;

async function start() {
  const file = join(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "instance.mjs");
  const child = fork(file, ["0", end, framework, patience], { execPath, execArgv: [] });
  const [port] = await once(child, "message");
  const instance = { child, port, isReady: false, exited: once(child, "exit") };
  instances.add(instance);
  await probe(instance);
  return instance;
}

/** As a balancer does: one failure takes an instance out. It does not try again, nor elsewhere. */
async function probe(instance) {
  instance.isReady = await new Promise((resolve) => {
    get({ port: instance.port, path: "/readyz", agent: false, timeout: 1000 }, (res) => {
      res.resume();
      resolve(res.statusCode === 200);
    }).on("error", () => resolve(false));
  });
}

const balancer = createServer((client) => {
  const ready = [...instances].filter(({ isReady }) => isReady);
  turn += 1;
  const target = ready[turn % ready.length];
  if (target === undefined) return void client.destroy();
  const upstream = connect(target.port, "127.0.0.1");
  client.pipe(upstream).pipe(client);
  client.on("error", () => upstream.destroy());
  upstream.on("error", () => client.resetAndDestroy());
});

const counts = { answered: 0, lost: 0, errors: {} };
let isOver = false;

async function runClient(port) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  while (!isOver) {
    const failure = await new Promise((resolve) => {
      const req = get({ port, path: "/work", agent }, (res) => {
        res.resume();
        res.on("end", () => conclude(res.complete && res.statusCode === 200 ? "" : res.statusCode));
        res.on("error", (error) => conclude(error.code));
      });
      req.on("error", (error) => conclude(error.code));
      // An instance that is killed may leave a request without an answer and without an end, and one behind it without a
      // connection, of which no timeout of a socket would know.
      const patience = setTimeout(() => {
        req.destroy();
        conclude("ETIMEDOUT");
      }, PATIENCE_MS);
      function conclude(outcome) {
        clearTimeout(patience);
        resolve(outcome);
      }
    });
    if (failure === "") counts.answered += 1;
    else {
      counts.lost += 1;
      counts.errors[failure] = (counts.errors[failure] ?? 0) + 1;
    }
  }
  agent.destroy();
}

const overdue = setTimeout(() => {
  for (const { child } of instances) child.kill("SIGKILL");
  console.error(`not over after ${END_MS / 1000} seconds`);
  process.exit(1);
}, END_MS);
for (let index = 0; index < INSTANCES; index += 1) await start();
balancer.listen(0, "127.0.0.1");
await once(balancer, "listening");
const timer = setInterval(() => {
  for (const instance of instances) void probe(instance);
}, PROBE_MS);
const clients = Array.from({ length: CLIENTS }, () => runClient(balancer.address().port));

const codes = [];
for (const old of [...instances]) {
  await start();
  old.child.kill("SIGTERM");
  const kill = setTimeout(() => old.child.kill("SIGKILL"), KILL_MS);
  const [code, signal] = await old.exited;
  clearTimeout(kill);
  codes.push(code ?? signal);
  instances.delete(old);
}
while (counts.answered + counts.lost < LEAST) await new Promise((done) => setTimeout(done, 50));
isOver = true;
await Promise.all(clients);
clearTimeout(overdue);
clearInterval(timer);
balancer.close();
for (const { child } of instances) child.kill("SIGKILL");
console.log(JSON.stringify({ end, requests: counts.answered + counts.lost, ...counts, codes }));
// A connection of the balancer to an instance that was killed may be left, half open.
process.exit();
