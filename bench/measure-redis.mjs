import { Agent, get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { startChild } from "./child.mjs";
import { startRedis } from "./redis/redis-server.mjs";

const SIDES = ["one", "express", "window", "flexibleOne", "three", "flexibleThree"];
const BATCH = 2000;
const WARMUP_BATCHES = 3;

/** Requests that meet a store which has just begun to hang, in each round; the breaker opens after five. */
const FIRST = 20;
/** Once it is open: so many, one each few milliseconds. */
const LATER = 200;
const PAUSE_MS = 5;

/** What limits in a real Redis cost this process and Redis, and for how long requests wait while Redis hangs. */
export async function measureRedis({ node, rounds }) {
  const redis = await startRedis();
  const child = startChild("./redis/process.mjs", node, ["--expose-gc"]);
  try {
    const { port } = await child.ask({ port: redis.port });
    const costs = await measureCosts(child, redis, rounds);
    return { costs, outage: await measureOutage(port, redis, rounds) };
  } finally {
    await child.stop();
    await redis.stop();
  }
}

async function measureCosts(child, redis, rounds) {
  const samples = Object.fromEntries(SIDES.map((id) => [id, []]));
  for (let round = -WARMUP_BATCHES; round < rounds; round += 1) {
    for (let turn = 0; turn < SIDES.length; turn += 1) {
      const id = SIDES[(turn + round + WARMUP_BATCHES) % SIDES.length];
      const before = await redis.cost();
      const { cpu, milliseconds } = await child.ask({ command: "run", id, count: BATCH }, 60_000);
      const after = await redis.cost();
      if (round < 0) continue;
      samples[id].push({
        process: cpu / BATCH,
        redis: (after.total - before.total) / BATCH,
        script: (after.scripts - before.scripts) / (after.calls - before.calls),
        calls: (after.calls - before.calls) / BATCH,
        perSecond: (BATCH / milliseconds) * 1000,
      });
    }
  }
  return samples;
}

async function measureOutage(port, redis, rounds) {
  const agent = new Agent({ keepAlive: true });
  const ask = (path = "/") => timed(port, path, agent);
  const askAtOnce = (path) => Promise.all(Array.from({ length: FIRST }, () => ask(path)));
  const [well, first, later, timer] = [[], [], [], []];
  try {
    for (let round = 0; round < rounds; round += 1) {
      // The breaker lets one request try the store each second.
      await sleep(1100);
      for (let n = 0; n < 10; n += 1) await ask();
      well.push(...(await askAtOnce("/")));
      redis.hang();
      first.push(...(await askAtOnce("/")));
      const asked = [];
      for (let n = 0; n < LATER; n += 1) {
        asked.push(ask());
        await sleep(PAUSE_MS);
      }
      later.push(...(await Promise.all(asked)));
      timer.push(...(await askAtOnce("/timer")));
      redis.goOn();
    }
  } finally {
    redis.goOn();
    agent.destroy();
  }
  return { well, first, later, timer };
}

/** Milliseconds until the answer, which must be 200, and those that the limiter has taken of them. */
function timed(port, path, agent) {
  const start = performance.now();
  return new Promise((resolve, reject) => {
    get({ port, path, host: "127.0.0.1", agent, timeout: 10_000 }, (res) => {
      res.resume().once("end", () => {
        const total = performance.now() - start;
        if (res.statusCode === 200) resolve({ total, added: Number(res.headers["x-added"]) });
        else reject(new Error(`the limit answered ${res.statusCode}`));
      });
    }).once("error", reject);
  });
}
